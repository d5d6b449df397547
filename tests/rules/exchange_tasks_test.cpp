// Tasks between Exchange and Dataverse: status, dates and what either side derives by itself.
#include <array>
#include <ctime>

#include "exchange_house.hpp"

namespace syncline::test {
namespace {

ExchangeSetup all() {
  ExchangeSetup out;
  out.defaults = "track.contact = \"all\"\ntrack.task = \"all\"\n";
  return out;
}

std::string number(const json::object& row, std::string_view name) {
  const auto* v = row.if_contains(name);
  return v == nullptr ? std::string() : json::serialize(*v);
}

TEST(ExchangeTasks, TSC_04) {
  ExchangeHouse h(all());
  h.in_crm("tasks", {{"subject", "Call"}});
  h.settle();
  ASSERT_THAT(h.in("tasks"), SizeIs(1));
  EXPECT_EQ(h.element(h.in("tasks").front(), "Status"), "NotStarted");
  h.expect_quiet();
}

TEST(ExchangeTasks, TSC_05) {
  for (const int status : {5, 6}) {
    ExchangeHouse h;  // tracked by hand, for the default filter lets open ones in only
    const std::string item = h.task("Call");
    h.settle();
    h.track(item);
    const std::string id = h.text(h.only("tasks"), "activityid");
    h.crm().edit("tasks", id, {{"statecode", status == 5 ? 1 : 2}, {"statuscode", status}});
    h.settle();
    EXPECT_EQ(h.element(item, "Status"), "Completed") << status;
    EXPECT_EQ(h.element(item, "PercentComplete"), "100") << status;
    h.expect_quiet();
    EXPECT_EQ(number(h.only("tasks"), "statuscode"), std::to_string(status)) << "a canceled task stays canceled";
  }
}

TEST(ExchangeTasks, TSC_09) {
  ExchangeHouse h(all());
  h.in_crm("tasks", {{"subject", "From the CRM"}, {"scheduledstart", "2026-05-04T12:00:00Z"}});
  const std::string item = h.task("From the mailbox", "<t:StartDate>2026-05-04T00:00:00Z</t:StartDate>");
  h.settle();
  ASSERT_THAT(h.in("tasks"), SizeIs(2));
  for (const std::string& id : h.in("tasks")) {
    EXPECT_EQ(h.element(id, "StartDate").substr(0, 10), "2026-05-04") << id;
    EXPECT_EQ(h.element(id, "DueDate"), "") << id;
  }
  for (const json::object& row : h.rows("tasks"))
    EXPECT_EQ(number(row, "scheduledend"), "null") << number(row, "subject");
  h.expect_quiet();
}

TEST(ExchangeTasks, TSC_03) {
  ExchangeHouse h(all());
  const std::string item = h.task("Call");
  h.settle();
  h.set(item, "item:ReminderIsSet", "Task", "<t:ReminderIsSet>true</t:ReminderIsSet>");
  h.set(item, "item:ReminderDueBy", "Task", "<t:ReminderDueBy>2026-12-24T08:00:00Z</t:ReminderDueBy>");
  h.clear_logs();
  h.settle();
  EXPECT_THAT(h.writes(), IsEmpty());
  EXPECT_EQ(h.element(item, "ReminderIsSet"), "true") << "and what the user set stays";
}

TEST(ExchangeTasks, TSC_16) {
  ExchangeHouse h(all());
  h.task(
      "Call",
      "<t:Body BodyType=\"HTML\">&lt;html&gt;&lt;body&gt;&lt;p&gt;First &amp;amp; &lt;b&gt;foremost&lt;/b&gt;&lt;/p&gt;"
      "&lt;p&gt;Second&lt;/p&gt;&lt;/body&gt;&lt;/html&gt;</t:Body>");
  h.settle();
  const std::string text = h.text(h.only("tasks"), "description");
  EXPECT_THAT(text, HasSubstr("First & foremost"));
  EXPECT_THAT(text, Not(HasSubstr("<")));
  EXPECT_THAT(text, HasSubstr("\n"));
  h.expect_quiet();
}

TEST(ExchangeTasks, TSC_14) {
  ExchangeHouse h(all());
  const std::string item = h.contact("Lee", "<t:GivenName>Ann</t:GivenName>");
  h.settle();
  const std::string id = h.text(h.only("contacts"), "contactid");
  h.set(item, "contacts:Surname", "Contact", "<t:Surname>Leigh</t:Surname>");
  h.settle();
  EXPECT_EQ(h.text(h.only("contacts"), "lastname"), "Leigh");
  h.crm().edit("contacts", id, {{"firstname", "Anna"}});
  h.settle();
  EXPECT_EQ(h.element(item, "GivenName"), "Anna");
  EXPECT_EQ(h.element(item, "FileAs"), "Leigh, Anna");
  h.expect_quiet();
}

TEST(ExchangeTasks, TSC_08) {
  ExchangeHouse h(all());
  h.task("Call", "<t:Status>NotStarted</t:Status>");
  h.settle();
  const json::object row = h.only("tasks");
  EXPECT_EQ(number(row, "statuscode"), "2");
  EXPECT_FALSE(h.text(row, "actualstart").empty());
  h.expect_quiet();
}

TEST(ExchangeTasks, TSC_02) {
  ExchangeHouse h(all());
  const auto day = [](int days) {
    const std::time_t at = std::time(nullptr) + days * 86400;
    std::tm parts{};
    ::gmtime_r(&at, &parts);
    std::array<char, 32> text{};
    static_cast<void>(std::strftime(text.data(), text.size(), "%Y-%m-%dT12:00:00Z", &parts));
    return std::string(text.data());
  };
  h.in_crm("tasks", {{"subject", "soon"}, {"scheduledend", day(3)}});
  h.in_crm("tasks", {{"subject", "long ago"}, {"scheduledend", day(-30)}});
  h.settle();
  ASSERT_THAT(h.in("tasks"), SizeIs(2));
  for (const std::string& id : h.in("tasks")) {
    const bool soon = h.element(id, "Subject") == "soon";
    EXPECT_EQ(h.element(id, "ReminderIsSet"), soon ? "true" : "") << h.element(id, "Subject");
    if (soon) {
      EXPECT_EQ(h.element(id, "ReminderDueBy").substr(0, 10), day(3).substr(0, 10));
    }
  }
  h.expect_quiet();
}

}  // namespace
}  // namespace syncline::test
