// Acceptance: which mail is tracked by itself.
#include <algorithm>

#include "mail_rules.hpp"

namespace syncline::rules {

namespace {

struct Method {
  std::string address;
  std::int64_t method = 1;
};

/// The mailbox in hand and every configured recipient.
std::vector<Method> methods(const Mail& mail) {
  std::vector<Method> out{{text_of(mail.user(), "address"), mail.number("email.method", 1)}};
  const auto* configured = mail.user().if_contains("configured");
  if (configured == nullptr || !configured->is_array()) return out;
  for (const std::string_view field : {"to", "cc", "bcc"})
    for (const auto& recipient : mail.addresses(field))
      for (const auto& c : configured->get_array()) {
        const auto& o = c.as_object();
        const std::string address = text_of(o, "address");
        if (same_address(address, text_of(recipient, "address")) && !same_address(address, out.front().address))
          out.push_back({address, number_of(o, "method", 1)});
      }
  return out;
}

bool sender_is(const Mail& mail, std::initializer_list<std::string_view> types) {
  for (const auto& from : mail.addresses("from"))
    if (const json::array* who = mail.candidates(text_of(from, "address")))
      for (const auto& c : *who) {
        const std::string type = text_of(c.as_object(), "type");
        if (types.size() == 0 || std::find(types.begin(), types.end(), type) != types.end()) return true;
      }
  return false;
}

}  // namespace

Ruling Acceptance::judge(const Proposal& p) const {
  if (!is_new_mail(p)) return {};
  const Mail mail(p);
  if (!mail.enabled("email.auto_track", true)) return say(SY_VETO, "auto_track_off");
  const auto* correlation = mail.doc.if_contains("correlation");
  bool by_sender = false;
  for (const Method& m : methods(mail)) {
    const json::object args{{"address", m.address}, {"method", m.method}};
    if (m.method == 0) return say(SY_CONFIRM, "accept_all", args);
    if (m.method >= 1 && m.method <= 3 && correlation != nullptr) {
      json::object with = args;
      if (correlation->as_object().contains("in_this_batch"))
        with["needs"] = text_of(correlation->as_object(), "message_id");
      return say(SY_CONFIRM, "correlation_match", with);
    }
    by_sender = by_sender || m.method == 2 || m.method == 3;
    if (m.method == 2 && sender_is(mail, {"contact", "account", "lead"})) return say(SY_CONFIRM, "sender_match", args);
    if (m.method == 3 && sender_is(mail, {})) return say(SY_CONFIRM, "sender_match", args);
  }
  Ruling r = say(SY_VETO, by_sender ? "no_sender_match" : "no_correlation_match");
  if (const std::string parent = mail.text("in_reply_to"); !parent.empty())
    r.looked_for = json::serialize(json::array{parent});
  return r;
}

}  // namespace syncline::rules
