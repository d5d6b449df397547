// patience.hpp: what bounds every wait on the network: the call's deadline and cancel poll, and a limit of its own.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "syncline/plugin.hpp"

namespace syncline::net {

using Clock = std::chrono::steady_clock;

class Patience {
 public:
  /// `what` begins error texts: "GET crm.example:443/api/data".
  Patience(const Call& call, std::string what) : call_(&call), what_(std::move(what)) {}

  /// Throws SY_CANCELED when the call is over; `doing` says what was waited for.
  void check(std::string_view doing) const;
  /// How long to wait before the next check(): a fifth of a second, or less near `until` or the deadline.
  [[nodiscard]] std::chrono::milliseconds slice(Clock::time_point until) const;
  /// Waits for poll(2) events; false when `until` came first.
  bool ready(int fd, short events, Clock::time_point until, std::string_view doing) const;
  [[nodiscard]] const std::string& what() const { return what_; }
  [[nodiscard]] const Call& call() const { return *call_; }

 private:
  const Call* call_;
  std::string what_;
};

}  // namespace syncline::net
