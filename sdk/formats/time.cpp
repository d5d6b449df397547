#include "syncline/formats/time.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>

namespace syncline::formats {
namespace {

constexpr std::int64_t day_ms = 86'400'000;
constexpr std::int64_t first_ms = -62'167'219'200'000;  // 0000-01-01T00:00:00.000Z
constexpr std::int64_t last_ms = 253'402'300'799'999;   // 9999-12-31T23:59:59.999Z

/// Reads a text from left to right; once something does not fit, it stays failed.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}

  int digits(std::size_t count) {
    int value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (!at_digit()) return fail();
      value = value * 10 + (rest_.front() - '0');
      rest_.remove_prefix(1);
    }
    return value;
  }
  bool accept(std::string_view one_of) {
    if (rest_.empty() || one_of.find(rest_.front()) == std::string_view::npos) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void expect(std::string_view one_of) {
    if (!accept(one_of)) fail();
  }
  /// The digits after the point, in milliseconds.
  int fraction() {
    if (!at_digit()) return fail();
    int value = 0;
    for (int weight = 100; at_digit(); weight /= 10, rest_.remove_prefix(1)) value += weight * (rest_.front() - '0');
    return value;
  }
  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  [[nodiscard]] bool ok() const { return ok_; }
  int fail() {
    ok_ = false;
    return 0;
  }

 private:
  [[nodiscard]] bool at_digit() const { return !rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9'; }
  std::string_view rest_;
  bool ok_ = true;
};

std::optional<std::int64_t> scan_date(Scanner& in) {
  const int year = in.digits(4);
  in.expect("-");
  const int month = in.digits(2);
  in.expect("-");
  const int day = in.digits(2);
  const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  if (!in.ok() || !date.ok()) return std::nullopt;
  return std::int64_t{std::chrono::sys_days{date}.time_since_epoch().count()} * day_ms;
}

std::int64_t scan_offset_ms(Scanner& in) {
  if (in.accept("Zz") || in.at_end()) return 0;
  const bool west = in.accept("-");
  if (!west) in.expect("+");
  const int hours = in.digits(2);
  in.accept(":");
  const int minutes = in.digits(2);
  if (hours > 23 || minutes > 59) in.fail();
  return (west ? -1 : 1) * (std::int64_t{hours} * 60 + minutes) * 60'000;
}

}  // namespace

std::string to_iso(std::int64_t utc_ms) {
  const std::chrono::sys_time<std::chrono::milliseconds> instant{
      std::chrono::milliseconds{std::clamp(utc_ms, first_ms, last_ms)}};
  const auto midnight = std::chrono::floor<std::chrono::days>(instant);
  const std::chrono::year_month_day date{midnight};
  const std::chrono::hh_mm_ss clock{instant - midnight};
  std::array<char, 64> text{};
  const int length =
      std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
                    static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                    static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
                    static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
  return {text.data(), static_cast<std::size_t>(std::max(length, 0))};
}

std::optional<std::int64_t> from_iso(std::string_view text) {
  Scanner in(text);
  const auto date = scan_date(in);
  if (!date) return std::nullopt;
  if (in.at_end()) return date;
  in.expect("Tt ");
  const int hour = in.digits(2);
  in.expect(":");
  const int minute = in.digits(2);
  const int second = in.accept(":") ? in.digits(2) : 0;
  const int milli = in.accept(".,") ? in.fraction() : 0;
  const std::int64_t offset = scan_offset_ms(in);
  if (!in.ok() || !in.at_end() || hour > 23 || minute > 59 || second > 59) return std::nullopt;
  return *date + ((std::int64_t{hour} * 60 + minute) * 60 + second) * 1000 + milli - offset;
}

bool is_date(std::string_view text) {
  Scanner in(text);
  return scan_date(in).has_value() && in.at_end();
}

}  // namespace syncline::formats
