// Mail of a mailbox with folders.
#include "exchange_house.hpp"

namespace syncline::test {
namespace {

Letter letter(const std::string& id, const std::string& from = "carol@customer.test",
              const std::string& subject = "Offer") {
  return {from, subject, id, "Mon, 02 Mar 2026 09:00:00 +0100", {alice}};
}

ExchangeSetup mailbox(std::string defaults = "email.method = 0\n", std::string folders = {}) {
  ExchangeSetup out;
  out.defaults = std::move(defaults);
  out.entities = R"(["email"])";
  out.mailbox = std::move(folders);
  return out;
}

TEST(ExchangeMail, TRK_08) {
  ExchangeHouse h(mailbox());
  const std::string item = h.mail(letter("m1@customer.test"));
  h.settle();
  const std::string id = h.text(h.only("emails"), "activityid");
  h.crm().edit("emails", id, {{"statecode", 0}, {"statuscode", 1}});
  h.crm().edit("emails", id, {{"subject", "Another subject"}});
  h.clear_logs();
  h.settle();
  EXPECT_THAT(h.writes(), IsEmpty());
  EXPECT_EQ(h.element(item, "Subject"), "Offer");
}

TEST(ExchangeMail, DMB_01) {
  ExchangeHouse h(mailbox());
  const std::string item = h.mail(letter("m1@customer.test"));
  h.settle();
  ASSERT_THAT(h.rows("emails"), SizeIs(1));
  h.exchange().remove(alice, item);
  h.settle();
  h.settle(std::chrono::hours(25));
  EXPECT_THAT(h.rows("emails"), SizeIs(1));
}

TEST(ExchangeMail, DCR_01) {
  ExchangeHouse h(mailbox());
  const std::string item = h.mail(letter("m1@customer.test"));
  h.settle();
  h.crm().remove("emails", h.text(h.only("emails"), "activityid"));
  h.settle();
  h.settle(std::chrono::hours(25));
  EXPECT_THAT(h.in("inbox"), ElementsAre(item));
  EXPECT_THAT(h.rows("emails"), IsEmpty()) << "nor is it made anew";
}

TEST(ExchangeMail, EML_11) {
  ExchangeHouse h(mailbox());
  const std::string folder = h.exchange().add_folder(alice, "inbox", "Projects", "IPF.Note");
  h.exchange().deliver(alice, letter("m1@customer.test").text(), folder);
  h.mail(letter("m2@customer.test"));
  h.settle();
  EXPECT_EQ(h.text(h.only("emails"), "messageid"), "<m2@customer.test>");
}

Letter old_letter() {
  Letter out = letter("m1@customer.test");
  out.date = "Mon, 03 Nov 2025 09:00:00 +0100";
  return out;
}

TEST(ExchangeMail, EML_12) {
  ExchangeHouse h(mailbox());
  h.settle();
  const std::string folder = h.exchange().add_folder(alice, "inbox", "Old", "IPF.Note");
  const std::string item = h.exchange().deliver(alice, old_letter().text(), folder);
  h.exchange().stamp(alice, item, "2025-11-03T08:00:00Z");
  const std::string moved = h.exchange().move(alice, item, "inbox");
  h.settle();
  EXPECT_THAT(h.rows("emails"), IsEmpty());
  EXPECT_EQ(h.reason(moved), "received_before");
}

TEST(ExchangeMail, EML_13) {
  ExchangeHouse h(mailbox());
  const std::string item = h.mail(old_letter());
  h.exchange().stamp(alice, item, "2025-11-03T08:00:00Z");
  h.settle();
  EXPECT_THAT(h.rows("emails"), IsEmpty());
  h.setup().received_after = "2025-01-01T00:00:00Z";
  h.write();
  h.settle();
  EXPECT_THAT(h.rows("emails"), SizeIs(1));
}

TEST(ExchangeMail, EML_21) {
  ExchangeSetup setup = mailbox("email.method = 0\n", ", folders = [\"inbox\", \"sentitems\"]");
  setup.second = true;  // bob too
  ExchangeHouse h(setup);
  Letter l = letter("m1@contoso.test", alice);
  l.to = {"bob@contoso.test"};
  h.exchange().deliver("bob@contoso.test", l.text());
  h.mail(l, "sentitems");
  h.settle();
  const auto rows = h.rows("emails");
  ASSERT_THAT(rows, SizeIs(2));
  EXPECT_NE(h.text(rows[0], "directioncode"), h.text(rows[1], "directioncode"));
  EXPECT_EQ(h.text(rows[0], "messageid"), h.text(rows[1], "messageid"));
  h.expect_quiet();
}

TEST(ExchangeMail, CON_19) {
  ExchangeSetup setup = mailbox("email.incoming = \"none\"\ntrack.contact = \"all\"\n");
  setup.entities = R"(["contact", "email"])";
  ExchangeHouse h(setup);
  h.mail(letter("m1@customer.test"));
  h.contact("Lee");
  h.settle();
  EXPECT_THAT(h.rows("emails"), IsEmpty());
  EXPECT_THAT(h.rows("contacts"), SizeIs(1));
}

}  // namespace
}  // namespace syncline::test
