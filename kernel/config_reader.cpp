#include "config_reader.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <unistd.h>

#include "units.hpp"

namespace syncline {
namespace {

std::int64_t number(const json::object& values, std::string_view name) {
  const json::value* v = find_dotted(values, name);
  return v != nullptr && v->is_int64() ? v->get_int64() : 0;
}

bool flag(const json::object& values, std::string_view name) {
  const json::value* v = find_dotted(values, name);
  return v != nullptr && v->is_bool() && v->get_bool();
}

std::string word(const json::object& values, std::string_view name) {
  const json::value* v = find_dotted(values, name);
  return v != nullptr && v->is_string() ? std::string(v->get_string()) : std::string();
}

std::vector<std::string> words(const json::object& values, std::string_view name) {
  std::vector<std::string> out;
  if (const json::value* v = find_dotted(values, name); v != nullptr && v->is_array())
    for (const json::value& item : v->get_array())
      if (item.is_string()) out.emplace_back(item.get_string());
  return out;
}

template <class E>
E choice(const json::object& values, std::string_view name, std::initializer_list<std::pair<std::string_view, E>> all) {
  const std::string given = word(values, name);
  for (const auto& [text, value] : all)
    if (text == given) return value;
  return all.begin()->second;
}

std::string lower_case(std::string_view s) {
  std::string out(s);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

bool is_address(std::string_view s) {
  const std::size_t at = s.find('@');
  return at != std::string_view::npos && at > 0 && at + 1 < s.size() && s.find('@', at + 1) == std::string_view::npos &&
         std::none_of(s.begin(), s.end(), [](char c) { return static_cast<unsigned char>(c) <= ' '; });
}

std::string machine_id() {
  std::string id;
  std::ifstream in("/etc/machine-id");
  if (std::getline(in, id) && !id.empty()) return id;
  std::string host(256, '\0');
  if (::gethostname(host.data(), host.size() - 1) != 0) return "syncline";
  return host.c_str();
}

/// Where an option of the table stands, or the table itself.
Span place_of(const Node& table, std::string_view name, Span otherwise) {
  const Entry* e = table.find_dotted(name);
  return e == nullptr ? otherwise : e->value.at;
}

/// What the rest of `values` lacks is taken from `more`.
void inherit(json::object& values, const json::object& more, const OptionTable& options) {
  for (const sy_option* o : options)
    if (const json::value* v = find_dotted(more, o->name); v != nullptr && find_dotted(values, o->name) == nullptr) set_dotted(values, o->name, *v);
}

// Section names, so that a misspelt one gets its "did you mean".
const OptionTable& section_names() {
  static const std::vector<sy_option> all = [] {
    std::vector<sy_option> out;
    for (const Section& s : sections())
      if (!s.name.empty()) out.push_back({sizeof(sy_option), SY_TABLE, 0, s.name.data(), nullptr, nullptr, s.summary.data(), nullptr});
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

const sy_class* PluginReader::find(const std::string& plugin, std::string_view role, const std::string& class_name, Span at) {
  try {
    return &plugins_.find(plugin, role, class_name);
  } catch (const Error& e) {
    const std::string text = e.what();
    const std::size_t cut = text.rfind("; ");
    const std::string_view code = text.starts_with("there is no plugin") ? "CFG030" : text.starts_with("the plugin \"") ? "CFG032" : "CFG031";
    const std::string rest = cut == std::string::npos ? "" : text.substr(cut + 2);
    const bool near = rest.starts_with("did you mean");
    faults_.add(code, at, text.substr(0, cut), near ? rest : "", near ? "`syncline plugin list` shows what is there" : rest);
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

json::object PluginReader::read(const Node& table, Span at, const std::string& where, const OptionTable& kernel, const sy_class* type,
                                PluginSettings& out) {
  OptionTable own = type == nullptr ? OptionTable() : own_options(*type);
  OptionScope scope{where, at, kernel, {}, {}};
  scope.options.insert(scope.options.end(), own.begin(), own.end());
  if (type != nullptr) scope.elsewhere = endpoint_options(*type);
  scope.elsewhere_is = "in the mailbox of a user or queue: mailbox = { connection = …, … }";
  Node shown = table;
  if (type == nullptr)  // without its plugin nobody knows which other keys are right
    std::erase_if(shown.entries, [&](const Entry& e) {
      return std::none_of(kernel.begin(), kernel.end(), [&](const sy_option* o) { return std::string_view(o->name).substr(0, std::string_view(o->name).find('.')) == e.key; });
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
  effective_.push_back({where.substr(0, where.find(']') + (where.starts_with("[[") ? 2 : 1)), scope.options, all.values, all.secrets});
  return all.values;
}

// --- the whole file ---

ConfigReader::ConfigReader(const Node& root, PluginRegistry& plugins, LoadedConfig& out)
    : root_(root), out_(out), faults_(out.faults), plugins_(plugins, out.faults, out.effective), stages_(plugins_, out.faults) {}

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
}

const Entry* ConfigReader::table_of(std::string_view name) {
  const Entry* e = root_.find(name);
  if (e == nullptr || e->value.type == Node::Type::table) return e;
  faults_.add("CFG010", e->at, "\"" + std::string(name) + "\" must be a table, here is " + std::string(type_name(e->value.type)), {},
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
    return std::any_of(sections().begin(), sections().end(), [&](const Section& s) { return !s.name.empty() && s.name == e.key; });
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
  c.takeover = choice<Takeover>(read.values, "takeover", {{"ask", Takeover::ask}, {"never", Takeover::never}, {"always", Takeover::always}});
  c.lease_ttl_ms = number(read.values, "lease_ttl");
  c.sweep_ms = number(read.values, "sweep");
  c.first_run_goes = word(read.values, "first_run") == "go";
  out_.effective.push_back({"", options, read.values, {}});
}

void ConfigReader::read_store() {
  const Entry* e = table_of("store");
  if (e == nullptr) {
    if (root_.find("store") == nullptr)
      faults_.add("CFG011", root_.at, "[store] is missing", "where links and cursors are kept", "add [store] with plugin = \"storage-sqlite\" and its path");
    return;
  }
  PluginSettings& store = out_.config.store;
  const Entry* plugin = e->value.find("plugin");
  const Entry* cls = e->value.find("class");
  const bool named = plugin != nullptr && plugin->value.type == Node::Type::text;
  if (named) store.plugin = plugin->value.text;
  const sy_class* type = named ? plugins_.find(store.plugin, "store", cls == nullptr ? "" : cls->value.text, plugin->value.at) : nullptr;
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
  const auto limits = [&](const std::string& name) { return Limits{number(gate, name + ".count"), number(gate, name + ".share")}; };
  c.gate = {limits("max_delete"), limits("max_rewrite"), limits("max_create")};
  c.history_keep_ms = number(section_values("history"), "keep");
  c.tombstone_keep_days = number(section_values("tombstone"), "keep_days");
  const json::object log = section_values("log");
  c.log = {word(log, "level"), word(log, "format"), word(log, "file")};
  if (const Entry* e = table_of("defaults"))
    defaults_ = read_options(e->value, {"[defaults]", e->at, common_options(), section("user").options, "in a [user] or [queue] table"}, faults_, false).values;
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
    const sy_class* type = named ? plugins_.find(c.plugin, "connection", cls == nullptr ? "" : cls->value.text, plugin->value.at) : nullptr;
    plugins_.read(e.value, e.at, where, section("connection").options, type, c);
    out_.config.connections.push_back(std::move(c));
  }
}

void ConfigReader::read_stages() {
  for (const auto& [name, kind] : {std::pair{"filter", StageConfig::Kind::filter}, std::pair{"rule", StageConfig::Kind::rule}}) {
    const Entry* e = root_.find(name);
    if (e == nullptr) continue;
    if (e->value.type == Node::Type::list) stages_.read(e->value, kind);
    else
      faults_.add("CFG010", e->at, "\"" + std::string(name) + "\" must be a list of tables", {}, "write [[" + std::string(name) + "]]");
  }
  out_.config.stages = stages_.all();
}

void ConfigReader::read_pairs(std::string_view kind) {
  const Entry* all = table_of(kind);
  if (all == nullptr) return;
  for (const Entry& e : all->value.entries) {
    if (e.value.type == Node::Type::table) read_pair(e, kind == "user" ? PairConfig::Kind::user : PairConfig::Kind::queue);
    else
      faults_.add("CFG010", e.at, "\"" + e.key + "\" in [" + std::string(kind) + "] must be a table", {},
                  "write [" + std::string(kind) + ".\"address\"] and the options below it");
  }
}

void ConfigReader::read_pair(const Entry& entry, PairConfig::Kind kind) {
  const std::string kind_name = kind == PairConfig::Kind::user ? "user" : "queue";
  const std::string where = "[" + kind_name + ".\"" + entry.key + "\"]";
  const Node& table = entry.value;
  PairConfig pair;
  pair.name = pair.address = entry.key;
  pair.kind = kind;
  pair.at = entry.at;
  if (!is_address(entry.key))
    faults_.add("CFG013", entry.at, "\"" + entry.key + "\" is not an address", {}, "name the " + kind_name + " by its primary address: [" + kind_name + ".\"name@example.org\"]");
  if (const auto [same, fresh] = addresses_.emplace(lower_case(entry.key), faults_.place(entry.at)); !fresh)
    faults_.add("CFG004", entry.at, "\"" + entry.key + "\" is configured twice: it also stands at " + same->second, {}, "keep one of them");
  const OptionTable& options = section(kind_name).options;
  json::object own = read_options(table, {where, entry.at, options, {}, {}}, faults_).values;
  const bool own_entities = find_dotted(own, "entities") != nullptr;
  inherit(own, defaults_, common_options());
  fill_defaults(own, options);
  pair.id = word(own, "id");
  pair.organization = word(own, "organization");
  pair.lookup = words(own, "lookup");
  pair.delegates = words(own, "delegates");
  pair.entities = words(own, "entities");
  pair.at_least_once = flag(own, "at_least_once");
  pair.conflict = choice<Conflict>(own, "conflict", {{"last_writer", Conflict::last_writer}, {"crm_wins", Conflict::crm_wins},
                                                     {"mailbox_wins", Conflict::mailbox_wins}, {"manual", Conflict::manual}});
  pair.left_filter = choice<LeftFilter>(own, "left_filter", {{"keep", LeftFilter::keep}, {"unlink", LeftFilter::unlink}, {"delete", LeftFilter::remove}});
  pair.email = {static_cast<int>(number(own, "email.method")), std::nullopt, flag(own, "email.auto_track"), flag(own, "email.correlate_by_headers"),
                number(own, "email.max_size")};
  if (find_dotted(own, "email.received_after") != nullptr) pair.email.received_after_ms = number(own, "email.received_after");
  pair.delete_task = static_cast<int>(number(own, "delete.task"));
  pair.ruleset = word(own, "ruleset");
  judge_entities(table, own_entities, pair);
  judge_sides(table, pair);
  own.erase("mailbox");
  set_dotted(own, "entities", json::value_from(pair.entities));
  OptionTable shown = options;
  std::erase_if(shown, [](const sy_option* o) { return std::string_view(o->name) == "mailbox"; });
  out_.effective.push_back({where, shown, own, {}});
  if (const Entry* m = table.find("mailbox"); m != nullptr && m->value.type == Node::Type::table) read_mailbox(m->value, where, pair);

  Span ruleset_at = place_of(table, "ruleset", entry.at);
  if (const Entry* d = root_.find("defaults"); d != nullptr && table.find("ruleset") == nullptr) ruleset_at = place_of(d->value, "ruleset", entry.at);
  std::vector<std::string> names;
  for (const Ruleset& r : rulesets()) names.emplace_back(r.name);
  if (std::find(names.begin(), names.end(), pair.ruleset) == names.end()) {
    const std::string near = nearest(pair.ruleset, names);
    std::string all;
    for (const std::string& n : names) all += (all.empty() ? "" : ", ") + n;
    faults_.add("CFG020", ruleset_at, "there is no ruleset \"" + pair.ruleset + "\"", near.empty() ? "" : "did you mean \"" + near + "\"?", "rulesets: " + all);
  }
  ruleset_at_[pair.address] = ruleset_at;
  out_.config.pairs.push_back(std::move(pair));
}

void ConfigReader::judge_entities(const Node& table, bool own, PairConfig& pair) {
  if (pair.kind != PairConfig::Kind::queue) return;
  const bool fit = pair.entities.size() == 1 && pair.entities.front() == "email";
  if (own && !fit)
    faults_.add("CFG023", place_of(table, "entities", pair.at), "a queue mailbox carries email only", {}, "write entities = [\"email\"], or leave it out");
  pair.entities = {"email"};
}

const ConnectionConfig* ConfigReader::refer(const std::string& name, Span at, std::string_view what) {
  if (name.empty()) return nullptr;
  if (const ConnectionConfig* c = out_.config.connection(name)) return c;
  std::vector<std::string> names;
  for (const ConnectionConfig& c : out_.config.connections) names.push_back(c.name);
  const std::string near = nearest(name, names);
  std::string all;
  for (const std::string& n : names) all += (all.empty() ? "" : ", ") + n;
  faults_.add("CFG020", at, "there is no connection \"" + name + "\" for " + std::string(what), near.empty() ? "" : "did you mean \"" + near + "\"?",
              all.empty() ? "add [connection." + name + "]" : "connections: " + all);
  return nullptr;
}

void ConfigReader::use_side(const std::string& connection, std::string_view side, Span at) {
  const auto [known, fresh] = sides_.emplace(connection, side);
  if (!fresh && known->second != side)
    faults_.add("CFG021", at, "the connection \"" + connection + "\" cannot be a " + std::string(side) + ": it is used as a " + known->second, {},
                "name a connection to a " + std::string(side));
}

void ConfigReader::judge_sides(const Node& table, PairConfig& pair) {
  const Span at = place_of(table, "organization", pair.at);
  const auto judge = [&](const std::string& name, Span where, std::string_view what) {
    const ConnectionConfig* c = refer(name, where, what);
    if (c == nullptr) return;
    if (c->type != nullptr && !endpoint_options(*c->type).empty())
      faults_.add("CFG021", where, "the connection \"" + name + "\" is a mailbox, not a CRM", "needed for " + std::string(what), "name a connection to a CRM");
    else use_side(name, "CRM", where);
  };
  judge(pair.organization, at, "`organization`");
  for (const std::string& name : pair.lookup) {
    const Span lookup_at = place_of(table, "lookup", pair.at);
    judge(name, lookup_at, "`lookup`");
    if (name == pair.organization)
      faults_.add("CFG020", lookup_at, "\"" + name + "\" is the organization itself", {}, "take it out of `lookup`: it is looked up anyway");
  }
}

void ConfigReader::read_mailbox(const Node& mailbox, const std::string& where, PairConfig& pair) {
  const std::string here = where.substr(0, where.size() - 1) + ".mailbox]";
  const Entry* named = mailbox.find("connection");
  OptionScope scope{here, mailbox.at, mailbox_options(), {}, "in the connection itself"};
  OptionTable own;
  const ConnectionConfig* c = nullptr;
  if (named != nullptr && named->value.type == Node::Type::text) {
    pair.mailbox = named->value.text;
    c = refer(pair.mailbox, named->value.at, "`mailbox`");
    if (c != nullptr) use_side(c->name, "mailbox", named->value.at);
    if (c != nullptr && c->type != nullptr) {
      own = endpoint_options(*c->type);
      scope.elsewhere = own_options(*c->type);
    }
  }
  const bool judged = c != nullptr && c->type != nullptr;
  Node shown = mailbox;
  if (!judged) std::erase_if(shown.entries, [](const Entry& e) { return e.key != "connection"; });
  scope.options.insert(scope.options.end(), own.begin(), own.end());
  OptionValues read = read_options(shown, scope, faults_);
  const json::object given = read.values;
  fill_defaults(read.values, scope.options);
  out_.effective.push_back({here, scope.options, read.values, read.secrets});
  read.values.erase("connection");
  pair.mailbox_json = canonical(read.values);
  pair.mailbox_secrets = std::move(read.secrets);
  if (!judged) return;
  // What the plugin requires names the mailbox; where it requires nothing, all that was given does.
  json::object identity;
  for (const sy_option* o : own)
    if ((o->flags & SY_REQUIRED) != 0 && o->type != SY_SECRET)
      if (const json::value* v = find_dotted(given, o->name)) set_dotted(identity, o->name, *v);
  if (identity.empty()) {
    identity = given;
    identity.erase("connection");
  }
  if (identity.empty()) return;
  const auto [same, fresh] = mailboxes_.emplace(pair.mailbox + " " + canonical(identity), where);
  if (!fresh)
    faults_.add("CFG022", mailbox.at, "this mailbox already belongs to " + same->second, {}, "give each user and queue a mailbox of its own");
}

}  // namespace syncline
