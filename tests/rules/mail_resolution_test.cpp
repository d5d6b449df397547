// Who sender and recipients are: RES rows.
#include "rules_house.hpp"

namespace syncline::test {
namespace {

constexpr const char* all_mail = "email.method = 0\n";
const std::string carol = "carol@customer.test";

json::object contact(const std::string& address) {
  return {{"firstname", "A"}, {"lastname", "Contact"}, {"emailaddress1", address}};
}
json::object account(const std::string& address) { return {{"name", "An account"}, {"emailaddress1", address}}; }
json::object owned(json::object row, const std::string& user) {
  row["ownerid@odata.bind"] = "/systemusers(" + user + ")";
  return row;
}

/// Sender or recipient number one of a mail: its parties in this role.
std::vector<std::string> resolved(RulesHouse& h, const std::string& id, char role) {
  std::vector<std::string> out;
  for (const std::string& p : h.parties(id))
    if (p.front() == role) out.push_back(p.substr(2));
  return out;
}
std::vector<std::string> sender_of(RulesHouse& h, const std::string& from = carol) {
  h.deliver("alice", plain("m1@x.test", from).text(), "u1");
  h.settle();
  return resolved(h, "m1@x.test", '1');
}
std::vector<std::string> recipient_of(RulesHouse& h, const std::string& to) {
  h.deliver("alice", plain("m1@x.test", "bob@contoso.test", "Hello", {"alice@contoso.test", to}).text(), "u1");
  h.settle();
  std::vector<std::string> out;
  for (const std::string& p : resolved(h, "m1@x.test", '2'))
    if (p != "systemusers:alice@contoso.test") out.push_back(p);
  return out;
}

TEST(Mail, RES_01) {
  RulesHouse h(all_mail);
  h.crm().add("contacts", contact("bob@contoso.test"));
  EXPECT_THAT(sender_of(h, "bob@contoso.test"), ElementsAre("systemusers:bob@contoso.test"));
}

TEST(Mail, RES_02) {
  RulesHouse h(all_mail);
  h.crm().add("leads", {{"lastname", "Lead"}, {"emailaddress1", carol}});
  h.crm().add("accounts", account(carol));
  h.crm().add("contacts", contact(carol));
  EXPECT_THAT(sender_of(h), ElementsAre("contacts:A Contact"));
}

TEST(Mail, RES_03) {
  for (const bool exception : {true, false}) {
    RulesHouse h(std::string(all_mail) + (exception ? "" : "resolve.owner_exception = false\n"));
    h.crm().add("contacts", owned(contact(carol), *h.id_of("bob@contoso.test")));
    h.crm().add("accounts", owned(account(carol), *h.id_of("alice@contoso.test")));
    EXPECT_THAT(sender_of(h), ElementsAre(exception ? "accounts:An account" : "contacts:A Contact"));
  }
}

TEST(Mail, RES_04) {
  RulesHouse h(all_mail);
  for (int i = 0; i < 101; ++i) h.crm().add("contacts", contact(carol));
  EXPECT_THAT(sender_of(h), ElementsAre("-:" + carol));
  EXPECT_EQ(h.crm().count("contacts"), 101u);
}

TEST(Mail, RES_05) {
  RulesHouse h(std::string(all_mail) + "resolve.unresolve_sender_on_multiple = true\n");
  h.crm().add("contacts", contact(carol));
  h.crm().add("accounts", account(carol));
  EXPECT_THAT(sender_of(h), ElementsAre("-:" + carol));
}

TEST(Mail, RES_06) {
  for (const std::string inactive : {"single", "never"}) {
    RulesHouse h(all_mail + ("resolve.inactive = \"" + inactive + "\"\n"));
    const std::string id = h.crm().add("contacts", contact(carol));
    h.crm().edit("contacts", id, {{"statecode", 1}, {"statuscode", 2}});
    EXPECT_THAT(sender_of(h), ElementsAre(inactive == "single" ? "contacts:A Contact" : "-:" + carol));
    EXPECT_EQ(h.crm().count("contacts"), 1u);
  }
}

TEST(Mail, RES_07) {
  RulesHouse h(all_mail);
  h.crm().add("contacts", contact(carol));
  h.crm().add("accounts", account(carol));
  EXPECT_THAT(recipient_of(h, carol), UnorderedElementsAre("contacts:A Contact", "accounts:An account"));
}

TEST(Mail, RES_08) {
  RulesHouse h(std::string(all_mail) + "resolve.unresolve_on_multiple = true\n");
  h.crm().add("contacts", contact(carol));
  h.crm().add("accounts", account(carol));
  EXPECT_THAT(recipient_of(h, carol), ElementsAre("-:" + carol));
}

TEST(Mail, RES_10) {
  RulesHouse h(all_mail, {{"alice"}, {"bob"}});
  const std::string dave = "Dave van Doe <Dave@elsewhere.test>";
  h.deliver("alice", plain("m1@x.test", dave).text(), "u1");  // two of one stranger's in one batch
  h.deliver("alice", plain("m2@x.test", "Dave van Doe <dave@elsewhere.test>").text(), "u2");
  h.deliver("bob", plain("m3@x.test", dave, "Hello", {"bob@contoso.test"}).text(), "u3");  // and for somebody else
  h.settle();
  ASSERT_EQ(h.crm().count("contacts"), 1u);
  const json::object made = h.crm().rows("contacts").front();
  EXPECT_EQ(RulesHouse::text(made, "firstname"), "Dave van");
  EXPECT_EQ(RulesHouse::text(made, "lastname"), "Doe");
  for (const auto* id : {"m1@x.test", "m2@x.test", "m3@x.test"})
    EXPECT_THAT(resolved(h, id, '1'), ElementsAre("contacts:Dave van Doe")) << id;
  h.deliver("alice", plain("m4@x.test", dave).text(), "u4");  // known by now
  h.settle();
  EXPECT_THAT(resolved(h, "m4@x.test", '1'), ElementsAre("contacts:Dave van Doe"));
  EXPECT_EQ(h.crm().count("contacts"), 1u);
}

TEST(Mail, RES_10_only_of_accepted_mail) {
  RulesHouse h("email.method = 1\n");
  h.deliver("alice", plain("m1@x.test").text(), "u1");
  h.settle();
  EXPECT_EQ(h.crm().count("contacts"), 0u);
}

TEST(Mail, RES_11) {
  RulesHouse h(std::string(all_mail) + "autocreate.create = \"lead\"\n");
  EXPECT_THAT(sender_of(h, "Carol Doe <carol@customer.test>"), ElementsAre("leads:Carol Doe"));
  EXPECT_EQ(h.crm().count("contacts"), 0u);
}

TEST(Mail, RES_12) {
  RulesHouse h(all_mail);
  sandbox::Fault denied;
  denied.method = "PATCH";
  denied.path = "contacts";
  denied.count = -1;
  denied.status = 403;
  denied.code = "0x80040220";
  h.crm().add_fault(denied);
  EXPECT_THAT(sender_of(h), ElementsAre("-:" + carol));
  EXPECT_EQ(h.crm().count("contacts"), 0u);
}

TEST(Mail, RES_13) {
  RulesHouse h(std::string(all_mail) + "autocreate.org_allows = false\nautocreate.create = \"contact\"\n");
  EXPECT_THAT(sender_of(h), ElementsAre("-:" + carol));
  EXPECT_EQ(h.crm().count("contacts"), 0u);
}

TEST(Mail, RES_15) {
  RulesHouse h(all_mail);
  h.deliver("alice", "Bcc: bob@contoso.test\r\n" + plain("m1@x.test").text(), "u1");
  h.settle();
  EXPECT_THAT(resolved(h, "m1@x.test", '4'), IsEmpty());
  EXPECT_THAT(resolved(h, "m1@x.test", '2'), ElementsAre("systemusers:alice@contoso.test"));
}

}  // namespace
}  // namespace syncline::test
