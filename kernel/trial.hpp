// trial.hpp: the [[test]] blocks of a configuration, each run as a real pass of its pair: the real filters and rules,
// between two sides that live in the process. No network, no store.
#pragma once

#include "config.hpp"

namespace syncline {

/// Each test that does not hold becomes a fault with its place and what was found instead.
void try_tests(LoadedConfig& loaded);

}  // namespace syncline
