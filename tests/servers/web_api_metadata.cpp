// What a client can find out about the tables: EntityDefinitions and a minimal $metadata document.
#include <algorithm>

#include "encode.hpp"
#include "filter.hpp"
#include "web_api.hpp"

namespace syncline::sandbox {
namespace json = boost::json;
namespace {

std::string type_name(Type type) {
  switch (type) {
    case Type::STRING: return "String";
    case Type::MEMO: return "Memo";
    case Type::INTEGER: return "Integer";
    case Type::DOUBLE: return "Double";
    case Type::BOOLEAN: return "Boolean";
    case Type::DATE_TIME:
    case Type::DATE: return "DateTime";
    case Type::GUID: return "Uniqueidentifier";
    case Type::LOOKUP: return "Lookup";
  }
  return "String";
}

std::string edm(Type type) {
  switch (type) {
    case Type::INTEGER: return "Edm.Int64";
    case Type::DOUBLE: return "Edm.Double";
    case Type::BOOLEAN: return "Edm.Boolean";
    case Type::DATE_TIME: return "Edm.DateTimeOffset";
    case Type::DATE: return "Edm.Date";
    case Type::GUID:
    case Type::LOOKUP: return "Edm.Guid";
    default: return "Edm.String";
  }
}

json::array attributes(const Table& table, const ApiSettings& settings) {
  json::array out;
  for (const auto& attribute : table.attributes) {
    const bool state = attribute.name == "statecode" || attribute.name == "statuscode";
    const bool owned = settings.server_owned_correlation && server_owned(table, attribute.name);
    json::object one{
        {"LogicalName", attribute.name},
        {"MetadataId", guid_of(table.logical + "." + attribute.name)},
        {"AttributeType", state ? (attribute.name == "statecode" ? "State" : "Status") : type_name(attribute.type)},
        {"IsValidForCreate", !attribute.read_only && attribute.name != "statecode" && !owned},
        {"IsValidForUpdate", !attribute.read_only},
        {"IsValidForRead", true},
        {"IsSecured", settings.secured.contains(table.logical + "." + attribute.name)},
        {"IsPrimaryId", attribute.name == table.key}};
    if (attribute.max_length > 0) one["MaxLength"] = attribute.max_length;
    out.push_back(std::move(one));
  }
  return out;
}

json::array relationships(const Table& table) {
  json::array out;
  for (const auto& lookup : table.lookups)
    out.push_back(json::object{{"SchemaName", lookup.nav},
                               {"ReferencingEntity", table.logical},
                               {"ReferencingAttribute", lookup.attribute},
                               {"ReferencingEntityNavigationPropertyName", lookup.nav},
                               {"ReferencedEntity", lookup.target},
                               {"ReferencedAttribute", table_of(lookup.target)->key}});
  return out;
}

json::object definition(const Table& table) {
  return {{"MetadataId", guid_of(table.logical)},
          {"LogicalName", table.logical},
          {"SchemaName", table.schema_name},
          {"EntitySetName", table.set},
          {"LogicalCollectionName", table.set},
          {"PrimaryIdAttribute", table.key},
          {"PrimaryNameAttribute", table.name},
          {"ChangeTrackingEnabled", table.tracked},
          {"IsActivity", table.activity},
          {"IsOptimisticConcurrencyEnabled", table.writable},
          {"IsCustomEntity", false}};
}

// All of `object`, or what $select names of it, with the MetadataId.
json::object narrowed(const json::object& object, const std::string& select) {
  const auto wanted = split_list(select, ',');
  if (wanted.empty()) return object;
  json::object out;
  for (const auto& name : wanted) {
    if (!object.contains(name))
      throw ODataError(
          400, kBadQuery,
          "Could not find a property named '" + name + "' on type 'Microsoft.Dynamics.CRM.EntityMetadata'.");
    out[name] = object.at(name);
  }
  if (object.contains("MetadataId")) out["MetadataId"] = object.at("MetadataId");
  return out;
}

bool kept(const json::object& object, const std::string& filter) {
  if (filter.empty()) return true;
  const Filter parsed(filter, [&](const std::string& property) {
    const auto* value = object.if_contains(property);
    if (value == nullptr) throw ODataError(400, kBadQuery, "Could not find a property named '" + property + "'.");
    return value->is_bool() ? Type::BOOLEAN : property == "MetadataId" ? Type::GUID : Type::STRING;
  });
  return parsed.matches([&](const std::string& property) { return object.at(property); });
}

json::array listed(const json::array& all, const Target& target) {
  json::array out;
  for (const auto& item : all) {
    if (kept(item.as_object(), target.option("$filter")))
      out.push_back(narrowed(item.as_object(), target.option("$select")));
  }
  return out;
}

json::object expanded(const Table& table, const Target& target, const ApiSettings& settings) {
  json::object out = narrowed(definition(table), target.option("$select"));
  for (const auto& part : split_list(target.option("$expand"), ',')) {
    const auto open = part.find('(');
    const std::string name = part.substr(0, open);
    Target inner;
    if (open != std::string::npos) {
      for (const auto& option : split_list(std::string_view(part).substr(open + 1, part.size() - open - 2), ';'))
        inner.options[option.substr(0, option.find('='))] =
            option.substr(std::min(option.find('='), option.size() - 1) + 1);
    }
    if (name == "Attributes") {
      out[name] = listed(attributes(table, settings), inner);
    } else if (name == "ManyToOneRelationships") {
      out[name] = listed(relationships(table), inner);
    } else {
      throw ODataError(400, kBadQuery, "Could not find a property named '" + name + "' on type 'EntityMetadata'.");
    }
  }
  return out;
}

}  // namespace

Reply WebApi::entity_definitions(const Call& call, const Target& target) const {
  const Segment& first = target.segments[0];
  const std::string context = root() + "$metadata#EntityDefinitions";
  if (!first.key) {
    json::array all;
    for (const Table& table : tables()) {
      if (kept(definition(table), target.option("$filter"))) all.push_back(expanded(table, target, settings_));
    }
    return json_reply(200, json::object{{"@odata.context", context}, {"value", all}});
  }
  const Table* found = nullptr;
  for (const Table& table : tables()) {
    if (*first.key == "LogicalName='" + table.logical + "'" || *first.key == guid_of(table.logical)) found = &table;
  }
  if (found == nullptr) throw ODataError(404, kNotFound, "Could not find an entity with the key " + *first.key + ".");
  if (target.segments.size() == 1) {
    json::object body{{"@odata.context", context + "/$entity"}};
    for (auto& [name, value] : expanded(*found, target, settings_)) body[name] = std::move(value);
    return json_reply(200, body);
  }
  const std::string& part = target.segments[1].name;
  if (part != "Attributes" && part != "ManyToOneRelationships")
    throw ODataError(404, kBadQuery,
                     "Resource not found for the segment '" + part + "' of " + call.method + " EntityDefinitions.");
  return json_reply(
      200, json::object{{"@odata.context", context + "/" + part},
                        {"value", listed(part == "Attributes" ? attributes(*found, settings_) : relationships(*found),
                                         target)}});
}

Reply WebApi::metadata() const {
  std::string out =
      "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<edmx:Edmx Version=\"4.0\" "
      "xmlns:edmx=\"http://docs.oasis-open.org/odata/ns/edmx\"><edmx:DataServices><Schema "
      "Namespace=\"Microsoft.Dynamics.CRM\" Alias=\"mscrm\" xmlns=\"http://docs.oasis-open.org/odata/ns/edm\">\n";
  std::string sets;
  for (const Table& table : tables()) {
    out += "<EntityType Name=\"" + table.logical + "\"><Key><PropertyRef Name=\"" + table.key + "\"/></Key>\n";
    for (const auto& attribute : table.attributes)
      out += "<Property Name=\"" + query_name(attribute) + "\" Type=\"" + edm(attribute.type) + "\"/>\n";
    for (const auto& lookup : table.lookups)
      out += "<NavigationProperty Name=\"" + lookup.nav + "\" Type=\"mscrm." + lookup.target +
             "\"><ReferentialConstraint Property=\"_" + lookup.attribute + "_value\" ReferencedProperty=\"" +
             table_of(lookup.target)->key + "\"/></NavigationProperty>\n";
    for (const auto& collection : table.collections)
      out +=
          "<NavigationProperty Name=\"" + collection.nav + "\" Type=\"Collection(mscrm." + collection.table + ")\"/>\n";
    out += "</EntityType>\n";
    sets += "<EntitySet Name=\"" + table.set + "\" EntityType=\"Microsoft.Dynamics.CRM." + table.logical + "\">";
    if (table.tracked)
      sets +=
          "<Annotation Term=\"Org.OData.Capabilities.V1.ChangeTracking\"><Record><PropertyValue Property=\"Supported\" "
          "Bool=\"true\"/></Record></Annotation>";
    sets += "</EntitySet>\n";
  }
  out += "<EntityContainer Name=\"System\">\n" + sets + "</EntityContainer></Schema></edmx:DataServices></edmx:Edmx>\n";
  return {200, {{"Content-Type", "application/xml"}}, out};
}

}  // namespace syncline::sandbox
