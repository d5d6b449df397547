#include "request.hpp"

#include <algorithm>

#include "encode.hpp"
#include "odata_error.hpp"

namespace syncline::sandbox {
namespace {

std::string find_header(const HeaderList& headers, std::string_view name) {
  const std::string wanted = lower(name);
  const auto at = std::find_if(headers.begin(), headers.end(), [&](const auto& h) { return lower(h.first) == wanted; });
  return at == headers.end() ? std::string() : at->second;
}

Segment segment_of(const std::string& text) {
  const auto open = text.find('(');
  if (open == std::string::npos) return {text, std::nullopt};
  if (text.back() != ')') throw ODataError(400, kBadQuery, "Bad Request - Error in query syntax: ')' expected.");
  return {text.substr(0, open), text.substr(open + 1, text.size() - open - 2)};
}

}  // namespace

std::string trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return std::string(text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1));
}

std::vector<std::string> split_list(std::string_view text, char separator) {
  std::vector<std::string> out;
  std::size_t start = 0;
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i == text.size() || (text[i] == separator && depth == 0 && !quoted)) {
      if (std::string part = trimmed(text.substr(start, i - start)); !part.empty()) out.push_back(std::move(part));
      start = i + 1;
    } else if (text[i] == '\'') {
      quoted = !quoted;
    } else if (!quoted && (text[i] == '(' || text[i] == ')')) {
      depth += text[i] == '(' ? 1 : -1;
    }
  }
  return out;
}

std::string Call::header(std::string_view name) const { return find_header(headers, name); }
std::string Reply::header(std::string_view name) const { return find_header(headers, name); }

bool Call::prefers(std::string_view preference) const {
  for (const auto& [name, value] : headers) {
    if (lower(name) != "prefer") continue;
    for (const auto& part : split_list(value, ',')) {
      if (lower(part) == preference) return true;
    }
  }
  return false;
}

std::string Call::preference(std::string_view wanted) const {
  for (const auto& [name, value] : headers) {
    if (lower(name) != "prefer") continue;
    const auto at = value.find(std::string(wanted) + "=");
    if (at == std::string::npos) continue;
    std::string rest = value.substr(at + wanted.size() + 1);
    if (rest.starts_with("\"")) return rest.substr(1, rest.find('"', 1) - 1);  // a quoted list has commas of its own
    return trimmed(std::string_view(rest).substr(0, rest.find(',')));
  }
  return {};
}

std::string Target::option(const std::string& name) const {
  const auto at = options.find(name);
  return at == options.end() ? std::string() : at->second;
}

Target parse_target(std::string_view target) {
  if (const auto scheme = target.find("://"); scheme != std::string_view::npos && scheme < 8) {
    const auto path = target.find('/', scheme + 3);
    target = path == std::string_view::npos ? std::string_view("/") : target.substr(path);
  }
  Target out;
  const auto mark = target.find('?');
  std::string path = percent_decoded(target.substr(0, mark));
  if (path.starts_with("/")) {
    constexpr std::string_view kRoot = "/api/data/v9.";
    if (!path.starts_with(kRoot) || path.size() < kRoot.size() + 1 || path[kRoot.size()] > '2' ||
        path[kRoot.size()] < '0')
      throw ODataError(404, "", "No HTTP resource was found that matches the request URI.");
    path = path.substr(kRoot.size() + 1);
    while (path.starts_with("/")) path.erase(0, 1);
  }
  out.path = path;
  for (const auto& part : split_list(path, '/')) out.segments.push_back(segment_of(part));
  if (mark == std::string_view::npos) return out;
  out.raw_query = target.substr(mark + 1);
  std::size_t start = 0;
  while (start < out.raw_query.size()) {
    const auto end = std::min(out.raw_query.find('&', start), out.raw_query.size());
    const std::string pair = out.raw_query.substr(start, end - start);
    const auto equals = std::min(pair.find('='), pair.size());
    const std::string name = percent_decoded(pair.substr(0, equals));
    if (!pair.empty() &&
        !out.options.emplace(name, percent_decoded(pair.substr(std::min(equals + 1, pair.size())))).second)
      throw ODataError(400, kBadQuery, "Query option '" + name + "' was specified more than once.");
    start = end + 1;
  }
  return out;
}

}  // namespace syncline::sandbox
