#include "made.hpp"

#include <algorithm>

#include "mail.hpp"
#include "odata.hpp"

namespace syncline::crm {
namespace json = boost::json;

const MadeMap* MadeTarget::map(std::string_view kind) const {
  const auto& made = client_->profile().made;
  const auto at = std::find_if(made.begin(), made.end(), [&](const MadeMap& m) { return m.kind == kind; });
  return at == made.end() ? nullptr : &*at;
}

std::optional<Item> MadeTarget::look(const Call& call, const MadeMap& map, const std::string& id) {
  std::string columns = map.key;
  for (const auto& [name, column] : map.columns) columns += "," + column.name;
  try {
    const json::object row =
        client_->get(host_, call, Select{map.set + "(" + id + ")", columns, {}, {}, {}}.path(), {}, "GET " + map.set);
    json::object doc;
    for (const auto& [name, column] : map.columns)
      if (const std::string value = text_of(row, column.name); !value.empty()) doc[name] = value;
    Item out;
    out.kind = map.kind;
    out.id = id;
    out.version = text_of(row, "@odata.etag");
    out.doc = json::serialize(doc);
    return out;
  } catch (const Refused& e) {
    if (e.code() == SY_GONE) return std::nullopt;
    throw;
  }
}

Done MadeTarget::create(const Call& call, const MadeMap& map, const Operation& op) {
  const auto token = guid(op.token);
  if (!token) throw Error(SY_INVALID, "the token of this create is not a UUID");
  boost::system::error_code failed;
  const json::value doc = json::parse(op.doc, failed);
  if (failed || !doc.is_object()) throw Error(SY_INVALID, "the document of this create is not a JSON object");
  json::object body{{map.key, *token}};
  std::vector<std::string> never;
  for (const auto& [name, value] : doc.get_object()) {
    const auto column = map.columns.find(std::string_view(name));
    if (column == map.columns.end() || !value.is_string()) {
      never.emplace_back(name);
      continue;
    }
    bool cut = false;
    body[column->second.name] = clean(value.get_string(), column->second.max, &cut);
    if (cut) never.emplace_back(name);
  }
  net::Request request;
  request.method = "POST";
  request.path = map.set;
  request.idempotent = true;  // the id is ours: a second one is refused
  request.body = json::serialize(body);
  const net::Response response = client_->send(host_, call, std::move(request));
  if (!response.ok()) {
    const Refused refused = refusal(client_->profile(), "POST " + map.set, response);
    const bool exists = refused.code() == SY_EXISTS || (refused.status() == 412 && refused.server_code().empty());
    if (!exists) throw refused;
    if (!look(call, map, *token))  // a twin by the organization's own rules
      throw Error(SY_INVALID, "crm: " + std::string(refused.what()), 0, refused.server_code());
  }
  const auto stored = look(call, map, *token);
  if (!stored) throw Error(SY_GONE, "crm: somebody deleted this " + map.kind + " while it was being made");
  Done out;
  out.id = *token;
  out.version = stored->version;
  out.doc = stored->doc;
  if (!never.empty()) out.never = json::serialize(json::value_from(never));
  return out;
}

std::optional<Item> MadeTarget::find(const Call& call, const MadeMap& map, const Operation& op) {
  const auto token = guid(op.token);
  return token ? look(call, map, *token) : std::nullopt;
}

void MadeTarget::fetch(const Call& call, const MadeMap& map, std::span<const std::string_view> ids,
                       const ItemSink& sink) {
  for (const std::string_view id : ids) {
    const auto key = guid(id);
    auto found = key ? look(call, map, *key) : std::nullopt;
    if (!found) {
      found.emplace();
      found->kind = map.kind;
      found->flags = SY_ITEM_INVISIBLE;  // the server does not tell gone from hidden
    }
    found->id = std::string(id);
    if (!sink(*found)) return;
  }
}

}  // namespace syncline::crm
