// wire.hpp: one TCP or TLS connection, never blocking for longer than a slice, and never reconnecting by itself.
#pragma once

#include <Poco/Net/StreamSocket.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>
#include <string_view>

#include "patience.hpp"

namespace syncline::net {

/// The connection is no more, or the server is silent for too long. The layer above decides whether to try again.
class Lost : public std::exception {
 public:
  explicit Lost(std::string reason, bool silent = false) : reason_(std::move(reason)), silent_(silent) {}
  [[nodiscard]] const char* what() const noexcept override { return reason_.c_str(); }
  [[nodiscard]] bool silent() const { return silent_; }

 private:
  std::string reason_;
  bool silent_;
};

class Wire {
 public:
  /// A connected, non-blocking socket; for TLS with its handshake done.
  Wire(const Poco::Net::StreamSocket& socket, bool tls) : socket_(socket), tls_(tls) {}
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;
  ~Wire();

  /// At least one byte, or 0 at the end of the stream. Throws Lost, or SY_CANCELED.
  std::size_t read(char* into, std::size_t size, const Patience& patience, std::chrono::milliseconds silence);
  /// Writes at least one byte and says how many.
  std::size_t write(std::string_view bytes, const Patience& patience, std::chrono::milliseconds silence);

  /// Nothing has arrived on an idle connection: what does is its end, or bytes that nobody asked for.
  [[nodiscard]] bool quiet() const;
  void rest(Clock::time_point until) { rest_until_ = until; }
  [[nodiscard]] bool aged(Clock::time_point now) const { return now >= rest_until_; }

 private:
  int read_once(char* into, std::size_t size);
  int write_once(std::string_view bytes);
  void wait(short events, const Patience& patience, std::chrono::milliseconds silence, std::string_view doing) const;

  mutable Poco::Net::StreamSocket socket_;
  bool tls_;
  Clock::time_point rest_until_{};
};

/// Keeps SIGPIPE from the process while OpenSSL writes to a socket that the peer has closed.
class NoSigpipe {
 public:
  NoSigpipe();
  NoSigpipe(const NoSigpipe&) = delete;
  NoSigpipe& operator=(const NoSigpipe&) = delete;
  ~NoSigpipe();

 private:
  bool active_ = false, unblock_ = false;
};

}  // namespace syncline::net
