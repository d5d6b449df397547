// The mail rules as the kernel runs them: a document and facts in, one ruling out.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <syncline/formats/smart_match.hpp>

#include "mail_rules.hpp"
#include "tracking_token.hpp"

namespace syncline::rules {
namespace {

json::object mail_from(std::string_view sender) {
  return {{"direction", "incoming"},
          {"message_id", "a@b"},
          {"from", json::object{{"address", sender}}},
          {"to", json::array{json::object{{"address", "alice@contoso.test"}}}}};
}

json::object facts_for(int method) {
  return {{"user",
           json::object{{"address", "alice@contoso.test"},
                        {"principal", "u1"},
                        {"settings", json::object{{"email", json::object{{"method", method}, {"max_size", 1000}}}}}}},
          {"parties", json::object{}},
          {"records", json::array{}},
          {"page", json::array{}}};
}

template <class T>
Ruling judge(const json::object& doc, const json::object& facts) {
  const std::string d = json::serialize(doc), f = json::serialize(facts);
  Proposal p;
  p.kind = "email";
  p.doc = d;
  p.facts = f;
  static const sy_host host{};
  return T(Host(host), "{}").judge(p);
}

TEST(ReceivedAfter, refuses_what_was_received_before_the_watermark_and_keeps_what_has_no_time) {
  json::object doc = mail_from("x@y.test"), facts = facts_for(0);
  facts["received_after"] = 1767225600000;  // 2026-01-01
  doc["received"] = "2025-12-31T23:59:59.999Z";
  EXPECT_EQ(judge<ReceivedAfter>(doc, facts).decision, SY_VETO);
  doc["received"] = "2026-01-01T00:00:00.000Z";
  EXPECT_EQ(judge<ReceivedAfter>(doc, facts).decision, SY_NO_OPINION);
  doc.erase("received");
  EXPECT_EQ(judge<ReceivedAfter>(doc, facts).decision, SY_NO_OPINION);
}

TEST(SizeLimit, refuses_above_the_limit_and_what_the_source_would_not_read) {
  json::object doc = mail_from("x@y.test");
  doc["size"] = 1000;
  EXPECT_EQ(judge<SizeLimit>(doc, facts_for(0)).decision, SY_NO_OPINION);
  doc["size"] = 1001;
  EXPECT_EQ(judge<SizeLimit>(doc, facts_for(0)).decision, SY_VETO);
  doc["size"] = 1;
  doc["oversize"] = true;
  EXPECT_EQ(judge<SizeLimit>(doc, facts_for(0)).decision, SY_VETO);
}

TEST(Duplicate, links_to_the_record_of_the_same_direction_and_waits_when_the_directory_is_silent) {
  json::object facts = facts_for(0);
  facts["records"] =
      json::array{json::object{{"id", "r0"}, {"direction", "outgoing"}, {"state", "sent"}},
                  json::object{{"id", "r1"}, {"direction", "incoming"}, {"state", "draft"}},
                  json::object{{"id", "r2"}, {"version", "7"}, {"direction", "incoming"}, {"state", "received"}}};
  const Ruling r = judge<Duplicate>(mail_from("x@y.test"), facts);
  EXPECT_EQ(r.decision, SY_LINK);
  EXPECT_EQ(json::parse(r.args).at("id").as_string(), "r2");
  facts.erase("records");
  EXPECT_EQ(judge<Duplicate>(mail_from("x@y.test"), facts).decision, SY_WAIT);
}

TEST(Sender, refuses_missing_and_invalid_addresses) {
  for (const auto* bad : {"", "nobody", "@x.test", "a@", "a b@c.test"})
    EXPECT_EQ(judge<Sender>(mail_from(bad), facts_for(0)).decision, SY_FAIL) << bad;
  EXPECT_EQ(judge<Sender>(mail_from("a@c.test"), facts_for(0)).decision, SY_NO_OPINION);
}

TEST(Recipients, need_one_user_or_queue) {
  json::object facts = facts_for(0);
  facts["parties"] = json::object{{"alice@contoso.test", json::array{json::object{{"type", "contact"}, {"id", "c"}}}}};
  EXPECT_EQ(judge<Recipients>(mail_from("x@y.test"), facts).reason, "no_recipient_match");
  facts["parties"] = json::object{{"alice@contoso.test", json::array{json::object{{"type", "user"}, {"id", "u1"}}}}};
  EXPECT_EQ(judge<Recipients>(mail_from("x@y.test"), facts).decision, SY_NO_OPINION);
  facts["parties"] = json::object{};
  EXPECT_EQ(judge<Recipients>(mail_from("x@y.test"), facts).decision, SY_WAIT);
}

TEST(Acceptance, method_0_takes_all_and_method_1_only_what_correlates) {
  EXPECT_EQ(judge<Acceptance>(mail_from("x@y.test"), facts_for(0)).reason, "accept_all");
  json::object reply = mail_from("x@y.test");
  reply["in_reply_to"] = "p@q";
  const Ruling refused = judge<Acceptance>(reply, facts_for(1));
  EXPECT_EQ(refused.reason, "no_correlation_match");
  EXPECT_EQ(refused.looked_for, R"(["p@q"])");
  reply["correlation"] = json::object{{"method", "in_reply_to"}, {"message_id", "p@q"}, {"record", "r"}};
  EXPECT_EQ(judge<Acceptance>(reply, facts_for(1)).reason, "correlation_match");
  EXPECT_EQ(judge<Acceptance>(reply, facts_for(4)).decision, SY_VETO);
}

TEST(Acceptance, one_accepting_recipient_is_enough) {
  json::object facts = facts_for(1);
  facts["user"].as_object()["configured"] =
      json::array{json::object{{"address", "Support@contoso.test"}, {"method", 0}}};
  json::object doc = mail_from("x@y.test");
  EXPECT_EQ(judge<Acceptance>(doc, facts).decision, SY_VETO);
  doc["cc"] = json::array{json::object{{"address", "support@contoso.test"}}};
  EXPECT_EQ(judge<Acceptance>(doc, facts).reason, "accept_all");
}

TEST(Correlation, takes_the_regarding_over_and_names_what_it_rests_on) {
  json::object doc = mail_from("x@y.test"), facts = facts_for(1);
  doc["in_reply_to"] = "p@q";
  EXPECT_EQ(judge<Correlation>(doc, facts).decision, SY_WAIT);  // the directory did not answer
  facts["records_by_key"] = json::object{
      {"p@q", json::array{json::object{{"id", "r9"}, {"regarding", json::object{{"type", "account"}, {"id", "a1"}}}}}}};
  Ruling r = judge<Correlation>(doc, facts);
  ASSERT_EQ(r.decision, SY_ALTER);
  EXPECT_EQ(json::parse(r.doc).at("regarding").at("id").as_string(), "a1");
  facts["records_by_key"] = json::object{{"p@q", json::array{}}};
  EXPECT_FALSE(json::parse(judge<Correlation>(doc, facts).doc).as_object().contains("correlation"));
  facts["page"] = json::array{"p@q"};
  r = judge<Correlation>(doc, facts);
  ASSERT_EQ(r.decision, SY_ALTER);
  const json::value altered = json::parse(r.doc);
  const json::value args = json::parse(judge<Acceptance>(altered.as_object(), facts_for(1)).args);
  EXPECT_EQ(args.at("code").as_int64(), 2);
  EXPECT_TRUE(args.as_object().contains("needs"));  // it comes after what it answers
}

TEST(TrackingToken, is_a_prefix_and_exactly_so_many_digits) {
  const std::vector<std::string> prefixes{"CRM:", "ACME:"};
  using testing::ElementsAre;
  EXPECT_THAT(tracking_tokens("Re: Offer CRM:0001002", prefixes, 7), ElementsAre("CRM:0001002"));
  EXPECT_THAT(tracking_tokens("crm:0001002 and ACME:0001003", prefixes, 7), ElementsAre("CRM:0001002", "ACME:0001003"));
  EXPECT_THAT(tracking_tokens("CRM:00010021 CRM:000100 CRM: 0001002 CRM:0001002x", prefixes, 7), testing::IsEmpty());
  EXPECT_THAT(tracking_tokens("", prefixes, 7), testing::IsEmpty());
}

TEST(SmartMatch, counts_the_words_behind_the_prefixes) {
  const std::regex noise(R"(^[\s]*([\w]+\s?:[\s]*)+)");
  using testing::ElementsAre;
  EXPECT_THAT(formats::subject_words("FW: RE: Test", noise, 20), ElementsAre("test"));
  EXPECT_THAT(formats::subject_words("Out of office: Test", noise, 20), ElementsAre("out", "of", "office:", "test"));
  std::string many;
  for (int i = 0; i < 25; ++i) many += "w" + std::to_string(i) + " ";
  EXPECT_EQ(formats::subject_words(many, noise, 20).size(), 20u);
  EXPECT_LE(formats::subject_words(std::string(200'000, 'a') + ":", noise, 20).size(), 1u);  // no deep recursion
  EXPECT_THAT(formats::mail_addresses(mail_from("X@y.test")), ElementsAre("x@y.test", "alice@contoso.test"));
}

TEST(Parties, sender_is_one_record_and_a_recipient_all_of_them) {
  json::object facts = facts_for(0);
  facts["parties"] = json::object{
      {"x@y.test", json::array{json::object{{"type", "lead"}, {"id", "l"}, {"active", true}},
                               json::object{{"type", "contact"}, {"id", "off"}, {"active", false}},
                               json::object{{"type", "account"}, {"id", "a"}, {"active", true}}}},
      {"alice@contoso.test",
       json::array{json::object{{"type", "user"}, {"id", "u1"}}, json::object{{"type", "contact"}, {"id", "c1"}}}}};
  const Ruling r = judge<Parties>(mail_from("x@y.test"), facts);
  ASSERT_EQ(r.decision, SY_ALTER);
  const auto doc = json::parse(r.doc);
  const auto& parties = doc.at("parties").as_array();
  ASSERT_EQ(parties.size(), 3u);
  EXPECT_EQ(parties[0].at("id").as_string(), "a");
  EXPECT_EQ(parties[1].at("id").as_string(), "u1");
  EXPECT_EQ(parties[2].at("id").as_string(), "c1");
}

}  // namespace
}  // namespace syncline::rules
