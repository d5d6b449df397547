// An HTTP or HTTPS server on 127.0.0.1 that hands whole requests to a function.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "request.hpp"

namespace syncline::sandbox {

class HttpServer {
 public:
  using Handler = std::function<std::optional<Reply>(const Call&)>;  // none: close without an answer
  struct Options {
    std::uint16_t port = 0;
    std::string certificate{}, key{};
    std::size_t max_request = 64 * 1024 * 1024;
  };
  explicit HttpServer(const Options& options);  // listens, but answers only after start()
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  void start(Handler handler);
  void stop();
  std::uint16_t port() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace syncline::sandbox
