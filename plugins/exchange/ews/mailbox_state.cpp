#include "mailbox_state.hpp"

#include "settings.hpp"

namespace syncline::exchange {
namespace {

constexpr std::int64_t kFirstPauseMs = 10'000, kLongestPauseMs = 300'000;
constexpr std::size_t kGrowth = 25, kLargeAnswer = std::size_t{4} << 20;
constexpr std::int64_t kSlowMs = 5'000;
constexpr std::size_t kMaxCookies = 20, kMaxCookieBytes = 4096;

}  // namespace

MailboxState::MailboxState(std::size_t concurrent, std::string version, std::size_t max_batch)
    : gate_(concurrent), max_batch_(max_batch), batch_(std::min(kFirstBatch, max_batch)) {
  if (version.empty())
    versions_ = versions();
  else
    versions_.push_back(std::move(version));
}

std::int64_t MailboxState::busy(std::optional<std::int64_t> hint_ms) {
  std::int64_t wait = 0;
  {
    const std::lock_guard lock(mutex_);
    // Requests that were under way together are refused together: they count once.
    const std::int64_t closed = gate_.closed_for_ms();
    if (closed > 0 && hint_ms.value_or(0) <= closed) return closed;
    wait = last_pause_ms_ == 0 ? kFirstPauseMs : std::min(last_pause_ms_ * 2, kLongestPauseMs);
    if (hint_ms) wait = last_pause_ms_ == 0 ? *hint_ms : std::max(*hint_ms, wait);
    last_pause_ms_ = std::min(wait, kLongestPauseMs);
  }
  shrink();
  return gate_.refused(wait);
}

void MailboxState::took() {
  worked_ = true;
  gate_.accepted();
  const std::lock_guard lock(mutex_);
  last_pause_ms_ = 0;
}

std::string MailboxState::version() const {
  const std::lock_guard lock(mutex_);
  return versions_.front();
}

bool MailboxState::step_down(const std::string& version) {
  const std::lock_guard lock(mutex_);
  if (versions_.front() != version) return true;  // another thread has stepped down meanwhile
  if (versions_.size() == 1) return false;
  versions_.erase(versions_.begin());
  return true;
}

std::string MailboxState::cookies() const {
  const std::lock_guard lock(mutex_);
  std::string out;
  for (const auto& [name, value] : cookies_) out.append(out.empty() ? "" : "; ").append(name).append("=").append(value);
  return out;
}

void MailboxState::keep_cookies(const net::Headers& headers) {
  for (const std::string& field : headers.all("Set-Cookie")) {
    const std::string pair = field.substr(0, field.find(';'));
    const std::size_t equals = pair.find('=');
    if (equals == 0 || equals == std::string::npos || pair.size() > kMaxCookieBytes) continue;
    const std::lock_guard lock(mutex_);
    if (cookies_.size() < kMaxCookies || cookies_.contains(pair.substr(0, equals)))
      cookies_[pair.substr(0, equals)] = pair.substr(equals + 1);
  }
}

void MailboxState::grow(std::size_t bytes, std::int64_t ms) {
  if (bytes >= kLargeAnswer || ms >= kSlowMs) return;
  batch_ = std::min(batch_ + kGrowth, max_batch_);
}

void MailboxState::shrink() { batch_ = std::max<std::size_t>(batch_ / 2, 1); }

}  // namespace syncline::exchange
