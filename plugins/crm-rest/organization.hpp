// organization.hpp: what is the same for all endpoints of a connection: who we are there, its limits, its tables.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>

#include "client.hpp"

namespace syncline::crm {

struct OrganizationFacts {
  std::string id, name, user;
  std::uint64_t attachment_limit = 0;  ///< bytes of one file
  std::vector<std::string> blocked;    ///< file name extensions, lower case, without the dot
};

/// What a table of the organization really has.
struct TableFacts {
  std::set<std::string, std::less<>> creatable;                           ///< columns that a create may set
  std::set<std::string, std::less<>> secured;                             ///< columns under field security
  std::map<std::pair<std::string, std::string>, std::string> navigation;  ///< lookup column and table → its property

  [[nodiscard]] bool takes(const std::string& column) const { return creatable.contains(column); }
  /// The property that binds `column` to a record of `table`; empty: there is none.
  [[nodiscard]] std::string binds(const std::string& column, const std::string& table) const;
};

/// Any thread. Read once and again after an hour.
class Organization {
 public:
  explicit Organization(Client& client) : client_(&client) {}
  OrganizationFacts facts(const Host& host, const Call& call);
  /// What may be written beyond what every organization has; empty where the metadata is not shown to us.
  std::shared_ptr<const TableFacts> table(const Host& host, const Call& call, const std::string& name);
  /// The same without asking: nullptr while nobody has.
  std::shared_ptr<const TableFacts> known_table(const std::string& name);
  /// The entity set of a table by its logical name; nothing when the organization has no such table.
  std::optional<std::string> set_of(const Host& host, const Call& call, const std::string& table);

 private:
  OrganizationFacts read(const Host& host, const Call& call);
  Client* client_;
  std::mutex mutex_;
  OrganizationFacts facts_;
  std::int64_t read_at_ms_ = 0;
  std::map<std::string, std::optional<std::string>, std::less<>> sets_;
  std::map<std::string, std::shared_ptr<const TableFacts>, std::less<>> tables_;
};

}  // namespace syncline::crm
