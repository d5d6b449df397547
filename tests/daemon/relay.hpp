// relay.hpp: a server that is dead, silent or out of its mind, and the real one again: a port whose connections are led
// to another port, or treated as told.
#pragma once

#include <arpa/inet.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <list>
#include <stdexcept>
#include <thread>

namespace syncline::test {

class Relay {
 public:
  enum class Mode { forward, dead, silent, garbage };

  Relay(std::uint16_t to, Mode mode) : to_(to), mode_(mode) {
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    if (::bind(fd_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(fd_, 64) != 0 ||
        ::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size) != 0)
      throw std::runtime_error("no port for a relay");
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { accept_all(); });
  }
  ~Relay() {
    stopping_ = true;
    thread_.join();
    for (std::thread& t : connections_) t.join();
    ::close(fd_);
  }
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] int connections() const { return count_; }
  void set(Mode mode) { mode_ = mode; }
  void lead_to(std::uint16_t port) { to_ = port; }

 private:
  static sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in out{};
    out.sin_family = AF_INET;
    out.sin_port = htons(port);
    out.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return out;
  }
  void accept_all() {
    while (!stopping_) {
      pollfd p{fd_, POLLIN, 0};
      if (::poll(&p, 1, 50) != 1) continue;
      const int client = ::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
      if (client < 0) continue;
      ++count_;
      connections_.emplace_back([this, client] {
        serve(client);
        ::close(client);
      });
    }
  }
  void serve(int client) {
    switch (mode_.load()) {
      case Mode::dead: return;
      case Mode::silent: return drain(client);
      case Mode::garbage: {
        static constexpr std::array<char, 12> noise{'\x01', '\xff', '<',    '?', 'x', '\0',
                                                    '\n',   '{',    '\x80', ' ', 'Z', '\n'};
        for (int i = 0; i < 64; ++i) static_cast<void>(::send(client, noise.data(), noise.size(), MSG_NOSIGNAL));
        return drain(client);
      }
      case Mode::forward: break;
    }
    const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = loopback(to_);
    if (::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) pump(client, server);
    ::close(server);
  }
  /// Reads and answers nothing, until the other side goes.
  void drain(int client) {
    std::array<char, 4096> buf;
    while (!stopping_) {
      pollfd p{client, POLLIN, 0};
      if (::poll(&p, 1, 50) == 1 && ::recv(client, buf.data(), buf.size(), 0) <= 0) return;
    }
  }
  void pump(int a, int b) {
    std::array<char, 16384> buf;
    while (!stopping_) {
      std::array<pollfd, 2> p{pollfd{a, POLLIN, 0}, pollfd{b, POLLIN, 0}};
      if (::poll(p.data(), 2, 50) <= 0) continue;
      for (const auto& [from, to] : {std::pair{&p[0], b}, std::pair{&p[1], a}}) {
        if (from->revents == 0) continue;
        const ssize_t n = ::recv(from->fd, buf.data(), buf.size(), 0);
        if (n <= 0) return;
        for (ssize_t at = 0; at < n;) {
          const ssize_t sent = ::send(to, buf.data() + at, static_cast<std::size_t>(n - at), MSG_NOSIGNAL);
          if (sent <= 0) return;
          at += sent;
        }
      }
    }
  }

  std::atomic<std::uint16_t> to_;
  std::atomic<Mode> mode_;
  std::atomic<bool> stopping_{false};
  std::atomic<int> count_{0};
  int fd_ = -1;
  std::uint16_t port_ = 0;
  std::list<std::thread> connections_;
  std::thread thread_;
};

}  // namespace syncline::test
