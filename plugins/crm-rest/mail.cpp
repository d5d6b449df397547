#include "mail.hpp"

#include <algorithm>
#include <array>

#include "odata.hpp"
#include "syncline/formats/time.hpp"
#include "syncline/formats/uuid.hpp"

namespace syncline::crm {
namespace json = boost::json;
namespace {

/// The length of the whole, valid UTF-8 character at `at`; 0: it is none.
std::size_t character(std::string_view s, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(s[i]); };
  const unsigned char lead = byte(at);
  const std::size_t n = lead < 0x80                   ? 1
                        : lead >= 0xC2 && lead < 0xE0 ? 2
                        : (lead & 0xF0) == 0xE0       ? 3
                        : lead >= 0xF0 && lead < 0xF5 ? 4
                                                      : 0;
  if (n == 0 || at + n > s.size()) return 0;
  for (std::size_t i = 1; i < n; ++i)
    if ((byte(at + i) & 0xC0u) != 0x80u) return 0;
  if (n > 2) {  // overlong forms, surrogates, beyond U+10FFFF
    const unsigned char second = byte(at + 1);
    if ((lead == 0xE0 && second < 0xA0) || (lead == 0xED && second > 0x9F) || (lead == 0xF0 && second < 0x90) ||
        (lead == 0xF4 && second > 0x8F))
      return 0;
  }
  return n;
}

/// Cleans text that comes in pieces; what may be half a character waits for the next piece.
class Cleaner {
 public:
  explicit Cleaner(std::size_t max) : max_(max) {}
  /// False: the limit is reached.
  bool append(std::string_view piece, bool last) {
    waiting_ += piece;
    std::size_t at = 0;
    while (at < waiting_.size()) {
      if (!last && waiting_.size() - at < 4 && static_cast<unsigned char>(waiting_[at]) >= 0x80) break;
      const std::size_t n = character(waiting_, at);
      if (!put(n == 0 ? std::string_view("\xEF\xBF\xBD") : std::string_view(waiting_).substr(at, n))) return false;
      at += n == 0 ? 1 : n;
    }
    waiting_.erase(0, at);
    return true;
  }
  std::string text;

 private:
  bool put(std::string_view c) {
    const auto first = static_cast<unsigned char>(c.front());
    if (first < 0x20 && first != '\t' && first != '\n' && first != '\r') return true;  // XML 1.0 cannot hold it
    if (c == "\xEF\xBF\xBE" || c == "\xEF\xBF\xBF") return true;
    const std::size_t units = c.size() == 4 ? 2 : 1;
    if (max_ != 0 && units_ + units > max_) return false;
    units_ += units;
    text += c;
    return true;
  }
  std::size_t max_, units_ = 0;
  std::string waiting_;
};

std::string member(const json::object& doc, std::string_view name) { return text_of(doc, name); }

void set(json::object& out, const Column& column, std::string_view value) {
  if (column && !value.empty()) out[column.name] = clean(value, column.max);
}

/// Sets a choice by its canonical name; a name that the profile does not know is left to the server's default.
void choose(json::object& out, const Column& column, std::string_view name) {
  if (!column) return;
  if (const auto at = column.values.find(name); at != column.values.end()) out[column.name] = at->second;
}

const json::array& parties_of(const Mail& mail) {
  static const json::array none;
  const json::value* v = mail.doc.if_contains("parties");
  return v != nullptr && v->is_array() ? v->get_array() : none;
}

json::array parties(const Profile& profile, const Mail& mail, const SetOf& set_of, Losses& losses) {
  const PartyMap& map = profile.email.parties;
  json::array out;
  for (const json::value& v : parties_of(mail)) {
    const json::object* party = v.if_object();
    if (party == nullptr) throw Error(SY_INVALID, "a party in the document is not an object");
    const auto role = map.roles.find(member(*party, "role"));
    if (role == map.roles.end()) throw Error(SY_INVALID, "a party in the document has no role from, to, cc or bcc");
    json::object row{{map.role, role->second}};
    const std::string address = clean(member(*party, "address"), 0);
    const std::string type = member(*party, "type"), id = member(*party, "id");
    const bool resolved = !type.empty() && bind_record(row, profile, map.bind, type, id, set_of);
    if (!type.empty() && !resolved) losses.add(role->first, "a party's record type is unknown to the organization");
    if (!address.empty()) row[map.address] = address;
    if (resolved || !address.empty()) out.push_back(std::move(row));
  }
  return out;
}

/// Sender and recipients as plain text, beside the parties.
void addresses(const EmailMap& email, const Mail& mail, json::object& out) {
  std::string recipients;
  std::vector<std::string> seen;
  bool full = false;
  for (const json::value& v : parties_of(mail)) {
    const json::object& party = v.get_object();
    const std::string address = clean(member(party, "address"), 0), role = member(party, "role");
    if (address.empty()) continue;
    if (role == "from") {
      set(out, email.sender, address);
      set(out, email.submitted_by, address);
    } else if (role == "to" && !full && std::find(seen.begin(), seen.end(), lower(address)) == seen.end()) {
      full = email.recipients.max != 0 && recipients.size() + address.size() + 1 > email.recipients.max;
      if (!full) recipients += address + ";";  // whole addresses only
      seen.push_back(lower(address));
    }
  }
  set(out, email.recipients, recipients);
}

}  // namespace

bool bind_record(json::object& out, const Profile& profile, std::string_view pattern, const std::string& type,
                 const std::string& id, const SetOf& set_of) {
  const PartyType* known = profile.type(type);
  const std::string table = known != nullptr ? known->table : lower(type);
  const auto set_name = set_of(table);
  const auto key = guid(id);
  if (!set_name || !key) return false;
  out[replaced(pattern, "{table}", table) + "@odata.bind"] = "/" + *set_name + "(" + *key + ")";
  return true;
}

void Losses::add(std::string field, std::string_view why) {
  if (std::find(never.begin(), never.end(), field) != never.end()) return;
  if (note.size() < 300) note += (note.empty() ? "" : "; ") + field + ": " + std::string(why);
  never.push_back(std::move(field));
}

std::string clean(std::string_view text, std::size_t max, bool* cut) {
  Cleaner cleaner(max);
  const bool whole = cleaner.append(text, true);
  if (cut != nullptr) *cut = !whole;
  return std::move(cleaner.text);
}

std::string body_text(const Host& host, std::string_view blob, std::size_t max, bool& cut) {
  cut = false;
  if (blob.empty()) return {};
  BlobReader reader(host, blob);
  Cleaner cleaner(max);
  std::array<char, 16384> buffer{};
  while (const std::size_t n = reader.read(buffer.data(), buffer.size()))
    if (!cleaner.append({buffer.data(), n}, false)) {
      cut = true;
      return std::move(cleaner.text);
    }
  cut = !cleaner.append({}, true);
  return std::move(cleaner.text);
}

Mail Mail::read(std::string_view token, std::string_view document) {
  const auto space = formats::parse_uuid(token);
  if (!space) throw Error(SY_INVALID, "the token of this create is not a UUID");
  Mail mail;
  mail.token = formats::to_string(*space);
  boost::system::error_code failed;
  json::value value = json::parse(document, failed);
  if (failed || !value.is_object()) throw Error(SY_INVALID, "the document of this create is not a JSON object");
  mail.doc = std::move(value.get_object());
  mail.direction = member(mail.doc, "direction") == "outgoing" ? "outgoing" : "incoming";
  if (const json::value* lost = mail.doc.if_contains("parts_lost"); lost != nullptr && lost->is_bool())
    mail.parts_lost = lost->get_bool();
  mail.left_out = mail.doc.contains("lost");
  const json::value* list = mail.doc.if_contains("attachments");
  if (list == nullptr) return mail;
  if (!list->is_array()) throw Error(SY_INVALID, "attachments in the document is not a list");
  for (const json::value& v : list->get_array()) {
    const json::object* a = v.if_object();
    Part part;
    if (a != nullptr) part.key = member(*a, "key");
    if (part.key.empty()) throw Error(SY_INVALID, "an attachment in the document has no key");
    part.id = formats::to_string(formats::uuid_v5(*space, part.key));
    part.name = member(*a, "name");
    part.type = member(*a, "type");
    part.content_id = member(*a, "content_id");
    part.blob = member(*a, "blob");
    part.size = static_cast<std::uint64_t>(std::max<std::int64_t>(0, number_of(*a, "size").value_or(0)));
    mail.parts.push_back(std::move(part));
  }
  return mail;
}

namespace {

/// What only some organizations let be written: how the mail hangs together with others, and whose it is.
void put_extras(const Profile& profile, const Mail& mail, const TableFacts& table, const std::string& mailbox,
                json::object& out) {
  const EmailMap& email = profile.email;
  const CorrelationMap& map = email.correlation;
  const auto text = [&](const std::string& column, const std::string& value) {
    if (!column.empty() && !value.empty() && table.takes(column)) out[column] = clean(value, 0);
  };
  const auto bind = [&](const std::string& column, const std::string& target, const std::string& set,
                        const std::string& id) {
    const std::string nav = column.empty() ? std::string() : table.binds(column, target);
    if (const auto key = guid(id); key && !nav.empty()) out[nav + "@odata.bind"] = "/" + set + "(" + *key + ")";
  };
  if (const std::string id = member(mail.doc, "in_reply_to"); !id.empty()) text(map.in_reply_to, "<" + id + ">");
  text(map.token, member(mail.doc, "token"));
  text(map.conversation, member(mail.doc, "conversation_index"));
  if (const json::value* c = mail.doc.if_contains("correlation"); c != nullptr && c->is_object()) {
    const json::object& correlation = c->get_object();
    const std::string method = member(correlation, "method"), record = member(correlation, "record");
    if (map.method && table.takes(map.method.name)) choose(out, map.method, method);
    bind(map.record, email.table, email.set, record);
    if (method == "in_reply_to" || method == "conversation") bind(map.parent, email.table, email.set, record);
  }
  if (const json::value* a = mail.doc.if_contains("accepting"); a != nullptr && a->is_object())
    if (const PartyType* type = profile.type(member(a->get_object(), "type")))
      bind(email.accepting, type->table, type->set, member(a->get_object(), "id"));
  bind(email.receiving.column, email.receiving.table, email.receiving.set, mailbox);
}

}  // namespace

std::vector<std::string> queues_of(const json::object& doc) {
  std::vector<std::string> out;
  if (const json::value* v = doc.if_contains("queues"); v != nullptr && v->is_array())
    for (const json::value& q : v->get_array())
      if (q.is_string())
        if (auto id = guid(q.get_string())) out.push_back(std::move(*id));
  return out;
}

json::object draft(const Profile& profile, const Mail& mail, const std::string& body, const SetOf& set_of,
                   const TableFacts& table, const std::string& mailbox, Losses& losses) {
  const EmailMap& email = profile.email;
  json::object out{{email.key, mail.token}};
  bool cut = false;
  if (const std::string subject = clean(member(mail.doc, "subject"), email.subject.max, &cut);
      email.subject && !subject.empty())
    out[email.subject.name] = subject;
  if (cut) losses.add("subject", "cut at " + std::to_string(email.subject.max) + " characters");
  if (!body.empty() && email.body) {
    out[email.body.name] = body;
    if (const json::value* b = mail.doc.if_contains("body"); b != nullptr && b->is_object())
      choose(out, email.body_type, member(b->get_object(), "type"));
  }
  if (const std::string id = member(mail.doc, "message_id"); !id.empty()) {
    if (email.message_id.max != 0 && id.size() + 2 > email.message_id.max)
      losses.add("message_id", "longer than the CRM's column");  // half an id would be another one
    else
      set(out, email.message_id, "<" + id + ">");
  }
  choose(out, email.direction, mail.direction);
  choose(out, email.importance, member(mail.doc, "importance"));
  for (const Instant& instant : email.instants) {
    const auto sources = instant.sources.find(mail.direction);
    if (sources == instant.sources.end()) continue;
    for (const std::string& source : sources->second)
      if (const auto ms = formats::from_iso(member(mail.doc, source)); ms && !out.contains(instant.column))
        out[instant.column] = formats::to_iso(*ms);
  }
  if (const json::value* r = mail.doc.if_contains("regarding"); r != nullptr && r->is_object()) {
    const json::object& regarding = r->get_object();
    if (!bind_record(out, profile, email.regarding_bind, member(regarding, "type"), member(regarding, "id"), set_of))
      losses.add("regarding", "its record type is unknown to the organization");
  }
  if (json::array rows = parties(profile, mail, set_of, losses); !rows.empty())
    out[email.parties.navigation] = std::move(rows);
  addresses(email, mail, out);
  put_extras(profile, mail, table, mailbox, out);
  return out;
}

json::object final_state(const EmailMap& email, const Mail& mail, const Losses& losses) {
  const FinalState& state = email.finals.at(mail.direction);
  json::object out{{email.state, state.state}, {email.status, state.status}};
  if (!email.notifications.empty()) {  // the column holds one value; a lost file weighs more than the end of a text
    if (losses.attachment || mail.left_out)
      out[email.notifications] = email.attachment_lost;
    else if (losses.body)
      out[email.notifications] = email.body_truncated;
  }
  return out;
}

std::pair<std::string, std::string> attachment_frame(const Profile& profile, const Mail& mail, const Part& part) {
  const AttachmentMap& map = profile.email.attachments;
  json::object out = map.constants;
  out[map.parent_bind + "@odata.bind"] = "/" + profile.email.set + "(" + mail.token + ")";
  std::string name = clean(part.name, map.name.max);
  for (char& c : name)
    if (static_cast<unsigned char>(c) < 0x20 || std::string_view("/\\:*?\"<>|").find(c) != std::string_view::npos)
      c = '_';
  if (name.empty()) name = "attachment-" + clean(part.key, 60);
  set(out, map.name, name);
  set(out, map.title, name);
  set(out, map.type, part.type);
  set(out, map.content_id, part.content_id);
  std::string before = json::serialize(out);
  before.back() = ',';
  before += json::serialize(map.body) + ":\"";
  return {std::move(before), "\"}"};
}

std::map<std::string, std::size_t> party_counts(const Mail& mail) {
  std::map<std::string, std::size_t> out;
  for (const json::value& v : parties_of(mail))
    if (const json::object& party = v.get_object(); !member(party, "address").empty() || !member(party, "type").empty())
      ++out[member(party, "role")];
  return out;
}

}  // namespace syncline::crm
