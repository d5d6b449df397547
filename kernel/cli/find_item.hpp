// find_item.hpp: what a person names on the command line: an item by its mailbox id, its CRM id, or a mail's
// Message-ID.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "schedule.hpp"

namespace syncline {

struct FoundItem {
  PairState pair;
  Seen seen;
  std::optional<Link> link;
};

/// In every pair that knows it; throws SY_GONE when none does.
std::vector<FoundItem> find_item(Engine& engine, const std::string& wanted);

/// The one that `user` (address or name of a pair; empty: whoever alone knows it) means; throws SY_CONFIG when several
/// do.
FoundItem find_item_of(Engine& engine, const std::string& wanted, const std::string& user);

}  // namespace syncline
