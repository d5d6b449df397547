// stage_reader.hpp: [[filter]] and [[rule]] blocks, and how they and the rulesets become each pair's ordered stages.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "config.hpp"
#include "node.hpp"
#include "settings.hpp"

namespace syncline {

/// Reads the options of one plugin instance (config_reader.cpp).
class PluginReader {
 public:
  PluginReader(PluginRegistry& plugins, Faults& faults, std::vector<EffectiveTable>& effective)
      : plugins_(plugins), faults_(faults), effective_(effective) {}

  /// The class; null and a fault at `at` if it cannot be had.
  const sy_class* find(const std::string& plugin, std::string_view role, const std::string& class_name, Span at);
  /// Kernel options and, once `type` is known, the class's own, which go to `out`. Returns the kernel's values.
  json::object read(const Node& table, Span at, const std::string& where, const OptionTable& kernel,
                    const sy_class* type, PluginSettings& out);
  [[nodiscard]] bool has_class(const std::string& plugin, std::string_view role, const std::string& name);

 private:
  PluginRegistry& plugins_;
  Faults& faults_;
  std::vector<EffectiveTable>& effective_;
};

class StageReader {
 public:
  StageReader(PluginReader& plugins, Faults& faults) : plugins_(plugins), faults_(faults) {}

  void read(const Node& list, StageConfig::Kind kind);
  /// Names that `users` and `before` refer to exist; no name is given twice for the same user.
  void check(const std::vector<PairConfig>& pairs);
  /// The pair's filters and rules. `at`: where its ruleset is named.
  std::vector<std::shared_ptr<const StageConfig>> stages_of(const PairConfig& pair, Span at);
  [[nodiscard]] std::vector<StageConfig> all() const;

 private:
  struct Block {
    std::shared_ptr<const StageConfig> stage;
    bool in_place = false;
    Span name_at, before_at, users_at;
  };
  using List = std::vector<std::pair<std::string, std::shared_ptr<const StageConfig>>>;

  void read_one(const Node& table, StageConfig::Kind kind);
  void check_before(const Block& block);
  [[nodiscard]] const Block* block_for(StageConfig::Kind kind, std::string_view name, const std::string& address) const;
  std::shared_ptr<const StageConfig> entry_stage(const RulesetEntry& entry, Span at);
  void place(const std::vector<const Block*>& blocks, List& list);

  PluginReader& plugins_;
  Faults& faults_;
  std::vector<Block> blocks_;
  std::map<std::string, std::shared_ptr<const StageConfig>> entries_;  ///< unconfigured ruleset entries, made once
};

/// Case-insensitive, as addresses are compared here.
bool same_address(std::string_view a, std::string_view b);

}  // namespace syncline
