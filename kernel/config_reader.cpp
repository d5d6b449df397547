#include "config_reader.hpp"

#include <unistd.h>
#include <algorithm>
#include <filesystem>
#include <fstream>

#include "config_values.hpp"

namespace syncline {
namespace {

std::string machine_id() {
  std::string id;
  std::ifstream in("/etc/machine-id");
  if (std::getline(in, id) && !id.empty()) return id;
  std::string host(256, '\0');
  if (::gethostname(host.data(), host.size() - 1) != 0) return "syncline";
  return host.c_str();
}

// Section names, so that a misspelt one gets its "did you mean".
const OptionTable& section_names() {
  static const std::vector<sy_option> all = [] {
    std::vector<sy_option> out;
    for (const Section& s : sections())
      if (!s.name.empty())  // both are literals, so they end with NUL: NOLINTNEXTLINE(bugprone-suspicious-stringview-*)
        out.push_back({sizeof(sy_option), SY_TABLE, 0, s.name.data(), nullptr, nullptr, s.summary.data(), nullptr});
    return out;
  }();
  static const OptionTable table = [] {
    OptionTable out;
    for (const sy_option& o : all) out.push_back(&o);
    return out;
  }();
  return table;
}

}  // namespace

// --- one plugin instance ---

const sy_class* PluginReader::find(const std::string& plugin, std::string_view role, const std::string& class_name,
                                   Span at) {
  try {
    return &plugins_.find(plugin, role, class_name);
  } catch (const Error& e) {
    const std::string text = e.what();
    const std::size_t cut = text.rfind("; ");
    const std::string_view code = text.starts_with("there is no plugin") ? "CFG030"
                                  : text.starts_with("the plugin \"")    ? "CFG032"
                                                                         : "CFG031";
    const std::string rest = cut == std::string::npos ? "" : text.substr(cut + 2);
    const bool near = rest.starts_with("did you mean");
    faults_.add(code, at, text.substr(0, cut), near ? rest : "",
                near ? "`syncline plugin list` shows what is there" : rest);
    return nullptr;
  }
}

bool PluginReader::has_class(const std::string& plugin, std::string_view role, const std::string& name) {
  try {
    static_cast<void>(plugins_.find(plugin, role, name));
    return true;
  } catch (const Error&) {
    return false;
  }
}

json::object PluginReader::read(const Node& table, Span at, const std::string& where, const OptionTable& kernel,
                                const sy_class* type, PluginSettings& out) {
  OptionTable own = type == nullptr ? OptionTable() : own_options(*type);
  OptionScope scope{where, at, kernel, {}, {}};
  scope.options.insert(scope.options.end(), own.begin(), own.end());
  if (type != nullptr) scope.elsewhere = endpoint_options(*type);
  scope.elsewhere_is = "in the mailbox of a user or queue: mailbox = { connection = …, … }";
  Node shown = table;
  if (type == nullptr)  // without its plugin nobody knows which other keys are right
    std::erase_if(shown.entries, [&](const Entry& e) {
      return std::none_of(kernel.begin(), kernel.end(), [&](const sy_option* o) {
        return std::string_view(o->name).substr(0, std::string_view(o->name).find('.')) == e.key;
      });
    });
  OptionValues all = read_options(shown, scope, faults_);
  fill_defaults(all.values, scope.options);
  out.at = at;
  out.type = type;
  out.secrets = all.secrets;
  if (type != nullptr) {
    out.class_name = type->name;
    json::object mine;
    for (const sy_option* o : own)
      if (const json::value* v = find_dotted(all.values, o->name)) set_dotted(mine, o->name, *v);
    out.json = canonical(mine);
  }
  effective_.push_back(
      {where.substr(0, where.find(']') + (where.starts_with("[[") ? 2 : 1)), scope.options, all.values, all.secrets});
  return all.values;
}

// --- the whole file ---

ConfigReader::ConfigReader(const Node& root, PluginRegistry& plugins, LoadedConfig& out)
    : root_(root),
      out_(out),
      faults_(out.faults),
      plugins_(plugins, out.faults, out.effective),
      stages_(plugins_, out.faults) {}

void ConfigReader::read() {
  read_root();
  read_store();
  read_sections();
  read_connections();
  read_stages();
  read_pairs("user");
  read_pairs("queue");
  std::sort(out_.config.pairs.begin(), out_.config.pairs.end(), [](const PairConfig& a, const PairConfig& b) {
    return std::tie(a.at.file, a.at.line, a.at.column) < std::tie(b.at.file, b.at.line, b.at.column);
  });
  stages_.check(out_.config.pairs);
  for (PairConfig& p : out_.config.pairs) p.stages = stages_.stages_of(p, ruleset_at_[p.address]);
  read_tests();
}

const Entry* ConfigReader::table_of(std::string_view name) {
  const Entry* e = root_.find(name);
  if (e == nullptr || e->value.type == Node::Type::table) return e;
  faults_.add("CFG010", e->at,
              "\"" + std::string(name) + "\" must be a table, here is " + std::string(type_name(e->value.type)), {},
              "write [" + std::string(name) + "]");
  return nullptr;
}

json::object ConfigReader::section_values(std::string_view name) {
  const Section& s = section(name);
  OptionValues read;
  const std::string where = "[" + std::string(name) + "]";
  if (const Entry* e = table_of(name)) read = read_options(e->value, {where, e->at, s.options, {}, {}}, faults_);
  fill_defaults(read.values, s.options);
  out_.effective.push_back({where, s.options, read.values, {}});
  return read.values;
}

void ConfigReader::read_root() {
  Node own = root_;
  std::erase_if(own.entries, [](const Entry& e) {
    return std::any_of(sections().begin(), sections().end(),
                       [&](const Section& s) { return !s.name.empty() && s.name == e.key; });
  });
  const OptionTable& options = section("").options;
  OptionScope scope{"the file", root_.at, options, {}, {}};
  scope.options.insert(scope.options.end(), section_names().begin(), section_names().end());
  OptionValues read = read_options(own, scope, faults_);
  fill_defaults(read.values, options);
  if (word(read.values, "instance").empty()) set_dotted(read.values, "instance", json::value(machine_id()));
  Config& c = out_.config;
  c.instance = word(read.values, "instance");
  c.plugin_dirs = words(read.values, "plugin_dirs");
  c.takeover = choice<Takeover>(read.values, "takeover",
                                {{"ask", Takeover::ask}, {"never", Takeover::never}, {"always", Takeover::always}});
  c.lease_ttl_ms = number(read.values, "lease_ttl");
  c.sweep_ms = number(read.values, "sweep");
  c.first_run_goes = word(read.values, "first_run") == "go";
  out_.effective.push_back({"", options, read.values, {}});
}

void ConfigReader::read_store() {
  const Entry* e = table_of("store");
  if (e == nullptr) {
    if (root_.find("store") == nullptr)
      faults_.add("CFG011", root_.at, "[store] is missing", "where links and cursors are kept",
                  "add [store] with plugin = \"storage-sqlite\" and its path");
    return;
  }
  PluginSettings& store = out_.config.store;
  const Entry* plugin = e->value.find("plugin");
  const Entry* cls = e->value.find("class");
  const bool named = plugin != nullptr && plugin->value.type == Node::Type::text;
  if (named) store.plugin = plugin->value.text;
  const sy_class* type =
      named ? plugins_.find(store.plugin, "store", cls == nullptr ? "" : cls->value.text, plugin->value.at) : nullptr;
  plugins_.read(e->value, e->at, "[store]", section("store").options, type, store);
}

void ConfigReader::read_sections() {
  Config& c = out_.config;
  const json::object spool = section_values("spool");
  c.spool_limit = number(spool, "limit");
  c.spool_path = word(spool, "path");
  if (c.spool_path.empty()) {
    std::filesystem::path beside = "/var/lib/syncline/state";
    if (c.store.type != nullptr)
      for (const sy_option* o : own_options(*c.store.type))
        if (o->type == SY_PATH)
          if (const std::string path = word(json::parse(c.store.json).as_object(), o->name); !path.empty()) {
            beside = path;
            break;
          }
    c.spool_path = (beside.parent_path() / "spool").string();
  }
  const json::object gate = section_values("gate");
  const auto limits = [&](const std::string& name) {
    return Limits{number(gate, name + ".count"), number(gate, name + ".share")};
  };
  c.gate = {limits("max_delete"), limits("max_rewrite"), limits("max_create")};
  c.history_keep_ms = number(section_values("history"), "keep");
  c.tombstone_keep_days = number(section_values("tombstone"), "keep_days");
  const json::object retry = section_values("retry");
  c.retry = {number(retry, "first"), number(retry, "most"), static_cast<int>(number(retry, "max")),
             number(retry, "interval")};
  c.failure_keep_days = number(section_values("failure"), "keep_days");
  const json::object log = section_values("log");
  c.log = {word(log, "level"), word(log, "format"), word(log, "file")};
  if (const Entry* e = table_of("defaults"))
    defaults_ = read_options(e->value,
                             {"[defaults]", e->at, common_options(), section("user").options,
                              "in a [user] or [queue] table", renamed_options()},
                             faults_, false)
                    .values;
}

void ConfigReader::read_connections() {
  const Entry* all = table_of("connection");
  if (all == nullptr) return;
  for (const Entry& e : all->value.entries) {
    const std::string where = "[connection." + e.key + "]";
    if (e.value.type != Node::Type::table) {
      faults_.add("CFG010", e.at, where + " must be a table", {}, "write [connection.NAME] and the options below it");
      continue;
    }
    ConnectionConfig c;
    c.name = e.key;
    const Entry* plugin = e.value.find("plugin");
    const Entry* cls = e.value.find("class");
    const bool named = plugin != nullptr && plugin->value.type == Node::Type::text;
    if (named) c.plugin = plugin->value.text;
    const sy_class* type =
        named ? plugins_.find(c.plugin, "connection", cls == nullptr ? "" : cls->value.text, plugin->value.at)
              : nullptr;
    const json::object values = plugins_.read(e.value, e.at, where, section("connection").options, type, c);
    c.server = word(values, "server").empty() ? c.name : word(values, "server");
    c.max_pairs = number(values, "max_pairs");
    out_.config.connections.push_back(std::move(c));
  }
}

void ConfigReader::read_stages() {
  for (const auto& [name, kind] :
       {std::pair{"filter", StageConfig::Kind::filter}, std::pair{"rule", StageConfig::Kind::rule}}) {
    const Entry* e = root_.find(name);
    if (e == nullptr) continue;
    if (e->value.type == Node::Type::list)
      stages_.read(e->value, kind);
    else
      faults_.add("CFG010", e->at, "\"" + std::string(name) + "\" must be a list of tables", {},
                  "write [[" + std::string(name) + "]]");
  }
  out_.config.stages = stages_.all();
}

}  // namespace syncline
