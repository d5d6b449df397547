// mailbox_state.hpp: what all sessions with one mailbox share: how many requests may be under way, how long the server
// wants to be left alone, which schema version it takes, its cookies, and how much may be asked for at once.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "syncline/net/headers.hpp"
#include "syncline/net/throttle.hpp"

namespace syncline::exchange {

/// Any thread.
class MailboxState {
 public:
  /// `version`: the only schema version to ask for; empty: from the newest down, until the server takes one.
  MailboxState(std::size_t concurrent, std::string version, std::size_t max_batch);

  /// One for each request; a Sync… request takes one of `sync` before (H-77: there is one at a time).
  [[nodiscard]] net::ThrottleGate& gate() { return gate_; }
  [[nodiscard]] net::ThrottleGate& sync() { return sync_; }

  /// The server is busy: nothing is sent for this mailbox until the time that is returned has passed. Without a hint
  /// 10 s, then twice as long each time, up to 5 minutes. What is asked for at once is halved.
  std::int64_t busy(std::optional<std::int64_t> hint_ms);
  /// The server took a request and answered it.
  void took();
  /// Whether any request has been answered yet: then a 401 is not for the credentials alone (they worked before).
  [[nodiscard]] bool worked() const { return worked_; }

  [[nodiscard]] std::string version() const;
  /// The server refused `version`. False: there is none left to try.
  bool step_down(const std::string& version);

  /// "name=value; name=value", for the Cookie header.
  [[nodiscard]] std::string cookies() const;
  void keep_cookies(const net::Headers& headers);

  [[nodiscard]] std::size_t batch() const { return batch_; }
  void grow(std::size_t bytes, std::int64_t ms);
  void shrink();

 private:
  static constexpr std::size_t kFirstBatch = 25;

  net::ThrottleGate gate_, sync_{1};
  const std::size_t max_batch_;
  std::atomic<std::size_t> batch_;
  std::atomic<bool> worked_{false};
  mutable std::mutex mutex_;
  std::vector<std::string> versions_;  ///< those left to try, the newest first
  std::map<std::string, std::string> cookies_;
  std::int64_t last_pause_ms_ = 0;
};

}  // namespace syncline::exchange
