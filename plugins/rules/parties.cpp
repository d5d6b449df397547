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

/// A single match counts whatever its state; of several the first active one in the order of types, where a record that
/// the mailbox's own user owns comes before others.
const json::object* sender(const json::array& candidates, std::string_view owner) {
  if (candidates.size() == 1) return &candidates.front().as_object();
  if (candidates.size() > too_many) return nullptr;
  const json::object* best = nullptr;
  const auto better = [&](const json::object& l, const json::object& r) {
    const bool lo = !owner.empty() && text_of(l, "owner") == owner, ro = !owner.empty() && text_of(r, "owner") == owner;
    if (lo != ro) return lo;
    return rank(text_of(l, "type")) < rank(text_of(r, "type"));
  };
  for (const auto& c : candidates) {
    const auto& o = c.as_object();
    const auto* active = o.if_contains("active");
    if (active != nullptr && active->is_bool() && !active->get_bool()) continue;
    if (best == nullptr || better(o, *best)) best = &o;
  }
  return best;
}

}  // namespace

Ruling Parties::judge(const Proposal& p) const {
  if (!is_new_mail(p)) return {};
  Mail mail(p);
  json::array out;
  for (const auto& from : mail.addresses("from")) {
    const json::array* who = mail.candidates(text_of(from, "address"));
    if (who == nullptr) return say(SY_WAIT, "directory_unknown");
    out.emplace_back(party("from", from, sender(*who, text_of(mail.user(), "principal"))));
  }
  for (const std::string_view field : {"to", "cc", "bcc"})
    for (const auto& recipient : mail.addresses(field)) {
      const std::string address = text_of(recipient, "address");
      if (address.empty()) continue;
      const json::array* who = mail.candidates(address);
      if (who == nullptr) return say(SY_WAIT, "directory_unknown");
      if (who->empty() || who->size() > too_many)
        out.emplace_back(party(field, recipient, nullptr));
      else
        for (const auto& c : *who) out.emplace_back(party(field, recipient, &c.as_object()));
    }
  mail.doc["parties"] = std::move(out);
  Ruling r;
  r.decision = SY_ALTER;
  r.doc = json::serialize(mail.doc);
  return r;
}

}  // namespace syncline::rules
