// The Web API over an organization: one request in, one answer out, no transport and no authentication.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "multipart.hpp"
#include "odata_error.hpp"
#include "organization.hpp"
#include "request.hpp"

namespace syncline::sandbox {

struct ApiSettings {
  std::string url;  // "http://127.0.0.1:1234"
  std::size_t max_page = 5000;
  bool refuse_nested_upsert = false;
  bool empty_codes = false;
  bool duplicate_rule = false;
  bool server_owned_correlation = false;
  std::set<std::string> missing_privileges;  // "prvCreateContact" or "prvCreateContact GUID"
  std::set<std::string> secured;             // "contact.birthdate"
  int delta_generation = 1;                  // links of other generations have expired
};

// What of a $batch goes past the caller, as if each member had come alone.
struct BatchHooks {
  std::function<std::optional<Reply>(const Call&)> before;  // an answer instead of the effect
  std::function<void(const Call&, const Reply&)> after;
};

class WebApi {
 public:
  WebApi(Organization& organization, ApiSettings& settings, BatchHooks hooks);

  Reply handle(const Call& call);  // never throws for a bad request: the answer says what is wrong
  boost::json::object everything(const Table& table, const Row& row) const;  // all columns, annotations and parties

 private:
  struct Expand {
    std::string nav;
    std::vector<std::string> select;
  };
  struct View {  // how rows are shown
    std::optional<std::vector<std::string>> select;
    std::vector<Expand> expand;
    std::string annotations;  // the wish of odata.include-annotations; empty: none
  };
  using Rows = std::vector<RowPtr>;

  Reply dispatch(const Call& call);
  Reply error(const Call& call, const ODataError& error) const;
  Actor actor(const Call& call) const;

  // web_api_rights.cpp
  void need_right(const Call& call, const Table& table, const std::string& right) const;  // throws 403
  bool secured(const Table& table, const std::string& column) const;
  void need_columns(const Call& call, const Table& table, const boost::json::object& body) const;
  void check_twins(const Call& call, const Table& table, const boost::json::object& body) const;
  boost::json::object taken(const Call& call, const Table& table, const boost::json::object& body) const;

  // web_api_read.cpp
  View view_of(const Table& table, const Call& call, const Target& target) const;
  void show_lookup(const Attribute& attribute, const Row& row, const std::string& annotations,
                   boost::json::object& out) const;
  boost::json::object show(const Table& table, const Row& row, const View& view) const;
  Reply retrieve(const Table& table, const std::string& id, const Call& call, const Target& target) const;
  Reply property(const Table& table, const std::string& id, const Call& call, const Target& target) const;
  Reply list(const Table& table, const Rows* among, const Call& call, const Target& target) const;
  Rows filtered(const Table& table, const Rows* among, const Target& target) const;
  Reply count(const Table& table, const Target& target) const;
  std::size_t page_size(const Call& call) const;
  std::string next_link(const Target& target, const boost::json::value& cookie) const;

  // web_api_delta.cpp
  Reply changes(const Table& table, const Call& call, const Target& target) const;
  std::int64_t delta_version(const std::string& token) const;  // throws for one that has expired
  std::string delta_link(const Target& target, std::int64_t version) const;

  // web_api_write.cpp
  Reply post(const Table& table, const Call& call, const Target& target);
  Reply patch(const Table& table, const std::string& id, const Call& call, const Target& target);
  Reply remove(const Table& table, const std::string& id, const Call& call);
  Reply put_member(const Table& table, const std::string& id, const Call& call, const Target& target);
  Reply delete_member(const Table& table, const std::string& id, const Target& target, const Call& call);
  Reply written(const Table& table, const std::string& id, bool created, const Call& call, const Target& target) const;

  // web_api_batch.cpp
  Reply batch(const Call& call);
  struct Batch {
    const Call& call;                          // the outer request
    std::map<std::string, std::string> names;  // Content-ID -> the address of what that member made
  };
  Reply member(Batch& batch, const Part& part, bool in_change_set);
  Reply run_member(const Call& call);
  std::optional<Reply> change_set(Batch& batch, const Part& part, std::string& out);  // the error; none: all is written

  // web_api_metadata.cpp
  Reply entity_definitions(const Call& call, const Target& target) const;
  Reply metadata() const;

  std::string root() const { return settings_.url + "/api/data/v9.2/"; }
  std::string entity_url(const Table& table, const std::string& id) const;

  Organization& organization_;
  ApiSettings& settings_;
  BatchHooks hooks_;
};

bool server_owned(const Table& table, const std::string& column);  // where the switch says so
Reply json_reply(int status, const boost::json::value& body);
boost::json::object parsed_body(const Call& call);  // throws 400, 415

}  // namespace syncline::sandbox
