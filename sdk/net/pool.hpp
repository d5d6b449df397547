// pool.hpp: the kept-alive connections to one server. What is handed out twice has rested for less than the server's
// idle limit and shows no sign of its end.
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <vector>

#include "connector.hpp"
#include "syncline/net/throttle.hpp"

namespace syncline::net {

class Pool {
 public:
  Pool(Connector& connector, std::size_t max_connections, std::chrono::milliseconds idle)
      : connector_(connector), slots_(max_connections), idle_(idle) {}

  /// A slot among max_connections, with its connection; the connection is dropped unless it is given back.
  class Lease {
   public:
    Lease(ThrottleGate::Permit slot, std::unique_ptr<Wire> wire) : slot_(std::move(slot)), wire_(std::move(wire)) {}
    [[nodiscard]] Wire& wire() { return *wire_; }

   private:
    friend class Pool;
    ThrottleGate::Permit slot_;
    std::unique_ptr<Wire> wire_;
  };

  [[nodiscard]] Lease take(const Patience& patience, bool fresh);
  /// `server_idle`: what the server announced (Keep-Alive: timeout=…); 0: nothing.
  void give_back(Lease lease, std::chrono::milliseconds server_idle);

 private:
  std::unique_ptr<Wire> rested();

  Connector& connector_;
  ThrottleGate slots_;
  const std::chrono::milliseconds idle_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Wire>> resting_;  // the latest at the end; at most max_connections
};

}  // namespace syncline::net
