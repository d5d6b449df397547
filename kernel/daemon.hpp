// daemon.hpp: all pairs of a configuration, for as long as one wants: workers on one queue of due pairs and feeds. It
// owns the engine; a changed configuration is a new Daemon. Its owner calls tick() about twice a second.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "due_queue.hpp"
#include "schedule.hpp"

namespace syncline {

class Daemon {
 public:
  /// Opens the store and takes the instance's lock. Throws what stands in the way.
  Daemon(LoadedConfig loaded, unsigned workers);
  ~Daemon();
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  void start();
  /// Looks whether anybody has asked for something.
  void tick();
  /// The pair's next pass is due at once; if one is under way, there is one more after it. Any thread.
  void wake(std::int64_t pair);

  /// No further pass begins.
  void drain();
  [[nodiscard]] bool at_rest();
  /// Cancels what is under way and waits for it. False: something did not end in time.
  bool stop(std::chrono::milliseconds patience);
  /// One line on how it stands.
  [[nodiscard]] std::string summary();
  [[nodiscard]] const LoadedConfig& loaded() const { return engine_->loaded(); }

 private:
  /// What is remembered of a pair from pass to pass; its index is that of the configuration's pair.
  struct Known {
    std::int64_t pair = 0;
    bool tried = false;  ///< it had a chance to be taken over
    int failures = 0;
    bool reported = false;
    std::string trouble;  ///< as it was reported last; empty: nothing is wrong
  };

  void work();
  void run(std::size_t job);
  void run_pair(std::size_t job);
  void run_feeds(std::size_t job);
  NextPass next_pass(std::size_t job, const PairReport& report);
  JobEnd end_of(const PairReport& report) const;
  void report(std::size_t job, const PairReport& report, const JobEnd& end);
  void trouble(Known& known, const std::string& name, int level, const std::string& text);
  void report(const std::vector<ServerNews>& news, const std::string& error);
  void add_feeds(const std::string& connection);
  void give_up_leases(std::chrono::steady_clock::time_point until);
  [[nodiscard]] const std::string& server_of(std::string_view connection) const;
  [[nodiscard]] std::int64_t now() const;

  std::atomic<bool> stopping_{false}, draining_{false};
  std::unique_ptr<Engine> engine_;
  unsigned workers_;
  Clock clock_ = system_clock();

  std::mutex mutex_;  ///< of what follows
  std::condition_variable changed_;
  DueQueue queue_;
  std::vector<Known> known_;
  std::map<std::int64_t, std::size_t> jobs_of_;       ///< pair → job
  std::map<std::string, std::size_t> feed_jobs_;      ///< connection → job
  std::map<std::size_t, std::string> connection_of_;  ///< the same backwards
  std::map<std::string, std::int64_t> feed_fresh_ms_;
  std::set<std::string> moved_;                            ///< connections for whose pairs something moved
  std::set<std::pair<std::int64_t, std::int64_t>> asked_;  ///< requests that have woken their pair
  std::set<std::int64_t> leased_;
  std::size_t at_work_ = 0;  ///< threads that have not ended
  std::vector<std::thread> threads_;
};

}  // namespace syncline
