// endpoint.hpp: the organization as one user's or queue's pair sees it.
#pragma once

#include "directory.hpp"
#include "email.hpp"
#include "items.hpp"
#include "made.hpp"

namespace syncline::crm {

class CrmEndpoint final : public Endpoint {
 public:
  CrmEndpoint(Client& client, Organization& organization, const Host& host, Principal principal)
      : client_(&client),
        principal_(std::move(principal)),
        directory_(client, organization, host, principal_),
        items_(client, organization, host, [this](const Call& call) { return owner(call); }),
        emails_(client, organization, host),
        made_(client, host) {}

  Caps caps(std::string_view kind) override;
  void fetch(const Call& call, std::string_view kind, std::span<const std::string_view> ids, int depth,
             const ItemSink& sink) override;
  std::optional<Item> find(const Call& call, const Operation& op) override;
  void apply(const Call& call, std::span<const Operation> ops, const DoneSink& done) override;
  Directory* directory() override { return &directory_; }

 private:
  Done one(const Call& call, const Operation& op);
  std::string owner(const Call& call);
  Client* client_;
  Principal principal_;
  std::optional<std::string> owner_;
  CrmDirectory directory_;
  ItemTarget items_;
  EmailTarget emails_;
  MadeTarget made_;
};

}  // namespace syncline::crm
