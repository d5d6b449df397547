// test_server.hpp: a server for tests whose every byte is up to the test, and a host that remembers what it was told.
#pragma once

#include <Poco/Net/Context.h>
#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/StreamSocket.h>

#include <atomic>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "syncline/net/headers.hpp"
#include "syncline/plugin.hpp"

namespace syncline::net::test {

struct Received {
  std::string method, target, body;
  Headers headers;
};

/// The server's end of one connection. Its functions fail quietly once the client is gone.
class Peer {
 public:
  Peer(const Poco::Net::StreamSocket& socket, int number) : socket_(socket), number_(number) {}
  /// The next request, or nothing when the client has closed.
  std::optional<Received> request();
  /// Only its head: the body stays unread.
  std::optional<Received> request_head();
  bool send(std::string_view bytes);
  /// A whole answer with Content-Length.
  bool answer(int status, std::string_view body, std::string_view more_headers = {});
  void close();
  void shutdown_socket();
  [[nodiscard]] int number() const { return number_; }  ///< of the connection, from 1

 private:
  bool fill();
  std::optional<std::string> line();
  Poco::Net::StreamSocket socket_;
  std::string buffer_;
  int number_;
};

/// Runs the script on a thread for each connection; the connection is closed when the script returns.
class Server {
 public:
  using Script = std::function<void(Peer&)>;
  explicit Server(Script script, Poco::Net::Context::Ptr tls = {});
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server();
  [[nodiscard]] int port() const { return port_; }
  [[nodiscard]] std::string url(std::string_view path = "") const;
  [[nodiscard]] int connections() const { return connections_; }

 private:
  void accept_all();
  void serve(Peer& peer, bool tls_wanted);
  Script script_;
  Poco::Net::Context::Ptr tls_;
  Poco::Net::ServerSocket listener_;
  int port_;
  std::atomic<bool> stop_{false};
  std::atomic<int> connections_{0};
  std::mutex mutex_;
  std::list<Peer> peers_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

/// A script that answers each request of a connection through `f(peer, request)` until the client closes.
Server::Script each(std::function<void(Peer&, const Received&)> f);

class TestHost {
 public:
  TestHost();
  TestHost(const TestHost&) = delete;
  TestHost& operator=(const TestHost&) = delete;
  [[nodiscard]] Host host() const { return Host(owned_.raw); }
  [[nodiscard]] std::int64_t counted(const std::string& what) const;
  [[nodiscard]] std::vector<std::string> effects() const;  ///< "before POST /x", "after POST /x"
  [[nodiscard]] std::string everything() const;            ///< all that it was told, for a look for secrets

 private:
  struct Owned {
    sy_host raw{};
    TestHost* owner = nullptr;
  };
  static TestHost& owner(const sy_host* h) { return *reinterpret_cast<const Owned*>(h)->owner; }
  Owned owned_;
  mutable std::mutex mutex_;
  std::map<std::string, std::int64_t> counts_;
  std::vector<std::string> effects_;
  std::string log_;
};

}  // namespace syncline::net::test
