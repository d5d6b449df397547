// The gates before a mail is weighed: watermark, size, protection, duplicate, mail among users, sender, recipients.
#include <algorithm>
#include <syncline/formats/time.hpp>

#include "mail_rules.hpp"

namespace syncline::rules {

Ruling ReceivedAfter::judge(const Proposal& p) const {
  if (!is_new_mail(p)) return {};
  const Case mail(p);
  if (mail.asked()) return {};
  const std::int64_t after = number_of(mail.facts, "received_after", 0);
  const auto received = instant(mail.doc, "received");  // absent: it counts from when it was first seen, which is now
  if (!received || *received >= after) return {};
  return say(SY_VETO, "received_before", {{"received", formats::to_iso(*received)}, {"after", formats::to_iso(after)}});
}

Ruling SizeLimit::judge(const Proposal& p) const {
  if (!is_new_mail(p)) return {};
  const Case mail(p);
  const std::int64_t size = number_of(mail.doc, "size", 0), limit = mail.number("email.max_size", 0);
  const auto* oversize = mail.doc.if_contains("oversize");
  const bool beyond_source = oversize != nullptr && oversize->is_bool() && oversize->get_bool();
  if (!beyond_source && (limit == 0 || size <= limit)) return {};
  return say(SY_VETO, "too_large", {{"size", size}, {"limit", limit}});
}

Ruling Duplicate::judge(const Proposal& p) const {
  if (!is_new_mail(p)) return {};
  const Case mail(p);
  if (mail.text("message_id").empty()) return {};  // the token decides: it is derived from the whole message
  const auto* records = mail.facts.if_contains("records");
  if (records == nullptr || !records->is_array()) return say(SY_WAIT, "directory_unknown");
  for (const auto& v : records->get_array()) {
    const auto& r = v.as_object();
    // A draft is somebody's create in progress: the claim and the token settle that, not this rule.
    if (text_of(r, "direction") != mail.text("direction") || text_of(r, "state") == "draft") continue;
    Ruling out = say(SY_LINK, "duplicate",
                     with_code(Code::duplicate, {{"id", text_of(r, "id")}, {"version", text_of(r, "version")}}));
    const std::string queue = text_of(mail.user(), "principal");
    if (mail.of_queue() && !queue.empty() && mail.enabled("queue_items.additional", false))
      out.doc = json::serialize(json::object{{"queues", json::array{json::string(queue)}}});
    return out;
  }
  return {};
}

Ruling Protected::judge(const Proposal& p) const {
  if (!is_new_mail(p)) return {};
  const Case mail(p);
  if (!mail.enabled("compat.RestrictIRMEmailItems", false)) return {};
  bool found = flag_of(mail.doc, "protected");
  for (const json::object& a : mail.addresses("attachments"))
    found =
        found || text_of(a, "type") == "application/x-microsoft-rpmsg-message" ||
        formats::same_but_case(text_of(a, "name"), "message.rpmsg");  // a relay may have made its type a plain stream
  return found ? say(SY_VETO, "rights_protected") : Ruling{};
}

Ruling Internal::judge(const Proposal& p) const {
  if (!is_new_mail(p)) return {};
  const Case mail(p);
  if (mail.asked() || mail.enabled("email.two_activities", true)) return {};
  const auto from = mail.addresses("from");
  const std::string address = from.empty() ? std::string() : text_of(from.front(), "address");
  if (address.empty()) return {};
  if (mail.candidates(address) == nullptr) return say(SY_WAIT, "directory_unknown");
  const bool by_user = mail.is(address, "user");
  const bool by_queue = mail.is(address, "queue") && mail.enabled("compat.IgnoreInternalEmailFromQueues", false);
  if (!by_user && !by_queue) return {};
  if (mail.of_queue() && mail.enabled("compat.DoNotIgnoreInternalEmailToQueues", true)) return {};
  const json::object args = with_code(Code::internal, {{"address", address}});
  if (by_user && !mail.enabled("compat.IgnoreInternalEmailDetectionEnhancement", true))
    return say(SY_VETO, "from_a_user", args);
  const auto* records = mail.facts.if_contains("records");
  if (records == nullptr || !records->is_array()) return say(SY_WAIT, "directory_unknown");
  const bool sent = std::any_of(records->get_array().begin(), records->get_array().end(), [&](const json::value& r) {
    return text_of(r.as_object(), "direction") == "outgoing" && mail.text("direction") != "outgoing";
  });
  return sent ? say(SY_VETO, "sent_copy_exists", args) : Ruling{};
}

Ruling Sender::judge(const Proposal& p) const {
  if (!is_new_mail(p)) return {};
  const Case mail(p);
  const auto from = mail.addresses("from");
  const std::string address = from.empty() ? std::string() : text_of(from.front(), "address");
  const auto at = address.find('@');
  const bool valid = at != std::string::npos && at > 0 && at + 1 < address.size() &&
                     address.find_first_of(" \t\r\n<>") == std::string::npos;
  return valid ? Ruling{} : say(SY_FAIL, "invalid_sender", with_code(Code::invalid_sender));
}

Ruling Recipients::judge(const Proposal& p) const {
  if (!is_new_mail(p)) return {};
  const Case mail(p);
  if (mail.asked()) return {};
  bool unknown = false;
  const auto* configured = mail.user().if_contains("configured");
  for (const std::string_view field : {"to", "cc", "bcc"})
    for (const auto& recipient : mail.addresses(field)) {
      const std::string address = text_of(recipient, "address");
      if (address.empty()) continue;
      if (configured != nullptr && configured->is_array())
        for (const auto& c : configured->get_array())
          if (formats::same_but_case(text_of(c.as_object(), "address"), address)) return {};
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
  return unknown ? say(SY_WAIT, "directory_unknown")
                 : say(SY_VETO, "no_recipient_match", with_code(Code::no_recipient));
}

}  // namespace syncline::rules
