// throttle.hpp: the gate in front of one server: so many requests at once, and none while the server asked for a pause.
// One gate is shared by everybody who talks to that server under the same account.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <random>
#include <string_view>

#include "syncline/plugin.hpp"

namespace syncline::net {

/// Retry-After as seconds or HTTP date, in milliseconds, at most a day; nothing when absent or not understood.
/// `now_ms`: the server's own clock if it sent a Date, else ours.
[[nodiscard]] std::optional<std::int64_t> parse_retry_after(std::string_view value, std::int64_t now_ms);
/// An HTTP date ("Sun, 06 Nov 1994 08:49:37 GMT") as UTC milliseconds.
[[nodiscard]] std::optional<std::int64_t> parse_http_date(std::string_view value);

class ThrottleGate {
 public:
  explicit ThrottleGate(std::size_t max_concurrent) : max_concurrent_(max_concurrent == 0 ? 1 : max_concurrent) {}
  ThrottleGate(const ThrottleGate&) = delete;
  ThrottleGate& operator=(const ThrottleGate&) = delete;

  /// The right to have one request under way; given back when destroyed. It must not outlive the gate.
  class Permit {
   public:
    Permit(Permit&& o) noexcept : gate_(o.gate_), closed_ms_(o.closed_ms_) { o.gate_ = nullptr; }
    Permit(const Permit&) = delete;
    Permit& operator=(const Permit&) = delete;
    Permit& operator=(Permit&&) = delete;
    ~Permit() { release(); }
    void release() noexcept;
    /// How long the entry waited because the gate was closed.
    [[nodiscard]] std::int64_t closed_ms() const { return closed_ms_; }

   private:
    friend class ThrottleGate;
    Permit(ThrottleGate* gate, std::int64_t closed_ms) : gate_(gate), closed_ms_(closed_ms) {}
    ThrottleGate* gate_;
    std::int64_t closed_ms_;
  };

  /// Waits in the order of arrival. Throws SY_CANCELED (canceled, or the deadline passed while waiting for a turn), and
  /// at once SY_RETRY with the time left when the gate stays closed for longer than the call has.
  [[nodiscard]] Permit enter(const Call& call);

  /// The server refused for now: closes the gate for everybody and returns for how long. Without `asked`, 2^n seconds
  /// with jitter, where n counts the refusals in a row (those that arrive while it is closed already count once).
  std::int64_t refused(std::optional<std::int64_t> asked);
  /// The server took a request: the count of refusals begins anew.
  void accepted();

  void close_for(std::int64_t ms);
  /// How long it is still closed; 0: open.
  [[nodiscard]] std::int64_t closed_for_ms() const;
  [[nodiscard]] std::size_t max_concurrent() const { return max_concurrent_; }

 private:
  using Clock = std::chrono::steady_clock;
  std::int64_t closed_for_locked(Clock::time_point now) const;

  const std::size_t max_concurrent_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::list<int> queue_;  // one node a waiter; its address is the ticket
  std::size_t active_ = 0;
  Clock::time_point closed_until_{};
  unsigned refusals_ = 0;
  std::minstd_rand jitter_{std::random_device{}()};
};

}  // namespace syncline::net
