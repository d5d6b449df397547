// faults.hpp: what the tests here share: a house with one mail in each mailbox, and the program's answer to it.
#pragma once

#include <gmock/gmock.h>

#include "tests/crash/mail_house.hpp"

namespace syncline::test {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

inline const std::string quiet = "[log]\nlevel = \"error\"\n";

inline Letter letter(const std::string& to, const std::string& id, const std::string& subject = "Question") {
  return {"carol@customer.test", subject, id, "Mon, 02 Mar 2026 09:00:00 +0100", {MailHouse::address(to)}};
}

class FaultsTest : public ::testing::Test {
 protected:
  static MailSetup quiet_setup() {
    MailSetup s;
    s.top = quiet;
    return s;
  }
  /// A house whose mailboxes hold one mail each: a@x.test, b@x.test, s@x.test.
  static std::unique_ptr<MailHouse> house(MailSetup setup = quiet_setup()) {
    auto h = std::make_unique<MailHouse>(std::move(setup));
    h->add("alice", letter("alice", "a@x.test"), "a1");
    h->add("bob", letter("bob", "b@x.test"), "b1");
    h->add("support", letter("support", "s@x.test"), "s1");
    return h;
  }
  static Ended sync(MailHouse& h, Child how = {}) {
    how.program = "syncline";
    return h.sync(how);
  }
  static Ended run(MailHouse& h, const std::vector<std::string>& args) { return h.run(args, {.program = "syncline"}); }
  /// The CRM's mails by Message-ID; those without one by subject.
  static std::vector<std::string> in_crm(MailHouse& h) {
    std::vector<std::string> out;
    for (const auto& [key, line] : h.mails()) {
      EXPECT_THAT(line, ::testing::AnyOf(HasSubstr("state 1/4"), HasSubstr("state 1/3"))) << key << " is a draft";
      out.push_back(key);
    }
    return out;
  }
  /// The lines of an output that hold a text.
  static std::vector<std::string> lines(const std::string& output, const std::string& part) {
    std::vector<std::string> out;
    std::istringstream in(output);
    for (std::string line; std::getline(in, line);)
      if (line.find(part) != std::string::npos) out.push_back(line);
    return out;
  }
  /// Once the cause is gone: everything is there once, and a further run writes nothing.
  static void expect_settles(MailHouse& h, const std::vector<std::string>& keys) {
    const Ended healed = sync(h);
    EXPECT_EQ(healed.code, 0) << healed.output;
    EXPECT_THAT(in_crm(h), ::testing::UnorderedElementsAreArray(keys));
    h.crm().clear_log();
    EXPECT_EQ(sync(h).code, 0);
    EXPECT_EQ(h.writes(), "");
    EXPECT_EQ(h.leftovers(), "");
  }
  inline static const std::vector<std::string> all{"<a@x.test>", "<b@x.test>", "<s@x.test>"};
};

}  // namespace syncline::test
