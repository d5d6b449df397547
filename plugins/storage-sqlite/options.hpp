// options.hpp: the configuration of one store. Durations and sizes may come as numbers (milliseconds, bytes) or as
// text.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace syncline::sqlite {

enum class Check { none, quick, full };

struct Options {
  std::string path;
  std::chrono::milliseconds busy_timeout{10'000};
  std::int64_t cache_bytes = 8 << 20;
  Check check = Check::quick;

  /// Throws SY_CONFIG with the name of the option that is wrong.
  static Options parse(std::string_view json);
};

}  // namespace syncline::sqlite
