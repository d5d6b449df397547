// The crash tests' step(): SYNCLINE_STEP_DIE=n ends the process at the n-th step, without unwinding, as a power cut
// would; SYNCLINE_STEP_LOG=file gets the names, so that a test knows how many there are.
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>

#include "step.hpp"

namespace syncline {

namespace {
std::atomic<long> counter{0};
std::mutex log_mutex;
}  // namespace

void step(std::string_view name) noexcept {
  static const long die = [] {
    const char* v = std::getenv("SYNCLINE_STEP_DIE");
    return v == nullptr ? 0L : std::atol(v);
  }();
  static std::FILE* const log = [] {
    const char* v = std::getenv("SYNCLINE_STEP_LOG");
    return v == nullptr ? nullptr : std::fopen(v, "a");
  }();
  const long n = ++counter;
  if (log != nullptr) {
    const std::lock_guard lock(log_mutex);
    std::fprintf(log, "%ld %.*s\n", n, static_cast<int>(name.size()), name.data());
    std::fflush(log);
  }
  if (die != 0 && n == die) ::_exit(99);
}

}  // namespace syncline
