// document.hpp: a canonical document: its normal form, its hash, what changed in it, and the three-way merge. Pure.
#pragma once

#include <boost/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "side.hpp"

namespace syncline {

namespace json = boost::json;

/// Parses an object; throws Error(SY_BROKEN) that names `what` and the place.
json::object parse_object(std::string_view text, std::string_view what);

/// Normal form: no nulls, no empty texts, lists or objects at the top; line ends are LF.
json::object normalise(json::object doc);

/// The one text of a document: keys sorted at every level. Equal documents have equal texts.
std::string canonical_text(const json::value& v);

/// Content hash of a normalised document.
std::uint64_t content_hash(const json::object& doc);

/// 64-bit hash of an id or key for a store key; the full value stands in the row and is compared.
std::int64_t key_hash(std::string_view text);

/// The property group that a field belongs to: groups are merged and written as one (status, percent and completion
/// date of a task are one fact). A field without a group of its own is its own group.
std::string_view group_of(std::string_view kind, std::string_view field);

/// Names of groups whose fields differ, of those in `carried` (nullopt: all).
std::set<std::string> changed_groups(std::string_view kind, const json::object& now, const json::object& base,
                                     const std::optional<std::set<std::string>>& carried);

enum class ConflictPolicy { last_writer, crm_wins, mailbox_wins, manual };

struct MergeInput {
  std::string_view kind;
  Sides<json::object> now, base;                        ///< each side beside its own past
  Sides<std::optional<std::set<std::string>>> carried;  ///< fields that a side carries: others are unknown there
  ConflictPolicy policy = ConflictPolicy::last_writer;
  std::optional<Side> newer;  ///< for last_writer; nullopt: a tie or not known, CRM wins
};

struct Loser {
  std::string group;
  Side side;           ///< whose value was replaced
  json::object value;  ///< the fields that lost
};

struct Merge {
  Sides<json::object> wanted;              ///< each side as it shall be
  Sides<std::vector<std::string>> fields;  ///< to write on each side; empty: nothing
  std::vector<Loser> losers;
  std::vector<std::string> open_conflicts;  ///< policy manual: groups that a person must settle
};

Merge merge(const MergeInput& in);

/// A link's base keeps one document and, for the other side, only where it differs.
std::string pack_base(const Sides<json::object>& base);
Sides<json::object> unpack_base(std::string_view payload);

}  // namespace syncline
