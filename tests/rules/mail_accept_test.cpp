// Which mail is carried: EML rows.
#include "rules_house.hpp"

namespace syncline::test {
namespace {

TEST(Mail, EML_01) {
  RulesHouse h("email.method = 0\n");
  h.deliver("alice", plain("m1@x.test").text(), "u1");
  h.settle();
  EXPECT_TRUE(h.mail("m1@x.test"));
  EXPECT_EQ(h.code("u1"), 6);
  EXPECT_EQ(h.crm().count("contacts"), 0u);
}

TEST(Mail, EML_02) {
  RulesHouse h("email.method = 1\n");
  h.deliver("alice", plain("m1@x.test").text(), "u1");
  h.settle();
  EXPECT_EQ(h.crm().count("emails"), 0u);
  EXPECT_EQ(h.reason("u1"), "no_correlation_match");
}

}  // namespace
}  // namespace syncline::test
