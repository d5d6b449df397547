#include "pool.hpp"

#include <algorithm>

namespace syncline::net {

std::unique_ptr<Wire> Pool::rested() {
  std::vector<std::unique_ptr<Wire>> dead;  // closed after the lock is gone
  const std::lock_guard lock(mutex_);
  const auto now = Clock::now();
  const auto first_dead =
      std::stable_partition(resting_.begin(), resting_.end(), [&](const auto& w) { return !w->aged(now); });
  std::move(first_dead, resting_.end(), std::back_inserter(dead));
  resting_.erase(first_dead, resting_.end());
  while (!resting_.empty()) {
    std::unique_ptr<Wire> wire = std::move(resting_.back());
    resting_.pop_back();
    if (wire->quiet()) return wire;
    dead.push_back(std::move(wire));
  }
  return nullptr;
}

Pool::Lease Pool::take(const Patience& patience, bool fresh) {
  patience.check("waiting for a free connection");
  ThrottleGate::Permit slot = slots_.enter(patience.call());
  if (fresh) {
    // One connection died under a request: the others that rested with it are likely dead too.
    std::vector<std::unique_ptr<Wire>> dead;
    const std::lock_guard lock(mutex_);
    dead.swap(resting_);
  } else if (auto wire = rested()) {
    return {std::move(slot), std::move(wire)};
  }
  return {std::move(slot), connector_.connect(patience)};
}

void Pool::give_back(Lease lease, std::chrono::milliseconds server_idle) {
  auto idle = idle_;
  if (server_idle.count() > 0)
    idle = std::min(idle, server_idle - std::min(server_idle / 2, std::chrono::milliseconds(1000)));
  if (idle.count() <= 0) return;
  std::unique_ptr<Wire> surplus;
  const std::lock_guard lock(mutex_);
  lease.wire_->rest(Clock::now() + idle);
  if (resting_.size() >= slots_.max_concurrent()) {
    surplus = std::move(resting_.front());
    resting_.erase(resting_.begin());
  }
  resting_.push_back(std::move(lease.wire_));
}

}  // namespace syncline::net
