// Mail from POP3 into a CRM, the program killed at every step and run again: the CRM ends as if it had not been, a
// third run writes nothing there, a fourth changes no row (S24). The same while people delete mails on either side, and
// with the reply in another mailbox than its original (S7).
#include <gmock/gmock.h>

#include <algorithm>
#include <iterator>
#include <set>

#include "mail_house.hpp"

namespace syncline::test {
namespace {

const std::string carol = "carol@customer.test", alice = "alice@contoso.test", bob = "bob@contoso.test",
                  support = "support@contoso.test";

std::string sent_from_the_crm(MailHouse& h, const std::string& message_id) {
  const std::string account = h.crm().add("accounts", {{"name", "Customer Ltd"}});
  const std::string id =
      h.crm().add("emails", {{"subject", "Offer"},
                             {"messageid", "<" + message_id + ">"},
                             {"directioncode", true},
                             {"regardingobjectid_account_email@odata.bind", "/accounts(" + account + ")"},
                             {"email_activity_parties",
                              {{{"addressused", support}, {"participationtypemask", 1}},
                               {{"addressused", carol}, {"participationtypemask", 2}}}}});
  h.crm().edit("emails", id, {{"statecode", 1}, {"statuscode", 3}});
  return id;
}

/// A thread with a reply and an attachment, a mail to two mailboxes, one without Message-ID, a reply to the CRM's own
/// mail.
void fill(MailHouse& h) {
  h.crm().add("contacts", {{"firstname", "Carol"}, {"lastname", "Customer"}, {"emailaddress1", carol}});
  sent_from_the_crm(h, "offer-1@crm.test");
  h.add("alice", {carol, "Pump broken", "m1@customer.test", "Mon, 02 Mar 2026 09:00:00 +0100", {alice}}, "a1");
  h.add("alice",
        {.from = carol,
         .subject = "Re: Pump broken",
         .message_id = "m2@customer.test",
         .date = "Mon, 02 Mar 2026 10:00:00 +0100",
         .to = {alice},
         .in_reply_to = "m1@customer.test",
         .attachments = {{"photo.bin", std::string(3000, '\x7f')}, {"notes.bin", "serial 4711"}}},
        "a2");
  const Letter both{
      "dave@elsewhere.test", "Meeting minutes", "m3@elsewhere.test", "Tue, 03 Mar 2026 08:00:00 +0000", {alice, bob}};
  h.add("alice", both, "a3");
  h.add("bob", both, "b1");
  h.add("bob", {"fax@machine.test", "Scan 17", "", "Wed, 04 Mar 2026 08:00:00 +0000", {bob}}, "b2");
  h.add("support",
        {.from = carol,
         .subject = "Re: Offer",
         .message_id = "m5@customer.test",
         .date = "Thu, 05 Mar 2026 08:00:00 +0000",
         .to = {support},
         .in_reply_to = "offer-1@crm.test"},
        "s1");
}

/// Method 1: what is accepted hangs on what it answers, in the same mailbox and in another one.
void fill_threads(MailHouse& h) {
  h.crm().add("contacts", {{"firstname", "Carol"}, {"lastname", "Customer"}, {"emailaddress1", carol}});
  sent_from_the_crm(h, "offer-1@crm.test");
  h.add("bob", {carol, "Start", "t1@customer.test", "Mon, 02 Mar 2026 09:00:00 +0000", {bob}}, "b1");
  h.add("alice",
        {.from = carol,
         .subject = "Re: Re: Start",
         .message_id = "t3@customer.test",
         .date = "Mon, 02 Mar 2026 11:00:00 +0000",
         .to = {alice},
         .in_reply_to = "t2@customer.test"},
        "a1");
  h.add("alice",
        {.from = carol,
         .subject = "Re: Start",
         .message_id = "t2@customer.test",
         .date = "Mon, 02 Mar 2026 10:00:00 +0000",
         .to = {alice},
         .in_reply_to = "t1@customer.test"},
        "a2");
  h.add("alice", {carol, "Nothing to do with it", "other@customer.test", "Mon, 02 Mar 2026 12:00:00 +0000", {alice}},
        "a3");
  h.add("support",
        {.from = carol,
         .subject = "Re: Offer",
         .message_id = "t5@customer.test",
         .date = "Mon, 02 Mar 2026 08:00:00 +0000",
         .to = {support},
         .in_reply_to = "offer-1@crm.test"},
        "s1");
}

struct Scenario {
  MailSetup setup{};
  std::function<void(MailHouse&)> fill{};
  std::function<void(MailHouse&)> event = [](MailHouse&) {};  ///< between the kill and the second run
};

using Mails = std::map<std::string, std::string>;

std::string shown(const Mails& mails) {
  std::string out;
  for (const auto& [key, line] : mails) out += "    " + key + ": " + line + "\n";
  return out;
}

/// An address that more than one contact has; empty: none.
std::string made_twice(MailHouse& h) {
  std::set<std::string> seen;
  for (const auto& row : h.crm().rows("contacts"))
    if (std::string address = MailHouse::text(row, "emailaddress1"); !seen.insert(address).second) return address;
  return {};
}

/// What a run without a kill leaves in the CRM, and how many steps it takes.
std::pair<Mails, long> unkilled(const Scenario& s) {
  MailHouse h(s.setup);
  s.fill(h);
  const std::string log = (h.folder() / "steps").string();
  const Ended end = h.sync({.environment = {{"SYNCLINE_STEP_LOG", log}}});
  EXPECT_EQ(end.code, 0) << end.output;
  EXPECT_EQ(h.leftovers(), "");
  std::ifstream in(log);
  const long steps = static_cast<long>(std::count(std::istreambuf_iterator<char>(in), {}, '\n'));
  return {h.mails(), steps};
}

/// Killed at step n, then the event, then run to the end: `judge` says what is wrong with the CRM's mails.
std::string killed(const Scenario& s, long n, const std::function<std::string(MailHouse&, const Mails&)>& judge) {
  MailHouse h(s.setup);
  s.fill(h);
  const Ended first = h.sync({.die = n});
  if (first.code != 99 && first.code != 0)  // 0: a walk that saw a create of this very second took a step less
    return "the first run ended with " + std::to_string(first.code) + "\n" + first.output;
  s.event(h);
  const Ended second = h.sync();
  if (second.code != 0) return "the second run ended with " + std::to_string(second.code) + "\n" + second.output;
  if (const std::string twice = made_twice(h); !twice.empty()) return "several contacts of " + twice;
  if (const std::string wrong = judge(h, h.mails()); !wrong.empty()) return wrong + "\n" + second.output;
  if (const std::string files = h.leftovers(); !files.empty()) return "files are left over:\n" + files;
  h.crm().clear_log();
  if (const Ended third = h.sync(); third.code != 0)
    return "the third run ended with " + std::to_string(third.code) + "\n" + third.output;
  if (const std::string writes = h.writes(); !writes.empty()) return "the third run wrote:\n" + writes;
  const std::string before = h.rows();
  if (const Ended fourth = h.sync(); fourth.code != 0)
    return "the fourth run ended with " + std::to_string(fourth.code) + "\n" + fourth.output;
  if (h.rows() != before) return "the fourth run changed a row; before:\n" + before + "after:\n" + h.rows();
  return {};
}

std::function<std::string(MailHouse&, const Mails&)> equals(const Mails& wanted) {
  return [wanted](MailHouse&, const Mails& got) {
    return got == wanted ? std::string() : "the CRM holds\n" + shown(got) + "  instead of\n" + shown(wanted);
  };
}

TEST(MailKilled, at_every_step_ends_as_if_it_had_not_been) {
  const Scenario s{{}, fill};
  const auto [wanted, steps] = unkilled(s);
  ASSERT_EQ(wanted.size(), 6u) << shown(wanted);
  EXPECT_THAT(wanted.at("<m2@customer.test>"), ::testing::HasSubstr("attachment photo.bin"));
  EXPECT_THAT(wanted.at("<m5@customer.test>"), ::testing::HasSubstr("regarding accounts:Customer Ltd"));
  EXPECT_THAT(wanted.at("<m3@elsewhere.test>"), ::testing::HasSubstr("contacts:dave@elsewhere.test"));  // made for it
  ASSERT_GT(steps, 15);
  RecordProperty("steps", static_cast<int>(steps));
  EXPECT_EQ(in_parallel(steps, 1, [&](long n) { return killed(s, n, equals(wanted)); }), "");
}

TEST(MailKilled, and_a_person_deletes_a_mail_that_was_just_made) {
  for (const char* which : {"m1@customer.test", "m2@customer.test"}) {
    const Scenario plain{{}, fill};
    const auto [all, steps] = unkilled(plain);
    const Mails wanted = all;
    std::atomic<int> deletions{0};
    EXPECT_EQ(in_parallel(steps, 7,
                          [&](long n) {
                            Scenario s = plain;
                            bool deleted = false;
                            s.event = [&](MailHouse& h) {
                              const std::string id = h.crm_id(which);
                              if (id.empty()) return;
                              h.crm().remove("emails", id);
                              deleted = true;
                              ++deletions;
                            };
                            return killed(s, n, [&](MailHouse& h, const Mails& got) {
                              Mails expected = wanted, found = got;
                              if (deleted) {  // what answers it may have been made before or after
                                expected.erase("<" + std::string(which) + ">");
                                const std::string answers = "; answers email:<" + std::string(which) + "> by 3";
                                for (Mails* m : {&expected, &found})
                                  for (auto& [key, line] : *m)
                                    for (const std::string& text : {answers, std::string("; answers  by 3")})
                                      if (const auto at = line.find(text); at != std::string::npos)
                                        line.erase(at, text.size());
                              }
                              return equals(expected)(h, found);
                            });
                          }),
              "")
        << which;
    EXPECT_GT(deletions, 1);
  }
}

TEST(MailKilled, and_a_mail_vanishes_from_the_mailbox) {
  const Scenario plain{{}, fill};
  const auto [all, steps] = unkilled(plain);
  const Mails wanted = all;
  const std::string key = "<m2@customer.test>";
  std::atomic<int> whole{0}, partial{0}, absent{0};
  const auto judge = [&](MailHouse&, const Mails& got) -> std::string {
    Mails rest = wanted, others = got;
    rest.erase(key);
    others.erase(key);
    if (others != rest) return "the CRM holds\n" + shown(got);
    const auto it = got.find(key);
    if (it == got.end()) {
      ++absent;
    } else if (it->second == wanted.at(key)) {
      ++whole;
    } else if (it->second.find("state 1/4 notifications 1 ") != std::string::npos) {
      ++partial;
    } else {
      return "neither whole nor finished without its parts: " + it->second;
    }
    return {};
  };
  EXPECT_EQ(in_parallel(steps, 3,
                        [&](long n) {
                          Scenario s = plain;
                          const bool spool_too = n % 2 == 1;
                          s.event = [spool_too](MailHouse& h) {
                            h.pop3().remove("alice", "a2");
                            if (spool_too) fs::remove_all(h.folder() / "spool");
                          };
                          return killed(s, n, judge);
                        }),
            "");
  EXPECT_GT(whole, 0);
  EXPECT_GT(partial, 0);
  EXPECT_GT(absent, 0);
}

TEST(MailKilled, and_the_recovery_is_killed_as_well) {
  const Scenario plain{{}, fill};
  const auto [all, steps] = unkilled(plain);
  const Mails wanted = all;
  EXPECT_EQ(in_parallel(steps, 4,
                        [&](long n) {
                          Scenario s = plain;
                          s.event = [n](MailHouse& h) {
                            h.sync({.die = 1 + n % 11});
                            h.sync({.die = 1 + n % 7});
                          };
                          return killed(s, n, equals(wanted));
                        }),
            "");
}

TEST(MailKilled, and_which_pair_ran_first_makes_no_difference) {
  std::vector<Mails> ends;
  for (const auto& order : {std::vector<std::string>{"alice", "bob", "support"},
                            {"bob", "alice", "support"},
                            {"support", "alice", "bob"}}) {
    Scenario s{{.order = order, .method = {{"alice", 1}, {"bob", 0}, {"support", 1}}}, fill_threads};
    const auto [wanted, steps] = unkilled(s);
    ends.push_back(wanted);
    EXPECT_EQ(wanted.size(), 5u) << shown(wanted);
    EXPECT_FALSE(wanted.contains("<other@customer.test>"));
    EXPECT_EQ(wanted, ends.front()) << shown(wanted) << "  instead of\n" << shown(ends.front());
    EXPECT_EQ(in_parallel(steps, 9, [&](long n) { return killed(s, n, equals(ends.front())); }), "") << order.front();
  }
}

}  // namespace
}  // namespace syncline::test
