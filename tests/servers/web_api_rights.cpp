// Privileges, field security, duplicate rules, and columns that the server keeps for itself.
#include <array>

#include "encode.hpp"
#include "web_api.hpp"

namespace syncline::sandbox {
namespace json = boost::json;

bool server_owned(const Table& table, const std::string& column) {
  return table.logical == "email" &&
         (column == "correlationmethod" || column == "conversationindex" || column == "inreplyto");
}

// All activities share their privileges, as in the real one.
void WebApi::need_right(const Call& call, const Table& table, const std::string& right) const {
  if (settings_.missing_privileges.empty()) return;
  const std::string name = "prv" + right + (table.activity ? "Activity" : table.schema_name);
  const std::string user = actor(call).user;
  if (!settings_.missing_privileges.contains(name) && !settings_.missing_privileges.contains(name + " " + user)) return;
  throw ODataError(403, "0x80040220",
                   "Principal user (Id=" + user + ", type=8, roleCount=1, privilegeCount=7) is missing " + name +
                       " privilege (Id=" + guid_of(name) + ") on OTC=2 for entity '" + table.logical + "'.");
}

bool WebApi::secured(const Table& table, const std::string& column) const {
  return settings_.secured.contains(table.logical + "." + column);
}

void WebApi::need_columns(const Call& call, const Table& table, const json::object& body) const {
  for (const auto& [column, value] : body)
    if (secured(table, std::string(column)))
      throw ODataError(403, "0x8004f508",
                       "Caller user with Id " + actor(call).user + " does not have update permissions to the " +
                           std::string(column) + " attribute in the " + table.logical + " entity.");
}

// What a client's body may say; giving a record to somebody else is a right of its own.
json::object WebApi::taken(const Call& call, const Table& table, const json::object& body) const {
  need_columns(call, table, body);
  json::object out;
  for (const auto& [name, value] : body) {
    if (settings_.server_owned_correlation && server_owned(table, std::string(name))) continue;  // without a word
    if (std::string_view(name).starts_with("ownerid") && value.is_string() &&
        std::string_view(value.as_string()).find(actor(call).user) == std::string_view::npos)
      need_right(call, table, "Assign");
    out[name] = value;
  }
  return out;
}

void WebApi::check_twins(const Call& call, const Table& table, const json::object& body) const {
  if (!settings_.duplicate_rule || table.logical != "contact") return;
  if (lower(call.header("MSCRM.SuppressDuplicateDetection")) != "false") return;
  const auto* address = body.if_contains("emailaddress1");
  if (address == nullptr || !address->is_string() || address->as_string().empty()) return;
  for (const auto& [id, row] : organization_.rows(table))
    if (lower(row->text("emailaddress1")) == lower(address->as_string()))
      throw ODataError(500, "0x80040333", "A record was not created or updated because a duplicate was found.");
}

}  // namespace syncline::sandbox
