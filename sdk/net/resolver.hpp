// resolver.hpp: host names to addresses, without letting a slow name server hold up a canceled call.
#pragma once

#include <Poco/Net/SocketAddress.h>

#include <memory>
#include <mutex>
#include <vector>

#include "patience.hpp"
#include "syncline/net/url.hpp"

namespace syncline::net {

class Resolver {
 public:
  explicit Resolver(Origin origin) : origin_(std::move(origin)) {}
  /// At least one address. Throws SY_RETRY when the name cannot be resolved before `until`, SY_CANCELED.
  [[nodiscard]] std::vector<Poco::Net::SocketAddress> resolve(const Patience& patience, Clock::time_point until);

 private:
  struct Lookup;
  std::shared_ptr<Lookup> start();

  const Origin origin_;
  std::mutex mutex_;
  std::shared_ptr<Lookup> running_;  // one at a time: all who ask meanwhile wait for it
};

}  // namespace syncline::net
