// The rows of the sandbox organization and the rules that hold for them, whoever writes. Not thread-safe: Dataverse
// holds one lock around it.
#pragma once
#include <boost/json.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "schema.hpp"

namespace syncline::sandbox {

struct Row {
  std::string id;
  std::int64_t version = 0;
  boost::json::object values;                  // by column; a lookup holds the other row's id
  std::map<std::string, std::string> targets;  // lookup column -> logical name of the table it leads to

  boost::json::value value(const std::string& column) const;
  std::string text(const std::string& column) const;  // empty if null
  std::int64_t integer(const std::string& column, std::int64_t otherwise) const;
};
using RowPtr = std::shared_ptr<const Row>;

struct Tombstone {
  std::int64_t version = 0;
  std::string id;
};

struct Actor {
  std::string user, on_behalf;  // systemuserids; on_behalf: the application that acted as `user`; empty: nobody
};

class Organization {
 public:
  explicit Organization(std::size_t max_upload, const std::string& name = {});

  std::string create(const Table& table, const boost::json::object& body, const std::optional<std::string>& id,
                     const Actor& actor);
  void update(const Table& table, const std::string& id, const boost::json::object& body, const Actor& actor);
  void remove(const Table& table, const std::string& id);
  void replace_children(const Table& table, const std::string& id, const Collection& collection,
                        const boost::json::array& children, const Actor& actor);

  RowPtr find(const Table& table, const std::string& id) const;  // null: there is none
  RowPtr need(const Table& table, const std::string& id) const;  // throws 404
  const std::map<std::string, RowPtr>& rows(const Table& table) const;
  const std::vector<Tombstone>& tombstones(const Table& table) const;
  std::vector<RowPtr> children(const Collection& collection, const std::string& id) const;
  std::int64_t version() const { return version_; }
  const std::string& application_user() const { return application_user_; }
  const std::string& id() const { return organization_; }
  // The record that "contacts(GUID)", "/contacts(GUID)" or an absolute URL names: table and id. Throws 400, 404.
  std::pair<const Table*, std::string> resolve(const std::string& reference) const;

  // Everything written between construction and keep() happens together or not at all.
  class Transaction {
   public:
    explicit Transaction(Organization& organization);
    ~Transaction();
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    void keep() { kept_ = true; }

   private:
    Organization& organization_;
    std::size_t mark_;
    bool kept_ = false;
  };

 private:
  struct Space {
    std::map<std::string, RowPtr> rows;
    std::vector<Tombstone> tombstones;
  };
  struct Undo {
    std::string table, id;
    RowPtr before;
    bool tombstone = false;
  };
  struct Change {  // what a body asks for
    std::set<std::string> columns;
    std::vector<std::pair<const Collection*, boost::json::array>> children;
  };

  Change apply(const Table& table, Row& row, const boost::json::object& body);
  void bind(const Table& table, Row& row, const std::string& nav, const boost::json::value& reference, Change& change);
  void create_child(const Table& parent, const Row& owner, const Collection& collection,
                    const boost::json::object& body, const Actor& actor);
  void add_implied_parties(const Table& table, const Row& row);
  void check_party(const Table& activity, const Table& table, Row& row) const;
  void check_attachment(Row& row) const;
  void complete_new(const Table& table, Row& row, const Change& change, const Actor& actor);
  void touch_parent(const Table& table, const Row& row);
  void refresh_email(Row& row) const;
  void unlink(const Table& gone, const std::string& id);
  std::string address_of(const Table& table, const Row& row) const;

  void put(const Table& table, Row row);  // with the next version
  void erase(const Table& table, const std::string& id);

  std::map<std::string, Space> spaces_;
  std::vector<Undo> undo_;
  int transactions_ = 0;
  std::int64_t version_ = 500000;
  std::size_t max_upload_;
  std::string application_user_, organization_;
};

// A value as the column stores it; throws 400 for one that does not fit.
boost::json::value fitting(const Table& table, const Attribute& attribute, const boost::json::value& value);

// States: what a row may be created with and how it may change; `changed` gets the statecode and statuscode that a
// client left out. Throws 400.
void check_created_state(const Table& table, Row& row, const std::set<std::string>& columns);
void check_changed_state(const Table& table, const Row& before, Row& changed, const std::set<std::string>& columns);
bool closed(const Table& table, const Row& row);  // a completed or cancelled activity: read-only

}  // namespace syncline::sandbox
