// The mail rules as the kernel runs them: a document and facts in, one ruling out.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "judge.hpp"

namespace syncline::rules {
namespace {

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

}  // namespace
}  // namespace syncline::rules
