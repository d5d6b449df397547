// made.hpp: records that are only made here, under the token's id: the contact or lead of an unknown sender.
#pragma once

#include <optional>

#include "client.hpp"
#include "syncline/endpoint.hpp"

namespace syncline::crm {

class MadeTarget {
 public:
  MadeTarget(Client& client, const Host& host) : client_(&client), host_(host) {}

  /// Nullptr: the profile makes no such records.
  [[nodiscard]] const MadeMap* map(std::string_view kind) const;
  /// The same create with the same token never makes a second record.
  Done create(const Call& call, const MadeMap& map, const Operation& op);
  std::optional<Item> find(const Call& call, const MadeMap& map, const Operation& op);
  void fetch(const Call& call, const MadeMap& map, std::span<const std::string_view> ids, const ItemSink& sink);

 private:
  std::optional<Item> look(const Call& call, const MadeMap& map, const std::string& id);
  Client* client_;
  Host host_;
};

}  // namespace syncline::crm
