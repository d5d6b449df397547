// Correlation: which CRM email a mail answers.
#include <algorithm>

#include "mail_rules.hpp"

namespace syncline::rules {

Ruling Correlation::judge(const Proposal& p) const {
  if (!is_new_mail(p)) return {};
  Mail mail(p);
  if (!mail.enabled("email.correlate_by_headers", true)) return {};
  const std::string parent = mail.text("in_reply_to");
  if (parent.empty()) return {};
  const auto* records = mail.facts.if_contains("correlation");
  json::object found{{"method", "in_reply_to"}, {"message_id", parent}};
  if (records != nullptr && records->is_array() && !records->get_array().empty()) {
    const auto& r = records->get_array().front().as_object();
    found["record"] = text_of(r, "id");
    if (const auto* regarding = r.if_contains("regarding"); regarding != nullptr && regarding->is_object())
      mail.doc["regarding"] = *regarding;
  } else {
    const auto* page = mail.facts.if_contains("page");
    const bool in_page = page != nullptr && page->is_array() &&
                         std::any_of(page->get_array().begin(), page->get_array().end(), [&](const json::value& v) {
                           return v.is_string() && std::string_view(v.get_string()) == parent;
                         });
    if (!in_page) {
      if (records == nullptr) return say(SY_WAIT, "directory_unknown");
      return {};
    }
    found["in_this_batch"] = true;
  }
  mail.doc["correlation"] = std::move(found);
  Ruling r;
  r.decision = SY_ALTER;
  r.doc = json::serialize(mail.doc);
  return r;
}

}  // namespace syncline::rules
