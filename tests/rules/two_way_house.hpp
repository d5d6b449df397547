// two_way_house.hpp: a row of the matrix about contacts and tasks as a test: memory systems on both sides, the real
// kernel, store and rules between them.
#pragma once

#include <gmock/gmock.h>

#include "tests/laws/house.hpp"

namespace syncline::test {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

inline json::object contact(const std::string& address, json::object more = {}) {
  json::object doc{{"firstname", "Carol"}, {"lastname", address.substr(0, address.find('@'))}, {"email1", address}};
  for (const auto& m : more) doc[m.key()] = m.value();
  return doc;
}
inline json::object task(const std::string& subject, json::object more = {}) {
  json::object doc{{"subject", subject}, {"status", "not_started"}};
  for (const auto& m : more) doc[m.key()] = m.value();
  return doc;
}

class TwoWayHouse : public House {
 public:
  /// `defaults`: lines of [defaults]; `mailbox` and `crm`: further lines of the connections.
  explicit TwoWayHouse(const std::string& defaults = {}, const std::string& ruleset = "d365", std::string mailbox = {},
                       std::string crm = {})
      : House(std::move(mailbox), std::move(crm),
              "[gate]\nmax_delete.count = 100000\nmax_delete.share = 100\n[defaults]\n" + defaults,
              R"(["contact", "task"])", ruleset) {}

  std::string in_mailbox(std::string_view kind, json::object doc) {
    return world().add(SY_MAILBOX, alice, kind, std::move(doc));
  }
  std::string in_crm(std::string_view kind, json::object doc, const std::string& owner = "u-alice") {
    return world().add(SY_CRM, owner, kind, std::move(doc));
  }
  /// A record of the user's own and the item that came of it: linked.
  struct Pair {
    std::string item, record;
  };
  Pair arrived(std::string_view kind, json::object doc) {
    const std::string record = in_crm(kind, std::move(doc));
    settle();
    const std::string item = twin(SY_CRM, record);
    EXPECT_FALSE(item.empty()) << "the record did not arrive";
    return {item, record};
  }
  /// An item of the mailbox that a person has tracked, and its record: linked by hand.
  Pair tracked_by_hand(std::string_view kind, json::object doc) {
    settle();
    const std::string item = in_mailbox(kind, std::move(doc));
    settle();
    return {item, tracked(item, kind)};
  }
  json::object doc(int side, const std::string& id) {
    const auto r = world().record(side, id);
    return r && !r->gone ? r->doc : json::object();
  }
  bool there(int side, const std::string& id) {
    const auto r = world().record(side, id);
    return r && !r->gone;
  }
  std::size_t count(int side, std::string_view kind) { return world().records(side, kind).size(); }

  /// The other side's id of a linked item; empty: it has none.
  std::string twin(int side, const std::string& id) {
    const auto l = link(side, id);
    return l ? l->side[side == SY_MAILBOX ? Side::crm : Side::mailbox].id : std::string();
  }
  std::optional<Link> link(int side, const std::string& id) {
    auto e = engine();
    const PairState p = e->ledger().pairs().at(0);
    for (const std::string_view kind : {"contact", "task"})
      if (auto l = e->ledger().link_of_item(p.id, side == SY_MAILBOX ? Side::mailbox : Side::crm, p.org, kind, id))
        return l;
    return std::nullopt;
  }
  bool linked(int side, const std::string& id) {
    const auto l = link(side, id);
    return l && l->state != LinkState::tombstone;
  }
  std::string cause(int side, const std::string& id) {
    const auto l = link(side, id);
    return l ? l->cause : std::string();
  }
  std::optional<Seen> seen(int side, const std::string& id) {
    auto e = engine();
    return e->ledger().seen(e->ledger().pairs().at(0).id, side == SY_MAILBOX ? Side::mailbox : Side::crm, id);
  }
  /// Why the item is as it is.
  std::string reason(int side, const std::string& id) {
    const auto s = seen(side, id);
    return s ? s->reason : std::string();
  }
  /// All that the history says of an item, the newest last.
  std::vector<json::object> history(const std::string& id) {
    auto e = engine();
    std::vector<json::object> out;
    for (auto& [seq, d] : e->ledger().activity_page(e->ledger().pairs().at(0).id, 0, 10'000))
      if (d.contains("item") && std::string_view(d.at("item").as_string()) == id) out.push_back(std::move(d));
    return out;
  }
  bool history_has(const std::string& id, const std::string& text) {
    for (const json::object& d : history(id))
      if (json::serialize(d).find(text) != std::string::npos) return true;
    return false;
  }

  struct Asked {
    std::string id, kind;
    int side = SY_MAILBOX;
  };
  /// What a person asks of items: the rows, and the pass that carries them out. What became of each.
  std::vector<json::object> ask(const std::string& verb, const std::vector<Asked>& items, const json::object& more) {
    std::vector<std::int64_t> ids;
    std::int64_t pair = 0;
    {
      auto e = engine();
      pair = e->ledger().pairs().at(0).id;
      Batch b;
      for (const Asked& a : items) {
        Request r;
        r.pair = pair;
        r.id = e->ledger().next_id();
        ids.push_back(r.id);
        r.at_ms = system_clock()();
        r.verb = verb;
        r.args = {{"side", a.side == SY_MAILBOX ? "mailbox" : "crm"}, {"item", a.id}, {"kind", a.kind}, {"by", alice}};
        for (const auto& m : more) r.args[m.key()] = m.value();
        b.put(r);
      }
      e->ledger().commit(b, {});
    }
    sync();
    auto e = engine();
    std::vector<json::object> out(items.size());
    for (const Request& answered : e->ledger().requests(pair))
      if (const auto it = std::find(ids.begin(), ids.end(), answered.id); it != ids.end())
        out[static_cast<std::size_t>(it - ids.begin())] = answered.done;
    return out;
  }
  json::object ask(const std::string& verb, int side, const std::string& id, std::string_view kind,
                   const json::object& more = {}) {
    return ask(verb, {{id, std::string(kind), side}}, more).front();
  }
  std::string tracked(const std::string& id, std::string_view kind) {
    ask("track", SY_MAILBOX, id, kind);
    return twin(SY_MAILBOX, id);
  }
  /// An immediate further pass writes nothing.
  void expect_quiet() {
    const auto effects = world().effects();
    settle();
    EXPECT_EQ(world().effects(), effects);
  }
};

}  // namespace syncline::test
