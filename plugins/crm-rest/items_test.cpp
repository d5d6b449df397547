// Contacts and tasks both ways: what a row holds after a write, and what a document holds after a read.
#include "batch.hpp"
#include "test_crm.hpp"

namespace syncline::crm {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ItemsTest : public CrmTest {
 protected:
  Done apply(std::uint32_t verb, const std::string& kind, const json::object& doc, const std::string& id = {},
             const std::string& version = {}, const json::array& fields = {}) const {
    Operation op;
    op.verb = verb;
    op.kind = kind;
    op.id = id;
    op.if_version = version;
    if (verb == SY_CREATE) op.token = token;
    if (verb != SY_DELETE) op.doc = json::serialize(doc);
    if (verb == SY_UPDATE) op.fields = json::serialize(fields);
    return create(op);
  }
  Item fetch(const std::string& kind, const std::string& id) const {
    Item out;
    const std::vector<std::string> ids{id};
    endpoint.fetch(host.call(), kind, ids, SY_WHOLE, [&](const Item& i) {
      out = i;
      return true;
    });
    return out;
  }
  json::object read(const std::string& kind, const std::string& id) const {
    const Item item = fetch(kind, id);
    return item.doc.empty() ? json::object{} : json::parse(item.doc).as_object();
  }
  static std::vector<std::string> never(const Done& d) {
    return d.never.empty() ? std::vector<std::string>{}
                           : json::value_to<std::vector<std::string>>(json::parse(d.never));
  }
  json::object row(const std::string& set, const std::string& id) const {
    return server.row(set, id).value_or(json::object{});
  }
};

TEST_F(ItemsTest, APauseThatAPartOfABatchAsksForHoldsForAll) {
  sandbox::Fault fault;
  fault.path = "contacts(";
  fault.status = 429;
  fault.code = "0x80072322";
  fault.retry_after = 300;
  server.add_fault(fault);
  const json::object doc{{"lastname", "Lee"}};
  for (int i = 0; i < 2; ++i) {
    try {
      apply(SY_CREATE, "contact", doc);
      ADD_FAILURE() << "the pause was ignored";
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), SY_RETRY) << e.what();
      EXPECT_GT(e.retry_after_ms(), 200'000);
    }
    if (i == 0) server.clear_log();
  }
  EXPECT_THAT(requests(), ::testing::IsEmpty());
}

TEST_F(ItemsTest, H_AContactIsStoredAndReadBackAsItWas) {
  const json::object doc{
      {"salutation", "Dr."},
      {"firstname", "José"},
      {"lastname", "Núñez"},
      {"email2", "jn@b.test"},
      {"business_phone", "+49 30 1"},
      {"home_phone", "+49 30 2"},
      {"birthday", "1980-02-29"},
      {"notes", "Met at the fair.\nLikes tea."},
      {"business_address", {{"street", "1 Main St\nFloor 2"}, {"city", "Springfield"}, {"postal_code", "62701"}}},
      {"other_address", {{"country", "USA"}}}};
  const Done d = apply(SY_CREATE, "contact", doc);
  ASSERT_EQ(d.code, SY_OK) << d.text;
  EXPECT_EQ(d.id, token);
  EXPECT_EQ(d.never, "");
  const json::object stored = row("contacts", token);
  EXPECT_EQ(text_of(stored, "birthdate"), "1980-02-29");
  EXPECT_EQ(text_of(stored, "address1_line1"), "1 Main St");
  EXPECT_EQ(text_of(stored, "address1_line2"), "Floor 2");
  EXPECT_EQ(text_of(stored, "address3_country"), "USA");
  EXPECT_EQ(text_of(stored, "_ownerid_value"), alice) << "it belongs to the mailbox's user";
  EXPECT_EQ(read("contact", token), doc);
  EXPECT_EQ(json::parse(d.doc).as_object(), doc) << "the answer tells what was stored";
  EXPECT_EQ(d.version, text_of(stored, "@odata.etag"));
  EXPECT_EQ(json::parse(fetch("contact", token).marks).at("owner").as_string(), std::string_view(alice));
}

TEST_F(ItemsTest, S14_WhatDoesNotFitIsSaid) {
  const Done d = apply(SY_CREATE, "contact",
                       {{"lastname", std::string(60, 'x')},
                        {"company", "Contoso"},
                        {"categories", json::array{"Red"}},
                        {"home_address", {{"street", "a\nb\nc\nd"}}}});
  ASSERT_EQ(d.code, SY_OK) << d.text;
  EXPECT_THAT(never(d), ::testing::UnorderedElementsAre("lastname", "company", "categories", "home_address"));
  EXPECT_EQ(text_of(row("contacts", token), "lastname"), std::string(50, 'x'));
  EXPECT_EQ(text_of(row("contacts", token), "address2_line3"), "c d");
}

TEST_F(ItemsTest, TheCompanyIsTheParentsNameAndNeverWritten) {
  const std::string account = server.add("accounts", {{"name", "Fabrikam"}});
  server.edit("contacts", contact, {{"parentcustomerid_account@odata.bind", "/accounts(" + account + ")"}});
  EXPECT_EQ(text_of(read("contact", contact), "company"), "Fabrikam");
  const Done d = apply(SY_UPDATE, "contact", {{"company", "Other"}, {"firstname", "Anne"}}, contact,
                       fetch("contact", contact).version, {"company", "firstname"});
  ASSERT_EQ(d.code, SY_OK) << d.text;
  EXPECT_THAT(never(d), ElementsAre("company"));
  EXPECT_EQ(text_of(row("contacts", contact), "firstname"), "Anne");
  EXPECT_EQ(text_of(row("contacts", contact), "_parentcustomerid_value"), account);
}

TEST_F(ItemsTest, ARepeatedCreateIsRefusedAsExistingAndFound) {
  ASSERT_EQ(apply(SY_CREATE, "contact", {{"lastname", "One"}}).code, SY_OK);
  EXPECT_EQ(apply(SY_CREATE, "contact", {{"lastname", "Two"}}).code, SY_EXISTS);
  Operation op;
  op.kind = "contact";
  op.token = token;
  const auto found = endpoint.find(host.call(), op);
  ASSERT_TRUE(found);
  EXPECT_EQ(json::parse(found->doc).at("lastname"), "One");
  EXPECT_EQ(server.count("contacts"), 2u);
}

TEST_F(ItemsTest, AStaleVersionIsAConflictForUpdateAndDelete) {
  const std::string task = server.add("tasks", {{"subject", "Call"}});
  for (const auto& [kind, id] : {std::pair<std::string, std::string>{"contact", contact}, {"task", task}}) {
    const std::string version = fetch(kind, id).version, set = kind + "s";
    server.edit(set, id, {{"description", "theirs"}});
    EXPECT_EQ(apply(SY_UPDATE, kind, {{"notes", "ours"}}, id, version, {"notes"}).code, SY_CONFLICT);
    EXPECT_EQ(apply(SY_DELETE, kind, {}, id, version).code, SY_CONFLICT);
    EXPECT_EQ(text_of(row(set, id), "description"), "theirs");
    EXPECT_EQ(apply(SY_DELETE, kind, {}, id, fetch(kind, id).version).code, SY_OK);
    EXPECT_FALSE(server.row(set, id));
    EXPECT_TRUE(fetch(kind, id).gone());
    sandbox::Behaviour b;
    b.empty_codes = true;
    server.set_behaviour(b);
    EXPECT_TRUE(fetch(kind, id).invisible()) << "a 404 that does not say of what is no deletion";
    server.set_behaviour({});
  }
}

TEST_F(ItemsTest, EachPartOfABatchHasItsOwnResult) {
  const std::string other = server.add("contacts", {{"lastname", "Other"}});
  const std::string version = fetch("contact", contact).version;
  server.clear_log();
  std::vector<Operation> ops(3);
  ops[0] = {SY_UPDATE, "contact", contact, version, {}, R"({"lastname":"New"})", R"(["lastname"])"};
  ops[1] = {SY_UPDATE, "contact", other, "W/\"1\"", {}, R"({"lastname":"Lost"})", R"(["lastname"])"};
  ops[2] = {SY_CREATE, "contact", {}, {}, token, R"({"lastname":"Third"})", {}};
  std::vector<Done> done(3);
  endpoint.apply(host.call(), ops, [&](std::size_t i, const Done& d) { done[i] = d; });
  EXPECT_EQ(done[0].code, SY_OK) << done[0].text;
  EXPECT_EQ(done[1].code, SY_CONFLICT);
  EXPECT_EQ(done[2].code, SY_OK) << done[2].text;
  EXPECT_EQ(text_of(row("contacts", other), "lastname"), "Other");
  std::size_t outer = 0;
  for (const sandbox::RequestEntry& e : server.log()) outer += !e.inner && e.path.ends_with("$batch") ? 1 : 0;
  EXPECT_EQ(outer, 1u);
}

TEST_F(ItemsTest, S23_TaskStatesAreWrittenAndReadBack) {
  const std::vector<std::pair<std::string, std::pair<int, int>>> states{
      {"not_started", {0, 2}}, {"in_progress", {0, 3}}, {"waiting", {0, 4}},
      {"deferred", {0, 7}},    {"completed", {1, 5}},   {"canceled", {2, 6}}};
  ASSERT_EQ(apply(SY_CREATE, "task", {{"subject", "T"}}).code, SY_OK);
  for (const auto& [from, ignored] : states)
    for (const auto& [to, pair] : states) {
      for (const std::string& status : {from, to}) {
        const json::object doc{{"subject", from + to}, {"status", status}};
        const Done d = apply(SY_UPDATE, "task", doc, token, fetch("task", token).version, {"subject", "status"});
        ASSERT_EQ(d.code, SY_OK) << from << " to " << to << ": " << d.text;
      }
      EXPECT_EQ(number_of(row("tasks", token), "statecode"), pair.first);
      EXPECT_EQ(number_of(row("tasks", token), "statuscode"), pair.second);
      EXPECT_EQ(text_of(read("task", token), "status"), to);
      EXPECT_EQ(text_of(read("task", token), "subject"), from + to);
    }
}

TEST_F(ItemsTest, ACompletedTaskIsMadeInOneGoAndEditedWithoutBeingLeftOpen) {
  const json::object doc{{"subject", "Done"},         {"start", "2026-01-05"}, {"due", "2026-01-06"},
                         {"completed", "2026-01-07"}, {"percent", 100},        {"status", "completed"},
                         {"importance", "high"}};
  ASSERT_EQ(apply(SY_CREATE, "task", doc).code, SY_OK);
  EXPECT_EQ(read("task", token), doc);
  EXPECT_EQ(text_of(row("tasks", token), "scheduledend").substr(0, 10), "2026-01-06");
  json::object changed = doc;
  changed["notes"] = "more";
  const Done d = apply(SY_UPDATE, "task", changed, token, fetch("task", token).version, {"notes"});
  ASSERT_EQ(d.code, SY_OK) << d.text;
  EXPECT_EQ(read("task", token), changed);
}

TEST_F(ItemsTest, ARefusedEditOfAClosedTaskLeavesItClosed) {
  ASSERT_EQ(apply(SY_CREATE, "task", {{"subject", "T"}, {"status", "completed"}}).code, SY_OK);
  sandbox::Behaviour b;
  b.secured = {"task.description"};
  const std::string version = fetch("task", token).version;
  server.set_behaviour(b);
  EXPECT_EQ(apply(SY_UPDATE, "task", {{"notes", "x"}, {"status", "completed"}}, token, version, {"notes"}).code,
            SY_DENIED);
  EXPECT_EQ(number_of(row("tasks", token), "statecode"), 1);
  EXPECT_EQ(text_of(row("tasks", token), "@odata.etag"), version) << "nothing of it was done";
}

TEST_F(ItemsTest, S23_SubkindsLieInTablesOfTheirOwn) {
  for (const auto& [subkind, set] : std::vector<std::pair<std::string, std::string>>{
           {"phonecall", "phonecalls"}, {"letter", "letters"}, {"fax", "faxes"}}) {
    token.back() = subkind.front() == 'p' ? 'a' : subkind.front() == 'l' ? 'b' : 'c';
    const Done d = apply(SY_CREATE, "task", {{"subkind", subkind}, {"subject", subkind}, {"status", "waiting"}});
    ASSERT_EQ(d.code, SY_OK) << d.text;
    EXPECT_THAT(never(d), ElementsAre("status")) << "it has no such state";
    EXPECT_TRUE(server.row(set, token));
    EXPECT_EQ(text_of(read("task", token), "subkind"), subkind);
    const Done done = apply(SY_UPDATE, "task", {{"subkind", subkind}, {"subject", "S"}, {"status", "completed"}}, token,
                            fetch("task", token).version, {"subject", "status"});
    ASSERT_EQ(done.code, SY_OK) << done.text;
    EXPECT_EQ(text_of(read("task", token), "status"), "completed");
    EXPECT_EQ(apply(SY_DELETE, "task", {}, token, done.version).code, SY_OK);
    EXPECT_FALSE(server.row(set, token));
  }
}

TEST_F(ItemsTest, AMissingPrivilegeIsNamed) {
  sandbox::Behaviour b;
  b.missing_privileges = {"prvCreateContact", "prvDeleteActivity"};
  server.set_behaviour(b);
  const std::string task = server.add("tasks", {{"subject", "T"}});
  const Done d = apply(SY_CREATE, "contact", {{"lastname", "X"}});
  EXPECT_EQ(d.code, SY_DENIED);
  EXPECT_THAT(d.text, HasSubstr("prvCreateContact"));
  const Done gone = apply(SY_DELETE, "task", {}, task, fetch("task", task).version);
  EXPECT_EQ(gone.code, SY_DENIED);
  EXPECT_THAT(gone.text, HasSubstr("prvDeleteActivity"));
}

TEST_F(ItemsTest, WhoMayNotAssignStillCreatesAndSaysSo) {
  sandbox::Behaviour b;
  b.missing_privileges = {"prvAssignContact"};
  server.set_behaviour(b);
  const Done d = apply(SY_CREATE, "contact", {{"lastname", "X"}});
  ASSERT_EQ(d.code, SY_OK) << d.text;
  EXPECT_THAT(never(d), ElementsAre("owner"));
  EXPECT_NE(text_of(row("contacts", token), "_ownerid_value"), alice);
}

TEST_F(ItemsTest, ATwinByTheOrganizationsRulesIsRefusedWithTheRemedy) {
  sandbox::Behaviour b;
  b.duplicate_rule = true;
  server.set_behaviour(b);
  const Done d = apply(SY_CREATE, "contact", {{"lastname", "Secret"}, {"email1", "ann@customer.test"}});
  EXPECT_EQ(d.code, SY_INVALID);
  EXPECT_EQ(d.server_code, "0x80040333");
  EXPECT_THAT(d.text, HasSubstr("duplicate detection"));
  EXPECT_THAT(d.text, ::testing::Not(HasSubstr("ann@")));
  EXPECT_EQ(server.count("contacts"), 1u);
}

TEST_F(ItemsTest, ASecuredColumnIsNotReadAsEmpty) {
  server.edit("contacts", contact, {{"birthdate", "1980-01-01"}, {"address2_city", "Bonn"}, {"jobtitle", "Boss"}});
  sandbox::Behaviour b;
  b.secured = {"contact.birthdate", "contact.address2_city"};
  server.set_behaviour(b);
  const json::object doc = read("contact", contact);
  EXPECT_EQ(text_of(doc, "jobtitle"), "Boss");
  const std::string fields = endpoint.caps("contact").fields;
  EXPECT_THAT(fields, ::testing::Not(HasSubstr("birthday")));
  EXPECT_THAT(fields, ::testing::Not(HasSubstr("home_address")));
  EXPECT_THAT(fields, HasSubstr("business_address"));
  const Done d = apply(SY_UPDATE, "contact", {{"birthday", "1990-01-01"}, {"jobtitle", "Chief"}}, contact,
                       fetch("contact", contact).version, {"birthday", "jobtitle"});
  ASSERT_EQ(d.code, SY_OK) << d.text;
  EXPECT_THAT(never(d), ElementsAre("birthday"));
  EXPECT_EQ(text_of(row("contacts", contact), "jobtitle"), "Chief");
}

TEST_F(ItemsTest, FewerAddressesAreCarriedWhereOneSaysSo) {
  json::object with = config();
  with["addresses"] = 1;
  connect(with, "user", "alice@contoso.test");
  const Done d =
      apply(SY_CREATE, "contact",
            {{"lastname", "X"}, {"home_address", {{"city", "Bonn"}}}, {"business_address", {{"city", "Ulm"}}}});
  ASSERT_EQ(d.code, SY_OK) << d.text;
  EXPECT_THAT(never(d), ElementsAre("home_address"));
  EXPECT_THAT(endpoint.caps("contact").fields, ::testing::Not(HasSubstr("home_address")));
  EXPECT_EQ(text_of(row("contacts", token), "address1_city"), "Ulm");
}

/// All pages from a cursor: ids, "-" before those that are gone; the cursor moves on.
std::vector<std::string> walk(const FeedsHandle& feeds, const sy_call* call, const std::string& feed,
                              std::string& cursor, int& end) {
  std::vector<std::string> out;
  for (;;) {
    const PageEnd page = feeds.page(call, feed, cursor, [&](const Item& i) {
      out.push_back((i.gone() ? "-" : "") + i.id);
      EXPECT_EQ(i.doc.empty(), i.gone()) << "documents are carried";
      return true;
    });
    cursor = page.next.value_or("");
    end = page.end;
    if (end != SY_PAGE_MORE) return out;
  }
}

TEST_F(ItemsTest, TheTaskFeedGoesThroughAllTablesAndReportsDeletions) {
  std::set<std::string> ids;
  for (const char* set : {"tasks", "phonecalls", "letters", "faxes"})
    for (int i = 0; i < 4; ++i) ids.insert(server.add(set, {{"subject", "S"}}));
  std::string cursor;
  int end = 0;
  const auto first = walk(connection.feeds(), host.call(), "tasks", cursor, end);
  EXPECT_EQ(end, SY_PAGE_LISTING_COMPLETE);
  EXPECT_EQ(std::set<std::string>(first.begin(), first.end()), ids);
  EXPECT_EQ(first.size(), ids.size());
  EXPECT_TRUE(walk(connection.feeds(), host.call(), "tasks", cursor, end).empty());
  EXPECT_EQ(end, SY_PAGE_DELTA_COMPLETE);

  const std::string call = server.rows("phonecalls")[1].at("activityid").as_string().c_str();
  const std::string fax = server.rows("faxes")[2].at("activityid").as_string().c_str();
  server.edit("phonecalls", call, {{"subject", "changed"}});
  server.remove("faxes", fax);
  EXPECT_THAT(walk(connection.feeds(), host.call(), "tasks", cursor, end), ElementsAre(call, "-" + fax));

  server.expire_delta_tokens();
  EXPECT_EQ(code_of([&] { walk(connection.feeds(), host.call(), "tasks", cursor, end); }), SY_RESET);
  EXPECT_EQ(code_of([&] {
              std::string bad = "D https://evil.test/";
              walk(connection.feeds(), host.call(), "tasks", bad, end);
            }),
            SY_RESET);
}

TEST_F(ItemsTest, AnotherChoiceOfAddressesListsAnew) {
  std::string cursor;
  int end = 0;
  EXPECT_THAT(walk(connection.feeds(), host.call(), "contacts", cursor, end), ElementsAre(contact));
  json::object with = config();
  with["addresses"] = 1;
  connect(with, "user", "alice@contoso.test");
  EXPECT_EQ(code_of([&] { walk(connection.feeds(), host.call(), "contacts", cursor, end); }), SY_RESET);
}

TEST(Batch, ReadsAnswersOfAnyLineEndAndChangeSetsAsOne) {
  const std::string ok = "Content-Type: application/http\n\nHTTP/1.1 204 No Content\nOData-EntityId: x\n\n\n";
  const std::string bad =
      "Content-Type: application/http\r\n\r\nHTTP/1.1 412 X\r\nRetry-After: 3\r\n\r\n{\"a\":\"--b--c\"}\r\n";
  const auto answers =
      read_batch("preamble\r\n--b\r\n" + bad + "--b\nContent-Type: multipart/mixed; boundary=\"bb\"\n\n" + "--bb\n" +
                     ok + "--bb\n" + bad + "--bb--\n--b\n" + ok + "--b--\n",
                 "multipart/mixed; boundary=b");
  ASSERT_EQ(answers.size(), 3u);
  EXPECT_EQ(answers[0].status, 412);
  EXPECT_EQ(answers[0].headers.get("retry-after"), "3");
  EXPECT_EQ(answers[0].body, "{\"a\":\"--b--c\"}");
  EXPECT_EQ(answers[1].status, 412) << "of a change set the error counts";
  EXPECT_EQ(answers[2].status, 204);
  EXPECT_EQ(code_of([] { read_batch("{}", "application/json"); }), SY_CONFIG);
}

}  // namespace
}  // namespace syncline::crm
