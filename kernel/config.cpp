#include "config.hpp"

#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>

#include "config_reader.hpp"

namespace syncline {
namespace {

std::optional<std::string> process_environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

/// plugin_dirs before anything is validated: without plugins nothing can be.
std::vector<std::string> configured_folders(const Node& root, const std::string& file) {
  std::vector<std::string> out;
  const Entry* e = root.find("plugin_dirs");
  if (e == nullptr) return out;
  const std::filesystem::path folder = std::filesystem::absolute(file).parent_path();
  const auto add = [&](const Node& n) {
    if (n.type == Node::Type::text) out.push_back((folder / n.text).lexically_normal().string());
  };
  add(e->value);
  for (const Node& n : e->value.items) add(n);
  return out;
}

std::string hex_sha256(const std::string& text) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  ::SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (const unsigned char byte : digest) {
    out += digits[byte >> 4U];
    out += digits[byte & 15U];
  }
  return out;
}

json::object principal(const PairConfig& pair) {
  return {{"kind", pair.kind == PairConfig::Kind::user ? "user" : "queue"}, {"address", pair.address}};
}

std::string summary(const Faults& faults) {
  const std::vector<Fault> all = faults.sorted();
  if (all.empty()) return "the configuration has faults";
  const std::string more =
      all.size() == 1 ? "" : " (and " + std::to_string(all.size() - 1) + " more; `syncline config check` shows all)";
  return faults.place(all.front().at) + ": " + all.front().text + more;
}

}  // namespace

LoadedConfig read_config(const std::string& file, const ConfigOptions& options) {
  LoadedConfig out;
  out.config.file = std::filesystem::absolute(file).lexically_normal().string();
  const Node root = read_tree(out.config.file,
                              options.environment ? options.environment : Environment(process_environment), out.faults);
  const std::vector<std::string> configured = configured_folders(root, out.config.file);
  out.plugins = std::make_shared<PluginRegistry>(plugin_folders(options.plugin_dirs, configured));
  const std::vector<Fault> so_far = out.faults.sorted();
  const auto unreadable = [&](const Fault& f) { return f.code == "CFG001" || (f.code == "CFG002" && f.at.line == 0); };
  // Half a file would only add faults that are none.
  if (root.entries.empty() &&
      std::any_of(so_far.begin(), so_far.end(), [&](const Fault& f) { return unreadable(f) || f.code == "CFG004"; }))
    return out;
  ConfigReader(root, *out.plugins, out).read();
  out.config.plugin_dirs = configured;
  return out;
}

LoadedConfig load_config(const std::string& file, const ConfigOptions& options) {
  LoadedConfig out = read_config(file, options);
  if (!out.faults.empty()) throw ConfigError(std::move(out.faults));
  return out;
}

ConfigError::ConfigError(Faults faults) : Error(SY_CONFIG, summary(faults)), faults_(std::move(faults)) {}

const ConnectionConfig* Config::connection(std::string_view name) const {
  const auto it =
      std::find_if(connections.begin(), connections.end(), [&](const ConnectionConfig& c) { return c.name == name; });
  return it == connections.end() ? nullptr : &*it;
}

const PairConfig* Config::find_pair(std::string_view address) const {
  const auto it =
      std::find_if(pairs.begin(), pairs.end(), [&](const PairConfig& p) { return same_address(p.address, address); });
  return it == pairs.end() ? nullptr : &*it;
}

bool is_delegate(const PairConfig& pair, std::string_view address) {
  return std::any_of(pair.delegates.begin(), pair.delegates.end(),
                     [&](const std::string& d) { return same_address(d, address); });
}

const PairConfig& Config::pair(std::string_view name) const {
  std::vector<std::string> names;
  for (const PairConfig& p : pairs) {
    if (same_address(p.address, name)) return p;
    names.push_back(p.name);
  }
  const std::string near = nearest(name, names);
  throw Error(SY_CONFIG, "there is no user or queue \"" + std::string(name) + "\" in " + file + "; " +
                             (near.empty() ? "`syncline config show` lists them" : "did you mean \"" + near + "\"?"));
}

std::string mailbox_settings(const PairConfig& pair) {
  json::object settings = json::parse(pair.mailbox_json).as_object();
  settings["principal"] = principal(pair);
  return canonical(settings);
}

std::string crm_settings(const PairConfig& pair) { return canonical(json::object{{"principal", principal(pair)}}); }

std::string fingerprint(const PairConfig& pair) {
  std::vector<std::string> entities = pair.entities;
  std::sort(entities.begin(), entities.end());
  json::array stages;
  for (const auto& s : pair.stages) {
    std::vector<std::string> seen = s->entities;
    std::sort(seen.begin(), seen.end());
    stages.push_back(json::object{{"kind", s->kind == StageConfig::Kind::filter ? "filter" : "rule"},
                                  {"plugin", s->plugin},
                                  {"class", s->class_name},
                                  {"revision", s->type == nullptr ? 0 : std::int64_t{s->type->revision}},
                                  {"entities", json::value_from(seen)},
                                  {"options", json::parse(s->json)}});
  }
  return hex_sha256(canonical(json::object{{"kind", principal(pair).at("kind")},
                                           {"entities", json::value_from(entities)},
                                           {"rules", pair.rules},
                                           {"stages", std::move(stages)}}));
}

}  // namespace syncline
