// due_queue.hpp: which job is due, and whether its servers have room for it. A job is a pair, or the feeds of a CRM for
// all its pairs. Pure but for chance: time is given, nothing is called. One thread (its owner's lock).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "config.hpp"

namespace syncline {

/// What a job is, beside when it is due.
struct JobSpec {
  std::string mailbox;  ///< server; empty: the feeds of a CRM
  std::string crm;      ///< server
  PollConfig poll;
};

/// How a job's run ended, as far as the next one depends on it.
struct JobEnd {
  enum class Kind {
    good,       ///< nothing went wrong
    asleep,     ///< it waits for a person: nothing is done until it is woken
    elsewhere,  ///< another instance has it
    failed
  } kind = Kind::good;
  bool moved = false;         ///< something was carried
  bool more = false;          ///< … and something is left that could go on at once
  bool waiting = false;       ///< something waits for a later attempt
  bool asked_crm = false;     ///< the CRM has answered
  std::string server;         ///< failed: whose call it was; empty: nobody's
  bool server_fault = false;  ///< failed: another job would meet the same
  std::int64_t retry_after_ms = 0;
};

/// A server that went away, or came back.
struct ServerNews {
  std::string server;
  bool up = false;
  std::int64_t away_ms = 0;  ///< up: for how long it was away
  std::size_t pairs = 0;     ///< how many it concerns
};

struct JobNext {
  std::int64_t due = 0, interval_ms = 0;
  std::vector<ServerNews> news;
};

class DueQueue {
 public:
  static constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();

  /// `chance`: from 0 to below 1.
  DueQueue(RetryConfig retry, std::function<double()> chance) : retry_(retry), chance_(std::move(chance)) {}

  /// How many jobs a server bears at once; the smallest of what is said counts.
  void limit(const std::string& server, std::int64_t jobs);
  std::size_t add(JobSpec spec, std::int64_t due);

  /// The job that has been due longest among those whose servers have room. It is at work until release().
  std::optional<std::size_t> take(std::int64_t now);
  /// What follows from its end; it is not due before release().
  JobNext settle(std::size_t job, const JobEnd& end, std::int64_t now);
  void release(std::size_t job);
  /// Due at once; at work: once more when it has ended.
  void wake(std::size_t job, std::int64_t now);

  /// When the next call of take() may give something; never: not before a release or a wake.
  [[nodiscard]] std::int64_t next_due(std::int64_t now) const;
  [[nodiscard]] std::size_t at_work() const { return at_work_; }
  [[nodiscard]] std::vector<std::string> away() const;

 private:
  struct Server {
    std::int64_t limit = never;
    std::int64_t at_work = 0;
    std::size_t pairs = 0;             ///< jobs that use it, its feeds apart
    bool feeds = false;                ///< a job walks its feeds: that one tries whether it is back
    std::set<std::size_t> failed;      ///< jobs that failed on it since it last answered
    bool away = false, tried = false;  ///< tried: a job is finding out whether it is back
    int failures = 0;
    std::int64_t since = 0, retry_at = 0;
  };
  struct Job {
    JobSpec spec;
    std::int64_t due = 0;
    int quiet = 0;     ///< passes in which nothing moved
    int failures = 0;  ///< in a row
    int at_once = 0;   ///< repeats without a pause, in a row
    bool at_work = false, again = false;
    std::vector<std::string> tries;  ///< servers that it finds out about
    std::string failed_on;
  };
  using Group = std::pair<std::string, std::string>;  ///< the servers that a job needs

  [[nodiscard]] bool room(const Group& group, std::int64_t now) const;
  [[nodiscard]] static bool usable(const Server& s, bool feeds, std::int64_t now);
  [[nodiscard]] std::int64_t pause(const Job& job) const;
  [[nodiscard]] std::int64_t back_off(int failures);
  void failed(std::size_t job, const JobEnd& end, std::int64_t now, JobNext& out);
  void answered(const std::string& server, std::int64_t now, JobNext& out);
  [[nodiscard]] Group group_of(const Job& job) const { return {job.spec.mailbox, job.spec.crm}; }

  RetryConfig retry_;
  std::function<double()> chance_;
  std::map<std::string, Server> servers_;
  std::vector<Job> jobs_;
  std::map<Group, std::set<std::pair<std::int64_t, std::size_t>>> ready_;  ///< not at work, by when they are due
  std::size_t at_work_ = 0;
};

}  // namespace syncline
