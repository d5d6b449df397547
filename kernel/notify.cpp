#include "notify.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>

namespace syncline {

namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

std::optional<std::int64_t> number(const std::string& text) {
  std::int64_t out = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), out);
  return failed == std::errc() && end == text.data() + text.size() && out > 0 ? std::optional(out) : std::nullopt;
}

std::string one_line(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  return out;
}

}  // namespace

ServiceNotifier::ServiceNotifier() : address_(environment("NOTIFY_SOCKET")) {
  // Only paths and abstract names; systemd knows others for virtual machines, where we do not run as a service.
  if (address_.size() < 2 || (address_[0] != '/' && address_[0] != '@') ||
      address_.size() >= sizeof(sockaddr_un::sun_path))
    return;
  fd_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  const auto for_us = number(environment("WATCHDOG_PID"));
  if (const auto every = number(environment("WATCHDOG_USEC")); every && (!for_us || *for_us == ::getpid()))
    watchdog_ = std::chrono::microseconds(*every);
}

ServiceNotifier::~ServiceNotifier() {
  if (fd_ >= 0) ::close(fd_);
}

void ServiceNotifier::send(const std::string& lines) const {
  if (fd_ < 0) return;
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  std::memcpy(to.sun_path, address_.data(), address_.size());
  if (to.sun_path[0] == '@') to.sun_path[0] = '\0';
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address_.size());
  // Nobody can be told that telling failed; systemd notices what it misses.
  static_cast<void>(
      ::sendto(fd_, lines.data(), lines.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&to), size));
}

void ServiceNotifier::ready(std::string_view text) const { send("READY=1\nSTATUS=" + one_line(text)); }

void ServiceNotifier::reloading() const {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  const std::int64_t us = static_cast<std::int64_t>(now.tv_sec) * 1'000'000 + now.tv_nsec / 1000;
  send("RELOADING=1\nMONOTONIC_USEC=" + std::to_string(us));
}

void ServiceNotifier::stopping() const { send("STOPPING=1\nSTATUS=stopping"); }

void ServiceNotifier::status(std::string_view text) {
  if (text == last_status_) return;
  last_status_ = text;
  send("STATUS=" + one_line(text));
}

void ServiceNotifier::alive() {
  if (!watchdog_) return;
  const auto now = std::chrono::steady_clock::now();
  if (now - last_alive_ < *watchdog_ / 2) return;
  last_alive_ = now;
  send("WATCHDOG=1");
}

}  // namespace syncline
