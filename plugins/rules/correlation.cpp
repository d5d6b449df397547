// Correlation: which CRM email a mail answers.
#include <algorithm>
#include <syncline/formats/base64.hpp>

#include "mail_rules.hpp"
#include "smart_match.hpp"
#include "subject.hpp"
#include "tracking_token.hpp"

namespace syncline::rules {

namespace {

constexpr std::size_t conversation_base = 22;  ///< bytes of a conversation index that all mails of it share

std::vector<std::string> tokens_in(const Mail& mail) {
  if (!mail.enabled("email.tokens", true)) return {};
  std::vector<std::string> prefixes = mail.list("email.token.old_prefixes");
  prefixes.push_back(mail.words("email.token.prefix", "CRM:"));
  const auto digits = 1 + mail.number("email.token.user_digits", 3) +
                      mail.number("email.token.counter_digits", 3);  // 1: offline or not
  return tracking_tokens(mail.text("subject"), prefixes, static_cast<std::size_t>(digits));
}

/// Hex digits; empty: the mail belongs to no conversation that can be told.
std::string conversation_of(const Mail& mail) {
  std::string bytes;
  formats::Base64Decoder decoder;
  decoder.append(mail.text("conversation_index"), bytes);
  decoder.finish(bytes);
  std::string out;
  if (bytes.size() < conversation_base) return out;
  constexpr std::string_view digits = "0123456789abcdef";
  for (const char c : bytes.substr(0, conversation_base))
    for (const unsigned shift : {4U, 0U}) out.push_back(digits[(static_cast<unsigned char>(c) >> shift) & 15U]);
  return out;
}

/// One way to look for the mail that is answered, and the directory's keys for it.
struct Way {
  std::string_view method;
  std::vector<std::string> keys;
};

bool headers_count(const Mail& mail) {
  if (!mail.enabled("email.correlate_by_headers", true)) return false;
  if (mail.enabled("compat.IgnoreConversationIndexAndInReplyToForCorrelation", false)) return false;
  return !mail.enabled("compat.DoNotCorrelateForwardedEmailsAsReplies", false) ||
         subject_kind(mail.text("subject")) != SubjectKind::forward;
}

std::vector<Way> ways_of(const Mail& mail) {
  std::vector<Way> out;
  const bool headers = headers_count(mail);
  for (const std::string& name : mail.list("email.order", {"reply", "token", "conversation", "smart"})) {
    Way way;
    if (name == "reply") {
      way.method = "in_reply_to";
      if (headers) way.keys.push_back(mail.text("in_reply_to"));
    } else if (name == "token") {
      way.method = "token";
      for (const std::string& token : tokens_in(mail)) way.keys.push_back("token:" + token);
    } else if (name == "conversation") {
      way.method = "conversation";
      if (const std::string base = conversation_of(mail); headers && !base.empty())
        way.keys.push_back("conversation:" + base);
    } else if (name == "smart" && mail.enabled("email.smart.enabled", false)) {
      way.method = "smart";
      if (auto smart = smart_of(mail)) way.keys.push_back(smart_key(mail, std::move(*smart)));
    }
    std::erase(way.keys, std::string());
    if (!way.keys.empty()) out.push_back(std::move(way));
  }
  return out;
}

/// The newest record that one of the keys leads to. A draft is somebody's create under way, maybe this very mail's:
/// only the header names it for certain.
const json::object* newest(const json::object& records, const Way& way) {
  const json::object* best = nullptr;
  for (const std::string& key : way.keys) {
    const auto* found = records.if_contains(key);
    if (found == nullptr || !found->is_array()) continue;
    for (const auto& v : found->get_array()) {
      const auto& r = v.as_object();
      if (way.method != "in_reply_to" && text_of(r, "state") == "draft") continue;
      if (best == nullptr || number_of(r, "created_ms", 0) > number_of(*best, "created_ms", 0)) best = &r;
    }
  }
  return best;
}

bool in_page(const Mail& mail, const Way& way) {
  const auto* page = mail.facts.if_contains("page");
  if (page == nullptr || !page->is_array()) return false;
  return std::any_of(page->get_array().begin(), page->get_array().end(), [&](const json::value& v) {
    return v.is_string() &&
           std::find(way.keys.begin(), way.keys.end(), std::string_view(v.get_string())) != way.keys.end();
  });
}

/// What later mails find this one by.
void describe(Mail& mail) {
  if (const auto tokens = tokens_in(mail); !tokens.empty()) mail.doc["token"] = tokens.front();
  if (std::string base = conversation_of(mail); !base.empty()) mail.doc["conversation"] = std::move(base);
  if (mail.enabled("compat.DisableSmartMatchingEmailHashCreation", false)) return;
  if (auto smart = smart_of(mail)) mail.doc["smart"] = std::move(*smart);
}

}  // namespace

std::vector<std::string> Correlation::keys(const Proposal& p) const {
  std::vector<std::string> out;
  if (!is_new_mail(p)) return out;
  for (const Way& way : ways_of(Mail(p))) out.insert(out.end(), way.keys.begin(), way.keys.end());
  return out;
}

Ruling Correlation::judge(const Proposal& p) const {
  if (!is_new_mail(p)) return {};
  Mail mail(p);
  const auto* records = mail.facts.if_contains("records_by_key");
  describe(mail);
  for (const Way& way : ways_of(mail)) {
    const bool known = records != nullptr && records->is_object();
    const json::object* record = known ? newest(records->get_object(), way) : nullptr;
    const bool coming = record == nullptr && in_page(mail, way);
    if (!known && !coming) return say(SY_WAIT, "directory_unknown");
    if (record == nullptr && !coming) continue;
    json::object found{{"method", way.method}};
    if (way.method == "in_reply_to") found["message_id"] = way.keys.front();
    if (coming) {
      found["in_this_batch"] = true;
    } else {
      found["record"] = text_of(*record, "id");
      if (const auto* regarding = record->if_contains("regarding"); regarding != nullptr && regarding->is_object())
        mail.doc["regarding"] = *regarding;
    }
    mail.doc["correlation"] = std::move(found);
    break;
  }
  Ruling r;
  r.decision = SY_ALTER;
  r.doc = json::serialize(mail.doc);
  return r;
}

}  // namespace syncline::rules
