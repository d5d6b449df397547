#include "tracking_token.hpp"

#include <algorithm>

namespace syncline::rules {

namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

}  // namespace

std::vector<std::string> tracking_tokens(std::string_view subject, std::span<const std::string> prefixes,
                                         std::size_t digits) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at < subject.size(); ++at) {
    std::size_t length = 0;
    for (const std::string& prefix : prefixes) {
      if (prefix.empty() || subject.substr(at, prefix.size()) != prefix) continue;
      const std::string_view after = subject.substr(at + prefix.size());
      const bool fits = after.size() >= digits && std::all_of(after.begin(), after.begin() + digits, is_digit) &&
                        (after.size() == digits || !is_word(after[digits]));
      if (fits) length = std::max(length, prefix.size() + digits);
    }
    if (length == 0) continue;
    std::string token(subject.substr(at, length));
    if (std::find(out.begin(), out.end(), token) == out.end()) out.push_back(std::move(token));
    at += length - 1;
  }
  return out;
}

}  // namespace syncline::rules
