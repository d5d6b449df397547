// Which request is which.
#include "web_api.hpp"

#include "encode.hpp"

namespace syncline::sandbox {
namespace json = boost::json;
namespace {

// "GUID" or "contactid=GUID" in the parentheses of a record's address.
std::string key_of(const Table& table, const std::string& text) {
  std::string key = text;
  if (const auto equals = key.find('='); equals != std::string::npos) {
    if (key.substr(0, equals) != table.key)
      throw ODataError(400, "0x80060888",
                       "The key in the request URI is not valid for resource 'Microsoft.Dynamics.CRM." + table.logical +
                           "'. Ensure that the names and number of key properties match "
                           "the declared key properties for the resource.");
    key = key.substr(equals + 1);
  }
  const auto id = guid(key);
  if (!id) throw ODataError(400, kBadQuery, "The key '" + key + "' of '" + table.set + "' is no GUID.");
  return *id;
}

[[noreturn]] void wrong_method(const Call& call) {
  throw ODataError(405, "0x80060888", "The requested resource does not support http method '" + call.method + "'.");
}

}  // namespace

Reply json_reply(int status, const json::value& body) {
  return {status, {{"Content-Type", "application/json; odata.metadata=minimal"}}, json::serialize(body)};
}

json::object parsed_body(const Call& call) {
  if (lower(call.header("Content-Type")).find("application/json") == std::string::npos)
    throw ODataError(415, "",
                     "The request entity's media type '" + call.header("Content-Type") + "' is not supported.");
  boost::system::error_code error;
  json::value value = json::parse(call.body, error);
  if (error || !value.is_object()) throw ODataError(400, kUndeclared, "The request's body is no JSON object.");
  return value.as_object();
}

WebApi::WebApi(Organization& organization, ApiSettings& settings, BatchHooks hooks)
    : organization_(organization), settings_(settings), hooks_(std::move(hooks)) {}

std::string WebApi::entity_url(const Table& table, const std::string& id) const {
  return root() + table.set + "(" + id + ")";
}

Reply WebApi::error(const Call& call, const ODataError& error) const {
  json::object body{{"code", settings_.empty_codes ? std::string() : error.code}, {"message", error.what()}};
  if (call.preference("odata.include-annotations") == "*") {
    body["@Microsoft.PowerApps.CDS.ErrorDetails.OperationStatus"] = "0";
    body["@Microsoft.PowerApps.CDS.HelpLink"] = settings_.url + "/help?code=" + error.code;
    body["@Microsoft.PowerApps.CDS.InnerError.Message"] = error.what();
  }
  return json_reply(error.status, json::object{{"error", body}});
}

Actor WebApi::actor(const Call& call) const {
  const Table& users = *table_of("systemuser");
  const auto unknown = [] {
    return ODataError(403, "0x80040220", "The user to act for does not exist or may not be acted for.");
  };
  if (const std::string caller = call.header("MSCRMCallerID"); !caller.empty()) {
    const auto id = guid(caller);
    if (!id || !organization_.find(users, *id)) throw unknown();
    return {*id, organization_.application_user()};
  }
  if (const std::string caller = call.header("CallerObjectId"); !caller.empty()) {
    const auto id = guid(caller);
    for (const auto& [key, row] : organization_.rows(users)) {
      if (id && row->text("azureactivedirectoryobjectid") == *id) return {key, organization_.application_user()};
    }
    throw unknown();
  }
  return {organization_.application_user(), {}};
}

Reply WebApi::handle(const Call& call) {
  Reply reply;
  try {
    reply = dispatch(call);
  } catch (const ODataError& failure) {
    reply = error(call, failure);
  } catch (const std::exception& failure) {
    reply = error(call, ODataError(500, "0x80040216", std::string("An unexpected error occurred: ") + failure.what()));
  }
  reply.headers.emplace_back("OData-Version", "4.0");
  return reply;
}

Reply WebApi::dispatch(const Call& call) {
  const Target target = parse_target(call.target);
  const auto& segments = target.segments;
  if (segments.empty()) wrong_method(call);
  const std::string& first = segments[0].name;
  if (first == "$batch" && call.method == "POST") return batch(call);
  if (first == "$metadata" && call.method == "GET") return metadata();
  if (first == "EntityDefinitions" && call.method == "GET") return entity_definitions(call, target);
  if (first == "WhoAmI" && call.method == "GET")
    return json_reply(200, json::object{{"@odata.context", root() + "$metadata#Microsoft.Dynamics.CRM.WhoAmIResponse"},
                                        {"BusinessUnitId", guid_of("business unit")},
                                        {"UserId", actor(call).user},
                                        {"OrganizationId", organization_.id()}});
  const Table* table = table_of_set(first);
  if (table == nullptr) throw ODataError(404, kBadQuery, "Resource not found for the segment '" + first + "'.");
  if (!segments[0].key) {
    if (segments.size() == 2 && segments[1].name == "$count" && call.method == "GET") return count(*table, target);
    if (segments.size() != 1)
      throw ODataError(404, kBadQuery, "Resource not found for the segment '" + segments[1].name + "'.");
    if (call.method == "GET") need_right(call, *table, "Read");
    if (call.method == "GET") return list(*table, nullptr, call, target);
    if (call.method == "POST") return post(*table, call, target);
    wrong_method(call);
  }
  const std::string id = key_of(*table, *segments[0].key);
  if (call.method == "GET") need_right(call, *table, "Read");
  if (segments.size() > 1) {
    if (call.method == "GET") return property(*table, id, call, target);
    if (call.method == "PUT") return put_member(*table, id, call, target);
    if (call.method == "DELETE") return delete_member(*table, id, target, call);
    wrong_method(call);
  }
  if (call.method == "GET") return retrieve(*table, id, call, target);
  if (call.method == "PATCH") return patch(*table, id, call, target);
  if (call.method == "DELETE") return remove(*table, id, call);
  wrong_method(call);
}

}  // namespace syncline::sandbox
