// feed.hpp: the organization's feeds by change tracking: of mail ids only; without it a plain listing.
#pragma once

#include <atomic>

#include "item_feeds.hpp"
#include "syncline/endpoint.hpp"

namespace syncline::crm {

/// Any thread: all state is in the cursor, but for the knowledge that a table is not tracked.
class OrganizationFeeds final : public Feeds {
 public:
  OrganizationFeeds(Client& client, Organization& organization, const Host& host)
      : client_(&client), host_(host), items_(client, organization, host) {}
  std::vector<Feed> list() override;
  PageEnd page(const Call& call, std::string_view feed, std::string_view cursor, const ItemSink& sink) override;

 private:
  PageEnd tracked(const Call& call, std::string_view cursor, const ItemSink& sink);
  PageEnd listing(const Call& call, const ItemSink& sink);
  bool put(const boost::json::object& row, const ItemSink& sink) const;
  void untracked(std::string_view why);

  Client* client_;
  Host host_;
  ItemFeeds items_;
  std::atomic<bool> emails_untracked_{false};
};

}  // namespace syncline::crm
