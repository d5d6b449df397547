// stages.hpp: a pair's ordered filters and rules: plugin instances over the same boundary for ours and for anybody's.
// Running them is pure: no I/O, no clock but the facts.
#pragma once

#include <memory>
#include <syncline/handles.hpp>

#include "document.hpp"

namespace syncline {

/// One configured stage. Shared by all passes; any thread.
struct Stage {
  std::string name;
  std::vector<std::string> kinds;  ///< from the config; empty: all that the stage itself wants
  std::shared_ptr<Instance> instance;
  const sy_filter* filter = nullptr;
  const sy_rule* rule = nullptr;

  [[nodiscard]] bool wants_kind(std::string_view kind) const;
  [[nodiscard]] std::vector<std::string> facts() const;
  /// The sentence for a reason code, with its arguments put in; the code itself when the stage knows none.
  [[nodiscard]] std::string words(std::string_view reason, const json::object& args) const;
};

std::string fill_sentence(std::string_view sentence, const json::object& args);

struct FilterResult {
  bool pass = true;
  json::object doc;
  std::string stage, reason;
  json::object args;
};
FilterResult run_filters(const std::vector<Stage>& stages, std::string_view kind, Side side, json::object doc,
                         std::uint32_t flags, const json::object& facts);

struct Note {
  std::string stage, reason;
  json::object args;
};

/// A create that an operation needs: an auto-created contact. Its id takes the place of {"needs": name} in the
/// document.
struct Need {
  std::string name, kind, key;
  json::object doc;
};

struct RulesResult {
  enum class Outcome { confirmed, vetoed, wait, need_full, link, unlink, failed } outcome = Outcome::confirmed;
  json::object doc;
  std::string stage, reason;  ///< of who decided
  json::object args;
  std::vector<std::string> looked_for;
  json::object added;       ///< link: what the record shall have beside what it has
  std::vector<Need> needs;  ///< creates that must have happened first
  std::vector<Note> notes;  ///< every stage that spoke, in order
};
RulesResult run_rules(const std::vector<Stage>& stages, std::uint32_t verb, std::string_view kind, Side side,
                      json::object doc, std::uint32_t flags, const json::object& facts);

/// An operation that rules are asked about.
struct Proposed {
  std::uint32_t verb = SY_CREATE, flags = 0;
  Side side = Side::crm;
  json::object doc;
};
/// The directory's keys that the pair's rules want looked up for it. `facts`: those that need no asking.
std::vector<std::string> wanted_keys(const std::vector<Stage>& stages, std::string_view kind, const Proposed& p,
                                     const json::object& facts);

}  // namespace syncline
