// Small encodings of the sandbox's own (OpenSSL underneath), so that the servers share no code with what they test.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace syncline::sandbox {

std::string base64(std::string_view bytes);
std::optional<std::string> from_base64(std::string_view text);
std::string sha256(std::string_view bytes);  // 64 hex digits
std::string new_guid();
std::string guid_of(std::string_view text);              // always the same one for the same text
std::optional<std::string> guid(std::string_view text);  // lower case, without braces; none if it is no GUID
std::string percent_decoded(std::string_view text);      // "+" stays "+"
std::string percent_encoded(std::string_view text);
std::string lower(std::string_view text);
std::string now_utc();                                        // "2026-01-01T00:00:00Z"
std::optional<std::string> date_time(std::string_view text);  // any offset -> "…Z", whole seconds
std::size_t characters(std::string_view utf8);

}  // namespace syncline::sandbox
