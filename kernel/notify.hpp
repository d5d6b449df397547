// notify.hpp: what systemd wants to hear of a service (sd_notify(3)): a datagram to the socket that NOTIFY_SOCKET
// names. Without that variable nothing is sent. One thread.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace syncline {

class ServiceNotifier {
 public:
  /// Reads NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID.
  ServiceNotifier();
  ~ServiceNotifier();
  ServiceNotifier(const ServiceNotifier&) = delete;
  ServiceNotifier& operator=(const ServiceNotifier&) = delete;

  void ready(std::string_view status) const;
  void reloading() const;
  void stopping() const;
  /// Sent only when it differs from the last one.
  void status(std::string_view text);
  /// To be called often: sends a sign of life when half of the watchdog's time has passed.
  void alive();

 private:
  void send(const std::string& lines) const;

  std::string address_;
  int fd_ = -1;
  std::string last_status_;
  std::optional<std::chrono::microseconds> watchdog_;
  std::chrono::steady_clock::time_point last_alive_{};
};

}  // namespace syncline
