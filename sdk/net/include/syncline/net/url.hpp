// url.hpp: taking addresses apart and putting queries together. A space is always %20, never +.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace syncline::net {

/// Percent-encodes everything but the unreserved characters of RFC 3986 (letters, digits, "-._~").
[[nodiscard]] std::string encode(std::string_view text);
/// The same, but leaves the characters in `keep` as they are: encode_except("a/b c", "/") is "a/b%20c".
[[nodiscard]] std::string encode_except(std::string_view text, std::string_view keep);
/// Undoes %XX; anything that is not a whole escape stays as it is. A plus is a plus.
[[nodiscard]] std::string decode(std::string_view text);

/// Builds "?a=b&c=d" out of raw names and values; an empty query is an empty text.
class Query {
 public:
  Query& add(std::string_view name, std::string_view value);
  /// The name stays as it is, as OData wants it for "$filter", "$select"; also kept in the value: ",()'$/:@*;".
  Query& add_odata(std::string_view name, std::string_view value);
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

/// name=value pairs of a form body (application/x-www-form-urlencoded, spaces as %20, which every server takes).
[[nodiscard]] std::string form(const std::vector<std::pair<std::string, std::string>>& fields);

/// Scheme, host and port: what a credential and a connection belong to.
struct Origin {
  std::string scheme;  ///< "http" or "https"
  std::string host;    ///< lower case; an IPv6 address without its brackets
  std::uint16_t port = 0;

  friend bool operator==(const Origin&, const Origin&) = default;
  [[nodiscard]] bool tls() const { return scheme == "https"; }
  /// "host:port", for people; brackets around an IPv6 address.
  [[nodiscard]] std::string text() const;
  /// What stands in the Host field: without the port when it is the scheme's own.
  [[nodiscard]] std::string host_field() const;
};

struct Url {
  Origin origin;
  std::string path;  ///< begins with "/", with the query, without the fragment
};

/// Throws Error(SY_CONFIG) unless it is http:// or https:// with a host, without user name and password.
[[nodiscard]] Url parse_url(std::string_view text);
[[nodiscard]] bool is_absolute(std::string_view text);
/// What a request asks for below `base`: an absolute URL must have the same origin (else Error(SY_BROKEN): a credential
/// must not follow a link to a foreign host); "/x" is taken from the root; anything else is put below base's path.
[[nodiscard]] std::string target_below(const Url& base, std::string_view path);

/// For error texts: the path without query and from the first parenthesis on without keys.
[[nodiscard]] std::string harmless_path(std::string_view path);

}  // namespace syncline::net
