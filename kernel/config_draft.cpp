#include "config_draft.hpp"

#include <algorithm>
#include <set>
#include <syncline/plugin.hpp>

namespace syncline {

namespace {

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    // A dollar sign would begin a variable.
    if (c == '$') out += '$';
    if (static_cast<unsigned char>(c) < 0x20) throw Error(SY_CONFIG, "a value must be one line of printable text");
    out += c;
  }
  return out + "\"";
}

std::string group_of(std::string_view name) {
  const auto dot = name.rfind('.');
  return dot == std::string_view::npos ? std::string() : std::string(name.substr(0, dot));
}

std::string table(const std::string& header, const ConfigDraft::Part& part) {
  std::string out = "\n[" + header + "]\nplugin = " + quoted(part.plugin) + "\n";
  if (!part.class_name.empty()) out += "class = " + quoted(part.class_name) + "\n";
  for (const auto& [name, value] : part.values) out += name + " = " + value + "\n";
  return out;
}

}  // namespace

std::string toml_literal(const sy_option& option, std::string_view typed) {
  switch (option.type) {
    case SY_INT:
    case SY_BOOL:
    case SY_INSTANT: return std::string(typed);
    case SY_LIST: {
      std::string out = "[";
      std::string_view rest = typed;
      while (!rest.empty()) {
        const auto comma = rest.find(',');
        std::string_view one = rest.substr(0, comma);
        while (!one.empty() && one.front() == ' ') one.remove_prefix(1);
        out += (out.size() == 1 ? "" : ", ") + quoted(one);
        rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
      }
      return out + "]";
    }
    default: return quoted(typed);
  }
}

std::string secret_literal(std::string_view reference) {
  const auto colon = reference.find(':');
  const std::string_view from = reference.substr(0, colon == std::string_view::npos ? 0 : colon);
  if ((from != "env" && from != "file") || colon + 1 == reference.size())
    throw Error(SY_CONFIG, "a secret is named by where it is: env:NAME or file:PATH, never by its value");
  return "{ " + std::string(from) + " = " + quoted(reference.substr(colon + 1)) + " }";
}

OptionTable asked_options(const OptionTable& all) {
  std::set<std::string> groups;
  for (const sy_option* o : all)
    if (o->type == SY_SECRET && !group_of(o->name).empty()) groups.insert(group_of(o->name));
  OptionTable out;
  std::copy_if(all.begin(), all.end(), std::back_inserter(out), [&](const sy_option* o) {
    return (o->flags & SY_REQUIRED) != 0 || o->type == SY_SECRET || groups.contains(group_of(o->name));
  });
  return out;
}

std::string ConfigDraft::text() const {
  std::string out =
      "# Written by `syncline init`. `syncline config example` shows every option, `syncline config check` judges "
      "this.\n";
  out += table("store", store) + table("connection.mail", mailbox) + table("connection.crm", crm);
  for (const Person& p : people) {
    out += "\n[" + p.kind + "." + quoted(p.address) + "]\norganization = \"crm\"\nmailbox = { connection = \"mail\"";
    for (const auto& [name, value] : p.values) out += ", " + name + " = " + value;
    out += " }\n";
  }
  return out;
}

}  // namespace syncline
