#include "tracking_token.hpp"

#include <algorithm>
#include <syncline/formats/ascii.hpp>

namespace syncline::rules {

namespace {

bool digit(char c) { return c >= '0' && c <= '9'; }
bool word(char c) { return digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
}  // namespace

std::vector<std::string> tracking_tokens(std::string_view subject, const std::vector<std::string>& prefixes,
                                         std::size_t digits) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at < subject.size(); ++at)
    for (const std::string& prefix : prefixes) {
      if (prefix.empty() || !formats::same_but_case(subject.substr(at, prefix.size()), prefix)) continue;
      const std::string_view rest = subject.substr(at + prefix.size());
      if (rest.size() < digits || !std::all_of(rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(digits), digit))
        continue;
      if (rest.size() > digits && word(rest[digits])) continue;
      std::string token = prefix + std::string(rest.substr(0, digits));
      if (std::find(out.begin(), out.end(), token) == out.end()) out.push_back(std::move(token));
    }
  return out;
}

}  // namespace syncline::rules
