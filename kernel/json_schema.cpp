#include "reference.hpp"

namespace syncline {
namespace {

// A text with a variable may become anything once it is expanded.
json::object variable() { return {{"type", "string"}, {"pattern", "\\$\\{"}}; }

json::object any_of(json::array options) { return {{"anyOf", std::move(options)}}; }

json::object secret_schema() {
  const json::object text{{"type", "string"}, {"minLength", 1}};
  const auto source = [](const char* key, json::object value) {
    return json::object{{"type", "object"},
                        {"properties", json::object{{key, std::move(value)}}},
                        {"required", json::array{key}},
                        {"additionalProperties", false}};
  };
  return any_of({text, source("file", text), source("env", text),
                 source("command", {{"type", "array"}, {"items", json::object{{"type", "string"}}}, {"minItems", 1}})});
}

json::object list_schema(const sy_option& o) {
  const std::vector<std::string> allowed = allowed_words(o);
  if (allowed.empty()) return {{"type", "array"}};
  json::object item{{"type", "string"}};
  if (allowed.front() != any_text) item = any_of({json::object{{"enum", json::value_from(allowed)}}, variable()});
  return any_of({json::object{{"type", "array"}, {"items", item}}, item});
}

json::object number_schema(const sy_option& o) {
  json::object number{{"type", "integer"}};
  const Bounds b = bounds_of(o);
  if (b.min) number["minimum"] = *b.min;
  if (b.max) number["maximum"] = *b.max;
  return number;
}

json::object value_schema(const sy_option& o) {
  const json::object text{{"type", "string"}};
  switch (o.type) {
    case SY_INT: return any_of({number_schema(o), variable()});
    case SY_BOOL: return any_of({json::object{{"type", "boolean"}}, variable()});
    case SY_DURATION: return {{"type", "string"}, {"pattern", "^([0-9]+(ms|s|min|m|h|d|w))+$|\\$\\{"}};
    case SY_BYTES:
      return any_of({number_schema(o),
                     json::object{{"type", "string"}, {"pattern", "^[0-9]+(B|KiB|MiB|GiB|TiB|kB|KB|MB|GB)?$|\\$\\{"}}});
    case SY_CHOICE: return any_of({json::object{{"enum", json::value_from(allowed_words(o))}}, variable()});
    case SY_SECRET: return secret_schema();
    case SY_INSTANT:
      return {{"type", "string"},
              {"pattern",
               "^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt "
               "][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?([Zz]|[+-][0-9]{2}:[0-9]{2})$|\\$\\{"}};
    case SY_LIST: return list_schema(o);
    case SY_TABLE: return {{"type", "object"}};
    case SY_PATH: return {{"type", "string"}, {"minLength", 1}};
    case SY_REGEX: return {{"type", "string"}, {"format", "regex"}};
    case SY_URL:
      return {{"type", "string"},
              {"pattern", "^[a-z0-9+-]+://[^/?#:@\\s\"<>][^/?#@\\s\"<>]*([/?#][^\\s\"<>]*)?$|\\$\\{"}};
    default: return text;
  }
}

json::object described(const sy_option& o) {
  json::object out = value_schema(o);
  out["description"] = o.doc;
  if (const auto value = default_of(o); value && o.type != SY_DURATION) out["default"] = *value;
  return out;
}

json::object& object_in(json::object& in, std::string_view key) {
  json::value& v = in[key];
  return v.is_object() ? v.get_object() : v.emplace_object();
}

void put_option(json::object& table, std::string_view name, const sy_option& o, bool complete) {
  const std::size_t dot = name.find('.');
  const std::string_view head = name.substr(0, dot);
  if (complete && (o.flags & SY_REQUIRED) != 0) {
    json::value& required = table["required"];
    json::array& list = required.is_array() ? required.get_array() : required.emplace_array();
    bool known = false;
    for (const json::value& v : list) known = known || v == json::value(head);
    if (!known) list.push_back(json::value(head));
  }
  json::object& properties = object_in(table, "properties");
  if (dot == std::string_view::npos) {
    properties[head] = described(o);
    return;
  }
  json::object& inner = object_in(properties, head);
  inner["type"] = "object";
  inner["additionalProperties"] = false;
  put_option(inner, name.substr(dot + 1), o, complete);
}

json::object table_schema(const OptionTable& options, bool complete = true) {
  json::object out{{"type", "object"}, {"properties", json::object()}, {"additionalProperties", false}};
  for (const sy_option* o : options) put_option(out, o->name, *o, complete);
  return out;
}

OptionTable joined(const OptionTable& a, const OptionTable& b) {
  OptionTable out = a;
  out.insert(out.end(), b.begin(), b.end());
  return out;
}

/// One alternative per class: its own keys beside the kernel's, chosen by `plugin`.
json::object plugin_choice(const std::vector<KnownClass>& classes, std::string_view role, const OptionTable& kernel) {
  json::array options;
  for (const KnownClass& c : classes) {
    if (role != c.type->role) continue;
    json::object one = table_schema(joined(kernel, own_options(*c.type)));
    object_in(object_in(one, "properties"), "plugin")["enum"] = json::array{c.plugin->name};
    options.push_back(std::move(one));
  }
  return options.empty() ? table_schema(kernel) : any_of(std::move(options));
}

/// A stage: an entry of a ruleset by its name, or a class of a plugin.
json::object stage_choice(const std::vector<KnownClass>& classes, std::string_view role, const OptionTable& kernel) {
  json::array options;
  for (const KnownClass& c : classes) {
    if (role != c.type->role) continue;
    json::object one = table_schema(joined(kernel, own_options(*c.type)));
    json::array names;
    for (const Ruleset& r : rulesets())
      for (const RulesetEntry& e : r.entries)
        if (e.role == role && e.plugin == c.plugin->name && e.class_name == c.type->name)
          names.push_back(json::value(e.name));
    object_in(object_in(one, "properties"), "plugin")["enum"] = json::array{c.plugin->name};
    json::object own = one;
    own["required"].as_array().push_back("plugin");
    options.push_back(std::move(own));
    if (names.empty()) continue;
    object_in(object_in(one, "properties"), "name")["enum"] = std::move(names);
    options.push_back(std::move(one));
  }
  return options.empty() ? table_schema(kernel) : any_of(std::move(options));
}

json::object mailbox_choice(const std::vector<KnownClass>& classes, bool queue) {
  json::array options;
  for (const KnownClass& c : classes) {
    if (std::string_view(c.type->role) != "connection") continue;
    OptionTable own = endpoint_options(*c.type);
    if (!queue) std::erase_if(own, [](const sy_option* o) { return (o->flags & SY_QUEUE_ONLY) != 0; });
    options.push_back(table_schema(joined(mailbox_options(), own)));
  }
  return options.empty() ? table_schema(mailbox_options()) : any_of(std::move(options));
}

json::object section_schema(const Section& s, const std::vector<KnownClass>& classes) {
  if (s.name == "store" || s.name == "connection") return plugin_choice(classes, s.name, s.options);
  if (s.shape == Section::Shape::list && s.name != "test") return stage_choice(classes, s.name, s.options);
  json::object table = table_schema(s.options, s.name != "defaults");
  if (s.name == "user" || s.name == "queue")
    object_in(table, "properties")["mailbox"] = mailbox_choice(classes, s.name == "queue");
  if (s.name == "queue")
    object_in(table, "properties")["entities"] =
        any_of({json::object{{"const", json::array{"email"}}}, json::object{{"const", "email"}}});
  return table;
}

}  // namespace

json::object json_schema(const std::vector<KnownClass>& classes) {
  json::object root = table_schema(section("").options);
  json::object& properties = object_in(root, "properties");
  for (const Section& s : sections()) {
    using S = Section::Shape;
    if (s.shape == S::root) continue;
    json::object one = section_schema(s, classes);
    if (s.shape == S::named) one = {{"type", "object"}, {"additionalProperties", std::move(one)}};
    if (s.shape == S::list) one = {{"type", "array"}, {"items", std::move(one)}};
    one["description"] = json::value(s.summary);
    properties[s.name] = std::move(one);
  }
  root["required"] = json::array{"store"};
  json::object out{{"$schema", "https://json-schema.org/draft/2020-12/schema"}, {"title", "Syncline configuration"}};
  for (auto& [k, v] : root) out[k] = std::move(v);
  return out;
}

}  // namespace syncline
