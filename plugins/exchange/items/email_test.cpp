// The head of a mail as Exchange knows it, and what it adds to the MIME text.
#include <gtest/gtest.h>

#include "test_items.hpp"

namespace syncline::exchange::testing {
namespace {

std::string party(const std::string& name, const std::string& address, const std::string& routing = "SMTP") {
  const auto part = [](const std::string& tag, const std::string& text) {
    return text.empty() ? std::string() : "<t:" + tag + ">" + text + "</t:" + tag + ">";
  };
  return "<t:Mailbox>" + part("Name", name) + part("EmailAddress", address) + part("RoutingType", routing) +
         "<t:MailboxType>Mailbox</t:MailboxType></t:Mailbox>";
}

json::object head(const std::string& content, const ReadContext& context = {}) {
  return read_text(element("Message", content), "email", context).document;
}

TEST(ExchangeEmail, the_head_has_what_the_rules_need) {
  ReadContext outgoing;
  outgoing.direction = "outgoing";
  const std::string content =
      "<t:ItemClass>IPM.Note</t:ItemClass><t:Subject>Re: Offer\r\n &#x1;2</t:Subject>"
      "<t:DateTimeReceived>2026-01-05T09:00:01Z</t:DateTimeReceived><t:Size>4711</t:Size>"
      "<t:Importance>High</t:Importance><t:InReplyTo>&lt;first@b.example&gt;</t:InReplyTo>"
      "<t:DateTimeSent>2026-01-05T10:00:00+01:00</t:DateTimeSent>"
      "<t:Sender>" +
      party("Ann", "ann@a.example") + "</t:Sender><t:ToRecipients>" + party("Bob", "bob@b.example") +
      party("", "Carol@b.example") + "</t:ToRecipients><t:CcRecipients>" + party("Dan", "dan@b.example") +
      "</t:CcRecipients><t:BccRecipients>" + party("Eve", "eve@b.example") +
      "</t:BccRecipients><t:ConversationIndex>AQHZ\r\nabc=</t:ConversationIndex><t:From>" +
      party("Ann", "ANN@a.example") +
      "</t:From><t:InternetMessageId> &lt;m1@a.example&gt; </t:InternetMessageId>"
      "<t:References>&lt;first@b.example&gt;\r\n &lt;second@b.example&gt;</t:References>";
  EXPECT_EQ(head(content, outgoing), object(R"({
    "direction": "outgoing", "message_id": "m1@a.example", "in_reply_to": "first@b.example",
    "references": ["first@b.example", "second@b.example"], "conversation_index": "AQHZabc=",
    "subject": "Re: Offer  2", "date": "2026-01-05T09:00:00.000Z", "received": "2026-01-05T09:00:01.000Z",
    "from": {"address": "ANN@a.example", "name": "Ann"},
    "to": [{"address": "bob@b.example", "name": "Bob"}, {"address": "Carol@b.example"}],
    "cc": [{"address": "dan@b.example", "name": "Dan"}], "bcc": [{"address": "eve@b.example", "name": "Eve"}],
    "importance": "high", "size": 4711})"))
      << "a sender that is the author is none";
}

TEST(ExchangeEmail, H72_a_mail_with_nothing_is_a_mail) {
  EXPECT_EQ(head(""), object(R"({"direction": "incoming"})"));
  EXPECT_EQ(head("<t:Subject/><t:Importance>Normal</t:Importance><t:InternetMessageId/><t:Size>-1</t:Size>"),
            object(R"({"direction": "incoming", "subject": ""})"));
  EXPECT_EQ(head("<t:InternetMessageId>no brackets@a.example</t:InternetMessageId>").at("message_id"), "no");
  const ItemRead draft = read_text(element("Message", "<t:IsDraft>true</t:IsDraft>"), "email");
  EXPECT_TRUE(draft.draft);
  EXPECT_EQ(draft.marks.at("draft"), true);
}

TEST(ExchangeEmail, H72_rights_protection_is_seen_by_its_head) {
  const std::string content_class =
      property(R"(DistinguishedPropertySetId="InternetHeaders" PropertyName="content-class" PropertyType="String")",
               "RPMSG.message");
  EXPECT_EQ(head(content_class).at("protected"), true);
  EXPECT_EQ(head("<t:ItemClass>IPM.Note.RPMSG.Message</t:ItemClass>").at("protected"), true);
  EXPECT_FALSE(head("<t:ItemClass>IPM.Note.SMIME</t:ItemClass>").contains("protected"));
}

TEST(ExchangeEmail, H73_directory_names_and_missing_addresses) {
  const std::string content = "<t:From>" + party("Ann", "/O=ORG/CN=ANN", "EX") + "</t:From><t:Sender>" +
                              party("Sec", "sec@a.example") + "</t:Sender><t:ToRecipients>" +
                              party("typed@b.example", "", "") + party("Only a name", "", "") +
                              party("G", "/o=Org/cn=group", "EX") + party("Fax", "+49 30", "FAX") +
                              party("Twice", "t@b.example") + party("Twice", "t@b.example") + "</t:ToRecipients>";
  const ItemRead first = read_text(element("Message", content), "email");
  ASSERT_EQ(first.unresolved.size(), 2U);
  EXPECT_EQ(first.unresolved[0].field, "from");
  EXPECT_EQ(first.unresolved[1].field, "to");
  ReadContext known;
  known.resolve = [](std::string_view name) {
    return std::optional<std::string>(name == "/O=ORG/CN=ANN" ? "ann@a.example" : "");
  };
  const ItemRead second = read_text(element("Message", content), "email", known);
  EXPECT_TRUE(second.unresolved.empty());
  EXPECT_EQ(second.document.at("from"), json::parse(R"({"address": "ann@a.example", "name": "Ann"})"));
  EXPECT_EQ(second.document.at("sender"), json::parse(R"({"address": "sec@a.example", "name": "Sec"})"));
  EXPECT_EQ(second.document.at("to"), json::parse(R"([{"address": "typed@b.example"},
    {"address": "/o=Org/cn=group", "name": "G"}, {"address": "+49 30", "name": "Fax"},
    {"address": "t@b.example", "name": "Twice"}, {"address": "t@b.example", "name": "Twice"}])"));
}

TEST(ExchangeEmail, a_mail_on_behalf_has_both) {
  const json::object both =
      head("<t:Sender>" + party("S", "s@a.example") + "</t:Sender><t:From>" + party("F", "f@a.example") + "</t:From>");
  EXPECT_EQ(both.at("sender").at("address"), "s@a.example");
  const json::object only_sender = head("<t:Sender>" + party("S", "s@a.example") + "</t:Sender>");
  EXPECT_EQ(only_sender.at("from").at("address"), "s@a.example");
  EXPECT_FALSE(only_sender.contains("sender"));
}

TEST(ExchangeEmail, H70_attachments_are_listed_with_what_they_are) {
  const std::string content =
      "<t:Attachments><t:FileAttachment><t:AttachmentId Id=\"A1\"/><t:Name>a/b\r\n.pdf</t:Name>"
      "<t:ContentType>Application/PDF</t:ContentType><t:Size>0</t:Size><t:IsInline>false</t:IsInline>"
      "</t:FileAttachment><t:ItemAttachment><t:AttachmentId Id=\"A2\"/><t:Name>Fwd</t:Name></t:ItemAttachment>"
      "<t:ReferenceAttachment><t:AttachmentId Id=\"A3\"/></t:ReferenceAttachment><t:FileAttachment>"
      "<t:AttachmentId Id=\"A4\"/><t:ContentId>logo@a</t:ContentId><t:IsInline>true</t:IsInline></t:FileAttachment>"
      "<t:FileAttachment/></t:Attachments><t:HasAttachments>false</t:HasAttachments>";
  const auto found = read_text(element("Message", content), "email").attachments;
  ASSERT_EQ(found.size(), 4U);
  EXPECT_EQ(found[0].name, "a/b .pdf");
  EXPECT_EQ(found[0].media_type, "application/pdf");
  EXPECT_EQ(found[0].size, 0U);
  EXPECT_EQ(found[1].type, AttachmentInfo::Type::ITEM);
  EXPECT_FALSE(found[1].size);
  EXPECT_EQ(found[2].type, AttachmentInfo::Type::REFERENCE);
  EXPECT_TRUE(found[3].is_inline);
  EXPECT_EQ(found[3].content_id, "logo@a");
}

TEST(ExchangeEmail, a_mail_with_too_many_recipients_is_refused) {
  std::string many;
  for (int i = 0; i <= 20'000; ++i) many += party("", "a@b.example");
  EXPECT_THROW(head("<t:ToRecipients>" + many + "</t:ToRecipients>"), Error);
}

TEST(ExchangeEmail, the_mime_text_is_completed_and_not_contradicted) {
  json::object mime = object(R"({"direction": "outgoing", "digest": "00", "subject": "Kept", "size": 10,
    "from": {"address": "IMCEAEX-_O=ORG_CN=ANN@a.example"}, "to": [{"address": "bob@b.example"}],
    "body": {"type": "text", "blob": "b", "size": 1}, "attachments": []})");
  merge_head(mime, object(R"({"direction": "outgoing", "message_id": "m1@a.example", "subject": "Other", "size": 99,
    "received": "2026-01-05T09:00:01.000Z", "from": {"address": "ann@a.example", "name": "Ann"},
    "sender": {"address": "x@a.example"}, "to": [{"address": "other@b.example"}],
    "bcc": [{"address": "eve@b.example"}]})"));
  EXPECT_EQ(mime, object(R"({"direction": "outgoing", "message_id": "m1@a.example", "subject": "Kept", "size": 10,
    "received": "2026-01-05T09:00:01.000Z", "from": {"address": "ann@a.example", "name": "Ann"},
    "to": [{"address": "bob@b.example"}], "bcc": [{"address": "eve@b.example"}],
    "body": {"type": "text", "blob": "b", "size": 1}, "attachments": []})"));
  json::object whole =
      object(R"({"direction": "incoming", "message_id": "m2@a.example", "received": "2026-01-01T00:00:00.000Z"})");
  const json::object before = whole;
  merge_head(whole, object(R"({"direction": "incoming", "message_id": "m3@a.example", "from": {"address": "/o=x"}})"));
  EXPECT_EQ(whole, before);
}

}  // namespace
}  // namespace syncline::exchange::testing
