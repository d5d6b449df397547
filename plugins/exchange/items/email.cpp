// email.cpp: the head of a mail from EWS properties. The whole mail is read from its MIME text, by the driver.
#include <algorithm>
#include <array>

#include "dates.hpp"
#include "kinds.hpp"
#include "plain_text.hpp"
#include "syncline/formats/ascii.hpp"
#include "syncline/formats/time.hpp"
#include "syncline/plugin.hpp"
#include "xml.hpp"

namespace syncline::exchange {

namespace json = boost::json;

namespace {

constexpr std::size_t most_recipients = 20'000;  // as for MIME

constexpr Path content_class{.set = "InternetHeaders", .name = "content-class", .type = "String"};

/// The ids in a header's text, without brackets. Without any brackets, words are ids.
std::vector<std::string> message_ids(const std::string& text) {
  std::vector<std::string> ids;
  const bool brackets = text.find('<') != std::string::npos;
  const std::string_view ends = brackets ? ">" : " \t,";
  std::size_t at = brackets ? text.find('<') + 1 : 0;
  while (at < text.size()) {
    const std::size_t end = std::min(text.find_first_of(ends, at), text.size());
    std::string id = one_line(std::string_view(text).substr(at, end - at));
    if (!id.empty()) ids.push_back(std::move(id));
    at = brackets ? text.find('<', end) : end;
    if (at == std::string::npos) break;
    ++at;
  }
  return ids;
}

std::optional<json::object> read_party(const pugi::xml_node& mailbox, std::string_view field,
                                       const ReadContext& context, ItemRead& out) {
  std::string name = one_line(child_text(mailbox, "Name"));
  std::string address = one_line(child_text(mailbox, "EmailAddress"));
  if (is_directory_name(address, child_text(mailbox, "RoutingType"))) address = resolved(context, field, address, out);
  // Some recipients were never resolved to an address; what was typed stands as their name.
  if (address.empty() && name.find('@') != std::string::npos && name.find(' ') == std::string::npos) address = name;
  if (address.empty()) return std::nullopt;
  json::object party{{"address", address}};
  if (!name.empty() && name != address) party["name"] = name;
  return party;
}

void read_one(const pugi::xml_node& item, std::string_view element, std::string_view field, const ReadContext& context,
              ItemRead& out) {
  if (auto party = read_party(child(child(item, element), "Mailbox"), field, context, out))
    out.document[field] = std::move(*party);
}

void read_many(const pugi::xml_node& item, std::string_view element, std::string_view field, const ReadContext& context,
               ItemRead& out, std::size_t& count) {
  json::array parties;
  for (const pugi::xml_node& mailbox : children(child(item, element), "Mailbox")) {
    if (++count > most_recipients)
      throw Error(SY_INVALID, "the message has more than " + std::to_string(most_recipients) +
                                  " recipients: it is not read; look at it in the mailbox");
    if (auto party = read_party(mailbox, field, context, out)) parties.emplace_back(std::move(*party));
  }
  if (!parties.empty()) out.document[field] = std::move(parties);
}

void read_threading(const pugi::xml_node& item, json::object& document) {
  const auto first = [&](std::string_view element, std::string_view field) {
    const auto ids = message_ids(child_text(item, element));
    if (!ids.empty()) document[field] = ids.front();
  };
  first("InternetMessageId", "message_id");
  first("InReplyTo", "in_reply_to");
  json::array references;
  for (const std::string& id : message_ids(child_text(item, "References"))) references.emplace_back(id);
  if (!references.empty()) document["references"] = std::move(references);
  std::string index = child_text(item, "ConversationIndex");
  std::erase_if(index, [](char c) { return static_cast<unsigned char>(c) <= ' '; });
  if (!index.empty()) document["conversation_index"] = index;
}

void read_times(const pugi::xml_node& item, json::object& document) {
  if (const auto sent = instant_of(child_text(item, "DateTimeSent"))) document["date"] = formats::to_iso(*sent);
  if (const auto arrived = instant_of(child_text(item, "DateTimeReceived")))
    document["received"] = formats::to_iso(*arrived);
}

bool is_rights_protected(const pugi::xml_node& item, std::string_view item_class) {
  const auto rpmsg = [](std::string_view text) {
    return formats::lower(text).find("rpmsg.message") != std::string::npos;
  };
  return rpmsg(extended_text(item, content_class).value_or("")) || rpmsg(item_class);
}

/// Addresses that are of use on the Internet, in a list or alone.
bool is_of_use(const json::value& value) {
  const auto good = [](const json::value& party) {
    const std::string address = text_member(party.as_object(), "address");
    return address.find('@') != std::string::npos && !formats::lower(address).starts_with("imceaex-");
  };
  if (value.is_array()) return std::all_of(value.get_array().begin(), value.get_array().end(), good);
  return value.is_object() && good(value);
}

}  // namespace

std::vector<std::string_view> email_fields() {
  return {"message_id", "in_reply_to", "references", "conversation_index",
          "direction",  "subject",     "date",       "received",
          "from",       "sender",      "to",         "cc",
          "bcc",        "importance",  "digest",     "size",
          "oversize",   "unreadable",  "protected",  "body",
          "attachments"};
}

std::vector<Path> email_paths(bool whole) {
  std::vector<Path> out;
  for (const std::string_view uri :
       {"item:Subject", "item:Size", "item:Importance", "item:InReplyTo", "item:IsDraft", "item:DateTimeSent",
        "item:DateTimeReceived", "item:Categories", "item:HasAttachments", "message:From", "message:Sender",
        "message:ToRecipients", "message:CcRecipients", "message:BccRecipients", "message:InternetMessageId",
        "message:References", "message:ConversationIndex"})
    out.push_back(field_path(uri));
  if (whole) out.push_back(field_path("item:Attachments"));
  out.push_back(content_class);
  return out;
}

void read_email(const pugi::xml_node& item, const ReadContext& context, ItemRead& out) {
  json::object& document = out.document;
  document["direction"] = context.direction;
  read_threading(item, document);
  if (const pugi::xml_node subject = child(item, "Subject")) document["subject"] = one_line(text_of(subject));
  read_times(item, document);
  std::size_t recipients = 0;
  read_one(item, "From", "from", context, out);
  read_one(item, "Sender", "sender", context, out);
  read_many(item, "ToRecipients", "to", context, out, recipients);
  read_many(item, "CcRecipients", "cc", context, out, recipients);
  read_many(item, "BccRecipients", "bcc", context, out, recipients);
  // EWS always names a sender; in a document it stands where it is somebody else.
  if (!document.contains("from") && document.contains("sender")) document["from"] = document["sender"];
  if (document.contains("sender") && formats::same_but_case(text_member(document["sender"].as_object(), "address"),
                                                            text_member(document["from"].as_object(), "address")))
    document.erase("sender");
  const std::string importance = formats::lower(child_text(item, "Importance"));
  if (importance == "low" || importance == "high") document["importance"] = importance;
  if (is_rights_protected(item, out.item_class)) document["protected"] = true;
  const std::string size = child_text(item, "Size");
  if (!size.empty() && size.size() < 16 && size.find_first_not_of("0123456789") == std::string::npos)
    document["size"] = std::stoll(size);
  out.draft = child_text(item, "IsDraft") == "true";
  if (out.draft) out.marks["draft"] = true;
}

void merge_head(json::object& from_mime, const json::object& head) {
  for (const std::string_view name : {"bcc", "received", "date", "subject", "importance", "in_reply_to", "references",
                                      "conversation_index", "protected"})
    if (!from_mime.contains(name) && head.contains(name)) from_mime[name] = head.at(name);
  // One natural key for both depths.
  if (!from_mime.contains("message_id") && head.contains("message_id")) {
    from_mime["message_id"] = head.at("message_id");
    from_mime.erase("digest");
  }
  // In the MIME text of internal mail a directory name can be wrapped as an address that nobody can be reached by.
  for (const std::string_view name : {"from", "sender", "to", "cc", "bcc"}) {
    const json::value* other = head.if_contains(name);
    if (other == nullptr || !is_of_use(*other)) continue;
    const json::value* own = from_mime.if_contains(name);
    const bool missing = own == nullptr && name != "sender";
    if (missing || (own != nullptr && !is_of_use(*own))) from_mime[name] = *other;
  }
}

}  // namespace syncline::exchange
