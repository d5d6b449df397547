#include "options.hpp"

#include <array>
#include <boost/json.hpp>
#include <charconv>
#include <syncline/plugin.hpp>
#include <utility>

namespace syncline::sqlite {
namespace {

using Unit = std::pair<std::string_view, std::int64_t>;
constexpr std::array<Unit, 6> durations{
    {{"ms", 1}, {"s", 1'000}, {"m", 60'000}, {"min", 60'000}, {"h", 3'600'000}, {"", 1}}};
constexpr std::array<Unit, 6> sizes{
    {{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"kB", 1'000}, {"MB", 1'000'000}, {"", 1}}};

[[noreturn]] void wrong(std::string_view option, std::string_view why) {
  throw Error(SY_CONFIG, "storage-sqlite: option `" + std::string(option) + "`: " + std::string(why));
}

template <std::size_t N>
std::int64_t scaled(std::string_view option, std::string_view text, const std::array<Unit, N>& units) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || number < 0) wrong(option, "must be a number with a unit");
  std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  while (!unit.empty() && unit.front() == ' ') unit.remove_prefix(1);
  for (const auto& [name, factor] : units) {
    if (name != unit) continue;
    std::int64_t out = 0;
    if (__builtin_mul_overflow(number, factor, &out)) wrong(option, "is too big");
    return out;
  }
  wrong(option, "has a unit that is not known");
}

template <std::size_t N>
std::int64_t amount(const boost::json::object& o, std::string_view option, std::int64_t fallback, std::int64_t least,
                    std::int64_t most, const std::array<Unit, N>& units) {
  const auto* v = o.if_contains(option);
  std::int64_t out = fallback;
  if (v != nullptr && v->is_string()) {
    out = scaled(option, std::string_view(v->get_string()), units);
  } else if (v != nullptr && v->is_int64()) {
    out = v->get_int64();
  } else if (v != nullptr) {
    wrong(option, "must be a number with a unit");
  }
  if (out < least || out > most) wrong(option, "is out of its range");
  return out;
}

}  // namespace

Options Options::parse(std::string_view json) {
  boost::system::error_code error;
  const boost::json::value v = boost::json::parse({json.data(), json.size()}, error);
  if (error || !v.is_object()) throw Error(SY_CONFIG, "storage-sqlite: its configuration is not a JSON object");
  const auto& o = v.get_object();
  Options out;
  const auto* path = o.if_contains("path");
  if (path == nullptr || !path->is_string() || path->get_string().empty())
    wrong("path", "is required: the file of the store");
  out.path = path->get_string().c_str();
  out.busy_timeout = std::chrono::milliseconds(amount(o, "busy_timeout", 10'000, 100, 600'000, durations));
  out.cache_bytes = amount(o, "cache", 8 << 20, 1 << 20, 1 << 30, sizes);
  if (const auto* check = o.if_contains("check")) {
    if (*check == "quick")
      out.check = Check::quick;
    else if (*check == "full")
      out.check = Check::full;
    else if (*check == "none")
      out.check = Check::none;
    else
      wrong("check", "must be quick, full or none");
  }
  return out;
}

}  // namespace syncline::sqlite
