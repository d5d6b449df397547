#include "schema.hpp"

#include <algorithm>
#include <map>
#include <syncline/plugin.hpp>

#include "schema_values.hpp"
#include "units.hpp"

namespace syncline {
namespace {

/// One level of dotted names: each first segment with the options below it.
struct Level {
  std::string prefix;  ///< "auth." inside auth
  OptionTable options;
};

class TableReader {
 public:
  TableReader(const OptionScope& scope, Faults& faults, OptionValues& out)
      : scope_(scope), faults_(faults), out_(out) {}

  void read(const Node& table, const Level& level) {
    for (const Entry& e : table.entries) {
      const std::string name = level.prefix + e.key;
      const sy_option* option = nullptr;
      OptionTable below;
      for (const sy_option* o : level.options) {
        if (name == o->name)
          option = o;
        else if (std::string_view(o->name).starts_with(name + "."))
          below.push_back(o);
      }
      if (option != nullptr)
        take(e, *option);
      else if (!below.empty() && e.value.type == Node::Type::table)
        read(e.value, {name + ".", below});
      else if (!below.empty())
        faults_.add(
            "CFG010", e.value.at,
            "\"" + name + "\" in " + scope_.where + " must be a table, here is " + std::string(type_name(e.value.type)),
            {}, "its options are " + options_below(below));
      else
        unknown(e, level);
    }
  }

 private:
  static std::string options_below(const OptionTable& options) {
    std::vector<std::string> names;
    for (const sy_option* o : options) names.emplace_back(o->name);
    return joined(names);
  }

  void take(const Entry& e, const sy_option& option) {
    if (option.type == SY_SECRET) {
      if (auto ref = read_secret(e.value, option, scope_.where, faults_))
        out_.secrets.emplace(option.name, std::move(*ref));
      return;
    }
    if (auto value = read_value(e.value, option, scope_.where, faults_))
      set_dotted(out_.values, option.name, std::move(*value));
  }

  void unknown(const Entry& e, const Level& level) {
    const std::string name = level.prefix + e.key;
    for (const sy_option* o : scope_.elsewhere)
      if (name == o->name || std::string_view(o->name).starts_with(name + ".")) {
        faults_.add("CFG012", e.at, "\"" + name + "\" does not belong in " + scope_.where,
                    "it stands " + scope_.elsewhere_is, "move it there");
        return;
      }
    for (const Renamed& r : scope_.renamed)
      if (r.theirs == name) {
        faults_.add("CFG012", e.at, "\"" + name + "\" is called " + std::string(r.ours) + " here", {},
                    "write " + std::string(r.ours) + " = … instead");
        return;
      }
    std::vector<std::string> names;
    std::map<std::string, const sy_option*> by_name;
    for (const sy_option* o : scope_.options) {
      const std::string_view full(o->name);
      const std::string_view rest = full.starts_with(level.prefix) ? full.substr(level.prefix.size()) : full;
      names.emplace_back(rest.substr(0, rest.find('.')));
      by_name.emplace(names.back(), o);
      const std::string last(full.substr(full.rfind('.') + 1));
      if (last == e.key) return known_elsewhere(e, name, *o);
    }
    const std::string near = nearest(e.key, names);
    std::string hint;
    if (!near.empty()) {
      hint = "did you mean \"" + near + "\"?";
      if (const sy_option& o = *by_name.at(near); level.prefix + near == o.name)
        hint += "  (" + type_words(o) + (o.fallback == nullptr ? "" : ", default " + std::string(o.fallback)) + ")";
    }
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    faults_.add("CFG012", e.at, "unknown option \"" + name + "\" in " + scope_.where, hint,
                names.empty() ? "there are no options here" : "options here: " + joined(names));
  }

  void known_elsewhere(const Entry& e, const std::string& name, const sy_option& option) {
    faults_.add("CFG012", e.at, "unknown option \"" + name + "\" in " + scope_.where,
                "did you mean \"" + std::string(option.name) + "\"?",
                "write it as " + std::string(option.name) + " = …");
  }

  const OptionScope& scope_;
  Faults& faults_;
  OptionValues& out_;
};

}  // namespace

OptionTable own_options(const sy_class& type) {
  OptionTable out;
  for (std::size_t i = 0; i < type.n_options; ++i)
    if ((type.options[i]->flags & SY_PER_ENDPOINT) == 0) out.push_back(type.options[i]);
  return out;
}

OptionTable endpoint_options(const sy_class& type) {
  OptionTable out;
  for (std::size_t i = 0; i < type.n_options; ++i)
    if ((type.options[i]->flags & SY_PER_ENDPOINT) != 0) out.push_back(type.options[i]);
  return out;
}

OptionValues read_options(const Node& table, const OptionScope& scope, Faults& faults, bool complete) {
  OptionValues out;
  TableReader(scope, faults, out).read(table, {"", scope.options});
  if (!complete) return out;
  for (const sy_option* o : scope.options) {
    if ((o->flags & SY_REQUIRED) == 0 || table.find_dotted(o->name) != nullptr) continue;
    const Entry* head = table.find(std::string_view(o->name).substr(0, std::string_view(o->name).find('.')));
    if (head != nullptr && head->value.type != Node::Type::table) continue;  // that is what is wrong
    const std::string example = o->example == nullptr ? "…" : o->example;
    faults.add("CFG011", scope.at, "\"" + std::string(o->name) + "\" is missing in " + scope.where, std::string(o->doc),
               "add " + std::string(o->name) + " = " + example);
  }
  return out;
}

void fill_defaults(json::object& values, const OptionTable& options) {
  for (const sy_option* o : options)
    if (o->type != SY_SECRET && find_dotted(values, o->name) == nullptr)
      if (auto value = default_of(*o)) set_dotted(values, o->name, std::move(*value));
}

std::string judge_option(const sy_option& o) {
  if (!SY_HAS(&o, example)) return "an option's description is too short";
  if (o.name == nullptr || *o.name == '\0') return "an option has no name";
  const std::string name(o.name);
  const auto fit = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '.';
  };
  if (!std::all_of(name.begin(), name.end(), fit) || name.front() == '.' || name.back() == '.' ||
      name.find("..") != std::string::npos)
    return "option \"" + name + "\" has a name that cannot be written";
  if (o.type > SY_REGEX) return "option \"" + name + "\" has an unknown type";
  if (o.doc == nullptr || *o.doc == '\0') return "option \"" + name + "\" has no description";
  if (o.type == SY_CHOICE && (o.allowed == nullptr || *o.allowed == '\0'))
    return "option \"" + name + "\" is a choice of nothing";
  const bool measured = o.type == SY_INT || o.type == SY_DURATION || o.type == SY_BYTES;
  if (measured && o.allowed != nullptr) {
    const std::string_view allowed(o.allowed);
    const std::size_t dots = allowed.find("..");
    const Bounds b = bounds_of(o);
    if (dots == std::string_view::npos || (dots > 0 && !b.min) || (dots + 2 < allowed.size() && !b.max))
      return "option \"" + name + "\" has a range that is not \"min..max\"";
  }
  if (o.type == SY_SECRET && o.fallback != nullptr) return "option \"" + name + "\" is a secret with a default";
  if (o.type != SY_SECRET && o.fallback != nullptr && !default_of(o))
    return "option \"" + name + "\" has a default that its own type does not allow";
  return {};
}

json::value plain_json(const Node& node) {
  switch (node.type) {
    case Node::Type::integer: return node.integer;
    case Node::Type::real: return node.real;
    case Node::Type::boolean: return node.integer != 0;
    case Node::Type::instant: return json::value(print_instant(node.integer));
    case Node::Type::list: {
      json::array out;
      for (const Node& item : node.items) out.push_back(plain_json(item));
      return out;
    }
    case Node::Type::table: {
      json::object out;
      for (const Entry& e : node.entries) out[e.key] = plain_json(e.value);
      return out;
    }
    default: return json::value(node.text);
  }
}

const json::value* find_dotted(const json::object& values, std::string_view name) {
  const std::size_t dot = name.find('.');
  const json::value* v = values.if_contains(name.substr(0, dot));
  if (v == nullptr || dot == std::string_view::npos) return v;
  return v->is_object() ? find_dotted(v->get_object(), name.substr(dot + 1)) : nullptr;
}

void set_dotted(json::object& values, std::string_view name, json::value value) {
  const std::size_t dot = name.find('.');
  json::value& slot = values[name.substr(0, dot)];
  if (dot == std::string_view::npos)
    slot = std::move(value);
  else
    set_dotted(slot.is_object() ? slot.get_object() : slot.emplace_object(), name.substr(dot + 1), std::move(value));
}

std::string canonical(const json::value& value) {
  if (const json::array* a = value.if_array()) {
    std::string out = "[";
    for (const json::value& v : *a) out += (out.size() > 1 ? "," : "") + canonical(v);
    return out + "]";
  }
  if (const json::object* o = value.if_object()) {
    std::map<std::string_view, const json::value*> sorted;
    for (const auto& [k, v] : *o) sorted.emplace(std::string_view(k.data(), k.size()), &v);
    std::string out = "{";
    for (const auto& [k, v] : sorted)
      out += (out.size() > 1 ? "," : "") + json::serialize(json::value(k)) + ":" + canonical(*v);
    return out + "}";
  }
  return json::serialize(value);
}

}  // namespace syncline
