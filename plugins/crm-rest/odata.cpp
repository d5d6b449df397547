#include "odata.hpp"

#include "syncline/formats/uuid.hpp"
#include "syncline/net/url.hpp"
#include "syncline/plugin.hpp"

namespace syncline::crm {
namespace json = boost::json;

std::string literal(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') out += '\'';
    out += c;
  }
  return out + "'";
}

std::vector<FilterPart> or_chains(std::span<const std::string> columns, std::span<const std::string> literals,
                                  std::size_t max_url, std::size_t max_conditions) {
  std::vector<FilterPart> out;
  std::size_t length = 0;
  for (std::size_t i = 0; i < literals.size(); ++i) {
    std::string clause;
    for (const std::string& c : columns) clause += (clause.empty() ? "" : " or ") + c + " eq " + literals[i];
    const std::size_t weight = net::encode(clause).size() + 12;
    if (out.empty() || length + weight > max_url || (out.back().count + 1) * columns.size() > max_conditions) {
      out.push_back({i, 0, {}});
      length = 0;
    }
    FilterPart& part = out.back();
    part.filter += (part.count == 0 ? "" : " or ") + clause;
    ++part.count;
    length += weight;
  }
  return out;
}

std::string Select::path() const {
  net::Query query;
  query.add_odata("$select", columns);
  if (!expand.empty()) query.add_odata("$expand", expand);
  if (!filter.empty()) query.add_odata("$filter", filter);
  if (!order.empty()) query.add_odata("$orderby", order);
  return set + query.text();
}

std::optional<std::string> guid(std::string_view text) {
  const auto parsed = formats::parse_uuid(text);
  if (!parsed) return std::nullopt;
  return formats::to_string(*parsed);
}

std::optional<std::string> guid_at_end(std::string_view text) {
  if (text.ends_with(')')) {
    text.remove_suffix(1);
    text.remove_prefix(std::min(text.size(), text.rfind('(') + 1));
  }
  return guid(text);
}

json::object document_of(std::string_view text) {
  boost::system::error_code failed;
  json::value v = json::parse(text, failed);
  if (failed || !v.is_object()) throw Error(SY_INVALID, "the operation's document is not a JSON object");
  return std::move(v.get_object());
}

std::string text_of(const json::object& row, std::string_view column) {
  const json::value* v = column.empty() ? nullptr : row.if_contains(column);
  return v != nullptr && v->is_string() ? std::string(v->get_string()) : std::string{};
}

std::optional<std::int64_t> number_of(const json::object& row, std::string_view column) {
  const json::value* v = column.empty() ? nullptr : row.if_contains(column);
  if (v == nullptr) return std::nullopt;
  if (const auto* n = v->if_int64()) return *n;
  return std::nullopt;
}

bool same(const json::object& row, std::string_view column, const json::value& value) {
  const json::value* v = row.if_contains(column);
  return v != nullptr && *v == value;
}

std::string column_list(std::initializer_list<std::string> names) {
  std::string out;
  for (const std::string& n : names)
    if (!n.empty()) out += (out.empty() ? "" : ",") + n;
  return out;
}

std::string without_brackets(std::string_view message_id) {
  if (message_id.size() > 2 && message_id.starts_with('<') && message_id.ends_with('>'))
    message_id = message_id.substr(1, message_id.size() - 2);
  return std::string(message_id);
}

}  // namespace syncline::crm
