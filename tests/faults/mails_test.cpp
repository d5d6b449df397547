// Mails that are hardly mails: whatever is made of them, the others arrive, nothing is doubled and each one is
// explained.
#include "faults.hpp"

namespace syncline::test {
namespace {

struct Odd {
  const char* name;
  std::string bytes;
  const char* subject;  ///< in the CRM; null: it may also be refused or put aside, but it is explained
};

class OddMail : public FaultsTest, public ::testing::WithParamInterface<Odd> {};

TEST_P(OddMail, leaves_the_others_alone_and_is_explained) {
  MailSetup s = quiet_setup();
  s.order = {"alice"};
  MailHouse h(s);
  h.add("alice", letter("alice", "before@x.test"), "before");
  h.pop3().add("alice", GetParam().bytes, "odd");
  h.add("alice", letter("alice", "after@x.test"), "after");
  const Ended end = sync(h);
  EXPECT_THAT(end.code, ::testing::AnyOf(0, 1, 75)) << end.output;
  const auto mails = h.mails();
  EXPECT_TRUE(mails.contains("<before@x.test>"));
  EXPECT_TRUE(mails.contains("<after@x.test>"));
  if (GetParam().subject != nullptr) {
    EXPECT_EQ(end.code, 0) << end.output;
    ASSERT_EQ(mails.size(), 3u);
    EXPECT_TRUE(std::any_of(mails.begin(), mails.end(), [](const auto& m) {
      return m.second.starts_with(std::string(GetParam().subject) + " state 1/4");
    }));
  }
  const Ended explained = run(h, {"explain", "odd"});
  EXPECT_EQ(explained.code, 0) << explained.output;
  EXPECT_THAT(explained.output, ::testing::AnyOf(HasSubstr("linked"), HasSubstr("refused"), HasSubstr("quarantined"),
                                                 HasSubstr("waits by sender: ")));
  h.crm().clear_log();
  sync(h);
  EXPECT_EQ(h.writes(), "");
  EXPECT_EQ(h.mails(), mails);
  EXPECT_EQ(h.leftovers(), "");
}

const std::string head =
    "From: carol@customer.test\r\nTo: alice@contoso.test\r\nDate: Mon, 02 Mar 2026 09:00:00 +0100\r\n";

INSTANTIATE_TEST_SUITE_P(
    Faults, OddMail,
    ::testing::Values(
        Odd{"without_headers", "\r\nonly a body\r\n", nullptr}, Odd{"empty", "\r\n", nullptr},
        Odd{"without_from", "Subject: who\r\nDate: Mon, 02 Mar 2026 09:00:00 +0100\r\n\r\nhi\r\n", nullptr},
        Odd{"without_message_id", head + "Subject: no id\r\n\r\nhi\r\n", "no id"},
        Odd{"without_body", head + "Message-ID: <odd@x.test>\r\nSubject: nothing\r\n\r\n", "nothing"},
        Odd{"eight_bit_without_charset",
            head + "Message-ID: <odd@x.test>\r\nSubject: plain\r\n\r\nGr\xfc\xdf"
                   "e aus K\xf6ln\r\n",
            "plain"},
        Odd{"eight_bit_headers",
            head + "Message-ID: <odd@x.test>\r\nSubject: Gr\xc3\xbc\xc3\x9f"
                   "e\r\n\r\nhi\r\n",
            "Gr\xc3\xbc\xc3\x9f"
            "e"},
        Odd{"nul_bytes", head + "Message-ID: <odd@x.test>\r\nSubject: zero\r\n\r\na" + std::string(1, '\0') + "b\r\n",
            "zero"},
        Odd{"boundary_that_never_comes",
            head + "Message-ID: <odd@x.test>\r\nSubject: cut\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; "
                   "boundary=x\r\n\r\nno part at all\r\n",
            "cut"},
        Odd{"attachment_cut_off",
            head + "Message-ID: <odd@x.test>\r\nSubject: half\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; "
                   "boundary=x\r\n\r\n--x\r\n\r\ntext\r\n--x\r\nContent-Type: application/pdf; name=a.pdf\r\n"
                   "Content-Transfer-Encoding: base64\r\n\r\nJVBERi0xL!!!\r\n",
            "half"},
        Odd{"unknown_charset",
            head + "Message-ID: <odd@x.test>\r\nSubject: =?x-no-such?B?/////w==?= tail\r\nContent-Type: text/plain; "
                   "charset=x-no-such\r\n\r\nhi\r\n",
            nullptr},
        Odd{"a_date_that_is_none",
            "From: carol@customer.test\r\nTo: alice@contoso.test\r\nDate: yesterday\r\nMessage-ID: "
            "<odd@x.test>\r\nSubject: when\r\n\r\nhi\r\n",
            nullptr},
        Odd{"very_deep",
            [] {
              std::string out = head + "Message-ID: <odd@x.test>\r\nSubject: deep\r\nMIME-Version: 1.0\r\n";
              for (int i = 0; i < 300; ++i)
                out += "Content-Type: multipart/mixed; boundary=b" + std::to_string(i) + "\r\n\r\n--b" +
                       std::to_string(i) + "\r\n";
              return out + "\r\nend\r\n";
            }(),
            nullptr}),
    [](const auto& p) { return p.param.name; });

TEST_F(FaultsTest, the_same_mail_without_message_id_in_two_mailboxes_is_one) {
  auto h = house();
  const Letter fax{
      "fax@machine.test", "Scan 17", "", "Wed, 04 Mar 2026 08:00:00 +0000", {"alice@contoso.test", "bob@contoso.test"}};
  h->add("alice", fax, "a2");
  h->add("bob", fax, "b2");
  const Ended end = sync(*h);
  EXPECT_EQ(end.code, 0) << end.output;
  std::size_t times = 0;
  for (const auto& [key, line] : h->mails()) times += key.starts_with("Scan 17") ? 1u : 0u;
  EXPECT_EQ(times, 1u);
}

}  // namespace
}  // namespace syncline::test
