// pair.hpp: one pass of one pair: recover, capture, gate, decide and write in batches, tidy up. One thread, under the
// pair's lease.
#pragma once

#include "pass.hpp"

namespace syncline {

enum class PassEnd {
  done,
  waits_for_confirmation  ///< nothing was written; state.waiting says for what
};

/// `first_run_allowed`: a person has seen the plan, or the configuration says go.
PassEnd run_pass(PassContext& ctx, bool first_run_allowed);

/// The pass's counts as `status` and `confirm` show them.
json::object counts_json(const PassCounts& counts);
/// The same for people: "3 created, 1 refused".
std::string counts_line(const PassCounts& counts);

}  // namespace syncline
