// delta.hpp: what every feed by change tracking has in common: which rows are deletions, and when a link is of no use
// any more.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <string_view>

#include "refusal.hpp"

namespace syncline::crm {

/// The row says that its record is deleted, in any of the forms that servers use.
[[nodiscard]] bool is_deletion(const boost::json::object& row);

/// On a link of the server's own making, a refusal of the request itself means that the link is too old.
[[nodiscard]] bool stale(const Refused& e);

/// Throws SY_RESET: a full listing follows.
[[noreturn]] void reset_feed(std::string_view why, std::string code = {});

}  // namespace syncline::crm
