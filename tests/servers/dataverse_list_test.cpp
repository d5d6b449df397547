// Lists: filters, order, pages, counts, change tracking.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "encode.hpp"
#include "raw_client.hpp"

namespace syncline::sandbox {
namespace {
namespace json = boost::json;

class ListTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (int i = 0; i < 10; ++i)
      ids_.push_back(server_.add("tasks", {{"subject", "Task " + std::to_string(i)},
                                           {"percentcomplete", i * 10},
                                           {"scheduledend", "2026-02-1" + std::to_string(i) + "T08:00:00Z"}}));
  }
  std::set<std::string> subjects(const std::string& filter) {
    std::set<std::string> out;
    const Answer answer = client_.get("tasks?$select=subject&$filter=" + percent_encoded(filter));
    if (answer.status != 200) return {"status " + std::to_string(answer.status)};
    for (const auto& row : answer.value()) out.insert(std::string(row.as_object().at("subject").as_string()));
    return out;
  }
  Answer tracked(HeaderList more = {}) {
    more.emplace_back("Prefer", "odata.track-changes");
    return client_.get("tasks?$select=subject", more);
  }

  Dataverse server_;
  RawClient client_{server_};
  std::vector<std::string> ids_;
};

using Names = std::set<std::string>;

TEST_F(ListTest, FiltersCompareByType) {
  EXPECT_EQ(subjects("percentcomplete eq 30"), Names({"Task 3"}));
  EXPECT_EQ(subjects("percentcomplete lt 20"), Names({"Task 0", "Task 1"}));
  EXPECT_EQ(subjects("percentcomplete ge 80 and percentcomplete ne 90"), Names({"Task 8"}));
  EXPECT_EQ(subjects("subject eq 'task 4'"), Names({"Task 4"})) << "text is compared without regard to case";
  EXPECT_EQ(subjects("contains(subject,'k 7') or startswith(subject,'Task 9')"), Names({"Task 7", "Task 9"}));
  EXPECT_EQ(subjects("not (percentcomplete gt 0)"), Names({"Task 0"}));
  EXPECT_EQ(subjects("scheduledend le 2026-02-11T08:00:00Z"), Names({"Task 0", "Task 1"}));
  EXPECT_EQ(subjects("scheduledend gt 2026-02-18T09:00:00+01:00"), Names({"Task 9"}));
  EXPECT_EQ(subjects("activityid eq " + ids_[5]), Names({"Task 5"}));
  EXPECT_EQ(subjects("actualend eq null and percentcomplete eq 0"), Names({"Task 0"}));
  EXPECT_EQ(subjects("actualend ne null"), Names());
  EXPECT_EQ(subjects("Microsoft.Dynamics.CRM.In(PropertyName='subject',PropertyValues=['Task 2','Task 6','x'])"),
            Names({"Task 2", "Task 6"}));
  EXPECT_EQ(subjects("percentcomplete eq 10 or percentcomplete eq 20 and subject eq 'x'"), Names({"Task 1"}))
      << "and binds stronger";
}

TEST_F(ListTest, BadFiltersAreRefused) {
  const Names refused{"status 400"};
  for (const char* filter :
       {"nosuch eq 1", "percentcomplete eq", "percentcomplete eq 'x'", "(percentcomplete eq 1", "subject eq 'x",
        "percentcomplete eq 1 nonsense", "activityid eq 'x'", "contains(percentcomplete,'1')", "subject is 'x'"})
    EXPECT_EQ(subjects(filter), refused) << filter;
  EXPECT_EQ(client_.get("tasks?$filter=subject+eq+'x'").status, 400) << "a plus sign is no space";
  EXPECT_EQ(client_.get("emails?$filter=contains(description,'x')").status, 400);
  EXPECT_EQ(client_.get("tasks?$skip=5").status, 400);
  EXPECT_EQ(client_.get("tasks?$select=nosuch").status, 400);
  EXPECT_EQ(subjects(std::string(200, '(') + "percentcomplete eq 1" + std::string(200, ')')), refused);
}

TEST_F(ListTest, PagesFollowEachOtherWithoutGaps) {
  std::string path = "tasks?$select=subject&$orderby=" + percent_encoded("percentcomplete desc");
  std::vector<std::string> seen;
  int pages = 0;
  while (!path.empty()) {
    const Answer page = client_.get(path, {{"Prefer", "odata.maxpagesize=3"}});
    ASSERT_EQ(page.status, 200) << page.body;
    EXPECT_LE(page.value().size(), 3U);
    for (const auto& row : page.value()) seen.emplace_back(row.as_object().at("subject").as_string());
    path = page.link("@odata.nextLink");
    if (!path.empty()) {
      EXPECT_TRUE(path.starts_with(server_.api())) << "links are absolute";
    }
    ++pages;
  }
  EXPECT_EQ(pages, 4);
  ASSERT_EQ(seen.size(), 10U);
  EXPECT_EQ(seen.front(), "Task 9");
  EXPECT_EQ(seen.back(), "Task 0");
  EXPECT_TRUE(std::is_sorted(seen.rbegin(), seen.rend()));
}

TEST_F(ListTest, TopCountsAndCountPath) {
  EXPECT_EQ(client_.get("tasks?$top=4").value().size(), 4U);
  EXPECT_EQ(client_.get("tasks?$top=4", {{"Prefer", "odata.maxpagesize=6"}}).value().size(), 6U)
      << "$top does not count with pages";
  EXPECT_EQ(client_.get("tasks?$count=true&$top=1").json().at("@odata.count").as_int64(), 10);
  EXPECT_EQ(client_.get("tasks/$count").body,
            "\xEF\xBB\xBF"
            "10");
  EXPECT_EQ(client_.get("tasks/$count?$filter=percentcomplete%20lt%2050").body,
            "\xEF\xBB\xBF"
            "5");
}

TEST_F(ListTest, TheServersPageSizeBoundsTheClients) {
  Dataverse small(DataverseOptions{.max_page = 2});
  RawClient client(small);
  for (int i = 0; i < 5; ++i) small.add("tasks", {{"subject", "x"}});
  const Answer page = client.get("tasks", {{"Prefer", "odata.maxpagesize=1000"}});
  EXPECT_EQ(page.value().size(), 2U);
  EXPECT_FALSE(page.link("@odata.nextLink").empty());
}

TEST_F(ListTest, DeltaGivesChangesByVersionThenDeletes) {
  const Answer first = tracked();
  EXPECT_EQ(first.value().size(), 10U);
  EXPECT_EQ(first.header("Preference-Applied"), "odata.track-changes");
  server_.edit("tasks", ids_[4], {{"subject", "Changed"}});
  server_.edit("tasks", ids_[2], {{"subject", "Changed later"}});
  server_.remove("tasks", ids_[7]);
  const std::string between = server_.add("tasks", {{"subject", "short life"}});
  server_.remove("tasks", between);
  const Answer delta = client_.get(first.link("@odata.deltaLink"));
  ASSERT_EQ(delta.status, 200);
  EXPECT_TRUE(delta.link("@odata.context").ends_with("/$delta"));
  const json::array rows = delta.value();
  ASSERT_EQ(rows.size(), 4U);
  EXPECT_EQ(rows[0].as_object().at("subject").as_string(), "Changed");
  EXPECT_EQ(rows[1].as_object().at("subject").as_string(), "Changed later");
  EXPECT_TRUE(
      std::string(rows[2].as_object().at("@odata.context").as_string()).ends_with("$metadata#tasks/$deletedEntity"));
  EXPECT_EQ(rows[2].as_object().at("id").as_string(), ids_[7]);
  EXPECT_EQ(rows[2].as_object().at("reason").as_string(), "deleted");
  EXPECT_EQ(rows[3].as_object().at("id").as_string(), between);
  EXPECT_TRUE(client_.get(delta.link("@odata.deltaLink")).value().empty());
  EXPECT_EQ(client_.get(first.link("@odata.deltaLink")).value().size(), 4U) << "a link can be used again";
}

TEST_F(ListTest, AChangeBetweenTwoPagesIsNotLost) {
  const Answer page = client_.get("tasks?$select=subject", {{"Prefer", "odata.track-changes,odata.maxpagesize=4"}});
  ASSERT_EQ(page.value().size(), 4U);
  EXPECT_TRUE(page.link("@odata.deltaLink").empty());
  const std::string early(page.value()[0].as_object().at("activityid").as_string());
  server_.remove("tasks", early);
  Answer last = page;
  while (!last.link("@odata.nextLink").empty())
    last = client_.get(last.link("@odata.nextLink"), {{"Prefer", "odata.track-changes,odata.maxpagesize=4"}});
  ASSERT_FALSE(last.link("@odata.deltaLink").empty());
  const json::array rows = client_.get(last.link("@odata.deltaLink")).value();
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].as_object().at("id").as_string(), early);
}

TEST_F(ListTest, ADeltaComesInPagesToo) {
  const Answer first = tracked();
  for (int i = 0; i < 5; ++i) server_.edit("tasks", ids_[static_cast<std::size_t>(i)], {{"percentcomplete", 1}});
  for (std::size_t i = 5; i < 8; ++i) server_.remove("tasks", ids_[i]);
  std::vector<std::string> changed;
  std::vector<std::string> deleted;
  std::string link = first.link("@odata.deltaLink");
  std::string delta;
  while (!link.empty()) {
    const Answer page = client_.get(link, {{"Prefer", "odata.maxpagesize=2"}});
    ASSERT_EQ(page.status, 200) << page.body;
    for (const auto& row : page.value()) {
      const json::object& object = row.as_object();
      if (object.contains("reason")) {
        deleted.emplace_back(object.at("id").as_string());
      } else {
        changed.emplace_back(object.at("activityid").as_string());
      }
    }
    link = page.link("@odata.nextLink");
    delta = page.link("@odata.deltaLink");
  }
  EXPECT_EQ(changed, std::vector<std::string>(ids_.begin(), ids_.begin() + 5));
  EXPECT_EQ(deleted, std::vector<std::string>(ids_.begin() + 5, ids_.begin() + 8));
  EXPECT_TRUE(client_.get(delta).value().empty());
}

TEST_F(ListTest, TrackingRefusesWhatItCannotDo) {
  for (const char* option :
       {"$filter=subject%20eq%20'x'", "$orderby=subject", "$expand=task_activity_parties", "$top=3"})
    EXPECT_EQ(client_.get(std::string("tasks?") + option, {{"Prefer", "odata.track-changes"}}).status, 400) << option;
  const Answer off = client_.get("mailboxes", {{"Prefer", "odata.track-changes"}});
  EXPECT_EQ(off.code(), "0x80072491");
}

TEST_F(ListTest, DeltaLinksExpire) {
  const Answer first = tracked();
  server_.expire_delta_tokens();
  const Answer expired = client_.get(first.link("@odata.deltaLink"));
  EXPECT_EQ(expired.status, 400);
  EXPECT_EQ(expired.code(), "0x80044352");
  EXPECT_EQ(client_.get(tracked().link("@odata.deltaLink")).status, 200);
}

TEST_F(ListTest, ARecordMadeAgainIsNotReportedAsDeleted) {
  const Answer first = tracked();
  server_.remove("tasks", ids_[0]);
  server_.add("tasks", {{"activityid", ids_[0]}, {"subject", "Again"}});
  const json::array rows = client_.get(first.link("@odata.deltaLink")).value();
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].as_object().at("subject").as_string(), "Again");
}

}  // namespace
}  // namespace syncline::sandbox
