#include "reference.hpp"

#include <algorithm>

#include "units.hpp"

namespace syncline {
namespace {

std::string toml_text(std::string_view s) {
  std::string out = "\"";
  for (const char c : s) {
    if (c == '"' || c == '\\') out += '\\';
    if (c == '\n')
      out += "\\n";
    else if (c == '\t')
      out += "\\t";
    else if (c == '$')
      out += "$$";  // or it would be a variable
    else
      out += c;
  }
  return out + "\"";
}

std::string toml_plain(const json::value& v) {
  if (const json::array* a = v.if_array()) {
    std::string out;
    for (const json::value& item : *a) out += (out.empty() ? "" : ", ") + toml_plain(item);
    return "[" + out + "]";
  }
  if (const json::object* o = v.if_object()) {
    std::string out;
    for (const auto& [k, item] : *o) out += (out.empty() ? " " : ", ") + toml_text(k) + " = " + toml_plain(item);
    return "{" + out + (out.empty() ? "}" : " }");
  }
  if (v.is_string()) return toml_text(v.get_string());
  return json::serialize(v);
}

std::string secret_words(const SecretRef& s) {
  switch (s.from) {
    case SecretRef::From::file: return "{ file = " + toml_text(s.name) + " }";
    case SecretRef::From::environment: return "{ env = " + toml_text(s.name) + " }";
    case SecretRef::From::command:
      return "{ command = [" + toml_text(s.command.front()) + ", \"…\"] }";  // arguments may say too much
    default: return "\"***\"";
  }
}

std::string default_words(const sy_option& o) {
  if (o.fallback == nullptr) return {};
  const auto value = default_of(o);
  return value ? toml_value(o, *value) : std::string(o.fallback);
}

std::string example_words(const sy_option& o) {
  if (o.type == SY_SECRET) {
    std::string variable;
    for (const char c : std::string_view(o.name))
      variable += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c >= '0' && c <= '9' ? c : '_';
    return "{ env = \"" + variable + "\" }";
  }
  if (o.example != nullptr) {
    if (const auto node = parse_value(o.example)) {
      const bool texts = o.type == SY_TEXT || o.type == SY_CHOICE || o.type == SY_PATH || o.type == SY_URL ||
                         o.type == SY_REGEX || o.type == SY_DURATION;
      if (!texts || node->type == Node::Type::text) return o.example;
    }
    return toml_text(o.example);
  }
  if (o.fallback != nullptr) return default_words(o);
  switch (o.type) {
    case SY_INT: return std::to_string(bounds_of(o).min.value_or(0));
    case SY_BOOL: return "false";
    case SY_DURATION: return toml_text(print_duration(bounds_of(o).min.value_or(60'000)));
    case SY_BYTES: return std::to_string(bounds_of(o).min.value_or(0));
    case SY_CHOICE: return toml_text(allowed_words(o).front());
    case SY_INSTANT: return "2026-01-01T00:00:00Z";
    case SY_LIST: return "[]";
    case SY_TABLE: return "{}";
    case SY_PATH: return "\"/var/lib/syncline/file\"";
    case SY_URL: return "\"https://host.example\"";
    default: return "\"text\"";
  }
}

std::string cell(std::string_view s) {
  std::string out;
  for (const char c : s) out += c == '|' ? "\\|" : std::string(1, c);
  return out;
}

void comment_lines(std::string& out, std::string_view text) { out += "# " + std::string(text) + "\n"; }

/// Options as lines: those that are needed active, the others as comments that show the default or an example.
void example_lines(std::string& out, const OptionTable& options, const std::string& except = {}) {
  for (const sy_option* o : options) {
    if (except == o->name) continue;
    comment_lines(out, std::string(o->doc) + " (" + type_words(*o) + ")");
    const bool given = (o->flags & (SY_REQUIRED | SY_IN_EXAMPLE)) != 0;
    out += (given ? "" : "#") + std::string(o->name) + " = " +
           (given || o->fallback == nullptr ? example_words(*o) : default_words(*o)) + "\n";
  }
}

const KnownClass* first(const std::vector<KnownClass>& classes, std::string_view role, bool per_endpoint) {
  for (const KnownClass& c : classes)
    if (role == c.type->role && (role != "connection" || endpoint_options(*c.type).empty() != per_endpoint)) return &c;
  return nullptr;
}

std::size_t classes_of_role(const sy_plugin& p, std::string_view role) {
  std::size_t n = 0;
  for (std::size_t i = 0; i < p.n_classes; ++i) n += role == p.classes[i]->role ? 1 : 0;
  return n;
}

void plugin_lines(std::string& out, const KnownClass& c) {
  comment_lines(out, c.type->summary == nullptr ? "" : c.type->summary);
  out += "plugin = \"" + std::string(c.plugin->name) + "\"\n";
  if (classes_of_role(*c.plugin, c.type->role) > 1) out += "class = \"" + std::string(c.type->name) + "\"\n";
  example_lines(out, own_options(*c.type));
}

std::string mailbox_example(const KnownClass& mailbox) {
  std::string out = "{ connection = \"mail\"";
  bool with_secret = false;  // of several ways to sign in, the first
  for (const sy_option* o : endpoint_options(*mailbox.type)) {
    const bool secret = o->type == SY_SECRET;
    if ((o->flags & SY_REQUIRED) == 0 && (!secret || with_secret)) continue;
    with_secret = with_secret || secret;
    out += ", " + std::string(o->name) + " = " + example_words(*o);
  }
  return out + " }";
}

OptionTable but(const OptionTable& options, std::initializer_list<std::string_view> names) {
  OptionTable out;
  for (const sy_option* o : options)
    if (std::find(names.begin(), names.end(), o->name) == names.end()) out.push_back(o);
  return out;
}

}  // namespace

std::vector<KnownClass> known_classes(PluginRegistry& plugins) {
  std::vector<KnownClass> out;
  for (const PluginFile& f : plugins.present()) {
    try {
      const sy_plugin& p = plugins.load(f.name);
      for (std::size_t i = 0; i < p.n_classes; ++i) out.push_back({&p, p.classes[i]});
    } catch (const Error&) {
      continue;  // `plugin list` says why
    }
  }
  return out;
}

std::string toml_value(const sy_option& option, const json::value& value) {
  if (option.type == SY_DURATION && value.is_int64()) return toml_text(print_duration(value.get_int64()));
  if (option.type == SY_BYTES && value.is_int64()) return toml_text(print_bytes(value.get_int64()));
  if (option.type == SY_INSTANT && value.is_int64()) return print_instant(value.get_int64());
  return toml_plain(value);
}

std::string option_table(const OptionTable& options) {
  std::string out = "| option | type | default | meaning |\n|---|---|---|---|\n";
  for (const sy_option* o : options) {
    const bool required = (o->flags & SY_REQUIRED) != 0;
    out += "| `" + std::string(o->name) + "` | " + cell(type_words(*o)) + " | " +
           (required                 ? "required"
            : o->fallback == nullptr ? "–"
                                     : "`" + cell(default_words(*o)) + "`") +
           " | " + ((o->flags & SY_QUEUE_ONLY) != 0 ? "queues only: " : "") + cell(o->doc);
    if (o->example != nullptr && o->type != SY_SECRET) out += "; e.g. `" + cell(example_words(*o)) + "`";
    out += " |\n";
  }
  return out;
}

std::string reference_page(const std::vector<KnownClass>& classes) {
  std::string out =
      "# Configuration reference\n\nMade by `syncline config schema --page` from the option tables.\n\n"
      "Durations are texts with a unit (`\"30s\"`, `\"5m\"`, `\"24h\"`, `\"30d\"`), sizes too (`\"64MiB\"`, or a "
      "number of bytes). "
      "In texts, `${NAME}` and `${NAME:-default}` stand for environment variables, `$$` for a dollar sign. A secret is "
      "`{ file = \"…\" }`, `{ env = \"…\" }`, `{ command = [\"…\"] }`, or a text if nobody else may read the file.\n";
  for (const Section& s : sections()) {
    using S = Section::Shape;
    const std::string name(s.name);
    const std::string title = s.shape == S::root    ? "At the top"
                              : s.shape == S::list  ? "[[" + name + "]]"
                              : s.shape == S::named ? "[" + name + ".NAME]"
                                                    : "[" + name + "]";
    out += "\n## " + title + "\n\n" + std::string(s.summary) + "\n\n" + option_table(s.options);
  }
  out += "\n## Rulesets\n\n| ruleset | entries, in their order |\n|---|---|\n";
  for (const Ruleset& r : rulesets()) {
    std::string entries;
    for (const RulesetEntry& e : r.entries) entries += (entries.empty() ? "" : ", ") + std::string(e.name);
    out += "| `" + std::string(r.name) + "` | " + (entries.empty() ? "–" : entries) + " |\n";
  }
  for (const KnownClass& c : classes) {
    out += "\n## Plugin " + std::string(c.plugin->name) + ": " + c.type->role + " " + c.type->name + "\n\n" +
           (c.type->summary == nullptr ? "" : c.type->summary) + "\n\n" + option_table(own_options(*c.type));
    if (const OptionTable mailbox = endpoint_options(*c.type); !mailbox.empty())
      out += "\nIn a user's or queue's `mailbox`:\n\n" + option_table(mailbox);
  }
  out += "\n## Fault codes\n\n| code | meaning |\n|---|---|\n";
  for (const FaultCode& f : fault_codes()) out += "| " + std::string(f.code) + " | " + std::string(f.meaning) + " |\n";
  return out;
}

std::string example_config(const std::vector<KnownClass>& classes) {
  std::string out =
      "# Syncline's configuration. A commented option shows its default, or an example where there is none.\n";
  const KnownClass* store = first(classes, "store", false);
  const KnownClass* mailbox = first(classes, "connection", true);
  const KnownClass* crm = first(classes, "connection", false);
  for (const Section& s : sections()) {
    if (s.shape == Section::Shape::list || s.name == "queue") continue;
    if (s.shape == Section::Shape::named) {
      if (s.name != "connection") continue;
      for (const auto& [name, c] : {std::pair{"mail", mailbox}, std::pair{"crm", crm}}) {
        if (c == nullptr) continue;
        out += "\n[connection." + std::string(name) + "]\n";
        plugin_lines(out, *c);
      }
      continue;
    }
    out += s.name.empty() ? "\n"
                          : "\n# " + std::string(s.summary) + "\n" +
                                (s.name == "store" && store == nullptr ? "#" : "") + "[" + std::string(s.name) + "]\n";
    if (s.name != "store")
      example_lines(out, s.options);
    else if (store != nullptr)
      plugin_lines(out, *store);
  }
  if (mailbox != nullptr && crm != nullptr) {
    out +=
        "\n# a CRM user, named by the primary address\n[user.\"alice@example.org\"]\norganization = \"crm\"\nmailbox "
        "= " +
        mailbox_example(*mailbox) + "\n";
    example_lines(out, but(section("user").options, {"organization", "mailbox"}));
  }
  out += "\n# a stage of the ruleset, configured in place\n#[[rule]]\n#name = \"size-limit\"\n#enabled = false\n";
  return out;
}

std::string show_toml(const std::vector<EffectiveTable>& tables) {
  std::string out;
  for (const EffectiveTable& t : tables) {
    if (!t.header.empty()) out += (out.empty() ? "" : "\n") + t.header + "\n";
    for (const sy_option* o : t.options) {
      if (const auto secret = t.secrets.find(o->name); secret != t.secrets.end())
        out += std::string(o->name) + " = " + secret_words(secret->second) + "\n";
      else if (const json::value* v = find_dotted(t.values, o->name))
        out += std::string(o->name) + " = " + toml_value(*o, *v) + "\n";
    }
  }
  return out;
}

json::object show_json(const std::vector<EffectiveTable>& tables) {
  json::object out;
  for (const EffectiveTable& t : tables) {
    json::object values = t.values;
    for (const auto& [name, secret] : t.secrets)
      set_dotted(values, name,
                 json::object{{"secret", secret.from == SecretRef::From::inline_text ? "***" : secret.describe()}});
    if (t.header.starts_with("[[")) {
      json::value& list = out[t.header];
      (list.is_array() ? list.get_array() : list.emplace_array()).push_back(std::move(values));
    } else {
      out[t.header.empty() ? "" : t.header] = std::move(values);
    }
  }
  return out;
}

}  // namespace syncline
