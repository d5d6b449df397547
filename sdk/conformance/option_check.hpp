// option_check.hpp: values as they are written in a configuration.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "syncline/plugin.h"

namespace syncline::conformance {

/// Small letters, digits, hyphens, underscores; begins with a letter.
bool plain_word(std::string_view);
std::vector<std::string> split(std::string_view text, char by);
/// A number; a duration in milliseconds ("90s", "1h30m"); a size in bytes ("64MiB").
std::optional<std::int64_t> measure(std::uint32_t type, std::string_view text);
struct Range {
  std::optional<std::int64_t> min, max;
};
/// "min..max", either of them may be absent; nothing if it is not of that form or empty of values.
std::optional<Range> range_of(std::uint32_t type, std::string_view allowed);
/// Without the quotes of a TOML string; a bare word is taken as it is.
std::string unquoted(std::string_view);
/// Whether a value as written in TOML fits the option.
bool fits(const sy_option& option, std::string_view value);
/// The value as JSON text, as the kernel hands it over; what does not fit is null.
std::string json_of(const sy_option& option, std::string_view value);

}  // namespace syncline::conformance
