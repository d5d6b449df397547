// queue.hpp: many threads, one writer. Who finds nobody writing becomes the leader, takes the write lock, carries out
// what has gathered meanwhile, each value in its own savepoint, and commits once for all: sixteen threads with a
// transaction each are sixty times slower than one transaction for sixteen values.
#pragma once

#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <syncline/plugin.hpp>
#include <vector>

#include "database.hpp"

namespace syncline::sqlite {

struct QueueCounts {
  std::int64_t values = 0;        ///< carried out and durable
  std::int64_t transactions = 0;  ///< COMMITs that made them so
};

class CommitQueue {
 public:
  /// May run twice (when a merged transaction failed as a whole): it must only depend on what it reads in the database.
  using Work = std::function<void(Database&)>;

  explicit CommitQueue(Database& db) : db_(db) {}
  /// Returns when the work is durable; throws what the work threw, or why it could not be made durable.
  void run(const Call& call, std::size_t bytes, const Work& work);
  [[nodiscard]] QueueCounts counts() const;
  /// Values that wait or are being written now.
  [[nodiscard]] std::size_t waiting() const;

 private:
  struct Job {
    const Call& call;
    std::size_t bytes;
    const Work& work;
    std::condition_variable wake{};
    std::exception_ptr error{};
    bool taken = false, done = false;
  };
  static constexpr std::size_t most_jobs = 64, most_bytes = 8 << 20;

  void lead(Job& own, std::unique_lock<std::mutex>& lock);
  void take(Job& own, std::vector<Job*>& jobs);
  void begin(const Job& own);
  /// False: the transaction is gone, nobody's work is in it.
  bool carry_out(const std::vector<Job*>& jobs);
  bool finish(const std::vector<Job*>& jobs);
  void one_by_one(const std::vector<Job*>& jobs, const Job& own);
  void hand_over();

  Database& db_;
  mutable std::mutex mutex_;
  std::deque<Job*> queue_;
  std::size_t taken_ = 0;
  bool leader_ = false;
  QueueCounts counts_;
};

}  // namespace syncline::sqlite
