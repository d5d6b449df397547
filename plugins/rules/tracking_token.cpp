#include "tracking_token.hpp"

#include <algorithm>

namespace syncline::rules {

namespace {

bool digit(char c) { return c >= '0' && c <= '9'; }
bool word(char c) { return digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool begins(std::string_view text, std::string_view prefix) {
  return text.size() >= prefix.size() &&
         std::equal(prefix.begin(), prefix.end(), text.begin(), [](char l, char r) { return lower(l) == lower(r); });
}

}  // namespace

std::vector<std::string> tracking_tokens(std::string_view subject, const std::vector<std::string>& prefixes,
                                         std::size_t digits) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at < subject.size(); ++at)
    for (const std::string& prefix : prefixes) {
      if (prefix.empty() || !begins(subject.substr(at), prefix)) continue;
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
