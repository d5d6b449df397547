// http.hpp: HTTP/1.1 to one server: pooled connections, TLS, a deadline for the whole request, safe retries, throttling
// and authentication. Any status is a value; redirects are not followed (a 3xx is a value too).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "syncline/net/headers.hpp"
#include "syncline/plugin.hpp"

namespace syncline::net {

class Authenticator;
class ThrottleGate;

struct Request {
  std::string method = "GET";
  std::string
      path;  ///< with the query; or an absolute URL of the session's own origin; relative: below base_url's path
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  /// Instead of body: fills the buffer and says how much it put; 0 ends the body.
  std::function<std::size_t(char*, std::size_t)> body_stream;
  /// Puts body_stream back to its beginning. Without it, a request is not repeated once the stream was read from.
  std::function<void()> body_restart;
  std::int64_t body_length = -1;  ///< of body_stream; -1: not known, sent in chunks
  bool idempotent = false;        ///< may be sent twice although its method does not say so
  bool reads = false;  ///< a question, although its method does not say so (SOAP): no effect, and may be sent twice
};

struct Response {
  int status = 0;
  Headers headers;
  std::string body;  ///< inflated; empty when a 2xx body went to on_body

  [[nodiscard]] bool ok() const { return status >= 200 && status < 300; }
};

struct SessionOptions {
  std::string base_url;    ///< "https://host/api/data/v9.2"
  std::string ca_file;     ///< PEM file that replaces the system's certificate authorities; empty: the system's
  std::string user_agent;  ///< empty: "syncline"
  bool verify = true;
  std::chrono::milliseconds connect_timeout{15'000};
  std::chrono::milliseconds idle_keepalive{20'000};  ///< keep below the server's own idle limit
  std::chrono::milliseconds read_timeout{120'000};   ///< the longest silence; the call's deadline rules over it
  std::size_t max_connections = 8;
  std::size_t max_body = std::size_t{64} * 1024 * 1024;  ///< inflated; streamed bodies too
  bool gzip = true;
};

/// Thread-safe. Counts requests, bytes_in, bytes_out, retries and throttled_ms through the host of each call; requests
/// that can change something stand inside an Effect "METHOD /path".
class HttpSession {
 public:
  /// `auth` null: none. `gate` null: one of its own, with max_connections. Throws SY_CONFIG on a bad URL or ca_file.
  HttpSession(SessionOptions options, std::shared_ptr<Authenticator> auth, std::shared_ptr<ThrottleGate> gate);
  HttpSession(const HttpSession&) = delete;
  HttpSession& operator=(const HttpSession&) = delete;
  ~HttpSession();

  /// Throws Error: SY_RETRY (no connection, no answer, or throttled for longer than the call has; see retry_after_ms),
  /// SY_CANCELED (canceled or deadline), SY_CONFIG (TLS, with the remedy), SY_AUTH (no credential to be had), SY_BROKEN
  /// (not HTTP, too long, a URL of a foreign origin).
  Response send(const Host& host, const Call& call, const Request& request);
  /// The same, but a 2xx body goes to on_body in pieces. Nothing is repeated once on_body was called; what it throws
  /// ends the request and arrives at the caller.
  Response send(const Host& host, const Call& call, const Request& request,
                const std::function<void(std::string_view)>& on_body);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace syncline::net
