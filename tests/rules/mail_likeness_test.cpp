// Smart matching: a mail that has neither header nor token is like one that the CRM has. COR rows.
#include "mail_thread.hpp"

namespace syncline::test {
namespace {

constexpr const char* on = "email.smart.enabled = true\n";
constexpr const char* stranger = "dave@elsewhere.test";

TEST(Mail, COR_05) {
  Thread t(on);
  t.known("report", "Quarterly report draft");
  EXPECT_EQ(t.arrives("a1", "Quarterly Report Draft"), "6 report");
  EXPECT_EQ(t.arrives("a2", "Quarterly report final"), "");
}

TEST(Mail, COR_06) {
  Thread t(on);
  t.known("report", "Quarterly report draft");
  EXPECT_EQ(t.arrives("a1", "Quarterly report draft", {}, {}, stranger), "");
}

TEST(Mail, COR_07) {
  Thread t(on);
  t.known("report", "Quarterly report draft");
  EXPECT_EQ(t.arrives("a1", "Quarterly report draft two"), "");
  t.configure(std::string(on) + "email.smart.delta = 1\n");
  EXPECT_EQ(t.arrives("a2", "Quarterly report draft two"), "6 report");
}

TEST(Mail, COR_08) {
  Thread t(on);
  t.known("test", "Test");
  EXPECT_EQ(t.arrives("a1", "FW: RE: Test"), "6 test");
}

TEST(Mail, COR_09) {
  Thread t(on);
  t.known("test", "Test");
  EXPECT_EQ(t.arrives("a1", "Out of office: Test"), "");
}

TEST(Mail, COR_10) {
  Thread t(on);
  std::string twenty;
  for (int i = 0; i < 20; ++i) twenty += "word" + std::to_string(i) + " ";
  t.known("long", twenty + "and five more of these");
  EXPECT_EQ(t.arrives("a1", twenty + "but five others stand here"), "6 long");
}

TEST(Mail, COR_11) {
  Thread t;
  t.known("report", "Quarterly report draft");
  EXPECT_EQ(t.arrives("a1", "Quarterly report draft"), "");
}

TEST(Mail, COR_22) {
  for (const bool hidden : {true, false}) {
    Thread t;
    const std::string hide = hidden ? "compat.DisableSmartMatchingEmailHashCreation = true\n" : "";
    t.house.configure("email.method = 0\n" + hide);
    EXPECT_EQ(t.arrives("first", "Quarterly report draft"), hidden ? "1" : "0");
    t.configure(on);
    EXPECT_EQ(t.arrives("second", "Re: Quarterly report draft"), hidden ? "" : "6 <first@customer.test>");
  }
}

}  // namespace
}  // namespace syncline::test
