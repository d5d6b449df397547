// Addresses become parties: one record for the sender, every matching record for a recipient; of a sender whom the CRM
// does not know a record is made.
#include <algorithm>

#include "mail_rules.hpp"

namespace syncline::rules {

namespace {

constexpr std::array<std::string_view, 8> sender_order{"user",      "contact", "account",      "lead",
                                                       "equipment", "team",    "businessunit", "queue"};
constexpr std::size_t too_many = 100;
constexpr std::string_view made_sender = "sender";

using Records = std::vector<const json::object*>;

std::size_t rank(std::string_view type) {
  return static_cast<std::size_t>(std::find(sender_order.begin(), sender_order.end(), type) - sender_order.begin());
}

json::object party(std::string_view role, const json::object& address, const json::object* record) {
  json::object out{{"role", role}, {"address", text_of(address, "address")}};
  if (const std::string name = text_of(address, "name"); !name.empty()) out["name"] = name;
  if (record != nullptr) {
    out["type"] = text_of(*record, "type");
    out["id"] = text_of(*record, "id");
  }
  return out;
}

bool is_active(const json::object& record) {
  const auto* active = record.if_contains("active");
  return active == nullptr || !active->is_bool() || active->get_bool();
}

/// The records that may be a party: those that `resolve.inactive` admits, none if there are too many.
Records admitted(const Mail& mail, const json::array& candidates) {
  Records out;
  if (candidates.size() > too_many) return out;
  const std::string inactive = mail.words("resolve.inactive", "single");
  const bool any_state = inactive == "always" || (inactive == "single" && candidates.size() == 1);
  for (const auto& c : candidates)
    if (const auto& o = c.as_object(); any_state || is_active(o)) out.push_back(&o);
  return out;
}

/// The first in the order of types, where a record that the mailbox's own user owns comes before others.
const json::object* sender(const Mail& mail, const Records& records) {
  if (records.empty()) return nullptr;
  if (records.size() > 1 && mail.enabled("resolve.unresolve_sender_on_multiple", false)) return nullptr;
  const std::string owner =
      mail.enabled("resolve.owner_exception", true) ? text_of(mail.user(), "principal") : std::string();
  const auto place = [&](const json::object* r) {
    const bool owned = !owner.empty() && text_of(*r, "owner") == owner;
    return std::pair(!owned, rank(text_of(*r, "type")));
  };
  return *std::min_element(records.begin(), records.end(),
                           [&](const json::object* l, const json::object* r) { return place(l) < place(r); });
}

std::string trimmed(std::string_view s) {
  const auto first = s.find_first_not_of(" \t\"'");
  if (first == std::string_view::npos) return {};
  return std::string(s.substr(first, s.find_last_not_of(" \t\"'") - first + 1));
}

/// "Doe, Jane" and "Jane Doe" are the same person; without a name the local part of the address is one.
json::object person(const json::object& from) {
  const std::string address = text_of(from, "address");
  std::string name = trimmed(text_of(from, "name"));
  if (name.empty() || name.find('@') != std::string::npos) name = address.substr(0, address.find('@'));
  json::object out{{"email1", address}};
  std::string first, last = name;
  if (const auto comma = name.find(','); comma != std::string::npos) {
    last = trimmed(std::string_view(name).substr(0, comma));
    first = trimmed(std::string_view(name).substr(comma + 1));
    if (last.empty()) std::swap(first, last);
  } else if (const auto blank = name.find_last_of(" \t"); blank != std::string::npos) {
    first = trimmed(std::string_view(name).substr(0, blank));
    last = name.substr(blank + 1);
  }
  if (!first.empty()) out["firstname"] = first;
  out["lastname"] = last.empty() ? name : last;
  return out;
}

/// The kind of record that is made of unknown senders; empty: none.
std::string made_of_unknown(const Mail& mail) {
  if (!mail.enabled("autocreate.org_allows", true) || mail.text("direction") != "incoming") return {};
  std::string kind = mail.words("autocreate.create", "contact");
  return kind == "none" ? std::string() : kind;
}

json::object need(std::string_view kind, const json::object& from) {
  std::string key = "email:" + text_of(from, "address");
  for (char& c : key)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return {{"name", made_sender}, {"kind", kind}, {"key", key}, {"doc", person(from)}};
}

/// False: the CRM could not be asked.
bool add_recipients(const Mail& mail, std::string_view field, json::array& out) {
  const bool unresolve = mail.enabled("resolve.unresolve_on_multiple", false);
  for (const auto& recipient : mail.addresses(field)) {
    const std::string address = text_of(recipient, "address");
    if (address.empty()) continue;
    const json::array* who = mail.candidates(address);
    if (who == nullptr) return false;
    const Records records = admitted(mail, *who);
    if (records.empty() || (unresolve && records.size() > 1)) {
      out.emplace_back(party(field, recipient, nullptr));
      continue;
    }
    for (const json::object* r : records) out.emplace_back(party(field, recipient, r));
  }
  return true;
}

}  // namespace

Ruling Parties::judge(const Proposal& p) const {
  if (!is_new_mail(p)) return {};
  Mail mail(p);
  Ruling r;
  json::array out;
  for (const auto& from : mail.addresses("from")) {
    const json::array* who = mail.candidates(text_of(from, "address"));
    if (who == nullptr) return say(SY_WAIT, "directory_unknown");
    json::object one = party("from", from, sender(mail, admitted(mail, *who)));
    if (const std::string kind = made_of_unknown(mail); who->empty() && !kind.empty()) {
      one["needs"] = made_sender;
      r.needs = json::serialize(json::array{need(kind, from)});
    }
    out.push_back(std::move(one));
  }
  // Who was blind-copied is not told to the others.
  const bool received = mail.text("direction") != "outgoing";
  for (const std::string_view field : {"to", "cc", "bcc"})
    if (field != "bcc" || !received)
      if (!add_recipients(mail, field, out)) return say(SY_WAIT, "directory_unknown");
  mail.doc["parties"] = std::move(out);
  r.decision = SY_ALTER;
  r.doc = json::serialize(mail.doc);
  return r;
}

}  // namespace syncline::rules
