#include "units.hpp"

#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <limits>
#include <utility>

namespace syncline {
namespace {

constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();

using Unit = std::pair<std::string_view, std::int64_t>;
constexpr std::array<Unit, 7> durations{
    {{"ms", 1}, {"s", 1'000}, {"min", 60'000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}, {"w", 604'800'000}}};
constexpr std::array<Unit, 10> sizes{{{"", 1},
                                      {"B", 1},
                                      {"KiB", 1LL << 10},
                                      {"MiB", 1LL << 20},
                                      {"GiB", 1LL << 30},
                                      {"TiB", 1LL << 40},
                                      {"kB", 1'000},
                                      {"KB", 1'000},
                                      {"MB", 1'000'000},
                                      {"GB", 1'000'000'000}}};

bool digit(char c) { return c >= '0' && c <= '9'; }
bool letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// Takes "12unit" from the front: the number times the unit.
template <std::size_t N>
std::optional<std::int64_t> take(std::string_view& text, const std::array<Unit, N>& units) {
  std::int64_t number = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (ec != std::errc() || !digit(text.front())) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  std::size_t n = 0;
  while (n < text.size() && letter(text[n])) ++n;
  for (const auto& [name, factor] : units)
    if (name == text.substr(0, n)) {
      text.remove_prefix(n);
      return number > most / factor ? std::nullopt : std::optional(number * factor);
    }
  return std::nullopt;
}

std::optional<int> take_number(std::string_view& text, std::size_t digits) {
  if (text.size() < digits) return std::nullopt;
  int out = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    if (!digit(text[i])) return std::nullopt;
    out = out * 10 + (text[i] - '0');
  }
  text.remove_prefix(digits);
  return out;
}

bool take_char(std::string_view& text, std::string_view any) {
  if (text.empty() || any.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<std::int64_t> take_date(std::string_view& text) {
  const auto year = take_number(text, 4);
  if (!year || !take_char(text, "-")) return std::nullopt;
  const auto month = take_number(text, 2);
  if (!month || !take_char(text, "-")) return std::nullopt;
  const auto day = take_number(text, 2);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  return std::int64_t{std::chrono::sys_days(date).time_since_epoch().count()} * 86'400'000;
}

std::optional<std::int64_t> take_clock(std::string_view& text) {
  const auto hour = take_number(text, 2);
  if (!hour || *hour > 23 || !take_char(text, ":")) return std::nullopt;
  const auto minute = take_number(text, 2);
  if (!minute || *minute > 59) return std::nullopt;
  std::int64_t ms = (*hour * 60LL + *minute) * 60'000;
  if (!take_char(text, ":")) return ms;
  const auto second = take_number(text, 2);
  if (!second || *second > 59) return std::nullopt;
  ms += *second * 1'000LL;
  if (!take_char(text, ".")) return ms;
  std::int64_t scale = 100;
  if (text.empty() || !digit(text.front())) return std::nullopt;
  while (!text.empty() && digit(text.front())) {
    ms += (text.front() - '0') * scale;
    scale /= 10;
    text.remove_prefix(1);
  }
  return ms;
}

std::optional<std::int64_t> take_zone(std::string_view& text) {
  if (take_char(text, "Zz")) return 0;
  const bool west = text.starts_with('-');
  if (!take_char(text, "+-")) return std::nullopt;
  const auto hour = take_number(text, 2);
  if (!hour || *hour > 23 || !take_char(text, ":")) return std::nullopt;
  const auto minute = take_number(text, 2);
  if (!minute || *minute > 59) return std::nullopt;
  return (west ? -1 : 1) * (*hour * 60LL + *minute) * 60'000;
}

}  // namespace

std::optional<std::int64_t> parse_duration(std::string_view text) {
  if (text.empty()) return std::nullopt;
  std::int64_t sum = 0;
  while (!text.empty()) {
    const auto part = take(text, durations);
    if (!part || *part > most - sum) return std::nullopt;
    sum += *part;
  }
  return sum;
}

std::string print_duration(std::int64_t ms) {
  for (auto unit = durations.rbegin(); unit != durations.rend(); ++unit)
    if (ms != 0 && ms % unit->second == 0 && unit->first != "w")
      return std::to_string(ms / unit->second) + std::string(unit->first);
  return std::to_string(ms) + "ms";
}

std::optional<std::int64_t> parse_bytes(std::string_view text) {
  if (text.empty()) return std::nullopt;
  const auto out = take(text, sizes);
  return text.empty() ? out : std::nullopt;
}

std::string print_bytes(std::int64_t bytes) {
  for (const std::string_view unit : {"TiB", "GiB", "MiB", "KiB", "GB", "MB", "kB"})
    for (const auto& [name, factor] : sizes)
      if (name == unit && bytes != 0 && bytes % factor == 0) return std::to_string(bytes / factor) + std::string(name);
  return std::to_string(bytes) + "B";
}

std::optional<std::int64_t> parse_instant(std::string_view text) {
  const auto date = take_date(text);
  if (!date || !take_char(text, "Tt ")) return std::nullopt;
  const auto clock = take_clock(text);
  if (!clock) return std::nullopt;
  const auto zone = take_zone(text);
  if (!zone || !text.empty()) return std::nullopt;
  return *date + *clock - *zone;
}

std::string print_instant(std::int64_t ms) {
  const std::chrono::sys_time<std::chrono::milliseconds> at{std::chrono::milliseconds(ms)};
  const auto day = std::chrono::floor<std::chrono::days>(at);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss<std::chrono::milliseconds> clock(at - day);
  std::array<char, 64> out{};
  std::snprintf(out.data(), out.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
  return out.data();
}

}  // namespace syncline
