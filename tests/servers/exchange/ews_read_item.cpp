// From XML to the store, with what Exchange derives when an item is saved.
#include <algorithm>
#include <charconv>

#include "../encode.hpp"
#include "ews_item.hpp"
#include "ews_xml.hpp"

namespace syncline::sandbox::exchange {
namespace {

constexpr std::uint32_t kBody = 0x1000, kHtml = 0x1013, kSubject = 0x0037;

[[noreturn]] void invalid(const std::string& what) {
  throw EwsFaultError("ErrorSchemaValidation", "The request failed schema validation: " + what);
}

std::string day_of(const std::string& text) {  // the date as it stands, whatever its zone
  if (text.size() < 10 || !date_time(text.substr(0, 10) + "T00:00:00Z")) invalid("'" + text + "' is no date.");
  return text.substr(0, 10) + "T00:00:00Z";
}

std::string_view type_of(FieldKind kind) {
  switch (kind) {
    case FieldKind::BOOLEAN: return "Boolean";
    case FieldKind::INTEGER:
    case FieldKind::WORD: return "Integer";
    case FieldKind::DOUBLE:
    case FieldKind::PERCENT: return "Double";
    case FieldKind::TIME:
    case FieldKind::DAY: return "SystemTime";
    case FieldKind::TEXTS: return "StringArray";
    case FieldKind::BINARY: return "Binary";
    default: return "String";
  }
}

std::string percent_stored(const std::string& text) {
  double value = -1;
  std::from_chars(text.data(), text.data() + text.size(), value);
  if (value < 0 || value > 100) throw EwsError("ErrorInvalidPercentCompleteValue", "PercentComplete is out of range.");
  return std::to_string(value / 100);
}

void set_simple(StoredItem& item, const Field& f, const pugi::xml_node& node) {
  Property p{std::string(type_of(f.kind)), {}};
  if (f.kind == FieldKind::TEXTS) {
    for (const pugi::xml_node& s : elements(node, "String")) p.values.emplace_back(s.text().get());
    if (p.values.empty()) return item.clear(f.property);
    item.properties[f.property] = std::move(p);
    return;
  }
  std::string value = node.text().get();
  if (f.kind == FieldKind::WORD) {
    const auto word = std::find(f.words.begin(), f.words.end(), value);
    if (word == f.words.end()) invalid("'" + value + "' is no value of " + std::string(f.element) + ".");
    value = std::to_string(word - f.words.begin());
  } else if (f.kind == FieldKind::PERCENT) {
    value = percent_stored(value);
  } else if (f.kind == FieldKind::DAY) {
    value = day_of(value);
  } else if (!normalize(p.type, value)) {
    invalid("the value of " + std::string(f.element) + " has another type.");
  }
  p.values = {std::move(value)};
  item.properties[f.property] = std::move(p);
}

PropertyId beside(const IndexedField& f, std::uint32_t less) {
  PropertyId out = f.property;
  out.number -= less;
  return out;
}

/// An e-mail slot is four properties.
void set_address(StoredItem& item, const IndexedField& f, const std::string& name, const std::string& value) {
  item.set(f.property, "String", value);
  item.set(beside(f, 1), "String", "SMTP");
  item.set(beside(f, 3), "String", name.empty() ? value : name);
  PropertyId original = f.property;
  ++original.number;
  item.set(original, "String", value);
}

void set_entry(StoredItem& item, std::string_view list, const pugi::xml_node& entry, std::vector<PropertyId>& written) {
  const std::string key = attribute_of(entry, "Key");
  bool known = false;
  for (const IndexedField& f : indexed_fields()) {
    if (f.list != list || f.index != key) continue;
    known = true;
    if (f.part.empty()) {
      if (list == "EmailAddresses")
        set_address(item, f, attribute_of(entry, "Name"), entry.text().get());
      else
        item.set(f.property, "String", entry.text().get());
      written.push_back(f.property);
    } else if (const pugi::xml_node part = element(entry, f.part)) {
      item.set(f.property, "String", part.text().get());
      written.push_back(f.property);
    }
  }
  if (!known) invalid("'" + key + "' is no key of " + std::string(list) + ".");
  if (list == "PhysicalAddresses") demand_order(entry, {"Street", "City", "State", "CountryOrRegion", "PostalCode"});
}

void set_recipients(StoredItem& item, Recipient::Kind kind, const pugi::xml_node& list) {
  std::erase_if(item.recipients, [&](const Recipient& r) { return r.kind == kind; });
  for (const pugi::xml_node& m : elements(list, "Mailbox"))
    item.recipients.push_back({kind, text_in(m, "Name"), text_in(m, "EmailAddress")});
}

void set_sender(StoredItem& item, std::uint32_t name, std::uint32_t address, const pugi::xml_node& node) {
  const pugi::xml_node m = element(node, "Mailbox");
  item.set(by_tag(name), "String", text_in(m, "Name"));
  item.set(by_tag(address), "String", text_in(m, "EmailAddress"));
}

void set_body(StoredItem& item, const pugi::xml_node& node) {
  const std::string type = attribute_of(node, "BodyType");
  if (type != "Text" && type != "HTML") invalid("Body needs a BodyType.");
  item.clear(by_tag(kBody));
  item.clear(by_tag(kHtml));
  item.set(by_tag(type == "HTML" ? kHtml : kBody), "String", node.text().get());
}

PropertyId set_extended(StoredItem& item, const pugi::xml_node& node) {
  demand_order(node, {"ExtendedFieldURI", "Value", "Values"});
  std::string type;
  const PropertyId id = read_extended(element(node, "ExtendedFieldURI"), type);
  Property p{type, {}};
  if (type.ends_with("Array"))
    for (const pugi::xml_node& v : elements(element(node, "Values"), "Value")) p.values.emplace_back(v.text().get());
  else
    p.values = {text_in(node, "Value")};
  for (std::string& v : p.values)
    if (!normalize(type, v))
      throw EwsError("ErrorInvalidExtendedPropertyValue", "The extended property attribute combination is invalid.");
  item.properties[id] = std::move(p);
  return id;
}

void set_element(StoredItem& item, const pugi::xml_node& node, std::vector<PropertyId>& written) {
  const std::string_view type = element_of_class(item.item_class), name = plain_name(node);
  if (name == "ExtendedProperty") {
    written.push_back(set_extended(item, node));
    return;
  }
  const Field* f = field_of_element(type, name);
  if (f == nullptr || !f->settable) {
    if (name == "EmailAddresses" || name == "PhoneNumbers" || name == "PhysicalAddresses" || name == "ImAddresses") {
      for (const pugi::xml_node& entry : elements(node, "Entry")) set_entry(item, name, entry, written);
      return;
    }
    throw EwsError("ErrorInvalidPropertySet", "Set action is invalid for property " + std::string(name) + ".");
  }
  if (f->kind != FieldKind::OWN) {
    set_simple(item, *f, node);
    written.push_back(f->property);
    return;
  }
  if (name == "ItemClass") item.item_class = node.text().get();
  if (name == "Body") {
    set_body(item, node);
    written.push_back(by_tag(kBody));
  }
  if (name == "MimeContent") {
    const auto bytes = from_base64(node.text().get());
    if (!bytes) throw EwsError("ErrorMimeContentInvalidBase64String", "The MIME content is not valid base64.");
    item.mime = *bytes;
    read_mime(item);
  }
  if (name == "IsRead") item.read = std::string_view(node.text().get()) == "true";
  if (name == "FileAsMapping") item.set(by_number("Address", 0x8006), "String", node.text().get());
  if (name == "PostalAddressIndex") item.set(by_number("Address", 0x8022), "String", node.text().get());
  if (name == "ToRecipients") set_recipients(item, Recipient::Kind::TO, node);
  if (name == "CcRecipients") set_recipients(item, Recipient::Kind::CC, node);
  if (name == "BccRecipients") set_recipients(item, Recipient::Kind::BCC, node);
  if (name == "From") set_sender(item, 0x0042, 0x0065, node);
  if (name == "Sender") set_sender(item, 0x0C1A, 0x0C1F, node);
}

bool wrote(const std::vector<PropertyId>& written, const PropertyId& id) {
  return std::find(written.begin(), written.end(), id) != written.end();
}

/// Names of a contact: what it is filed as follows them where a mapping says how.
void derive_contact(StoredItem& item, const std::vector<PropertyId>& written) {
  const PropertyId file_as = by_number("Address", 0x8005), shown = by_tag(0x3001);
  const std::string first = item.text(by_tag(0x3A06)), middle = item.text(by_tag(0x3A44)),
                    last = item.text(by_tag(0x3A11)), company = item.text(by_tag(0x3A16));
  std::string given = first + (first.empty() || middle.empty() ? "" : " ") + middle;
  const std::string mapping = item.text(by_number("Address", 0x8006));
  if (!wrote(written, file_as)) {
    std::string name;
    if (mapping == "LastCommaFirst") name = last + (last.empty() || given.empty() ? "" : ", ") + given;
    if (mapping == "FirstSpaceLast") name = given + (last.empty() || given.empty() ? "" : " ") + last;
    if (mapping == "Company") name = company;
    if (!name.empty()) item.set(file_as, "String", name);
  }
  if (!wrote(written, shown) && item.text(shown).empty() && !(given + last).empty())
    item.set(shown, "String", given + (last.empty() || given.empty() ? "" : " ") + last);
  if (const std::string name = item.text(shown); !name.empty()) item.set(by_tag(kSubject), "String", name);
}

/// Status, percentage and the day of completion move together.
void derive_task(StoredItem& item, const std::vector<PropertyId>& written) {
  const PropertyId status = by_number("Task", 0x8101), percent = by_number("Task", 0x8102),
                   day = by_number("Task", 0x810F), complete = by_number("Task", 0x811C);
  const auto is = [&](const PropertyId& id, std::string_view value) { return item.text(id) == value; };
  const std::string done = percent_stored("100"), none = percent_stored("0");
  if (item.property(status) == nullptr) item.set(status, "Integer", "0");
  if (item.property(percent) == nullptr) item.set(percent, "Double", none);
  if (wrote(written, status)) {
    if (is(status, "2")) item.set(percent, "Double", done);
    if (!is(status, "2") && is(percent, done)) item.set(percent, "Double", none);
  } else if (wrote(written, day)) {
    item.set(status, "Integer", item.property(day) == nullptr ? "0" : "2");
    item.set(percent, "Double", item.property(day) == nullptr ? none : done);
  } else if (wrote(written, percent)) {
    if (is(percent, done)) item.set(status, "Integer", "2");
    if (is(percent, none) && is(status, "2")) item.set(status, "Integer", "0");
    if (!is(percent, done) && !is(percent, none) && (is(status, "0") || is(status, "2")))
      item.set(status, "Integer", "1");
  }
  if (is(status, "2")) {
    if (item.property(day) == nullptr) item.set(day, "SystemTime", now_utc().substr(0, 10) + "T00:00:00Z");
    if (item.text(day) > now_utc())
      throw EwsError("ErrorInvalidCompleteDate", "CompleteDate cannot be set to a date in the future.");
  } else {
    item.clear(day);
  }
  item.set(complete, "Boolean", is(status, "2") ? "true" : "false");
}

void derive(StoredItem& item, const std::vector<PropertyId>& written) {
  const std::string_view type = element_of_class(item.item_class);
  if (type == "Contact") derive_contact(item, written);
  if (type == "Task") derive_task(item, written);
}

void clear_indexed(StoredItem& item, const IndexedField& f) {
  item.clear(f.property);
  if (f.list != "EmailAddresses") return;
  item.clear(beside(f, 1));
  item.clear(beside(f, 3));
  PropertyId original = f.property;
  ++original.number;
  item.clear(original);
}

const IndexedField& indexed_at(const pugi::xml_node& path) {
  const IndexedField* f = indexed_field(attribute_of(path, "FieldURI"), attribute_of(path, "FieldIndex"));
  if (f == nullptr) invalid("there is no such indexed property.");
  return *f;
}

PropertyId delete_at(StoredItem& item, const pugi::xml_node& path) {
  if (plain_name(path) == "ExtendedFieldURI") {
    std::string type;
    const PropertyId id = read_extended(path, type);
    item.clear(id);
    return id;
  }
  if (plain_name(path) == "IndexedFieldURI") {
    clear_indexed(item, indexed_at(path));
    return indexed_at(path).property;
  }
  const std::string uri = attribute_of(path, "FieldURI");
  const Field* f = field_of_uri(uri);
  if (f == nullptr || !f->settable) throw EwsError("ErrorInvalidPropertyDelete", "Delete action is invalid for " + uri);
  if (uri == "item:Body") {
    item.clear(by_tag(kBody));
    item.clear(by_tag(kHtml));
    return by_tag(kBody);
  }
  if (uri == "message:ToRecipients")
    std::erase_if(item.recipients, [](const Recipient& r) { return r.kind == Recipient::Kind::TO; });
  if (uri == "message:CcRecipients")
    std::erase_if(item.recipients, [](const Recipient& r) { return r.kind == Recipient::Kind::CC; });
  if (uri == "task:Status") throw EwsError("ErrorInvalidPropertyDelete", "Delete action is invalid for task:Status");
  item.clear(f->property);
  return f->property;
}

/// That the element under the item is the one that the path names.
void demand_match(const pugi::xml_node& path, const pugi::xml_node& item) {
  const auto values = elements(item);
  if (values.size() != 1)
    throw EwsError("ErrorIncorrectUpdatePropertyCount",
                   "An object within a change description must contain one and only one property to modify.");
  const std::string_view name = plain_name(values.front());
  std::string_view wanted;
  if (plain_name(path) == "ExtendedFieldURI")
    wanted = "ExtendedProperty";
  else if (plain_name(path) == "IndexedFieldURI")
    wanted = indexed_at(path).list;
  else if (const Field* f = field_of_uri(attribute_of(path, "FieldURI")); f != nullptr)
    wanted = f->element;
  if (wanted.empty()) throw EwsError("ErrorInvalidPropertySet", "Set action is invalid for property.");
  if (name != wanted)
    throw EwsError("ErrorUpdatePropertyMismatch", "The property in the change description does not match the path.");
}

/// Encoded words of UTF-8, as in the mails of the sandbox; others stay as they are.
std::string decoded_words(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t begin = text.find("=?");
    const std::size_t mark = begin == std::string_view::npos ? begin : text.find('?', begin + 2);
    const std::size_t end = mark == std::string_view::npos ? mark : text.find("?=", mark + 3);
    if (end == std::string_view::npos || lower(text.substr(begin + 2, mark - begin - 2)) != "utf-8")
      return out.append(text);
    out += text.substr(0, begin);
    const std::string_view content = text.substr(mark + 3, end - mark - 3);
    if (text[mark + 1] == 'B' || text[mark + 1] == 'b') {
      out += from_base64(content).value_or(std::string(content));
    } else {
      std::string plain(content);
      std::replace(plain.begin(), plain.end(), '_', ' ');
      std::replace(plain.begin(), plain.end(), '=', '%');
      out += percent_decoded(plain);
    }
    text.remove_prefix(end + 2);
    if (const std::size_t next = text.find_first_not_of(" \t");
        next != std::string_view::npos && text.substr(next).starts_with("=?"))
      text.remove_prefix(next);  // blanks between encoded words are none
  }
  return out;
}

/// "Name <a@b>" or "a@b", several after commas; names as they stand.
std::vector<std::pair<std::string, std::string>> addresses_in(const std::string& text) {
  std::vector<std::pair<std::string, std::string>> out;
  std::string piece;
  const auto flush = [&] {
    const std::size_t open = piece.find('<');
    std::string address = open == std::string::npos ? piece : piece.substr(open + 1, piece.find('>', open) - open - 1);
    std::string name = open == std::string::npos ? std::string() : piece.substr(0, open);
    const auto trim = [](std::string& s) {
      s.erase(0, std::min(s.find_first_not_of(" \t\""), s.size()));
      s.erase(s.find_last_not_of(" \t\"") + 1);
    };
    trim(address);
    trim(name);
    if (!address.empty()) out.emplace_back(decoded_words(name), address);
    piece.clear();
  };
  bool quoted = false;
  for (const char c : text) {
    if (c == '"') quoted = !quoted;
    if (c == ',' && !quoted)
      flush();
    else
      piece += c;
  }
  flush();
  return out;
}

}  // namespace

PropertyId read_extended(const pugi::xml_node& path, std::string& type) {
  type = attribute_of(path, "PropertyType");
  const std::string tag = attribute_of(path, "PropertyTag"),
                    set_name = attribute_of(path, "DistinguishedPropertySetId"),
                    set_id = attribute_of(path, "PropertySetId"), name = attribute_of(path, "PropertyName"),
                    number = attribute_of(path, "PropertyId");
  const auto bad = [] {
    return EwsError("ErrorInvalidExtendedProperty", "The extended property attribute combination is invalid.");
  };
  std::string empty;
  if (type.empty() || (!normalize(type, empty) && type == "Object")) throw bad();
  const int ways = (tag.empty() ? 0 : 1) + (set_name.empty() ? 0 : 1) + (set_id.empty() ? 0 : 1);
  if (ways != 1) throw bad();
  if (!tag.empty()) {
    if (!name.empty() || !number.empty()) throw bad();
    const unsigned long value = std::stoul(tag, nullptr, 0);
    if (value >= 0x8000 || value == 0) throw bad();  // numbers of one database, not names
    return by_tag(static_cast<std::uint32_t>(value));
  }
  if (name.empty() == number.empty()) throw bad();
  PropertyId out;
  out.set = set_name.empty() ? guid(set_id).value_or("") : property_set(set_name);
  if (out.set.empty()) throw bad();
  out.name = name;
  if (!number.empty()) out.number = static_cast<std::uint32_t>(std::stoul(number));
  return out;
}

ItemShape read_shape(const pugi::xml_node& node) {
  demand_order(node, {"BaseShape", "IncludeMimeContent", "BodyType", "UniqueBodyType", "NormalizedBodyType",
                      "FilterHtmlContent", "ConvertHtmlCodePageToUTF8", "InlineImageUrlTemplate", "BlockExternalImages",
                      "AddBlankTargetToLinks", "MaximumBodySize", "AdditionalProperties"});
  ItemShape out;
  const std::string base = text_in(node, "BaseShape");
  if (base == "Default")
    out.base = ItemShape::Base::DEFAULT;
  else if (base == "AllProperties")
    out.base = ItemShape::Base::ALL;
  else if (base != "IdOnly")
    invalid("'" + base + "' is no BaseShape.");
  out.mime = text_in(node, "IncludeMimeContent") == "true";
  if (const std::string body = text_in(node, "BodyType"); !body.empty()) out.body_type = body;
  for (const pugi::xml_node& path : elements(element(node, "AdditionalProperties"))) {
    const std::string uri = attribute_of(path, "FieldURI");
    if (plain_name(path) == "ExtendedFieldURI") {
      std::string type;
      const PropertyId id = read_extended(path, type);
      out.extended.emplace_back(id, type);
      std::string xml = "<t:ExtendedFieldURI";
      for (const pugi::xml_attribute& a : path.attributes())
        xml += std::string(" ") + a.name() + "=\"" + xml_text(a.value()) + "\"";
      out.extended_xml.push_back(xml + "/>");
    } else if (plain_name(path) == "IndexedFieldURI") {
      out.indexed.insert({uri, attribute_of(path, "FieldIndex")});
    } else {
      const std::size_t colon = uri.find(':');
      if (colon == std::string::npos) invalid("'" + uri + "' is no FieldURI.");
      const Field* f = field_of_uri(uri);
      out.elements.insert(f == nullptr ? uri.substr(colon + 1) : std::string(f->element));
    }
  }
  return out;
}

StoredItem read_item(Mailbox& mailbox, const pugi::xml_node& node) {
  const std::string_view name = plain_name(node);
  const auto& order = element_order(name);
  if (order.empty()) throw EwsError("ErrorItemSave", "This server keeps no " + std::string(name) + ".");
  demand_order(node, order);
  StoredItem item;
  item.item_class = class_of_element(name);
  std::vector<PropertyId> written;
  for (const pugi::xml_node& part : elements(node)) {
    if (plain_name(part) == "Attachments")
      for (const pugi::xml_node& a : elements(part)) item.attachments.push_back(read_attachment(mailbox, a));
    else
      set_element(item, part, written);
  }
  derive(item, written);
  return item;
}

std::vector<PropertyId> change_item(StoredItem& item, const pugi::xml_node& updates) {
  const std::string_view type = element_of_class(item.item_class);
  StoredItem changed = item;  // all of it or nothing
  std::vector<PropertyId> written;
  for (const pugi::xml_node& change : elements(updates)) {
    const auto parts = elements(change);
    if (parts.empty()) invalid("a change without a path.");
    const pugi::xml_node path = parts.front();
    if (plain_name(change) == "DeleteItemField") {
      written.push_back(delete_at(changed, path));
      continue;
    }
    if (parts.size() != 2) invalid("a change without an item.");
    const std::string_view given = plain_name(parts[1]);
    if (given != type && given != "Item") throw EwsError("ErrorIncorrectSchemaVersion", "The item is of another type.");
    demand_match(path, parts[1]);
    demand_order(parts[1], element_order(type));
    set_element(changed, elements(parts[1]).front(), written);
  }
  derive(changed, written);
  item = std::move(changed);
  return written;
}

Attachment read_attachment(Mailbox& mailbox, const pugi::xml_node& node) {
  if (plain_name(node) != "FileAttachment")
    throw EwsError("ErrorItemSave", "This server keeps no " + std::string(plain_name(node)) + ".");
  demand_order(node, {"AttachmentId", "Name", "ContentType", "ContentId", "ContentLocation", "AttachmentOriginalUrl",
                      "Size", "LastModifiedTime", "IsInline", "IsContactPhoto", "Content"});
  const auto bytes = from_base64(text_in(node, "Content"));
  if (!bytes) invalid("the content of an attachment is no base64.");
  return {mailbox.new_attachment_id(),
          text_in(node, "Name"),
          text_in(node, "ContentType").empty() ? "application/octet-stream" : text_in(node, "ContentType"),
          text_in(node, "ContentId"),
          text_in(node, "IsInline") == "true",
          *bytes};
}

void read_mime(StoredItem& item) {
  std::string name, value;
  const auto header = [&] {
    if (name == "subject") item.set(by_tag(kSubject), "String", decoded_words(value));
    if (name == "message-id") item.set(by_tag(0x1035), "String", value);
    if (name == "in-reply-to") item.set(by_tag(0x1042), "String", value);
    if (name == "references") item.set(by_tag(0x1039), "String", value);
    if (name == "thread-topic") item.set(by_tag(0x0070), "String", value);
    if (name == "thread-index") item.set(by_tag(0x0071), "Binary", value);
    if (name == "from" || name == "sender")
      for (const auto& [who, address] : addresses_in(value)) {
        item.set(by_tag(name == "from" ? 0x0042 : 0x0C1A), "String", who);
        item.set(by_tag(name == "from" ? 0x0065 : 0x0C1F), "String", address);
      }
    if (name == "to" || name == "cc")
      for (const auto& [who, address] : addresses_in(value))
        item.recipients.push_back({name == "to" ? Recipient::Kind::TO : Recipient::Kind::CC, who, address});
    name.clear();
    value.clear();
  };
  std::string_view rest = item.mime;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) break;
    if (line.front() == ' ' || line.front() == '\t') {
      value += line;
      continue;
    }
    header();
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    name = lower(line.substr(0, colon));
    line.remove_prefix(colon + 1);
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    value = line;
  }
  header();
  item.set(by_tag(kBody), "String", std::string(rest));
}

}  // namespace syncline::sandbox::exchange
