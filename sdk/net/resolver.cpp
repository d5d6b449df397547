#include "resolver.hpp"

#include <Poco/Net/IPAddress.h>
#include <netdb.h>
#include <sys/socket.h>

#include <condition_variable>
#include <string>
#include <thread>

namespace syncline::net {

using Poco::Net::SocketAddress;

/// getaddrinfo cannot be interrupted; it runs on a thread that owns its part of this and may outlive the question.
struct Resolver::Lookup {
  std::mutex mutex;
  std::condition_variable changed;
  bool done = false;
  std::vector<SocketAddress> found;
  std::string failure;

  void run(const std::string& host, std::uint16_t port) {
    addrinfo hints{};
    hints.ai_family = AF_UNSPEC;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_ADDRCONFIG;
    addrinfo* list = nullptr;
    const int code = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &list);
    std::vector<SocketAddress> addresses;
    if (code == 0)
      for (const addrinfo* a = list; a != nullptr; a = a->ai_next)
        if (a->ai_family == AF_INET || a->ai_family == AF_INET6) addresses.emplace_back(a->ai_addr, a->ai_addrlen);
    if (list != nullptr) ::freeaddrinfo(list);
    const std::lock_guard lock(mutex);
    found = std::move(addresses);
    if (found.empty()) failure = code == 0 ? "it has no address" : ::gai_strerror(code);
    done = true;
    changed.notify_all();
  }
};

std::shared_ptr<Resolver::Lookup> Resolver::start() {
  const std::lock_guard lock(mutex_);
  if (running_) {
    const std::lock_guard inner(running_->mutex);
    if (!running_->done) return running_;
  }
  auto fresh = std::make_shared<Lookup>();
  std::thread([lookup = fresh, host = origin_.host, port = origin_.port] {
    try {
      lookup->run(host, port);
    } catch (const std::exception&) {  // out of memory: an answer all the same
      const std::lock_guard inner(lookup->mutex);
      lookup->done = true;
      lookup->changed.notify_all();
    }
  }).detach();
  running_ = fresh;
  return fresh;
}

std::vector<SocketAddress> Resolver::resolve(const Patience& patience, Clock::time_point until) {
  Poco::Net::IPAddress literal;
  if (Poco::Net::IPAddress::tryParse(origin_.host, literal)) return {SocketAddress(literal, origin_.port)};
  const std::shared_ptr<Lookup> lookup = start();
  std::unique_lock lock(lookup->mutex);
  while (!lookup->done) {
    patience.check("resolving the host name");
    if (Clock::now() >= until)
      throw Error(SY_RETRY,
                  patience.what() + ": the name " + origin_.host + " was not resolved in time; check the name server");
    lookup->changed.wait_for(lock, patience.slice(until));
  }
  if (lookup->found.empty())
    throw Error(SY_RETRY, patience.what() + ": the host name " + origin_.host + " (port " +
                              std::to_string(origin_.port) + ") cannot be resolved: " + lookup->failure +
                              "; check the name and the name server");
  return lookup->found;
}

}  // namespace syncline::net
