// item_feeds.hpp: the feed of a kind that is carried both ways: its tables one after the other, with their documents.
#pragma once

#include "items.hpp"

namespace syncline::crm {

/// Any thread: all state is in the cursor, but for the knowledge that a table is not tracked.
class ItemFeeds {
 public:
  ItemFeeds(Client& client, Organization& organization, const Host& host)
      : client_(&client), organization_(&organization), host_(host) {}
  std::vector<Feed> list();
  /// Nullptr: no feed of that name is one of these.
  [[nodiscard]] const ItemKind* kind_of(std::string_view feed) const;
  PageEnd page(const Call& call, const ItemKind& kind, std::string_view cursor, const ItemSink& sink);

 private:
  struct Cursor;
  bool untracked(const ItemTable& table);
  void note_untracked(const ItemTable& table, std::string_view why);
  boost::json::object get(const Call& call, const ItemKind& kind, const ItemTable& table, Cursor& at,
                          const std::string& link);
  bool put(const ItemKind& kind, const ItemTable& table, const Scope& scope, const boost::json::object& row,
           const ItemSink& sink) const;

  Client* client_;
  Organization* organization_;
  Host host_;
  std::mutex mutex_;
  std::set<std::string> untracked_;  ///< tables
};

}  // namespace syncline::crm
