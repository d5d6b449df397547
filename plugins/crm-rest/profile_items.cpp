// The part of a profile that says how contacts and tasks stand in their tables.
#include <algorithm>

#include "profile_node.hpp"

namespace syncline::crm {
namespace {

Form form(const Node& node) {
  static const std::map<std::string, Form, std::less<>> forms{
      {"text", Form::TEXT},     {"day", Form::DAY},     {"instant", Form::INSTANT}, {"number", Form::NUMBER},
      {"choice", Form::CHOICE}, {"lines", Form::LINES}, {"name", Form::NAME}};
  if (!node.there()) return Form::TEXT;
  const auto at = forms.find(node.text());
  if (at == forms.end()) node.fail("is not text, day, instant, number, choice, lines or name");
  return at->second;
}

ItemField field(const json::value& v) {
  const Node node(&v, "items.fields[]");
  ItemField out;
  out.field = node.at("field").text();
  out.form = form(node.at("form"));
  if (out.form == Form::LINES)
    out.columns = node.at("columns").texts();
  else
    out.columns = {node.at("column").text()};
  if (out.columns.empty()) node.at("columns").fail("is empty");
  if (const Node max = node.at("max"); max.there()) out.max = max.size();
  if (const Node address = node.at("address"); address.there()) out.address = address.size();
  if (const Node values = node.at("values"); values.there())
    for (const auto& [key, value] : values.object()) out.values.emplace(std::string(key), value);
  return out;
}

ItemTable table(const Node& kind, const json::value& v) {
  const Node node(&v, "items.tables[]");
  const Node owner = kind.at("owner");
  ItemTable out;
  out.subkind = node.at("subkind").text_or_none();
  out.table = node.at("table").text();
  out.set = node.at("set").text();
  out.key = node.at("key").text();
  out.changed = kind.at("changed").text_or_none();
  out.begun = kind.at("begun").text_or_none();
  if (owner.there()) {
    out.owner = owner.at("column").text();
    out.owner_bind = owner.at("bind").text();
    out.owner_table = owner.at("table").text();
  }
  for (const json::value& f : kind.at("fields").array()) out.fields.push_back(field(f));
  if (const Node more = node.at("fields"); more.there())
    for (const json::value& f : more.array()) out.fields.push_back(field(f));
  out.active = node.at("active").text_or_none();
  out.state = kind.at("state").text_or_none();
  out.status = kind.at("status").text_or_none();
  if (out.state.empty()) return out;
  const Node states = node.at("states");
  for (const auto& entry : states.object()) {
    const Node pair = states.at(entry.key());
    if (pair.array().size() != 2) pair.fail("is not [state, status]");
    out.states.emplace_back(std::string(entry.key()),
                            FinalState{Node(&pair.array()[0], "items.tables[].states").number(),
                                       Node(&pair.array()[1], "items.tables[].states").number()});
  }
  return out;
}

}  // namespace

std::vector<ItemKind> Profile::read_items(const json::value& root) {
  std::vector<ItemKind> out;
  const Node items = Node(&root, "").at("items");
  if (!items.there()) return out;
  for (const auto& entry : items.object()) {
    const Node node = items.at(entry.key());
    ItemKind kind{std::string(entry.key()), node.at("feed").text(), node.at("page").size(), {}};
    for (const json::value& t : node.at("tables").array()) kind.tables.push_back(table(node, t));
    if (kind.tables.empty()) node.at("tables").fail("is empty");
    out.push_back(std::move(kind));
  }
  return out;
}

const ItemKind* Profile::item(std::string_view kind) const {
  const auto at = std::find_if(items.begin(), items.end(), [&](const ItemKind& k) { return k.kind == kind; });
  return at == items.end() ? nullptr : &*at;
}

}  // namespace syncline::crm
