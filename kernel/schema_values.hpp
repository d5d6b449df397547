// schema_values.hpp: single values and secrets by their options; for schema.cpp only.
#pragma once

#include "schema.hpp"

namespace syncline {

/// Where a secret comes from; nothing and a fault if it is not given as it has to be.
std::optional<SecretRef> read_secret(const Node& node, const sy_option& option, std::string_view where, Faults& faults);

/// "a, b, c"
std::string joined(const std::vector<std::string>& words);

}  // namespace syncline
