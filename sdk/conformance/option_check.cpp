#include "option_check.hpp"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <charconv>
#include <limits>
#include <utility>

#include "check.hpp"

namespace syncline::conformance {
namespace {

using Unit = std::pair<std::string_view, std::int64_t>;
constexpr std::array<Unit, 6> durations{
    {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}, {"w", 604'800'000}}};
constexpr std::array<Unit, 9> sizes{{{"", 1},
                                     {"B", 1},
                                     {"kB", 1000},
                                     {"MB", 1'000'000},
                                     {"GB", 1'000'000'000},
                                     {"KB", 1000},
                                     {"KiB", 1 << 10},
                                     {"MiB", 1 << 20},
                                     {"GiB", 1 << 30}}};

bool given(const char* s) { return s != nullptr && *s != '\0'; }

template <std::size_t N>
std::optional<std::int64_t> factor(const std::array<Unit, N>& units, std::string_view name) {
  for (const auto& [unit, n] : units)
    if (unit == name) return n;
  return std::nullopt;
}

bool measured(std::uint32_t type) { return type == SY_INT || type == SY_DURATION || type == SY_BYTES; }

std::optional<boost::json::value> parsed(std::string_view text) {
  boost::system::error_code failed;
  boost::json::value v = boost::json::parse(text, failed);
  if (failed) return std::nullopt;
  return v;
}

}  // namespace

bool plain_word(std::string_view s) {
  if (s.empty() || s[0] < 'a' || s[0] > 'z') return false;
  return std::all_of(s.begin(), s.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_'; });
}

std::vector<std::string> split(std::string_view text, char by) {
  std::vector<std::string> out;
  for (;;) {
    const std::size_t end = text.find(by);
    out.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return out;
    text.remove_prefix(end + 1);
  }
}

std::optional<std::int64_t> measure(std::uint32_t type, std::string_view text) {
  std::int64_t total = 0;
  if (text.empty()) return std::nullopt;
  while (!text.empty()) {
    std::int64_t n = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), n);
    if (failed != std::errc() || (n < 0 && type != SY_INT)) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    const std::size_t letters = std::min(text.find_first_of("0123456789"), text.size());
    const std::string_view unit = text.substr(0, letters);
    text.remove_prefix(letters);
    const auto times = type == SY_INT        ? (unit.empty() ? std::optional<std::int64_t>(1) : std::nullopt)
                       : type == SY_DURATION ? factor(durations, unit)
                                             : factor(sizes, unit);
    if (!times || (type != SY_DURATION && !text.empty())) return std::nullopt;
    if (n > std::numeric_limits<std::int64_t>::max() / *times - total) return std::nullopt;
    total += n * *times;
  }
  return total;
}

std::optional<Range> range_of(std::uint32_t type, std::string_view allowed) {
  const std::size_t dots = allowed.find("..");
  if (dots == std::string_view::npos) return std::nullopt;
  Range out;
  const std::string_view low = allowed.substr(0, dots), high = allowed.substr(dots + 2);
  if (!low.empty()) out.min = measure(type, low);
  if (!high.empty()) out.max = measure(type, high);
  if ((!low.empty() && !out.min) || (!high.empty() && !out.max)) return std::nullopt;
  if ((low.empty() && high.empty()) || (out.min && out.max && *out.min > *out.max)) return std::nullopt;
  return out;
}

std::string unquoted(std::string_view s) {
  if (s.size() >= 2 && (s.front() == '"' || s.front() == '\'') && s.back() == s.front()) s = s.substr(1, s.size() - 2);
  return std::string(s);
}

bool fits(const sy_option& o, std::string_view value) {
  const std::string bare = unquoted(value);
  if (measured(o.type)) {
    const auto n = measure(o.type, bare);
    if (!n) return false;
    if (!given(o.allowed)) return true;
    const auto range = range_of(o.type, o.allowed);
    return range && (!range->min || *n >= *range->min) && (!range->max || *n <= *range->max);
  }
  switch (o.type) {
    case SY_BOOL: return value == "true" || value == "false";
    case SY_CHOICE: {
      const auto words = split(given(o.allowed) ? o.allowed : "", '|');
      return std::find(words.begin(), words.end(), bare) != words.end();
    }
    case SY_URL: return bare.find("://") != std::string::npos;
    case SY_INSTANT: return bare.size() >= 20 && bare[4] == '-' && bare.find('T') != std::string::npos;
    case SY_LIST: return value.size() >= 2 && value.front() == '[' && value.back() == ']';
    case SY_TABLE: return value.size() >= 2 && value.front() == '{' && value.back() == '}';
    case SY_PATH: return !bare.empty();
    default: return true;
  }
}

std::string json_of(const sy_option& o, std::string_view value) {
  if (!fits(o, value)) return "null";
  if (measured(o.type)) return std::to_string(*measure(o.type, unquoted(value)));
  if (o.type == SY_BOOL) return std::string(value);
  if (o.type == SY_LIST || o.type == SY_TABLE) {
    const auto v = parsed(value);
    return v ? boost::json::serialize(*v) : "null";
  }
  return boost::json::serialize(boost::json::value(unquoted(value)));
}

std::vector<std::string> problems_of(const sy_option& o) {
  if (!SY_HAS(&o, example)) return {"an option's size is smaller than the first release's sy_option"};
  std::vector<std::string> out;
  const std::string who =
      given(o.name) ? std::string("option ") + o.name + ": " : std::string("an option without a name: ");
  const auto bad = [&](const std::string& what) { out.push_back(who + what); };
  const auto parts = split(given(o.name) ? o.name : "", '.');
  if (!std::all_of(parts.begin(), parts.end(), [](const std::string& p) { return plain_word(p); }))
    bad("a name is of small letters, digits, hyphens and underscores, with dots for tables");
  if (o.type > SY_REGEX) bad("its type is none that this release knows");
  if ((o.flags & ~std::uint32_t{SY_REQUIRED | SY_PER_ENDPOINT | SY_QUEUE_ONLY | SY_IN_EXAMPLE}) != 0)
    bad("it has flags that this release does not know");
  if ((o.flags & SY_QUEUE_ONLY) != 0 && (o.flags & (SY_PER_ENDPOINT | SY_REQUIRED)) != SY_PER_ENDPOINT)
    bad("what is for queues only stands in a mailbox, and is not required");
  if (!given(o.doc)) bad("doc is empty");
  if (o.type == SY_CHOICE) {
    const auto words = split(given(o.allowed) ? o.allowed : "", '|');
    if (words.size() < 2 || std::any_of(words.begin(), words.end(), [](const std::string& w) { return w.empty(); }))
      bad("allowed must name the choices, as a|b");
  } else if (measured(o.type)) {
    if (given(o.allowed) && !range_of(o.type, o.allowed)) bad("allowed must be min..max");
  } else if (given(o.allowed) && o.type != SY_LIST) {
    bad("allowed has no meaning for its type");
  }
  if ((o.flags & SY_REQUIRED) != 0 && o.fallback != nullptr) bad("what is required has no default");
  if (o.type == SY_SECRET && o.fallback != nullptr) bad("a secret has no default");
  if (o.fallback != nullptr && o.type != SY_SECRET && !fits(o, o.fallback))
    bad("the default does not fit its type and range");
  if (given(o.example) && o.type != SY_SECRET && !fits(o, o.example))
    bad("the example does not fit its type and range");
  return out;
}

}  // namespace syncline::conformance
