#include "mail.hpp"

#include <Poco/Net/MailMessage.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <sstream>

#include "dataverse.hpp"
#include "encode.hpp"
#include "mime_writer.hpp"

namespace syncline::sandbox {
namespace {

std::string head(const Mail& mail) { return mail.bytes.substr(0, mail.bytes.find("\r\n\r\n") + 2); }

TEST(MailTest, TheSameSeedGivesTheSameMail) {
  const auto one = generate({.seed = 7, .count = 40});
  const auto two = generate({.seed = 7, .count = 40});
  const auto other = generate({.seed = 8, .count = 40});
  ASSERT_EQ(one.size(), two.size());
  for (std::size_t i = 0; i < one.size(); ++i) EXPECT_EQ(one[i].bytes, two[i].bytes);
  EXPECT_NE(one[0].bytes, other[0].bytes);
}

TEST(MailTest, EverySortOccursFromTwelveOn) {
  for (const std::uint64_t seed : {1U, 2U, 3U, 99U}) {
    const auto mails = generate({.seed = seed, .count = 12});
    const auto some = [&](auto&& test) { return std::any_of(mails.begin(), mails.end(), test); };
    EXPECT_TRUE(some(
        [](const Mail& m) { return !m.in_reply_to.empty() && head(m).find("References: <") != std::string::npos; }));
    EXPECT_TRUE(some([](const Mail& m) { return m.bytes.find("multipart/alternative") != std::string::npos; }));
    EXPECT_TRUE(some([](const Mail& m) {
      return m.attachments > 0 && m.bytes.find("Content-Disposition: attachment") != std::string::npos;
    }));
    EXPECT_TRUE(some([](const Mail& m) { return head(m).find("Subject: =?utf-8?") != std::string::npos; }));
    EXPECT_TRUE(
        some([](const Mail& m) { return head(m).find("Content-Transfer-Encoding: 8bit") != std::string::npos; }));
    EXPECT_TRUE(
        some([](const Mail& m) { return m.message_id.empty() && head(m).find("Message-ID") == std::string::npos; }));
    std::map<std::string, std::set<std::string>> boxes;
    for (const auto& mail : mails) {
      if (!mail.message_id.empty()) boxes[mail.message_id].insert(mail.mailbox);
    }
    EXPECT_TRUE(std::any_of(boxes.begin(), boxes.end(), [](const auto& one) { return one.second.size() == 2; }));
  }
}

TEST(MailTest, MessagesAreWellFormedAndInOrder) {
  std::string last;
  std::set<std::string> months;
  for (const auto& mail : generate({.seed = 5, .count = 200})) {
    EXPECT_GE(mail.date, last);
    last = mail.date;
    EXPECT_TRUE(mail.date.starts_with("2026-"));
    months.insert(mail.date.substr(0, 7));
    for (std::size_t at = mail.bytes.find('\n'); at != std::string::npos; at = mail.bytes.find('\n', at + 1))
      ASSERT_EQ(mail.bytes[at - 1], '\r');
    std::size_t start = 0;
    for (std::size_t end = mail.bytes.find("\r\n"); end != std::string::npos;
         start = end + 2, end = mail.bytes.find("\r\n", start))
      ASSERT_LE(end - start, 998U);
    const std::string headers = head(mail);
    EXPECT_EQ(
        std::count_if(headers.begin(), headers.end(), [](char c) { return static_cast<unsigned char>(c) > 0x7f; }), 0);
    for (const char* name :
         {"Received: from", "\r\nFrom: ", "\r\nTo: ", "\r\nDate: ", "\r\nMIME-Version: 1.0", "\r\nContent-Type: "})
      EXPECT_NE(headers.find(name), std::string::npos) << name;
  }
  EXPECT_EQ(months.size(), 12U);
}

TEST(MailTest, AnotherReaderUnderstandsThem) {
  for (const auto& mail : generate({.seed = 11, .count = 40})) {
    std::istringstream in(mail.bytes);
    Poco::Net::MailMessage message;
    message.read(in);
    EXPECT_EQ(Poco::Net::MailMessage::decodeWord(message.getSubject(), "utf-8").empty(), mail.subject.empty());
    EXPECT_NE(message.getSender().find(mail.from), std::string::npos);
    if (mail.attachments > 0) {
      EXPECT_TRUE(message.isMultipart());
    }
  }
}

TEST(MailTest, EncodingsFollowTheirStandards) {
  EXPECT_EQ(encoded_word("plain", true), "plain");
  EXPECT_EQ(encoded_word("Grüße", false), "=?utf-8?Q?Gr=C3=BC=C3=9Fe?=");
  EXPECT_EQ(encoded_word("Grüße", true), "=?utf-8?B?R3LDvMOfZQ==?=");
  EXPECT_EQ(encoded_word("ääääääääää", false).find("=C3?="), std::string::npos) << "no character is cut in two";
  EXPECT_EQ(quoted_printable("a=b \nü"), "a=3Db=20\r\n=C3=BC");
  for (const auto& text : {quoted_printable(std::string(200, 'x')), wrapped_base64(std::string(200, 'x'))}) {
    for (std::size_t start = 0, end = text.find("\r\n"); end != std::string::npos;
         start = end + 2, end = text.find("\r\n", start))
      EXPECT_LE(end - start, 76U);
  }
  EXPECT_EQ(latin1("Grüße €"),
            "Gr\xFC\xDF"
            "e ?");
}

TEST(MailTest, CustomersArePartlyInTheCrm) {
  Dataverse crm;
  const auto people = customers(3);
  add_customers(crm, people);
  const auto known =
      static_cast<std::size_t>(std::count_if(people.begin(), people.end(), [](const Person& p) { return p.in_crm; }));
  EXPECT_GT(known, 0U);
  EXPECT_LT(known, people.size());
  EXPECT_EQ(crm.count("contacts"), known);
  for (const auto& contact : crm.rows("contacts")) EXPECT_FALSE(contact.at("_parentcustomerid_value").is_null());
}

TEST(EncodeTest, KnownValues) {
  EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(from_base64("Zm9vYg==").value(), "foob");
  EXPECT_FALSE(from_base64("Zm9vYg="));
  EXPECT_FALSE(from_base64("Zm9v!mFy"));
  EXPECT_EQ(guid("{0F8FAD5B-D9CB-469F-A165-70867728950E}").value(), "0f8fad5b-d9cb-469f-a165-70867728950e");
  EXPECT_FALSE(guid("0f8fad5b-d9cb-469f-a165-70867728950"));
  EXPECT_EQ(date_time("2026-03-01T10:00:00+02:00").value(), "2026-03-01T08:00:00Z");
  EXPECT_FALSE(date_time("yesterday"));
}

}  // namespace
}  // namespace syncline::sandbox
