// What stands on an item beside its content: found by its token, read in either spelling, written only when asked.
#include "marks.hpp"

#include <gtest/gtest.h>

#include "test_items.hpp"

namespace syncline::exchange::testing {
namespace {

const std::string ours = R"(PropertySetId="d4be99a2-a553-4eb9-9c73-435df0b0e8a1" PropertyName=")";
const std::string strings = R"(DistinguishedPropertySetId="PublicStrings" PropertyName=")";

WriteContext marked() {
  WriteContext context;
  context.mark = ItemMark{"0f3c1f0e-1111-4222-8333-444455556666", "crm.example", "ann@a.example", "AAMk=", "linked"};
  return context;
}

TEST(ExchangeMarks, C17_a_mark_comes_back_and_the_token_stands_alone) {
  const Created created = create("contact", object(R"({"firstname": "Ann"})"), marked());
  const ItemRead read = StoredItem(created.xml, "", true).read("contact");
  EXPECT_EQ(read.mark.token, marked().mark->token);
  EXPECT_EQ(read.mark.organization, "crm.example");
  EXPECT_EQ(read.mark.mailbox, "ann@a.example");
  EXPECT_EQ(read.mark.item, "AAMk=");
  EXPECT_EQ(read.mark.state, "linked");
  EXPECT_EQ(read.marks.at("token").as_string(), read.mark.token);
  EXPECT_EQ(read.document, object(R"({"firstname": "Ann"})")) << "marks are no content";
  EXPECT_EQ(token_restriction("a\"b"),
            "<m:Restriction><t:IsEqualTo><t:ExtendedFieldURI PropertySetId=\"d4be99a2-a553-4eb9-9c73-435df0b0e8a1\" "
            "PropertyName=\"SynclineToken\" PropertyType=\"String\"/><t:FieldURIOrConstant><t:Constant "
            "Value=\"a&quot;b\"/></t:FieldURIOrConstant></t:IsEqualTo></m:Restriction>");
}

TEST(ExchangeMarks, marks_are_changed_and_taken_away_alone) {
  StoredItem item(create("task", object(R"({"subject": "A"})"), {}).xml, "2026-01-01", true);
  item.apply(mark_changes("task", marked()));
  EXPECT_EQ(item.read("task").mark.mailbox, "ann@a.example");
  item.apply(unmark_changes("task"));
  EXPECT_EQ(item.read("task").marks, json::object{});
}

TEST(ExchangeMarks, H14_the_search_key_tells_a_moved_item) {
  const std::string properties =
      R"(<t:ExtendedProperty><t:ExtendedFieldURI PropertyTag="0x300b" PropertyType="Binary"/><t:Value>AQID</t:Value></t:ExtendedProperty>)";
  EXPECT_EQ(read_text(element("Task", properties), "task").marks, (json::object{{"lasting", "AQID"}}));
  EXPECT_NE(shape("task", {}).find("PropertyTag=\"0x300B\" PropertyType=\"Binary\""), std::string::npos);
}

TEST(ExchangeMarks, H75_both_spellings_types_and_sets_are_read) {
  const auto crm = [](const std::string& properties) {
    const json::object marks = read_text(element("Contact", properties), "contact").marks;
    return marks.contains("crm") ? json::serialize(marks.at("crm")) : std::string("none");
  };
  const std::string id = "{0F3C1F0E-1111-4222-8333-444455556666}";
  const std::string plain = "0f3c1f0e-1111-4222-8333-444455556666";
  EXPECT_EQ(crm(property(strings + "crmid\" PropertyType=\"String\"", id)), R"({"id":")" + plain + "\"}");
  EXPECT_EQ(crm(property(strings + "crmId\" PropertyType=\"String\"", id)), R"({"id":")" + plain + "\"}");
  EXPECT_EQ(crm(property(R"(PropertySetId="{00020329-0000-0000-C000-000000000046}" PropertyName="crmorgid")"
                         R"( PropertyType="String")",
                         id)),
            R"({"organization":")" + plain + "\"}");
  for (const char* two : {"2", "2.0", "2,0"})
    EXPECT_EQ(crm(property(strings + "crmLinkState\" PropertyType=\"String\"", two)), R"({"link_state":2})") << two;
  EXPECT_EQ(crm(property(strings + "crmLinkState\" PropertyType=\"Double\"", "2")), R"({"link_state":2})");
  for (const char* none : {"", "two", "2.5", "-1", "7", "99999999999"})
    EXPECT_EQ(crm(property(strings + "crmLinkState\" PropertyType=\"Double\"", none)), "none") << none;
  EXPECT_EQ(crm(property(strings + "crmid\" PropertyType=\"Integer\"", "5")), "none") << "another type";
  EXPECT_EQ(crm(property(R"(PropertyTag="0x80C8" PropertyType="String")", id)), "none") << "tags of one mailbox";
}

TEST(ExchangeMarks, H75_a_mark_that_was_cut_or_is_not_ours_is_no_mark) {
  const auto read = [](const std::string& properties) {
    return read_text(element("Contact", properties), "contact").mark;
  };
  for (const char* text : {"{\"organization\":\"crm.ex", "null", "[]", "\"x\"", "{\"organization\":5}"})
    EXPECT_EQ(read(property(ours + "SynclineState\" PropertyType=\"String\"", text)).organization, "") << text;
  const std::string elsewhere = property(R"(PropertySetId="00020329-0000-0000-c000-000000000046" )"
                                         R"(PropertyName="SynclineToken" PropertyType="String")",
                                         "x");
  EXPECT_EQ(read(elsewhere).token, "");
  EXPECT_EQ(read("<t:ExtendedProperty/><t:ExtendedProperty><t:Value>x</t:Value></t:ExtendedProperty>").token, "");
}

TEST(ExchangeMarks, the_microsoft_properties_are_written_only_when_asked) {
  EXPECT_EQ(create("contact", object(R"({"firstname": "Ann"})"), marked()).xml.find("PropertyName=\"crm"),
            std::string::npos);
  WriteContext context;
  context.crm = CrmMark{"0f3c1f0e-1111-4222-8333-444455556666", "", 2};
  const std::string xml = create("contact", object(R"({"firstname": "Ann"})"), context).xml;
  EXPECT_NE(xml.find("<t:Value>{0f3c1f0e-1111-4222-8333-444455556666}</t:Value>"), std::string::npos);
  EXPECT_EQ(json::serialize(StoredItem(xml, "", true).read("contact").marks.at("crm")),
            R"({"id":"0f3c1f0e-1111-4222-8333-444455556666","link_state":2})");
  EXPECT_EQ(shape("contact", {}).find("crm"), std::string::npos);
  EXPECT_NE(shape("contact", {.crm_properties = true}).find("PropertyName=\"crmId\""), std::string::npos);
}

TEST(ExchangeShapes, each_kind_asks_for_what_it_reads) {
  const std::string contact = shape("contact", {});
  EXPECT_TRUE(
      contact.starts_with("<m:ItemShape><t:BaseShape>IdOnly</t:BaseShape><t:BodyType>Text</t:BodyType>"
                          "<t:AdditionalProperties>"));
  for (const char* path :
       {"FieldURI=\"item:Body\"", "FieldURI=\"contacts:PhysicalAddress:PostalCode\" FieldIndex=\"Other\"",
        "PropertyTag=\"0x3A45\"", "PropertyName=\"SynclineState\"", "PropertyId=\"32900\""})
    EXPECT_NE(contact.find(path), std::string::npos) << path;
  const std::string mail = shape("email", {.whole = true, .mime = true});
  EXPECT_NE(mail.find("<t:IncludeMimeContent>true</t:IncludeMimeContent>"), std::string::npos);
  EXPECT_EQ(mail.find("BodyType"), std::string::npos);
  EXPECT_EQ(shape("email", {.whole = false}).find("item:Attachments"), std::string::npos);
  EXPECT_EQ(shape("email", {.whole = false}).find("MimeContent"), std::string::npos);
  EXPECT_NE(listing_shape().find("item:ItemClass"), std::string::npos);
  EXPECT_THROW(static_cast<void>(shape("appointment", {})), Error);
  EXPECT_FALSE(carries("appointment"));
  EXPECT_EQ(element_of("task"), "Task");
}

}  // namespace
}  // namespace syncline::exchange::testing
