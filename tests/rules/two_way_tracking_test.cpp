// What comes into the mailbox and what goes into the CRM: tracking, filters, and how a pair's rows follow.
#include "two_way_house.hpp"

namespace syncline::test {
namespace {

TEST(TwoWay, TRK_01_what_nobody_tracks_stays_in_the_mailbox) {
  TwoWayHouse h;
  const std::string c = h.in_mailbox("contact", contact("ann@x.test")), t = h.in_mailbox("task", task("t"));
  h.settle();
  EXPECT_EQ(h.count(SY_CRM, "contact") + h.count(SY_CRM, "task"), 0u);
  EXPECT_EQ(h.reason(SY_MAILBOX, c), "not_tracked");
  EXPECT_EQ(h.reason(SY_MAILBOX, t), "not_tracked");
  h.expect_quiet();
}

TEST(TwoWay, an_untracked_contact_is_still_the_twin_of_a_record_that_arrives) {
  TwoWayHouse h;
  const std::string item = h.in_mailbox("contact", contact("ann@x.test"));
  h.settle();
  const std::string record = h.in_crm("contact", contact("ann@x.test", {{"jobtitle", "Head"}}));
  h.settle();
  EXPECT_EQ(h.twin(SY_CRM, record), item);
  EXPECT_EQ(h.count(SY_MAILBOX, "contact"), 1u);
  EXPECT_EQ(h.doc(SY_MAILBOX, item).at("jobtitle").as_string(), "Head");
  h.expect_quiet();
}

TEST(TwoWay, TRK_02_a_tracked_contact_is_a_contact) {
  TwoWayHouse h;
  const auto [item, record] = h.tracked_by_hand("contact", contact("ann@x.test"));
  EXPECT_EQ(h.world().record(SY_CRM, record)->kind, "contact");
  EXPECT_TRUE(h.linked(SY_MAILBOX, item));
  h.expect_quiet();
}

TEST(TwoWay, TRK_03_a_tracked_task_is_a_task) {
  TwoWayHouse h;
  const auto [item, record] = h.tracked_by_hand("task", task("t"));
  EXPECT_EQ(h.world().record(SY_CRM, record)->kind, "task");
  EXPECT_TRUE(h.linked(SY_MAILBOX, item));
  h.expect_quiet();
}

void regarding(std::string_view kind, const json::object& doc) {
  for (const bool before : {false, true}) {  // tracked already, or in one step
    TwoWayHouse h;
    const std::string item = h.in_mailbox(kind, doc);
    h.settle();
    if (before) h.tracked(item, kind);
    if (before) h.world().edit(SY_MAILBOX, item, {{"notes", "at the same time"}});
    const json::object done =
        h.ask("regarding", SY_MAILBOX, item, kind, {{"regarding", json::object{{"type", "account"}, {"id", "X"}}}});
    EXPECT_EQ(done.at("verdict").as_string(), "linked") << done;
    const std::string record = h.twin(SY_MAILBOX, item);
    ASSERT_FALSE(record.empty());
    EXPECT_EQ(h.doc(SY_CRM, record).at("regarding").at("id").as_string(), "X");
    EXPECT_FALSE(h.doc(SY_MAILBOX, item).contains("regarding"));
    if (before) {
      EXPECT_EQ(h.doc(SY_CRM, record).at("notes").as_string(), "at the same time");
    }
    h.expect_quiet();
    EXPECT_FALSE(h.doc(SY_MAILBOX, item).contains("regarding"));
  }
}

TEST(TwoWay, TRK_09_set_regarding_tracks_in_one_step) { regarding("task", task("t")); }
TEST(TwoWay, TRK_10_set_parent_tracks_in_one_step) { regarding("contact", contact("ann@x.test")); }

TEST(TwoWay, TRK_13_a_company_s_name_makes_no_account) {
  TwoWayHouse h;
  const auto [item, record] = h.tracked_by_hand("contact", contact("ann@x.test", {{"company", "Acme"}}));
  EXPECT_EQ(h.doc(SY_CRM, record).at("company").as_string(), "Acme");
  EXPECT_EQ(h.count(SY_CRM, "account"), 0u);
  EXPECT_FALSE(h.doc(SY_CRM, record).contains("regarding"));
}

TEST(TwoWay, TRK_14_without_the_right_to_create_nothing_is_linked) {
  TwoWayHouse h;
  const std::string item = h.in_mailbox("contact", contact("ann@x.test"));
  h.settle();
  memory::Fault f;
  f.mishap = memory::Mishap::denied;
  f.side = SY_CRM;
  f.verb = "create";
  f.times = -1;
  h.world().arm(f);
  const json::object done = h.ask("track", SY_MAILBOX, item, "contact");
  EXPECT_EQ(done.at("verdict").as_string(), "quarantined") << done;
  EXPECT_EQ(h.count(SY_CRM, "contact"), 0u);
  EXPECT_FALSE(h.linked(SY_MAILBOX, item));
}

TEST(TwoWay, TRK_16_a_record_that_the_crm_refuses_is_not_tracked) {
  TwoWayHouse h;
  const std::string item = h.in_mailbox("contact", contact("ann@x.test"));
  h.settle();
  memory::Fault f;
  f.mishap = memory::Mishap::invalid;
  f.side = SY_CRM;
  f.verb = "create";
  f.times = -1;
  h.world().arm(f);
  EXPECT_EQ(h.ask("track", SY_MAILBOX, item, "contact").at("verdict").as_string(), "quarantined");
  EXPECT_EQ(h.count(SY_CRM, "contact"), 0u);
  EXPECT_FALSE(h.linked(SY_MAILBOX, item));
}

TEST(TwoWay, TRK_41_tracked_again_it_is_the_same_record) {
  TwoWayHouse h;
  const auto [item, record] = h.arrived("contact", contact("ann@x.test"));
  h.ask("untrack", SY_MAILBOX, item, "contact");
  h.world().edit(SY_MAILBOX, item, {{"jobtitle", "Head"}});
  h.settle();
  EXPECT_EQ(h.tracked(item, "contact"), record);
  EXPECT_TRUE(h.linked(SY_MAILBOX, item));
  EXPECT_EQ(h.count(SY_CRM, "contact"), 1u);
  EXPECT_EQ(h.doc(SY_CRM, record).at("jobtitle").as_string(), "Head");  // what was written meanwhile arrives
  h.expect_quiet();
}

TEST(TwoWay, DMB_18_who_may_not_delete_keeps_the_record_and_loses_the_link) {
  TwoWayHouse h;
  const auto [item, record] = h.arrived("task", task("t"));
  memory::Fault f;
  f.mishap = memory::Mishap::denied;
  f.side = SY_CRM;
  f.verb = "delete";
  f.times = -1;
  h.world().arm(f);
  h.world().remove(SY_MAILBOX, item);
  h.settle();
  EXPECT_TRUE(h.there(SY_CRM, record));
  EXPECT_FALSE(h.linked(SY_CRM, record));
  EXPECT_EQ(h.reason(SY_CRM, record), "delete_denied");
  h.expect_quiet();
  h.world().disarm();
  h.world().edit(SY_CRM, record, {{"notes", "later"}});  // what was deleted in the mailbox stays so all the same
  h.settle();
  EXPECT_EQ(h.count(SY_MAILBOX, "task"), 0u);
}

// --- filters ---

TEST(TwoWay, FLT_01_a_record_that_matches_comes_into_the_mailbox) {
  TwoWayHouse h;
  const std::string c = h.in_crm("contact", contact("ann@x.test")), t = h.in_crm("task", task("t"));
  h.settle();
  EXPECT_TRUE(h.linked(SY_CRM, c));
  EXPECT_TRUE(h.linked(SY_CRM, t));
  EXPECT_EQ(h.count(SY_MAILBOX, "contact") + h.count(SY_MAILBOX, "task"), 2u);
}

TEST(TwoWay, FLT_03_without_a_filter_a_kind_does_not_come_and_others_do) {
  TwoWayHouse h("filters.contact = []\n");
  const std::string c = h.in_crm("contact", contact("ann@x.test"));
  h.in_crm("task", task("t"));
  h.settle();
  EXPECT_EQ(h.count(SY_MAILBOX, "contact"), 0u);
  EXPECT_EQ(h.count(SY_MAILBOX, "task"), 1u);
  EXPECT_EQ(h.reason(SY_CRM, c), "no_filter");
}

TEST(TwoWay, FLT_09_by_default_one_s_own_active_contacts) {
  TwoWayHouse h;
  h.in_crm("contact", contact("mine@x.test"));
  h.in_crm("contact", contact("bob-s@x.test"), "u-bob");
  const std::string inactive = h.in_crm("contact", contact("inactive@x.test"));
  h.world().mark(SY_CRM, inactive, {{"active", false}});
  const std::string done = h.in_crm("task", task("done", {{"status", "completed"}}));
  h.settle();
  EXPECT_THAT(h.titles(SY_MAILBOX, "contact", "email1"), ElementsAre("mine@x.test"));
  EXPECT_EQ(h.count(SY_MAILBOX, "task"), 0u);
  EXPECT_EQ(h.reason(SY_CRM, inactive), "not_active");
  EXPECT_EQ(h.reason(SY_CRM, done), "not_open");
}

TEST(TwoWay, FLT_10_what_is_linked_travels_both_ways) {
  TwoWayHouse h;
  const auto [item, record] = h.arrived("contact", contact("ann@x.test"));
  h.world().edit(SY_MAILBOX, item, {{"jobtitle", "m"}});
  h.settle();
  h.world().edit(SY_CRM, record, {{"department", "c"}});
  h.settle();
  h.expect_in_step("contact", "email1");
  EXPECT_EQ(h.doc(SY_CRM, record).at("jobtitle").as_string(), "m");
  EXPECT_EQ(h.doc(SY_MAILBOX, item).at("department").as_string(), "c");
}

TEST(TwoWay, FLT_11_what_was_tracked_by_hand_needs_no_filter) {
  TwoWayHouse h;
  const auto [item, record] = h.tracked_by_hand("contact", contact("ann@x.test"));
  h.world().mark(SY_CRM, record, {{"owner", "u-bob"}});
  h.world().edit(SY_CRM, record, {{"jobtitle", "c"}});
  h.settle();
  EXPECT_TRUE(h.linked(SY_MAILBOX, item));
  EXPECT_EQ(h.doc(SY_MAILBOX, item).at("jobtitle").as_string(), "c");
  h.expect_quiet();
}

// --- rows ---

TEST(TwoWay, PER_01_what_is_done_leaves_no_pending_row) {
  TwoWayHouse h;
  const std::string record = h.in_crm("contact", contact("ann@x.test"));
  h.settle();
  auto e = h.engine();
  const std::int64_t pair = e->ledger().pairs().at(0).id;
  EXPECT_FALSE(e->ledger().pending(pair, Side::crm, record));
  const auto l = e->ledger().links_of_record(e->ledger().pairs().at(0).org, "contact", record);
  ASSERT_EQ(l.size(), 1u);
  EXPECT_NE(l[0].state, LinkState::tombstone);
}

TEST(TwoWay, PER_02_what_fails_stays_and_is_tried_again) {
  TwoWayHouse h;
  memory::Fault f;
  f.mishap = memory::Mishap::throttle;
  f.side = SY_MAILBOX;
  f.verb = "create";
  f.times = 1;
  h.world().arm(f);
  const std::string record = h.in_crm("contact", contact("ann@x.test"));
  h.sync();
  h.sync_later(std::chrono::hours(1));
  EXPECT_TRUE(h.linked(SY_CRM, record));
  EXPECT_EQ(h.count(SY_MAILBOX, "contact"), 1u);
}

TEST(TwoWay, PER_06_what_was_applied_is_not_given_out_again) {
  TwoWayHouse h;
  for (int i = 0; i < 8; ++i) h.in_crm("contact", contact("c" + std::to_string(i) + "@x.test"));
  h.settle();
  EXPECT_EQ(h.settle()[0].counts.looked_at, 0);
}

TEST(TwoWay, PER_12_made_changed_and_deleted_before_a_pass_is_no_request) {
  TwoWayHouse h("track.contact = \"all\"\n");
  h.settle();
  const auto effects = h.world().effects();
  const std::string item = h.in_mailbox("contact", contact("ann@x.test"));
  h.world().edit(SY_MAILBOX, item, {{"jobtitle", "x"}});
  h.world().remove(SY_MAILBOX, item);
  h.settle();
  EXPECT_EQ(h.world().effects(), effects);
  const std::string record = h.in_crm("task", task("t"));
  h.settle();
  const auto before = h.world().effects();
  h.world().edit(SY_CRM, record, {{"notes", "x"}});
  h.world().remove(SY_CRM, record);
  h.settle();
  EXPECT_EQ(h.world().effects(), before + 1);  // one delete
}

void moved(std::string_view kind, const json::object& doc, int made_by, const std::string& mailbox_lines) {
  SCOPED_TRACE(std::string(kind) + (made_by == SY_CRM ? " made by the CRM" : " made in the mailbox") + mailbox_lines);
  TwoWayHouse h("track.contact = \"all\"\ntrack.task = \"all\"\n", "d365", mailbox_lines);
  std::string item, record;
  if (made_by == SY_CRM) {
    record = h.in_crm(kind, doc);
    h.settle();
    item = h.twin(SY_CRM, record);  // it bears our token
  } else {
    item = h.in_mailbox(kind, doc);
    h.world().mark(SY_MAILBOX, item, {{"lasting", "key-1"}});
    h.settle();
    record = h.twin(SY_MAILBOX, item);
  }
  ASSERT_TRUE(h.linked(SY_MAILBOX, item));
  const auto effects = h.world().effects();
  const std::string now = h.world().move(SY_MAILBOX, item);
  h.settle();
  EXPECT_EQ(h.world().effects(), effects);  // nothing deleted, nothing made
  EXPECT_EQ(h.twin(SY_MAILBOX, now), record);
  EXPECT_TRUE(h.linked(SY_MAILBOX, now));
  h.world().edit(SY_MAILBOX, now, {{"notes", "m"}});
  h.settle();
  EXPECT_EQ(h.doc(SY_CRM, record).at("notes").as_string(), "m");
  const std::string again = h.world().move(SY_MAILBOX, now);  // and edited at the same time
  h.world().edit(SY_MAILBOX, again, {{"notes", "again"}});
  h.settle();
  EXPECT_EQ(h.doc(SY_CRM, record).at("notes").as_string(), "again");
  EXPECT_EQ(h.count(SY_CRM, kind), 1u);
  h.world().remove(SY_MAILBOX, again);
  h.settle();
  EXPECT_EQ(h.there(SY_CRM, record), kind == "contact");  // a deletion is one
  h.expect_quiet();
}

TEST(TwoWay, RAC_10_a_moved_item_keeps_its_link) {
  for (const int side : {SY_CRM, SY_MAILBOX})
    for (const char* lines : {"", "feed_docs = false", "page = 1", "cursor = false"}) {
      moved("contact", contact("ann@x.test"), side, lines);
      moved("task", task("t"), side, lines);
    }
}

TEST(TwoWay, TRK_38_a_copy_of_a_linked_item_is_no_second_record) {
  TwoWayHouse h;
  const std::string item = h.in_mailbox("task", task("t"));
  h.world().mark(SY_MAILBOX, item, {{"lasting", "key-1"}});
  h.settle();
  h.tracked(item, "task");
  const std::string copy = h.in_mailbox("task", task("t"));
  h.world().mark(SY_MAILBOX, copy, {{"lasting", "key-1"}});
  h.settle();
  EXPECT_EQ(h.count(SY_CRM, "task"), 1u);
  EXPECT_TRUE(h.linked(SY_MAILBOX, item));
  EXPECT_FALSE(h.linked(SY_MAILBOX, copy));
  h.expect_quiet();
}

TEST(TwoWay, RAC_11_a_forgotten_cursor_deletes_nothing_and_doubles_nothing) {
  TwoWayHouse h("track.contact = \"all\"\n");
  for (int i = 0; i < 6; ++i) {
    h.in_mailbox("contact", contact("m" + std::to_string(i) + "@x.test"));
    h.in_crm("contact", contact("c" + std::to_string(i) + "@x.test"));
  }
  h.settle();
  h.world().reset_cursors();
  h.expect_quiet();
  EXPECT_EQ(h.count(SY_CRM, "contact"), 12u);
  EXPECT_EQ(h.count(SY_MAILBOX, "contact"), 12u);
}

}  // namespace
}  // namespace syncline::test
