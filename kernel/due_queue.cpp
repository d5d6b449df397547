#include "due_queue.hpp"

#include <algorithm>
#include <utility>

namespace syncline {

namespace {
constexpr int normal_passes = 3;     ///< after the last movement, before a pair counts as idle
constexpr int most_repeats = 8;      ///< passes in a row without a pause
constexpr std::size_t proof = 2;     ///< so many pairs must fail on a server before it counts as away
constexpr double least_share = 0.9;  ///< pauses are spread over this share of the interval and the whole of it
}  // namespace

void DueQueue::limit(const std::string& server, std::int64_t jobs) {
  auto& known = servers_[server].limit;
  known = std::min(known, jobs);
}

std::size_t DueQueue::add(JobSpec spec, std::int64_t due) {
  const std::size_t id = jobs_.size();
  for (const std::string& name : {spec.mailbox, spec.crm}) {
    if (name.empty()) continue;
    if (spec.mailbox.empty())
      servers_[name].feeds = true;
    else
      ++servers_[name].pairs;
  }
  Job job;
  job.spec = std::move(spec);
  job.due = due;
  jobs_.push_back(std::move(job));
  ready_[group_of(jobs_[id])].emplace(due, id);
  return id;
}

bool DueQueue::usable(const Server& s, bool feeds, std::int64_t now) {
  if (s.at_work >= s.limit && !feeds) return false;  // a walk of the feeds is one request at a time, and waits for none
  if (!s.away) return true;
  return !s.tried && now >= s.retry_at && (feeds || !s.feeds);
}

bool DueQueue::room(const Group& group, std::int64_t now) const {
  const bool feeds = group.first.empty();
  return (feeds || usable(servers_.at(group.first), false, now)) && usable(servers_.at(group.second), feeds, now);
}

std::optional<std::size_t> DueQueue::take(std::int64_t now) {
  const std::set<std::pair<std::int64_t, std::size_t>>* best = nullptr;
  Group from;
  for (const auto& [group, waiting] : ready_) {
    if (waiting.empty() || waiting.begin()->first > now || !room(group, now)) continue;
    if (best != nullptr && *best->begin() < *waiting.begin()) continue;
    best = &waiting;
    from = group;
  }
  if (best == nullptr) return std::nullopt;
  const std::size_t id = best->begin()->second;
  auto& waiting = ready_[from];
  waiting.erase(waiting.begin());
  jobs_[id].at_work = true;
  ++at_work_;
  for (const std::string& name : {from.first, from.second})
    if (!name.empty()) {
      Server& s = servers_[name];
      ++s.at_work;
      if (!s.away) continue;
      s.tried = true;
      jobs_[id].tries.push_back(name);
    }
  return id;
}

std::int64_t DueQueue::pause(const Job& job) const {
  const PollConfig& p = job.spec.poll;
  const std::int64_t wanted = job.quiet == 0 ? p.busy_ms : job.quiet <= normal_passes ? p.normal_ms : p.idle_ms;
  return std::max(wanted, p.minimum_ms);
}

std::int64_t DueQueue::back_off(int failures) {
  std::int64_t out = retry_.first_ms;
  for (int i = 1; i < failures && out < retry_.most_ms; ++i) out *= 2;
  out = std::min(out, retry_.most_ms);
  const std::int64_t sure = out / 2;
  return sure + static_cast<std::int64_t>(static_cast<double>(out - sure) * chance_());
}

void DueQueue::answered(const std::string& name, std::int64_t now, JobNext& out) {
  if (name.empty()) return;
  Server& s = servers_[name];
  s.failed.clear();
  s.failures = 0;
  if (!s.away) return;
  s.away = false;
  out.news.push_back({name, true, now - s.since, s.pairs});
  for (std::size_t id = 0; id < jobs_.size(); ++id)  // whoever was put off because of it need not wait any longer
    if (jobs_[id].failed_on == name) {
      jobs_[id].failed_on.clear();
      wake(id, now);
    }
}

void DueQueue::failed(std::size_t id, const JobEnd& end, std::int64_t now, JobNext& out) {
  Job& job = jobs_[id];
  ++job.failures;
  job.failed_on = end.server_fault ? end.server : std::string();
  out.interval_ms = std::max(back_off(job.failures), std::min(end.retry_after_ms, job.spec.poll.idle_ms));
  if (!end.server_fault || end.server.empty() || !servers_.contains(end.server)) return;
  Server& s = servers_[end.server];
  s.failed.insert(id);
  const std::size_t needed = job.spec.mailbox.empty() ? 1 : std::min(proof, std::max<std::size_t>(s.pairs, 1));
  if (!s.away && s.failed.size() < needed) return;
  if (!s.away) {
    s.away = true;
    s.since = now;
    out.news.push_back({end.server, false, 0, s.pairs});
  }
  s.retry_at = now + std::max(back_off(++s.failures), std::min(end.retry_after_ms, job.spec.poll.idle_ms));
}

JobNext DueQueue::settle(std::size_t id, const JobEnd& end, std::int64_t now) {
  Job& job = jobs_[id];
  JobNext out;
  if (end.kind != JobEnd::Kind::failed) {
    job.failures = 0;
    job.failed_on.clear();
    if (end.kind != JobEnd::Kind::elsewhere) answered(job.spec.mailbox, now, out);
    if (end.asked_crm) answered(job.spec.crm, now, out);
  }
  job.quiet = end.moved ? 0 : job.quiet + 1;
  std::optional<std::int64_t> due;
  switch (end.kind) {
    case JobEnd::Kind::failed: failed(id, end, now, out); break;
    case JobEnd::Kind::asleep: due = never; break;
    case JobEnd::Kind::elsewhere:
      out.interval_ms = std::clamp<std::int64_t>(end.retry_after_ms, 1000, job.spec.poll.idle_ms);
      break;
    case JobEnd::Kind::good: {
      if (end.waiting) job.quiet = std::min(job.quiet, 1);
      job.at_once = end.more ? job.at_once + 1 : 0;
      out.interval_ms = pause(job);
      if (end.more && job.at_once <= most_repeats) due = now;
      break;
    }
  }
  const double share = end.kind == JobEnd::Kind::failed ? 1 : least_share + (1 - least_share) * chance_();
  job.due = out.due = due.value_or(now + static_cast<std::int64_t>(static_cast<double>(out.interval_ms) * share));
  return out;
}

void DueQueue::release(std::size_t id) {
  Job& job = jobs_[id];
  if (job.again) job.due = 0;
  job.at_work = job.again = false;
  --at_work_;
  for (const std::string& name : {job.spec.mailbox, job.spec.crm})
    if (!name.empty()) --servers_[name].at_work;
  for (const std::string& name : std::exchange(job.tries, {})) servers_[name].tried = false;
  ready_[group_of(job)].emplace(job.due, id);
}

void DueQueue::wake(std::size_t id, std::int64_t now) {
  Job& job = jobs_[id];
  if (job.at_work) {
    job.again = true;
    return;
  }
  if (job.due <= now) return;
  auto& waiting = ready_[group_of(job)];
  waiting.erase({job.due, id});
  job.due = now;
  waiting.emplace(now, id);
}

std::int64_t DueQueue::next_due(std::int64_t now) const {
  std::int64_t out = never;
  for (const auto& [group, waiting] : ready_) {
    if (waiting.empty()) continue;
    std::int64_t at = waiting.begin()->first;
    for (const std::string& name : {group.first, group.second}) {
      if (name.empty()) continue;
      const Server& s = servers_.at(name);
      if (s.away) at = std::max(at, s.retry_at);
    }
    if (at <= now && !room(group, now)) continue;  // a release will tell
    out = std::min(out, at);
  }
  return out;
}

std::vector<std::string> DueQueue::away() const {
  std::vector<std::string> out;
  for (const auto& [name, s] : servers_)
    if (s.away) out.push_back(name);
  return out;
}

}  // namespace syncline
