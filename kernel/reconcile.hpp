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

struct ReconcileInput {
  std::string_view kind;
  bool linked = false;
  Sides<SideNow> now;
  Sides<json::object> base;
  Sides<std::optional<std::set<std::string>>> carried;
  ConflictPolicy policy = ConflictPolicy::last_writer;
  bool left_removes = false;     ///< what left one side is deleted on the other; else the link ends and both stay
  bool edit_outlives = false;    ///< an edit that a deletion crossed brings the item back; else the deletion wins
  Sides<std::uint64_t> written;  ///< hash of an update whose record was lost: such content is ours, no edit; 0: none
};

Decision reconcile(const ReconcileInput& in);

}  // namespace syncline
