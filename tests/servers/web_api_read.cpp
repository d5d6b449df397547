// GET of a record, of a column, of a list and of a number.
#include <algorithm>
#include <set>

#include "encode.hpp"
#include "filter.hpp"
#include "web_api.hpp"

namespace syncline::sandbox {
namespace json = boost::json;
namespace {

std::string etag(const Row& row) { return "W/\"" + std::to_string(row.version) + "\""; }

bool wants(const std::string& wish, std::string_view annotation) {
  for (const auto& part : split_list(wish, ',')) {
    if (part == "*" || part == annotation) return true;
    if (part.ends_with("*") && annotation.starts_with(std::string_view(part).substr(0, part.size() - 1))) return true;
  }
  return false;
}

const Attribute& queried(const Table& table, const std::string& property) {
  const Attribute* found = table.queried(property);
  if (found == nullptr)
    throw ODataError(
        400, kBadQuery,
        "Could not find a property named '" + property + "' on type 'Microsoft.Dynamics.CRM." + table.logical + "'.");
  return *found;
}

std::vector<std::string> selection(const Table& table, const std::string& text) {
  std::vector<std::string> out = split_list(text, ',');
  for (const auto& property : out) {
    if (table.collection(property) == nullptr && table.lookup(property) == nullptr) queried(table, property);
  }
  return out;
}

void check_options(const Target& target) {
  static const std::set<std::string> kKnown{"$select", "$filter", "$expand",    "$orderby",
                                            "$top",    "$count",  "$skiptoken", "$deltatoken"};
  for (const auto& [name, value] : target.options) {
    if (name == "$skip") throw ODataError(400, kBadQuery, "Skip Clause is not supported in CRM");
    if (name.starts_with("$") && !kKnown.contains(name))
      throw ODataError(400, kBadQuery, "The query parameter " + name + " is not supported.");
  }
}

struct Order {
  std::string column;
  bool descending = false;
};

std::vector<Order> order_of(const Table& table, const std::string& text) {
  std::vector<Order> out;
  for (const auto& part : split_list(text, ',')) {
    const auto space = part.find(' ');
    const std::string direction = space == std::string::npos ? "asc" : trimmed(std::string_view(part).substr(space));
    if (direction != "asc" && direction != "desc")
      throw ODataError(400, kBadQuery, "Syntax error in $orderby: '" + direction + "'.");
    out.push_back({queried(table, part.substr(0, space)).name, direction == "desc"});
  }
  return out;
}

std::string cookie_value(const std::string& skiptoken) {
  constexpr std::string_view kMark = "pagingcookie=\"";
  const auto start = skiptoken.find(kMark);
  const auto end = start == std::string::npos ? start : skiptoken.find('"', start + kMark.size());
  const auto bytes = end == std::string::npos
                         ? std::nullopt
                         : from_base64(skiptoken.substr(start + kMark.size(), end - start - kMark.size()));
  if (!bytes)
    throw ODataError(400, kBadQuery, "Malformed XML in the paging cookie: the $skiptoken is not one of this server.");
  return *bytes;
}

}  // namespace

WebApi::View WebApi::view_of(const Table& table, const Call& call, const Target& target) const {
  View view;
  view.annotations = call.preference("odata.include-annotations");
  if (const std::string select = target.option("$select"); !select.empty()) view.select = selection(table, select);
  for (const auto& part : split_list(target.option("$expand"), ',')) {
    const auto open = part.find('(');
    Expand expand{part.substr(0, open), {}};
    const Collection* collection = table.collection(expand.nav);
    const Lookup* lookup = table.lookup(expand.nav);
    if (collection == nullptr && lookup == nullptr)
      throw ODataError(400, kBadQuery,
                       "Could not find a property named '" + expand.nav + "' on type 'Microsoft.Dynamics.CRM." +
                           table.logical + "'.");
    const Table& inner = *table_of(collection != nullptr ? collection->table : lookup->target);
    if (open != std::string::npos) {
      for (const auto& option : split_list(std::string_view(part).substr(open + 1, part.size() - open - 2), ';')) {
        if (!option.starts_with("$select="))
          throw ODataError(400, kBadQuery, "Only $select is supported inside $expand, not '" + option + "'.");
        expand.select = selection(inner, option.substr(8));
      }
    }
    view.expand.push_back(std::move(expand));
  }
  return view;
}

void WebApi::show_lookup(const Attribute& attribute, const Row& row, const std::string& annotations,
                         json::object& out) const {
  const std::string name = query_name(attribute);
  const auto target = row.targets.find(attribute.name);
  if (target != row.targets.end()) {
    const Table& table = *table_of(target->second);
    if (wants(annotations, "OData.Community.Display.V1.FormattedValue")) {
      const RowPtr other = organization_.find(table, row.text(attribute.name));
      if (other) out[name + "@OData.Community.Display.V1.FormattedValue"] = other->text(table.name);
    }
    if (wants(annotations, "Microsoft.Dynamics.CRM.associatednavigationproperty")) {
      for (const Table& own : tables()) {
        if (!row.values.contains(own.key)) continue;
        for (const auto& lookup : own.lookups) {
          if (lookup.attribute == attribute.name && lookup.target == target->second)
            out[name + "@Microsoft.Dynamics.CRM.associatednavigationproperty"] = lookup.nav;
        }
      }
    }
    if (wants(annotations, "Microsoft.Dynamics.CRM.lookuplogicalname"))
      out[name + "@Microsoft.Dynamics.CRM.lookuplogicalname"] = target->second;
  }
  out[name] = row.value(attribute.name);
}

json::object WebApi::show(const Table& table, const Row& row, const View& view) const {
  json::object out{{"@odata.etag", etag(row)}};
  for (const auto& attribute : table.attributes) {
    const std::string name = query_name(attribute);
    if (view.select && name != table.key &&
        std::find(view.select->begin(), view.select->end(), name) == view.select->end())
      continue;
    if (attribute.type == Type::LOOKUP) {
      show_lookup(attribute, row, view.annotations, out);
    } else {
      out[name] = secured(table, attribute.name) ? json::value(nullptr) : row.value(attribute.name);
    }
  }
  for (const auto& expand : view.expand) {
    View inner;
    inner.annotations = view.annotations;
    if (!expand.select.empty()) inner.select = expand.select;
    if (const Collection* collection = table.collection(expand.nav)) {
      json::array items;
      for (const auto& child : organization_.children(*collection, row.id))
        items.push_back(show(*table_of(collection->table), *child, inner));
      out[expand.nav] = std::move(items);
      continue;
    }
    const Lookup& lookup = *table.lookup(expand.nav);
    const auto target = row.targets.find(lookup.attribute);
    const bool fits = target != row.targets.end() && target->second == lookup.target;
    const RowPtr other = fits ? organization_.find(*table_of(lookup.target), row.text(lookup.attribute)) : nullptr;
    out[expand.nav] = other ? json::value(show(*table_of(lookup.target), *other, inner)) : json::value(nullptr);
  }
  return out;
}

json::object WebApi::everything(const Table& table, const Row& row) const {
  View view;
  view.annotations = "Microsoft.Dynamics.CRM.lookuplogicalname";
  for (const auto& collection : table.collections) {
    if (collection.table == "activityparty") view.expand.push_back({collection.nav, {}});
  }
  return show(table, row, view);
}

Reply WebApi::retrieve(const Table& table, const std::string& id, const Call& call, const Target& target) const {
  check_options(target);
  const View view = view_of(table, call, target);
  const RowPtr row = organization_.need(table, id);
  if (call.header("If-None-Match") == etag(*row) && view.expand.empty() && view.annotations.empty())
    return {304, {{"ETag", etag(*row)}}, {}};
  json::object body{{"@odata.context",
                     root() + "$metadata#" + table.set +
                         (target.option("$select").empty() ? "" : "(" + target.option("$select") + ")") + "/$entity"}};
  for (auto& [name, value] : show(table, *row, view)) body[name] = std::move(value);
  Reply reply = json_reply(200, body);
  reply.headers.emplace_back("ETag", etag(*row));
  return reply;
}

Reply WebApi::property(const Table& table, const std::string& id, const Call& call, const Target& target) const {
  const std::string& name = target.segments[1].name;
  const RowPtr row = organization_.need(table, id);
  if (const Collection* collection = table.collection(name); collection != nullptr && target.segments.size() == 2) {
    const Rows among = organization_.children(*collection, id);
    return list(*table_of(collection->table), &among, call, target);
  }
  if (const Lookup* lookup = table.lookup(name)) {
    const auto found = row->targets.find(lookup->attribute);
    if (found == row->targets.end() || found->second != lookup->target) return {204, {}, {}};
    const std::string other = row->text(lookup->attribute);
    if (target.segments.size() == 3 && target.segments[2].name == "$ref")
      return json_reply(200, json::object{{"@odata.context", root() + "$metadata#$ref"},
                                          {"@odata.id", entity_url(*table_of(lookup->target), other)}});
    return retrieve(*table_of(lookup->target), other, call, target);
  }
  const json::value value = row->value(queried(table, name).name);
  if (value.is_null()) return {204, {}, {}};
  if (target.segments.size() == 3 && target.segments[2].name == "$value")
    return {200,
            {{"Content-Type", "text/plain"}},
            value.is_string() ? std::string(value.as_string()) : json::serialize(value)};
  return json_reply(200, json::object{{"@odata.context", root() + "$metadata#" + table.set + "(" + id + ")/" + name},
                                      {"value", value}});
}

WebApi::Rows WebApi::filtered(const Table& table, const Rows* among, const Target& target) const {
  Rows all;
  if (among != nullptr) {
    all = *among;
  } else {
    for (const auto& [id, row] : organization_.rows(table)) all.push_back(row);
  }
  const std::string text = target.option("$filter");
  if (text.empty()) return all;
  // "column" or "lookup/column".
  const auto place = [&](const std::string& property) -> std::pair<const Lookup*, const Attribute*> {
    const auto slash = property.find('/');
    if (slash == std::string::npos) return {nullptr, &queried(table, property)};
    const Lookup* lookup = table.lookup(property.substr(0, slash));
    if (lookup == nullptr)
      throw ODataError(400, kBadQuery, "Could not find a property named '" + property.substr(0, slash) + "'.");
    return {lookup, &queried(*table_of(lookup->target), property.substr(slash + 1))};
  };
  Filter::Parameters parameters;
  for (const auto& [name, value] : target.options) {
    if (name.starts_with("@")) parameters.emplace(name, value);
  }
  const Filter filter(
      text,
      [&](const std::string& property) {
        const auto [lookup, attribute] = place(property);
        if (attribute->name == "body" || (table.logical == "email" && attribute->name == "description"))
          throw ODataError(400, kInvalidArgument, "The column '" + attribute->name + "' cannot be used in a filter.");
        return attribute->type;
      },
      parameters);
  Rows out;
  for (const auto& row : all) {
    const auto value_of = [&](const std::string& property) -> json::value {
      const auto [lookup, attribute] = place(property);
      if (lookup == nullptr) return row->value(attribute->name);
      const auto found = row->targets.find(lookup->attribute);
      if (found == row->targets.end() || found->second != lookup->target) return nullptr;
      const RowPtr other = organization_.find(*table_of(lookup->target), row->text(lookup->attribute));
      return other ? other->value(attribute->name) : json::value(nullptr);
    };
    if (filter.matches(value_of)) out.push_back(row);
  }
  return out;
}

std::size_t WebApi::page_size(const Call& call) const {
  const std::string wish = call.preference("odata.maxpagesize");
  if (wish.empty()) return settings_.max_page;
  if (wish.find_first_not_of("0123456789") != std::string::npos || wish.size() > 9 || std::stoul(wish) == 0)
    throw ODataError(400, kBadQuery, "The value '" + wish + "' of odata.maxpagesize is not valid.");
  return std::min<std::size_t>(std::stoul(wish), settings_.max_page);
}

// The query as it was sent, with the cookie in place of an earlier one.
std::string WebApi::next_link(const Target& target, const json::value& cookie) const {
  std::string query;
  std::size_t start = 0;
  while (start < target.raw_query.size()) {
    const auto end = std::min(target.raw_query.find('&', start), target.raw_query.size());
    const std::string pair = target.raw_query.substr(start, end - start);
    const std::string name = percent_decoded(pair.substr(0, pair.find('=')));
    if (name != "$skiptoken" && !pair.empty()) query += pair + "&";
    start = end + 1;
  }
  const std::string token =
      "<cookie pagenumber=\"2\" pagingcookie=\"" + base64(json::serialize(cookie)) + "\" istracking=\"False\" />";
  std::string path;
  for (const auto& segment : target.segments)
    path += (path.empty() ? "" : "/") + segment.name + (segment.key ? "(" + *segment.key + ")" : "");
  return root() + path + "?" + query + "$skiptoken=" + percent_encoded(token);
}

Reply WebApi::list(const Table& table, const Rows* among, const Call& call, const Target& target) const {
  check_options(target);
  if (among == nullptr && (call.prefers("odata.track-changes") || target.options.contains("$deltatoken")))
    return changes(table, call, target);
  if (const std::string token = target.option("$skiptoken");
      !token.empty() && cookie_value(token).find("\"until\"") != std::string::npos)
    return changes(table, call, target);  // a further page of a tracked listing, asked for without the preference
  const View view = view_of(table, call, target);
  Rows rows = filtered(table, among, target);
  const std::size_t total = rows.size();
  const std::vector<Order> orders = order_of(table, target.option("$orderby"));
  const auto before = [&](const Row& a, const Row& b) {
    for (const auto& order : orders) {
      const int sign = compare(a.value(order.column), b.value(order.column));
      if (sign != 0) return order.descending ? sign > 0 : sign < 0;
    }
    return a.id < b.id;
  };
  if (among == nullptr || !orders.empty())
    std::sort(rows.begin(), rows.end(), [&](const RowPtr& a, const RowPtr& b) { return before(*a, *b); });
  std::size_t start = 0;
  if (const std::string token = target.option("$skiptoken"); !token.empty()) {
    Row last;
    json::object cookie = json::parse(cookie_value(token)).as_object();
    last.id = std::string(cookie.at("id").as_string());
    last.values = cookie.at("values").as_object();
    start = static_cast<std::size_t>(
        std::count_if(rows.begin(), rows.end(), [&](const RowPtr& row) { return !before(last, *row); }));
  }
  std::size_t size = page_size(call);
  bool top = false;
  if (const std::string text = target.option("$top"); !text.empty() && call.preference("odata.maxpagesize").empty()) {
    if (text.find_first_not_of("0123456789") != std::string::npos || text.size() > 9)
      throw ODataError(400, kBadQuery, "Invalid value '" + text + "' for $top.");
    size = std::min<std::size_t>(std::stoul(text), settings_.max_page);
    top = true;
  }
  json::object body{
      {"@odata.context", root() + "$metadata#" + table.set +
                             (target.option("$select").empty() ? "" : "(" + target.option("$select") + ")")}};
  if (target.option("$count") == "true") body["@odata.count"] = std::min<std::size_t>(total, 5000);
  json::array values;
  const std::size_t end = std::min(rows.size(), start + size);
  for (std::size_t i = start; i < end; ++i) values.push_back(show(table, *rows[i], view));
  body["value"] = std::move(values);
  if (end < rows.size() && end > start && !top) {
    json::object last;
    for (const auto& order : orders) last[order.column] = rows[end - 1]->value(order.column);
    body["@odata.nextLink"] = next_link(target, json::object{{"id", rows[end - 1]->id}, {"values", last}});
  }
  Reply reply = json_reply(200, body);
  if (!call.preference("odata.maxpagesize").empty())
    reply.headers.emplace_back("Preference-Applied", "odata.maxpagesize=" + std::to_string(size));
  return reply;
}

Reply WebApi::count(const Table& table, const Target& target) const {
  std::size_t number = 0;
  if (const std::string token = target.option("$deltatoken"); !token.empty()) {
    const std::int64_t since = delta_version(token);
    for (const auto& [id, row] : organization_.rows(table)) number += row->version > since ? 1 : 0;
    for (const auto& stone : organization_.tombstones(table)) number += stone.version > since ? 1 : 0;
  } else {
    number = filtered(table, nullptr, target).size();
  }
  // A byte order mark in front, as the real one.
  return {200, {{"Content-Type", "text/plain"}}, "\xEF\xBB\xBF" + std::to_string(std::min<std::size_t>(number, 5000))};
}

}  // namespace syncline::sandbox
