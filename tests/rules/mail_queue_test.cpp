// The queues that get an item of a mail.
#include "rules_house.hpp"

namespace syncline::test {
namespace {

constexpr const char* none = "autocreate.create = \"none\"\n";

/// "queue address → Message-ID" of each queue item.
std::vector<std::string> queue_items(RulesHouse& h) {
  std::vector<std::string> out;
  for (const json::object& item : h.crm().rows("queueitems")) {
    const auto mail = h.crm().row("emails", RulesHouse::text(item, "_objectid_value"));
    out.push_back(h.name_of(RulesHouse::text(item, "_queueid_value")) + " " +
                  (mail ? RulesHouse::text(*mail, "messageid") : "?"));
  }
  std::sort(out.begin(), out.end());
  return out;
}

Letter to_two(const std::string& id, const std::string& first, const std::string& second) {
  return plain(id, "carol@customer.test", "Help", {first + "@contoso.test", second + "@contoso.test"});
}

const std::vector<Owner> two_queues{{"support"}, {.name = "sales", .queue = true}};

TEST(Mail, QUE_01) {
  RulesHouse h(std::string(none) + "email.method = 0\n", two_queues);
  h.deliver("support", to_two("m1@x.test", "support", "sales").text(), "u1");
  h.settle({"support"});
  EXPECT_THAT(queue_items(h),
              ElementsAre("queues:sales@contoso.test <m1@x.test>", "queues:support@contoso.test <m1@x.test>"));
}

TEST(Mail, QUE_02) {
  RulesHouse h(std::string(none) + "email.method = 0\n", {{"support"}});
  h.deliver("support", plain("m1@x.test").text(), "u1");  // to alice; support is a hidden recipient
  h.settle();
  EXPECT_THAT(queue_items(h), ElementsAre("queues:support@contoso.test <m1@x.test>"));
}

TEST(Mail, QUE_02_not_when_switched_off) {
  RulesHouse h(std::string(none) + "email.method = 0\ncompat.CreateQueueItemForSynchronizingMailbox = false\n",
               {{"support"}});
  h.deliver("support", plain("m1@x.test").text(), "u1");
  h.settle();
  EXPECT_TRUE(h.mail("m1@x.test"));
  EXPECT_THAT(queue_items(h), IsEmpty());
}

const std::string to_alice_and_both = plain("m1@x.test", "carol@customer.test", "Help", {"alice@contoso.test"}).text();

TEST(Mail, QUE_03) {
  RulesHouse h(std::string(none) + "email.method = 0\n", two_queues);
  h.deliver("support", to_alice_and_both, "u1");
  h.deliver("sales", to_alice_and_both, "u2");
  h.settle({"support"});
  h.settle({"sales"});
  EXPECT_EQ(h.code("u2", "sales"), 0);
  EXPECT_THAT(queue_items(h), ElementsAre("queues:support@contoso.test <m1@x.test>"));
}

TEST(Mail, QUE_04) {
  RulesHouse h(std::string(none) + "email.method = 0\nqueue_items.additional = true\n", two_queues);
  h.deliver("support", to_alice_and_both, "u1");
  h.deliver("sales", to_alice_and_both, "u2");
  h.settle({"support"});
  h.settle({"sales"});
  h.settle();
  EXPECT_EQ(h.crm().count("emails"), 1u);
  EXPECT_EQ(h.code("u2", "sales"), 0);
  EXPECT_THAT(queue_items(h),
              ElementsAre("queues:sales@contoso.test <m1@x.test>", "queues:support@contoso.test <m1@x.test>"));
}

}  // namespace
}  // namespace syncline::test
