// Tasks: days that no zone moves, and a state of which one property is sent where a server derives the others.
#include <gtest/gtest.h>

#include <chrono>

#include "test_items.hpp"

namespace syncline::exchange::testing {
namespace {

constexpr std::int64_t now_ms = 1'772'366'400'000;  // 2026-03-01T12:00:00Z
constexpr const char* today = "2026-03-01";

constexpr const char* full = R"({"subject": "Call back", "start": "2026-02-20", "due": "2026-03-09",
  "completed": "2026-02-25", "percent": 100, "status": "completed", "importance": "high", "notes": "Two\nlines",
  "categories": ["Customer"]})";

WriteContext context(bool derives = true) {
  WriteContext out;
  out.now_ms = now_ms;
  out.derives_task_state = derives;
  return out;
}

StoredItem stored(const json::object& document, bool derives = true) {
  return {create("task", document, context(derives)).xml, today, derives};
}

json::object state(std::string_view status, int percent, const char* completed = nullptr) {
  json::object out{{"subject", "A"}, {"importance", "normal"}, {"status", status}, {"percent", percent}};
  if (completed != nullptr) out["completed"] = completed;
  return out;
}

const std::vector<std::string> state_fields{"status", "percent", "completed"};

std::string words(const std::vector<Change>& changes) {
  std::string out;
  for (const Change& change : changes)
    out += change.field + std::to_string(change.step) + (change.xml.starts_with("<t:Delete") ? "- " : " ");
  return out;
}

std::string sent(const json::object& before, const json::object& wanted, bool derives = true) {
  return words(update("task", wanted, state_fields, stored(before, derives).read("task"), context(derives)).changes);
}

TEST(ExchangeTask, every_field_is_created_and_read_back) {
  for (const bool derives : {true, false}) {
    const json::object document = object(full);
    ASSERT_EQ(schema_errors("task", document), "");
    const Created created = create("task", document, context(derives));
    EXPECT_TRUE(created.never.empty());
    EXPECT_EQ(StoredItem(created.xml, today, derives).read("task").document, document);
  }
  EXPECT_EQ(fields("task"),
            R"(["subject","start","due","completed","percent","status","importance","notes","categories"])")
      << "subkind is the CRM's";
}

TEST(ExchangeTask, elements_stand_in_the_order_of_the_schema) {
  WriteContext with_mark = context(false);
  with_mark.mark = ItemMark{"token", "", "ann@a.example", "", ""};
  const XmlDocument created(create("task", object(full), with_mark).xml);
  std::string names;
  for (const pugi::xml_node& each : created.root().children()) names += std::string(local_name(each)) + " ";
  EXPECT_EQ(names,
            "Subject Body Categories Importance ExtendedProperty ExtendedProperty CompleteDate DueDate PercentComplete "
            "StartDate Status ");
}

TEST(ExchangeTask, H65_days_are_written_and_read_without_a_zone) {
  const std::string xml = create("task", object(full), context()).xml;
  EXPECT_NE(xml.find("<t:DueDate>2026-03-09T00:00:00Z</t:DueDate>"), std::string::npos);
  const auto due = [](const std::string& content) {
    const json::object document = read_text(element("Task", content), "task").document;
    return document.contains("due") ? std::string(document.at("due").as_string()) : std::string("none");
  };
  EXPECT_EQ(due("<t:DueDate>2026-03-09T00:00:00Z</t:DueDate>"), "2026-03-09");
  EXPECT_EQ(due("<t:DueDate>2026-03-08T23:00:00Z</t:DueDate>"), "2026-03-09");
  EXPECT_EQ(due("<t:DueDate>2026-03-09T00:00:00-05:00</t:DueDate>"), "2026-03-09");
  EXPECT_EQ(
      due("<t:DueDate>2026-03-08T10:00:00Z</t:DueDate>" +
          property(
              R"(PropertySetId="00062003-0000-0000-C000-000000000046" PropertyId="33029" PropertyType="SystemTime")",
              "2026-03-09T00:00:00Z")),
      "2026-03-09")
      << "midnight on Kiritimati";
  EXPECT_EQ(due("<t:DueDate>4501-01-01T00:00:00Z</t:DueDate>"), "none");
  EXPECT_EQ(due(""), "none");
}

TEST(ExchangeTask, H36_cleared_fields_are_deleted_or_take_their_normal_value) {
  const json::object before = object(full);
  StoredItem item = stored(before);
  const json::object wanted = object(R"({"subject": "Call back", "status": "completed", "percent": 100,
                                         "completed": "2026-02-25"})");
  const Updated updated =
      update("task", wanted, {"start", "due", "notes", "categories", "importance"}, item.read("task"), context());
  EXPECT_EQ(words(updated.changes), "start0- due0- importance0 notes0- categories0- ");
  item.apply(updated.changes);
  json::object expected = wanted;
  expected["importance"] = "normal";
  EXPECT_EQ(item.read("task").document, expected);
}

TEST(ExchangeTask, H39_start_and_due_are_sent_together) {
  const json::object document = object(R"({"subject": "A", "start": "2026-05-01", "due": "2026-05-02"})");
  const ItemRead now = stored(object(R"({"subject": "A", "start": "2026-01-01", "due": "2026-01-02"})")).read("task");
  EXPECT_EQ(words(update("task", document, {"start"}, now, context()).changes), "start0 due0 ");
  EXPECT_EQ(words(update("task", document, {"due"}, now, context()).changes),
            "start0 due0 item:ReminderDueBy0 item:ReminderIsSet0 ")
      << "another day from the CRM takes its reminder with it (TSC-02)";
  EXPECT_EQ(words(update("task", document, {"subject"}, now, context()).changes), "subject0 ");
}

TEST(ExchangeTask, one_of_the_state_is_sent_where_several_could_conflict) {
  const json::object fresh = state("not_started", 0), done = state("completed", 100, today);
  EXPECT_EQ(sent(fresh, done), "status0 ");
  EXPECT_EQ(sent(fresh, state("completed", 100, "2026-02-20")), "status0 completed1 ");
  EXPECT_EQ(sent(fresh, state("completed", 100)), "status0 ");
  EXPECT_EQ(sent(done, fresh), "status0 ");
  EXPECT_EQ(sent(fresh, state("in_progress", 50)), "percent0 ");
  EXPECT_EQ(sent(state("in_progress", 50), state("in_progress", 75)), "percent0 ");
  EXPECT_EQ(sent(state("waiting", 50), state("in_progress", 50)), "status0 ");
  EXPECT_EQ(sent(state("waiting", 50), state("in_progress", 60)), "percent0 status1 ");
  EXPECT_EQ(sent(fresh, state("waiting", 20)), "percent0 status1 ");
  EXPECT_EQ(sent(state("waiting", 20), state("deferred", 20)), "status0 ");
  EXPECT_EQ(sent(done, state("in_progress", 0)), "percent0 status1 ");
  EXPECT_EQ(sent(fresh, done, false), "status0 percent0 completed0 ");
  EXPECT_EQ(sent(done, state("waiting", 30), false), "status0 percent0 completed0- ");
}

TEST(ExchangeTask, every_state_leads_to_every_other) {
  std::vector<json::object> states{state("completed", 100, today), state("completed", 100, "2026-02-20"),
                                   state("not_started", 0)};
  for (const char* status : {"in_progress", "waiting", "deferred"})
    for (const int percent : {0, 1, 50, 99}) states.push_back(state(status, percent));
  for (const bool derives : {true, false})
    for (const json::object& from : states)
      for (const json::object& to : states) {
        StoredItem item = stored(from, derives);
        item.apply(update("task", to, state_fields, item.read("task"), context(derives)).changes);
        EXPECT_EQ(item.read("task").document, to) << json::serialize(from);
      }
}

TEST(ExchangeTask, TSC05_a_canceled_task_is_completed_in_the_mailbox_and_stays_canceled_here) {
  json::object canceled = state("canceled", 100);
  StoredItem item = stored(state("in_progress", 30));
  item.apply(update("task", canceled, state_fields, item.read("task"), context()).changes);
  EXPECT_EQ(child_text(item.root(), "Status"), "Completed");
  EXPECT_EQ(item.read("task").document, canceled);
  EXPECT_EQ(stored(canceled).read("task").document, canceled);

  StoredItem reopened_by_a_person = stored(canceled);
  child(reopened_by_a_person.root(), "Status").text().set("InProgress");
  EXPECT_EQ(reopened_by_a_person.read("task").document.at("status"), "in_progress") << "what EWS says wins";

  item.apply(update("task", state("completed", 100, today), state_fields, item.read("task"), context()).changes);
  EXPECT_EQ(item.read("task").document, state("completed", 100, today));
  EXPECT_EQ(item.xml().find("SynclineStatus"), std::string::npos);
}

TEST(ExchangeTask, TSC04_what_the_document_does_not_say_follows_from_the_rest) {
  const auto status = [](const char* document) {
    const XmlDocument xml(create("task", object(document), context(false)).xml);
    return child_text(xml.root(), "Status") + " " + child_text(xml.root(), "PercentComplete");
  };
  EXPECT_EQ(status(R"({"subject": "A"})"), "NotStarted ");
  EXPECT_EQ(status(R"({"percent": 30})"), "InProgress 30");
  EXPECT_EQ(status(R"({"percent": 100})"), "Completed 100");
  EXPECT_EQ(status(R"({"completed": "2026-02-20"})"), "Completed 100");
  EXPECT_EQ(status(R"({"status": "not_started", "percent": 40})"), "NotStarted 0");
  EXPECT_EQ(status(R"({"status": "waiting", "percent": 100})"), "WaitingOnOthers 99");
  EXPECT_EQ(status(R"({"subkind": "phonecall", "status": "completed", "percent": 10})"), "Completed 100");
}

TEST(ExchangeTask, a_completion_in_the_future_is_left_to_the_server) {
  const json::object future = state("completed", 100, "2026-03-02");
  EXPECT_EQ(create("task", future, context()).xml.find("CompleteDate"), std::string::npos);
  EXPECT_EQ(sent(state("not_started", 0), future), "status0 ");
}

TEST(ExchangeTask, H58_a_recurring_task_is_marked_and_its_series_left_alone) {
  for (const char* recurring : {"<t:IsRecurring>true</t:IsRecurring>",
                                "<t:Recurrence><t:DailyRegeneration><t:Interval>1</t:Interval></t:DailyRegeneration>"
                                "<t:NoEndRecurrence><t:StartDate>2026-01-01</t:StartDate></t:NoEndRecurrence>"
                                "</t:Recurrence>"}) {
    const ItemRead now = read_text(element("Task", std::string("<t:Subject>A</t:Subject>") + recurring), "task");
    EXPECT_TRUE(now.recurring);
    EXPECT_EQ(now.marks.at("recurring"), true);
    EXPECT_EQ(now.document, object(R"({"subject": "A"})"));
    const Updated updated = update("task", object(full), {"subject", "start", "due", "notes"}, now, context());
    EXPECT_EQ(words(updated.changes), "subject0 notes0 ");
    EXPECT_EQ(updated.never, (std::vector<std::string>{"start", "due"}));
  }
  EXPECT_FALSE(read_text(element("Task", "<t:IsRecurring>false</t:IsRecurring>"), "task").recurring);
}

TEST(ExchangeTask, odd_values_are_no_values) {
  const auto percent = [](const char* text) {
    const auto document =
        read_text(element("Task", std::string("<t:PercentComplete>") + text + "</t:PercentComplete>"), "task").document;
    return document.contains("percent") ? document.at("percent").as_int64() : -1;
  };
  EXPECT_EQ(percent("33.3"), 33);
  EXPECT_EQ(percent("99.9"), 99) << "not done before it is";
  EXPECT_EQ(percent("1e2"), 100);
  for (const char* bad : {"", "x", "-1", "101", "nan", "inf", "50%"}) EXPECT_EQ(percent(bad), -1) << bad;
  EXPECT_EQ(
      read_text(element("Task", "<t:Status>Unheard</t:Status><t:Importance>Urgent</t:Importance>"), "task").document,
      json::object{});
}

TEST(ExchangeTask, mail_is_not_written) {
  EXPECT_THROW(static_cast<void>(create("email", {}, {})), Error);
  EXPECT_THROW(static_cast<void>(update("email", {}, {}, {}, {})), Error);
  EXPECT_THROW(static_cast<void>(create("appointment", {}, {})), Error);
}

}  // namespace
}  // namespace syncline::exchange::testing
