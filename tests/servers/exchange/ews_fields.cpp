#include "ews_fields.hpp"

#include <algorithm>
#include <array>
#include <map>

namespace syncline::sandbox::exchange {
namespace {

constexpr auto kText = FieldKind::TEXT;

Field own(std::string_view uri, std::string_view element, bool settable = false) {
  return {uri, element, FieldKind::OWN, {}, {}, settable};
}
Field contact(std::string_view uri, std::uint32_t tag) {
  return {uri, uri.substr(uri.find(':') + 1), kText, by_tag(tag)};
}

std::vector<Field> make_fields() {
  return {
      own("item:MimeContent", "MimeContent", true),
      own("item:ItemId", "ItemId"),
      own("item:ParentFolderId", "ParentFolderId"),
      {"item:ItemClass", "ItemClass", FieldKind::OWN, by_tag(0x001A)},
      {"item:Subject", "Subject", kText, by_tag(0x0037)},
      {"item:Sensitivity",
       "Sensitivity",
       FieldKind::WORD,
       by_tag(0x0036),
       {"Normal", "Personal", "Private", "Confidential"}},
      own("item:Body", "Body", true),
      own("item:Attachments", "Attachments", true),
      {"item:DateTimeReceived", "DateTimeReceived", FieldKind::TIME, by_tag(0x0E06), {}, false},
      own("item:Size", "Size"),
      {"item:Categories", "Categories", FieldKind::TEXTS, by_name("PublicStrings", "Keywords")},
      {"item:Importance", "Importance", FieldKind::WORD, by_tag(0x0017), {"Low", "Normal", "High"}},
      {"item:InReplyTo", "InReplyTo", kText, by_tag(0x1042)},
      own("item:IsSubmitted", "IsSubmitted"),
      own("item:IsDraft", "IsDraft"),
      own("item:IsFromMe", "IsFromMe"),
      own("item:IsResend", "IsResend"),
      own("item:IsUnmodified", "IsUnmodified"),
      own("item:InternetMessageHeaders", "InternetMessageHeaders"),
      {"item:DateTimeSent", "DateTimeSent", FieldKind::TIME, by_tag(0x0039), {}, false},
      {"item:DateTimeCreated", "DateTimeCreated", FieldKind::TIME, by_tag(0x3007), {}, false},
      own("item:ResponseObjects", "ResponseObjects"),
      {"item:ReminderDueBy", "ReminderDueBy", FieldKind::TIME, by_number("Common", 0x8502)},
      {"item:ReminderIsSet", "ReminderIsSet", FieldKind::BOOLEAN, by_number("Common", 0x8503)},
      {"item:ReminderMinutesBeforeStart", "ReminderMinutesBeforeStart", FieldKind::INTEGER,
       by_number("Common", 0x8501)},
      own("item:DisplayCc", "DisplayCc"),
      own("item:DisplayTo", "DisplayTo"),
      own("item:HasAttachments", "HasAttachments"),
      {"item:Culture", "Culture", kText, by_tag(0x3FDF)},
      own("item:EffectiveRights", "EffectiveRights"),
      {"item:LastModifiedName", "LastModifiedName", kText, by_tag(0x3FFA), {}, false},
      {"item:LastModifiedTime", "LastModifiedTime", FieldKind::TIME, by_tag(0x3008), {}, false},
      own("item:IsAssociated", "IsAssociated"),
      own("item:WebClientReadFormQueryString", "WebClientReadFormQueryString"),
      own("item:WebClientEditFormQueryString", "WebClientEditFormQueryString"),
      own("item:ConversationId", "ConversationId"),
      own("item:UniqueBody", "UniqueBody"),
      own("item:Flag", "Flag", true),
      own("item:StoreEntryId", "StoreEntryId"),
      own("item:InstanceKey", "InstanceKey"),
      own("item:Preview", "Preview"),
      own("item:TextBody", "TextBody"),

      {"contacts:FileAs", "FileAs", kText, by_number("Address", 0x8005)},
      own("contacts:FileAsMapping", "FileAsMapping", true),
      contact("contacts:DisplayName", 0x3001),
      contact("contacts:GivenName", 0x3A06),
      contact("contacts:Initials", 0x3A0A),
      contact("contacts:MiddleName", 0x3A44),
      contact("contacts:Nickname", 0x3A4F),
      own("contacts:CompleteName", "CompleteName"),
      contact("contacts:CompanyName", 0x3A16),
      own("contacts:EmailAddresses", "EmailAddresses"),
      own("contacts:PhysicalAddresses", "PhysicalAddresses"),
      own("contacts:PhoneNumbers", "PhoneNumbers"),
      contact("contacts:AssistantName", 0x3A30),
      {"contacts:Birthday", "Birthday", FieldKind::TIME, by_tag(0x3A42)},
      contact("contacts:BusinessHomePage", 0x3A51),
      {"contacts:Children", "Children", FieldKind::TEXTS, by_tag(0x3A58)},
      {"contacts:Companies", "Companies", FieldKind::TEXTS, by_number("Common", 0x8539)},
      own("contacts:ContactSource", "ContactSource"),
      contact("contacts:Department", 0x3A18),
      contact("contacts:Generation", 0x3A05),
      own("contacts:ImAddresses", "ImAddresses"),
      contact("contacts:JobTitle", 0x3A17),
      contact("contacts:Manager", 0x3A4E),
      {"contacts:Mileage", "Mileage", kText, by_number("Common", 0x8534)},
      contact("contacts:OfficeLocation", 0x3A19),
      own("contacts:PostalAddressIndex", "PostalAddressIndex", true),
      contact("contacts:Profession", 0x3A46),
      contact("contacts:SpouseName", 0x3A48),
      contact("contacts:Surname", 0x3A11),
      {"contacts:WeddingAnniversary", "WeddingAnniversary", FieldKind::TIME, by_tag(0x3A41)},
      own("contacts:HasPicture", "HasPicture"),

      own("message:Sender", "Sender", true),
      own("message:ToRecipients", "ToRecipients", true),
      own("message:CcRecipients", "CcRecipients", true),
      own("message:BccRecipients", "BccRecipients", true),
      {"message:IsReadReceiptRequested", "IsReadReceiptRequested", FieldKind::BOOLEAN, by_tag(0x0029)},
      {"message:IsDeliveryReceiptRequested", "IsDeliveryReceiptRequested", FieldKind::BOOLEAN, by_tag(0x0023)},
      {"message:ConversationIndex", "ConversationIndex", FieldKind::BINARY, by_tag(0x0071), {}, false},
      {"message:ConversationTopic", "ConversationTopic", kText, by_tag(0x0070), {}, false},
      own("message:From", "From", true),
      {"message:InternetMessageId", "InternetMessageId", kText, by_tag(0x1035)},
      own("message:IsRead", "IsRead", true),
      {"message:IsResponseRequested", "IsResponseRequested", FieldKind::BOOLEAN, by_tag(0x0063)},
      {"message:References", "References", kText, by_tag(0x1039)},
      own("message:ReplyTo", "ReplyTo", true),
      own("message:ReceivedBy", "ReceivedBy"),
      own("message:ReceivedRepresenting", "ReceivedRepresenting"),

      {"task:ActualWork", "ActualWork", FieldKind::INTEGER, by_number("Task", 0x8110)},
      own("task:AssignedTime", "AssignedTime"),
      {"task:BillingInformation", "BillingInformation", kText, by_number("Common", 0x8535)},
      own("task:ChangeCount", "ChangeCount"),
      {"task:Companies", "Companies", FieldKind::TEXTS, by_number("Common", 0x8539)},
      {"task:CompleteDate", "CompleteDate", FieldKind::DAY, by_number("Task", 0x810F)},
      {"task:Contacts", "Contacts", FieldKind::TEXTS, by_number("Common", 0x853A)},
      own("task:DelegationState", "DelegationState"),
      own("task:Delegator", "Delegator"),
      {"task:DueDate", "DueDate", FieldKind::DAY, by_number("Task", 0x8105)},
      own("task:IsAssignmentEditable", "IsAssignmentEditable"),
      {"task:IsComplete", "IsComplete", FieldKind::BOOLEAN, by_number("Task", 0x811C), {}, false},
      own("task:IsRecurring", "IsRecurring"),
      own("task:IsTeamTask", "IsTeamTask"),
      {"task:Mileage", "Mileage", kText, by_number("Common", 0x8534)},
      {"task:Owner", "Owner", kText, by_number("Task", 0x811F), {}, false},
      {"task:PercentComplete", "PercentComplete", FieldKind::PERCENT, by_number("Task", 0x8102)},
      own("task:Recurrence", "Recurrence", true),
      {"task:StartDate", "StartDate", FieldKind::DAY, by_number("Task", 0x8104)},
      {"task:Status",
       "Status",
       FieldKind::WORD,
       by_number("Task", 0x8101),
       {"NotStarted", "InProgress", "Completed", "WaitingOnOthers", "Deferred"}},
      own("task:StatusDescription", "StatusDescription"),
      {"task:TotalWork", "TotalWork", FieldKind::INTEGER, by_number("Task", 0x8111)},
  };
}

constexpr std::string_view kMail = "contacts:EmailAddress", kPhone = "contacts:PhoneNumber", kIm = "contacts:ImAddress";

void add_address(std::vector<IndexedField>& out, std::string_view index, const std::array<PropertyId, 5>& ids) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kParts{
      {{"contacts:PhysicalAddress:Street", "Street"},
       {"contacts:PhysicalAddress:City", "City"},
       {"contacts:PhysicalAddress:State", "State"},
       {"contacts:PhysicalAddress:CountryOrRegion", "CountryOrRegion"},
       {"contacts:PhysicalAddress:PostalCode", "PostalCode"}}};
  for (std::size_t i = 0; i < kParts.size(); ++i)
    out.push_back({kParts[i].first, "PhysicalAddresses", index, kParts[i].second, ids[i]});
}

std::vector<IndexedField> make_indexed() {
  std::vector<IndexedField> out{{kMail, "EmailAddresses", "EmailAddress1", "", by_number("Address", 0x8083)},
                                {kMail, "EmailAddresses", "EmailAddress2", "", by_number("Address", 0x8093)},
                                {kMail, "EmailAddresses", "EmailAddress3", "", by_number("Address", 0x80A3)},
                                {kIm, "ImAddresses", "ImAddress1", "", by_number("Address", 0x8062)},
                                {kIm, "ImAddresses", "ImAddress2", "", by_name("PublicStrings", "IMAddress2")},
                                {kIm, "ImAddresses", "ImAddress3", "", by_name("PublicStrings", "IMAddress3")}};
  constexpr std::array<std::pair<std::string_view, std::uint32_t>, 19> kPhones{{{"AssistantPhone", 0x3A2E},
                                                                                {"BusinessFax", 0x3A24},
                                                                                {"BusinessPhone", 0x3A08},
                                                                                {"BusinessPhone2", 0x3A1B},
                                                                                {"Callback", 0x3A02},
                                                                                {"CarPhone", 0x3A1E},
                                                                                {"CompanyMainPhone", 0x3A57},
                                                                                {"HomeFax", 0x3A25},
                                                                                {"HomePhone", 0x3A09},
                                                                                {"HomePhone2", 0x3A2F},
                                                                                {"Isdn", 0x3A2D},
                                                                                {"MobilePhone", 0x3A1C},
                                                                                {"OtherFax", 0x3A23},
                                                                                {"OtherTelephone", 0x3A1F},
                                                                                {"Pager", 0x3A21},
                                                                                {"PrimaryPhone", 0x3A1A},
                                                                                {"RadioPhone", 0x3A1D},
                                                                                {"Telex", 0x3A2C},
                                                                                {"TtyTddPhone", 0x3A4B}}};
  for (const auto& [key, tag] : kPhones) out.push_back({kPhone, "PhoneNumbers", key, "", by_tag(tag)});
  add_address(out, "Business",
              {by_number("Address", 0x8045), by_number("Address", 0x8046), by_number("Address", 0x8047),
               by_number("Address", 0x8049), by_number("Address", 0x8048)});
  add_address(out, "Home", {by_tag(0x3A5D), by_tag(0x3A59), by_tag(0x3A5C), by_tag(0x3A5A), by_tag(0x3A5B)});
  add_address(out, "Other", {by_tag(0x3A63), by_tag(0x3A5F), by_tag(0x3A62), by_tag(0x3A60), by_tag(0x3A61)});
  return out;
}

using Order = std::vector<std::string_view>;

const Order kItem{"MimeContent",
                  "ItemId",
                  "ParentFolderId",
                  "ItemClass",
                  "Subject",
                  "Sensitivity",
                  "Body",
                  "Attachments",
                  "DateTimeReceived",
                  "Size",
                  "Categories",
                  "Importance",
                  "InReplyTo",
                  "IsSubmitted",
                  "IsDraft",
                  "IsFromMe",
                  "IsResend",
                  "IsUnmodified",
                  "InternetMessageHeaders",
                  "DateTimeSent",
                  "DateTimeCreated",
                  "ResponseObjects",
                  "ReminderDueBy",
                  "ReminderIsSet",
                  "ReminderNextTime",
                  "ReminderMinutesBeforeStart",
                  "DisplayCc",
                  "DisplayTo",
                  "DisplayBcc",
                  "HasAttachments",
                  "ExtendedProperty",
                  "Culture",
                  "EffectiveRights",
                  "LastModifiedName",
                  "LastModifiedTime",
                  "IsAssociated",
                  "WebClientReadFormQueryString",
                  "WebClientEditFormQueryString",
                  "ConversationId",
                  "UniqueBody",
                  "Flag",
                  "StoreEntryId",
                  "InstanceKey",
                  "NormalizedBody",
                  "EntityExtractionResult",
                  "PolicyTag",
                  "ArchiveTag",
                  "RetentionDate",
                  "Preview",
                  "RightsManagementLicenseData",
                  "PredictedActionReasons",
                  "IsClutter",
                  "BlockStatus",
                  "HasBlockedImages",
                  "TextBody",
                  "IconIndex",
                  "SearchKey",
                  "SortKey",
                  "Hashtags",
                  "Mentions",
                  "MentionedMe"};
const Order kContact{"FileAs",
                     "FileAsMapping",
                     "DisplayName",
                     "GivenName",
                     "Initials",
                     "MiddleName",
                     "Nickname",
                     "CompleteName",
                     "CompanyName",
                     "EmailAddresses",
                     "AbchEmailAddresses",
                     "PhysicalAddresses",
                     "PhoneNumbers",
                     "AssistantName",
                     "Birthday",
                     "BusinessHomePage",
                     "Children",
                     "Companies",
                     "ContactSource",
                     "Department",
                     "Generation",
                     "ImAddresses",
                     "JobTitle",
                     "Manager",
                     "Mileage",
                     "OfficeLocation",
                     "PostalAddressIndex",
                     "Profession",
                     "SpouseName",
                     "Surname",
                     "WeddingAnniversary",
                     "HasPicture",
                     "PhoneticFullName",
                     "PhoneticFirstName",
                     "PhoneticLastName",
                     "Alias",
                     "Notes",
                     "Photo"};
const Order kMessage{"Sender",
                     "ToRecipients",
                     "CcRecipients",
                     "BccRecipients",
                     "IsReadReceiptRequested",
                     "IsDeliveryReceiptRequested",
                     "ConversationIndex",
                     "ConversationTopic",
                     "From",
                     "InternetMessageId",
                     "IsRead",
                     "IsResponseRequested",
                     "References",
                     "ReplyTo",
                     "ReceivedBy",
                     "ReceivedRepresenting"};
const Order kTask{"ActualWork",
                  "AssignedTime",
                  "BillingInformation",
                  "ChangeCount",
                  "Companies",
                  "CompleteDate",
                  "Contacts",
                  "DelegationState",
                  "Delegator",
                  "DueDate",
                  "IsAssignmentEditable",
                  "IsComplete",
                  "IsRecurring",
                  "IsTeamTask",
                  "Mileage",
                  "Owner",
                  "PercentComplete",
                  "Recurrence",
                  "StartDate",
                  "Status",
                  "StatusDescription",
                  "TotalWork"};

Order after_item(const Order& own_part) {
  Order out = kItem;
  out.insert(out.end(), own_part.begin(), own_part.end());
  return out;
}

std::string_view prefix_of(std::string_view item) {
  return item == "Contact" ? "contacts:" : item == "Task" ? "task:" : item == "Message" ? "message:" : "item:";
}

}  // namespace

std::span<const Field> fields() {
  static const std::vector<Field> all = make_fields();
  return all;
}

const Field* field_of_uri(std::string_view uri) {
  const auto all = fields();
  const auto at = std::find_if(all.begin(), all.end(), [&](const Field& f) { return f.uri == uri; });
  return at == all.end() ? nullptr : &*at;
}

const Field* field_of_element(std::string_view item, std::string_view element) {
  const Field* of_type = field_of_uri(std::string(prefix_of(item)) + std::string(element));
  return of_type != nullptr ? of_type : field_of_uri("item:" + std::string(element));
}

std::span<const IndexedField> indexed_fields() {
  static const std::vector<IndexedField> all = make_indexed();
  return all;
}

const IndexedField* indexed_field(std::string_view uri, std::string_view index) {
  const auto all = indexed_fields();
  const auto at =
      std::find_if(all.begin(), all.end(), [&](const IndexedField& f) { return f.uri == uri && f.index == index; });
  return at == all.end() ? nullptr : &*at;
}

const std::vector<std::string_view>& element_order(std::string_view item) {
  static const std::map<std::string_view, Order> all{{"Item", kItem},
                                                     {"Contact", after_item(kContact)},
                                                     {"Message", after_item(kMessage)},
                                                     {"Task", after_item(kTask)}};
  static const Order none;
  const auto at = all.find(item);
  return at == all.end() ? none : at->second;
}

std::string_view element_of_class(std::string_view item_class) {
  if (item_class.starts_with("IPM.Contact")) return "Contact";
  if (item_class.starts_with("IPM.Task")) return "Task";
  if (item_class.starts_with("IPM.DistList")) return "DistributionList";
  if (item_class.starts_with("IPM.Note") || item_class.starts_with("REPORT")) return "Message";
  return "Item";
}

std::string_view class_of_element(std::string_view element) {
  return element == "Contact" ? "IPM.Contact" : element == "Task" ? "IPM.Task" : element == "Message" ? "IPM.Note" : "";
}

}  // namespace syncline::sandbox::exchange
