// settings.hpp: the kernel's own option tables, in the same struct that plugins use, and the rulesets.
#pragma once

#include <span>
#include <string_view>

#include "schema.hpp"

namespace syncline {

/// A part of the configuration file.
struct Section {
  enum class Shape { root, table, named, list } shape = Shape::table;
  std::string_view name;  ///< "gate"; named: "user" of [user."address"]; list: "rule" of [[rule]]
  std::string_view summary;
  OptionTable options;
};

/// All sections, in the order in which docs and examples show them.
const std::vector<Section>& sections();
const Section& section(std::string_view name);

/// What the kernel itself reads in a user's or queue's `mailbox`.
const OptionTable& mailbox_options();
/// What [defaults] may set.
const OptionTable& common_options();

/// One entry of a ruleset: a class of a plugin.
struct RulesetEntry {
  std::string_view role, name, plugin, class_name;
};
struct Ruleset {
  std::string_view name;
  std::span<const RulesetEntry> entries;  ///< filters, then rules, in the order in which they run
};
std::span<const Ruleset> rulesets();

}  // namespace syncline
