// Whole mails: their MIME text through the file and the spool.
#include "mail_reader.hpp"
#include "syncline/formats/base64.hpp"
#include "test_ews.hpp"

#include <fstream>
#include <sstream>

namespace syncline::exchange::test {
namespace {

using ::testing::HasSubstr;

const std::string kMime =
    "Message-ID: <m1@contoso.test>\r\nFrom: Ann <ann@contoso.test>\r\nTo: ben@contoso.test\r\nSubject: Offer\r\n"
    "Date: Thu, 01 Jan 2026 08:00:00 +0000\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
    "Hello, world\r\n";

std::string message(const std::string& mime, const std::string& folder = "folder-inbox", std::size_t size = 300) {
  return "<t:Message>" + (mime.empty() ? mime : "<t:MimeContent CharacterSet=\"UTF-8\">" + mime + "</t:MimeContent>") +
         item_id_xml("m", "k1") + "<t:ParentFolderId Id=\"" + folder +
         "\"/><t:ItemClass>IPM.Note</t:ItemClass><t:Subject>Offer</t:Subject><t:Size>" + std::to_string(size) +
         "</t:Size><t:InternetMessageId>&lt;m1@contoso.test&gt;</t:InternetMessageId></t:Message>";
}

class Mails : public EwsTest {
 protected:
  /// A head, and then the answer with the MIME text.
  void mail(const std::string& with_mime, const std::string& folder = "folder-inbox", std::size_t size = 300) {
    ews.on("GetItem", answer("GetItem", good("GetItem", items(message({}, folder, size)))));
    ews.on("GetItem", answer("GetItem", good("GetItem", items(with_mime))));
  }
};

TEST_F(Mails, AWholeMailComesFromItsMimeText) {
  mail(message(formats::base64_encode(kMime)));
  const Item item = fetch({"m"}, "email").front();
  EXPECT_FALSE(item.head());
  EXPECT_EQ(item.version, "k1");
  const json::object doc = json::parse(item.doc).as_object();
  EXPECT_EQ(doc.at("direction"), "incoming");
  EXPECT_EQ(doc.at("subject"), "Offer");
  EXPECT_THAT(host.read_blob(std::string(doc.at("body").at("blob").as_string())), HasSubstr("Hello, world"));
}

TEST_F(Mails, TheFolderSaysTheDirection) {
  mail(message(formats::base64_encode(kMime), "folder-sentitems"), "folder-sentitems");
  EXPECT_EQ(json::parse(fetch({"m"}, "email").front().doc).at("direction"), "outgoing");
}

TEST_F(Mails, AHeadAsksForNoMimeText) {
  ews.on("GetItem", answer("GetItem", good("GetItem", items(message({})))));
  const Item item = fetch({"m"}, "email", SY_HEAD).front();
  EXPECT_TRUE(item.head());
  EXPECT_EQ(json::parse(item.doc).at("message_id"), "m1@contoso.test");
  EXPECT_EQ(ews.asked("GetItem").size(), 1u);
}

TEST_F(Mails, ALargerMailThanIsWantedIsNotRead) {
  config["max_message_size"] = 1000;
  mail(message(formats::base64_encode(kMime)), "folder-inbox", 5000);
  const Item item = fetch({"m"}, "email").front();
  EXPECT_TRUE(item.head());
  EXPECT_EQ(json::parse(item.doc).at("oversize"), true);
  EXPECT_EQ(ews.asked("GetItem").size(), 1u);
}

TEST_F(Mails, ASizeThatWasUnderstatedIsNoticedOnTheWay) {
  config["max_message_size"] = 1000;
  mail(message(formats::base64_encode(kMime + std::string(2000, 'x'))));
  EXPECT_EQ(json::parse(fetch({"m"}, "email").front().doc).at("oversize"), true);
}

TEST_F(Mails, WhatTheServerCannotConvertSaysWhyAndIsNotEmpty) {
  ews.on("GetItem", answer("GetItem", good("GetItem", items(message({})))));
  ews.on("GetItem", answer("GetItem", bad("GetItem", "ErrorContentConversionFailed")));
  const Item item = fetch({"m"}, "email").front();
  EXPECT_TRUE(item.head());
  EXPECT_THAT(std::string(json::parse(item.doc).at("unreadable").as_string()),
              HasSubstr("ErrorContentConversionFailed"));
}

TEST_F(Mails, AMailIsReadWholeAfterAPauseInBetween) {
  ews.on("GetItem", answer("GetItem", good("GetItem", items(message({})))));
  ews.on("GetItem", answer("GetItem", bad("GetItem", "ErrorServerBusy", back_off("20"))));
  ews.on("GetItem", answer("GetItem", good("GetItem", items(message(formats::base64_encode(kMime))))));
  const json::object doc = json::parse(fetch({"m"}, "email").front().doc).as_object();
  EXPECT_EQ(host.read_blob(std::string(doc.at("body").at("blob").as_string())), "Hello, world\r\n");
}

TEST_F(Mails, AMailThatGoesBetweenHeadAndBodyIsGone) {
  ews.on("GetItem", answer("GetItem", good("GetItem", items(message({})))));
  ews.on("GetItem", answer("GetItem", bad("GetItem", "ErrorItemNotFound")));
  EXPECT_TRUE(fetch({"m"}, "email").front().gone());
}

TEST_F(Mails, AnAnswerThatIsCutOffWithinTheMimeTextIsTriedLater) {
  ews.on("GetItem", answer("GetItem", good("GetItem", items(message({})))));
  const std::string whole = answer("GetItem", good("GetItem", items(message(formats::base64_encode(kMime))))).body;
  ews.on("GetItem", Reply{200, whole.substr(0, whole.find("</t:MimeContent>") - 20)});
  try {
    fetch({"m"}, "email");
    ADD_FAILURE() << "half a mail is no mail";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), SY_RETRY);
  }
}

std::string content_of(const formats::RawMessage& raw) {
  return std::string(std::get<formats::MailBytes>(raw.source()).bytes);
}

TEST(MimeFilter, PiecesMayEndAnywhere) {
  std::string base64 = formats::base64_encode(kMime);
  base64.insert(40, "&#xD;\n");  // .NET writes line ends so
  const std::string xml =
      "<a MimeContent=\"x\"><MimeContents>AAAA</MimeContents><t:MimeContent CharacterSet=\"UTF-8\">" + base64 +
      "</t:MimeContent><b>MimeContent &lt;</b></a>";
  const std::string left =
      "<a MimeContent=\"x\"><MimeContents>AAAA</MimeContents><t:MimeContent CharacterSet=\"UTF-8\"></t:MimeContent><b>"
      "MimeContent &lt;</b></a>";
  for (std::size_t n = 1; n <= xml.size(); ++n) {
    formats::RawMessage raw;
    MimeFilter filter(raw, 100'000);
    std::string rest;
    filter.begin();
    for (std::size_t at = 0; at < xml.size(); at += n) filter.piece(std::string_view(xml).substr(at, n), rest);
    ASSERT_EQ(rest, left) << n;
    ASSERT_EQ(content_of(raw), kMime) << n;
    ASSERT_TRUE(filter.complete());
  }
}

TEST(MimeFilter, AnEmptyElementIsNoMail) {
  formats::RawMessage raw;
  MimeFilter filter(raw, 100);
  std::string rest;
  filter.begin();
  filter.piece("<a><MimeContent/><b>x</b></a>", rest);
  EXPECT_FALSE(filter.found());
  EXPECT_EQ(rest, "<a><MimeContent/><b>x</b></a>");
}

}  // namespace
}  // namespace syncline::exchange::test
