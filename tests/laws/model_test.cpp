// The model's four worlds (S23): what may remain, how often, and that the check can fail: each rule of the protocol is
// switched off in turn, and the wrong result that it prevents appears.
#include <gtest/gtest.h>

#include <iostream>

#include "model_mail.hpp"
#include "model_two_way.hpp"

namespace syncline::model {
namespace {

constexpr int passes = 3;

void show(const std::string& what, const Result& r) {
  std::cout << what << ": " << r.runs() << " runs, " << r.states << " states, " << r.ends << " end states\n";
  for (std::size_t i = 0; i < end_names.size(); ++i)
    if (r.counts.at(i) != 0)
      std::cout << "  " << end_names.at(i) << ": " << r.counts.at(i) << "; e.g. " << r.example.at(i) << "\n";
}

Result search(const TwoWayRules& rules, int events, Byte from = TwoWay::mailbox) {
  TwoWay model(rules);
  return Search<TwoWay>(model, passes).run(TwoWay::start(from), events);
}

/// Two pairs take turns, two passes each.
Result search(const MailRules& rules, int events) {
  OneMail model(rules);
  return Search<OneMail>(model, rules.pairs == 2 ? 4 : passes).run(model.start(), events);
}

void expect_nothing_wrong(const Result& r, const std::string& what) {
  EXPECT_GT(r.of(End::ok), 0U) << what;
  for (const End e : {End::duplicate, End::lost_edit, End::diverged, End::orphan, End::restless})
    EXPECT_EQ(r.of(e), 0U) << what << ": " << end_names.at(static_cast<std::size_t>(e)) << ": "
                           << r.example.at(static_cast<std::size_t>(e));
}

TwoWayRules servers(unsigned bits) {
  TwoWayRules r;
  r.foreign_tombstones = (bits & 1U) == 0;
  r.answer_document = (bits & 2U) == 0;
  r.repeat_exists = (bits & 4U) != 0;
  r.item_results = (bits & 8U) == 0;
  r.mailbox_wins = (bits & 16U) != 0;
  return r;
}

TEST(ProtocolModel, OneItemBothWays) {
  const Result usual = search(TwoWayRules{}, 3);
  show("one item, both ways, 3 events", usual);
  // What remains. A deletion that falls between the effect of a write and its record, when that record is lost, cannot
  // be told from one that came before the write: an edit is kept rather than a deletion.
  EXPECT_EQ(usual.of(End::crm_undone), 13794U);
  EXPECT_EQ(usual.of(End::mailbox_undone), 40U);
  EXPECT_EQ(usual.of(End::parked), 0U);
  for (unsigned bits = 0; bits < 32; ++bits) {
    const TwoWayRules rules = servers(bits);
    const Result r = search(rules, 3);
    expect_nothing_wrong(r, "servers " + std::to_string(bits));
    EXPECT_GT(r.of(End::crm_undone), 0U) << bits;
    if (!rules.repeat_exists) {
      EXPECT_EQ(r.of(End::parked), 0U) << bits;
    }
  }
}

TEST(ProtocolModel, FewerEvents) {
  const Result none = search(TwoWayRules{}, 0);
  EXPECT_EQ(none.runs(), 1U);
  const Result one = search(TwoWayRules{}, 1);
  show("one item, both ways, 1 event", one);
  EXPECT_EQ(one.of(End::ok), one.runs());
  const Result two = search(TwoWayRules{}, 2);
  show("one item, both ways, 2 events", two);
  expect_nothing_wrong(two, "two events");
  EXPECT_EQ(two.of(End::mailbox_undone), 0U);
}

TEST(ProtocolModel, RequestsToTheMailboxGoAstrayToo) {
  for (const Byte from : {TwoWay::mailbox, TwoWay::crm})
    for (const unsigned bits : {0U, 3U, 12U}) {
      TwoWayRules rules = servers(bits);
      rules.mailbox_faults = true;
      const Result r = search(rules, 3, from);
      const std::string what = std::string("one item, born in the ") + (from == TwoWay::crm ? "CRM" : "mailbox") +
                               ", both sides' requests go astray, servers " + std::to_string(bits) + ", 3 events";
      show(what, r);
      expect_nothing_wrong(r, what);
    }
}

TEST(ProtocolModel, OneMail) {
  const Result usual = search(MailRules{}, 2);
  show("one mail, created in three requests, 2 events", usual);
  EXPECT_EQ(usual.of(End::crm_undone), 485U);
  for (unsigned bits = 0; bits < 4; ++bits) {
    MailRules rules;
    rules.foreign_tombstones = (bits & 1U) == 0;
    rules.item_results = (bits & 2U) == 0;
    expect_nothing_wrong(search(rules, 2), "servers " + std::to_string(bits));
  }
}

/// What was spooled is gone after a crash, and then the source as well: a draft that lands later belongs to nobody.
TEST(ProtocolModel, OneMailWithoutItsSpool) {
  MailRules rules;
  rules.spool_survives = false;
  const Result r = search(rules, 2);
  show("one mail, the spool is lost with the process, 2 events", r);
  EXPECT_EQ(r.of(End::orphan), 67U);
  for (const End e : {End::duplicate, End::lost_edit, End::diverged, End::restless, End::parked})
    EXPECT_EQ(r.of(e), 0U) << r.example.at(static_cast<std::size_t>(e));
}

TEST(ProtocolModel, OneMailTwoPairs) {
  for (const bool foreign : {true, false}) {
    MailRules rules;
    rules.pairs = 2;
    rules.foreign_tombstones = foreign;
    const Result turns = search(rules, 2);
    show("one mail, two pairs in turn, 2 events", turns);
    expect_nothing_wrong(turns, "in turn");
    rules.interleaved = true;
    const Result both = search(rules, 2);
    show("one mail, two pairs, one's pass within the other's, 2 events", both);
    expect_nothing_wrong(both, "interleaved");
  }
}

TEST(ProtocolModel, TheFeedIsCapturedBetweenAnyTwoSteps) {
  for (const bool foreign : {true, false}) {
    TwoWayRules item;
    item.walker = true;
    item.foreign_tombstones = foreign;
    const Result a = search(item, 2);
    show("one item, the feed captured in between, 2 events", a);
    expect_nothing_wrong(a, "item");
    MailRules mail;
    mail.walker = true;
    mail.foreign_tombstones = foreign;
    const Result b = search(mail, 2);
    show("one mail, the feed captured in between, 2 events", b);
    expect_nothing_wrong(b, "mail");
  }
}

// ---- the check can fail

struct ItemSwitch {
  const char* name;
  bool TwoWayRules::* off;
  End wrong;
  unsigned server_bits;
  bool walker;
};

TEST(ProtocolModel, EveryRuleOfTheItemIsNeeded) {
  const std::array<ItemSwitch, 15> switches{{
      {"repair 1, off: the base is whatever a read-back finds", &TwoWayRules::base_from_answer, End::diverged, 0,
       false},
      {"repair 1, off: the base is whatever a read-back finds", &TwoWayRules::base_from_answer, End::lost_edit, 0,
       false},
      {"repair 2, off: links are not confirmed", &TwoWayRules::confirm_links, End::diverged, 1, false},
      {"repair 3, off: a refused write is repeated", &TwoWayRules::refused_ends, End::lost_edit, 0, false},
      {"off: repeat_is_adopted", &TwoWayRules::repeat_is_adopted, End::diverged, 0, false},
      {"off: repeat_is_adopted, refused as existing", &TwoWayRules::repeat_is_adopted, End::diverged, 4, false},
      {"off: intent_holds_item", &TwoWayRules::intent_holds_item, End::duplicate, 0, false},
      {"off: newer_row_stays", &TwoWayRules::newer_row_stays, End::diverged, 3, false},
      {"off: losers_first", &TwoWayRules::losers_first, End::lost_edit, 0, false},
      {"off: late_taken_back", &TwoWayRules::late_taken_back, End::lost_edit, 0, false},
      {"off: deleted_create_linked", &TwoWayRules::deleted_create_linked, End::orphan, 0, false},
      {"off: gone_row_waits", &TwoWayRules::gone_row_waits, End::diverged, 0, false},
      {"off: remake_is_new_link", &TwoWayRules::remake_is_new_link, End::duplicate, 0, false},
      {"off: fresh_row_stays", &TwoWayRules::fresh_row_stays, End::orphan, 0, true},
      {"off: echo_confirms", &TwoWayRules::echo_confirms, End::diverged, 1, false},
  }};
  for (const ItemSwitch& s : switches) {
    TwoWayRules rules = servers(s.server_bits);
    rules.*s.off = false;
    rules.walker = s.walker;
    const Result r = search(rules, s.walker ? 2 : 3);
    const auto e = static_cast<std::size_t>(s.wrong);
    EXPECT_GT(r.counts.at(e), 0U) << s.name << ": expected " << end_names.at(e);
    std::cout << s.name << ": " << end_names.at(e) << ": " << r.counts.at(e) << "; e.g. " << r.example.at(e) << "\n";
  }
}

/// Switches that change how often a deletion is undone, over the same runs.
TEST(ProtocolModel, RulesThatKeepDeletions) {
  const auto more = [](const char* name, const auto& with, const auto& without, int events, End e) {
    const std::uint64_t on = search(with, events).of(e), off = search(without, events).of(e);
    EXPECT_GT(off, on) << name;
    std::cout << name << ": " << end_names.at(static_cast<std::size_t>(e)) << " " << off << " instead of " << on
              << "\n";
  };
  TwoWayRules no_feed, no_taking_back, no_memory;
  no_feed.feed_first = false;
  more("repair 4, off, item", TwoWayRules{}, no_feed, 3, End::crm_undone);
  no_taking_back.late_taken_back = false;
  more("off: late_taken_back", TwoWayRules{}, no_taking_back, 3, End::mailbox_undone);
  no_memory.update_recognised = false;
  more("off: update_recognised", TwoWayRules{}, no_memory, 3, End::mailbox_undone);
  MailRules no_feed_mail;
  no_feed_mail.feed_first = false;
  more("repair 4, off, mail", MailRules{}, no_feed_mail, 2, End::crm_undone);
  MailRules two;
  two.pairs = 2;
  MailRules forgetful = two, unrouted = two;
  forgetful.deleted_for_all = false;
  more("off: deleted_for_all", two, forgetful, 2, End::crm_undone);
  unrouted.routed_to_intent = false;
  more("off: routed_to_intent", two, unrouted, 2, End::crm_undone);
  MailRules unclaimed = two;
  unclaimed.claims = false;
  more("off: claims", two, unclaimed, 2, End::crm_undone);
}

struct MailSwitch {
  const char* name;
  bool MailRules::* off;
  End wrong;
  int pairs, events;
  bool interleaved, walker;
};

TEST(ProtocolModel, EveryRuleOfTheMailIsNeeded) {
  const std::array<MailSwitch, 6> switches{{
      {"off: keyed creates", &MailRules::keyed, End::duplicate, 1, 2, false, false},
      {"repair 2, off: links are not confirmed", &MailRules::confirm_links, End::diverged, 1, 2, false, true},
      {"off: intent_holds_item", &MailRules::intent_holds_item, End::duplicate, 1, 2, false, false},
      {"off: echo_confirms", &MailRules::echo_confirms, End::diverged, 1, 2, false, true},
      {"off: lookup_confirmed", &MailRules::lookup_confirmed, End::diverged, 2, 1, true, false},
      {"off: walks_numbered", &MailRules::walks_numbered, End::diverged, 2, 1, true, true},
  }};
  for (const MailSwitch& s : switches) {
    MailRules rules;
    rules.*s.off = false;
    rules.pairs = s.pairs;
    rules.interleaved = s.interleaved;
    rules.walker = s.walker;
    rules.foreign_tombstones = false;
    const Result r = search(rules, s.events);
    const auto e = static_cast<std::size_t>(s.wrong);
    EXPECT_GT(r.counts.at(e), 0U) << s.name << ": expected " << end_names.at(e);
    std::cout << s.name << ": " << end_names.at(e) << ": " << r.counts.at(e) << "; e.g. " << r.example.at(e) << "\n";
  }
}

}  // namespace
}  // namespace syncline::model
