// contact.cpp: a contact. Single texts, numbered slots (e-mail, phones, addresses), two days, and what Outlook derives.
#include <algorithm>
#include <array>

#include "dates.hpp"
#include "kinds.hpp"
#include "plain_text.hpp"
#include "xml.hpp"

namespace syncline::exchange {

namespace json = boost::json;

namespace {

/// Element and path of the same property.
struct Text {
  std::string_view field;
  std::string_view element;
  Path path;
};
constexpr auto texts = std::to_array<Text>({{"firstname", "GivenName", field_path("contacts:GivenName")},
                                            {"middlename", "MiddleName", field_path("contacts:MiddleName")},
                                            {"lastname", "Surname", field_path("contacts:Surname")},
                                            {"suffix", "Generation", field_path("contacts:Generation")},
                                            {"company", "CompanyName", field_path("contacts:CompanyName")},
                                            {"jobtitle", "JobTitle", field_path("contacts:JobTitle")},
                                            {"department", "Department", field_path("contacts:Department")},
                                            {"assistant_name", "AssistantName", field_path("contacts:AssistantName")},
                                            {"manager_name", "Manager", field_path("contacts:Manager")},
                                            {"nickname", "Nickname", field_path("contacts:Nickname")},
                                            {"spouse", "SpouseName", field_path("contacts:SpouseName")},
                                            {"web_page", "BusinessHomePage", field_path("contacts:BusinessHomePage")}});

/// What EWS has no element for that can be written: MAPI properties.
struct Extended {
  std::string_view field;
  Path path;
};
constexpr auto extended = std::to_array<Extended>({{"salutation", tag_path("0x3A45", "String")},
                                                   {"government_id", tag_path("0x3A07", "String")},
                                                   {"ftp_site", tag_path("0x3A4C", "String")},
                                                   {"yomi_firstname", set_path("Address", "32812", "String")},
                                                   {"yomi_lastname", set_path("Address", "32813", "String")}});

/// One entry of PhoneNumbers or EmailAddresses.
struct Entry {
  std::string_view field;
  std::string_view key;
};
constexpr auto phones = std::to_array<Entry>({{"business_phone", "BusinessPhone"},
                                              {"business_phone2", "BusinessPhone2"},
                                              {"home_phone", "HomePhone"},
                                              {"home_phone2", "HomePhone2"},
                                              {"mobile_phone", "MobilePhone"},
                                              {"other_phone", "OtherTelephone"},
                                              {"company_phone", "CompanyMainPhone"},
                                              {"callback_phone", "Callback"},
                                              {"pager", "Pager"},
                                              {"business_fax", "BusinessFax"},
                                              {"assistant_phone", "AssistantPhone"}});

/// An e-mail slot, and the address as it was first written, which stays where the slot has a directory name.
struct Email {
  std::string_view field;
  std::string_view key;
  Path original;
};
constexpr auto emails = std::to_array<Email>({{"email1", "EmailAddress1", set_path("Address", "32900", "String")},
                                              {"email2", "EmailAddress2", set_path("Address", "32916", "String")},
                                              {"email3", "EmailAddress3", set_path("Address", "32932", "String")}});

constexpr auto addresses =
    std::to_array<Entry>({{"business_address", "Business"}, {"home_address", "Home"}, {"other_address", "Other"}});

struct Part {
  std::string_view name;
  std::string_view element;
  std::string_view uri;
};
/// In the schema's sequence.
constexpr auto parts = std::to_array<Part>({{"street", "Street", "contacts:PhysicalAddress:Street"},
                                            {"city", "City", "contacts:PhysicalAddress:City"},
                                            {"state", "State", "contacts:PhysicalAddress:State"},
                                            {"country", "CountryOrRegion", "contacts:PhysicalAddress:CountryOrRegion"},
                                            {"postal_code", "PostalCode", "contacts:PhysicalAddress:PostalCode"}});

struct Day {
  std::string_view field;
  std::string_view element;
  Path path;
  Path local;  ///< the same day without a zone, written by newer programs
};
constexpr auto days = std::to_array<Day>(
    {{"birthday", "Birthday", field_path("contacts:Birthday"), set_path("Address", "32990", "SystemTime")},
     {"anniversary", "WeddingAnniversary", field_path("contacts:WeddingAnniversary"),
      set_path("Address", "32991", "SystemTime")}});

/// Some programs write this year for "no year". A document has no such day.
constexpr std::string_view no_year = "1604-";

constexpr std::string_view children_separator = ", ";

template <class Table>
auto find(const Table& table, std::string_view field) {
  return std::find_if(table.begin(), table.end(), [&](const auto& each) { return each.field == field; });
}

std::optional<Value> text_or_none(std::string_view element, const std::string& text) {
  if (text.empty()) return std::nullopt;
  return text_value(element, text);
}

std::string entry_xml(std::string_view key, std::string_view attributes, std::string_view content) {
  std::string out = "<t:Entry Key=\"";
  return out.append(key).append("\"").append(attributes).append(">").append(content).append("</t:Entry>");
}

/// The entry with this key; keys are case-sensitive.
pugi::xml_node entry(const pugi::xml_node& item, std::string_view list, std::string_view key) {
  for (const pugi::xml_node& each : children(child(item, list), "Entry"))
    if (attribute(each, "Key") == key) return each;
  return {};
}

void put(json::object& document, std::string_view field, const std::string& text) {
  if (!text.empty()) document[field] = text;
}

bool is_internet(std::string_view text) {
  return text.find('@') != std::string_view::npos && text.find_first_of(" \t\n/<>") == std::string_view::npos;
}

void read_emails(const pugi::xml_node& item, const ReadContext& context, ItemRead& out) {
  for (const Email& email : emails) {
    const pugi::xml_node found = entry(item, "EmailAddresses", email.key);
    std::string address = one_line(text_of(found));
    if (is_directory_name(address, attribute(found, "RoutingType"))) {
      const std::string original = one_line(extended_text(item, email.original).value_or(""));
      address = is_internet(original) ? original : resolved(context, email.field, address, out);
    }
    put(out.document, email.field, address);
  }
}

void read_addresses(const pugi::xml_node& item, json::object& document) {
  for (const Entry& address : addresses) {
    const pugi::xml_node found = entry(item, "PhysicalAddresses", address.key);
    json::object object;
    for (const Part& part : parts) put(object, part.name, child_text(found, part.element));
    if (!object.empty()) document[address.field] = std::move(object);
  }
}

void read_days(const pugi::xml_node& item, ItemRead& out) {
  for (const Day& day : days) {
    const std::string written = child_text(item, day.element);
    if (written.empty()) continue;
    const auto found = day_of(written, extended_text(item, day.local).value_or(""));
    if (!found) continue;
    if (found->starts_with(no_year))
      out.marks[std::string(day.field) + "_without_year"] = found->substr(no_year.size());
    else
      out.document[day.field] = *found;
  }
}

void read_children(const pugi::xml_node& item, json::object& document) {
  std::string all;
  for (const pugi::xml_node& each : children(child(item, "Children"), "String")) {
    const std::string name = text_of(each);
    if (name.empty()) continue;
    if (!all.empty()) all += children_separator;
    all += name;
  }
  put(document, "children", all);
}

/// Apart where the text is apart, so that it comes back as the same text in any case.
std::optional<Value> children_value(const std::string& text) {
  if (text.empty()) return std::nullopt;
  std::vector<std::string> names;
  std::string_view rest = text;
  for (std::size_t at = 0; at != std::string_view::npos; rest.remove_prefix(at + children_separator.size())) {
    at = rest.find(children_separator);
    names.emplace_back(rest.substr(0, at));
    if (at == std::string_view::npos) break;
  }
  const bool clean = std::none_of(names.begin(), names.end(), [](const std::string& name) { return name.empty(); });
  return list_value("Children", clean ? names : std::vector<std::string>{text});
}

/// The element of one part; empty: the document has none.
std::string part_xml(const Part& part, const Entry& address, const json::object& document) {
  const json::value* value = document.if_contains(address.field);
  const json::object* object = value == nullptr ? nullptr : value->if_object();
  const std::string text = object == nullptr ? std::string() : text_member(*object, part.name);
  const std::string element(part.element);
  return text.empty() ? std::string() : "<t:" + element + ">" + escape(text) + "</t:" + element + ">";
}

std::vector<Slot> address_slots(const Entry& address, const json::object& document) {
  std::vector<Slot> out;
  for (const Part& part : parts) {
    Slot slot{indexed_path(part.uri, address.key), std::nullopt};
    const std::string xml = part_xml(part, address, document);
    if (!xml.empty()) slot.value = Value{"PhysicalAddresses", {}, entry_xml(address.key, {}, xml)};
    out.push_back(std::move(slot));
  }
  return out;
}

std::vector<Slot> day_slot(const Day& day, const json::object& document, std::vector<std::string>& never) {
  const std::string text = text_member(document, day.field);
  if (text.empty()) return {{day.path, std::nullopt}};
  if (!is_storable_day(text) || text.starts_with(no_year)) {
    never.emplace_back(day.field);
    return {};
  }
  // One minute before noon in UTC is the same day everywhere from -11 to +12: what Exchange itself writes.
  return {{day.path, text_value(day.element, text + "T11:59:00Z")}};
}

Slot email_slot(const Email& email, const json::object& document) {
  const std::string address = text_member(document, email.field);
  Slot slot{indexed_path("contacts:EmailAddress", email.key), std::nullopt};
  if (!address.empty()) {
    const std::string_view routing = is_directory_name(address, {}) ? " RoutingType=\"EX\"" : " RoutingType=\"SMTP\"";
    slot.value = Value{"EmailAddresses", {}, entry_xml(email.key, routing, escape(address))};
  }
  return slot;
}

Slot phone_slot(const Entry& phone, const json::object& document) {
  const std::string number = text_member(document, phone.field);
  Slot slot{indexed_path("contacts:PhoneNumber", phone.key), std::nullopt};
  if (!number.empty()) slot.value = Value{"PhoneNumbers", {}, entry_xml(phone.key, {}, escape(number))};
  return slot;
}

std::string joined(const json::object& document, std::initializer_list<std::string_view> names) {
  std::string out;
  for (const std::string_view name : names) {
    const std::string text = text_member(document, name);
    if (text.empty()) continue;
    if (!out.empty()) out += ' ';
    out += text;
  }
  return out;
}

/// What stands in for a name where there is none.
std::string company_or_address(const json::object& document) {
  const std::string company = text_member(document, "company");
  return company.empty() ? text_member(document, "email1") : company;
}

std::string display_name(const json::object& document) {
  std::string name = joined(document, {"salutation", "firstname", "middlename", "lastname", "suffix"});
  return name.empty() ? company_or_address(document) : name;
}

std::string file_as(const json::object& document) {
  const std::string last = text_member(document, "lastname");
  const std::string first = joined(document, {"firstname", "middlename"});
  if (!last.empty() && !first.empty()) return last + ", " + first;
  if (!last.empty() || !first.empty()) return last + first;
  return company_or_address(document);
}

bool has_name(const json::object& document) {
  return !text_member(document, "lastname").empty() || !text_member(document, "firstname").empty();
}

}  // namespace

std::vector<std::string_view> contact_fields() {
  std::vector<std::string_view> out;
  const auto add = [&](const auto& table) {
    for (const auto& each : table) out.push_back(each.field);
  };
  add(texts);
  add(extended);
  add(phones);
  add(emails);
  add(addresses);
  add(days);
  for (const std::string_view each : {"children", "notes", "categories"}) out.push_back(each);
  return out;
}

std::vector<Path> contact_paths() {
  std::vector<Path> out{
      field_path("item:Body"),       field_path("item:Categories"),        field_path("contacts:Children"),
      field_path("contacts:FileAs"), field_path("contacts:FileAsMapping"), field_path("contacts:DisplayName")};
  for (const Text& each : texts) out.push_back(each.path);
  for (const Extended& each : extended) out.push_back(each.path);
  for (const Entry& each : phones) out.push_back(indexed_path("contacts:PhoneNumber", each.key));
  for (const Email& each : emails) {
    out.push_back(indexed_path("contacts:EmailAddress", each.key));
    out.push_back(each.original);
  }
  for (const Entry& address : addresses)
    for (const Part& part : parts) out.push_back(indexed_path(part.uri, address.key));
  for (const Day& each : days) {
    out.push_back(each.path);
    out.push_back(each.local);
  }
  return out;
}

void read_contact(const pugi::xml_node& item, const ReadContext& context, ItemRead& out) {
  for (const Text& each : texts) put(out.document, each.field, child_text(item, each.element));
  for (const Extended& each : extended) put(out.document, each.field, extended_text(item, each.path).value_or(""));
  for (const Entry& each : phones) put(out.document, each.field, text_of(entry(item, "PhoneNumbers", each.key)));
  read_emails(item, context, out);
  read_addresses(item, out.document);
  read_days(item, out);
  read_children(item, out.document);
  put(out.document, "notes", read_notes(item));
  out.display_name = child_text(item, "DisplayName");
  out.file_as = child_text(item, "FileAs");
  out.file_as_mapping = child_text(item, "FileAsMapping");
}

std::vector<Slot> contact_slots(std::string_view field, const json::object& document, std::vector<std::string>& never) {
  const std::string text = text_member(document, field);
  if (const auto found = find(texts, field); found != texts.end())
    return {{found->path, text_or_none(found->element, text)}};
  if (const auto found = find(extended, field); found != extended.end())
    return {{found->path, text.empty() ? std::nullopt : std::optional(extended_value(found->path, text))}};
  if (const auto found = find(phones, field); found != phones.end()) return {phone_slot(*found, document)};
  if (const auto found = find(emails, field); found != emails.end()) return {email_slot(*found, document)};
  if (const auto found = find(addresses, field); found != addresses.end()) return address_slots(*found, document);
  if (const auto found = find(days, field); found != days.end()) return day_slot(*found, document, never);
  if (field == "children") return {{field_path("contacts:Children"), children_value(text)}};
  return {};
}

std::vector<Slot> new_address_slots(const json::object& document) {
  std::vector<Slot> out;
  for (const Entry& address : addresses) {
    std::string all;
    for (const Part& part : parts) all += part_xml(part, address, document);
    if (!all.empty())
      out.push_back({indexed_path("contacts:PhysicalAddress", address.key),
                     Value{"PhysicalAddresses", {}, entry_xml(address.key, {}, all)}});
  }
  return out;
}

std::vector<Slot> new_name_slots(const json::object& document) {
  std::vector<Slot> out;
  // With a mapping, Outlook and the server make "file as" follow the name; without it a contact is blank in lists.
  const bool company = !text_member(document, "company").empty();
  if (has_name(document) || company)
    out.push_back({field_path("contacts:FileAsMapping"),
                   text_value("FileAsMapping", has_name(document) ? "LastCommaFirst" : "Company")});
  else if (const std::string name = file_as(document); !name.empty())
    out.push_back({field_path("contacts:FileAs"), text_value("FileAs", name)});
  if (const std::string name = display_name(document); !name.empty())
    out.push_back({field_path("contacts:DisplayName"), text_value("DisplayName", name)});
  return out;
}

std::vector<Slot> changed_name_slots(const json::object& document, const ItemRead& now) {
  std::vector<Slot> out;
  const std::string shown = display_name(document);
  const bool derived = now.display_name.empty() || now.display_name == display_name(now.document) ||
                       now.display_name == joined(now.document, {"firstname", "middlename", "lastname", "suffix"}) ||
                       now.display_name == joined(now.document, {"firstname", "lastname"});
  if (derived && !shown.empty() && shown != display_name(now.document))
    out.push_back({field_path("contacts:DisplayName"), text_value("DisplayName", shown)});

  const std::string filed = file_as(document);
  if (filed.empty() || filed == file_as(now.document)) return out;
  const bool mapped = !now.file_as_mapping.empty() && now.file_as_mapping != "None";
  if (mapped)  // the same mapping again makes the server work it out anew
    out.push_back({field_path("contacts:FileAsMapping"), text_value("FileAsMapping", now.file_as_mapping)});
  else if (now.file_as.empty() || now.file_as == file_as(now.document))
    out.push_back({field_path("contacts:FileAs"), text_value("FileAs", filed)});
  return out;
}

}  // namespace syncline::exchange
