// directory.hpp: who is behind an address, and which mails bear a Message-ID.
#pragma once

#include "organization.hpp"
#include "syncline/endpoint.hpp"

namespace syncline::crm {

class CrmDirectory final : public Directory {
 public:
  CrmDirectory(Client& client, Organization& organization, const Host& host, Principal principal)
      : client_(&client), organization_(&organization), host_(host), principal_(std::move(principal)) {}

  std::string identity(const Call& call, std::string_view address) override;
  std::vector<std::string> parties(const Call& call, std::span<const std::string_view> addresses) override;
  std::vector<std::string> records(const Call& call, std::string_view kind,
                                   std::span<const std::string_view> keys) override;

 private:
  using Found = std::vector<boost::json::object>;
  Found principals(const Call& call, const PrincipalType& kind, std::string_view address);
  boost::json::value method(const Call& call, const PrincipalType& kind, const boost::json::object& row,
                            const std::string& id);
  void candidates(const Call& call, const PartyType& type, const std::vector<std::string>& literals,
                  const std::map<std::string, std::size_t, std::less<>>& wanted, std::vector<boost::json::array>& out);

  std::vector<std::string> absent_;  ///< optional tables that this organization turned out not to have
  Client* client_;
  Organization* organization_;
  Host host_;
  Principal principal_;
};

}  // namespace syncline::crm
