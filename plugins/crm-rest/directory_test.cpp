// Who is behind an address, and which mails bear a Message-ID.
#include "test_crm.hpp"

namespace syncline::crm {
namespace {

using ::testing::HasSubstr;
using DirectoryTest = CrmTest;

json::object object(const std::string& text) { return json::parse(text).as_object(); }
json::array list(const std::string& text) { return json::parse(text).as_array(); }

TEST_F(DirectoryTest, KnowsAUser) {
  const json::object o = object(endpoint.directory().identity(host.call(), "Alice@Contoso.test"));
  EXPECT_FALSE(text_of(o, "organization").empty());
  EXPECT_EQ(text_of(o, "organization_name"), "contoso");
  const json::object& p = o.at("principal").as_object();
  EXPECT_EQ(text_of(p, "id"), alice);
  EXPECT_EQ(text_of(p, "kind"), "user");
  EXPECT_EQ(text_of(p, "address"), "alice@contoso.test");
  EXPECT_FALSE(text_of(p, "name").empty());
  EXPECT_TRUE(p.at("approved").is_bool());
  EXPECT_EQ(p.at("enabled"), json::value(true));
  EXPECT_TRUE(p.at("incoming").is_int64());
  EXPECT_TRUE(p.at("method").is_null() || p.at("method").is_int64());
}

TEST_F(DirectoryTest, KnowsAQueue) {
  connect(config(), "queue", "support@contoso.test");
  const json::object p =
      object(endpoint.directory().identity(host.call(), "support@contoso.test")).at("principal").as_object();
  EXPECT_EQ(text_of(p, "kind"), "queue");
  EXPECT_EQ(p.at("enabled"), json::value(true));
}

TEST_F(DirectoryTest, AQueueIsNoUser) {
  connect(config(), "user", "support@contoso.test");
  std::string text;
  EXPECT_EQ(
      code_of([&] { static_cast<void>(endpoint.directory().identity(host.call(), "support@contoso.test")); }, &text),
      SY_GONE);
  EXPECT_THAT(text, HasSubstr("correct the address"));
}

TEST_F(DirectoryTest, DisabledIsSaidAndAnEnabledNamesakeWins) {
  server.add("systemusers",
             {{"fullname", "Carl"}, {"internalemailaddress", "carl@contoso.test"}, {"isdisabled", true}});
  connect(config(), "user", "carl@contoso.test");
  EXPECT_EQ(object(endpoint.directory().identity(host.call(), "carl@contoso.test")).at("principal").at("enabled"),
            json::value(false));
  server.add("systemusers",
             {{"fullname", "Carla"}, {"internalemailaddress", "carl@contoso.test"}, {"isdisabled", false}});
  const json::object p =
      object(endpoint.directory().identity(host.call(), "carl@contoso.test")).at("principal").as_object();
  EXPECT_EQ(text_of(p, "name"), "Carla");
  server.add("systemusers",
             {{"fullname", "Carlo"}, {"internalemailaddress", "carl@contoso.test"}, {"isdisabled", false}});
  EXPECT_EQ(code_of([&] { static_cast<void>(endpoint.directory().identity(host.call(), "carl@contoso.test")); }),
            SY_CONFIG);
}

TEST_F(DirectoryTest, WrongSecretAsksForAPerson) {
  host.secret("auth.secret", "not-the-secret");
  connect();
  std::string text;
  EXPECT_EQ(
      code_of([&] { static_cast<void>(endpoint.directory().identity(host.call(), "alice@contoso.test")); }, &text),
      SY_AUTH);
  EXPECT_EQ(text.find("not-the-secret"), std::string::npos) << text;
}

TEST_F(DirectoryTest, WrongAddressOfTheOrganizationIsSaid) {
  json::object with = config();
  with["url"] = server.url() + "/elsewhere";
  connect(with, "user", "alice@contoso.test");
  std::string text;
  EXPECT_EQ(
      code_of([&] { static_cast<void>(endpoint.directory().identity(host.call(), "alice@contoso.test")); }, &text),
      SY_CONFIG);
  EXPECT_THAT(text, HasSubstr("check url"));
}

TEST_F(DirectoryTest, PartiesAreFoundOverAllTypesWithoutCase) {
  const std::string account = server.add("accounts", {{"name", "Customer"}, {"emailaddress2", "Ann@Customer.test"}});
  const std::string lead = server.add("leads", {{"lastname", "Lead"}, {"emailaddress3", "ann@customer.test"}});
  server.edit("accounts", account, {{"statecode", 1}, {"statuscode", 2}});
  const std::vector<std::string> asked{"nobody@x.test",        "ANN@customer.test", "alice@contoso.test",
                                       "support@contoso.test", "ann@customer.test", ""};
  const auto got = endpoint.directory().parties(host.call(), asked);
  ASSERT_EQ(got.size(), asked.size());
  EXPECT_EQ(got[0], "[]");
  EXPECT_EQ(got[5], "[]");
  EXPECT_EQ(got[1], got[4]);
  const json::array ann = list(got[1]);
  ASSERT_EQ(ann.size(), 3u) << got[1];
  EXPECT_EQ(text_of(ann[0].as_object(), "type"), "contact");
  EXPECT_EQ(text_of(ann[0].as_object(), "id"), contact);
  EXPECT_EQ(ann[0].at("active"), json::value(true));
  EXPECT_FALSE(text_of(ann[0].as_object(), "owner").empty());
  EXPECT_EQ(text_of(ann[1].as_object(), "type"), "account");
  EXPECT_EQ(ann[1].at("active"), json::value(false));
  EXPECT_EQ(text_of(ann[2].as_object(), "id"), lead);
  EXPECT_EQ(text_of(list(got[2]).at(0).as_object(), "type"), "user");
  EXPECT_EQ(list(got[2]).at(0).at("owner"), json::value(nullptr));
  EXPECT_EQ(text_of(list(got[3]).at(0).as_object(), "type"), "queue");
}

TEST_F(DirectoryTest, StrangeAddressesAreEscaped) {
  const std::vector<std::string> strange{"o'brien@x.test",     "a+b&c=d#e@x.test",
                                         "100%25@x.test",      "\"two words\"@x.test",
                                         "m\u00fcller@x.test", "x' or 1 eq 1 or emailaddress1 eq 'y@x.test"};
  std::vector<std::string> ids;
  for (const std::string& a : strange) ids.push_back(server.add("contacts", {{"lastname", "S"}, {"emailaddress1", a}}));
  const auto got = endpoint.directory().parties(host.call(), strange);
  for (std::size_t i = 0; i < strange.size(); ++i) {
    const json::array found = list(got[i]);
    ASSERT_EQ(found.size(), 1u) << strange[i] << " " << got[i];
    EXPECT_EQ(text_of(found[0].as_object(), "id"), ids[i]) << strange[i];
  }
}

TEST_F(DirectoryTest, ManyAddressesAreAskedInBoundedRequests) {
  std::vector<std::string> asked;
  for (int i = 0; i < 500; ++i)
    asked.push_back("person." + std::to_string(i) + "@a-rather-long-domain-name.customer.test");
  const std::string last = server.add("contacts", {{"lastname", "Z"}, {"emailaddress3", asked.back()}});
  const auto got = endpoint.directory().parties(host.call(), asked);
  ASSERT_EQ(got.size(), 500u);
  EXPECT_THAT(got.back(), HasSubstr(last));
  std::size_t longest = 0;
  for (const auto& e : server.log()) longest = std::max(longest, e.path.size());
  EXPECT_LT(longest, 8000u);
  EXPECT_LT(server.log().size(), 100u);
}

TEST_F(DirectoryTest, AnOrganizationWithoutLeadsIsNoMistake) {
  sandbox::Fault fault;
  fault.path = "leads";
  fault.status = 404;
  fault.code = "";
  fault.count = -1;
  server.add_fault(fault);
  const std::vector<std::string> asked{"ann@customer.test"};
  for (int i = 0; i < 2; ++i) EXPECT_EQ(list(endpoint.directory().parties(host.call(), asked).front()).size(), 1u);
  const auto log = server.log();
  EXPECT_EQ(
      std::count_if(log.begin(), log.end(), [](const auto& e) { return e.path.find("/leads") != std::string::npos; }),
      1);
  server.clear_faults();
  fault.path = "contacts";
  server.add_fault(fault);
  EXPECT_EQ(code_of([&] { static_cast<void>(endpoint.directory().parties(host.call(), asked)); }), SY_GONE);
}

TEST_F(DirectoryTest, CandidatesAreBounded) {
  for (int i = 0; i < 150; ++i)
    server.add("contacts", {{"lastname", "C" + std::to_string(i)}, {"emailaddress1", "info@shared.test"}});
  const std::vector<std::string> asked{"info@shared.test"};
  EXPECT_EQ(list(endpoint.directory().parties(host.call(), asked).front()).size(), 101u);
}

TEST_F(DirectoryTest, RecordsAreFoundWithAndWithoutBrackets) {
  const std::string with =
      server.add("emails", {{"subject", "a"},
                            {"messageid", "<k'1@x.test>"},
                            {"directioncode", false},
                            {"regardingobjectid_contact_email@odata.bind", "/contacts(" + contact + ")"}});
  const std::string bare =
      server.add("emails", {{"subject", "b"}, {"messageid", "k2@x.test"}, {"directioncode", true}});
  server.add("emails", {{"subject", "c"}, {"messageid", "<K2@X.TEST>"}, {"directioncode", true}});
  server.edit("emails", with, {{"statecode", 1}, {"statuscode", 4}});
  const std::vector<std::string> keys{"k2@x.test", "none@x.test", "k'1@x.test"};
  const auto got = endpoint.directory().records(host.call(), "email", keys);
  ASSERT_EQ(got.size(), 3u);
  const json::array second = list(got[0]);
  ASSERT_EQ(second.size(), 1u) << got[0];  // byte for byte: another case is another mail
  EXPECT_EQ(text_of(second[0].as_object(), "id"), bare);
  EXPECT_EQ(text_of(second[0].as_object(), "direction"), "outgoing");
  EXPECT_EQ(text_of(second[0].as_object(), "state"), "draft");
  EXPECT_TRUE(second[0].at("regarding").is_null());
  EXPECT_EQ(got[1], "[]");
  const json::array first = list(got[2]);
  ASSERT_EQ(first.size(), 1u) << got[2];
  EXPECT_EQ(text_of(first[0].as_object(), "id"), with);
  EXPECT_EQ(text_of(first[0].as_object(), "version"), text_of(*server.row("emails", with), "@odata.etag"));
  EXPECT_EQ(text_of(first[0].as_object(), "direction"), "incoming");
  EXPECT_EQ(text_of(first[0].as_object(), "state"), "received");
  EXPECT_EQ(first[0].at("regarding"), json::value({{"type", "contact"}, {"id", contact}}));
}

TEST_F(DirectoryTest, OtherKindsOfRecordsComeLater) {
  const std::vector<std::string> keys{"k"};
  EXPECT_EQ(code_of([&] { static_cast<void>(endpoint.directory().records(host.call(), "appointment", keys)); }),
            SY_UNSUPPORTED);
}

TEST_F(DirectoryTest, TheProbeTellsAboutTheOrganization) {
  const json::object o = object(connection.probe(host.call()));
  EXPECT_EQ(text_of(o, "organization_name"), "contoso");
  for (const char* table : {"emails", "contacts", "tasks", "phonecalls", "letters", "faxes"})
    EXPECT_EQ(o.at("change_tracking").at(table), json::value("yes")) << table;
  EXPECT_EQ(o.at("attachment_limit"), json::value(5 * 1024 * 1024));
}

}  // namespace
}  // namespace syncline::crm
