// From the store to XML.
#include <algorithm>
#include <array>
#include <charconv>

#include "../encode.hpp"
#include "../mime_writer.hpp"
#include "ews_item.hpp"
#include "ews_xml.hpp"

namespace syncline::sandbox::exchange {
namespace {

constexpr std::uint32_t kBody = 0x1000, kHtml = 0x1013;

std::string tagged(std::string_view name, std::string_view content, std::string_view attributes = {}) {
  std::string out = "<t:";
  out.append(name).append(attributes).append(">").append(content).append("</t:").append(name).append(">");
  return out;
}

/// As a server does where a client asks for text: a line for each paragraph and break, entities as characters.
std::string plain_of_html(std::string_view html) {
  std::string out;
  for (std::size_t at = 0; at < html.size(); ++at) {
    if (html[at] == '<') {
      const std::size_t end = std::min(html.find('>', at), html.size());
      const std::string tag = lower(html.substr(at + 1, end - at - 1));
      if (tag == "/p" || tag == "/div" || tag.starts_with("br")) out += "\r\n";
      at = end;
    } else if (html[at] == '&') {
      constexpr std::array<std::pair<std::string_view, char>, 5> kNamed{
          {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&nbsp;", ' '}}};
      const auto known = std::find_if(kNamed.begin(), kNamed.end(),
                                      [&](const auto& n) { return html.substr(at).starts_with(n.first); });
      out += known == kNamed.end() ? '&' : known->second;
      if (known != kNamed.end()) at += known->first.size() - 1;
    } else if (html[at] != '\r' && html[at] != '\n') {
      out += html[at];
    }
  }
  return out;
}

std::string percent(const std::string& stored) {
  double value = 0;
  std::from_chars(stored.data(), stored.data() + stored.size(), value);
  return std::to_string(static_cast<int>(value * 100 + 0.5));
}

/// The text of a simple field on the wire; nullopt: the item has none.
std::optional<std::string> simple(const StoredItem& item, const Field& f, const ItemShape& shape) {
  const Property* p = item.property(f.property);
  if (p == nullptr) return std::nullopt;
  if (f.kind == FieldKind::TEXTS) {
    std::string out;
    for (const std::string& v : p->values) out += tagged("String", xml_text(v));
    return out;
  }
  const std::string value = p->values.empty() ? std::string() : p->values.front();
  if (f.kind == FieldKind::WORD) {
    const auto n = static_cast<std::size_t>(std::stoul(value));
    return std::string(f.words[std::min(n, f.words.size() - 1)]);
  }
  if (f.kind == FieldKind::PERCENT) return percent(value);
  return xml_text(shape.longest == 0 ? value : value.substr(0, shape.longest));
}

std::string mailbox_xml(const std::string& name, const std::string& address) {
  return "<t:Mailbox><t:Name>" + xml_text(name.empty() ? address : name) + "</t:Name><t:EmailAddress>" +
         xml_text(address) +
         "</t:EmailAddress><t:RoutingType>SMTP</t:RoutingType><t:MailboxType>OneOff</t:MailboxType>"
         "</t:Mailbox>";
}

std::string recipients_xml(const StoredItem& item, Recipient::Kind kind, bool names_only) {
  std::string out;
  for (const Recipient& r : item.recipients) {
    if (r.kind != kind) continue;
    out += names_only ? "<t:Mailbox><t:Name>" + xml_text(r.name.empty() ? r.address : r.name) + "</t:Name></t:Mailbox>"
                      : mailbox_xml(r.name, r.address);
  }
  return out;
}

std::string names_of(const StoredItem& item, Recipient::Kind kind) {
  std::string out;
  for (const Recipient& r : item.recipients)
    if (r.kind == kind) out += (out.empty() ? "" : "; ") + (r.name.empty() ? r.address : r.name);
  return xml_text(out);
}

std::string body_xml(const StoredItem& item, const ItemShape& shape) {
  const Property* html = item.property(by_tag(kHtml));
  const Property* text = item.property(by_tag(kBody));
  if (html == nullptr && text == nullptr) return {};
  const bool as_html = html != nullptr && shape.body_type != "Text";
  if (!as_html && shape.body_type == "HTML")
    return tagged("Body", xml_text("<html><body>" + xml_text(text->values.front()) + "</body></html>"),
                  " BodyType=\"HTML\"");
  if (as_html) return tagged("Body", xml_text(html->values.front()), " BodyType=\"HTML\"");
  return tagged("Body", xml_text(text != nullptr ? text->values.front() : plain_of_html(html->values.front())),
                " BodyType=\"Text\"");
}

/// The entries of a contact's list, in the order of the table; with `shape.indexed` those alone that are asked for.
std::string list_xml(const StoredItem& item, std::string_view list, bool whole, const ItemShape& shape) {
  std::vector<std::pair<std::string_view, std::string>> entries;
  for (const IndexedField& f : indexed_fields()) {
    if (f.list != list) continue;
    if (!whole && !shape.indexed.contains({std::string(f.uri), std::string(f.index)})) continue;
    const Property* p = item.property(f.property);
    if (p == nullptr) continue;
    const std::string value = xml_text(p->values.front());
    if (entries.empty() || entries.back().first != f.index) entries.emplace_back(f.index, "");
    entries.back().second += f.part.empty() ? value : tagged(f.part, value);
  }
  std::string out;
  for (const auto& [key, content] : entries) {
    std::string attributes = " Key=\"" + std::string(key) + "\"";
    if (list == "EmailAddresses") {
      const IndexedField* f = indexed_field("contacts:EmailAddress", key);
      PropertyId shown = f->property;
      shown.number -= 3;  // the display name's
      const std::string name = item.text(shown);
      attributes += " Name=\"" + xml_text(name) + "\" RoutingType=\"SMTP\" MailboxType=\"Contact\"";
    }
    out += tagged("Entry", content, attributes);
  }
  return out;
}

std::string complete_name(const StoredItem& item) {
  constexpr std::array<std::pair<std::string_view, std::uint32_t>, 7> kParts{{{"Title", 0x3A45},
                                                                              {"FirstName", 0x3A06},
                                                                              {"MiddleName", 0x3A44},
                                                                              {"LastName", 0x3A11},
                                                                              {"Suffix", 0x3A05},
                                                                              {"Initials", 0x3A0A},
                                                                              {"FullName", 0x3001}}};
  std::string out;
  for (const auto& [name, tag] : kParts)
    if (const std::string v = item.text(by_tag(tag)); !v.empty()) out += tagged(name, xml_text(v));
  return out;
}

constexpr const char* kBool[] = {"false", "true"};

std::string size_of(const StoredItem& item) {
  std::size_t n = 300 + item.mime.size();
  for (const auto& [id, p] : item.properties)
    for (const std::string& v : p.values) n += v.size();
  for (const Attachment& a : item.attachments) n += a.bytes.size();
  return std::to_string(n);
}

std::string sender_xml(const StoredItem& item, std::uint32_t name, std::uint32_t address) {
  const std::string a = item.text(by_tag(address));
  return a.empty() ? std::string() : mailbox_xml(item.text(by_tag(name)), a);
}

std::optional<std::string> own_element(const StoredItem& item, std::string_view name, const ItemShape& shape) {
  using Kind = Recipient::Kind;
  const auto listed = [](std::string content) -> std::optional<std::string> {
    if (content.empty()) return std::nullopt;
    return content;
  };
  const bool whole = shape.base != ItemShape::Base::ID_ONLY || shape.elements.contains(name);
  if (name == "ParentFolderId") return std::nullopt;  // written apart: it has no content
  if (name == "ItemClass") return xml_text(item.item_class);
  if (name == "Size") return size_of(item);
  if (name == "HasAttachments") {
    const bool any =
        std::any_of(item.attachments.begin(), item.attachments.end(), [](const Attachment& a) { return !a.in_line; });
    return kBool[any ? 1 : 0];
  }
  if (name == "Attachments") {
    std::string out;
    for (const Attachment& a : item.attachments) out += attachment_xml(a, false);
    return listed(out);
  }
  if (name == "IsRead") return kBool[item.read ? 1 : 0];
  if (name == "IsDraft") return kBool[item.mime.empty() && item.text(by_tag(0x0E07)) != "1" ? 1 : 0];
  if (name == "IsSubmitted" || name == "IsFromMe" || name == "IsResend" || name == "IsUnmodified" ||
      name == "IsAssociated" || name == "HasPicture" || name == "IsRecurring" || name == "IsTeamTask")
    return "false";
  if (name == "DisplayTo") return names_of(item, Kind::TO);
  if (name == "DisplayCc") return names_of(item, Kind::CC);
  if (name == "ToRecipients") return listed(recipients_xml(item, Kind::TO, shape.longest != 0));
  if (name == "CcRecipients") return listed(recipients_xml(item, Kind::CC, shape.longest != 0));
  if (name == "BccRecipients") return listed(recipients_xml(item, Kind::BCC, shape.longest != 0));
  if (name == "From") return listed(sender_xml(item, 0x0042, 0x0065));
  if (name == "Sender") return listed(sender_xml(item, 0x0C1A, 0x0C1F));
  if (name == "EmailAddresses" || name == "PhoneNumbers" || name == "PhysicalAddresses" || name == "ImAddresses")
    return listed(list_xml(item, name, whole, shape));
  if (name == "CompleteName") return listed(complete_name(item));
  if (name == "FileAsMapping" || name == "PostalAddressIndex") {
    const std::string v = item.text(by_number("Address", name == "FileAsMapping" ? 0x8006 : 0x8022));
    return v.empty() ? std::nullopt : std::optional(v);
  }
  if (name == "Flag") return "<t:FlagStatus>NotFlagged</t:FlagStatus>";
  return std::nullopt;
}

/// What BaseShape=Default gives: the properties that a list shows.
bool in_default(std::string_view name) {
  constexpr std::array<std::string_view, 24> kShown{
      "Subject",         "Sensitivity",  "DateTimeReceived", "Size",           "HasAttachments", "DateTimeSent",
      "DateTimeCreated", "ToRecipients", "CcRecipients",     "From",           "IsRead",         "FileAs",
      "DisplayName",     "GivenName",    "CompanyName",      "EmailAddresses", "PhoneNumbers",   "JobTitle",
      "Surname",         "DueDate",      "PercentComplete",  "StartDate",      "Status",         "CompleteName"};
  return std::find(kShown.begin(), kShown.end(), name) != kShown.end();
}

}  // namespace

std::string item_id_xml(const Mailbox& mailbox, const StoredItem& item) {
  return "<t:ItemId Id=\"" + item.id + "\" ChangeKey=\"" + change_key(mailbox, item) + "\"/>";
}

std::string attachment_xml(const Attachment& a, bool content) {
  std::string out = "<t:FileAttachment><t:AttachmentId Id=\"" + a.id + "\"/>" + tagged("Name", xml_text(a.name)) +
                    tagged("ContentType", xml_text(a.type));
  if (!a.content_id.empty()) out += tagged("ContentId", xml_text(a.content_id));
  out += tagged("Size", std::to_string(a.bytes.size())) + tagged("LastModifiedTime", now_utc()) +
         tagged("IsInline", kBool[a.in_line ? 1 : 0]) + "<t:IsContactPhoto>false</t:IsContactPhoto>";
  if (content) out += tagged("Content", base64(a.bytes));
  return out + "</t:FileAttachment>";
}

std::string item_xml(const Mailbox& mailbox, const StoredItem& item, const ItemShape& shape) {
  const std::string_view type = element_of_class(item.item_class);
  const auto& order = element_order(type);
  const auto asked = [&](std::string_view name) {
    if (shape.elements.contains(name)) return true;
    if (shape.base == ItemShape::Base::ALL) return name != "MimeContent";
    return shape.base == ItemShape::Base::DEFAULT && in_default(name);
  };
  std::string out = "<t:" + std::string(type) + ">";
  for (const std::string_view name : order.empty() ? element_order("Item") : order) {
    if (name == "ItemId") {
      out += item_id_xml(mailbox, item);
    } else if (name == "MimeContent") {
      if (shape.mime || (shape.elements.contains(name) && type == "Message"))
        out += tagged("MimeContent", base64(mime_of(mailbox, item)), " CharacterSet=\"UTF-8\"");
    } else if (name == "ParentFolderId") {
      if (asked(name)) out += "<t:ParentFolderId Id=\"" + item.folder + "\" ChangeKey=\"AQAAAA==\"/>";
    } else if (name == "Body") {
      if (asked(name) && shape.longest == 0) out += body_xml(item, shape);
    } else if (name == "ExtendedProperty") {
      for (std::size_t i = 0; i < shape.extended.size(); ++i) {
        const Property* p = item.property(shape.extended[i].first);
        if (p == nullptr || p->type != shape.extended[i].second) continue;
        std::string value;
        if (p->type.ends_with("Array")) {
          for (const std::string& v : p->values) value += tagged("Value", xml_text(v));
          value = tagged("Values", value);
        } else {
          value = tagged("Value", xml_text(p->values.front()));
        }
        out += tagged("ExtendedProperty", shape.extended_xml[i] + value);
      }
    } else if (const Field* f = field_of_element(type, name); f != nullptr) {
      const bool list = std::any_of(shape.indexed.begin(), shape.indexed.end(), [&](const auto& i) {
        const IndexedField* field = indexed_field(i.first, i.second);
        return field != nullptr && field->list == name;
      });
      if (!asked(name) && !list) continue;
      const auto content = f->kind == FieldKind::OWN ? own_element(item, name, shape) : simple(item, *f, shape);
      if (content) out += tagged(name, *content);
    }
  }
  return out + "</t:" + std::string(type) + ">";
}

std::optional<std::string> value_at(const StoredItem& item, const pugi::xml_node& path) {
  if (plain_name(path) == "ExtendedFieldURI") {
    std::string type;
    const Property* p = item.property(read_extended(path, type));
    if (p == nullptr || p->type != type || p->values.empty()) return std::nullopt;
    return p->values.front();
  }
  if (plain_name(path) == "IndexedFieldURI") {
    const IndexedField* f = indexed_field(attribute_of(path, "FieldURI"), attribute_of(path, "FieldIndex"));
    const Property* p = f == nullptr ? nullptr : item.property(f->property);
    return p == nullptr ? std::nullopt : std::optional(p->values.front());
  }
  const std::string uri = attribute_of(path, "FieldURI");
  const Field* f = field_of_uri(uri);
  if (f == nullptr)
    throw EwsError("ErrorInvalidPropertyRequest", "The property " + uri + " is not valid for this object type.");
  ItemShape whole;
  whole.elements.insert(std::string(f->element));
  return f->kind == FieldKind::OWN ? own_element(item, f->element, whole) : simple(item, *f, whole);
}

std::string mime_of(const Mailbox& mailbox, const StoredItem& item) {
  if (!item.mime.empty()) return item.mime;
  if (element_of_class(item.item_class) != "Message")
    throw EwsError("ErrorUnsupportedMimeConversion", "The item has no MIME content.");
  Piece top;
  const std::string html = item.text(by_tag(kHtml));
  top = html.empty() ? text_piece("plain", item.text(by_tag(kBody))) : text_piece("html", html);
  if (!item.attachments.empty()) {
    std::vector<Piece> pieces{top};
    for (const Attachment& a : item.attachments) pieces.push_back(file_piece(a.name, a.type, a.bytes, a.content_id));
    top = multipart("mixed", "=_sandbox_" + std::to_string(item.created), pieces);
  }
  const auto address = [](const std::string& name, const std::string& a) {
    return name.empty() || name == a ? a : encoded_word(name, true) + " <" + a + ">";
  };
  std::vector<std::pair<std::string, std::string>> head;
  const std::string id = item.text(by_tag(0x1035));
  head.emplace_back("From", item.text(by_tag(0x0065)).empty()
                                ? mailbox.address()
                                : address(item.text(by_tag(0x0042)), item.text(by_tag(0x0065))));
  for (const auto& [kind, name] : {std::pair{Recipient::Kind::TO, "To"}, std::pair{Recipient::Kind::CC, "Cc"}}) {
    std::string list;
    for (const Recipient& r : item.recipients)
      if (r.kind == kind) list += (list.empty() ? "" : ", ") + address(r.name, r.address);
    if (!list.empty()) head.emplace_back(name, list);
  }
  head.emplace_back("Subject", encoded_word(item.text(by_tag(0x0037)), true));
  head.emplace_back("Message-ID", id.empty() ? "<" + std::to_string(item.created) + "@" + mailbox.guid() + ">" : id);
  head.emplace_back("Date", "Thu, 01 Jan 2026 08:00:00 +0000");
  head.emplace_back("MIME-Version", "1.0");
  top.headers.insert(top.headers.begin(), head.begin(), head.end());
  return crlf(written(top));
}

}  // namespace syncline::sandbox::exchange
