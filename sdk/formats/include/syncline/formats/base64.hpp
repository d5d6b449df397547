// base64.hpp: base64 over data that comes in pieces: neither side ever holds more than the piece in hand.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace syncline::formats {

/// Writes one line without breaks, with padding.
class Base64Encoder {
 public:
  /// Adds to `out` what these bytes complete; up to two bytes wait for the next call.
  void append(std::string_view bytes, std::string& out);
  void finish(std::string& out);

 private:
  std::array<char, 2> waiting_{};
  std::size_t n_waiting_ = 0;
};

/// Reads what mails contain: junk between the characters is skipped, padding may be missing or stand in the middle.
class Base64Decoder {
 public:
  void append(std::string_view text, std::string& out);
  void finish(std::string& out);

 private:
  std::uint32_t bits_ = 0;
  unsigned n_chars_ = 0;
};

/// The length of the encoding of so many bytes: for a Content-Length before the first byte is read.
[[nodiscard]] constexpr std::uint64_t base64_length(std::uint64_t bytes) {
  return bytes / 3 * 4 + (bytes % 3 != 0 ? 4 : 0);
}

[[nodiscard]] std::string base64_encode(std::string_view bytes);
[[nodiscard]] std::string base64_decode(std::string_view text);

}  // namespace syncline::formats
