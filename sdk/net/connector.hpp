// connector.hpp: opens connections to one server.
#pragma once

#include <Poco/Net/Context.h>

#include <chrono>
#include <memory>

#include "resolver.hpp"
#include "tls.hpp"
#include "wire.hpp"

namespace syncline::net {

class Connector {
 public:
  Connector(Origin origin, const TlsOptions& tls, std::chrono::milliseconds timeout);
  /// Tries the addresses of the host in turn. Throws SY_RETRY (not reachable), SY_CONFIG (TLS), SY_CANCELED.
  [[nodiscard]] std::unique_ptr<Wire> connect(const Patience& patience);
  [[nodiscard]] const Origin& origin() const { return origin_; }

 private:
  [[nodiscard]] Poco::Net::StreamSocket open(const Patience& patience, Clock::time_point until);
  [[nodiscard]] std::unique_ptr<Wire> secure(const Poco::Net::StreamSocket& socket, const Patience& patience,
                                             Clock::time_point until);

  const Origin origin_;
  const std::chrono::milliseconds timeout_;
  Resolver resolver_;
  Poco::Net::Context::Ptr context_;  // null: no TLS
};

}  // namespace syncline::net
