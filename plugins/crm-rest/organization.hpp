// organization.hpp: what is the same for all endpoints of a connection: who we are there, its limits, its tables.
#pragma once

#include <map>
#include <mutex>
#include <optional>

#include "client.hpp"

namespace syncline::crm {

struct OrganizationFacts {
  std::string id, name, user;
  std::uint64_t attachment_limit = 0;  ///< bytes of one file
  std::vector<std::string> blocked;    ///< file name extensions, lower case, without the dot
};

/// Any thread. Read once and again after an hour.
class Organization {
 public:
  explicit Organization(Client& client) : client_(&client) {}
  OrganizationFacts facts(const Host& host, const Call& call);
  /// The entity set of a table by its logical name; nothing when the organization has no such table.
  std::optional<std::string> set_of(const Host& host, const Call& call, const std::string& table);

 private:
  OrganizationFacts read(const Host& host, const Call& call);
  Client* client_;
  std::mutex mutex_;
  OrganizationFacts facts_;
  std::int64_t read_at_ms_ = 0;
  std::map<std::string, std::optional<std::string>, std::less<>> sets_;
};

}  // namespace syncline::crm
