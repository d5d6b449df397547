#include "patience.hpp"

#include <poll.h>

#include <algorithm>
#include <cerrno>

namespace syncline::net {

void Patience::check(std::string_view doing) const {
  if (call_->raw().canceled(&call_->raw()) != 0)
    throw Error(SY_CANCELED, what_ + ": canceled while " + std::string(doing));
  if (call_->remaining_ms() <= 0)
    throw Error(SY_CANCELED, what_ + ": the deadline of the call has passed while " + std::string(doing));
}

std::chrono::milliseconds Patience::slice(Clock::time_point until) const {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now());
  const std::chrono::milliseconds deadline(call_->remaining_ms());
  return std::clamp(std::min(left, deadline), std::chrono::milliseconds(1), std::chrono::milliseconds(200));
}

bool Patience::ready(int fd, short events, Clock::time_point until, std::string_view doing) const {
  for (;;) {
    check(doing);
    pollfd entry{fd, events, 0};
    const int n = ::poll(&entry, 1, static_cast<int>(slice(until).count()));
    if (n > 0) return true;
    if (n < 0 && errno != EINTR) throw Error(SY_BROKEN, what_ + ": poll failed");
    if (Clock::now() >= until) return false;
  }
}

}  // namespace syncline::net
