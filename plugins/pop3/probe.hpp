// probe.hpp: what can be said of a POP3 server without signing in, for `plugin info` and `doctor`.
#pragma once

#include <string>
#include <syncline/plugin.hpp>

#include "settings.hpp"

namespace syncline::pop3 {

/// One JSON object: facts about the server, and "findings": each step from its name to its capabilities, with how it
/// went and what to do. A step that fails ends it, and is a finding. Throws only SY_CANCELED.
[[nodiscard]] std::string probe(const Settings& settings, const Call& call, const Host& host);

}  // namespace syncline::pop3
