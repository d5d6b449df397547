#include "daemon.hpp"

#include <algorithm>
#include <random>

#include "report.hpp"

namespace syncline {

namespace {

constexpr std::size_t requests_looked_at = 1000;
constexpr std::chrono::seconds least_rest{60};  ///< between looks at the queue, when nothing is due

thread_local std::int64_t pair_at_work = 0;  ///< what a pass writes for its own pair wakes nobody

std::function<double()> chance() {
  return [engine = std::mt19937_64(std::random_device{}())]() mutable {
    return std::uniform_real_distribution<double>(0, 1)(engine);
  };
}

PollConfig least(PollConfig l, const PollConfig& r) {
  if (l.idle_ms == 0) return r;
  return {std::min(l.busy_ms, r.busy_ms), std::min(l.normal_ms, r.normal_ms), std::min(l.idle_ms, r.idle_ms),
          std::min(l.minimum_ms, r.minimum_ms)};
}

std::string duration_text(std::int64_t ms) {
  if (ms < 120'000) return std::to_string(ms / 1000) + " s";
  if (ms < 7'200'000) return std::to_string(ms / 60'000) + " min";
  return std::to_string(ms / 3'600'000) + " h";
}

}  // namespace

Daemon::Daemon(LoadedConfig loaded, unsigned workers)
    : workers_(std::max(workers, 1u)), queue_(loaded.config.retry, chance()) {
  EngineOptions options;
  options.canceled = [this] { return stopping_.load(); };
  options.on_pending = [this](std::int64_t pair) {
    if (pair != pair_at_work) wake(pair);
  };
  engine_ = std::make_unique<Engine>(std::move(loaded), std::move(options));
  const Config& c = engine_->config();
  for (const ConnectionConfig& connection : c.connections) queue_.limit(connection.server, connection.max_pairs);
  std::map<std::string, std::int64_t> ids;
  for (const PairState& s : engine_->ledger().pairs()) ids[s.name] = s.id;
  known_.resize(c.pairs.size());
  for (std::size_t i = 0; i < c.pairs.size(); ++i) {
    const PairConfig& p = c.pairs[i];
    queue_.add({server_of(p.mailbox), server_of(p.organization), p.poll}, now());
    if (const auto it = ids.find(p.name); it != ids.end()) jobs_of_[known_[i].pair = it->second] = i;
  }
}

Daemon::~Daemon() {
  stopping_ = true;
  changed_.notify_all();
  for (std::thread& t : threads_) t.join();
}

std::int64_t Daemon::now() const {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

const std::string& Daemon::server_of(std::string_view connection) const {
  const ConnectionConfig* c = engine_->config().connection(connection);
  if (c == nullptr) throw Error(SY_CONFIG, "the configuration has no connection " + std::string(connection));
  return c->server;
}

void Daemon::start() {
  at_work_ = workers_;
  for (unsigned i = 0; i < workers_; ++i) threads_.emplace_back([this] { work(); });
}

void Daemon::work() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    const auto job = draining_ ? std::nullopt : queue_.take(now());
    if (!job) {
      const std::int64_t due = draining_ ? DueQueue::never : queue_.next_due(now());
      const std::int64_t rest =
          std::min<std::int64_t>(due == DueQueue::never ? DueQueue::never : std::max<std::int64_t>(due - now(), 1),
                                 std::chrono::milliseconds(least_rest).count());
      changed_.wait_for(lock, std::chrono::milliseconds(rest));
      continue;
    }
    lock.unlock();
    run(*job);
    lock.lock();
    queue_.release(*job);
    changed_.notify_all();
  }
  --at_work_;
  changed_.notify_all();
}

void Daemon::run(std::size_t job) {
  if (job < known_.size())
    run_pair(job);
  else
    run_feeds(job);
}

void Daemon::run_pair(std::size_t job) {
  const PairConfig& p = engine_->config().pairs[job];
  SyncOptions options;
  options.crm_when_needed = true;
  options.next = [&](const PairReport& r) { return next_pass(job, r); };
  {
    const std::lock_guard lock(mutex_);
    options.may_force = !std::exchange(known_[job].tried, true);
    pair_at_work = known_[job].pair;
  }
  const PairReport r = engine_->pass(p, options);
  pair_at_work = 0;
  if (engine_->has_feeds(p.organization)) add_feeds(p.organization);
  if (stopping_ && r.code == SY_CANCELED) return;
}

NextPass Daemon::next_pass(std::size_t job, const PairReport& r) {
  const JobEnd end = end_of(r);
  const std::lock_guard lock(mutex_);
  Known& known = known_[job];
  if (r.pair != 0 && known.pair != r.pair) jobs_of_[known.pair = r.pair] = job;
  if (end.moved) moved_.insert(engine_->config().pairs[job].organization);
  known.failures = end.kind == JobEnd::Kind::failed ? known.failures + 1 : 0;
  const std::int64_t at = now();
  const JobNext next = queue_.settle(job, end, at);
  report(next.news, r.error);
  report(job, r, end);
  const bool planned = next.due != DueQueue::never && end.kind != JobEnd::Kind::elsewhere;
  if (r.pair != 0 && planned && end.kind == JobEnd::Kind::good)
    leased_.insert(r.pair);
  else
    leased_.erase(r.pair);
  return planned ? NextPass{clock_() + next.due - at, next.interval_ms} : NextPass{};
}

JobEnd Daemon::end_of(const PairReport& r) const {
  JobEnd out;
  out.moved = r.counts.moved();
  out.more = r.more;
  out.waiting = r.counts.waiting != 0;
  out.asked_crm = r.asked_crm;
  out.retry_after_ms = r.retry_after_ms;
  switch (r.end) {
    case PairEnd::done: break;
    case PairEnd::held_elsewhere: out.kind = JobEnd::Kind::elsewhere; break;
    case PairEnd::waits_for_confirmation: {
      // Deletions may be taken back by those who made them; what waits for a first yes only costs plans.
      const auto* what = r.waiting.if_contains("for");
      if (what == nullptr || *what != "mass_change") out.kind = JobEnd::Kind::asleep;
      break;
    }
    case PairEnd::failed: {
      out.kind = JobEnd::Kind::failed;
      // What only a person can mend is not asked for again and again.
      if (r.code == SY_DENIED || r.code == SY_CONFIG || r.code == SY_AUTH || r.code == SY_UNSUPPORTED)
        out.retry_after_ms = DueQueue::never;
      if (r.connection.empty()) break;
      out.server = server_of(r.connection);
      const bool credentials = r.code == SY_AUTH && engine_->connection(r.connection).side() == SY_CRM;
      out.server_fault = r.code == SY_RETRY || r.code == SY_BROKEN || r.code == SY_CANCELED || credentials;
      break;
    }
  }
  return out;
}

void Daemon::trouble(Known& known, const std::string& name, int level, const std::string& text) {
  if (known.trouble == text) return;
  known.trouble = text;
  log_item(level, name, "", text);
}

void Daemon::report(std::size_t job, const PairReport& r, const JobEnd& end) {
  Known& known = known_[job];
  switch (r.end) {
    case PairEnd::done:
      if (!known.trouble.empty()) log_item(SY_INFO, r.name, "", "works again");
      known.trouble.clear();
      if (r.counts.moved())
        log_item(SY_INFO, r.name, "", counts_line(r.counts) + " in " + std::to_string(r.end_ms - r.start_ms) + " ms");
      return;
    case PairEnd::held_elsewhere: return trouble(known, r.name, SY_INFO, r.error);
    case PairEnd::waits_for_confirmation:
      return trouble(known, r.name, SY_WARN,
                     "waits for a person (" + json::serialize(r.waiting) + "): look with `syncline plan " + r.name +
                         "`, then `syncline confirm " + r.name + "`");
    case PairEnd::failed: break;
  }
  // What concerns a whole server is told once for all, not by each of its pairs; the first to fail cannot know yet.
  const auto away = queue_.away();
  if (end.server_fault && (known.failures < 2 || std::find(away.begin(), away.end(), end.server) != away.end()))
    return log_item(SY_DEBUG, r.name, "", std::string(code_name(r.code)) + ": " + r.error);
  trouble(known, r.name, SY_WARN, std::string(code_name(r.code)) + ": " + r.error);
}

void Daemon::report(const std::vector<ServerNews>& news, const std::string& error) {
  for (const ServerNews& n : news) {
    const std::string who = std::to_string(n.pairs) + (n.pairs == 1 ? " pair" : " pairs");
    if (n.up)
      log_item(SY_INFO, n.server, "", "is back after " + duration_text(n.away_ms) + "; " + who + " go on");
    else
      log_item(SY_WARN, n.server, "", "is away, " + who + " wait: " + error);
  }
}

void Daemon::add_feeds(const std::string& connection) {
  const std::lock_guard lock(mutex_);
  if (feed_jobs_.contains(connection)) return;
  PollConfig poll;
  for (const PairConfig& p : engine_->config().pairs)
    if (p.organization == connection) poll = least(poll, p.poll);
  const std::size_t job = queue_.add({"", server_of(connection), poll}, now());
  feed_jobs_[connection] = job;
  connection_of_[job] = connection;
  feed_fresh_ms_[connection] = std::max(poll.busy_ms, poll.minimum_ms) / 2;
}

void Daemon::run_feeds(std::size_t job) {
  std::string connection, error;
  std::int64_t fresh_ms = 0;
  JobEnd end;
  {
    const std::lock_guard lock(mutex_);
    connection = connection_of_[job];
    fresh_ms = feed_fresh_ms_[connection];
    const auto away = queue_.away();
    if (std::find(away.begin(), away.end(), server_of(connection)) != away.end()) fresh_ms = 0;  // this asks it
  }
  try {
    engine_->capture_organization(connection, fresh_ms);
    end.asked_crm = true;
  } catch (const Error& e) {
    end.kind = JobEnd::Kind::failed;
    end.server = server_of(connection);
    end.server_fault = e.code() != SY_CONFLICT && e.code() != SY_FULL;
    end.retry_after_ms = e.retry_after_ms();
    error = hide_secrets(e.what());
  }
  const std::lock_guard lock(mutex_);
  end.moved = moved_.erase(connection) != 0;
  if (stopping_ && end.kind == JobEnd::Kind::failed) return;
  const JobNext next = queue_.settle(job, end, now());
  report(next.news, error);
}

void Daemon::wake(std::int64_t pair) {
  const std::lock_guard lock(mutex_);
  const auto it = jobs_of_.find(pair);
  if (it == jobs_of_.end()) return;  // its first pass is due anyway
  queue_.wake(it->second, now());
  changed_.notify_all();
}

void Daemon::tick() {
  std::set<std::pair<std::int64_t, std::int64_t>> asked;
  try {
    for (const Request& r : engine_->ledger().requests_of_all(requests_looked_at)) asked.emplace(r.pair, r.id);
  } catch (const Error& e) {
    return log_item(SY_DEBUG, "", "", std::string("requests could not be looked for: ") + e.what());
  }
  for (const auto& [pair, id] : asked)
    if (!asked_.contains({pair, id})) wake(pair);
  asked_ = std::move(asked);
}

void Daemon::drain() {
  draining_ = true;
  changed_.notify_all();
}

bool Daemon::at_rest() {
  const std::lock_guard lock(mutex_);
  return queue_.at_work() == 0;
}

bool Daemon::stop(std::chrono::milliseconds patience) {
  const auto until = std::chrono::steady_clock::now() + patience;
  {
    std::unique_lock lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
    if (!changed_.wait_until(lock, until, [&] { return at_work_ == 0; })) return false;
  }
  for (std::thread& t : threads_) t.join();
  threads_.clear();
  give_up_leases(std::min(until, std::chrono::steady_clock::now() + std::chrono::seconds(2)));
  return true;
}

/// So that another instance need not wait for them to end. What is not done in time ends by itself.
void Daemon::give_up_leases(std::chrono::steady_clock::time_point until) {
  for (const std::int64_t pair : leased_) {
    if (std::chrono::steady_clock::now() > until) return;
    try {
      engine_->release(pair);
    } catch (const Error&) {
      return;  // the store is busy; stopping is more important
    }
  }
  leased_.clear();
}

std::string Daemon::summary() {
  const std::lock_guard lock(mutex_);
  std::size_t failing = 0;
  for (const Known& k : known_) failing += k.failures != 0 ? 1 : 0;
  std::string out = std::to_string(known_.size()) + " pairs, " + std::to_string(failing) + " failing";
  const auto away = queue_.away();
  for (const std::string& name : away) out += (&name == away.data() ? "; away: " : ", ") + name;
  return out;
}

}  // namespace syncline
