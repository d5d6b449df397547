#include "syncline/net/url.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "syncline/net/headers.hpp"
#include "syncline/plugin.hpp"

namespace syncline::net {

namespace {

constexpr std::string_view kUnreserved = "-._~";
constexpr std::string_view kOdata = "-._~,()'$/:@*;";

bool alphanumeric(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

void append_encoded(std::string& out, std::string_view text, std::string_view keep) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  for (const char c : text) {
    if (alphanumeric(c) || keep.find(c) != std::string_view::npos) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += digits[byte >> 4U];
    out += digits[byte & 15U];
  }
}

int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

[[noreturn]] void bad(const std::string& why) {
  throw Error(SY_CONFIG, "not a usable URL: " + why + "; write it as https://host/path");
}

std::uint16_t port_of(std::string_view text) {
  unsigned port = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (failure != std::errc{} || end != text.data() + text.size() || port == 0 || port > 65535)
    bad("its port is no number");
  return static_cast<std::uint16_t>(port);
}

void split_authority(std::string_view authority, Origin& origin) {
  if (authority.find('@') != std::string_view::npos) bad("a user name does not belong into it");
  std::string_view host = authority;
  std::string_view port;
  if (authority.starts_with('[')) {
    const auto close = authority.find(']');
    if (close == std::string_view::npos) bad("its IPv6 address has no closing bracket");
    host = authority.substr(1, close - 1);
    const std::string_view rest = authority.substr(close + 1);
    if (!rest.empty() && !rest.starts_with(':')) bad("something stands behind its IPv6 address");
    port = rest.empty() ? rest : rest.substr(1);
  } else if (const auto colon = authority.find(':'); colon != std::string_view::npos) {
    host = authority.substr(0, colon);
    port = authority.substr(colon + 1);
  }
  const bool clean = std::all_of(
      host.begin(), host.end(), [](char c) { return alphanumeric(c) || c == '-' || c == '.' || c == '_' || c == ':'; });
  if (host.empty() || !clean) bad("it has no proper host name");
  origin.host = host;
  std::transform(origin.host.begin(), origin.host.end(), origin.host.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  const std::uint16_t standard = origin.tls() ? 443 : 80;
  origin.port = port.empty() ? standard : port_of(port);
}

std::string bracketed(const std::string& host) { return host.find(':') == std::string::npos ? host : '[' + host + ']'; }

/// A request line must be one line without blanks, or what follows could become a request of its own.
void require_clean(std::string_view target) {
  for (const char c : target)
    if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7f)
      throw Error(SY_BROKEN, "a request path with a blank or control character is refused; percent-encode it");
}

std::string_view without_fragment(std::string_view text) { return text.substr(0, text.find('#')); }

}  // namespace

std::string encode(std::string_view text) { return encode_except(text, {}); }

std::string encode_except(std::string_view text, std::string_view keep) {
  std::string out;
  append_encoded(out, text, std::string(kUnreserved) + std::string(keep));
  return out;
}

std::string decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex(text[i + 1]) >= 0 && hex(text[i + 2]) >= 0) {
      out += static_cast<char>(hex(text[i + 1]) * 16 + hex(text[i + 2]));
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

Query& Query::add(std::string_view name, std::string_view value) {
  text_ += text_.empty() ? '?' : '&';
  append_encoded(text_, name, kUnreserved);
  text_ += '=';
  append_encoded(text_, value, kUnreserved);
  return *this;
}

Query& Query::add_odata(std::string_view name, std::string_view value) {
  text_ += text_.empty() ? '?' : '&';
  append_encoded(text_, name, kOdata);
  text_ += '=';
  append_encoded(text_, value, kOdata);
  return *this;
}

std::string form(const std::vector<std::pair<std::string, std::string>>& fields) {
  std::string out;
  for (const auto& [name, value] : fields) {
    if (!out.empty()) out += '&';
    append_encoded(out, name, kUnreserved);
    out += '=';
    append_encoded(out, value, kUnreserved);
  }
  return out;
}

std::string Origin::text() const { return bracketed(host) + ':' + std::to_string(port); }

std::string Origin::host_field() const {
  const std::uint16_t standard = tls() ? 443 : 80;
  return port == standard ? bracketed(host) : text();
}

bool is_absolute(std::string_view text) {
  const auto colon = text.find("://");
  return colon != std::string_view::npos && colon > 0 &&
         std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(colon), alphanumeric);
}

Url parse_url(std::string_view text) {
  text = without_fragment(text);
  const auto colon = text.find("://");
  const std::string_view scheme = text.substr(0, colon == std::string_view::npos ? 0 : colon);
  Url url;
  if (equal_without_case(scheme, "https"))
    url.origin.scheme = "https";
  else if (equal_without_case(scheme, "http"))
    url.origin.scheme = "http";
  else
    bad("it begins with neither https:// nor http://");
  const std::string_view rest = text.substr(colon + 3);
  const auto path = std::min(rest.find_first_of("/?"), rest.size());
  split_authority(rest.substr(0, path), url.origin);
  url.path = rest.substr(path);
  if (!url.path.starts_with('/')) url.path.insert(0, "/");
  require_clean(url.path);
  return url;
}

std::string target_below(const Url& base, std::string_view path) {
  if (is_absolute(path)) {
    Url url = parse_url(path);
    if (url.origin != base.origin)
      throw Error(SY_BROKEN, "a link to " + url.origin.scheme + "://" + url.origin.text() +
                                 " is refused: it leads away from " + base.origin.scheme + "://" + base.origin.text() +
                                 ", which the credentials are for");
    return std::move(url.path);
  }
  path = without_fragment(path);
  std::string out;
  if (path.starts_with("//")) throw Error(SY_BROKEN, "a link without a scheme is refused; give a path or a whole URL");
  if (path.starts_with('/')) {
    out = path;
  } else {
    out = base.path.substr(0, base.path.find('?'));
    if (!path.empty() && path.front() != '?' && !out.ends_with('/')) out += '/';
    out += path;
  }
  require_clean(out);
  return out;
}

std::string harmless_path(std::string_view path) { return std::string(path.substr(0, path.find_first_of("?(#"))); }

}  // namespace syncline::net
