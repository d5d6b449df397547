// draft.hpp: a mapping to start from, guessed from names, with a remark on how sure each line is.
#pragma once

#include "mapped/remote_schema.hpp"

namespace syncline::crm {

/// The text of a mapping file. It passes the checker as it is; a person still has to read it.
std::string draft_mapping(const Mapping& mapping, const std::vector<RemoteSet>& sets);

}  // namespace syncline::crm
