// What merges, who wins, what is left alone: rules 5, and a task's fields.
#include "two_way_house.hpp"

namespace syncline::test {
namespace {

constexpr std::int64_t at = 1'767'225'600'000;  // 2026-01-01

TwoWayHouse::Pair linked_contact(TwoWayHouse& h, const json::object& more = {}) {
  return h.arrived("contact", contact("ann@x.test", more));
}

std::string field(TwoWayHouse& h, int side, const std::string& id, std::string_view name) {
  const json::object doc = h.doc(side, id);
  const auto* v = doc.if_contains(name);
  return v != nullptr && v->is_string() ? std::string(v->get_string()) : std::string();
}

TEST(TwoWay, MRG_01_changes_of_different_fields_end_on_both_sides) {
  TwoWayHouse h;
  const auto [item, record] = linked_contact(h);
  h.world().edit(SY_MAILBOX, item, {{"mobile_phone", "1"}});
  h.world().edit(SY_CRM, record, {{"jobtitle", "Head"}});
  h.settle();
  h.expect_in_step("contact", "email1");
  EXPECT_EQ(field(h, SY_CRM, record, "mobile_phone"), "1");
  EXPECT_EQ(field(h, SY_MAILBOX, item, "jobtitle"), "Head");
  h.expect_quiet();
}

TEST(TwoWay, MRG_02_only_the_changed_field_is_written_to_the_crm) {
  TwoWayHouse h;
  const auto [item, record] = linked_contact(h);
  h.world().edit(SY_MAILBOX, item, {{"jobtitle", "Head"}});
  h.settle();
  EXPECT_TRUE(h.history_has(item, R"("crm_fields":["jobtitle"])"));
  h.expect_in_step("contact", "email1");
}

TEST(TwoWay, MRG_03_only_the_changed_field_is_written_to_the_mailbox) {
  TwoWayHouse h;
  const auto [item, record] = linked_contact(h);
  h.world().edit(SY_CRM, record, {{"jobtitle", "Head"}});
  h.settle();
  EXPECT_TRUE(h.history_has(record, R"("mailbox_fields":["jobtitle"])"));
  h.expect_in_step("contact", "email1");
}

TEST(TwoWay, MRG_04_the_same_value_on_both_sides_is_no_write) {
  TwoWayHouse h;
  const auto [item, record] = linked_contact(h);
  h.world().edit(SY_MAILBOX, item, {{"jobtitle", "Head"}});
  h.world().edit(SY_CRM, record, {{"jobtitle", "Head"}});
  const auto effects = h.world().effects();
  h.settle();
  EXPECT_EQ(h.world().effects(), effects);
  h.world().edit(SY_CRM, record, {{"jobtitle", "Chair"}});  // the base has moved: this is a change of one side
  h.settle();
  EXPECT_EQ(field(h, SY_MAILBOX, item, "jobtitle"), "Chair");
  EXPECT_FALSE(h.history_has(item, "\"replaced\""));
}

void both_change(const std::string& defaults, std::int64_t mailbox_at, std::int64_t crm_at, const std::string& wins) {
  SCOPED_TRACE(defaults);
  TwoWayHouse h(defaults);
  const auto [item, record] = linked_contact(h);
  h.world().edit(SY_MAILBOX, item, {{"jobtitle", "mailbox"}}, mailbox_at);
  h.world().edit(SY_CRM, record, {{"jobtitle", "crm"}}, crm_at);
  h.settle();
  EXPECT_EQ(field(h, SY_MAILBOX, item, "jobtitle"), wins);
  EXPECT_EQ(field(h, SY_CRM, record, "jobtitle"), wins);
  const std::string lost = wins == "crm" ? "mailbox" : "crm";
  EXPECT_TRUE(h.history_has(item, "\"jobtitle\":\"" + lost + "\"") ||
              h.history_has(record, "\"jobtitle\":\"" + lost + "\""));
  h.expect_quiet();
}

TEST(TwoWay, MRG_05_the_later_change_wins_and_the_other_is_kept_in_the_history) {
  both_change("", at + 60'000, at, "mailbox");
  both_change("", at, at + 60'000, "crm");
}

TEST(TwoWay, MRG_06_the_named_side_wins_or_a_person_decides) {
  both_change("merge.conflict = \"crm_wins\"\n", at + 60'000, at, "crm");
  both_change("merge.conflict = \"mailbox_wins\"\n", at, at + 60'000, "mailbox");
  TwoWayHouse h("merge.conflict = \"manual\"\n");
  const auto [item, record] = linked_contact(h);
  h.world().edit(SY_MAILBOX, item, {{"jobtitle", "mailbox"}});
  h.world().edit(SY_CRM, record, {{"jobtitle", "crm"}});
  EXPECT_EQ(h.sync()[0].counts.quarantined, 1);
  EXPECT_EQ(field(h, SY_MAILBOX, item, "jobtitle"), "mailbox");
  EXPECT_EQ(field(h, SY_CRM, record, "jobtitle"), "crm");
}

TEST(TwoWay, MRG_07_at_the_same_time_the_crm_wins) { both_change("", at, at, "crm"); }

TEST(TwoWay, MRG_09_an_address_is_one_thing) {
  TwoWayHouse h;
  const auto [item, record] =
      linked_contact(h, {{"business_address", json::object{{"city", "Bonn"}, {"postal_code", "1"}}}});
  h.world().edit(SY_MAILBOX, item, {{"business_address", json::object{{"city", "Berlin"}}}}, at);
  h.world().edit(SY_CRM, record, {{"business_address", json::object{{"postal_code", "2"}}}}, at + 60'000);
  h.settle();
  const json::object whole{{"city", "Bonn"}, {"postal_code", "2"}};
  EXPECT_EQ(h.doc(SY_MAILBOX, item).at("business_address"), json::value(whole));
  EXPECT_EQ(h.doc(SY_CRM, record).at("business_address"), json::value(whole));
}

TEST(TwoWay, MRG_14_our_own_write_is_no_change_of_the_mailbox) {
  TwoWayHouse h;
  const auto [item, record] = linked_contact(h);
  h.world().edit(SY_CRM, record, {{"jobtitle", "Head"}});
  h.settle();
  h.expect_quiet();
  EXPECT_FALSE(h.history_has(item, "crm_fields"));
}

TEST(TwoWay, MRG_15_an_item_that_was_only_opened_has_not_changed) {
  TwoWayHouse h;
  const auto [item, record] = linked_contact(h);
  h.world().edit(SY_MAILBOX, item, {});  // another version and time, the same content
  h.expect_quiet();
  EXPECT_TRUE(h.linked(SY_MAILBOX, item));
}

TEST(TwoWay, MRG_16_a_second_pass_writes_nothing) {
  TwoWayHouse h("track.contact = \"all\"\ntrack.task = \"all\"\n");
  for (int i = 0; i < 5; ++i) {
    h.in_mailbox("contact", contact("m" + std::to_string(i) + "@x.test"));
    h.in_crm("contact", contact("c" + std::to_string(i) + "@x.test"));
    h.in_mailbox("task", task("m" + std::to_string(i)));
    h.in_crm("task", task("c" + std::to_string(i)));
  }
  h.settle();
  h.expect_in_step("contact", "email1");
  h.expect_in_step("task", "subject");
  EXPECT_EQ(h.count(SY_CRM, "contact"), 10u);
  h.expect_quiet();
}

TEST(TwoWay, MRG_18_what_is_tracked_makes_the_record) {
  TwoWayHouse h;
  const auto [item, record] = h.tracked_by_hand("contact", contact("ann@x.test", {{"jobtitle", "Head"}}));
  EXPECT_EQ(h.doc(SY_CRM, record), h.doc(SY_MAILBOX, item));
  h.expect_quiet();
}

TEST(TwoWay, MRG_19_what_a_filter_lets_in_makes_the_item) {
  TwoWayHouse h;
  const auto [item, record] = linked_contact(h, {{"jobtitle", "Head"}});
  EXPECT_EQ(h.doc(SY_MAILBOX, item), h.doc(SY_CRM, record));
  h.expect_quiet();
}

TEST(TwoWay, first_link_by_match_takes_the_named_side) {
  for (const bool mailbox : {false, true}) {
    TwoWayHouse h(mailbox ? "merge.first_link = \"mailbox_wins\"\n" : "");
    const std::string item =
        h.in_mailbox("contact", contact("ann@x.test", {{"jobtitle", "m"}, {"department", "only here"}}));
    const std::string record = h.in_crm("contact", contact("ann@x.test", {{"jobtitle", "c"}}));
    h.settle();
    EXPECT_EQ(h.twin(SY_MAILBOX, item), record);
    EXPECT_EQ(field(h, SY_CRM, record, "jobtitle"), mailbox ? "m" : "c");
    EXPECT_EQ(field(h, SY_MAILBOX, item, "jobtitle"), mailbox ? "m" : "c");
    EXPECT_EQ(field(h, SY_CRM, record, "department"), "only here");
    h.expect_quiet();
  }
}

TEST(TwoWay, MRG_22_a_settled_conflict_stands_in_the_history) {
  TwoWayHouse h("merge.conflict = \"crm_wins\"\n");
  const auto [item, record] = linked_contact(h);
  h.world().edit(SY_MAILBOX, item, {{"jobtitle", "mailbox"}}, at);
  h.world().edit(SY_CRM, record, {{"jobtitle", "crm"}}, at + 60'000);
  h.settle();
  bool found = false;
  for (const std::string& id : {item, record})
    for (const json::object& d : h.history(id))
      if (const auto* replaced = d.if_contains("replaced")) {
        const json::object& one = replaced->as_array().at(0).as_object();
        EXPECT_EQ(one.at("group").as_string(), "jobtitle");
        EXPECT_EQ(one.at("side").as_string(), "mailbox");
        EXPECT_EQ(one.at("value").at("jobtitle").as_string(), "mailbox");
        EXPECT_GT(d.at("at").to_number<std::int64_t>(), 0);
        found = true;
      }
  EXPECT_TRUE(found);
}

// --- a task's fields ---

TEST(TwoWay, TSC_01_the_day_a_task_is_due_arrives) {
  TwoWayHouse h;
  const auto [item, record] = h.arrived("task", task("t", {{"due", "2026-02-03"}}));
  EXPECT_EQ(field(h, SY_MAILBOX, item, "due"), "2026-02-03");
  h.world().edit(SY_MAILBOX, item, {{"due", "2026-02-04"}});
  h.settle();
  EXPECT_EQ(field(h, SY_CRM, record, "due"), "2026-02-04");
}

TEST(TwoWay, TSC_06_completion_travels_with_its_day) {
  TwoWayHouse h;
  for (const int side : {SY_MAILBOX, SY_CRM}) {
    const auto [item, record] = h.arrived("task", task("t" + std::to_string(side)));
    h.world().edit(side, side == SY_CRM ? record : item,
                   {{"status", "completed"}, {"percent", 100}, {"completed", "2026-02-05"}});
    h.settle();
    for (const auto& doc : {h.doc(SY_MAILBOX, item), h.doc(SY_CRM, record)}) {
      EXPECT_EQ(doc.at("status").as_string(), "completed");
      EXPECT_EQ(doc.at("completed").as_string(), "2026-02-05");
    }
    EXPECT_TRUE(h.linked(SY_MAILBOX, item));
  }
}

TEST(TwoWay, TSC_10_phone_calls_letters_and_faxes_are_tasks_in_the_mailbox) {
  TwoWayHouse h;
  for (const char* subkind : {"phonecall", "letter", "fax"}) h.in_crm("task", task(subkind, {{"subkind", subkind}}));
  h.settle();
  EXPECT_THAT(h.titles(SY_MAILBOX, "task", "subject"), ElementsAre("fax", "letter", "phonecall"));
}

}  // namespace
}  // namespace syncline::test
