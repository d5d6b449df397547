// exchange.hpp: one request and its response on one connection.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "head.hpp"
#include "syncline/net/http.hpp"
#include "wire.hpp"

namespace syncline::net {

using BodySink = std::function<void(std::string_view)>;

class Exchange {
 public:
  struct Limits {
    std::size_t max_body;
    std::chrono::milliseconds silence;
  };
  Exchange(Wire& wire, const Patience& patience, Limits limits) : wire_(wire), patience_(patience), limits_(limits) {}

  /// Throws Lost, SY_CANCELED, and what the body's stream throws.
  void send(std::string_view head, const Request& request);
  /// Throws Lost, Malformed, SY_CANCELED, and what on_body throws. on_body null: the body is collected.
  [[nodiscard]] Response receive(std::string_view method, const BodySink* on_body);

  [[nodiscard]] std::uint64_t sent() const { return sent_; }
  [[nodiscard]] std::uint64_t received() const { return received_; }
  /// The response was taken whole and the connection can serve another request.
  [[nodiscard]] bool reusable() const { return reusable_; }
  [[nodiscard]] std::int64_t server_idle_seconds() const { return server_idle_seconds_; }

 private:
  void write_all(std::string_view bytes);
  void write_stream(const Request& request);
  bool fill();
  [[nodiscard]] std::string_view buffered() const { return {buffer_.data() + begin_, end_ - begin_}; }
  [[nodiscard]] Head read_head();
  [[nodiscard]] std::string read_line();
  void read_body(const Head& head, const BodySink& sink);
  void read_counted(std::uint64_t length, const BodySink& sink);
  void read_chunks(const BodySink& sink);
  void decode_body(const Head& head, const BodySink& out);

  Wire& wire_;
  const Patience& patience_;
  Limits limits_;
  std::array<char, std::size_t{32} * 1024> buffer_;
  std::size_t begin_ = 0, end_ = 0;
  std::uint64_t sent_ = 0, received_ = 0;
  bool reusable_ = false;
  std::int64_t server_idle_seconds_ = 0;
};

}  // namespace syncline::net
