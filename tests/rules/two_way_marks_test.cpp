// The state of a link on the mailbox's item: what we write there, and what a client asks by it.
#include "two_way_house.hpp"

namespace syncline::test {
namespace {

class MarksHouse : public TwoWayHouse {
 public:
  explicit MarksHouse(const std::string& defaults = {}) : TwoWayHouse(defaults, "d365", "states = true") {}
  /// -1: it bears none.
  std::int64_t state(const std::string& item) {
    const auto r = world().record(SY_MAILBOX, item);
    const auto* v = r ? r->marks.if_contains("state") : nullptr;
    return v != nullptr ? v->to_number<std::int64_t>() : -1;
  }
  std::string record_on(const std::string& item) {
    const auto r = world().record(SY_MAILBOX, item);
    const auto* v = r ? r->marks.if_contains("record") : nullptr;
    return v != nullptr ? std::string(v->as_string()) : std::string();
  }
  /// A client's doing.
  void set(const std::string& item, int value) { world().mark(SY_MAILBOX, item, {{"state", value}}); }
  void expect_quiet() {
    const auto effects = world().effects();
    settle();
    EXPECT_EQ(world().effects(), effects) << "a further pass writes nothing";
  }
};

TEST(TwoWayMarks, TRK_17_the_mark_comes_after_the_create_and_says_linked) {
  MarksHouse h;
  h.settle();
  const std::string item = h.in_mailbox("contact", contact("ann@x.test"));
  h.settle();
  EXPECT_EQ(h.state(item), -1) << "nobody tracks it";
  memory::Fault refused;
  refused.mishap = memory::Mishap::lost;
  refused.side = SY_CRM;
  refused.verb = "create";
  h.world().arm(refused);
  h.ask("track", SY_MAILBOX, item, "contact");
  EXPECT_EQ(h.count(SY_CRM, "contact"), 0u);
  EXPECT_EQ(h.state(item), -1) << "nobody knows whether the create arrived";
  h.settle();
  EXPECT_EQ(h.state(item), 2);
  EXPECT_EQ(h.record_on(item), h.twin(SY_MAILBOX, item));
  h.expect_quiet();
}

TEST(TwoWayMarks, no_mark_before_the_crm_has_answered) {
  MarksHouse h;
  h.settle();
  const std::string item = h.in_mailbox("contact", contact("ann@x.test"));
  h.settle();
  memory::Fault refused;
  refused.mishap = memory::Mishap::invalid;
  refused.side = SY_CRM;
  refused.verb = "create";
  h.world().arm(refused);
  h.ask("track", SY_MAILBOX, item, "contact");
  EXPECT_EQ(h.state(item), -1);
  EXPECT_FALSE(h.linked(SY_MAILBOX, item));
}

TEST(TwoWayMarks, what_the_crm_brings_bears_its_mark_from_the_start) {
  MarksHouse h;
  const auto [item, record] = h.arrived("contact", contact("ann@x.test"));
  EXPECT_EQ(h.state(item), 2);
  EXPECT_EQ(h.record_on(item), record);
  EXPECT_EQ(h.world().record(SY_MAILBOX, item)->version, 1) << "one write, not two";
  h.expect_quiet();
}

TEST(TwoWayMarks, a_client_asks_to_link_and_it_becomes_a_request) {
  MarksHouse h;
  h.settle();
  const std::string item = h.in_mailbox("task", task("call"));
  h.settle();
  EXPECT_EQ(h.count(SY_CRM, "task"), 0u);
  h.set(item, 1);
  h.settle();
  EXPECT_EQ(h.count(SY_CRM, "task"), 1u);
  EXPECT_EQ(h.state(item), 2);
  EXPECT_TRUE(h.link(SY_MAILBOX, item)->by_hand);
  auto e = h.engine();
  const auto asked = e->ledger().requests(e->ledger().pairs().at(0).id);
  ASSERT_EQ(asked.size(), 1u);
  EXPECT_EQ(asked[0].verb, "track");
  EXPECT_EQ(asked[0].args.at("from").as_string(), "mark");
  EXPECT_EQ(asked[0].done.at("verdict").as_string(), "linked");
}

void untracked(int state, bool kept) {
  MarksHouse h;
  const auto [item, record] = h.arrived("contact", contact("ann@x.test"));
  h.set(item, state);
  h.settle();
  EXPECT_FALSE(h.linked(SY_MAILBOX, item));
  EXPECT_EQ(h.there(SY_CRM, record), kept);
  EXPECT_EQ(h.cause(SY_MAILBOX, item), "untracked");
  EXPECT_TRUE(h.there(SY_MAILBOX, item)) << "the item is the user's";
  EXPECT_EQ(h.state(item), 0);
  h.expect_quiet();
  h.world().edit(SY_MAILBOX, item, {{"jobtitle", "edited"}});
  h.settle();
  EXPECT_FALSE(h.linked(SY_MAILBOX, item)) << "its edit is nobody's business any more";
  EXPECT_EQ(h.count(SY_CRM, "contact"), kept ? 1u : 0u);
}

TEST(TwoWayMarks, UNT_08_state_3_unlinks_and_keeps_the_record) { untracked(3, true); }
TEST(TwoWayMarks, UNT_09_state_4_unlinks_and_deletes_the_record) { untracked(4, false); }

TEST(TwoWayMarks, what_leaves_the_filter_loses_the_mark_and_gets_it_back) {
  MarksHouse h;
  const auto [item, record] = h.arrived("task", task("call"));
  ASSERT_EQ(h.state(item), 2);
  h.world().mark(SY_CRM, record, {{"owner", "u-bob"}});
  h.settle();
  EXPECT_FALSE(h.linked(SY_MAILBOX, item));
  ASSERT_TRUE(h.there(SY_MAILBOX, item));
  EXPECT_EQ(h.state(item), 0);
  h.expect_quiet();
  EXPECT_EQ(h.count(SY_CRM, "task"), 1u) << "our own mark is no edit of a person's";
  h.world().mark(SY_CRM, record, {{"owner", "u-alice"}});
  h.settle();
  EXPECT_TRUE(h.linked(SY_MAILBOX, item));
  EXPECT_EQ(h.state(item), 2);
  h.expect_quiet();
}

TEST(TwoWayMarks, another_organization_s_mark_asks_nothing_of_us) {
  MarksHouse h;
  h.settle();
  const std::string item = h.in_mailbox("contact", contact("ann@x.test"));
  h.world().mark(SY_MAILBOX, item, {{"state", 1}, {"organization", "somebody-else"}});
  h.settle();
  EXPECT_EQ(h.count(SY_CRM, "contact"), 0u);
  EXPECT_EQ(h.state(item), 1);
}

TEST(TwoWayMarks, an_edit_between_record_and_mark_is_not_taken_for_the_mark) {
  MarksHouse h;
  h.settle();
  const std::string item = h.in_mailbox("contact", contact("ann@x.test"));
  h.settle();
  memory::Fault edit;
  edit.mishap = memory::Mishap::foreign_edit;
  edit.side = SY_MAILBOX;
  edit.verb = "mark";
  edit.edit = {{"jobtitle", "edited meanwhile"}};
  h.world().arm(edit);
  h.ask("track", SY_MAILBOX, item, "contact");
  h.settle();
  EXPECT_EQ(h.doc(SY_CRM, h.twin(SY_MAILBOX, item)).at("jobtitle").as_string(), "edited meanwhile");
  EXPECT_EQ(h.state(item), 2);
  h.expect_quiet();
}

}  // namespace
}  // namespace syncline::test
