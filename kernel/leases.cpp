#include "leases.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <chrono>

namespace syncline {

namespace fs = std::filesystem;

fs::path InstanceLock::file(const fs::path& folder, const std::string& instance) {
  return folder / (instance + ".lock");
}

InstanceLock::InstanceLock(const fs::path& folder, const std::string& instance) {
  std::error_code ec;
  fs::create_directories(folder, ec);
  const fs::path path = file(folder, instance);
  fd_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd_ < 0)
    throw Error(SY_CONFIG,
                "the instance's lock " + path.string() + " cannot be made; make its folder writable or set spool.path");
  if (::flock(fd_, LOCK_EX | LOCK_NB) == 0) return;
  ::close(fd_);
  throw Error(SY_RETRY,
              "another syncline with the instance name " + instance +
                  " is running passes on this store; wait for it, or give this one another name (instance = …)",
              0, "instance_busy");
}

InstanceLock::~InstanceLock() { ::close(fd_); }

bool InstanceLock::held(const fs::path& folder, const std::string& instance) {
  const int fd = ::open(file(folder, instance).c_str(), O_RDWR | O_CLOEXEC);
  if (fd < 0) return false;
  const bool free = ::flock(fd, LOCK_EX | LOCK_NB) == 0;
  ::close(fd);
  return !free;
}

HeldElsewhere::HeldElsewhere(const std::string& pair, const LeaseHolder& holder)
    : Error(SY_RETRY,
            pair + " is being synchronized by instance " + holder.owner +
                "; it is left alone (takeover = \"always\" would take it)",
            0, "held"),
      until_ms_(holder.until_ms) {}

Fence Leases::take(std::int64_t pair, const std::string& pair_name, const MayTakeOver& may) const {
  const auto ask = [&](int force) {
    return store_.lease(CallBudget(std::chrono::seconds(30), canceled_), name(pair), settings_.instance, clock_(),
                        settings_.ttl_ms, force);
  };
  LeaseAnswer a = ask(2);  // our own OS lock is held: a lease of our own name is a dead process's, or our last pass's
  if (!a.taken && a.holder.until_ms - clock_() > settings_.longest_ms) a = ask(1);
  if (!a.taken && may && may(a.holder.owner)) a = ask(1);
  if (!a.taken) throw HeldElsewhere(pair_name, a.holder);
  return {name(pair), a.holder.fence};
}

std::function<void()> Leases::renewer(const Fence& fence) const {
  return [this, fence, renewed = std::chrono::steady_clock::now()]() mutable {
    const auto now = std::chrono::steady_clock::now();
    if (now - renewed < std::chrono::milliseconds(settings_.ttl_ms / 4)) return;
    const LeaseAnswer a = store_.lease(CallBudget(std::chrono::seconds(30)), fence.lease, settings_.instance, clock_(),
                                       settings_.ttl_ms, 0);
    if (!a.taken || a.holder.fence != fence.number)
      throw Error(SY_CONFLICT, "the lease of this pair was taken by another instance: this pass stops here");
    renewed = now;
  };
}

void Leases::keep(const Fence& fence, std::int64_t for_ms) const {
  static_cast<void>(
      store_.lease(CallBudget(std::chrono::seconds(30)), fence.lease, settings_.instance, clock_(), for_ms, 0));
}

}  // namespace syncline
