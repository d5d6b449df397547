// examination.hpp: what `doctor` finds: each check with how it went and what to do. Asks servers, writes nothing.
#pragma once

#include <string>
#include <vector>

#include "schedule.hpp"

namespace syncline {

struct Finding {
  enum class State { ok, warning, error } state = State::ok;
  std::string subject;  ///< what was looked at: "store", a connection, a pair
  std::string check;    ///< dns, tcp, tls, sign_in, permissions, clock, disk, …
  std::string text, remedy;
  sy_code code = SY_OK;  ///< error: what the caller has to do; SY_OK: the finding did not say
};
std::string_view name_of(Finding::State s);

struct ExaminationOptions {
  std::vector<std::string> pairs;                  ///< by name; empty: the first `most_pairs`
  std::size_t most_pairs = 25;                     ///< signed in for, when none is named
  std::function<void(const Finding&)> on_finding;  ///< told as they come
};

/// In the order in which one thing needs the other: plugins, store, disk, then each server, then who signs in there.
std::vector<Finding> examine(const LoadedConfig& loaded, const ExaminationOptions& options);

}  // namespace syncline
