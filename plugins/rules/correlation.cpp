// Correlation: which CRM email a mail answers. The ways are tried in the order of email.order.
#include <algorithm>
#include <array>
#include <syncline/formats/base64.hpp>
#include <syncline/formats/hex.hpp>
#include <syncline/formats/smart_match.hpp>

#include "mail_rules.hpp"
#include "tracking_token.hpp"

namespace syncline::rules {

namespace {

constexpr std::size_t conversation_bytes = 22;  ///< of a conversation index: the part that its replies share

/// A way to find the mail that is answered, with the directory's keys to look for.
struct Way {
  std::string_view method;
  std::vector<std::string> keys;
};

/// What mail programs put before the subject of a forwarded mail, in the languages that are common. Not "VS:", which is
/// a forward in Danish and Norwegian and an answer in Finnish.
bool forwarded(const Case& mail) {
  constexpr std::array<std::string_view, 15> prefixes{"fw:", "fwd:", "wg:",  "tr:",  "rv:",   "i:",    "doorst:", "vl:",
                                                      "vb:", "pd:",  "enc:", "ilt:", "转发:", "轉寄:", "転送:"};
  const std::string subject = formats::lower(mail.text("subject"));
  const std::size_t begin = subject.find_first_not_of(' ');
  return begin != std::string::npos && std::any_of(prefixes.begin(), prefixes.end(), [&](std::string_view p) {
           return std::string_view(subject).substr(begin).starts_with(p);
         });
}

bool by_headers(const Case& mail) {
  return mail.enabled("email.correlate_by_headers", true) &&
         !mail.enabled("compat.IgnoreConversationIndexAndInReplyToForCorrelation", false) &&
         !(mail.enabled("compat.DoNotCorrelateForwardedEmailsAsReplies", false) && forwarded(mail));
}

std::vector<std::string> tokens(const Case& mail) {
  if (!mail.enabled("email.tokens", true)) return {};
  std::vector<std::string> prefixes{mail.word("email.token.prefix", "CRM:")};
  for (std::string& old : mail.words("email.token.old_prefixes")) prefixes.push_back(std::move(old));
  const auto digits = static_cast<std::size_t>(1 + mail.number("email.token.user_digits", 3) +
                                               mail.number("email.token.counter_digits", 3));
  return tracking_tokens(mail.text("subject"), prefixes, digits);
}

/// The base of the conversation index in hexadecimal digits; empty: none.
std::string conversation(const Case& mail) {
  const std::string bytes = formats::base64_decode(mail.text("conversation_index"));
  if (bytes.size() < conversation_bytes) return {};
  return formats::hex_encode(std::string_view(bytes).substr(0, conversation_bytes));
}

json::array texts(const std::vector<std::string>& from) { return json::array(from.begin(), from.end()); }

bool smart(const Case& mail) { return mail.enabled("email.smart.enabled", false); }

std::string noise_of(const Case& mail) { return mail.word("email.smart.noise_regex", R"(^[\s]*([\w]+\s?:[\s]*)+)"); }

std::vector<std::string> words_of(const Case& mail) {
  if (!smart(mail)) return {};
  const auto most = static_cast<std::size_t>(mail.number("email.smart.max_words", 20));
  return formats::SubjectWords(noise_of(mail), most).of(mail.text("subject"));
}

std::vector<Way> ways(const Case& mail) {
  std::vector<Way> out;
  std::vector<std::string> order = mail.words("email.order");
  if (mail.setting("email.order") == nullptr) order = {"reply", "token", "conversation", "smart"};
  for (const std::string& way : order) {
    if (way == "reply" && by_headers(mail)) {
      if (const std::string parent = mail.text("in_reply_to"); !parent.empty())
        out.push_back({"in_reply_to", {parent}});
    } else if (way == "token") {
      Way by{"token", {}};
      for (const std::string& token : tokens(mail)) by.keys.push_back("token:" + token);
      if (!by.keys.empty()) out.push_back(std::move(by));
    } else if (way == "conversation" && by_headers(mail)) {
      if (const std::string base = conversation(mail); !base.empty())
        out.push_back({"conversation", {"conversation:" + base}});
    } else if (const auto words = way == "smart" ? words_of(mail) : std::vector<std::string>{}; !words.empty()) {
      const json::object wanted{{"subject", texts(words)},
                                {"addresses", texts(formats::mail_addresses(mail.doc))},
                                {"delta", mail.number("email.smart.delta", 0)},
                                {"min_addresses", mail.number("email.smart.min_addresses", 2)},
                                {"max_words", mail.number("email.smart.max_words", 20)},
                                {"noise", noise_of(mail)}};
      out.push_back({"smart", {"words:" + json::serialize(wanted)}});
    }
  }
  return out;
}

/// The newest record that stands under one of the keys; a draft is somebody's create in progress. Null and `unknown`:
/// the directory could not be asked.
const json::object* newest(const Case& mail, const Way& way, bool& unknown) {
  const json::object* best = nullptr;
  for (const std::string& key : way.keys) {
    const json::array* records = mail.records(key);
    unknown = unknown || records == nullptr;
    if (records == nullptr) continue;
    for (const json::value& v : *records) {
      const auto& r = v.as_object();
      if (text_of(r, "state") == "draft") continue;
      if (best == nullptr || number_of(r, "created_ms", 0) > number_of(*best, "created_ms", 0)) best = &r;
    }
  }
  return best;
}

}  // namespace

const json::object* answered(const Case& mail) {
  const auto* c = mail.doc.if_contains("correlation");
  if (c == nullptr || !c->is_object() || text_of(c->get_object(), "method") == "skipped") return nullptr;
  return &c->get_object();
}

bool replies_or_forwards(const Case& mail) {
  return !mail.text("in_reply_to").empty() || mail.doc.contains("references") || forwarded(mail);
}

std::vector<std::string> Correlation::keys(const Proposal& p) const {
  std::vector<std::string> out;
  if (!is_new_mail(p)) return out;
  const Case mail(p);
  for (Way& way : ways(mail)) std::move(way.keys.begin(), way.keys.end(), std::back_inserter(out));
  return out;
}

Ruling Correlation::judge(const Proposal& p) const {
  if (!is_new_mail(p)) return {};
  Case mail(p);
  json::object found;
  for (const Way& way : ways(mail)) {
    bool unknown = false;
    const json::object* record = newest(mail, way, unknown);
    const bool coming = record == nullptr && std::any_of(way.keys.begin(), way.keys.end(),
                                                         [&](const std::string& key) { return mail.in_page(key); });
    if (record == nullptr && !coming) {
      if (unknown) return say(SY_WAIT, "directory_unknown");
      continue;
    }
    found["method"] = way.method;
    if (way.method == "in_reply_to") found["message_id"] = way.keys.front();
    if (coming) {
      found["in_this_batch"] = true;
    } else {
      found["record"] = text_of(*record, "id");
      if (const auto* regarding = record->if_contains("regarding"); regarding != nullptr && regarding->is_object())
        mail.doc["regarding"] = *regarding;
    }
    break;
  }
  // What later mail finds this one by.
  if (const auto all = tokens(mail); !all.empty()) mail.doc["token"] = all.back();
  if (const std::string base = conversation(mail); !base.empty()) mail.doc["conversation"] = base;
  if (found.empty() && mail.enabled("compat.DisableSmartMatchingEmailHashCreation", false))
    found = {{"method", "skipped"}};  // smart matching will not find it later
  if (!found.empty()) mail.doc["correlation"] = std::move(found);
  Ruling r;
  r.decision = SY_ALTER;
  r.doc = json::serialize(mail.doc);
  return r;
}

}  // namespace syncline::rules
