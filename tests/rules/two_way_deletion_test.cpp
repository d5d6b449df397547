// Deletions, letting go, and what comes back: rules 4.1 to 4.6.
#include <sstream>

#include "two_way_house.hpp"

namespace syncline::test {
namespace {

// --- every case of the table ---

struct Case {
  std::string ruleset, item, deleted, state, time, role, expected;
};

std::vector<Case> cases() {
  std::ifstream in(SYNCLINE_SOURCE_DIR "/tests/rules/deletion_cases.csv");
  std::vector<Case> out;
  std::string line;
  std::getline(in, line);
  while (std::getline(in, line)) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    std::istringstream row(line);
    Case c;
    for (std::string* field : {&c.ruleset, &c.item, &c.deleted, &c.state, &c.time, &c.role, &c.expected})
      std::getline(row, *field, ',');
    if (c.item == "contact" || c.item == "task" || c.item == "phonecall") out.push_back(std::move(c));
  }
  return out;
}

using Where = std::pair<std::string, std::string>;  ///< ruleset, deleted

class DeletionCases : public testing::TestWithParam<Where> {};

json::object document(const Case& c, const std::string& name) {
  const std::string due = c.time == "past" ? "2020-02-03" : "2099-02-03";
  if (c.item == "contact") return contact(name + "@x.test");
  json::object doc = task(name, {{"due", due}});
  if (c.item == "phonecall") doc["subkind"] = "phonecall";
  if (c.state == "completed") doc["status"] = "completed";
  if (c.state == "cancelled") doc["status"] = "canceled";
  return doc;
}

TEST_P(DeletionCases, end_as_the_table_says) {
  const auto& [ruleset, deleted] = GetParam();
  TwoWayHouse h("", ruleset);
  h.in_crm("contact", contact("stays@x.test"));  // an emptied side is a question whatever the limits are
  h.settle();
  std::vector<std::pair<Case, std::string>> items;  // with their ids in the mailbox
  std::vector<TwoWayHouse::Asked> all;
  for (const Case& c : cases())
    if (c.ruleset == ruleset && c.deleted == deleted) {
      const std::string kind = c.item == "contact" ? "contact" : "task";
      const std::string id = h.in_mailbox(kind, document(c, "i" + std::to_string(items.size())));
      items.emplace_back(c, id);
      all.push_back({id, kind, SY_MAILBOX});
    }
  ASSERT_EQ(items.size(), 54u);
  h.settle();
  for (const json::object& done : h.ask("track", all, {})) ASSERT_EQ(done.at("verdict").as_string(), "linked");
  std::vector<std::string> records;
  for (const auto& [c, id] : items) records.push_back(h.twin(SY_MAILBOX, id));
  for (std::size_t i = 0; i < items.size(); ++i)  // who only takes part, or leads, owns nothing
    if (items[i].first.role != "owner") h.world().mark(SY_CRM, records[i], {{"owner", "u-bob"}});
  h.settle();
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (deleted == "mailbox") h.world().remove(SY_MAILBOX, items[i].second);
    if (deleted == "crm") h.world().remove(SY_CRM, records[i]);
    if (deleted == "logical") h.world().hide(SY_CRM, records[i]);
  }
  h.settle();
  for (std::size_t i = 0; i < items.size(); ++i) {
    const Case& c = items[i].first;
    SCOPED_TRACE(c.item + " " + c.state + " " + c.time + " " + c.role + " expects " + c.expected);
    if (deleted == "mailbox")
      EXPECT_EQ(h.there(SY_CRM, records[i]), c.expected != "delete_record");
    else
      EXPECT_EQ(h.there(SY_MAILBOX, items[i].second), c.expected != "delete_item");
    EXPECT_FALSE(h.linked(SY_MAILBOX, items[i].second));
  }
  h.expect_quiet();
}

std::vector<Where> wheres() {
  std::vector<Where> out;
  for (const char* ruleset : {"d365", "d365_default", "outlook2016", "outlook2011"})
    for (const char* deleted : {"mailbox", "crm", "logical"}) out.emplace_back(ruleset, deleted);
  return out;
}

INSTANTIATE_TEST_SUITE_P(Rules, DeletionCases, testing::ValuesIn(wheres()),
                         [](const auto& p) { return p.param.first + "_" + p.param.second; });

// --- deleted in the mailbox ---

TEST(TwoWay, DMB_02_a_contact_deleted_in_the_mailbox_stays_in_the_crm) {
  TwoWayHouse h;
  const auto [item, record] = h.arrived("contact", contact("ann@x.test"));
  h.world().remove(SY_MAILBOX, item);
  h.settle();
  EXPECT_TRUE(h.there(SY_CRM, record));
  EXPECT_EQ(h.count(SY_MAILBOX, "contact"), 0u);
  EXPECT_EQ(h.cause(SY_CRM, record), "deleted_in_mailbox");
  h.expect_quiet();
  EXPECT_EQ(h.count(SY_MAILBOX, "contact"), 0u);
}

class EachRuleset : public testing::TestWithParam<const char*> {};

TEST_P(EachRuleset, DMB_03_an_owner_s_contact_comes_back_when_its_record_changes) {
  TwoWayHouse h("", GetParam());
  const std::string record = h.in_crm("contact", contact("ann@x.test"));
  h.settle();
  h.world().remove(SY_MAILBOX, h.twin(SY_CRM, record));
  h.settle();
  ASSERT_EQ(h.count(SY_MAILBOX, "contact"), 0u);
  h.world().edit(SY_CRM, record, {{"jobtitle", "Head"}});
  h.settle();
  EXPECT_EQ(h.count(SY_MAILBOX, "contact"), 1u);
  EXPECT_EQ(h.doc(SY_MAILBOX, h.twin(SY_CRM, record)).at("jobtitle").as_string(), "Head");
  EXPECT_EQ(h.count(SY_CRM, "contact"), 1u);
  h.expect_quiet();
}

TEST_P(EachRuleset, RAC_04_deleted_in_the_mailbox_and_edited_in_the_crm_returns_for_its_owner) {
  TwoWayHouse h("", GetParam());
  const std::string record = h.in_crm("contact", contact("ann@x.test"));
  h.settle();
  h.world().remove(SY_MAILBOX, h.twin(SY_CRM, record));
  h.world().edit(SY_CRM, record, {{"jobtitle", "Head"}});
  h.settle();
  ASSERT_EQ(h.count(SY_MAILBOX, "contact"), 1u);
  EXPECT_EQ(h.doc(SY_MAILBOX, h.twin(SY_CRM, record)).at("jobtitle").as_string(), "Head");
  h.expect_quiet();
}

INSTANTIATE_TEST_SUITE_P(TwoWay, EachRuleset, testing::Values("d365", "d365_default", "outlook2016", "outlook2011"));

struct TaskCase {
  const char *defaults, *status, *subkind;
  bool kept;
};

void delete_in_mailbox(const TaskCase& c) {
  SCOPED_TRACE(std::string(c.defaults) + c.status + c.subkind);
  TwoWayHouse h(c.defaults);
  const auto [item, record] = h.arrived("task", task("t", {{"subkind", c.subkind}}));
  h.world().edit(SY_CRM, record, {{"status", c.status}});
  h.settle();
  h.world().remove(SY_MAILBOX, item);
  h.settle();
  EXPECT_EQ(h.there(SY_CRM, record), c.kept);
  EXPECT_FALSE(h.linked(SY_CRM, record));
  h.expect_quiet();
}

TEST(TwoWay, DMB_04_an_open_task_goes_with_its_item) {
  delete_in_mailbox({"", "not_started", "task", false});
  delete_in_mailbox({"", "in_progress", "task", false});
}
TEST(TwoWay, DMB_05_a_completed_task_goes_too) {
  delete_in_mailbox({"", "completed", "task", false});
  delete_in_mailbox({"", "canceled", "task", false});
}
TEST(TwoWay, DMB_06_a_completed_task_stays_where_the_setting_says_so) {
  delete_in_mailbox({"delete.task = 1\n", "completed", "task", true});
  delete_in_mailbox({"delete.task = 1\n", "canceled", "task", true});
  delete_in_mailbox({"delete.task = 1\n", "not_started", "task", false});
}
TEST(TwoWay, DMB_07_no_task_goes_where_the_setting_says_never) {
  delete_in_mailbox({"delete.task = 2\n", "not_started", "task", true});
  delete_in_mailbox({"delete.task = 2\n", "completed", "task", true});
}
TEST(TwoWay, DMB_08_phone_calls_letters_and_faxes_as_tasks) {
  for (const char* subkind : {"phonecall", "letter", "fax"}) {
    delete_in_mailbox({"", "completed", subkind, false});
    delete_in_mailbox({"delete.task = 1\n", "completed", subkind, true});
    delete_in_mailbox({"delete.task = 2\n", "not_started", subkind, true});
  }
}

// --- deleted in the CRM ---

TEST(TwoWay, DCR_02_somebody_else_s_contact_goes_from_the_mailbox) {
  TwoWayHouse h;
  const auto [item, record] = h.tracked_by_hand("contact", contact("ann@x.test"));
  h.world().mark(SY_CRM, record, {{"owner", "u-bob"}});
  h.settle();
  ASSERT_TRUE(h.linked(SY_MAILBOX, item));
  h.world().remove(SY_CRM, record);
  h.settle();
  EXPECT_FALSE(h.there(SY_MAILBOX, item));
  h.expect_quiet();
}

TEST(TwoWay, DCR_03_the_owner_s_contact_is_kept_and_unlinked) {
  TwoWayHouse h;
  const auto [item, record] = h.arrived("contact", contact("ann@x.test"));
  h.world().remove(SY_CRM, record);
  h.settle();
  EXPECT_TRUE(h.there(SY_MAILBOX, item));
  EXPECT_EQ(h.cause(SY_MAILBOX, item), "deleted_in_crm");
  EXPECT_EQ(h.reason(SY_MAILBOX, item), "your_contact_stays");
  h.expect_quiet();
  EXPECT_EQ(h.count(SY_CRM, "contact"), 0u);
}

TEST(TwoWay, DCR_04_an_open_task_goes_from_the_mailbox) {
  TwoWayHouse h;
  const auto [item, record] = h.arrived("task", task("t"));
  h.world().remove(SY_CRM, record);
  h.settle();
  EXPECT_FALSE(h.there(SY_MAILBOX, item));
  h.expect_quiet();
}

TEST(TwoWay, DCR_05_a_completed_task_is_kept_and_unlinked) {
  TwoWayHouse h;
  const auto [item, record] = h.arrived("task", task("t"));
  h.world().edit(SY_MAILBOX, item, {{"status", "completed"}});
  h.settle();
  h.world().remove(SY_CRM, record);
  h.settle();
  EXPECT_TRUE(h.there(SY_MAILBOX, item));
  EXPECT_FALSE(h.linked(SY_MAILBOX, item));
  h.expect_quiet();
}

TEST(TwoWay, DCR_13_a_lost_right_to_read_is_a_deletion_where_left_filter_says_so) {
  for (const auto& [kind, kept] : {std::pair{"contact", true}, std::pair{"task", false}}) {
    TwoWayHouse h("left_filter = \"delete\"\n");
    const auto [item, record] = h.arrived(kind, kind == std::string("contact") ? contact("ann@x.test") : task("t"));
    h.world().hide(SY_CRM, record);
    h.settle();
    EXPECT_EQ(h.there(SY_MAILBOX, item), kept) << kind;  // the owner's contact, an open task: as if it were deleted
    EXPECT_FALSE(h.linked(SY_MAILBOX, item));
    h.expect_quiet();
  }
}

TEST(TwoWay, DCR_14_what_no_filter_lets_in_is_a_deletion_where_left_filter_says_so) {
  for (const char* kind : {"contact", "task"}) {
    TwoWayHouse h("left_filter = \"delete\"\n");
    const auto [item, record] = h.arrived(kind, kind == std::string("contact") ? contact("ann@x.test") : task("t"));
    h.world().mark(SY_CRM, record, {{"owner", "u-bob"}});
    h.settle();
    // A contact that was the user's own when it was last in step stays; an open task goes.
    EXPECT_EQ(h.there(SY_MAILBOX, item), kind == std::string("contact")) << kind;
    EXPECT_FALSE(h.linked(SY_MAILBOX, item));
    EXPECT_TRUE(h.there(SY_CRM, record)) << kind;
    h.expect_quiet();
  }
}

TEST(TwoWay, DCR_15_what_leaves_the_filter_is_unlinked_and_resumes) {
  for (const bool sight : {true, false}) {
    TwoWayHouse h;
    const auto [item, record] = h.arrived("contact", contact("ann@x.test"));
    if (sight)
      h.world().hide(SY_CRM, record);
    else
      h.world().mark(SY_CRM, record, {{"active", false}});
    h.settle();
    EXPECT_TRUE(h.there(SY_MAILBOX, item));
    EXPECT_EQ(h.cause(SY_MAILBOX, item), "left_filter");
    h.world().edit(SY_MAILBOX, item, {{"jobtitle", "Head"}});
    h.settle();
    EXPECT_FALSE(h.doc(SY_CRM, record).contains("jobtitle"));  // nothing travels meanwhile
    EXPECT_EQ(h.count(SY_CRM, "contact"), 1u);
    if (sight)
      h.world().hide(SY_CRM, record, false);
    else
      h.world().mark(SY_CRM, record, {{"active", nullptr}});
    h.settle();
    EXPECT_TRUE(h.linked(SY_MAILBOX, item));
    EXPECT_EQ(h.doc(SY_CRM, record).at("jobtitle").as_string(), "Head");  // what was written meanwhile arrives
    EXPECT_EQ(h.count(SY_CRM, "contact"), 1u);
    EXPECT_EQ(h.count(SY_MAILBOX, "contact"), 1u);
    h.expect_quiet();
  }
}

TEST(TwoWay, left_filter_keep_goes_on_with_what_is_linked) {
  TwoWayHouse h("left_filter = \"keep\"\n");
  const auto [item, record] = h.arrived("contact", contact("ann@x.test"));
  h.world().mark(SY_CRM, record, {{"active", false}});
  h.world().edit(SY_CRM, record, {{"jobtitle", "Head"}});
  h.settle();
  EXPECT_TRUE(h.linked(SY_MAILBOX, item));
  EXPECT_EQ(h.doc(SY_MAILBOX, item).at("jobtitle").as_string(), "Head");
  h.world().hide(SY_CRM, record);  // out of sight it cannot go on
  h.settle();
  EXPECT_FALSE(h.linked(SY_MAILBOX, item));
  EXPECT_TRUE(h.there(SY_MAILBOX, item));
  h.expect_quiet();
}

// --- let go by a person ---

TEST(TwoWay, UNT_05_an_owner_s_contact_is_deleted_only_when_asked_for) {
  for (const bool remove : {false, true}) {
    TwoWayHouse h;
    const auto [item, record] = h.arrived("contact", contact("ann@x.test"));
    const json::object done =
        h.ask("untrack", SY_MAILBOX, item, "contact", remove ? json::object{{"delete", true}} : json::object{});
    EXPECT_EQ(done.at("verdict").as_string(), "ended") << done;
    EXPECT_EQ(h.there(SY_CRM, record), !remove);
    EXPECT_TRUE(h.there(SY_MAILBOX, item));
    EXPECT_FALSE(h.linked(SY_MAILBOX, item));
    h.expect_quiet();
  }
}

TEST(TwoWay, UNT_06_somebody_else_s_contact_is_only_let_go) {
  for (const bool remove : {false, true}) {
    TwoWayHouse h(remove ? "untrack.contact.non_owner = \"delete_crm\"\n" : "");
    const auto [item, record] = h.tracked_by_hand("contact", contact("ann@x.test"));
    h.world().mark(SY_CRM, record, {{"owner", "u-bob"}});
    h.settle();
    const json::object done = h.ask("untrack", SY_MAILBOX, item, "contact", {{"delete", true}});
    EXPECT_EQ(h.there(SY_CRM, record), !remove);
    EXPECT_EQ(done.at("reason").as_string(), remove ? "untracked" : "not_your_contact") << done;
    EXPECT_TRUE(h.there(SY_MAILBOX, item));
    EXPECT_FALSE(h.linked(SY_MAILBOX, item));
    h.expect_quiet();
  }
}

TEST(TwoWay, UNT_07_a_task_is_deleted_only_when_asked_for) {
  for (const bool remove : {false, true}) {
    TwoWayHouse h;
    const auto [item, record] = h.arrived("task", task("t"));
    h.ask("untrack", SY_MAILBOX, item, "task", remove ? json::object{{"delete", true}} : json::object{});
    EXPECT_EQ(h.there(SY_CRM, record), !remove);
    EXPECT_TRUE(h.there(SY_MAILBOX, item));
    h.expect_quiet();
  }
}

TEST(TwoWay, UNT_11_what_a_person_let_go_of_travels_no_more) {
  TwoWayHouse h;
  const auto [item, record] = h.arrived("contact", contact("ann@x.test"));
  h.ask("untrack", SY_MAILBOX, item, "contact");
  const auto effects = h.world().effects();
  h.world().edit(SY_CRM, record, {{"jobtitle", "c"}});
  h.world().edit(SY_MAILBOX, item, {{"jobtitle", "m"}});
  h.settle();
  h.world().edit(SY_CRM, record, {{"department", "c"}});
  h.settle();
  EXPECT_EQ(h.world().effects(), effects);
  EXPECT_EQ(h.count(SY_MAILBOX, "contact"), 1u);
  EXPECT_EQ(h.count(SY_CRM, "contact"), 1u);
}

// --- races ---

TEST(TwoWay, RAC_01_a_deletion_wins_over_an_edit_and_the_edit_is_kept_in_the_history) {
  TwoWayHouse h;
  const auto [item, record] = h.arrived("task", task("t"));
  h.world().remove(SY_CRM, record);
  h.world().edit(SY_MAILBOX, item, {{"notes", "what was written too late"}});
  h.settle();
  EXPECT_FALSE(h.there(SY_MAILBOX, item));
  EXPECT_TRUE(h.history_has(item, "what was written too late"));
  h.expect_quiet();
}

TEST(TwoWay, RAC_01_or_the_edit_wins_where_the_setting_says_so) {
  TwoWayHouse h("delete.vs_edit = \"edit_wins\"\n");
  const auto [item, record] = h.arrived("task", task("t"));
  h.world().remove(SY_CRM, record);
  h.world().edit(SY_MAILBOX, item, {{"notes", "kept"}});
  h.settle();
  EXPECT_TRUE(h.there(SY_MAILBOX, item));
  ASSERT_EQ(h.count(SY_CRM, "task"), 1u);
  EXPECT_EQ(h.world().records(SY_CRM, "task")[0].doc.at("notes").as_string(), "kept");
  h.expect_quiet();
}

TEST(TwoWay, RAC_02_an_owner_s_contact_keeps_its_late_edit_and_goes_nowhere) {
  TwoWayHouse h;
  const auto [item, record] = h.arrived("contact", contact("ann@x.test"));
  h.world().remove(SY_CRM, record);
  h.world().edit(SY_MAILBOX, item, {{"notes", "late"}});
  h.settle();
  EXPECT_EQ(h.doc(SY_MAILBOX, item).at("notes").as_string(), "late");
  EXPECT_EQ(h.count(SY_CRM, "contact"), 0u);
  h.world().edit(SY_MAILBOX, item, {{"notes", "later"}});
  h.settle();
  EXPECT_EQ(h.count(SY_CRM, "contact"), 0u);
  EXPECT_EQ(h.reason(SY_MAILBOX, item), "stays_local");
  h.expect_quiet();
}

TEST(TwoWay, RAC_05_deleted_on_both_sides_ends_the_link_quietly) {
  TwoWayHouse h;
  const auto [item, record] = h.arrived("contact", contact("ann@x.test"));
  h.world().remove(SY_CRM, record);
  h.world().remove(SY_MAILBOX, item);
  h.settle();
  const auto l = h.link(SY_CRM, record);
  ASSERT_TRUE(l);
  EXPECT_EQ(l->state, LinkState::tombstone);
  h.expect_quiet();
}

TEST(TwoWay, RAC_06_completed_in_the_mailbox_meanwhile_is_kept) {
  TwoWayHouse h;
  const auto [item, record] = h.arrived("task", task("t"));
  h.world().edit(SY_MAILBOX, item, {{"status", "completed"}});
  h.world().remove(SY_CRM, record);
  h.settle();
  EXPECT_TRUE(h.there(SY_MAILBOX, item));
  EXPECT_EQ(h.count(SY_CRM, "task"), 0u);
  h.expect_quiet();
}

TEST(TwoWay, RAC_07_letting_go_wins_over_an_edit) {
  TwoWayHouse h;
  const auto [item, record] = h.arrived("contact", contact("ann@x.test"));
  h.world().edit(SY_CRM, record, {{"jobtitle", "c"}});
  const auto effects = h.world().effects();
  h.ask("untrack", SY_MAILBOX, item, "contact");
  h.settle();
  EXPECT_EQ(h.world().effects(), effects);
  EXPECT_FALSE(h.linked(SY_MAILBOX, item));
  EXPECT_FALSE(h.doc(SY_MAILBOX, item).contains("jobtitle"));
}

// --- what is restored ---

TEST(TwoWay, a_deletion_that_was_undone_takes_the_link_up_again) {
  TwoWayHouse h;
  const auto [item, record] = h.arrived("contact", contact("ann@x.test"));
  h.world().remove(SY_MAILBOX, item);  // the contact stays in the CRM
  h.settle();
  h.world().restore(SY_MAILBOX, item);
  h.settle();
  EXPECT_TRUE(h.linked(SY_MAILBOX, item));
  EXPECT_EQ(h.count(SY_CRM, "contact"), 1u);
  h.world().remove(SY_CRM, record);  // the owner's contact stays in the mailbox
  h.settle();
  h.world().restore(SY_CRM, record);
  h.settle();
  EXPECT_TRUE(h.linked(SY_MAILBOX, item));
  EXPECT_EQ(h.count(SY_MAILBOX, "contact"), 1u);
  h.expect_quiet();
}

}  // namespace
}  // namespace syncline::test
