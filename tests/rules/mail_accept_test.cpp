// Which mail is carried: EML rows.
#include "rules_house.hpp"

namespace syncline::test {
namespace {

constexpr const char* nobody_new = "autocreate.create = \"none\"\n";

std::string config_with(const std::string& lines) { return nobody_new + lines; }

Letter reply(const std::string& id, const std::string& to_message) {
  Letter l = plain(id);
  l.subject = "Re: Offer";
  l.in_reply_to = to_message;
  return l;
}

TEST(Mail, EML_01) {
  RulesHouse h(config_with("email.method = 0\n"));
  h.deliver("alice", plain("m1@x.test").text(), "u1");
  h.settle();
  EXPECT_TRUE(h.mail("m1@x.test"));
  EXPECT_EQ(h.code("u1"), 6);
  EXPECT_EQ(h.crm().count("contacts"), 0u);
}

TEST(Mail, EML_02) {
  RulesHouse h("email.method = 1\n");
  h.deliver("alice", plain("m1@x.test").text(), "u1");
  h.settle();
  EXPECT_EQ(h.crm().count("emails"), 0u);
  EXPECT_EQ(h.reason("u1"), "no_correlation_match");
}

TEST(Mail, EML_03) {
  RulesHouse h(config_with("email.method = 1\n"));
  h.in_crm("offer@crm.test");
  h.deliver("alice", reply("m1@x.test", "offer@crm.test").text(), "u1");
  h.settle();
  EXPECT_TRUE(h.mail("m1@x.test"));
  EXPECT_EQ(h.code("u1"), 2);
}

TEST(Mail, EML_04) {
  RulesHouse h(config_with("email.method = 1\n"));
  h.in_crm("offer@crm.test", {{"trackingtoken", "CRM:0001001"}});
  h.deliver("alice", plain("m1@x.test", "carol@customer.test", "Re: Offer CRM:0009009").text(), "u1");
  h.settle();
  EXPECT_FALSE(h.mail("m1@x.test"));
  EXPECT_EQ(h.code("u1"), 1);
}

TEST(Mail, EML_05) {
  RulesHouse h("email.method = 2\n");
  h.contact("carol@customer.test");
  h.deliver("alice", plain("m1@x.test").text(), "u1");
  h.deliver("alice", plain("m2@x.test", "stranger@x.test").text(), "u2");
  h.settle();
  EXPECT_TRUE(h.mail("m1@x.test"));
  EXPECT_EQ(h.code("u1"), 5);
  EXPECT_FALSE(h.mail("m2@x.test"));
  EXPECT_EQ(h.reason("u2"), "no_sender_match");
}

/// An organization with a table of its own in which addresses are looked up.
MailSetup with_vendors(const std::filesystem::path& folder) {
  std::ifstream in(SYNCLINE_SOURCE_DIR "/plugins/crm-rest/profiles/dataverse.json");
  json::value profile = json::parse(in);
  profile.at("types").as_object()["new_vendor"] = {{"table", "new_vendor"},
                                                   {"set", "new_vendors"},
                                                   {"key", "new_vendorid"},
                                                   {"name", "new_name"},
                                                   {"addresses", json::array{"new_email"}},
                                                   {"active", {{"column", "statecode"}, {"is", 0}}}};
  std::ofstream(folder / "own.json") << json::serialize(profile);
  MailSetup setup;
  setup.crm = "profile = \"own\"\nprofile_dir = \"" + folder.string() + "\"\n";
  return setup;
}

class OwnTable : public testing::Test {
 protected:
  OwnTable() { std::filesystem::create_directories(folder_); }
  ~OwnTable() override {
    std::error_code ec;
    std::filesystem::remove_all(folder_, ec);
  }
  void try_method(int method, bool created) const {
    RulesHouse h(config_with("email.method = " + std::to_string(method) + "\n"), {{"alice"}}, with_vendors(folder_));
    h.crm().add("new_vendors", {{"new_name", "Vendor"}, {"new_email", "sales@vendor.test"}});
    h.deliver("alice", plain("m1@x.test", "sales@vendor.test").text(), "u1");
    h.settle();
    EXPECT_EQ(h.mail("m1@x.test").has_value(), created);
    if (created) {
      EXPECT_EQ(h.code("u1"), 5);
      EXPECT_THAT(h.parties("m1@x.test"), testing::Contains("1 new_vendors:Vendor"));
    }
  }

 private:
  std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("syncline-profile-" + std::to_string(::getpid()));
};

TEST_F(OwnTable, EML_06) { try_method(2, false); }
TEST_F(OwnTable, EML_07) { try_method(3, true); }

TEST(Mail, EML_08) {
  RulesHouse h(config_with("email.method = 4\n"));
  h.in_crm("offer@crm.test");
  h.deliver("alice", reply("m1@x.test", "offer@crm.test").text(), "u1");
  h.settle();
  EXPECT_FALSE(h.mail("m1@x.test"));
  const Ended e = h.run({"track", "u1"});
  EXPECT_EQ(e.code, 0) << e.output;
  EXPECT_TRUE(h.mail("m1@x.test"));
}

TEST(Mail, EML_09) {
  RulesHouse h(nobody_new);
  h.in_crm("offer@crm.test");
  h.contact("carol@customer.test");
  h.deliver("alice", plain("m1@x.test").text(), "u1");
  h.deliver("alice", reply("m2@x.test", "offer@crm.test").text(), "u2");
  h.settle();
  EXPECT_FALSE(h.mail("m1@x.test"));
  EXPECT_TRUE(h.mail("m2@x.test"));
}

TEST(Mail, EML_14) {
  RulesHouse h(config_with("email.method = 0\n"), {{"alice"}, {"bob"}});
  const std::string text =
      plain("m1@x.test", "carol@customer.test", "Minutes", {"alice@contoso.test", "bob@contoso.test"}).text();
  h.deliver("alice", text, "a1");
  h.deliver("bob", text, "b1");
  h.settle({"alice"});
  h.settle({"bob"});
  EXPECT_TRUE(h.mail("m1@x.test"));
  EXPECT_EQ(h.crm().count("emails"), 1u);
  EXPECT_EQ(h.explain("b1", "bob").at("reason").as_string(), "duplicate");
  EXPECT_EQ(h.explain("b1", "bob").at("args").at("code").as_int64(), 0);
}

TEST(Mail, EML_15) {
  RulesHouse h("email.method = 0\n");
  h.deliver("alice", plain("m1@x.test", "carol@customer.test", "To a list", {"list@elsewhere.test"}).text(), "u1");
  h.settle();
  EXPECT_EQ(h.crm().count("emails"), 0u);
  EXPECT_EQ(h.reason("u1"), "no_recipient_match");
  EXPECT_EQ(h.code("u1"), 3);
}

TEST(Mail, EML_16) {
  RulesHouse h("email.method = 0\n");
  h.deliver("alice", plain("m1@x.test", "nobody").text(), "u1");
  h.sync();
  EXPECT_EQ(h.code("u1"), 7);
  EXPECT_NE(h.verdict("u1"), "quarantined");
  for (int i = 1; i <= 4; ++i) h.sync_at(std::chrono::minutes(16 * i));
  EXPECT_EQ(h.verdict("u1"), "quarantined") << h.run({"explain", "u1", "--json"}).output;
  EXPECT_EQ(h.crm().count("emails"), 0u);
}

/// Mail from the CRM user bob to alice, of which the CRM has the sent copy or not.
struct Internal {
  std::string from = "bob@contoso.test";
  std::vector<Owner> owners{{"alice"}};
  bool sent_copy = true;
};

void deliver_internal(RulesHouse& h, const Internal& i) {
  const std::string& owner = i.owners.front().name;
  if (i.sent_copy) h.in_crm("in@contoso.test");
  h.deliver(owner, plain("in@contoso.test", i.from, "Among us", {MailHouse::address(owner)}).text(), "u1");
  h.settle();
}

constexpr const char* one_activity = "email.two_activities = false\nemail.method = 0\n";

TEST(Mail, EML_17) {
  RulesHouse h(config_with(one_activity), {{"alice"}, {"bob"}});
  deliver_internal(h, {});
  EXPECT_EQ(h.crm().count("emails"), 1u);  // the sent copy alone
  EXPECT_EQ(h.code("u1"), 4);
}

TEST(Mail, EML_18) {
  RulesHouse h(config_with(one_activity), {{"alice"}, {"bob"}});
  deliver_internal(h, {.sent_copy = false});
  EXPECT_TRUE(h.mail("in@contoso.test"));
  EXPECT_EQ(h.code("u1"), 6);
}

TEST(Mail, EML_18_without_the_enhancement) {
  RulesHouse h(config_with(std::string(one_activity) + "compat.IgnoreInternalEmailDetectionEnhancement = false\n"),
               {{"alice"}, {"bob"}});
  deliver_internal(h, {.sent_copy = false});
  EXPECT_FALSE(h.mail("in@contoso.test"));
  EXPECT_EQ(h.code("u1"), 4);
}

TEST(Mail, EML_19) {
  RulesHouse h(config_with(one_activity), {{"support"}, {"bob"}});
  deliver_internal(h, {.owners = {{"support"}}});
  EXPECT_EQ(h.crm().count("emails"), 2u);  // the sent copy and the received one
  EXPECT_EQ(h.code("u1", "support"), 6);
}

TEST(Mail, EML_20) {
  RulesHouse h(config_with(std::string(one_activity) + "compat.IgnoreInternalEmailFromQueues = true\n"),
               {{"alice"}, {"support"}});
  deliver_internal(h, {.from = "support@contoso.test"});
  EXPECT_EQ(h.crm().count("emails"), 1u);
  EXPECT_EQ(h.code("u1"), 4);
}

Letter to_paul_and_sales() {
  return plain("m1@x.test", "carol@customer.test", "Hello", {"alice@contoso.test", "support@contoso.test"});
}

const std::vector<Owner> paul_and_sales{{"alice", "email.method = 1\n"}, {"support", "email.method = 0\n"}};

TEST(Mail, EML_22) {
  RulesHouse h(nobody_new, paul_and_sales);
  const std::string alice = h.id_of("alice@contoso.test").value();
  const std::string mailbox =
      h.crm().add("mailboxes", {{"name", "Alice"},
                                {"emailaddress", "alice@contoso.test"},
                                {"regardingobjectid_systemuser@odata.bind", "/systemusers(" + alice + ")"}});
  h.deliver("alice", to_paul_and_sales().text(), "u1");
  h.settle({"alice"});
  const auto row = h.mail("m1@x.test");
  ASSERT_TRUE(row);
  EXPECT_EQ(RulesHouse::text(*row, "_acceptingentityid_value"), h.id_of("support@contoso.test"));
  EXPECT_EQ(RulesHouse::text(*row, "_receivingmailboxid_value"), mailbox);
}

TEST(Mail, EML_23) {
  RulesHouse h(config_with("email.syncing_only = true\n"), paul_and_sales);
  h.deliver("alice", to_paul_and_sales().text(), "u1");
  h.settle({"alice"});
  EXPECT_FALSE(h.mail("m1@x.test"));
}

TEST(Mail, EML_24) {
  RulesHouse h(config_with("email.method = 0\ncompat.SSSForceFilteringMethodForUserMailboxes = 2\n"),
               {{"alice"}, {"support"}});
  h.deliver("alice", plain("m1@x.test").text(), "u1");
  h.deliver("support", plain("m2@x.test", "carol@customer.test", "Hello", {"support@contoso.test"}).text(), "s1");
  h.settle();
  EXPECT_FALSE(h.mail("m1@x.test"));
  EXPECT_EQ(h.reason("u1"), "no_sender_match");
  EXPECT_TRUE(h.mail("m2@x.test"));
}

TEST(Mail, EML_25) {
  RulesHouse h(config_with("email.method = 0\ncompat.RestrictIRMEmailItems = true\n"));
  h.deliver("alice", "Content-Class: rpmsg.message\r\n" + plain("m1@x.test").text(), "u1");
  h.deliver("alice", plain("m2@x.test").text(), "u2");
  h.settle();
  EXPECT_FALSE(h.mail("m1@x.test"));
  EXPECT_EQ(h.reason("u1"), "rights_protected");
  EXPECT_TRUE(h.mail("m2@x.test"));
}

TEST(Mail, EML_25_by_its_attachment_and_not_by_hand_either) {
  RulesHouse h(config_with("email.method = 0\ncompat.RestrictIRMEmailItems = true\n"));
  Letter sealed = plain("m1@x.test");
  sealed.attachments = {{"message.rpmsg", "sealed"}};
  h.deliver("alice", sealed.text(), "u1");
  h.settle();
  EXPECT_EQ(h.reason("u1"), "rights_protected");
  EXPECT_EQ(h.run({"track", "u1"}).code, 1);
  EXPECT_FALSE(h.mail("m1@x.test"));
}

TEST(Mail, EML_28) {
  MailSetup setup;
  setup.top = "failure.keep_days = 3\n";
  RulesHouse h("email.method = 0\n", {{"alice"}}, setup);
  h.deliver("alice", plain("m1@x.test", "nobody").text(), "u1");
  h.sync();
  for (int i = 1; i <= 4; ++i) h.sync_at(std::chrono::minutes(16 * i));
  ASSERT_EQ(h.verdict("u1"), "quarantined");
  EXPECT_NE(h.run({"quarantine", "list"}).output.find("u1"), std::string::npos);
  h.sync_at(std::chrono::hours(24 * 3 + 2));
  EXPECT_EQ(h.run({"quarantine", "list"}).output.find("u1"), std::string::npos);
  EXPECT_EQ(h.reason("u1"), "failure_purged");
}

TEST(Mail, EML_29) {
  RulesHouse h(config_with("email.method = 0\n"), {{.name = "support", .mailbox = ", delete_after_processing = true"}});
  h.deliver("support", plain("m1@x.test", "carol@customer.test", "Hello", {"support@contoso.test"}).text(), "s1");
  h.settle();
  EXPECT_TRUE(h.mail("m1@x.test"));
  EXPECT_TRUE(h.pop3().messages("support").empty());
  h.configure(config_with("email.method = 0\n"), {{.name = "alice", .mailbox = ", delete_after_processing = true"}});
  const Ended e = h.run({"config", "check"});
  EXPECT_EQ(e.code, 78);
  EXPECT_THAT(e.output, HasSubstr("CFG026"));
}

TEST(Mail, EML_32) {
  RulesHouse h(config_with("email.method = 0\nemail.auto_track = false\n"));
  h.deliver("alice", plain("m1@x.test").text(), "u1");
  h.settle();
  EXPECT_FALSE(h.mail("m1@x.test"));
  EXPECT_EQ(h.run({"track", "u1"}).code, 0);
  EXPECT_TRUE(h.mail("m1@x.test"));
}

}  // namespace
}  // namespace syncline::test
