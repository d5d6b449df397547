// units.hpp: durations, sizes and instants as people write them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace syncline {

/// "500ms", "30s", "5m", "1h30m", "24h", "30d", "2w" → milliseconds.
std::optional<std::int64_t> parse_duration(std::string_view text);
std::string print_duration(std::int64_t ms);

/// "65536", "512KiB", "64MiB", "1GiB", "10MB" → bytes.
std::optional<std::int64_t> parse_bytes(std::string_view text);
std::string print_bytes(std::int64_t bytes);

/// ISO 8601 with a zone ("2026-01-01T00:00:00Z", "2026-01-01T01:00:00.5+01:00") → UTC milliseconds.
std::optional<std::int64_t> parse_instant(std::string_view text);
/// "2026-01-01T00:00:00.000Z"
std::string print_instant(std::int64_t ms);

}  // namespace syncline
