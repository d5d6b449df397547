// POST, PATCH, PUT and DELETE with their conditions.
#include "encode.hpp"
#include "web_api.hpp"

namespace syncline::sandbox {
namespace json = boost::json;
namespace {

// If-Match on what is there; `row` may be null.
void check_match(const Call& call, const Table& table, const std::string& id, const Row* row) {
  const std::string wish = call.header("If-Match");
  if (wish.empty()) return;
  if (row == nullptr) throw ODataError(404, kNotFound, table.logical + " With Id = " + id + " Does Not Exist");
  if (wish == "*") return;
  if (!wish.starts_with("W/\"") && !wish.starts_with("\""))
    throw ODataError(400, "0x80060883", "The row version in If-Match is not valid.");
  const std::string own = "\"" + std::to_string(row->version) + "\"";
  if (wish != own && wish != "W/" + own)
    throw ODataError(412, kVersionMismatch,
                     "The version of the existing record doesn't match the RowVersion property provided.");
}

json::value number_or_text_value(const json::object& body) {
  const auto* value = body.if_contains("value");
  if (value == nullptr) throw ODataError(400, kUndeclared, "The body needs a \"value\".");
  return *value;
}

}  // namespace

Reply WebApi::written(const Table& table, const std::string& id, bool created, const Call& call,
                      const Target& target) const {
  if (!call.prefers("return=representation"))
    return {204, {{"OData-EntityId", entity_url(table, id)}, {"Location", entity_url(table, id)}}, {}};
  Target narrow = target;
  narrow.options.erase("$expand");  // ignored here; parties have to be read back
  Call read = call;
  std::erase_if(read.headers, [](const auto& header) { return lower(header.first) == "if-none-match"; });
  Reply reply = retrieve(table, id, read, narrow);
  reply.status = created ? 201 : 200;
  reply.headers.emplace_back("Preference-Applied", "return=representation");
  return reply;
}

Reply WebApi::post(const Table& table, const Call& call, const Target& target) {
  const json::object body = taken(call, table, parsed_body(call));
  view_of(table, call, target);  // a wrong $select must not leave an effect behind
  need_right(call, table, "Create");
  check_twins(call, table, body);
  const std::string id = organization_.create(table, body, std::nullopt, actor(call));
  return written(table, id, true, call, target);
}

Reply WebApi::patch(const Table& table, const std::string& id, const Call& call, const Target& target) {
  const json::object body = taken(call, table, parsed_body(call));
  view_of(table, call, target);
  const RowPtr row = organization_.find(table, id);
  check_match(call, table, id, row.get());
  const bool create_only = call.header("If-None-Match") == "*";
  if (row && create_only) throw ODataError(412, kDuplicateKey, "A record with matching key values already exists.");
  if (create_only && settings_.refuse_nested_upsert) {
    for (const auto& collection : table.collections) {
      if (body.contains(collection.nav))
        throw ODataError(400, kInvalidArgument, "Deep insert is not allowed with an upsert: '" + collection.nav + "'.");
    }
  }
  need_right(call, table, row ? "Write" : "Create");
  if (!row) check_twins(call, table, body);
  if (row) {
    organization_.update(table, id, body, actor(call));
  } else {
    organization_.create(table, body, id, actor(call));
  }
  return written(table, id, row == nullptr, call, target);
}

Reply WebApi::remove(const Table& table, const std::string& id, const Call& call) {
  need_right(call, table, "Delete");
  const RowPtr row = organization_.need(table, id);
  check_match(call, table, id, row.get());
  organization_.remove(table, id);
  return {204, {}, {}};
}

Reply WebApi::put_member(const Table& table, const std::string& id, const Call& call, const Target& target) {
  const std::string& name = target.segments[1].name;
  const RowPtr row = organization_.need(table, id);
  check_match(call, table, id, row.get());
  const json::object body = parsed_body(call);
  if (const Collection* collection = table.collection(name); collection != nullptr && target.segments.size() == 2) {
    const json::value value = number_or_text_value(body);
    if (!value.is_array()) throw ODataError(400, kUndeclared, "The \"value\" of '" + name + "' has to be a list.");
    organization_.replace_children(table, id, *collection, value.as_array(), actor(call));
    return {204, {}, {}};
  }
  if (table.lookup(name) != nullptr && target.segments.size() == 3 && target.segments[2].name == "$ref") {
    const auto* reference = body.if_contains("@odata.id");
    if (reference == nullptr) throw ODataError(400, kUndeclared, "The body needs an \"@odata.id\".");
    organization_.update(table, id, {{name + "@odata.bind", *reference}}, actor(call));
    return {204, {}, {}};
  }
  if (target.segments.size() != 2 || table.attribute(name) == nullptr)
    throw ODataError(404, kBadQuery, "Resource not found for the segment '" + name + "'.");
  organization_.update(table, id, {{name, number_or_text_value(body)}}, actor(call));
  return {204, {}, {}};
}

Reply WebApi::delete_member(const Table& table, const std::string& id, const Target& target, const Call& call) {
  const std::string& name = target.segments[1].name;
  const RowPtr row = organization_.need(table, id);
  check_match(call, table, id, row.get());
  const bool reference =
      table.lookup(name) != nullptr && target.segments.size() == 3 && target.segments[2].name == "$ref";
  const bool column = table.attribute(name) != nullptr && target.segments.size() == 2;
  if (!reference && !column) throw ODataError(404, kBadQuery, "Resource not found for the segment '" + name + "'.");
  organization_.update(table, id, {{name, nullptr}}, actor(call));
  return {204, {}, {}};
}

}  // namespace syncline::sandbox
