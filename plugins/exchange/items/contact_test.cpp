// Contacts as Exchange sends them and as it takes them: slots, single properties, days, what Outlook derives.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "test_items.hpp"

namespace syncline::exchange::testing {
namespace {

constexpr const char* full = R"({
  "salutation": "Dr.", "firstname": "José", "middlename": "M.", "lastname": "Núñez", "suffix": "Jr.",
  "company": "Example & Co", "jobtitle": "Head", "department": "Sales", "email1": "jose@a.example",
  "email2": "jn@b.example", "email3": "o'x@c.example", "business_phone": "+49 30 1", "business_phone2": "2",
  "home_phone": "3", "home_phone2": "4", "mobile_phone": "5", "other_phone": "6", "company_phone": "7",
  "callback_phone": "8", "pager": "9", "business_fax": "10", "assistant_name": "Ann", "assistant_phone": "11",
  "manager_name": "Max", "nickname": "Pepe", "spouse": "Eva", "children": "Ann, Bob", "government_id": "X-1",
  "ftp_site": "ftp://a.example", "web_page": "https://a.example/?a=1&b=2", "yomi_firstname": "ホセ",
  "yomi_lastname": "ヌニェス", "notes": "Met at the fair.\nLikes <tea> & \"cake\".",
  "business_address": {"street": "1 Main St\nFloor 2", "city": "Springfield", "state": "IL", "postal_code": "62701",
                       "country": "USA"},
  "home_address": {"city": "Springfield"}, "other_address": {"street": "Hut 1"},
  "birthday": "1980-02-29", "anniversary": "2004-12-31", "categories": ["Customer", "a, b; c", "Ünï"]})";

/// The base item's sequence and a contact's, from the schema of the types; what is not written by us stands between.
constexpr auto sequence =
    std::to_array<std::string_view>({"MimeContent",       "ItemId",        "ParentFolderId", "ItemClass",
                                     "Subject",           "Sensitivity",   "Body",           "Attachments",
                                     "DateTimeReceived",  "Size",          "Categories",     "Importance",
                                     "InReplyTo",         "ReminderDueBy", "ReminderIsSet",  "HasAttachments",
                                     "ExtendedProperty",  "Culture",       "FileAs",         "FileAsMapping",
                                     "DisplayName",       "GivenName",     "Initials",       "MiddleName",
                                     "Nickname",          "CompleteName",  "CompanyName",    "EmailAddresses",
                                     "PhysicalAddresses", "PhoneNumbers",  "AssistantName",  "Birthday",
                                     "BusinessHomePage",  "Children",      "Companies",      "ContactSource",
                                     "Department",        "Generation",    "ImAddresses",    "JobTitle",
                                     "Manager",           "Mileage",       "OfficeLocation", "PostalAddressIndex",
                                     "Profession",        "SpouseName",    "Surname",        "WeddingAnniversary"});

std::size_t place(std::string_view name) {
  const auto found = std::find(sequence.begin(), sequence.end(), name);
  EXPECT_NE(found, sequence.end()) << name;
  return static_cast<std::size_t>(found - sequence.begin());
}

Created create_contact(const json::object& document) { return create("contact", document, {}); }

std::string all_of(const std::vector<Change>& changes) {
  std::string out;
  for (const Change& change : changes) out += change.xml + "\n";
  return out;
}

json::object after(const json::object& before, const json::object& wanted, const std::vector<std::string>& names) {
  StoredItem item(create_contact(before).xml, "2026-03-01", true);
  item.apply(update("contact", wanted, names, item.read("contact"), {}).changes);
  return item.read("contact").document;
}

TEST(ExchangeContact, every_field_is_created_and_read_back) {
  const json::object document = object(full);
  ASSERT_EQ(schema_errors("contact", document), "");
  const Created created = create_contact(document);
  EXPECT_TRUE(created.never.empty());
  EXPECT_EQ(StoredItem(created.xml, "", true).read("contact").document, document);
}

TEST(ExchangeContact, all_fields_of_the_schema_are_carried) {
  const json::value names = json::parse(fields("contact"));
  EXPECT_EQ(names.as_array().size(), object(full).size());
  for (const json::value& name : names.as_array()) EXPECT_TRUE(object(full).contains(name.as_string())) << name;
}

TEST(ExchangeContact, elements_stand_in_the_order_of_the_schema) {
  const XmlDocument created(create_contact(object(full)).xml);
  std::size_t last = 0;
  for (const pugi::xml_node& each : created.root().children()) {
    EXPECT_GE(place(local_name(each)), last) << local_name(each);
    last = place(local_name(each));
  }
  const pugi::xml_node business = child(created.root(), "PhysicalAddresses").first_child();
  std::string parts;
  for (const pugi::xml_node& each : business.children()) parts += std::string(local_name(each)) + " ";
  EXPECT_EQ(parts, "Street City State CountryOrRegion PostalCode ");
}

TEST(ExchangeContact, H36_clearing_a_field_deletes_its_property) {
  const json::object before = object(full);
  json::object wanted = before;
  const std::vector<std::string> names{"jobtitle", "email2",       "home_phone",    "birthday",
                                       "notes",    "categories",   "children",      "salutation",
                                       "spouse",   "home_address", "other_address", "government_id"};
  for (const std::string& name : names) wanted.erase(name);
  wanted["business_address"] = object(R"({"street": "1 Main St\nFloor 2", "country": "USA"})");
  std::vector<std::string> all = names;
  all.emplace_back("business_address");
  StoredItem item(create_contact(before).xml, "", true);
  const Updated updated = update("contact", wanted, all, item.read("contact"), {});
  EXPECT_EQ(all_of(updated.changes).find("/><t:Contact></t:Contact>"), std::string::npos);
  EXPECT_NE(all_of(updated.changes)
                .find("<t:DeleteItemField><t:IndexedFieldURI FieldURI=\"contacts:PhysicalAddress:City\" "
                      "FieldIndex=\"Business\"/></t:DeleteItemField>"),
            std::string::npos);
  item.apply(updated.changes);
  EXPECT_EQ(item.read("contact").document, wanted);
}

TEST(ExchangeContact, H36_an_empty_text_clears_too) {
  json::object wanted = object(full);
  wanted["jobtitle"] = "";
  wanted["business_address"].as_object()["city"] = "";
  json::object expected = object(full);
  expected.erase("jobtitle");
  expected["business_address"].as_object().erase("city");
  EXPECT_EQ(after(object(full), wanted, {"jobtitle", "business_address"}), expected);
}

TEST(ExchangeContact, H37_email_slots_stay_apart) {
  const json::object before = object(R"({"email1": "a@x.example", "email2": "b@x.example", "email3": "c@x.example"})");
  json::object wanted = before;
  wanted["email1"] = "new@x.example";
  EXPECT_EQ(after(before, wanted, {"email1"}), wanted);
  json::object swapped = before;
  swapped["email1"] = "b@x.example";
  swapped["email2"] = "a@x.example";
  EXPECT_EQ(after(before, swapped, {"email1", "email2"}), swapped);
  json::object first_gone = before;
  first_gone.erase("email1");
  EXPECT_EQ(after(before, first_gone, {"email1"}), first_gone);
}

TEST(ExchangeContact, H38_each_change_has_one_property_and_only_what_was_asked_for) {
  StoredItem item(create_contact(object(full)).xml, "", true);
  json::object wanted = object(full);
  wanted["mobile_phone"] = "55";
  wanted["jobtitle"] = "not asked for";
  const Updated updated =
      update("contact", wanted, {"mobile_phone", "owner", "categories_x"}, item.read("contact"), {});
  ASSERT_EQ(updated.changes.size(), 1U);
  EXPECT_EQ(updated.changes[0].field, "mobile_phone");
  EXPECT_EQ(updated.changes[0].xml,
            "<t:SetItemField><t:IndexedFieldURI FieldURI=\"contacts:PhoneNumber\" FieldIndex=\"MobilePhone\"/>"
            "<t:Contact><t:PhoneNumbers><t:Entry Key=\"MobilePhone\">55</t:Entry></t:PhoneNumbers></t:Contact>"
            "</t:SetItemField>");
}

TEST(ExchangeContact, H74_what_no_document_has_stays_on_the_item) {
  StoredItem item(create_contact(object(R"({"firstname": "Ann", "mobile_phone": "1"})")).xml, "", true);
  pugi::xml_node phones = child(item.root(), "PhoneNumbers");
  pugi::xml_node car = phones.append_child("t:Entry");
  car.append_attribute("Key").set_value("CarPhone");
  car.text().set("99");
  item.root().append_child("t:Profession").text().set("Cook");
  json::object wanted = object(R"({"firstname": "Ann", "home_phone": "2"})");
  item.apply(update("contact", wanted, {"mobile_phone", "home_phone"}, item.read("contact"), {}).changes);
  EXPECT_EQ(item.read("contact").document, wanted);
  EXPECT_NE(item.xml().find("CarPhone"), std::string::npos);
  EXPECT_NE(item.xml().find("Cook"), std::string::npos);
}

TEST(ExchangeContact, H66_a_year_that_means_none_is_told_and_never_written) {
  const ItemRead read = read_text(element("Contact", "<t:Birthday>1604-05-06T11:59:00Z</t:Birthday>"), "contact");
  EXPECT_FALSE(read.document.contains("birthday"));
  EXPECT_EQ(read.marks.at("birthday_without_year"), "05-06");
  for (const char* day : {"1604-05-06", "1600-01-01", "4501-01-01", "1981-02-29"}) {
    const json::object document{{"lastname", "A"}, {"birthday", day}};
    const Created created = create_contact(document);
    EXPECT_EQ(created.never, std::vector<std::string>{"birthday"}) << day;
    EXPECT_EQ(created.xml.find("Birthday"), std::string::npos) << day;
    const Updated updated = update("contact", document, {"birthday"}, read, {});
    EXPECT_EQ(updated.never, std::vector<std::string>{"birthday"}) << day;
    EXPECT_TRUE(updated.changes.empty()) << "the value that is there stays";
  }
}

TEST(ExchangeContact, H66_a_birthday_is_written_where_no_zone_moves_it) {
  EXPECT_NE(create_contact(object(R"({"birthday": "1980-02-29"})")).xml.find("<t:Birthday>1980-02-29T11:59:00Z<"),
            std::string::npos);
  const std::string local = property(
      R"(DistinguishedPropertySetId="Address" PropertyId="32990" PropertyType="SystemTime")", "1980-02-29T00:00:00Z");
  EXPECT_EQ(read_text(element("Contact", "<t:Birthday>1980-02-28T10:00:00Z</t:Birthday>" + local), "contact").document,
            object(R"({"birthday": "1980-02-29"})"));
}

TEST(ExchangeContact, H73_a_directory_name_is_resolved_or_kept) {
  const std::string item = element("Contact",
                                   "<t:EmailAddresses><t:Entry Key=\"EmailAddress1\" Name=\"Ann\" RoutingType=\"EX\">"
                                   "/o=Org/ou=X/cn=ann</t:Entry><t:Entry Key=\"EmailAddress2\" RoutingType=\"EX\">"
                                   "/O=Org/cn=bob</t:Entry></t:EmailAddresses>" +
                                       property(R"(DistinguishedPropertySetId="Address" PropertyId="32916")"
                                                R"( PropertyType="String")",
                                                "bob@a.example"));
  const ItemRead first = read_text(item, "contact");
  ASSERT_EQ(first.unresolved.size(), 1U);
  EXPECT_EQ(first.unresolved[0].field, "email1");
  EXPECT_EQ(first.unresolved[0].address, "/o=Org/ou=X/cn=ann");
  EXPECT_EQ(first.document.at("email2"), "bob@a.example") << "as it was first written";

  ReadContext known;
  known.resolve = [](std::string_view) { return std::optional<std::string>("ann@a.example"); };
  const ItemRead second = read_text(item, "contact", known);
  EXPECT_TRUE(second.unresolved.empty());
  EXPECT_EQ(second.document.at("email1"), "ann@a.example");

  ReadContext unknown;
  unknown.resolve = [](std::string_view) { return std::optional<std::string>(""); };
  const ItemRead third = read_text(item, "contact", unknown);
  EXPECT_TRUE(third.unresolved.empty());
  EXPECT_EQ(third.document.at("email1"), "/o=Org/ou=X/cn=ann") << "unknown is not empty";
  EXPECT_NE(create_contact(third.document).xml.find("RoutingType=\"EX\""), std::string::npos);
}

TEST(ExchangeContact, H71_categories_keep_what_is_in_them_and_ours_stay_ours) {
  ReadContext context;
  context.own_categories = {"Tracked by Syncline"};
  StoredItem item(create_contact(object(R"({"lastname": "A", "categories": ["a, b; c", "Ärger", "tag", "TAG"]})")).xml,
                  "", true);
  child(item.root(), "Categories").append_child("t:String").text().set("tracked by syncline");
  const ItemRead now = item.read("contact", context);
  EXPECT_EQ(now.document.at("categories"), json::parse(R"(["a, b; c", "Ärger", "tag", "TAG"])"));
  EXPECT_EQ(now.own_categories, std::vector<std::string>{"tracked by syncline"});

  const json::object wanted = object(R"({"lastname": "A"})");  // the last one is cleared
  item.apply(update("contact", wanted, {"categories"}, now, {}).changes);
  const ItemRead cleared = item.read("contact", context);
  EXPECT_EQ(cleared.document, wanted);
  EXPECT_EQ(cleared.own_categories, now.own_categories) << "our own mark is not a person's to clear";
  EXPECT_NE(all_of(update("contact", wanted, {"categories"}, read_text(element("Contact", ""), "contact"), {}).changes)
                .find("<t:DeleteItemField><t:FieldURI FieldURI=\"item:Categories\"/>"),
            std::string::npos);
}

TEST(ExchangeContact, H69_notes_are_text_whatever_the_body_is) {
  const auto notes = [](const std::string& body) {
    const json::object document = read_text(element("Contact", body), "contact").document;
    return document.contains("notes") ? std::string(document.at("notes").as_string()) : std::string("absent");
  };
  EXPECT_EQ(notes("<t:Body BodyType=\"Text\">a\r\nb\r\n</t:Body>"), "a\nb");
  EXPECT_EQ(notes("<t:Body BodyType=\"HTML\">&lt;p&gt;a &amp;amp; b&lt;/p&gt;&lt;p&gt;c&lt;/p&gt;</t:Body>"),
            "a & b\nc");
  EXPECT_EQ(notes("<t:Body BodyType=\"HTML\">&lt;html&gt;&lt;body&gt;&lt;/body&gt;&lt;/html&gt;</t:Body>"), "absent");
  EXPECT_EQ(notes("<t:Body BodyType=\"Text\"/>"), "absent");
  EXPECT_EQ(notes("<t:TextBody BodyType=\"Text\">x</t:TextBody>"), "x");
  EXPECT_EQ(notes(""), "absent");
}

TEST(ExchangeContact, a_new_contact_is_not_blank_in_lists) {
  const auto xml = [](const char* document) { return create_contact(object(document)).xml; };
  EXPECT_NE(xml(R"({"firstname": "Ann", "lastname": "Ames"})")
                .find("<t:FileAsMapping>LastCommaFirst</t:FileAsMapping><t:DisplayName>Ann Ames</t:DisplayName>"),
            std::string::npos);
  EXPECT_NE(xml(R"({"company": "A & B"})")
                .find("<t:FileAsMapping>Company</t:FileAsMapping><t:DisplayName>A &amp; B</t:DisplayName>"),
            std::string::npos);
  EXPECT_NE(xml(R"({"email1": "a@x.example"})")
                .find("<t:FileAs>a@x.example</t:FileAs><t:DisplayName>a@x.example</t:DisplayName>"),
            std::string::npos);
  EXPECT_EQ(xml("{}"), "<t:Contact></t:Contact>");
}

TEST(ExchangeContact, names_in_lists_follow_until_somebody_chose_them) {
  const json::object wanted = object(R"({"firstname": "Ann", "lastname": "Brown"})");
  const std::string names = "<t:GivenName>Ann</t:GivenName><t:Surname>Ames</t:Surname>";
  const auto changes = [&](const std::string& rest) {
    return all_of(
        update("contact", wanted, {"lastname"}, read_text(element("Contact", rest + names), "contact"), {}).changes);
  };
  const std::string derived = changes("<t:FileAs>Ames, Ann</t:FileAs><t:DisplayName>Ann Ames</t:DisplayName>");
  EXPECT_NE(derived.find("<t:FileAs>Brown, Ann</t:FileAs>"), std::string::npos);
  EXPECT_NE(derived.find("<t:DisplayName>Ann Brown</t:DisplayName>"), std::string::npos);
  const std::string mapped = changes("<t:FileAs>Ames, Ann</t:FileAs><t:FileAsMapping>LastCommaFirst</t:FileAsMapping>");
  EXPECT_NE(mapped.find("<t:FileAsMapping>LastCommaFirst</t:FileAsMapping>"), std::string::npos);
  EXPECT_EQ(mapped.find("<t:FileAs>"), std::string::npos);
  const std::string chosen = changes("<t:FileAs>The boss</t:FileAs><t:DisplayName>Boss</t:DisplayName>");
  EXPECT_EQ(chosen.find("FileAs"), std::string::npos);
  EXPECT_EQ(chosen.find("DisplayName"), std::string::npos);
}

TEST(ExchangeContact, children_come_back_as_the_same_text) {
  for (const char* text : {"Ann", "Ann, Bob", "Ann,Bob", "Ann; Bob", ", Ann", "Ann, ", "a, , b", "Ann,  Bob"}) {
    const json::object document{{"children", text}};
    const json::object back = StoredItem(create_contact(document).xml, "", true).read("contact").document;
    EXPECT_EQ(back, document) << text;
  }
  const std::string two = "<t:Children><t:String>Ann</t:String><t:String>Bob, jr.</t:String></t:Children>";
  EXPECT_EQ(read_text(element("Contact", two), "contact").document, object(R"({"children": "Ann, Bob, jr."})"));
}

TEST(ExchangeContact, other_items_of_the_folder_are_told_apart) {
  EXPECT_TRUE(is_kind("contact", "IPM.Contact"));
  EXPECT_TRUE(is_kind("contact", "ipm.contact.Sales"));
  EXPECT_FALSE(is_kind("contact", "IPM.DistList"));
  EXPECT_FALSE(is_kind("contact", "IPM.ContactX"));
  EXPECT_TRUE(is_kind("email", "IPM.Note.SMIME"));
  EXPECT_TRUE(is_kind("email", "REPORT.IPM.Note.NDR"));
  EXPECT_FALSE(is_kind("email", "IPM.Schedule.Meeting.Request"));
  EXPECT_FALSE(is_kind("appointment", "IPM.Appointment"));
  EXPECT_THROW(read_text(element("DistributionList", ""), "contact"), Error);
  EXPECT_THROW(read_text(element("Contact", "<t:ItemClass>IPM.DistList</t:ItemClass>"), "contact"), Error);
  EXPECT_THROW(read_text("<t:Contact><t:GivenName>A</t:GivenName></t:Contact>", "contact"), Error) << "no id";
}

TEST(ExchangeContact, ids_and_time_are_read_whatever_the_prefix_is) {
  const ItemRead read = read_text(
      "<x:Contact><x:ItemId Id=\"AAMk1=\" ChangeKey=\"EQ1\"/><x:ParentFolderId Id=\"F1\"/>"
      "<x:ItemClass>IPM.Contact</x:ItemClass><x:GivenName> A&#x0;nn </x:GivenName>"
      "<x:LastModifiedTime>2026-01-31T23:59:59Z</x:LastModifiedTime></x:Contact>",
      "contact");
  EXPECT_EQ(read.id, "AAMk1=");
  EXPECT_EQ(read.change_key, "EQ1");
  EXPECT_EQ(read.parent_folder, "F1");
  EXPECT_EQ(read.changed_ms, 1769903999000);
  EXPECT_EQ(read.document, object(R"({"firstname": " Ann "})"));
}

}  // namespace
}  // namespace syncline::exchange::testing
