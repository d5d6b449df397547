// reconcile.hpp: the decision: each side beside its own past, both beside the base → one named decision. Pure.
#pragma once

#include <string>

#include "document.hpp"

namespace syncline {

/// How a side stands now, beside the link's memory of it.
enum class Presence {
  absent,  ///< no item is linked on this side
  there,   ///< read just now
  gone,    ///< the server says explicitly that it is deleted
  left     ///< gone or not visible, or it left the filter: never a deletion by itself
};

struct SideNow {
  Presence presence = Presence::absent;
  json::object doc;  ///< normalised; when there
  std::int64_t changed_ms = 0;
};

enum class Action {
  nothing,
  create,   ///< on `side`, from the other
  update,   ///< on both sides as `merge` says; nothing to write: the base alone moves
  remove,   ///< on `side`
  unlink,   ///< the link becomes a tombstone, nothing is written remotely
  conflict  ///< a person must settle it
};

struct Decision {
  Action action = Action::nothing;
  Side side = Side::crm;
  std::string reason;  ///< code: why
  Merge merge;         ///< update, conflict
  bool again = false;  ///< create: the item was deleted there and is made anew on purpose (a new generation)
};

/// What happens to a linked item that no filter lets in any more, or that is out of sight.
enum class LeftPolicy {
  keep,    ///< the link stays and is not synchronized until the item is back
  unlink,  ///< the link ends, both items stay
  remove   ///< the other side's item is deleted
};

struct ReconcileInput {
  std::string_view kind;
  bool linked = false;
  Sides<SideNow> now;
  Sides<json::object> base;
  Sides<std::optional<std::set<std::string>>> carried;
  ConflictPolicy policy = ConflictPolicy::last_writer;
  LeftPolicy left = LeftPolicy::keep;
  Sides<std::uint64_t> written;  ///< hash of an update whose record was lost: such content is ours, no edit; 0: none
};

Decision reconcile(const ReconcileInput& in);

}  // namespace syncline
