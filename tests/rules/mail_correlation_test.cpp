// Which CRM email a mail answers: COR rows about headers and tracking tokens.
#include "mail_thread.hpp"

namespace syncline::test {
namespace {

TEST(Mail, COR_01) {
  Thread t;
  const std::string account = t.house.crm().add("accounts", {{"name", "Contoso"}});
  t.known("offer", "Offer", {{"regardingobjectid_account_email@odata.bind", "/accounts(" + account + ")"}});
  EXPECT_EQ(t.arrives("a1", "Re: Offer", "offer"), "3 offer, parent offer");
  EXPECT_EQ(RulesHouse::text(*t.house.mail("a1@customer.test"), "_regardingobjectid_value"), account);
  EXPECT_EQ(t.house.code("u-a1"), 2);
}

TEST(Mail, COR_01_in_one_batch) {
  Thread t;
  t.house.configure("email.method = 0\n");
  Letter first = plain("first@customer.test"), answer = plain("answer@customer.test");
  answer.in_reply_to = "first@customer.test";
  answer.date = "Mon, 02 Mar 2026 10:00:00 +0100";
  t.house.deliver("alice", answer.text(), "u2");
  t.house.deliver("alice", first.text(), "u1");
  t.house.settle();
  EXPECT_EQ(t.outcome("first"), "0");
  EXPECT_EQ(t.outcome("answer"), "3 <first@customer.test>, parent <first@customer.test>");
}

TEST(Mail, COR_02) {
  Thread t;
  t.known("offer", "Offer CRM:0001001", Thread::token("CRM:0001001"));
  EXPECT_EQ(t.arrives("a1", "Re: Offer CRM:0001001"), "4 offer");
  EXPECT_EQ(t.arrives("a2", "Re: Offer CRM:0001002"), "");  // nobody's token
}

TEST(Mail, COR_02_newest_of_several) {
  Thread t;
  t.known("older", "Offer", Thread::token("CRM:0001001"));
  std::this_thread::sleep_for(std::chrono::milliseconds(1100));  // the CRM's clock has whole seconds
  t.known("newer", "Offer", Thread::token("CRM:0001001"));
  EXPECT_EQ(t.arrives("a1", "Re: Offer CRM:0001001"), "4 newer");
}

TEST(Mail, COR_03) {
  Thread t;
  t.known("x");
  t.known("y", "Offer", Thread::token("CRM:0001001"));
  EXPECT_EQ(t.arrives("a1", "Re: Offer CRM:0001001", "x"), "3 x, parent x");
  t.known("z", "Offer", Thread::token("CRM:0001002"));
  t.configure("email.order = [\"token\", \"reply\"]\n");
  EXPECT_EQ(t.arrives("a2", "Re: Offer CRM:0001002", "x"), "4 z");
}

TEST(Mail, COR_04) {
  Thread t;
  t.known("offer", "Offer", Thread::conversation());
  EXPECT_EQ(t.arrives("a1", "Something else", {}, Thread::in_conversation()), "5 offer, parent offer");
}

/// Nobody knows their conversation or token yet: none of them is an answer to itself, or waits for the other.
TEST(Mail, COR_04_the_first_mails_of_a_conversation_are_carried) {
  RulesHouse h("email.method = 0\nautocreate.create = \"none\"\n");
  const std::string index = Thread::in_conversation();
  h.deliver("alice", index + plain("first@x.test", "carol@customer.test", "Offer CRM:0007007").text(), "u1");
  Letter second = plain("second@x.test", "carol@customer.test", "Re: Offer CRM:0007007");
  second.date = "Mon, 02 Mar 2026 11:00:00 +0100";
  h.deliver("alice", index + second.text(), "u2");
  h.settle();
  const auto first = h.mail("first@x.test"), answer = h.mail("second@x.test");
  ASSERT_TRUE(first);
  ASSERT_TRUE(answer);
  EXPECT_EQ(RulesHouse::text(*first, "_correlatedactivityid_value"), "");
  EXPECT_EQ(RulesHouse::text(*answer, "_correlatedactivityid_value"), RulesHouse::text(*first, "activityid"));
}

TEST(Mail, COR_12) {
  Thread t("compat.IgnoreConversationIndexAndInReplyToForCorrelation = true\n");
  t.known("offer", "Offer", Thread::conversation());
  EXPECT_EQ(t.arrives("a1", "Re: Offer", "offer", Thread::in_conversation()), "");
}

TEST(Mail, COR_13) {
  Thread t("compat.DoNotCorrelateForwardedEmailsAsReplies = true\n");
  t.known("offer");
  EXPECT_EQ(t.arrives("a1", "FW: Offer", "offer"), "");
  EXPECT_EQ(t.arrives("a2", "RE: Offer", "offer"), "3 offer, parent offer");
}

TEST(Mail, COR_14) {
  Thread t("email.correlate_by_headers = false\n");
  t.known("offer", "Offer", Thread::conversation());
  t.known("other", "Other", Thread::token("CRM:0001001"));
  EXPECT_EQ(t.arrives("a1", "Re: Offer", "offer", Thread::in_conversation()), "");
  EXPECT_EQ(t.arrives("a2", "Re: Other CRM:0001001", "offer"), "4 other");
}

TEST(Mail, COR_18) {
  Thread t("email.token.prefix = \"ACME:\"\nemail.token.old_prefixes = [\"CRM:\"]\n");
  t.known("old", "Offer", Thread::token("CRM:0001001"));
  t.known("new", "Offer", Thread::token("ACME:0001002"));
  EXPECT_EQ(t.arrives("a1", "Re: Offer CRM:0001001"), "4 old");
  EXPECT_EQ(t.arrives("a2", "Re: Offer ACME:0001002"), "4 new");
  t.configure("email.token.prefix = \"ACME:\"\n");
  EXPECT_EQ(t.arrives("a3", "Re: Offer CRM:0001001"), "");
}

TEST(Mail, COR_20) {
  Thread t;
  t.known("offer", "Offer", Thread::token("CRM:0001001"));
  t.known("other", "Offer", Thread::token("CRM:0001002"));
  EXPECT_EQ(t.arrives("a1", "A new question CRM:0001001"), "4 offer");
  EXPECT_EQ(t.arrives("a2", "Another CRM:0001002", "gone"), "4 other");  // the header names a mail of nobody's
}

TEST(Mail, COR_21) {
  Thread t("compat.ClientDisableTrackingForReplyForwardEmails = true\n");
  t.known("offer", "Offer", Thread::token("CRM:0001001"));
  EXPECT_EQ(t.arrives("a1", "Re: Offer", "offer"), "");
  EXPECT_EQ(t.house.reason("u-a1"), "reply_or_forward");
  EXPECT_EQ(t.arrives("a2", "FW: Offer CRM:0001001"), "");
  EXPECT_EQ(t.arrives("a3", "A new question CRM:0001001"), "4 offer");
}

TEST(Mail, COR_23) {
  Thread t;
  const std::string deal = t.house.crm().add("opportunities", {{"name", "Big deal"}});
  t.known("offer", "Offer",
          {{"trackingtoken", "CRM:0001001"},
           {"regardingobjectid_opportunity_email@odata.bind", "/opportunities(" + deal + ")"}});
  EXPECT_EQ(t.arrives("a1", "Re: Offer CRM:0001001"), "4 offer");
  const auto row = t.house.mail("a1@customer.test");
  ASSERT_TRUE(row);
  EXPECT_EQ(RulesHouse::text(*row, "_regardingobjectid_value"), deal);
}

}  // namespace
}  // namespace syncline::test
