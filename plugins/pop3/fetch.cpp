#include "fetch.hpp"

#include <algorithm>
#include <set>

#include "unstuff.hpp"

namespace syncline::pop3 {

namespace {

constexpr std::size_t kHeadLimit = std::size_t{4} * 1024 * 1024;  // what is longer is refused by the reader of heads
constexpr std::int64_t kMessageRetryMs = 60'000;

}  // namespace

/// Receives the messages of one batch and turns them into items.
class Fetch::Reader final : public MessageSink {
 public:
  Reader(Fetch& fetch, std::vector<Job>& batch) : fetch_(fetch), batch_(batch) {}

  void begin(std::size_t want) override {
    head_.clear();
    cut_ = {};
    count_ = 0;
    if (!fetch_.whole(batch_[want])) return;
    if (!raw_) raw_ = std::make_unique<formats::RawMessage>();
    raw_->clear();
  }
  bool piece(std::size_t want, std::string_view bytes) override {
    Job& job = batch_[want];
    count_ += bytes.size();
    if (fetch_.whole(job)) raw_->append(bytes);
    cut_.feed(bytes, [&](std::string_view part) {
      if (head_.size() <= kHeadLimit) head_ += part;
    });
    if (job.want.top || count_ <= fetch_.account_.settings.max_message_size) return true;
    job.oversize = true;  // LIST said less, or there is no TOP: the head is all we want
    return false;
  }
  bool end(std::size_t want) override {
    Job& job = batch_[want];
    job.answered = true;
    bool more = false;
    if (fetch_.whole(job)) {
      more = put_whole(fetch_.account_.host, job.id, *raw_, fetch_.put_);
      raw_->clear();
    } else {
      std::optional<std::uint64_t> size;
      if (job.want.size != 0 || !job.want.top) size = std::max(job.want.size, job.want.top ? 0 : count_);
      more = fetch_.put_(head_item(job.id, head_, size, job.oversize));
    }
    fetch_.wanted_ = more;
    return more;
  }
  void refused(std::size_t want, const Reply& reply) override {
    batch_[want].answered = true;
    fetch_.refused(batch_[want].id, reply);
  }

 private:
  Fetch& fetch_;
  std::vector<Job>& batch_;
  std::unique_ptr<formats::RawMessage> raw_;
  std::string head_;
  HeaderCut cut_;
  std::uint64_t count_ = 0;
};

Fetch::Fetch(const Account& account, const Call& call, int depth, const ItemSink& put)
    : account_(account), call_(call), depth_(depth), put_(put) {}

void Fetch::run(std::vector<std::string> ids) {
  // As many at a time as a session reads, so that the work does not grow with the square of their number.
  for (std::size_t at = 0; at < ids.size() && wanted_;) {
    const std::size_t n = std::min(account_.settings.session_messages, ids.size() - at);
    const auto from = ids.begin() + static_cast<std::ptrdiff_t>(at);
    pending_.assign(std::make_move_iterator(from), std::make_move_iterator(from + static_cast<std::ptrdiff_t>(n)));
    at += n;
    run_some();
  }
}

void Fetch::run_some() {
  while (!pending_.empty() && wanted_) {
    const auto session = log_in(account_, call_);
    std::vector<Job> batch = first_batch(locate(*session));
    read(*session, batch);
    session->quit();
    std::multiset<std::string> answered;
    for (const Job& job : batch)
      if (job.answered && refusals_.count(job.id) == 0) answered.insert(job.id);
    std::vector<std::string> rest;
    for (std::string& id : pending_) {
      const auto found = answered.find(id);
      if (found == answered.end())
        rest.push_back(std::move(id));
      else
        answered.erase(found);
    }
    pending_ = std::move(rest);
  }
}

std::vector<Place> Fetch::remembered(Session& session, std::size_t count) const {
  const auto& last = account_.memory.listing;
  if (!last || last->size() != count || !session.capabilities().has("PIPELINING")) return {};
  std::vector<Place> out;
  std::vector<std::pair<std::uint32_t, std::string_view>> expected;
  for (const std::string& id : pending_) {
    const auto entry = last->find(id);
    if (id.empty() || entry.size() != 1) return {};
    out.push_back({Place::PRESENT, last->number(entry.front()), 1});
    expected.emplace_back(out.back().number, id);
  }
  return session.confirm(expected) ? out : std::vector<Place>();
}

std::vector<Place> Fetch::places(Session& session) {
  if (account_.memory.listing) {
    messages_ = session.count();
    if (auto known = remembered(session, messages_); !known.empty()) return known;
  }
  Roster roster(session, account_.settings, account_.host);
  account_.memory.keep(roster.listing());
  messages_ = roster.size();
  return roster.find(pending_);
}

std::vector<Fetch::Job> Fetch::locate(Session& session) {
  const std::vector<Place> places = this->places(session);
  std::vector<std::uint32_t> numbers;
  for (const Place& place : places)
    if (place.kind == Place::PRESENT) numbers.push_back(place.number);
  const std::vector<std::uint64_t> sizes = session.sizes(numbers, messages_);
  const bool can_top = session.capabilities().has("TOP");
  std::vector<Job> jobs;
  std::vector<std::string> rest;
  std::size_t missing = 0, present = 0;
  for (std::size_t i = 0; i < pending_.size(); ++i) {
    const std::string& id = pending_[i];
    const std::uint64_t size = places[i].kind == Place::PRESENT ? sizes[present++] : 0;
    if (places[i].kind != Place::PRESENT) {
      missing += places[i].kind == Place::ABSENT ? 1 : 0;
      put_absent(id, places[i].kind == Place::ABSENT ? SY_ITEM_GONE : SY_ITEM_INVISIBLE);
      continue;
    }
    const auto refusals = refusals_.find(id);
    if (refusals != refusals_.end() && refusals->second > 1) {  // listed twice and refused twice
      account_.host.log(SY_WARN, id,
                        account_.settings.where() + ": the server lists this message and does not give it");
      put_absent(id, SY_ITEM_INVISIBLE);
      continue;
    }
    Job job;
    job.id = id;
    job.want = {places[i].number, false, size};
    job.oversize = job.want.size > account_.settings.max_message_size;
    job.want.top = can_top && !whole(job);
    jobs.push_back(std::move(job));
    rest.push_back(id);
  }
  if (missing > 1 && missing == pending_.size() && messages_ != 0)
    account_.host.log(
        SY_WARN, {},
        account_.settings.where() + ": none of " + std::to_string(missing) +
            " message ids is in the mailbox any more, though it is not empty; if this happens again, the server "
            "gives new UIDLs in every session and has to be repaired");
  pending_ = std::move(rest);
  return jobs;
}

std::vector<Fetch::Job> Fetch::first_batch(std::vector<Job> jobs) const {
  std::sort(jobs.begin(), jobs.end(), [](const Job& a, const Job& b) { return a.want.number < b.want.number; });
  std::uint64_t bytes = 0;
  std::size_t n = 0;
  for (; n < jobs.size() && n < account_.settings.session_messages; ++n) {
    bytes += jobs[n].want.top ? 0 : jobs[n].want.size;
    if (n != 0 && bytes > account_.settings.session_bytes) break;
  }
  jobs.erase(jobs.begin() + static_cast<std::ptrdiff_t>(n), jobs.end());
  return jobs;
}

void Fetch::read(Session& session, std::vector<Job>& batch) {
  if (!wanted_ || batch.empty()) return;
  std::vector<Want> wants;
  wants.reserve(batch.size());
  for (const Job& job : batch) wants.push_back(job.want);
  Reader reader(*this, batch);
  session.retrieve(wants, reader);
}

void Fetch::refused(const std::string& id, const Reply& reply) {
  if (reply.code == "SYS/TEMP" || reply.code == "IN-USE")
    throw Error(SY_RETRY, account_.settings.where() + ": the server cannot give a message now: " + reply.text,
                kMessageRetryMs, reply.code);
  if (reply.code == "SYS/PERM")
    throw Error(SY_BROKEN,
                account_.settings.where() + ": the server cannot give a message: " + reply.text +
                    " (its administrator has to repair the mailbox)",
                0, reply.code);
  // -ERR may mean that it was removed meanwhile. The listing of the next session tells.
  ++refusals_[id];
}

void Fetch::put_absent(const std::string& id, std::uint32_t flag) {
  if (wanted_) wanted_ = put_(absent(id, flag));
}

}  // namespace syncline::pop3
