// mapped_crm.hpp: the made-up CRM and a mapping that fits its capabilities: what every test here begins with.
#pragma once

#include <filesystem>
#include <fstream>

#include "connection.hpp"
#include "rest_crm.hpp"
#include "syncline/conformance/test_host.hpp"

namespace syncline::crm {

namespace json = boost::json;
using sandbox::RestOptions;

/// The mapping file for a server with these capabilities; with `token`, records bear it in a column.
inline std::string mapping_for(const RestOptions& o, bool token) {
  json::object capabilities{{"etag", o.etag == RestOptions::Etag::row      ? "row"
                                     : o.etag == RestOptions::Etag::header ? "header"
                                                                           : "none"},
                            {"delta", o.delta == RestOptions::Delta::links   ? "links"
                                      : o.delta == RestOptions::Delta::since ? "since"
                                                                             : "none"},
                            {"many", o.odata ? o.filter : o.many},
                            {"client_id", o.client_id},
                            {"overlap_seconds", 5}};
  json::object out{{"extends", o.odata ? "odata" : "rest"}, {"base", "api"}, {"capabilities", capabilities}};
  json::object list;
  if (o.empty_is_404) list["empty_status"] = 404;
  if (!o.odata) {
    list["rows"] = o.wrap;
    switch (o.paging) {
      case RestOptions::Paging::none: list["paging"] = "none"; break;
      case RestOptions::Paging::link:
        list["paging"] = "link";
        list["next"] = "next";
        break;
      case RestOptions::Paging::page:
        list["paging"] = "page";
        list["param"] = "page";
        break;
      case RestOptions::Paging::offset:
        list["paging"] = "offset";
        list["param"] = "offset";
        break;
      case RestOptions::Paging::cursor:
        list["paging"] = "cursor";
        list["param"] = "cursor";
        list["next"] = "next";
        break;
    }
    out["query"] = json::object{{"equal", "{column}={value}"}, {"many", "ids={values}"}, {"since", "since={instant}"}};
  }
  if (!list.empty()) out["list"] = list;
  if (!o.patch) out["update"] = json::object{{"method", "PUT"}, {"read_only", {"modified"}}};
  if (o.error_in_200)
    out["errors"] = json::object{
        {"inside", "error"},
        {"code", "error.code"},
        {"message", "error.message"},
        {"codes", {{"not_found", "gone"}, {"changed", "conflict"}, {"exists", "exists"}, {"bad", "invalid"}}}};
  json::object contact{{"set", "contacts"},
                       {"key", "id"},
                       {"changed", "modified"},
                       {"created", "created"},
                       {"fields",
                        {{"firstname", "first_name"},
                         {"lastname", "last_name"},
                         {"email1", "email"},
                         {"jobtitle", "job_title"},
                         {"notes", "notes"},
                         {"business_address.city", "address.city"},
                         {"birthday", {{"column", "born"}, {"format", "dd.mm.yyyy"}}}}}};
  json::object task{{"set", "tasks"},
                    {"key", "id"},
                    {"changed", "modified"},
                    {"created", "created"},
                    {"fields",
                     {{"subkind", {{"column", "kind"}}},
                      {"subject", "title"},
                      {"notes", "notes"},
                      {"percent", "percent"},
                      {"due", {{"column", "due"}, {"format", "epoch"}}},
                      {"status",
                       {{"column", "state"},
                        {"values",
                         {{"not_started", 1},
                          {"in_progress", 2},
                          {"waiting", 3},
                          {"completed", 4},
                          {"canceled", 5},
                          {"deferred", 6}}}}}}}};
  json::object email{{"set", "notes"},
                     {"key", "id"},
                     {"changed", "modified"},
                     {"created", "created"},
                     {"links", {{"contact", "contact_id"}}},
                     {"fields",
                      {{"message_id", "message_id"},
                       {"direction", "direction"},
                       {"subject", "subject"},
                       {"date", "sent"},
                       {"from", "from"},
                       {"to", "to"},
                       {"body", "text"},
                       {"importance", "importance"}}}};
  if (token) {
    contact["token"] = "external_id";
    task["token"] = "external_id";
    email["token"] = "external_id";
  }
  out["records"] = json::object{{"contact", contact}, {"task", task}, {"email", email}};
  const json::object user{{"set", "users"},
                          {"key", "id"},
                          {"name", "name"},
                          {"addresses", {"email"}},
                          {"active", {{"column", "active"}, {"is", true}}}};
  out["principals"] = json::object{{"user", user}};
  out["people"] =
      json::object{{"contact", {{"set", "contacts"}, {"key", "id"}, {"name", "last_name"}, {"addresses", {"email"}}}}};
  out["organization"] = json::object{{"id", "acme"}, {"name", "Acme"}};
  return json::serialize(out);
}

/// A server, its mapping in a file, a host and a connection.
class MappedCrm {
 public:
  explicit MappedCrm(RestOptions options = {}, bool token = true) : server(options), options_(options) {
    alice = server.add("users", {{"name", "Alice"}, {"email", "alice@contoso.test"}, {"active", true}});
    write(mapping_for(options, token));
  }
  void write(const std::string& text) const { std::ofstream(file()) << text; }
  [[nodiscard]] std::string file() const { return (folder.path() / "acme.json").string(); }
  [[nodiscard]] json::object config() const {
    return {{"url", server.url()}, {"mapping", file()}, {"page_size", 3}, {"auth", {{"method", "none"}}}};
  }
  void connect() { connect(config()); }
  void connect(const json::object& with) {
    connection = ConnectionHandle(Instance(class_of<CrmRest>, host.raw(), json::serialize(with)));
  }
  static std::string settings() {
    return json::serialize(json::object{{"principal", {{"kind", "user"}, {"address", "alice@contoso.test"}}}});
  }
  EndpointHandle open() { return connection.open(host.raw(), settings()); }

  conformance::TemporaryFolder folder;
  conformance::TestHost host;
  sandbox::RestCrm server;
  std::string alice;
  ConnectionHandle connection;

 private:
  RestOptions options_;
};

/// The row that another person writes for a document, and the columns of an edit.
inline json::object row_for(const std::string& kind, const json::object& doc) {
  static const std::map<std::string, std::map<std::string, std::string>> columns{
      {"contact",
       {{"firstname", "first_name"},
        {"lastname", "last_name"},
        {"email1", "email"},
        {"jobtitle", "job_title"},
        {"notes", "notes"}}},
      {"task", {{"subkind", "kind"}, {"subject", "title"}, {"notes", "notes"}, {"percent", "percent"}}},
      {"email", {{"message_id", "message_id"}, {"direction", "direction"}, {"subject", "subject"}}}};
  json::object out;
  for (const auto& m : doc)
    if (const auto at = columns.at(kind).find(std::string(m.key())); at != columns.at(kind).end())
      out[at->second] = m.value();
  if (kind == "task" && doc.contains("status")) out["state"] = 1;
  return out;
}

inline std::string set_of(const std::string& kind) {
  return kind == "contact" ? "contacts" : kind == "task" ? "tasks" : "notes";
}

}  // namespace syncline::crm
