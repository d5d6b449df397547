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

/// What the rules read, of one user or queue and of everybody; both may stand in [defaults], the second only there.
std::span<const sy_option> principal_rule_options();
std::span<const sy_option> organization_rule_options();
/// Organization settings by the names that Microsoft gives them, which are options of another name here.
std::span<const Renamed> renamed_options();

/// One entry of a ruleset: a class of a plugin.
struct RulesetEntry {
  std::string_view role, name, plugin, class_name;
};
/// A default that a ruleset sets instead of the option's own; what the configuration says goes before both.
struct RulesetDefault {
  std::string_view option, json;
};
struct Ruleset {
  std::string_view name;
  std::span<const RulesetEntry> entries;  ///< filters, then rules, in the order in which they run
  std::span<const RulesetDefault> defaults;
};
std::span<const Ruleset> rulesets();

}  // namespace syncline
