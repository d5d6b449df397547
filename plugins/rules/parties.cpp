// Addresses become parties: one record for the sender, every matching record for a recipient.
#include <algorithm>

#include "mail_rules.hpp"

namespace syncline::rules {

namespace {

constexpr std::array<std::string_view, 8> sender_order{"user",      "contact", "account",      "lead",
                                                       "equipment", "team",    "businessunit", "queue"};
constexpr std::size_t too_many = 100;

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

/// What resolve.* says of this mailbox.
struct Choice {
  std::string owner;  ///< whose records come before others; empty: nobody's
  std::string inactive;
  bool one_sender = false, one_recipient = false;  ///< several matches are none

  explicit Choice(const Case& mail)
      : owner(mail.enabled("resolve.owner_exception", true) ? text_of(mail.user(), "principal") : std::string()),
        inactive(mail.word("resolve.inactive", "single")),
        one_sender(mail.enabled("resolve.unresolve_sender_on_multiple", false)),
        one_recipient(mail.enabled("resolve.unresolve_on_multiple", false)) {}
};

bool active(const json::object& record) {
  const auto* v = record.if_contains("active");
  return v == nullptr || !v->is_bool() || v->get_bool();
}

/// The records that may be parties: a single match whatever its state (resolve.inactive = single), of several the
/// active ones. More than a hundred matches say nothing.
std::vector<const json::object*> fit(const json::array& candidates, const Choice& choice) {
  std::vector<const json::object*> out;
  if (candidates.size() > too_many) return out;
  for (const json::value& c : candidates) {
    const json::object& o = c.as_object();
    const bool single = candidates.size() == 1 && choice.inactive == "single";
    if (active(o) || single || choice.inactive == "always") out.push_back(&o);
  }
  return out;
}

/// The first in the order of types, where a record that the mailbox's own user owns comes before others.
const json::object* sender(const json::array& candidates, const Choice& choice) {
  const auto all = fit(candidates, choice);
  if (choice.one_sender && candidates.size() > 1) return nullptr;
  const auto better = [&](const json::object* l, const json::object* r) {
    const bool lu = text_of(*l, "type") == "user", ru = text_of(*r, "type") == "user";
    if (lu != ru) return lu;  // a user is nobody's property
    const bool lo = !choice.owner.empty() && text_of(*l, "owner") == choice.owner;
    const bool ro = !choice.owner.empty() && text_of(*r, "owner") == choice.owner;
    if (lo != ro) return lo;
    return rank(text_of(*l, "type")) < rank(text_of(*r, "type"));
  };
  const auto best = std::min_element(all.begin(), all.end(), better);
  return best == all.end() ? nullptr : *best;
}

/// A record for somebody unknown: the last word of the name is the last name; without a name, the address speaks.
json::object newcomer(const json::object& from) {
  const std::string address = text_of(from, "address");
  std::string shown = text_of(from, "name");
  const auto begin = shown.find_first_not_of(" \t'\""), end = shown.find_last_not_of(" \t'\"");
  shown = begin == std::string::npos ? std::string() : shown.substr(begin, end - begin + 1);
  if (shown.empty() || shown.find('@') != std::string::npos) shown = address.substr(0, address.find('@'));
  json::object out;
  const auto space = shown.rfind(' ');
  if (space != std::string::npos) out["firstname"] = shown.substr(0, shown.find_last_not_of(' ', space) + 1);
  out["lastname"] = space == std::string::npos ? shown : shown.substr(space + 1);
  out["email1"] = address;
  return out;
}

/// The need that makes a record of an unknown sender; empty: none is to be made.
json::array need_for(const Case& mail, const json::object& from, const std::string& role) {
  const std::string kind = mail.word("autocreate.create", "contact");
  if (kind == "none" || !mail.enabled("autocreate.org_allows", true)) return {};
  return {json::object{{"name", role},
                       {"kind", kind},
                       {"key", "email:" + formats::lower(text_of(from, "address"))},
                       {"doc", newcomer(from)}}};
}

}  // namespace

Ruling Parties::judge(const Proposal& p) const {
  if (!is_new_mail(p)) return {};
  Case mail(p);
  const Choice choice(mail);
  json::array out, needs;
  for (const auto& from : mail.addresses("from")) {
    const json::array* who = mail.candidates(text_of(from, "address"));
    if (who == nullptr) return say(SY_WAIT, "directory_unknown");
    json::object row = party("from", from, sender(*who, choice));
    if (who->empty() && mail.text("direction") != "outgoing") needs = need_for(mail, from, "sender");
    if (!needs.empty()) row["needs"] = "sender";
    out.emplace_back(std::move(row));
  }
  const bool incoming = mail.text("direction") != "outgoing";
  for (const std::string_view field : {"to", "cc", "bcc"})
    for (const auto& recipient : mail.addresses(field)) {
      const std::string address = text_of(recipient, "address");
      if (address.empty() || (incoming && field == "bcc"))
        continue;  // received mail has no Bcc, whatever its head says
      const json::array* who = mail.candidates(address);
      if (who == nullptr) return say(SY_WAIT, "directory_unknown");
      const auto all = fit(*who, choice);
      if (all.empty() || (choice.one_recipient && who->size() > 1))
        out.emplace_back(party(field, recipient, nullptr));
      else
        for (const json::object* o : all) out.emplace_back(party(field, recipient, o));
    }
  mail.doc["parties"] = std::move(out);
  Ruling r;
  r.decision = SY_ALTER;
  r.doc = json::serialize(mail.doc);
  if (!needs.empty()) r.needs = json::serialize(needs);
  return r;
}

}  // namespace syncline::rules
