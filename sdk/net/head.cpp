#include "head.hpp"

#include <algorithm>
#include <charconv>
#include <string>
#include <utility>

#include "malformed.hpp"

namespace syncline::net {

namespace {

constexpr std::size_t kMaxFields = 500;

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

std::optional<std::uint64_t> whole_number(std::string_view text, int base) {
  std::uint64_t value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (text.empty() || failure != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

void parse_status(std::string_view line, Head& head) {
  // "HTTP/1.1 200 OK"; the reason may be missing.
  const bool shape =
      line.size() >= 12 && line.substr(0, 7) == "HTTP/1." && line[8] == ' ' && (line.size() == 12 || line[12] == ' ');
  const auto status = shape ? whole_number(line.substr(9, 3), 10) : std::nullopt;
  if (!status || *status < 100 || *status > 599) throw Malformed("the answer is not HTTP/1.1; check the port");
  head.status = static_cast<int>(*status);
  head.keep_alive_by_default = line[7] != '0';
}

}  // namespace

Head parse_head(std::string_view text) {
  Head head;
  bool first = true;
  std::string name;
  std::string value;
  const auto keep = [&] {
    if (name.empty()) return;
    if (head.headers.size() >= kMaxFields) throw Malformed("the answer has too many header fields");
    head.headers.add(std::exchange(name, {}), std::exchange(value, {}));
  };
  while (!text.empty()) {
    const auto end = text.find('\n');
    const std::string_view raw = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    const std::string_view line = trim(raw);
    if (first) {
      parse_status(line, head);
      first = false;
    } else if (!raw.empty() && (raw.front() == ' ' || raw.front() == '\t')) {  // folded
      value += ' ';
      value += line;
    } else if (!line.empty()) {
      keep();
      const auto colon = line.find(':');
      if (colon == std::string_view::npos || colon == 0) throw Malformed("the answer has a header line without a name");
      name = trim(line.substr(0, colon));
      value = trim(line.substr(colon + 1));
    }
  }
  if (first) throw Malformed("the answer is empty");
  keep();
  return head;
}

std::optional<std::uint64_t> Head::content_length() const {
  if (headers.has("Transfer-Encoding")) return std::nullopt;  // it rules (RFC 9112, 6.3)
  std::optional<std::uint64_t> length;
  for (const std::string& text : headers.all("Content-Length")) {
    const auto value = whole_number(trim(text), 10);
    if (!value || (length && *length != *value)) throw Malformed("the answer's Content-Length cannot be understood");
    length = value;
  }
  return length;
}

bool Head::keeps_alive() const {
  if (headers.has_token("Connection", "close")) return false;
  return keep_alive_by_default || headers.has_token("Connection", "keep-alive");
}

std::int64_t Head::idle_seconds() const {
  const std::string field = headers.get("Keep-Alive");
  const auto at = field.find("timeout=");
  if (at == std::string::npos) return 0;
  const std::string_view rest = std::string_view(field).substr(at + 8);
  const auto value = whole_number(rest.substr(0, rest.find_first_not_of("0123456789")), 10);
  return value ? static_cast<std::int64_t>(std::min<std::uint64_t>(*value, 86'400)) : 0;
}

std::uint64_t parse_chunk_size(std::string_view line) {
  const auto size = whole_number(trim(line.substr(0, line.find(';'))), 16);
  if (!size) throw Malformed("the answer's chunks cannot be understood");
  return *size;
}

}  // namespace syncline::net
