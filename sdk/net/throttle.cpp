#include "syncline/net/throttle.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string>

namespace syncline::net {

namespace {

constexpr std::int64_t kDayMs = std::int64_t{24} * 60 * 60 * 1000;
constexpr std::int64_t kSliceMs = 200;  // how often a waiting thread looks for cancellation
constexpr unsigned kMaxDoublings = 6;   // 64 seconds

std::int64_t in_ms(std::chrono::steady_clock::duration d) {
  return std::chrono::ceil<std::chrono::milliseconds>(d).count();
}

std::optional<int> number(std::string_view text) {
  int value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// A place in the queue, left when the wait ends in whatever way.
class Ticket {
 public:
  Ticket(std::list<int>& queue, std::condition_variable& changed)
      : queue_(queue), changed_(changed), place_(queue.insert(queue.end(), 0)) {}
  Ticket(const Ticket&) = delete;
  Ticket& operator=(const Ticket&) = delete;
  ~Ticket() {
    queue_.erase(place_);
    changed_.notify_all();
  }
  [[nodiscard]] bool first() const { return place_ == queue_.begin(); }

 private:
  std::list<int>& queue_;
  std::condition_variable& changed_;
  std::list<int>::iterator place_;
};

}  // namespace

std::optional<std::int64_t> parse_http_date(std::string_view value) {
  // "Sun, 06 Nov 1994 08:49:37 GMT": the only form that is sent today (RFC 9110, 5.6.7).
  value = trim(value);
  if (value.size() != 29 || value.substr(3, 2) != ", " || value.substr(25) != " GMT") return std::nullopt;
  constexpr std::array<std::string_view, 12> months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto month = std::find(months.begin(), months.end(), value.substr(8, 3));
  const auto day = number(value.substr(5, 2));
  const auto year = number(value.substr(12, 4));
  const auto hour = number(value.substr(17, 2));
  const auto minute = number(value.substr(20, 2));
  const auto second = number(value.substr(23, 2));
  if (month == months.end() || !day || !year || !hour || !minute || !second) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(month - months.begin()) + 1),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  const auto days = std::chrono::sys_days(date).time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(days).count() +
         ((std::int64_t{*hour} * 60 + *minute) * 60 + *second) * 1000;
}

std::optional<std::int64_t> parse_retry_after(std::string_view value, std::int64_t now_ms) {
  value = trim(value);
  if (value.empty()) return std::nullopt;
  if (value.find_first_not_of("0123456789") == std::string_view::npos) {
    std::int64_t seconds = 0;
    const auto [end, failure] = std::from_chars(value.data(), value.data() + value.size(), seconds);
    static_cast<void>(end);
    if (failure != std::errc{} || seconds > kDayMs / 1000) return kDayMs;
    return seconds * 1000;
  }
  const auto at = parse_http_date(value);
  if (!at) return std::nullopt;
  return std::clamp<std::int64_t>(*at - now_ms, 0, kDayMs);
}

void ThrottleGate::Permit::release() noexcept {
  if (gate_ == nullptr) return;
  const std::lock_guard lock(gate_->mutex_);
  --gate_->active_;
  gate_->changed_.notify_all();
  gate_ = nullptr;
}

std::int64_t ThrottleGate::closed_for_locked(Clock::time_point now) const {
  return closed_until_ > now ? in_ms(closed_until_ - now) : 0;
}

ThrottleGate::Permit ThrottleGate::enter(const Call& call) {
  std::unique_lock lock(mutex_);
  const Ticket ticket(queue_, changed_);
  std::int64_t waited_closed = 0;
  for (;;) {
    call.check();
    const auto now = Clock::now();
    const std::int64_t closed = closed_for_locked(now);
    const std::int64_t left = call.remaining_ms();
    if (closed >= left && closed > 0)
      throw Error(
          SY_RETRY,
          "the server asked for a pause of " + std::to_string(closed) + " ms, which is longer than this call may wait",
          closed);
    if (closed == 0 && active_ < max_concurrent_ && ticket.first()) break;
    std::int64_t wait = std::min(left, kSliceMs);
    if (closed > 0) wait = std::min(wait, closed);
    changed_.wait_for(lock, std::chrono::milliseconds(wait));
    if (closed > 0) waited_closed += in_ms(Clock::now() - now);
  }
  ++active_;
  return {this, waited_closed};
}

std::int64_t ThrottleGate::refused(std::optional<std::int64_t> asked) {
  const std::lock_guard lock(mutex_);
  const auto now = Clock::now();
  const std::int64_t closed = closed_for_locked(now);
  std::int64_t wait = asked.value_or(0);
  if (wait <= 0) {
    if (closed > 0) return closed;  // one of the requests that were under way together: they count once
    const std::int64_t base = std::int64_t{1000} << std::min(refusals_, kMaxDoublings);
    wait = std::uniform_int_distribution<std::int64_t>(base * 3 / 4, base * 5 / 4)(jitter_);
  }
  if (closed == 0) ++refusals_;
  wait = std::min(wait, kDayMs);
  closed_until_ = std::max(closed_until_, now + std::chrono::milliseconds(wait));
  changed_.notify_all();
  return closed_for_locked(now);
}

void ThrottleGate::accepted() {
  const std::lock_guard lock(mutex_);
  refusals_ = 0;
}

void ThrottleGate::close_for(std::int64_t ms) {
  const std::lock_guard lock(mutex_);
  closed_until_ =
      std::max(closed_until_, Clock::now() + std::chrono::milliseconds(std::clamp<std::int64_t>(ms, 0, kDayMs)));
  changed_.notify_all();
}

std::int64_t ThrottleGate::closed_for_ms() const {
  const std::lock_guard lock(mutex_);
  return closed_for_locked(Clock::now());
}

}  // namespace syncline::net
