#include "dates.hpp"

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "syncline/formats/time.hpp"

namespace syncline::exchange {
namespace {

constexpr std::int64_t day_seconds = 86'400;
constexpr std::int64_t quarter_seconds = 900;
constexpr std::int64_t farthest_zone_seconds = std::int64_t{14} * 3'600 + day_seconds / 2;

struct Parsed {
  std::int64_t day = 0;      ///< since 1970, as written
  std::int64_t seconds = 0;  ///< of that day, as written
  bool has_time = false;
  std::optional<std::int64_t> offset;  ///< in seconds; nullopt: no zone
};

class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}
  int digits(std::size_t count) {
    int value = 0;
    for (std::size_t i = 0; i < count; ++i) {
      if (rest_.empty() || rest_.front() < '0' || rest_.front() > '9') {
        ok_ = false;
        return 0;
      }
      value = value * 10 + (rest_.front() - '0');
      rest_.remove_prefix(1);
    }
    return value;
  }
  bool accept(char c) {
    if (rest_.empty() || rest_.front() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  void expect(char c) { ok_ = accept(c) && ok_; }
  void skip_digits() {
    while (!rest_.empty() && rest_.front() >= '0' && rest_.front() <= '9') rest_.remove_prefix(1);
  }
  [[nodiscard]] bool done() const { return ok_ && rest_.empty(); }
  [[nodiscard]] bool ok() const { return ok_; }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

std::string_view trim(std::string_view text) {
  constexpr std::string_view blanks = " \t\n\r";
  const std::size_t first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::optional<Parsed> parse(std::string_view text) {
  Scanner in(trim(text));
  const int year = in.digits(4);
  in.expect('-');
  const int month = in.digits(2);
  in.expect('-');
  const int day = in.digits(2);
  const std::chrono::year_month_day date{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)},
                                         std::chrono::day{static_cast<unsigned>(day)}};
  if (!in.ok() || !date.ok()) return std::nullopt;
  Parsed out;
  out.day = std::int64_t{std::chrono::sys_days{date}.time_since_epoch().count()};
  if (in.accept('T')) {
    const int hour = in.digits(2);
    in.expect(':');
    const int minute = in.digits(2);
    int second = 0;
    if (in.accept(':')) second = in.digits(2);
    if (in.accept('.')) in.skip_digits();
    if (hour > 24 || minute > 59 || second > 60 || (hour == 24 && minute + second > 0)) return std::nullopt;
    out.has_time = true;
    out.seconds = std::int64_t{hour} * 3'600 + std::int64_t{minute} * 60 + second;
  }
  if (in.accept('Z')) {
    out.offset = 0;
  } else {
    const bool west = in.accept('-');
    if (west || in.accept('+')) {
      const int hours = in.digits(2);
      in.accept(':');
      const int minutes = in.digits(2);
      if (hours > 14 || minutes > 59) return std::nullopt;
      out.offset = (west ? -1 : 1) * (std::int64_t{hours} * 3'600 + std::int64_t{minutes} * 60);
    }
  }
  if (!in.done()) return std::nullopt;
  if (out.seconds >= day_seconds) {  // 24:00:00, or a leap second at the end
    out.seconds -= day_seconds;
    ++out.day;
  }
  return out;
}

std::string day_text(std::int64_t day) {
  const std::chrono::year_month_day date{std::chrono::sys_days{std::chrono::days{day}}};
  std::array<char, 32> text{};
  const int n = std::snprintf(text.data(), text.size(), "%04d-%02u-%02u", int{date.year()}, unsigned{date.month()},
                              unsigned{date.day()});
  return {text.data(), static_cast<std::size_t>(n)};
}

/// From midnight in a zone, or an instant, to the day that is meant.
std::int64_t nearest_day(std::int64_t utc) {
  const std::int64_t day = utc >= 0 ? utc / day_seconds : -((-utc + day_seconds - 1) / day_seconds);
  const std::int64_t seconds = utc - day * day_seconds;
  return seconds % quarter_seconds == 0 && seconds >= day_seconds / 2 ? day + 1 : day;
}

}  // namespace

std::optional<std::string> day_of(std::string_view date_time, std::string_view local) {
  const auto value = parse(date_time);
  if (!value) return std::nullopt;
  std::int64_t day = value->day;
  const bool as_written = !value->has_time || !value->offset || (*value->offset != 0 && value->seconds == 0);
  if (!as_written) {
    const std::int64_t utc = value->day * day_seconds + value->seconds - *value->offset;
    day = nearest_day(utc);
    const auto other = parse(local);
    if (other && std::abs(other->day * day_seconds - utc) <= farthest_zone_seconds) day = other->day;
  }
  std::string text = day_text(day);
  if (!is_storable_day(text)) return std::nullopt;
  return text;
}

bool is_storable_day(std::string_view day) {
  // Texts of one form: their order is that of the days. 1601-01-01 is Exchange's zero, 4501-01-01 its "none".
  return formats::is_date(day) && day > "1601-01-01" && day < "4500-12-31";
}

std::optional<std::int64_t> instant_of(std::string_view date_time) { return formats::from_iso(trim(date_time)); }

}  // namespace syncline::exchange
