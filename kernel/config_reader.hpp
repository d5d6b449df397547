// config_reader.hpp: turns the tree of a configuration file into the model, section by section.
#pragma once

#include <map>

#include "stage_reader.hpp"

namespace syncline {

class ConfigReader {
 public:
  ConfigReader(const Node& root, PluginRegistry& plugins, LoadedConfig& out);
  void read();

 private:
  void read_root();
  void read_store();
  void read_sections();
  void read_connections();
  void read_pairs(std::string_view kind);
  void read_pair(const Entry& entry, PairConfig::Kind kind);
  void refuse_queue_only(Node& mailbox, OptionTable& options, const std::string& where);
  void read_mailbox(const Node& mailbox, const std::string& where, PairConfig& pair);
  void judge_poll(const Node& table, const PairConfig& pair);
  void judge_entities(const Node& table, bool own, PairConfig& pair);
  void judge_sides(const Node& table, PairConfig& pair);
  void read_stages();
  void read_tests();
  void read_test(const Node& table);

  [[nodiscard]] const Entry* table_of(std::string_view section);
  json::object section_values(std::string_view name);
  const ConnectionConfig* refer(const std::string& name, Span at, std::string_view what);
  void use_side(const std::string& connection, std::string_view side, Span at);

  const Node& root_;
  LoadedConfig& out_;
  Faults& faults_;
  PluginReader plugins_;
  StageReader stages_;
  json::object defaults_;
  std::map<std::string, std::string> sides_;      ///< connection → side on which it is used
  std::map<std::string, std::string> mailboxes_;  ///< mailbox → where it is used
  std::map<std::string, std::string> addresses_;  ///< lower-case address → where it is configured
  std::map<std::string, Span> ruleset_at_;        ///< address → where its ruleset is named
};

}  // namespace syncline
