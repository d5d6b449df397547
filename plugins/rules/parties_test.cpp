// Who the addresses of a mail are, and of whom a record is made.
#include <gmock/gmock.h>

#include "judge.hpp"

namespace syncline::rules {
namespace {

using ::testing::ElementsAre;

json::object row(std::string_view type, std::string_view id, bool active = true, std::string_view owner = "") {
  return {{"type", type}, {"id", id}, {"active", active}, {"owner", owner}};
}

json::object facts_with(json::array sender, json::array alice = {row("user", "u1")}) {
  json::object facts = facts_for(0);
  facts["parties"] = json::object{{"x@y.test", std::move(sender)}, {"alice@contoso.test", std::move(alice)}};
  return facts;
}

/// "from a" for each party; unresolved: "from".
std::vector<std::string> parties(const json::object& facts, json::object doc = mail_from("x@y.test")) {
  const Ruling r = judge<Parties>(doc, facts);
  EXPECT_EQ(r.decision, SY_ALTER);
  std::vector<std::string> out;
  const json::value altered = json::parse(r.doc);
  for (const auto& v : altered.at("parties").as_array()) {
    const std::string id = text_of(v.as_object(), "id");
    out.push_back(text_of(v.as_object(), "role") + (id.empty() ? "" : " " + id));
  }
  return out;
}

json::value needs(const json::object& facts, const json::object& doc = mail_from("x@y.test")) {
  const Ruling r = judge<Parties>(doc, facts);
  return r.needs.empty() ? json::value(nullptr) : json::parse(r.needs);
}

TEST(Parties, the_sender_is_one_record_and_a_recipient_all_of_them) {
  const json::object facts = facts_with({row("lead", "l"), row("contact", "off", false), row("account", "a")},
                                        {row("user", "u1"), row("contact", "c1")});
  EXPECT_THAT(parties(facts), ElementsAre("from a", "to u1", "to c1"));
}

TEST(Parties, what_the_owner_owns_goes_first_unless_that_is_switched_off) {
  json::object facts = facts_with({row("contact", "c", true, "u2"), row("account", "a", true, "u1")});
  EXPECT_THAT(parties(facts), ElementsAre("from a", "to u1"));
  set(facts, "resolve.owner_exception", false);
  EXPECT_THAT(parties(facts), ElementsAre("from c", "to u1"));
}

TEST(Parties, inactive_records_count_as_the_configuration_says) {
  json::object facts = facts_with({row("contact", "off", false)});
  EXPECT_THAT(parties(facts), ElementsAre("from off", "to u1"));
  set(facts, "resolve.inactive", "never");
  EXPECT_THAT(parties(facts), ElementsAre("from", "to u1"));
  json::object two = facts_with({row("contact", "off", false), row("lead", "l")});
  EXPECT_THAT(parties(two), ElementsAre("from l", "to u1"));
  set(two, "resolve.inactive", "always");
  EXPECT_THAT(parties(two), ElementsAre("from off", "to u1"));
}

TEST(Parties, several_or_too_many_matches_stay_unresolved) {
  json::object facts = facts_with({row("contact", "c"), row("account", "a")}, {row("user", "u1"), row("contact", "c")});
  set(facts, "resolve.unresolve_sender_on_multiple", true);
  EXPECT_THAT(parties(facts), ElementsAre("from", "to u1", "to c"));
  set(facts, "resolve.unresolve_on_multiple", true);
  EXPECT_THAT(parties(facts), ElementsAre("from", "to"));
  json::array many;
  for (int i = 0; i < 101; ++i) many.emplace_back(row("contact", "c" + std::to_string(i)));
  EXPECT_THAT(parties(facts_with(many)), ElementsAre("from", "to u1"));
  EXPECT_TRUE(needs(facts_with(many)).is_null());
}

TEST(Parties, a_blind_copy_of_received_mail_is_nobodys_party) {
  json::object doc = mail_from("x@y.test");
  doc["bcc"] = json::array{json::object{{"address", "alice@contoso.test"}}};
  EXPECT_THAT(parties(facts_with({row("contact", "c")}), doc), ElementsAre("from c", "to u1"));
  doc["direction"] = "outgoing";
  EXPECT_THAT(parties(facts_with({row("contact", "c")}), doc), ElementsAre("from c", "to u1", "bcc u1"));
}

TEST(Parties, an_unknown_sender_becomes_a_contact_or_lead) {
  json::object facts = facts_with({}), doc = mail_from("x@y.test");
  doc["from"].as_object()["address"] = "x@y.test";
  doc["from"].as_object()["name"] = "Jane Q. Doe";
  const json::value contact = needs(facts, doc);
  EXPECT_EQ(contact.at(0), json::parse(R"({"name":"sender","kind":"contact","key":"email:x@y.test",
      "doc":{"email1":"x@y.test","firstname":"Jane Q.","lastname":"Doe"}})"));
  EXPECT_EQ(needs(facts).at(0).at("doc"), json::parse(R"({"email1":"x@y.test","lastname":"x"})"));
  set(facts, "autocreate.create", "lead");
  EXPECT_EQ(needs(facts).at(0).at("kind").as_string(), "lead");
}

TEST(Parties, nothing_is_made_where_it_is_not_wanted_or_somebody_matches) {
  json::object facts = facts_with({});
  set(facts, "autocreate.create", "none");
  EXPECT_TRUE(needs(facts).is_null());
  facts = facts_with({});
  set(facts, "autocreate.org_allows", false);
  EXPECT_TRUE(needs(facts).is_null());
  facts = facts_with({row("contact", "off", false)});
  set(facts, "resolve.inactive", "never");
  EXPECT_TRUE(needs(facts).is_null());
  json::object sent = mail_from("x@y.test");
  sent["direction"] = "outgoing";
  EXPECT_TRUE(needs(facts_with({}), sent).is_null());
}

}  // namespace
}  // namespace syncline::rules
