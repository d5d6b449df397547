#include "syncline/formats/base64.hpp"

#include <algorithm>

namespace syncline::formats {
namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t no_value = 0xFF;

constexpr std::array<std::uint8_t, 256> values = [] {
  std::array<std::uint8_t, 256> table{};
  table.fill(no_value);
  for (std::size_t i = 0; i < alphabet.size(); ++i)
    table[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint8_t>(i);
  return table;
}();

void put_group(const char* bytes, std::string& out) {
  const auto at = [&](int i) { return std::uint32_t{static_cast<unsigned char>(bytes[i])}; };
  const std::uint32_t group = at(0) << 16 | at(1) << 8 | at(2);
  const std::array<char, 4> chars{alphabet[group >> 18], alphabet[group >> 12 & 63], alphabet[group >> 6 & 63],
                                  alphabet[group & 63]};
  out.append(chars.data(), chars.size());
}

}  // namespace

void Base64Encoder::append(std::string_view bytes, std::string& out) {
  std::size_t at = 0;
  if (n_waiting_ != 0) {
    std::array<char, 3> group{waiting_[0], waiting_[1], '\0'};
    while (n_waiting_ < 3 && at < bytes.size()) group[n_waiting_++] = bytes[at++];
    if (n_waiting_ < 3) {
      std::copy_n(group.begin(), waiting_.size(), waiting_.begin());
      return;
    }
    put_group(group.data(), out);
    n_waiting_ = 0;
  }
  out.reserve(out.size() + (bytes.size() - at) / 3 * 4);
  for (; bytes.size() - at >= 3; at += 3) put_group(bytes.data() + at, out);
  while (at < bytes.size()) waiting_[n_waiting_++] = bytes[at++];
}

void Base64Encoder::finish(std::string& out) {
  if (n_waiting_ == 0) return;
  const std::array<char, 3> group{waiting_[0], n_waiting_ == 2 ? waiting_[1] : '\0', '\0'};
  put_group(group.data(), out);
  out.replace(out.size() - (3 - n_waiting_), 3 - n_waiting_, 3 - n_waiting_, '=');
  n_waiting_ = 0;
}

void Base64Decoder::append(std::string_view text, std::string& out) {
  for (const char c : text) {
    const std::uint8_t value = values[static_cast<unsigned char>(c)];
    if (value == no_value) {
      if (c == '=') finish(out);  // whatever follows is the beginning of another encoding
      continue;
    }
    bits_ = bits_ << 6 | value;
    if (++n_chars_ < 4) continue;
    out += static_cast<char>(bits_ >> 16 & 0xFF);
    out += static_cast<char>(bits_ >> 8 & 0xFF);
    out += static_cast<char>(bits_ & 0xFF);
    n_chars_ = 0;
    bits_ = 0;
  }
}

void Base64Decoder::finish(std::string& out) {
  if (n_chars_ == 2) out += static_cast<char>(bits_ >> 4 & 0xFF);
  if (n_chars_ == 3) {
    out += static_cast<char>(bits_ >> 10 & 0xFF);
    out += static_cast<char>(bits_ >> 2 & 0xFF);
  }
  n_chars_ = 0;
  bits_ = 0;
}

std::string base64_encode(std::string_view bytes) {
  std::string out;
  Base64Encoder encoder;
  encoder.append(bytes, out);
  encoder.finish(out);
  return out;
}

std::string base64_decode(std::string_view text) {
  std::string out;
  Base64Decoder decoder;
  decoder.append(text, out);
  decoder.finish(out);
  return out;
}

}  // namespace syncline::formats
