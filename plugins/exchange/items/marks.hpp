// marks.hpp: what stands on an item beside its content: our own named properties, and those of the Microsoft CRM
// client. Named properties are a finite resource of a mailbox: we have three, under names that never change.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "item.hpp"
#include "property.hpp"

namespace syncline::exchange {

/// The property set of our own.
inline constexpr std::string_view property_set = "d4be99a2-a553-4eb9-9c73-435df0b0e8a1";
/// The token alone, so that FindItem can compare it.
inline constexpr Path token_path{.guid = property_set, .name = "SynclineToken", .type = "String"};
/// The rest of the mark, as JSON.
inline constexpr Path state_path{.guid = property_set, .name = "SynclineState", .type = "String"};
/// PidTagSearchKey: kept when a person moves an item, which gives it another id; a copy may share it.
inline constexpr Path search_key_path{.tag = "0x300B", .type = "Binary"};
/// A task's status in the CRM where EWS has no word for it: "canceled", which shows as completed.
inline constexpr Path status_path{.guid = property_set, .name = "SynclineStatus", .type = "String"};

[[nodiscard]] std::vector<Path> mark_paths(bool crm_properties);

[[nodiscard]] ItemMark read_mark(const pugi::xml_node& item);
/// The Microsoft client's properties, in whichever spelling and type they are there; empty: none.
[[nodiscard]] boost::json::object read_crm_mark(const pugi::xml_node& item);

[[nodiscard]] std::vector<Slot> mark_slots(const WriteContext& context);

}  // namespace syncline::exchange
