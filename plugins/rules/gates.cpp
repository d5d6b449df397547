// The gates that a mail's head alone decides: watermark, size, duplicate, sender, recipients.
#include <syncline/formats/time.hpp>

#include "mail_rules.hpp"

namespace syncline::rules {

Ruling ReceivedAfter::judge(const Proposal& p) const {
  if (!is_new_mail(p)) return {};
  const Mail mail(p);
  const std::int64_t after = number_of(mail.facts, "received_after", 0);
  const auto received = instant(mail.doc, "received");  // absent: it counts from when it was first seen, which is now
  if (!received || *received >= after) return {};
  return say(SY_VETO, "received_before", {{"received", formats::to_iso(*received)}, {"after", formats::to_iso(after)}});
}

Ruling SizeLimit::judge(const Proposal& p) const {
  if (!is_new_mail(p)) return {};
  const Mail mail(p);
  const std::int64_t size = number_of(mail.doc, "size", 0), limit = mail.number("email.max_size", 0);
  const auto* oversize = mail.doc.if_contains("oversize");
  const bool beyond_source = oversize != nullptr && oversize->is_bool() && oversize->get_bool();
  if (!beyond_source && (limit == 0 || size <= limit)) return {};
  return say(SY_VETO, "too_large", {{"size", size}, {"limit", limit}});
}

Ruling Duplicate::judge(const Proposal& p) const {
  if (!is_new_mail(p)) return {};
  const Mail mail(p);
  if (mail.text("message_id").empty()) return {};  // the token decides: it is derived from the whole message
  const auto* records = mail.facts.if_contains("records");
  if (records == nullptr || !records->is_array()) return say(SY_WAIT, "directory_unknown");
  for (const auto& v : records->get_array()) {
    const auto& r = v.as_object();
    // A draft is somebody's create in progress: the claim and the token settle that, not this rule.
    if (text_of(r, "direction") != mail.text("direction") || text_of(r, "state") == "draft") continue;
    return say(SY_LINK, "duplicate", {{"id", text_of(r, "id")}, {"version", text_of(r, "version")}});
  }
  return {};
}

Ruling Sender::judge(const Proposal& p) const {
  if (!is_new_mail(p)) return {};
  const Mail mail(p);
  const auto from = mail.addresses("from");
  const std::string address = from.empty() ? std::string() : text_of(from.front(), "address");
  const auto at = address.find('@');
  const bool valid = at != std::string::npos && at > 0 && at + 1 < address.size() &&
                     address.find_first_of(" \t\r\n<>") == std::string::npos;
  return valid ? Ruling{} : say(SY_VETO, "invalid_sender");
}

Ruling Recipients::judge(const Proposal& p) const {
  if (!is_new_mail(p)) return {};
  const Mail mail(p);
  bool unknown = false;
  const auto* configured = mail.user().if_contains("configured");
  for (const std::string_view field : {"to", "cc", "bcc"})
    for (const auto& recipient : mail.addresses(field)) {
      const std::string address = text_of(recipient, "address");
      if (address.empty()) continue;
      if (configured != nullptr && configured->is_array())
        for (const auto& c : configured->get_array())
          if (same_address(text_of(c.as_object(), "address"), address)) return {};
      const json::array* who = mail.candidates(address);
      if (who == nullptr) {
        unknown = true;
        continue;
      }
      for (const auto& c : *who) {
        const std::string type = text_of(c.as_object(), "type");
        if (type == "user" || type == "queue") return {};
      }
    }
  return unknown ? say(SY_WAIT, "directory_unknown") : say(SY_VETO, "no_recipient_match");
}

}  // namespace syncline::rules
