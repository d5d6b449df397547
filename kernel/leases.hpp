// leases.hpp: who may run passes: the OS lock of an instance's name, and the leases of its pairs, with fencing numbers
// (S17). Any thread.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <syncline/handles.hpp>

#include "config.hpp"
#include "host.hpp"
#include "rows.hpp"

namespace syncline {

/// The OS lock of this instance beside the store: while it is held, leases of this name belong to nobody alive but us.
class InstanceLock {
 public:
  /// Throws SY_RETRY when a living process of that name holds it, SY_CONFIG when it cannot be made.
  InstanceLock(const std::filesystem::path& folder, const std::string& instance);
  InstanceLock(const InstanceLock&) = delete;
  InstanceLock& operator=(const InstanceLock&) = delete;
  ~InstanceLock();

  static std::filesystem::path file(const std::filesystem::path& folder, const std::string& instance);
  /// Whether a process holds it now; it is not kept.
  static bool held(const std::filesystem::path& folder, const std::string& instance);

 private:
  int fd_ = -1;
};

/// Another instance's living lease.
class HeldElsewhere : public Error {
 public:
  HeldElsewhere(const std::string& pair, const LeaseHolder& holder);
  [[nodiscard]] std::int64_t until_ms() const { return until_ms_; }

 private:
  std::int64_t until_ms_;
};

class Leases {
 public:
  struct Settings {
    std::string instance;
    std::int64_t ttl_ms = 120'000;
    std::int64_t longest_ms = 7'200'000;  ///< what lasts longer was taken before the clock was set back
  };
  /// Asked when another instance holds it alive: true takes it all the same.
  using MayTakeOver = std::function<bool(const std::string& holder)>;

  Leases(const StoreHandle& store, Settings settings, Clock clock, std::function<bool()> canceled)
      : store_(store), settings_(std::move(settings)), clock_(std::move(clock)), canceled_(std::move(canceled)) {}

  [[nodiscard]] static std::string name(std::int64_t pair) { return "pair/" + std::to_string(pair); }
  /// The pair's lease with a fence that nobody before has had. Throws HeldElsewhere.
  [[nodiscard]] Fence take(std::int64_t pair, const std::string& pair_name, const MayTakeOver& may) const;
  /// To be called as often as one likes during a pass: renews in time; throws SY_CONFLICT when it was lost.
  [[nodiscard]] std::function<void()> renewer(const Fence& fence) const;
  /// Lets it last `for_ms` from now; 0 gives it up.
  void keep(const Fence& fence, std::int64_t for_ms) const;

 private:
  const StoreHandle& store_;
  Settings settings_;
  Clock clock_;
  std::function<bool()> canceled_;
};

}  // namespace syncline
