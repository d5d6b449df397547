#include "remove.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "documents.hpp"
#include "roster.hpp"

namespace syncline::pop3 {

namespace {

constexpr std::int64_t kRetryMs = 60'000;

Done failed(sy_code code, const std::string& text, const std::string& server_code = {}, std::int64_t retry_ms = 0) {
  return Done::failed(Error(code, text, retry_ms, server_code));
}

/// What is wrong with the operation itself; nullopt: nothing.
std::optional<Done> unfit(const Operation& op) {
  if (op.kind != kKind) return failed(SY_UNSUPPORTED, "a POP3 mailbox holds mail only");
  if (op.verb != SY_DELETE) return failed(SY_UNSUPPORTED, "mail on a POP3 server can be deleted, and nothing else");
  if (!op.if_version.empty() && op.if_version != kVersion)
    return failed(SY_CONFLICT, "a mail on a POP3 server has version " + std::string(kVersion) + " only");
  return std::nullopt;
}

/// What the place says before anything was asked; nullopt: it can be deleted.
std::optional<Done> unfit(const Place& place, const std::string& where) {
  if (place.kind == Place::ABSENT) return failed(SY_GONE, where + ": the message is not in the mailbox any more");
  if (place.kind == Place::AMBIGUOUS)
    return failed(SY_DENIED, where + ": several messages bear this UIDL now, so none is deleted; delete it by hand");
  if (place.copies > 1)
    return failed(SY_DENIED, where + ": " + std::to_string(place.copies) +
                                 " messages bear this UIDL and have the same headers, so none is deleted; delete them "
                                 "by hand");
  return std::nullopt;
}

Done refused(const Reply& reply, const std::string& what) {
  const std::string said = what + ": " + (reply.code.empty() ? "" : "[" + reply.code + "] ") + reply.text;
  if (reply.code == "SYS/PERM") return failed(SY_BROKEN, said, reply.code);
  return failed(SY_RETRY, said, reply.code, kRetryMs);
}

Done deleted(const std::string& id) {
  Done done;
  done.id = id;
  done.version = kVersion;
  return done;
}

/// QUIT after DELE. When its answer is lost, nobody knows: the next session's listing says what is left.
Reply commit(Session& session, const Account& account) {
  const Effect effect(account.host, "QUIT after DELE");
  try {
    return session.commit();
  } catch (const Error& e) {
    if (e.code() == SY_CANCELED) throw;
    throw Error(SY_RETRY, std::string(e.what()) + "; whether messages were deleted shows in the next session",
                e.retry_after_ms(), e.server_code());
  }
}

/// One session: what is where now, DELE, QUIT. What becomes of each id, in their order.
std::vector<Done> remove_ids(const Account& account, const Call& call, const std::vector<std::string>& ids) {
  const std::string where = account.settings.where();
  const auto session = log_in(account, call);
  // Reads the headers of messages that share a UIDL anew: no message is deleted for its number alone.
  const std::vector<Place> places = Roster(*session, account.settings, account.host).find(ids);
  std::vector<std::uint32_t> numbers;
  for (const Place& place : places)
    if (!unfit(place, where)) numbers.push_back(place.number);
  std::sort(numbers.begin(), numbers.end());
  numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
  std::vector<Reply> marks;
  Reply farewell;
  if (numbers.empty()) {
    session->quit();
  } else {
    marks = session->mark_deleted(numbers);
    account.memory.listing = nullptr;  // the numbers move
    farewell = commit(*session, account);
  }
  std::vector<Done> done;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (auto fault = unfit(places[i], where)) {
      done.push_back(std::move(*fault));
      continue;
    }
    const auto at = std::lower_bound(numbers.begin(), numbers.end(), places[i].number) - numbers.begin();
    const Reply& mark = marks[static_cast<std::size_t>(at)];
    if (!mark.ok)
      done.push_back(refused(mark, where + ": the server refused to delete a message"));
    else if (!farewell.ok)
      done.push_back(refused(farewell, where + ": the server did not carry out the deletions"));
    else
      done.push_back(deleted(ids[i]));
  }
  return done;
}

}  // namespace

void remove(const Account& account, const Call& call, std::span<const Operation> ops, const DoneSink& put) {
  std::vector<std::string> ids;
  for (const Operation& op : ops)
    if (!unfit(op)) ids.push_back(op.id);
  const std::vector<Done> done = ids.empty() ? std::vector<Done>() : remove_ids(account, call, ids);
  std::size_t next = 0;
  for (std::size_t i = 0; i < ops.size(); ++i) {
    const std::optional<Done> fault = unfit(ops[i]);
    put(i, fault ? *fault : done[next++]);
  }
}

}  // namespace syncline::pop3
