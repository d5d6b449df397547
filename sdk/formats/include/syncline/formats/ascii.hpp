// ascii.hpp: letters A to Z without regard to their case: addresses, header names, extensions. Other bytes stay as they
// are, whatever the process's locale.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace syncline::formats {

[[nodiscard]] constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

[[nodiscard]] inline std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = lower(c);
  return out;
}

[[nodiscard]] constexpr bool same_but_case(std::string_view l, std::string_view r) {
  return std::equal(l.begin(), l.end(), r.begin(), r.end(), [](char a, char b) { return lower(a) == lower(b); });
}

}  // namespace syncline::formats
