// dates.hpp: days of the calendar (birthday, due date) in EWS, which has instants only. A day is never computed in the
// machine's zone.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace syncline::exchange {

/// The day that an EWS dateTime means. Days are stored as 00:00 or 11:59 UTC, or as midnight in somebody's zone: a time
/// on a quarter of an hour is taken as such a midnight, and the nearest day is meant; any other time is an instant, and
/// its day in UTC is meant. What has an offset of its own and is midnight there, or has no zone, is taken as written.
/// `local`: the same day as another property has it, without a zone; it wins where it fits, since zones beyond +12 are
/// not told from those before -10 otherwise. nullopt: no day, or one of the values that mean none.
[[nodiscard]] std::optional<std::string> day_of(std::string_view date_time, std::string_view local = {});

/// Whether Exchange can hold the day: from 1601 on, and before its own "none" in 4501.
[[nodiscard]] bool is_storable_day(std::string_view day);

/// The instant of an EWS dateTime in milliseconds; nullopt: none that can be read.
[[nodiscard]] std::optional<std::int64_t> instant_of(std::string_view date_time);

}  // namespace syncline::exchange
