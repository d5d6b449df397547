// Which CRM email a mail answers: the ways, their order, and what switches them off.
#include <gmock/gmock.h>

#include "judge.hpp"
#include "tracking_token.hpp"

namespace syncline::rules {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const std::string index_in_base64 = "AdqPuFzMqV1iRi0rQdOwOYcH1qJmPgAAAAAB";  // 22 bytes and a few of an answer
const std::string conversation = "conversation:01da8fb85ccca95d62462d2b41d3b0398707d6a2663e";

json::object record(std::string_view id, std::int64_t created = 1, std::string_view state = "received") {
  return {{"id", id}, {"created_ms", created}, {"state", state}, {"regarding", nullptr}};
}

json::object altered(const json::object& doc, const json::object& facts) {
  const Ruling r = judge<Correlation>(doc, facts);
  EXPECT_EQ(r.decision, SY_ALTER);
  return json::parse(r.doc).as_object();
}

std::string found(const json::object& doc, const json::object& facts) {
  const json::object out = altered(doc, facts);
  const auto* c = out.if_contains("correlation");
  return c == nullptr ? "" : text_of(c->as_object(), "method") + " " + text_of(c->as_object(), "record");
}

/// A mail that each way finds another answered mail for.
struct Everything {
  json::object doc = mail_from("x@y.test"), facts = facts_for(1);
  Everything() {
    doc["in_reply_to"] = "p@q";
    doc["subject"] = "Re: Offer CRM:0001001";
    doc["conversation_index"] = index_in_base64;
    set(facts, "email.smart.enabled", true);
    auto& records = facts["records_by_key"].as_object();
    for (const std::string& key : keys<Correlation>(doc, facts))
      records[key] = json::array{record(key.substr(0, key.find(':')))};
  }
};

TEST(Correlation, asks_for_the_keys_of_every_way_together) {
  Everything e;
  const auto all = keys<Correlation>(e.doc, e.facts);
  ASSERT_EQ(all.size(), 4u);
  EXPECT_EQ(all[0], "p@q");
  EXPECT_EQ(all[1], "token:CRM:0001001");
  EXPECT_EQ(all[2], conversation);
  EXPECT_EQ(json::parse(all[3].substr(6)), json::parse(R"({"subject": ["offer", "crm:0001001"], "delta": 0,
      "addresses": ["x@y.test", "alice@contoso.test"], "min_addresses": 2, "max_words": 20,
      "noise": "^[\\s]*([\\w]+\\s?:[\\s]*)+"})"));
}

TEST(Correlation, the_order_of_the_configuration_decides) {
  Everything e;
  EXPECT_EQ(found(e.doc, e.facts), "in_reply_to p@q");
  set(e.facts, "email.order", json::array{"smart", "token"});
  EXPECT_EQ(found(e.doc, e.facts), "smart words");
  set(e.facts, "email.order", json::array{"conversation"});
  EXPECT_EQ(found(e.doc, e.facts), "conversation conversation");
  set(e.facts, "email.order", json::array{});
  EXPECT_EQ(found(e.doc, e.facts), "");
}

TEST(Correlation, switches_take_ways_out) {
  Everything e;
  set(e.facts, "email.correlate_by_headers", false);
  EXPECT_EQ(found(e.doc, e.facts), "token token");
  set(e.facts, "email.tokens", false);
  EXPECT_EQ(found(e.doc, e.facts), "smart words");
  set(e.facts, "email.smart.enabled", false);
  EXPECT_EQ(found(e.doc, e.facts), "");
  set(e.facts, "email.correlate_by_headers", true);
  EXPECT_EQ(found(e.doc, e.facts), "in_reply_to p@q");
  set(e.facts, "compat.IgnoreConversationIndexAndInReplyToForCorrelation", true);
  EXPECT_EQ(found(e.doc, e.facts), "");
}

TEST(Correlation, a_forwarded_mail_need_not_count_as_an_answer) {
  Everything e;
  set(e.facts, "compat.DoNotCorrelateForwardedEmailsAsReplies", true);
  EXPECT_EQ(found(e.doc, e.facts), "in_reply_to p@q");
  e.doc["subject"] = "WG: Re: Offer";
  EXPECT_EQ(found(e.doc, e.facts), "");
  for (const auto* forward : {"Fwd: RE: x", " FW: x", "转发: x"}) {
    e.doc["subject"] = forward;
    EXPECT_EQ(found(e.doc, e.facts), "") << forward;
  }
  for (const auto* other : {"AW: WG: x", "Forward planning: x", "VS: x"}) {
    e.doc["subject"] = other;
    EXPECT_EQ(found(e.doc, e.facts), "in_reply_to p@q") << other;
  }
}

TEST(Correlation, what_is_not_found_later_is_marked) {
  json::object doc = mail_from("x@y.test"), facts = facts_for(1);
  set(facts, "compat.DisableSmartMatchingEmailHashCreation", true);
  EXPECT_EQ(found(doc, facts), "skipped ");
}

TEST(Correlation, takes_the_regarding_over_and_names_what_it_rests_on) {
  json::object doc = mail_from("x@y.test"), facts = facts_for(1);
  doc["in_reply_to"] = "p@q";
  json::object parent = record("r9");
  parent["regarding"] = json::object{{"type", "account"}, {"id", "a1"}};
  facts["records_by_key"] = json::object{{"p@q", json::array{parent}}};
  EXPECT_EQ(altered(doc, facts).at("regarding").at("id").as_string(), "a1");
  facts["records_by_key"] = json::object{{"p@q", json::array{}}};
  EXPECT_EQ(found(doc, facts), "");
  facts["page"] = json::array{"p@q"};
  EXPECT_TRUE(altered(doc, facts).at("correlation").as_object().contains("in_this_batch"));
  facts.erase("records_by_key");
  facts["page"] = json::array{};
  EXPECT_EQ(judge<Correlation>(doc, facts).decision, SY_WAIT);
}

TEST(Correlation, the_newest_of_several_records_and_no_draft) {
  json::object doc = mail_from("x@y.test"), facts = facts_for(1);
  doc["subject"] = "Two tokens CRM:0001001 CRM:0001002";
  facts["records_by_key"] =
      json::object{{"token:CRM:0001001", json::array{record("newer", 20), record("older", 10)}},
                   {"token:CRM:0001002", json::array{record("draft", 30, "draft"), record("oldest", 5)}}};
  EXPECT_EQ(found(doc, facts), "token newer");
}

TEST(Correlation, says_by_what_later_mail_finds_this_one) {
  Everything e;
  const json::object out = altered(e.doc, e.facts);
  EXPECT_EQ(text_of(out, "token"), "CRM:0001001");
  EXPECT_EQ("conversation:" + text_of(out, "conversation"), conversation);
  e.doc["conversation_index"] = "AQHZabc=";  // too short to be one
  EXPECT_FALSE(altered(e.doc, e.facts).contains("conversation"));
}

TEST(TrackingToken, prefix_and_exactly_the_digits) {
  const std::vector<std::string> prefixes{"CRM:", "ACME:"};
  EXPECT_THAT(tracking_tokens("Offer CRM:0001001", prefixes, 7), ElementsAre("CRM:0001001"));
  EXPECT_THAT(tracking_tokens("ACME:0001002, CRM:0001001 CRM:0001001", prefixes, 7),
              ElementsAre("ACME:0001002", "CRM:0001001"));
  EXPECT_THAT(tracking_tokens("CRM:00010011 CRM:000100 CRM:0001001x xCRM:1", prefixes, 7), IsEmpty());
}

}  // namespace
}  // namespace syncline::rules
