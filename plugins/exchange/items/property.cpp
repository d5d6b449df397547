#include "property.hpp"

#include <algorithm>
#include <array>

#include "syncline/formats/ascii.hpp"
#include "syncline/formats/uuid.hpp"
#include "xml.hpp"

namespace syncline::exchange {
namespace {

/// Of those that we write: the base item's first, then a contact's, then a task's; each in the schema's sequence.
constexpr auto order = std::to_array<std::string_view>({
    // clang-format off
    "Subject", "Body", "Categories", "Importance", "ReminderDueBy", "ReminderIsSet", "ExtendedProperty",
    "FileAs", "FileAsMapping", "DisplayName", "GivenName", "MiddleName", "Nickname", "CompanyName", "EmailAddresses",
    "PhysicalAddresses", "PhoneNumbers", "AssistantName", "Birthday", "BusinessHomePage", "Children", "Department",
    "Generation", "JobTitle", "Manager", "SpouseName", "Surname", "WeddingAnniversary",
    "CompleteDate", "DueDate", "PercentComplete", "StartDate", "Status"
    // clang-format on
});

std::size_t rank(std::string_view element) {
  return static_cast<std::size_t>(std::find(order.begin(), order.end(), element) - order.begin());
}

/// Lists whose entries are separate properties of ours.
bool is_shared(std::string_view element) {
  return element == "EmailAddresses" || element == "PhoneNumbers" || element == "PhysicalAddresses";
}

std::string element_xml(const Value& value) {
  std::string out = "<t:";
  out.append(value.element).append(value.attributes).append(">");
  out.append(value.content).append("</t:").append(value.element).append(">");
  return out;
}

void put(std::string& out, std::string_view name, std::string_view value) {
  if (!value.empty()) out.append(" ").append(name).append("=\"").append(escape(value)).append("\"");
}

std::string extended_xml(const Path& path) {
  std::string out = "<t:ExtendedFieldURI";
  put(out, "PropertyTag", path.tag);
  put(out, "DistinguishedPropertySetId", path.set);
  put(out, "PropertySetId", path.guid);
  put(out, "PropertyName", path.name);
  put(out, "PropertyId", path.id);
  put(out, "PropertyType", path.type);
  return out + "/>";
}

/// The sets that have a name in EWS: servers answer with either.
constexpr std::array<std::pair<std::string_view, std::string_view>, 4> named_sets{
    {{"Address", "00062004-0000-0000-c000-000000000046"},
     {"Task", "00062003-0000-0000-c000-000000000046"},
     {"PublicStrings", "00020329-0000-0000-c000-000000000046"},
     {"InternetHeaders", "00020386-0000-0000-c000-000000000046"}}};

std::string set_guid(std::string_view set, std::string_view guid) {
  for (const auto& [name, value] : named_sets)
    if (set == name) return std::string(value);
  const auto uuid = formats::parse_uuid(guid);
  return uuid ? formats::to_string(*uuid) : std::string();
}

/// "0x3A45" and "3a45" and "14917" are one tag to some servers; ours are written in hexadecimal digits.
std::string plain_tag(std::string_view tag) {
  std::string out = formats::lower(tag);
  if (out.starts_with("0x")) out.erase(0, 2);
  out.erase(0, std::min(out.find_first_not_of('0'), out.size()));
  return out;
}

bool is_path(const pugi::xml_node& uri, const Path& path) {
  if (attribute(uri, "PropertyType") != path.type) return false;
  if (!path.tag.empty()) return plain_tag(attribute(uri, "PropertyTag")) == plain_tag(path.tag);
  const std::string set = set_guid(attribute(uri, "DistinguishedPropertySetId"), attribute(uri, "PropertySetId"));
  if (set.empty() || set != set_guid(path.set, path.guid)) return false;
  if (!path.name.empty()) return attribute(uri, "PropertyName") == path.name;
  return attribute(uri, "PropertyId") == path.id;
}

}  // namespace

std::string path_xml(const Path& path) {
  if (path.uri.empty()) return extended_xml(path);
  std::string out = path.index.empty() ? "<t:FieldURI" : "<t:IndexedFieldURI";
  put(out, "FieldURI", path.uri);
  put(out, "FieldIndex", path.index);
  return out + "/>";
}

std::optional<std::string> extended_text(const pugi::xml_node& item, const Path& path) {
  for (const pugi::xml_node& property : item.children()) {
    if (local_name(property) != "ExtendedProperty") continue;
    const pugi::xml_node value = child(property, "Value");
    if (value && is_path(child(property, "ExtendedFieldURI"), path)) return text_of(value);
  }
  return std::nullopt;
}

Value text_value(std::string_view element, std::string_view text) { return {element, {}, escape(text)}; }

Value extended_value(const Path& path, std::string_view text) {
  return {"ExtendedProperty", {}, extended_xml(path) + "<t:Value>" + escape(text) + "</t:Value>"};
}

Value list_value(std::string_view element, const std::vector<std::string>& texts) {
  Value out{element, {}, {}};
  for (const std::string& text : texts) out.content += "<t:String>" + escape(text) + "</t:String>";
  return out;
}

std::string change_xml(std::string_view item_element, const Slot& slot) {
  if (!slot.value) return "<t:DeleteItemField>" + path_xml(slot.path) + "</t:DeleteItemField>";
  const std::string name(item_element);
  return "<t:SetItemField>" + path_xml(slot.path) + "<t:" + name + ">" + element_xml(*slot.value) + "</t:" + name +
         "></t:SetItemField>";
}

std::string ElementWriter::item(std::string_view element) const {
  std::vector<Value> sorted;
  for (const Value& value : values_) {
    const auto same =
        std::find_if(sorted.begin(), sorted.end(), [&](const Value& v) { return v.element == value.element; });
    if (is_shared(value.element) && same != sorted.end())
      same->content += value.content;
    else
      sorted.push_back(value);
  }
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const Value& l, const Value& r) { return rank(l.element) < rank(r.element); });
  std::string out = "<t:";
  out.append(element).append(">");
  for (const Value& value : sorted) out += element_xml(value);
  return out.append("</t:").append(element).append(">");
}

}  // namespace syncline::exchange
