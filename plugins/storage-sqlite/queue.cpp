#include "queue.hpp"

#include <algorithm>
#include <chrono>

namespace syncline::sqlite {

QueueCounts CommitQueue::counts() const {
  const std::lock_guard lock(mutex_);
  return counts_;
}

std::size_t CommitQueue::waiting() const {
  const std::lock_guard lock(mutex_);
  return queue_.size() + taken_;
}

void CommitQueue::run(const Call& call, std::size_t bytes, const Work& work) {
  call.check();
  Job job{call, bytes, work};
  std::unique_lock lock(mutex_);
  queue_.push_back(&job);
  while (!job.done) {
    if (!leader_ && !job.taken && queue_.front() == &job) {
      lead(job, lock);
      continue;
    }
    job.wake.wait_for(lock, std::chrono::milliseconds(100));
    // What has been taken is on its way to the disk: only its outcome counts then.
    if (!job.done && !job.taken && call.canceled()) {
      std::erase(queue_, &job);
      hand_over();
      lock.unlock();
      call.check();
      throw Error(SY_CANCELED, "canceled");
    }
  }
  if (job.error) std::rethrow_exception(job.error);
}

void CommitQueue::lead(Job& own, std::unique_lock<std::mutex>& lock) {
  std::vector<Job*> jobs;
  jobs.reserve(most_jobs);  // before anything depends on it
  leader_ = true;
  lock.unlock();
  std::exception_ptr refused;
  try {
    begin(own);
  } catch (...) {
    refused = std::current_exception();
  }
  lock.lock();
  if (refused) {  // the lock was not to be had within our time; the others may have more of it
    std::erase(queue_, &own);
    own.error = refused;
    own.done = true;
  } else {
    take(own, jobs);
    lock.unlock();
    if (!carry_out(jobs) || !finish(jobs)) one_by_one(jobs, own);
    lock.lock();
    for (Job* job : jobs) {
      job->done = true;
      if (job != &own) job->wake.notify_one();
    }
    taken_ = 0;
  }
  leader_ = false;
  hand_over();
}

void CommitQueue::take(Job& own, std::vector<Job*>& jobs) {
  jobs.push_back(&own);  // its owner leads because it is the first
  own.taken = true;
  queue_.pop_front();
  std::size_t bytes = own.bytes;
  while (!queue_.empty() && jobs.size() < most_jobs && bytes + queue_.front()->bytes <= most_bytes) {
    Job* next = queue_.front();
    queue_.pop_front();
    next->taken = true;
    bytes += next->bytes;
    jobs.push_back(next);
  }
  taken_ = jobs.size();
}

void CommitQueue::begin(const Job& own) {
  const Busy waiting(db_, own.call);
  db_.prepare("BEGIN IMMEDIATE").step();
}

bool CommitQueue::carry_out(const std::vector<Job*>& jobs) {
  for (Job* job : jobs) {
    try {
      db_.prepare("SAVEPOINT value").step();
      job->work(db_);
      db_.prepare("RELEASE value").step();
    } catch (...) {
      job->error = std::current_exception();
      if (!db_.in_transaction()) return false;
      try {
        db_.prepare("ROLLBACK TO value").step();
        db_.prepare("RELEASE value").step();
      } catch (...) {
        db_.rollback();
        return false;
      }
    }
  }
  return true;
}

bool CommitQueue::finish(const std::vector<Job*>& jobs) {
  const auto good = std::count_if(jobs.begin(), jobs.end(), [](const Job* j) { return j->error == nullptr; });
  if (good == 0) {
    db_.rollback();
    return true;
  }
  try {
    db_.prepare("COMMIT").step();
  } catch (...) {
    db_.rollback();
    if (jobs.size() > 1) return false;
    jobs.front()->error = std::current_exception();
    return true;
  }
  const std::lock_guard lock(mutex_);
  counts_.values += good;
  ++counts_.transactions;
  return true;
}

void CommitQueue::one_by_one(const std::vector<Job*>& jobs, const Job& own) {
  // The transaction failed as a whole, perhaps because of one value: each gets its own now, and its own error.
  for (Job* job : jobs) {
    if (jobs.size() == 1 && job->error) return;
    job->error = nullptr;
    try {
      begin(own);
      if (!carry_out({job})) continue;
    } catch (...) {
      job->error = std::current_exception();
      continue;
    }
    static_cast<void>(finish({job}));
  }
}

void CommitQueue::hand_over() {
  if (!leader_ && !queue_.empty()) queue_.front()->wake.notify_one();
}

}  // namespace syncline::sqlite
