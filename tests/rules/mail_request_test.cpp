// What people ask for by hand: track, regarding, untrack.
#include "rules_house.hpp"

namespace syncline::test {
namespace {

constexpr const char* by_hand = "autocreate.create = \"none\"\nemail.method = 4\n";

void track(RulesHouse& h, const std::string& item) {
  h.settle();
  const Ended done = h.run({"track", item});
  EXPECT_EQ(done.code, 0) << done.output;
}

std::vector<std::string> attachments(RulesHouse& h, const std::string& message_id) {
  std::vector<std::string> out;
  const auto mail = h.mail(message_id);
  for (const json::object& a : h.crm().rows("activitymimeattachments"))
    if (mail && RulesHouse::text(a, "_objectid_value") == RulesHouse::text(*mail, "activityid"))
      out.push_back(RulesHouse::text(a, "filename") + "=" +
                    h.crm().attachment(RulesHouse::text(a, "activitymimeattachmentid")));
  std::sort(out.begin(), out.end());
  return out;
}

TEST(Track, TRK_07) {
  RulesHouse h(by_hand);
  Letter letter = plain("m1@x.test");
  letter.attachments = {{"offer.pdf", "offer"}, {"terms.txt", "terms"}};
  h.deliver("alice", letter.text(), "u1");
  track(h, "u1");
  const auto mail = h.mail("m1@x.test");
  ASSERT_TRUE(mail);
  EXPECT_EQ(RulesHouse::text(*mail, "directioncode"), "false");
  EXPECT_EQ(RulesHouse::number(*mail, "statuscode"), 4) << "received";
  EXPECT_THAT(attachments(h, "m1@x.test"), ElementsAre("offer.pdf=offer", "terms.txt=terms"));
}

TEST(Track, TRK_07_whatever_the_watermark) {
  RulesHouse h(by_hand);
  h.deliver("alice", with_header(plain("m1@x.test").text(), "Received: by mx.test; Mon, 02 Jun 2025 09:00:00 +0000"),
            "u1");
  h.settle();
  EXPECT_EQ(h.reason("u1"), "received_before");
  track(h, "u1");
  EXPECT_TRUE(h.mail("m1@x.test"));
}

TEST(Track, TRK_30) {
  RulesHouse h(by_hand);
  h.deliver("alice",
            plain("m1@x.test", "carol@customer.test", "News", {"alice@contoso.test", "all@contoso.test"}).text(), "u1");
  track(h, "u1");
  EXPECT_THAT(h.parties("m1@x.test"),
              ElementsAre("1 -:carol@customer.test", "2 -:all@contoso.test", "2 systemusers:alice@contoso.test"));
}

TEST(Track, TRK_35) {
  RulesHouse h(std::string(by_hand) + "attachments.blocked = [\"exe\"]\nattachments.max_size = 100\n");
  Letter letter = plain("m1@x.test");
  letter.attachments = {{"a.txt", "text"}, {"setup.EXE", "program"}, {"big.txt", std::string(101, 'x')}};
  h.deliver("alice", letter.text(), "u1");
  track(h, "u1");
  const auto mail = h.mail("m1@x.test");
  ASSERT_TRUE(mail);
  EXPECT_EQ(RulesHouse::number(*mail, "notifications"), 1);
  EXPECT_THAT(attachments(h, "m1@x.test"), ElementsAre("a.txt=text"));
}

TEST(Track, TRK_40) {
  RulesHouse h(by_hand);
  h.deliver("alice", plain("m1@x.test").text(), "u1");
  track(h, "u1");
  const std::string account = h.crm().add("accounts", {{"name", "Customer Ltd"}});
  const Ended done = h.run({"regarding", "u1", "account:" + account});
  EXPECT_EQ(done.code, 0) << done.output;
  EXPECT_EQ(RulesHouse::text(*h.mail("m1@x.test"), "_regardingobjectid_value"), account);
  h.pop3().remove("alice", "u1");
  h.deliver("alice", plain("m1@x.test", "carol@customer.test", "Another subject").text(), "u1");
  h.settle();
  EXPECT_EQ(RulesHouse::text(*h.mail("m1@x.test"), "subject"), "Question about the offer");
}

TEST(Untrack, UNT_01) {
  RulesHouse h(by_hand);
  h.deliver("alice", plain("m1@x.test").text(), "u1");
  track(h, "u1");
  ASSERT_TRUE(h.mail("m1@x.test"));
  const Ended done = h.run({"untrack", "u1", "--delete"});
  EXPECT_EQ(done.code, 0) << done.output;
  EXPECT_FALSE(h.mail("m1@x.test"));
  h.settle();
  EXPECT_FALSE(h.mail("m1@x.test"));
  EXPECT_THAT(h.run({"tracking", "u1"}).output, HasSubstr("not tracked"));
}

TEST(Untrack, UNT_02) {
  RulesHouse h(by_hand);
  h.deliver("alice", plain("m1@x.test").text(), "u1");
  track(h, "u1");
  const Ended done = h.run({"untrack", "u1"});
  EXPECT_EQ(done.code, 0) << done.output;
  h.settle();
  EXPECT_TRUE(h.mail("m1@x.test"));
  EXPECT_THAT(h.run({"tracking", "u1"}).output, HasSubstr("not tracked"));
}

const std::vector<Owner> with_delegate{{"alice", "delegates = [\"bob@contoso.test\"]\n"}, {"bob"}};

TEST(Delegate, AsksAndTheOwnersPassCarriesItOut) {
  RulesHouse h(by_hand, with_delegate);
  h.deliver("alice", plain("m1@x.test").text(), "u1");
  h.settle();
  const Ended asked = h.run({"track", "u1", "--as", "Bob@contoso.test"});
  EXPECT_EQ(asked.code, 0) << asked.output;
  EXPECT_THAT(asked.output, HasSubstr("asked for alice@contoso.test"));
  EXPECT_FALSE(h.mail("m1@x.test")) << "a delegate's request is carried out by the owner's instance";
  h.settle({"alice"});
  EXPECT_TRUE(h.mail("m1@x.test"));
}

TEST(Delegate, IsWhoTheOwnerNamesAndNobodyElse) {
  RulesHouse h(by_hand, {{"alice"}, {"bob"}});
  h.deliver("alice", plain("m1@x.test").text(), "u1");
  h.settle();
  const Ended asked = h.run({"track", "u1", "--as", "bob@contoso.test"});
  EXPECT_EQ(asked.code, 77) << asked.output;
  EXPECT_THAT(asked.output, HasSubstr("has not named bob@contoso.test in `delegates`"));
  h.settle();
  EXPECT_FALSE(h.mail("m1@x.test"));
}

TEST(Delegate, CON_10) {
  RulesHouse h("email.method = 0\n", with_delegate);
  h.deliver("alice", plain("m1@x.test").text(), "u1");
  h.crm().clear_log();
  const Ended refused = h.run({"sync", "--as", "bob@contoso.test", "alice@contoso.test"});
  EXPECT_EQ(refused.code, 77) << refused.output;
  EXPECT_THAT(refused.output, HasSubstr("delegates may track, set regarding and untrack"));
  EXPECT_THAT(h.crm().log(), IsEmpty());
  EXPECT_FALSE(h.mail("m1@x.test"));
  EXPECT_EQ(h.run({"sync", "--as", "alice@contoso.test"}).code, 0);
  EXPECT_TRUE(h.mail("m1@x.test"));
}

}  // namespace
}  // namespace syncline::test
