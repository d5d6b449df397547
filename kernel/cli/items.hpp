// items.hpp: what commands share that are about one item: finding it, and showing the steps that it took.
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
  std::string delegate{};  ///< address of who asks, where that is not the pair's own user
};

/// An item by its mailbox id, its CRM id, or a mail's Message-ID; in every pair that knows it.
std::vector<FoundItem> find_items(Engine& engine, const std::string& wanted);
/// The same; throws SY_GONE, with what may be given, when there is none.
std::vector<FoundItem> need_items(Engine& engine, const std::string& wanted);
/// The one that `user` (address or name of a pair, or of a delegate; empty: whoever alone knows it) means; throws
/// SY_CONFIG when several do, SY_DENIED when it is somebody's who has not named this user a delegate.
FoundItem need_item_of(Engine& engine, const std::string& wanted, const std::string& user);

/// A reason in words, by the stage that gave it or by us.
std::string words_of(Engine& engine, std::string_view stage, std::string_view reason, const json::object& args);

/// A step of the activity with its reasons in words.
json::object step_with_words(Engine& engine, json::object step);
void print_step(const json::object& step);

}  // namespace syncline
