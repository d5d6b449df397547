// Which mailboxes are worked on, what is remembered of a pass, and writes whose outcome was not learned.
#include "rules_house.hpp"

namespace syncline::test {
namespace {

constexpr const char* all_mail = "autocreate.create = \"none\"\nemail.method = 0\n";

void approve(RulesHouse& h, int state) {
  h.crm().edit("systemusers", *h.id_of("alice@contoso.test"), {{"emailrouteraccessapproval", state}});
}

TEST(Concepts, CON_11) {
  for (const char* kind : {"appointment", "contact", "task"}) {
    RulesHouse h(all_mail, {{"alice", "entities = [\"email\", \"" + std::string(kind) + "\"]\n"}});
    h.deliver("alice", plain("m1@x.test").text(), "u1");
    const auto reports = h.sync();
    ASSERT_EQ(reports.size(), 1u);
    EXPECT_EQ(reports[0].end, PairEnd::failed);
    EXPECT_EQ(reports[0].code, SY_CONFIG);
    EXPECT_THAT(reports[0].error, AllOf(HasSubstr(std::string("entity ") + kind + " is not offered by the mailbox"),
                                        HasSubstr("syncline.toml:")));
    EXPECT_EQ(h.crm().count("emails"), 0u);
  }
  RulesHouse h(all_mail, {{"alice", "# every one that is offered: entities\n"}});
  h.deliver("alice", plain("m1@x.test").text(), "u1");
  h.settle();
  EXPECT_TRUE(h.mail("m1@x.test")) << "without a choice, what the mailbox offers: incoming email";
}

TEST(Concepts, CON_12) {
  RulesHouse h(all_mail, {{"support", "entities = [\"email\", \"task\"]\n"}});
  const Ended checked = h.run({"config", "check"});
  EXPECT_EQ(checked.code, 78);
  EXPECT_THAT(checked.output,
              AllOf(HasSubstr("CFG023"), HasSubstr("syncline.toml:"), HasSubstr("a queue mailbox carries email only")));
}

TEST(Concepts, CON_13) {
  for (const int state : {0, 2, 3}) {  // none, pending, rejected
    RulesHouse h(all_mail);
    approve(h, state);
    h.deliver("alice", plain("m1@x.test").text(), "u1");
    const auto reports = h.sync();
    ASSERT_EQ(reports.size(), 1u);
    EXPECT_EQ(reports[0].end, PairEnd::failed);
    EXPECT_THAT(reports[0].error, HasSubstr("not approved in the CRM"));
    EXPECT_EQ(h.crm().count("emails"), 0u);
  }
}

TEST(Concepts, CON_14) {
  RulesHouse h(std::string(all_mail) + "approval.required = false\n");
  approve(h, 2);
  h.deliver("alice", plain("m1@x.test").text(), "u1");
  h.settle();
  EXPECT_TRUE(h.mail("m1@x.test"));
}

TEST(Persistence, PER_09) {
  RulesHouse h(all_mail);
  h.deliver("alice", plain("m1@x.test").text(), "u1");
  const std::int64_t before = system_clock()();
  h.settle();
  const Ended shown = h.run({"history", "--json"});
  ASSERT_EQ(shown.code, 0) << shown.output;
  const json::value parsed = json::parse(shown.output);
  std::int64_t inserted = 0;
  for (const auto& v : parsed.at("passes").as_array()) {
    const auto& pass = v.as_object();
    EXPECT_GE(RulesHouse::number(pass, "start"), before);
    EXPECT_GE(RulesHouse::number(pass, "end"), RulesHouse::number(pass, "start"));
    EXPECT_GT(RulesHouse::number(pass, "bytes_in"), 0);
    EXPECT_EQ(RulesHouse::number(pass, "deleted"), 0);
    EXPECT_EQ(RulesHouse::number(pass, "result"), 1);
    inserted += RulesHouse::number(pass, "inserted");
  }
  EXPECT_EQ(inserted, 1);
  approve(h, 3);
  h.sync();
  const json::value failed = json::parse(h.run({"history", "--json"}).output);
  EXPECT_EQ(RulesHouse::number(failed.at("passes").as_array().back().as_object(), "result"), 0);
}

/// Killed at each of its steps: one of them lies between the CRM's write and the link.
TEST(Persistence, PER_11) {
  int written_and_not_recorded = 0;
  bool ended = false;
  for (long n = 1; !ended; ++n) {
    MailHouse h({.order = {"alice"}});
    h.add("alice", plain("m1@x.test"), "u1");
    ended = h.sync({.die = n}).code == 0;
    const bool there = !h.crm_id("m1@x.test").empty();
    if (there && h.rows().find("link:\nseen:") != std::string::npos) ++written_and_not_recorded;
    const Ended second = h.sync();
    EXPECT_EQ(second.code, 0) << second.output;
    EXPECT_EQ(h.crm().count("emails"), 1u) << "killed at step " << n;
  }
  EXPECT_GT(written_and_not_recorded, 0);
}

TEST(Races, RAC_12) {
  for (const auto action : {sandbox::Fault::Action::DROP_AFTER, sandbox::Fault::Action::LAND_LATER}) {
    RulesHouse h(all_mail);
    h.deliver("alice", plain("m1@x.test").text(), "u1");
    h.crm().add_fault({.action = action, .path = "emails", .subject = "Question about the offer"});
    h.sync();
    h.crm().land();
    for (const int minutes : {16, 32}) h.sync_at(std::chrono::minutes(minutes));
    EXPECT_EQ(h.crm().count("emails"), 1u);
    const auto mail = h.mail("m1@x.test");
    ASSERT_TRUE(mail);
    EXPECT_EQ(RulesHouse::number(*mail, "statuscode"), 4) << "received";
  }
}

/// Two pairs that decide on the same mail before either has told: the token makes one record of it, and only one of
/// them has created it.
TEST(Counts, who_comes_second_has_linked_and_not_created) {
  RulesHouse h(all_mail, {{"alice"}, {"bob"}});
  for (const char* who : {"alice", "bob"}) h.deliver(who, plain("m1@x.test").text(), "u1");
  const auto first = h.sync({"alice"});
  EXPECT_EQ(first.at(0).counts.created, 1);
  // What bob would know it by is taken away, as if his pass had looked before alice's was recorded.
  const std::string record = RulesHouse::text(h.crm().rows("emails").at(0), "activityid");
  h.crm().edit("emails", record, {{"statecode", 0}, {"statuscode", 1}});
  h.crm().edit("emails", record, {{"messageid", nullptr}});
  h.crm().edit("emails", record, {{"statecode", 1}, {"statuscode", 4}});
  h.forget_known();
  const auto second = h.sync({"bob"});
  EXPECT_EQ(h.crm().count("emails"), 1u);
  EXPECT_EQ(second.at(0).counts.created, 0);
  EXPECT_EQ(second.at(0).counts.linked, 1);
  EXPECT_EQ(h.verdict("u1", "bob"), "linked");
  EXPECT_THAT(h.run({"explain", "u1"}).output, HasSubstr("another pair had made the same record"));
}

/// A mailbox whose mails are all let in is read once, not head by head and then whole (S4); a refusal among them is as
/// clean as any, and ends it.
TEST(Reading, S4_a_batch_that_is_all_accepted_spares_the_next_its_heads) {
  for (const std::string odd : {"large", "twin"}) {
    RulesHouse h(std::string(all_mail) + "email.max_size = \"20KiB\"\n");
    for (int i = 0; i < 220; ++i)
      h.deliver("alice", plain("m" + std::to_string(i) + "@x.test").text(), "u" + std::to_string(i));
    Letter letter = plain("odd@x.test");
    if (odd == "large")
      letter.body = std::string(30'000, 'x');
    else
      h.in_crm("odd@x.test", {}, false);
    h.deliver("alice", letter.text(), "the-odd-one");
    h.settle();
    EXPECT_EQ(h.crm().count("emails"), odd == "large" ? 220u : 221u);
    EXPECT_EQ(h.verdict("the-odd-one"), odd == "large" ? "refused" : "linked");
    std::size_t heads = 0, wholes = 0;
    for (const std::string& line : h.pop3().log()) {
      heads += line.starts_with("TOP");
      wholes += line.starts_with("RETR");
    }
    EXPECT_EQ(wholes, 221u) << odd << ": it was in a batch that was read whole";
    EXPECT_LT(heads, 221u) << odd;
    EXPECT_EQ(h.leftovers(), "") << odd;
  }
}

}  // namespace
}  // namespace syncline::test
