// items.hpp: contacts and tasks both ways: keyed creates, writes that bear the version, several in one request.
#pragma once

#include "batch.hpp"
#include "item_row.hpp"
#include "syncline/endpoint.hpp"

namespace syncline::crm {

/// What is carried of a table; asks for its metadata once. Any thread.
Scope scope_of(Client& client, Organization& organization, const Host& host, const Call& call, const ItemTable& table);

class ItemTarget {
 public:
  /// `owner`: asks for the id of the user to whom what is made here shall belong; empty: nobody.
  ItemTarget(Client& client, Organization& organization, const Host& host,
             std::function<std::string(const Call&)> owner)
      : client_(&client), organization_(&organization), host_(host), owner_(std::move(owner)) {}

  [[nodiscard]] const ItemKind* kind(std::string_view name) const { return client_->profile().item(name); }
  Caps caps(const ItemKind& kind) const;
  void fetch(const Call& call, const ItemKind& kind, std::span<const std::string_view> ids, const ItemSink& sink);
  std::optional<Item> find(const Call& call, const ItemKind& kind, const Operation& op);
  /// Operations of one kind, in order; throws what concerns all that follow.
  void apply(const Call& call, const ItemKind& kind, std::span<const Operation> ops, const DoneSink& done);

 private:
  struct Row {
    const ItemTable* table = nullptr;
    boost::json::object values;
  };
  struct Rows {
    std::map<std::string, Row, std::less<>> there;  ///< by id
    std::map<std::string, std::size_t> absent;      ///< id → tables of which the server said that it is not in them
  };
  struct Plan {
    const Operation* op = nullptr;
    const ItemTable* table = nullptr;
    BatchPart part;
    Losses losses;
    std::string id;
    std::optional<Done> failed;  ///< known before anything was sent
    bool owned = false;          ///< the body names an owner
  };

  Rows rows_of(const Call& call, const ItemKind& kind, const std::vector<std::string>& ids);
  Plan plan(const Call& call, const ItemKind& kind, const Operation& op, const Rows& rows);
  void plan_create(const Call& call, const ItemKind& kind, Plan& plan, bool owned);
  void plan_update(const Call& call, Plan& plan, const Row& row);
  Member write(const ItemTable& table, const std::string& id, std::string_view if_match,
               boost::json::object body) const;
  void answer_with_row(Plan& plan, const Scope& scope) const;
  Done result(const Call& call, const ItemKind& kind, Plan& plan, const net::Response& answer);
  Done refused(const Call& call, const ItemKind& kind, Plan& plan, const Refused& refused);
  void run(const Call& call, const ItemKind& kind, std::span<const Operation> ops, std::size_t first,
           const DoneSink& done);

  Client* client_;
  Organization* organization_;
  Host host_;
  std::function<std::string(const Call&)> owner_;
};

}  // namespace syncline::crm
