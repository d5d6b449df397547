#include "email.hpp"

#include <algorithm>
#include <array>

#include "odata.hpp"
#include "syncline/formats/base64.hpp"
#include "syncline/formats/time.hpp"

namespace syncline::crm {
namespace json = boost::json;
namespace {

constexpr std::size_t ids_per_request = 50;

[[noreturn]] void deleted() {
  throw Error(SY_GONE, "crm: somebody deleted this mail in the CRM while it was being written; it is not made again");
}

/// "Exists already" comes by code, or as a bare 412.
bool exists(const Refused& e) { return e.code() == SY_EXISTS || (e.status() == 412 && e.server_code().empty()); }

bool refused_file(const AttachmentMap& map, const Refused& e) {
  const std::string code = lower(e.server_code()), status = std::to_string(e.status());
  return std::any_of(map.refused.begin(), map.refused.end(),
                     [&](const std::string& r) { return lower(r) == code || r == status; });
}

bool blocked(const std::vector<std::string>& extensions, std::string_view name) {
  const std::size_t dot = name.rfind('.');
  return dot != std::string_view::npos &&
         std::find(extensions.begin(), extensions.end(), lower(name.substr(dot + 1))) != extensions.end();
}

/// A request body that is a frame around the base64 of a blob, made while it is sent.
class BlobBody {
 public:
  BlobBody(const Host& host, std::string blob, std::pair<std::string, std::string> frame)
      : host_(host), blob_(std::move(blob)), frame_(std::move(frame)) {
    restart();
  }

  [[nodiscard]] std::uint64_t size() const { return reader_->length(); }
  [[nodiscard]] std::int64_t length() const {
    return static_cast<std::int64_t>(frame_.first.size() + formats::base64_length(size()) + frame_.second.size());
  }
  void restart() {
    reader_ = std::make_unique<BlobReader>(host_, blob_);
    encoder_ = {};
    ready_ = frame_.first;
    at_ = 0;
    ended_ = false;
  }
  std::size_t read(char* to, std::size_t cap) {
    if (at_ == ready_.size() && !ended_) fill();
    const std::size_t n = std::min(cap, ready_.size() - at_);
    std::copy_n(ready_.data() + at_, n, to);
    at_ += n;
    return n;
  }

 private:
  void fill() {
    ready_.clear();
    at_ = 0;
    std::array<char, 12288> piece{};
    while (ready_.empty() && !ended_) {
      const std::size_t n = reader_->read(piece.data(), piece.size());
      encoder_.append({piece.data(), n}, ready_);
      if (n != 0) continue;
      encoder_.finish(ready_);
      ready_ += frame_.second;
      ended_ = true;
    }
  }
  Host host_;
  std::string blob_;
  std::pair<std::string, std::string> frame_;
  std::unique_ptr<BlobReader> reader_;
  formats::Base64Encoder encoder_;
  std::string ready_;
  std::size_t at_ = 0;
  bool ended_ = false;
};

/// A part of the mail is no longer in the spool: not to be taken for a deletion in the CRM.
template <class F>
auto with_blob(F&& f) {
  try {
    return f();
  } catch (const Refused&) {
    throw;
  } catch (const Error& e) {
    if (e.code() != SY_GONE) throw;
    throw Error(SY_BROKEN, "a part of this mail is no longer in the spool; it must be read from the mailbox again", 0,
                "source_gone");
  }
}

}  // namespace

std::string EmailTarget::row(const std::string& token) const {
  return client_->profile().email.set + "(" + token + ")";
}

std::optional<EmailTarget::Stored> EmailTarget::look(const Call& call, const std::string& token) {
  const EmailMap& email = client_->profile().email;
  const PartyMap& map = email.parties;
  Select query{row(token),
               email.key + "," + email.state + "," + email.status,
               {},
               {},
               map.navigation + "($select=" + map.role + "," + map.address + ")"};
  if (!email.changed.empty()) query.columns += "," + email.changed;
  json::object found;
  try {
    found = client_->get(host_, call, query.path(), {}, "GET " + email.set);
  } catch (const Refused& e) {
    if (e.code() == SY_GONE) return std::nullopt;
    throw;
  }
  Stored out;
  out.version = text_of(found, "@odata.etag");
  out.changed_ms = formats::from_iso(text_of(found, email.changed)).value_or(0);
  out.final = number_of(found, email.state).value_or(email.open) != email.open;
  if (const json::value* parties = found.if_contains(map.navigation); parties != nullptr && parties->is_array())
    for (const json::value& p : parties->get_array())
      for (const auto& [name, mask] : map.roles)
        if (p.is_object() && number_of(p.get_object(), map.role) == mask) ++out.parties[name];
  return out;
}

std::vector<std::string> EmailTarget::stored_parts(const Call& call, const std::string& token) {
  const AttachmentMap& map = client_->profile().email.attachments;
  std::vector<std::string> out;
  client_->rows(host_, call, Select{map.set, map.key, map.parent_value + " eq " + token, map.key, {}}.path(),
                page_preference(500), "GET " + map.set, [&](const json::object& r) {
                  out.push_back(lower(text_of(r, map.key)));
                  return out.size() < 10'000;
                });
  return out;
}

void EmailTarget::read_body(Work& work) {
  const json::value* b = work.mail.doc.if_contains("body");
  if (b == nullptr || !b->is_object()) return;
  const std::size_t max = client_->profile().email.body.max;
  bool cut = false;
  work.body = body_text(host_, text_of(b->get_object(), "blob"), max, cut);
  if (!cut) return;
  work.losses.body = true;
  work.losses.add("body", "cut at " + std::to_string(max) + " characters");
}

/// Sends the draft. What there is already, if it exists; nothing: it was made now.
std::optional<EmailTarget::Stored> EmailTarget::begin(Work& work) {
  const Profile& profile = client_->profile();
  if (work.mail.parts_lost) {  // nothing to make it from: only what exists can go on
    work.losses.attachment = true;
    work.losses.add("attachments", "the mail is no longer in the mailbox; what was not yet stored is lost");
    if (auto there = look(work.call, work.mail.token)) return there;
    deleted();
  }
  try {
    with_blob([&] { read_body(work); });
  } catch (const Error& e) {  // the draft may have been made already, body and all
    if (e.server_code() != "source_gone") throw;
    if (auto there = look(work.call, work.mail.token)) return there;
    throw;
  }
  net::Request request;
  request.method = "POST";
  request.path = profile.email.set;
  request.idempotent = true;  // the id is ours: a second one is refused
  request.body = json::serialize(draft(
      profile, work.mail, work.body,
      [&](const std::string& table) { return organization_->set_of(host_, work.call, table); },
      *organization_->table(host_, work.call, profile.email.table), mailbox_of(work.call, work.mail.doc), work.losses));
  work.body = {};
  const net::Response response = client_->send(host_, work.call, std::move(request));
  if (response.ok()) return std::nullopt;
  const Refused refused = refusal(profile, "POST " + profile.email.set, response);
  if (exists(refused)) {
    if (auto there = look(work.call, work.mail.token)) return there;
    throw Error(SY_EXISTS,
                "crm: the mail is refused as existing and cannot be seen; its id or a key of the organization is taken",
                0, refused.server_code());
  }
  if (refused.status() == 404 && !refused.server_code().empty())
    throw Error(SY_CONFLICT, "crm: a party or the regarding record of this mail no longer exists; resolve them again",
                0, refused.server_code());
  if (refused.status() == 404)
    throw Error(SY_CONFIG, "crm: the organization has no table " + profile.email.set +
                               " at this address; check url, api_version and profile");
  throw refused;
}

void EmailTarget::add_part(Work& work, const Part& part, const OrganizationFacts& limits) {
  const Profile& profile = client_->profile();
  const AttachmentMap& map = profile.email.attachments;
  const auto lost = [&](std::string_view why) {
    work.losses.attachment = true;
    work.losses.add("attachments/" + part.key, why);
  };
  if (part.blob.empty()) return lost("no longer in the mailbox");
  if (part.size > limits.attachment_limit)
    return lost("above the CRM's limit of " + std::to_string(limits.attachment_limit) + " bytes");
  if (blocked(limits.blocked, part.name)) return lost("of a type that the CRM blocks");
  const auto body = with_blob(
      [&] { return std::make_shared<BlobBody>(host_, part.blob, attachment_frame(profile, work.mail, part)); });
  if (body->size() > limits.attachment_limit)
    return lost("above the CRM's limit of " + std::to_string(limits.attachment_limit) + " bytes");
  net::Request request;
  request.method = "PATCH";
  request.path = map.set + "(" + part.id + ")";
  request.headers.emplace_back("If-None-Match", "*");  // make it, or say that it is there; the parent must exist
  request.idempotent = true;
  request.body_length = body->length();
  request.body_stream = [body](char* to, std::size_t cap) { return body->read(to, cap); };
  request.body_restart = [body] { body->restart(); };
  const net::Response response = with_blob([&] { return client_->send(host_, work.call, std::move(request)); });
  if (response.ok()) return;
  const Refused refused = refusal(profile, "PATCH " + map.set, response);
  if (exists(refused)) return;
  if (refused_file(map, refused))
    return lost("refused by the CRM (" +
                (refused.server_code().empty() ? std::to_string(refused.status()) : refused.server_code()) + ")");
  if (refused.code() == SY_GONE) deleted();
  throw refused;
}

void EmailTarget::add_parts(Work& work, bool resumed) {
  if (work.mail.parts.empty()) return;
  const OrganizationFacts limits = organization_->facts(host_, work.call);
  const std::vector<std::string> there =
      resumed ? stored_parts(work.call, work.mail.token) : std::vector<std::string>{};
  for (const Part& part : work.mail.parts) {
    work.call.check();
    if (std::find(there.begin(), there.end(), part.id) == there.end()) add_part(work, part, limits);
  }
}

void EmailTarget::make_final(Work& work) {
  const EmailMap& email = client_->profile().email;
  net::Request request;
  request.method = "PATCH";
  request.path = row(work.mail.token);
  request.headers.emplace_back("If-Match", "*");  // never makes a deleted mail again
  request.idempotent = true;
  request.body = json::serialize(final_state(email, work.mail, work.losses));
  const net::Response response = client_->send(host_, work.call, std::move(request));
  if (response.ok()) return;
  const Refused refused = refusal(client_->profile(), "PATCH " + email.set, response);
  if (refused.code() == SY_GONE) deleted();
  throw refused;
}

/// A mail that became final by other hands (a repeat of ours, another pair, a person) takes no more files.
void EmailTarget::note_missing_parts(Work& work) {
  if (work.mail.parts.empty()) return;
  const std::vector<std::string> there = stored_parts(work.call, work.mail.token);
  for (const Part& part : work.mail.parts)
    if (std::find(there.begin(), there.end(), part.id) == there.end())
      work.losses.add("attachments/" + part.key, "not stored when the mail was made final");
}

EmailTarget::Stored EmailTarget::finish(Work& work, bool resumed) {
  try {
    add_parts(work, resumed);
    for (const std::string& queue : queues_of(work.mail.doc))
      add_queue_item(work.call, work.mail.token, queue, work.losses);
    make_final(work);
  } catch (const Refused& e) {
    if (e.of_the_call() || e.code() == SY_RETRY) throw;
    const auto there = look(work.call, work.mail.token);  // an answer that was lost, or somebody closed it meanwhile
    if (!there) deleted();
    if (!there->final) throw;
    note_missing_parts(work);
    return *there;
  }
  const auto stored = look(work.call, work.mail.token);  // no answer of a write carries parties or the version
  if (!stored) deleted();
  return *stored;
}

Done EmailTarget::done(const Work& work, const Stored& stored) const {
  Losses losses = work.losses;
  for (const auto& [role, count] : party_counts(work.mail)) {
    const auto at = stored.parties.find(role);
    if (at == stored.parties.end() || at->second < count) losses.add(role, "the CRM kept fewer parties than were sent");
  }
  Done out;
  out.id = work.mail.token;
  out.version = stored.version;
  out.changed_ms = stored.changed_ms;
  out.text = losses.note;
  if (!losses.never.empty()) out.never = json::serialize(json::value_from(losses.never));
  if (!losses.note.empty()) host_.log(SY_INFO, out.id, "stored less than was in the mail: " + losses.note);
  return out;
}

Done EmailTarget::create(const Call& call, const Operation& op) {
  Work work{call, Mail::read(op.token, op.doc), {}, {}};
  const auto there = begin(work);
  if (!there) return done(work, finish(work, false));
  if (!there->final) return done(work, finish(work, true));
  note_missing_parts(work);
  return done(work, *there);
}

std::optional<Item> EmailTarget::find(const Call& call, const Operation& op) {
  const auto token = guid(op.token);
  if (!token) return std::nullopt;
  const auto stored = look(call, *token);
  if (!stored) return std::nullopt;
  Item item;
  item.kind = "email";
  item.id = *token;
  item.version = stored->version;
  item.changed_ms = stored->changed_ms;
  item.flags = stored->final ? 0 : SY_ITEM_PARTIAL;
  return item;
}

void EmailTarget::fetch(const Call& call, std::span<const std::string_view> ids, const ItemSink& sink) {
  const EmailMap& email = client_->profile().email;
  std::vector<std::string> literals;
  std::map<std::string, bool, std::less<>> wanted;
  for (const std::string_view id : ids)
    if (auto g = guid(id); g && wanted.try_emplace(*g, false).second) literals.push_back(*g);
  const std::vector<std::string> by{email.key};
  const std::string columns = email.changed.empty() ? email.key : email.key + "," + email.changed;
  std::map<std::string, Item, std::less<>> found;
  for (const FilterPart& part : or_chains(by, literals, client_->profile().max_url, ids_per_request))
    client_->rows(host_, call, Select{email.set, columns, part.filter, {}, {}}.path(), page_preference(ids_per_request),
                  "GET " + email.set, [&](const json::object& r) {
                    Item item;
                    item.version = text_of(r, "@odata.etag");
                    item.changed_ms = formats::from_iso(text_of(r, email.changed)).value_or(0);
                    found.insert_or_assign(lower(text_of(r, email.key)), std::move(item));
                    return true;
                  });
  for (const std::string_view id : ids) {
    const auto g = guid(id);
    const auto at = g ? found.find(*g) : found.end();
    Item item = at == found.end() ? Item{} : at->second;
    item.kind = "email";
    item.id = std::string(id);
    if (at == found.end()) item.flags = SY_ITEM_INVISIBLE;  // the server does not tell gone from hidden
    if (!sink(item)) return;
  }
}

}  // namespace syncline::crm
