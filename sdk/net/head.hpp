// head.hpp: the head of an HTTP/1.x response.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "syncline/net/headers.hpp"

namespace syncline::net {

struct Head {
  int status = 0;
  bool keep_alive_by_default = true;  ///< HTTP/1.1
  Headers headers;

  /// Throws Malformed when the lengths contradict each other; nothing: until chunks or the connection end.
  [[nodiscard]] std::optional<std::uint64_t> content_length() const;
  [[nodiscard]] bool chunked() const { return headers.has_token("Transfer-Encoding", "chunked"); }
  [[nodiscard]] bool keeps_alive() const;
  /// "Keep-Alive: timeout=5" in seconds; 0: not said.
  [[nodiscard]] std::int64_t idle_seconds() const;
};

/// `text`: from the status line to before the empty line. Throws Malformed when it is not HTTP.
[[nodiscard]] Head parse_head(std::string_view text);
/// A length in a chunk line ("1a;name=value"). Throws Malformed.
[[nodiscard]] std::uint64_t parse_chunk_size(std::string_view line);

}  // namespace syncline::net
