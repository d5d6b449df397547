#include "item_row.hpp"

#include <algorithm>

#include "odata.hpp"
#include "syncline/formats/time.hpp"

namespace syncline::crm {
namespace json = boost::json;
namespace {

constexpr std::string_view formatted = "OData.Community.Display.V1.FormattedValue";

/// How a lookup is called in rows.
std::string value_name(std::string_view lookup) { return "_" + std::string(lookup) + "_value"; }

/// The value of a field; null: none.
json::value read(const ItemField& f, const json::object& row) {
  const std::string& column = f.columns.front();
  switch (f.form) {
    case Form::TEXT: break;
    case Form::DAY:
    case Form::INSTANT: {
      const std::string text = text_of(row, column);
      const auto instant = text.empty() ? std::nullopt : formats::from_iso(text);
      return instant ? json::value(formats::to_iso(*instant).substr(0, 10)) : json::value(nullptr);
    }
    case Form::NUMBER: {
      const auto n = number_of(row, column);
      return n ? json::value(std::clamp<std::int64_t>(*n, 0, 100)) : json::value(nullptr);
    }
    case Form::CHOICE:
      for (const auto& [name, value] : f.values)
        if (same(row, column, value)) return json::value(name);
      return nullptr;
    case Form::LINES: {
      std::string out, gap;
      for (const std::string& c : f.columns) {
        const std::string line = text_of(row, c);
        if (!line.empty()) out += gap + line;
        if (!line.empty()) gap.clear();
        if (!out.empty()) gap += '\n';
      }
      return out.empty() ? json::value(nullptr) : json::value(out);
    }
    case Form::NAME: {
      const std::string name = text_of(row, value_name(column) + "@" + std::string(formatted));
      return name.empty() ? json::value(nullptr) : json::value(name);
    }
  }
  const std::string text = text_of(row, column);
  return text.empty() ? json::value(nullptr) : json::value(text);
}

const json::value* member(const json::object& doc, std::string_view field) {
  const std::size_t dot = field.find('.');
  const json::value* v = doc.if_contains(field.substr(0, dot));
  if (v == nullptr || dot == std::string_view::npos) return v;
  return v->is_object() ? v->get_object().if_contains(field.substr(dot + 1)) : nullptr;
}

json::value text_value(const ItemField& f, std::string_view text, Losses& losses) {
  bool cut = false;
  std::string out = clean(text, f.max, &cut);
  if (cut) losses.add(std::string(f.top()), "cut at " + std::to_string(f.max) + " characters");
  return out.empty() ? json::value(nullptr) : json::value(out);
}

void put_lines(const ItemField& f, std::string_view text, json::object& out, Losses& losses) {
  for (std::size_t i = 0; i < f.columns.size(); ++i) {
    std::size_t end = std::min(text.find('\n'), text.size());
    std::string line(text.substr(0, end));
    if (line.ends_with('\r')) line.pop_back();
    if (i + 1 == f.columns.size() && end < text.size()) {
      line = std::string(text);  // more lines than columns: the last one takes the rest
      std::erase(line, '\r');
      std::replace(line.begin(), line.end(), '\n', ' ');
      end = text.size();
      losses.add(std::string(f.top()), "more lines than the CRM's address has");
    }
    out[f.columns[i]] = text_value(f, line, losses);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

void write(const ItemField& f, const json::value* v, json::object& out, Losses& losses) {
  const std::string& column = f.columns.front();
  const bool text = v != nullptr && v->is_string();
  const std::string_view s = text ? std::string_view(v->get_string()) : std::string_view();
  switch (f.form) {
    case Form::TEXT: out[column] = text_value(f, s, losses); return;
    case Form::LINES: return put_lines(f, s, out, losses);
    case Form::DAY: out[column] = formats::is_date(s) ? json::value(s) : json::value(nullptr); return;
    case Form::INSTANT:  // noon: the same day for whoever reads it, from -12 to +11 hours
      out[column] = formats::is_date(s) ? json::value(std::string(s) + "T12:00:00Z") : json::value(nullptr);
      return;
    case Form::NUMBER: out[column] = v != nullptr && v->is_int64() ? *v : json::value(nullptr); return;
    case Form::CHOICE: {
      auto at = f.values.find(s);
      if (at == f.values.end()) at = f.values.find("normal");  // absent: the usual
      out[column] = at == f.values.end() ? json::value(nullptr) : at->second;
      return;
    }
    case Form::NAME: losses.add(std::string(f.top()), "follows from a record in the CRM that is chosen there"); return;
  }
}

}  // namespace

bool Scope::carries(const ItemTable& table, const ItemField& field) const {
  if (field.address > addresses) return false;
  return std::none_of(table.fields.begin(), table.fields.end(), [&](const ItemField& other) {
    return other.top() == field.top() && std::any_of(other.columns.begin(), other.columns.end(),
                                                     [&](const std::string& c) { return secured.contains(c); });
  });
}

std::set<std::string, std::less<>> Scope::fields(const ItemTable& table) const {
  std::set<std::string, std::less<>> out;
  for (const ItemField& f : table.fields)
    if (carries(table, f)) out.emplace(f.top());
  if (!table.states.empty()) out.emplace("status");
  if (!table.subkind.empty()) out.emplace("subkind");
  return out;
}

std::string item_columns(const ItemTable& table, const Scope& scope) {
  std::string out = table.key;
  const auto add = [&](const std::string& column) {
    if (!column.empty()) out += "," + column;
  };
  for (const ItemField& f : table.fields)
    if (scope.carries(table, f))
      for (const std::string& c : f.columns) add(f.form == Form::NAME ? value_name(c) : c);
  for (const std::string& c : {table.state, table.status, table.active, table.changed}) add(c);
  if (!table.owner.empty()) add(value_name(table.owner));
  return out;
}

std::string item_preference(const ItemTable& table) {
  const bool names =
      std::any_of(table.fields.begin(), table.fields.end(), [](const ItemField& f) { return f.form == Form::NAME; });
  return names ? "odata.include-annotations=\"" + std::string(formatted) + "\"" : std::string();
}

std::optional<FinalState> state_of(const ItemTable& table, std::string_view status) {
  for (const auto& [name, state] : table.states)
    if (name == status) return state;
  return std::nullopt;
}

/// A status of the organization's own counts as the first one of its state.
std::string status_of(const ItemTable& table, const json::object& row) {
  const auto state = number_of(row, table.state), status = number_of(row, table.status);
  for (const auto& [name, pair] : table.states)
    if (pair.state == state && pair.status == status) return name;
  for (const auto& [name, pair] : table.states)
    if (pair.state == state) return name;
  return {};
}

json::object item_document(const ItemTable& table, const Scope& scope, const json::object& row) {
  json::object doc;
  const std::string status = table.states.empty() ? std::string() : status_of(table, row);
  for (const ItemField& f : table.fields) {
    if (!scope.carries(table, f) || (f.field == "completed" && status != "completed")) continue;
    json::value v = read(f, row);
    if (v.is_null()) continue;
    const std::size_t dot = f.field.find('.');
    if (dot == std::string::npos) {
      doc[f.field] = std::move(v);
      continue;
    }
    json::value& address = doc[f.field.substr(0, dot)];
    if (!address.is_object()) address = json::object();
    address.get_object()[f.field.substr(dot + 1)] = std::move(v);
  }
  if (!status.empty()) doc["status"] = status;
  if (!table.subkind.empty() && table.subkind != "task") doc["subkind"] = table.subkind;
  return doc;
}

std::string item_marks(const ItemTable& table, const json::object& row) {
  json::object out;
  if (const std::string owner = table.owner.empty() ? std::string() : lower(text_of(row, value_name(table.owner)));
      !owner.empty())
    out["owner"] = owner;
  const std::string& state = table.active.empty() ? table.state : table.active;
  if (const auto n = number_of(row, state)) out["active"] = *n == 0;
  return out.empty() ? std::string() : json::serialize(out);
}

Item item_of(const ItemKind& kind, const ItemTable& table, const Scope& scope, const json::object& row) {
  Item out;
  out.kind = kind.kind;
  out.id = lower(text_of(row, table.key));
  out.version = text_of(row, "@odata.etag");
  out.doc = json::serialize(item_document(table, scope, row));
  out.marks = item_marks(table, row);
  out.changed_ms = formats::from_iso(text_of(row, table.changed)).value_or(0);
  return out;
}

json::object item_columns_of(const ItemTable& table, const Scope& scope, const json::object& doc,
                             const std::set<std::string, std::less<>>* fields, Losses& losses) {
  json::object out;
  const std::set<std::string, std::less<>> carried = scope.fields(table);
  const auto asked = [&](std::string_view top) {
    return fields == nullptr ? doc.contains(top) : fields->contains(top);
  };
  for (const auto& entry : doc)
    if (!carried.contains(entry.key()) && asked(entry.key())) losses.add(entry.key(), "not carried in this table");
  const json::value* status = doc.if_contains("status");
  const bool completed = status != nullptr && *status == "completed";
  for (const ItemField& f : table.fields) {
    if (!asked(f.top()) || !scope.carries(table, f)) continue;
    const json::value* v = member(doc, f.field);
    if (fields == nullptr && v == nullptr) continue;  // nothing to clear in a new record
    if (f.field == "completed" && !completed) continue;
    write(f, v, out, losses);
  }
  return out;
}

}  // namespace syncline::crm
