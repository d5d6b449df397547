#include "stage_reader.hpp"

#include <algorithm>

namespace syncline {
namespace {

constexpr std::string_view role_of(StageConfig::Kind kind) {
  return kind == StageConfig::Kind::filter ? "filter" : "rule";
}

const RulesetEntry* known_entry(std::string_view role, std::string_view name) {
  for (const Ruleset& r : rulesets())
    for (const RulesetEntry& e : r.entries)
      if (e.role == role && e.name == name) return &e;
  return nullptr;
}

bool covers(const StageConfig& s, const std::string& address) {
  return s.users.empty() ||
         std::any_of(s.users.begin(), s.users.end(), [&](const std::string& u) { return same_address(u, address); });
}

bool overlap(const StageConfig& a, const StageConfig& b) {
  if (a.users.empty() || b.users.empty()) return a.users.empty() && b.users.empty();
  return std::any_of(a.users.begin(), a.users.end(), [&](const std::string& u) { return covers(b, u); });
}

std::vector<std::string> texts(const json::object& values, std::string_view name) {
  std::vector<std::string> out;
  if (const json::value* v = find_dotted(values, name); v != nullptr && v->is_array())
    for (const json::value& item : v->get_array()) out.emplace_back(item.as_string());
  return out;
}

std::string word(const json::object& values, std::string_view name) {
  const json::value* v = find_dotted(values, name);
  return v != nullptr && v->is_string() ? std::string(v->get_string()) : std::string();
}

std::string text_in(const Node& table, std::string_view key) {
  const Entry* e = table.find(key);
  return e != nullptr && e->value.type == Node::Type::text ? e->value.text : std::string();
}

Span place_of(const Node& table, std::string_view key) {
  const Entry* e = table.find(key);
  return e == nullptr ? table.at : e->value.at;
}

}  // namespace

void StageReader::read(const Node& list, StageConfig::Kind kind) {
  for (const Node& item : list.items) {
    if (item.type == Node::Type::table)
      read_one(item, kind);
    else
      faults_.add("CFG010", item.at, "each " + std::string(role_of(kind)) + " must be a table", {},
                  "write [[" + std::string(role_of(kind)) + "]]");
  }
}

void StageReader::read_one(const Node& table, StageConfig::Kind kind) {
  const std::string role(role_of(kind));
  const std::string name = text_in(table, "name");
  const std::string given = text_in(table, "plugin");
  const RulesetEntry* entry = known_entry(role, name);
  const std::string where = "[[" + role + "]]" + (name.empty() ? "" : " \"" + name + "\"");
  std::string plugin = given;
  std::string class_name = text_in(table, "class");
  Block block;
  block.in_place = entry != nullptr;
  if (entry != nullptr && !given.empty() && given != entry->plugin)
    faults_.add(
        "CFG025", place_of(table, "plugin"),
        "\"" + name + "\" is an entry of a ruleset and comes from the plugin \"" + std::string(entry->plugin) + "\"",
        {}, "leave `plugin` out to configure the entry, or choose another name for a " + role + " of your own");
  if (entry != nullptr) {
    plugin = entry->plugin;
    class_name = entry->class_name;
  } else if (!name.empty() && table.find("plugin") == nullptr) {
    std::vector<std::string> names;
    for (const Ruleset& r : rulesets())
      for (const RulesetEntry& e : r.entries)
        if (e.role == role) names.emplace_back(e.name);
    const std::string near = nearest(name, names);
    faults_.add("CFG025", place_of(table, "name"), "\"" + name + "\" is no entry of a ruleset, and no plugin is named",
                near.empty() ? "" : "did you mean \"" + near + "\"?",
                "name an entry to configure it, or add plugin = \"…\"");
  } else if (!plugin.empty() && class_name.empty() && plugins_.has_class(plugin, role, name)) {
    class_name = name;
  }
  auto stage = std::make_shared<StageConfig>();
  stage->kind = kind;
  const sy_class* type =
      plugin.empty() ? nullptr
                     : plugins_.find(plugin, role, class_name, place_of(table, entry == nullptr ? "plugin" : "name"));
  const json::object values = plugins_.read(table, table.at, where, section(role).options, type, *stage);
  stage->name = name;
  stage->plugin = plugin;
  stage->entities = texts(values, "entity");
  stage->before = word(values, "before");
  stage->users = texts(values, "users");
  const json::value* enabled = find_dotted(values, "enabled");
  stage->enabled = enabled == nullptr || !enabled->is_bool() || enabled->get_bool();
  block.name_at = place_of(table, "name");
  block.before_at = place_of(table, "before");
  block.users_at = place_of(table, "users");
  block.stage = std::move(stage);
  if (!name.empty()) blocks_.push_back(std::move(block));
}

void StageReader::check(const std::vector<PairConfig>& pairs) {
  std::vector<std::string> addresses;
  for (const PairConfig& p : pairs) addresses.push_back(p.address);
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    const Block& b = blocks_[i];
    for (const std::string& u : b.stage->users)
      if (std::none_of(addresses.begin(), addresses.end(), [&](const std::string& a) { return same_address(a, u); })) {
        const std::string near = nearest(u, addresses);
        faults_.add("CFG020", b.users_at, "\"" + u + "\" is no user or queue of this configuration",
                    near.empty() ? "" : "did you mean \"" + near + "\"?",
                    "name addresses that have a [user] or [queue] table");
      }
    check_before(b);
    for (std::size_t k = 0; k < i; ++k)
      if (blocks_[k].stage->kind == b.stage->kind && blocks_[k].stage->name == b.stage->name &&
          overlap(*blocks_[k].stage, *b.stage))
        faults_.add("CFG004", b.name_at,
                    "\"" + b.stage->name + "\" is configured twice for the same users: also at " +
                        faults_.place(blocks_[k].name_at),
                    {}, "keep one of them, or give each its own `users`");
  }
}

void StageReader::check_before(const Block& block) {
  const StageConfig& s = *block.stage;
  if (s.before.empty()) return;
  const std::string role(role_of(s.kind));
  std::vector<std::string> names;
  for (const Ruleset& r : rulesets())
    for (const RulesetEntry& e : r.entries)
      if (e.role == role) names.emplace_back(e.name);
  for (const Block& b : blocks_)
    if (b.stage->kind == s.kind) names.push_back(b.stage->name);
  if (s.before != s.name && std::find(names.begin(), names.end(), s.before) != names.end()) {
    // Following `before` from one's own to the next must not lead back.
    std::string at = s.before;
    for (std::size_t hops = 0; hops <= blocks_.size(); ++hops) {
      const auto next = std::find_if(blocks_.begin(), blocks_.end(),
                                     [&](const Block& b) { return b.stage->kind == s.kind && b.stage->name == at; });
      if (next == blocks_.end() || next->stage->before.empty()) return;
      at = next->stage->before;
      if (at == s.name) break;
    }
    faults_.add("CFG024", block.before_at, "\"" + s.name + "\" cannot be placed: it would stand before itself", {},
                "take one of the `before` out");
    return;
  }
  const std::string near = s.before == s.name ? "" : nearest(s.before, names);
  faults_.add("CFG024", block.before_at, "\"" + s.name + "\" cannot be placed before \"" + s.before + "\"",
              near.empty() ? "there is no such " + role : "did you mean \"" + near + "\"?",
              "name another entry of the ruleset or another [[" + role + "]]");
}

const StageReader::Block* StageReader::block_for(StageConfig::Kind kind, std::string_view name,
                                                 const std::string& address) const {
  const Block* best = nullptr;
  for (const Block& b : blocks_)
    if (b.stage->kind == kind && b.stage->name == name && covers(*b.stage, address) &&
        (best == nullptr || best->stage->users.empty()))
      best = &b;
  return best;
}

std::shared_ptr<const StageConfig> StageReader::entry_stage(const RulesetEntry& entry, Span at) {
  const std::string key = std::string(entry.role) + "/" + std::string(entry.name);
  if (const auto known = entries_.find(key); known != entries_.end()) return known->second;
  auto stage = std::make_shared<StageConfig>();
  stage->name = entry.name;
  stage->kind = entry.role == "filter" ? StageConfig::Kind::filter : StageConfig::Kind::rule;
  stage->plugin = entry.plugin;
  stage->at = at;
  if (const sy_class* type = plugins_.find(stage->plugin, entry.role, std::string(entry.class_name), at)) {
    stage->type = type;
    stage->class_name = type->name;
    json::object values;
    fill_defaults(values, own_options(*type));
    stage->json = canonical(values);
    for (const sy_option* o : own_options(*type))
      if ((o->flags & SY_REQUIRED) != 0)
        faults_.add("CFG011", at,
                    "\"" + std::string(o->name) + "\" is missing for the " + std::string(entry.role) + " \"" +
                        stage->name + "\"",
                    o->doc,
                    "add [[" + std::string(entry.role) + "]] with name = \"" + stage->name + "\" and this option");
  }
  return entries_[key] = std::move(stage);
}

void StageReader::place(const std::vector<const Block*>& blocks, List& list) {
  std::vector<const Block*> left = blocks;
  bool moved = true;
  while (moved) {
    moved = false;
    for (auto it = left.begin(); it != left.end();) {
      const StageConfig& s = *(*it)->stage;
      const auto own = std::find_if(list.begin(), list.end(), [&](const auto& x) { return x.first == s.name; });
      if (own != list.end()) list.erase(own);
      const auto before = std::find_if(list.begin(), list.end(), [&](const auto& x) { return x.first == s.before; });
      if (s.before.empty() || before != list.end()) {
        list.insert(s.before.empty() ? list.end() : before, {s.name, (*it)->stage});
        it = left.erase(it);
        moved = true;
      } else {
        ++it;
      }
    }
  }
  for (const Block* b : left)
    list.emplace_back(b->stage->name, b->stage);  // what it stood before is not there for this pair
}

std::vector<std::shared_ptr<const StageConfig>> StageReader::stages_of(const PairConfig& pair, Span at) {
  std::vector<std::shared_ptr<const StageConfig>> out;
  for (const StageConfig::Kind kind : {StageConfig::Kind::filter, StageConfig::Kind::rule}) {
    List list;
    std::vector<const Block*> to_place;
    for (const Ruleset& r : rulesets())
      for (const RulesetEntry& e : r.entries) {
        if (r.name != pair.ruleset || e.role != role_of(kind)) continue;
        const Block* block = block_for(kind, e.name, pair.address);
        list.emplace_back(e.name, block == nullptr ? entry_stage(e, at) : block->stage);
        if (block != nullptr && !block->stage->before.empty()) to_place.push_back(block);
      }
    for (const Block& b : blocks_)
      if (b.stage->kind == kind && !b.in_place && block_for(kind, b.stage->name, pair.address) == &b)
        to_place.push_back(&b);
    place(to_place, list);
    for (auto& [name, stage] : list)
      if (stage->enabled) out.push_back(stage);
  }
  return out;
}

std::vector<StageConfig> StageReader::all() const {
  std::vector<StageConfig> out;
  for (const Block& b : blocks_) out.push_back(*b.stage);
  return out;
}

bool same_address(std::string_view a, std::string_view b) {
  const auto low = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](char x, char y) { return low(x) == low(y); });
}

}  // namespace syncline
