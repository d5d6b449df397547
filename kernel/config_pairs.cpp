// config_pairs.cpp: ConfigReader's users and queues: their mailboxes, organizations and what [defaults] gives them.
#include <algorithm>

#include "config_reader.hpp"
#include "config_values.hpp"

namespace syncline {
namespace {

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

/// Where an option of the table stands, or the table itself.
Span place_of(const Node& table, std::string_view name, Span otherwise) {
  const Entry* e = table.find_dotted(name);
  return e == nullptr ? otherwise : e->value.at;
}

OptionTable organization_only() {
  OptionTable out;
  for (const sy_option& o : organization_rule_options()) out.push_back(&o);
  return out;
}

/// What the rest of `values` lacks is taken from `more`.
void inherit(json::object& values, const json::object& more, const OptionTable& options) {
  for (const sy_option* o : options)
    if (const json::value* v = find_dotted(more, o->name); v != nullptr && find_dotted(values, o->name) == nullptr)
      set_dotted(values, o->name, *v);
}

/// What the ruleset sets otherwise than the options' own defaults.
void set_ruleset_defaults(json::object& values) {
  const json::value* named = find_dotted(values, "ruleset");
  for (const Ruleset& r : rulesets())
    if (named != nullptr && named->is_string() && std::string_view(named->get_string()) == r.name)
      for (const RulesetDefault& d : r.defaults)
        if (find_dotted(values, d.option) == nullptr) set_dotted(values, d.option, json::parse(d.json));
}

}  // namespace

void ConfigReader::read_pairs(std::string_view kind) {
  const Entry* all = table_of(kind);
  if (all == nullptr) return;
  for (const Entry& e : all->value.entries) {
    if (e.value.type == Node::Type::table)
      read_pair(e, kind == "user" ? PairConfig::Kind::user : PairConfig::Kind::queue);
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
    faults_.add("CFG013", entry.at, "\"" + entry.key + "\" is not an address", {},
                "name the " + kind_name + " by its primary address: [" + kind_name + ".\"name@example.org\"]");
  if (const auto [same, fresh] = addresses_.emplace(lower_case(entry.key), faults_.place(entry.at)); !fresh)
    faults_.add("CFG004", entry.at, "\"" + entry.key + "\" is configured twice: it also stands at " + same->second, {},
                "keep one of them");
  const OptionTable& options = section(kind_name).options;
  json::object own =
      read_options(table,
                   {where, entry.at, options, organization_only(), "in [defaults], for everybody", renamed_options()},
                   faults_)
          .values;
  const bool own_entities = find_dotted(own, "entities") != nullptr;
  inherit(own, defaults_, common_options());
  set_ruleset_defaults(own);
  fill_defaults(own, options);
  fill_defaults(own, common_options());
  pair.id = word(own, "id");
  pair.organization = word(own, "organization");
  pair.lookup = words(own, "lookup");
  pair.delegates = words(own, "delegates");
  for (const std::string& address : pair.delegates) {
    if (is_address(address)) continue;
    faults_.add("CFG013", place_of(table, "delegates", pair.at), "\"" + address + "\" in `delegates` is no address", {},
                "write a user's address, such as \"bob@example.org\"");
  }
  pair.entities = words(own, "entities");
  pair.at_least_once = flag(own, "at_least_once");
  pair.no_mail = word(own, "email.incoming") == "none";
  pair.conflict = choice<Conflict>(own, "merge.conflict",
                                   {{"last_writer", Conflict::last_writer},
                                    {"crm_wins", Conflict::crm_wins},
                                    {"mailbox_wins", Conflict::mailbox_wins},
                                    {"manual", Conflict::manual}});
  pair.first_link = choice<Conflict>(own, "merge.first_link",
                                     {{"crm_wins", Conflict::crm_wins}, {"mailbox_wins", Conflict::mailbox_wins}});
  pair.edit_outlives = word(own, "delete.vs_edit") == "edit_wins";
  pair.left_filter = choice<LeftFilter>(
      own, "left_filter", {{"keep", LeftFilter::keep}, {"unlink", LeftFilter::unlink}, {"delete", LeftFilter::remove}});
  if (find_dotted(own, "email.received_after") != nullptr) pair.received_after_ms = number(own, "email.received_after");
  for (const auto options_of : {principal_rule_options(), organization_rule_options()})
    for (const sy_option& o : options_of)
      if (const json::value* v = find_dotted(own, o.name)) set_dotted(pair.rules, o.name, *v);
  pair.poll = {number(own, "poll.busy"), number(own, "poll.normal"), number(own, "poll.idle"),
               number(own, "poll.minimum")};
  judge_poll(table, pair);
  pair.approval_required = flag(own, "approval.required");
  pair.ruleset = word(own, "ruleset");
  Span entities_at = place_of(table, "entities", pair.at);
  if (const Entry* d = root_.find("defaults"); d != nullptr && !own_entities)
    entities_at = place_of(d->value, "entities", entities_at);
  pair.entities_at = faults_.place(entities_at);
  judge_entities(table, own_entities, pair);
  judge_sides(table, pair);
  own.erase("mailbox");
  set_dotted(own, "entities", json::value_from(pair.entities));
  OptionTable shown = options;
  std::erase_if(shown, [](const sy_option* o) { return std::string_view(o->name) == "mailbox"; });
  out_.effective.push_back({where, shown, own, {}});
  if (const Entry* m = table.find("mailbox"); m != nullptr && m->value.type == Node::Type::table)
    read_mailbox(m->value, where, pair);

  Span ruleset_at = place_of(table, "ruleset", entry.at);
  if (const Entry* d = root_.find("defaults"); d != nullptr && table.find("ruleset") == nullptr)
    ruleset_at = place_of(d->value, "ruleset", entry.at);
  std::vector<std::string> names;
  for (const Ruleset& r : rulesets()) names.emplace_back(r.name);
  if (std::find(names.begin(), names.end(), pair.ruleset) == names.end()) {
    const std::string near = nearest(pair.ruleset, names);
    std::string all;
    for (const std::string& n : names) all += (all.empty() ? "" : ", ") + n;
    faults_.add("CFG020", ruleset_at, "there is no ruleset \"" + pair.ruleset + "\"",
                near.empty() ? "" : "did you mean \"" + near + "\"?", "rulesets: " + all);
  }
  ruleset_at_[pair.address] = ruleset_at;
  out_.config.pairs.push_back(std::move(pair));
}

/// A busy mailbox is not looked at less often than an idle one.
void ConfigReader::judge_poll(const Node& table, const PairConfig& pair) {
  const PollConfig& p = pair.poll;
  if (p.busy_ms <= p.normal_ms && p.normal_ms <= p.idle_ms) return;
  Span at = place_of(table, "poll", pair.at);
  if (const Entry* d = root_.find("defaults"); d != nullptr && table.find_dotted("poll") == nullptr)
    at = place_of(d->value, "poll", pair.at);
  faults_.add("CFG013", at, "poll.busy, poll.normal and poll.idle must not become shorter in this order", {},
              "their defaults are 2m, 5m and 12m");
}

void ConfigReader::judge_entities(const Node& table, bool own, PairConfig& pair) {
  if (pair.kind != PairConfig::Kind::queue) return;
  const bool fit = pair.entities.size() == 1 && pair.entities.front() == "email";
  if (own && !fit)
    faults_.add("CFG023", place_of(table, "entities", pair.at), "a queue mailbox carries email only", {},
                "write entities = [\"email\"], or leave it out");
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
  faults_.add("CFG020", at, "there is no connection \"" + name + "\" for " + std::string(what),
              near.empty() ? "" : "did you mean \"" + near + "\"?",
              all.empty() ? "add [connection." + name + "]" : "connections: " + all);
  return nullptr;
}

void ConfigReader::use_side(const std::string& connection, std::string_view side, Span at) {
  const auto [known, fresh] = sides_.emplace(connection, side);
  if (!fresh && known->second != side)
    faults_.add(
        "CFG021", at,
        "the connection \"" + connection + "\" cannot be a " + std::string(side) + ": it is used as a " + known->second,
        {}, "name a connection to a " + std::string(side));
}

void ConfigReader::judge_sides(const Node& table, PairConfig& pair) {
  const Span at = place_of(table, "organization", pair.at);
  const auto judge = [&](const std::string& name, Span where, std::string_view what) {
    const ConnectionConfig* c = refer(name, where, what);
    if (c == nullptr) return;
    if (c->type != nullptr && !endpoint_options(*c->type).empty())
      faults_.add("CFG021", where, "the connection \"" + name + "\" is a mailbox, not a CRM",
                  "needed for " + std::string(what), "name a connection to a CRM");
    else
      use_side(name, "CRM", where);
  };
  judge(pair.organization, at, "`organization`");
  for (const std::string& name : pair.lookup) {
    const Span lookup_at = place_of(table, "lookup", pair.at);
    judge(name, lookup_at, "`lookup`");
    if (name == pair.organization)
      faults_.add("CFG020", lookup_at, "\"" + name + "\" is the organization itself", {},
                  "take it out of `lookup`: it is looked up anyway");
  }
  if (!pair.lookup.empty())
    out_.notes.push_back(faults_.place(place_of(table, "lookup", pair.at)) +
                         ": `lookup` has no effect in this version: parties are looked up in the organization alone");
}

/// A person's mailbox is theirs: what belongs to a queue's only is refused there, whatever its value, and is no option.
void ConfigReader::refuse_queue_only(Node& mailbox, OptionTable& options, const std::string& where) {
  for (const sy_option* o : options) {
    const Entry* e = (o->flags & SY_QUEUE_ONLY) == 0 ? nullptr : mailbox.find(o->name);
    if (e == nullptr) continue;
    faults_.add("CFG026", e->at, "\"" + e->key + "\" is for queues only and does not belong in " + where,
                "a user's mailbox is the user's own", "take it out, or make this address a [queue.\"address\"]");
    std::erase_if(mailbox.entries, [&](const Entry& other) { return other.key == o->name; });
  }
  std::erase_if(options, [](const sy_option* o) { return (o->flags & SY_QUEUE_ONLY) != 0; });
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
  if (pair.kind == PairConfig::Kind::user) refuse_queue_only(shown, own, here);
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
  // An address names the mailbox, or what the plugin requires does; where it wants neither, all that was given.
  json::object identity;
  for (const sy_option* o : own) {
    const json::value* v = find_dotted(given, o->name);
    if ((o->flags & SY_ADDRESS) != 0)
      set_dotted(identity, o->name,
                 json::value(lower_case(v != nullptr && v->is_string() ? std::string_view(v->get_string())
                                                                       : std::string_view(pair.address))));
    else if ((o->flags & SY_REQUIRED) != 0 && o->type != SY_SECRET && v != nullptr)
      set_dotted(identity, o->name, *v);
  }
  if (identity.empty()) {
    identity = given;
    identity.erase("connection");
  }
  if (identity.empty()) return;
  const auto [same, fresh] = mailboxes_.emplace(pair.mailbox + " " + canonical(identity), where);
  if (!fresh)
    faults_.add("CFG022", mailbox.at, "this mailbox already belongs to " + same->second, {},
                "give each user and queue a mailbox of its own");
}

}  // namespace syncline
