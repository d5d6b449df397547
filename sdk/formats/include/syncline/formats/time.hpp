// time.hpp: instants as they stand in documents: UTC, milliseconds, "2026-01-31T23:59:59.000Z".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace syncline::formats {

/// Years outside 0000..9999 have no four digits and are held at the nearest instant that has.
[[nodiscard]] std::string to_iso(std::int64_t utc_ms);

/// Reads to_iso's form and what servers send: any number of fractional digits (cut to milliseconds), "Z" or an offset
/// ("+02:00", "+0200"), a date alone (its midnight in UTC). Without a zone the time is taken as UTC. Nothing else, and
/// no instant that does not exist.
[[nodiscard]] std::optional<std::int64_t> from_iso(std::string_view text);

/// "YYYY-MM-DD" that names a day of the calendar.
[[nodiscard]] bool is_date(std::string_view text);

}  // namespace syncline::formats
