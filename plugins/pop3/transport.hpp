// transport.hpp: one TCP connection, later with TLS, that never waits longer than a slice without asking the call
// whether it still wants to wait. A connection that is lost ends in Error(SY_RETRY).
#pragma once

#include <Poco/Net/Context.h>
#include <Poco/Net/SocketAddress.h>
#include <Poco/Net/StreamSocket.h>

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <syncline/plugin.hpp>
#include <vector>

#include "settings.hpp"
#include "tls.hpp"

namespace syncline::pop3 {

class Transport {
 public:
  /// Connects; with `context`, no TLS is spoken before secure(). All arguments outlive the transport.
  Transport(const Settings& settings, const Call& call, const Host& host);
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;
  ~Transport();

  /// The TLS handshake. Throws SY_CONFIG when the certificate is refused, saying why.
  void secure(const Poco::Net::Context::Ptr& context);
  /// At least one byte, or 0 at the end of the stream.
  std::size_t read(char* into, std::size_t size);
  void write(std::string_view bytes);

  /// What is being waited for, as it stands in error texts: "the answer to RETR".
  void doing(std::string text) { doing_ = std::move(text); }
  [[nodiscard]] const std::string& doing() const { return doing_; }
  [[nodiscard]] const PeerFacts& peer() const { return peer_; }
  /// An Error(SY_RETRY) that names server and current step.
  [[nodiscard]] Error lost(const std::string& reason) const;

 private:
  using Clock = std::chrono::steady_clock;
  std::vector<Poco::Net::SocketAddress> resolve(Clock::time_point until);
  std::string try_address(const Poco::Net::SocketAddress& address, Clock::time_point until);
  bool wait(short events, Clock::time_point until) const;
  int read_once(char* into, std::size_t size);
  int write_once(std::string_view bytes);
  void handshake(const Poco::Net::Context::Ptr& context, Clock::time_point until);

  const Settings& settings_;
  const Call& call_;
  const Host& host_;
  Poco::Net::StreamSocket socket_;
  bool tls_ = false;
  std::string doing_;
  PeerFacts peer_;
};

}  // namespace syncline::pop3
