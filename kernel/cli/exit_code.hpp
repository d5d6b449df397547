// exit_code.hpp: the one table of exit codes (sysexits values where there is one) and how errors map to it.
#pragma once

#include <array>
#include <string_view>
#include <syncline/plugin.hpp>

namespace syncline::exit_code {

enum : int {
  ok = 0,
  items_failed = 1,     ///< finished, some items failed
  stopped = 2,          ///< a safety gate stopped it, or it waits for a confirmation
  changes_pending = 3,  ///< `plan`: there is something to do
  usage = 64,
  unavailable = 69,  ///< a server cannot be reached or does not answer as it should
  internal = 70,
  cannot_create = 73,  ///< local state cannot be created: disk full
  cannot_write = 74,   ///< local state cannot be written
  try_again = 75,
  no_permission = 77,  ///< credentials or rights
  config = 78
};

struct Meaning {
  int code;
  std::string_view words;
};
inline constexpr std::array<Meaning, 12> meanings{{{ok, "done"},
                                                   {items_failed, "finished, some items failed"},
                                                   {stopped, "stopped by a safety gate, or waiting for a confirmation"},
                                                   {changes_pending, "plan: changes are pending"},
                                                   {usage, "wrong usage of the command line"},
                                                   {unavailable, "a server is unavailable"},
                                                   {internal, "internal error"},
                                                   {cannot_create, "local state cannot be created: disk full"},
                                                   {cannot_write, "local state cannot be written"},
                                                   {try_again, "temporary failure or canceled: try again"},
                                                   {no_permission, "credentials or rights are refused"},
                                                   {config, "the configuration cannot work"}}};

constexpr int of(sy_code code) {
  switch (code) {
    case SY_OK: return ok;
    case SY_RETRY:
    case SY_CONFLICT:
    case SY_CANCELED: return try_again;
    case SY_AUTH:
    case SY_DENIED: return no_permission;
    case SY_GONE:
    case SY_INVALID:
    case SY_RESET:
    case SY_EXISTS: return items_failed;
    case SY_FULL: return cannot_create;
    case SY_CONFIG: return config;
    case SY_UNSUPPORTED:
    case SY_BROKEN: return unavailable;
    default: return internal;
  }
}

}  // namespace syncline::exit_code
