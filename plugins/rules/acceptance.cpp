// Acceptance: which mail is tracked by itself, for whom, and into which queues it goes.
#include <algorithm>

#include "mail_rules.hpp"

namespace syncline::rules {

namespace {

/// A user or queue among the recipients, or the mailbox in hand, with the method that it goes by.
struct Acceptor {
  std::string address, kind, id;
  std::int64_t method = 1;
};

/// Its id in the CRM, as the directory knows it by its address; empty: it does not.
std::string id_of(const Case& mail, const std::string& address, const std::string& kind) {
  if (const json::array* who = mail.candidates(address))
    for (const json::value& c : *who)
      if (c.is_object() && text_of(c.get_object(), "type") == kind) return text_of(c.get_object(), "id");
  return {};
}

std::int64_t method_of(const Case& mail, const std::string& kind, std::int64_t own) {
  const std::int64_t forced = mail.number("compat.SSSForceFilteringMethodForUserMailboxes", -1);
  return kind == "user" && forced >= 0 ? forced : own;
}

/// The mailbox in hand first, then every recipient that the configuration knows.
std::vector<Acceptor> acceptors(const Case& mail) {
  const std::string kind = mail.of_queue() ? "queue" : "user";
  std::vector<Acceptor> out{{text_of(mail.user(), "address"), kind, text_of(mail.user(), "principal"),
                             method_of(mail, kind, mail.number("email.method", 1))}};
  const auto* configured = mail.user().if_contains("configured");
  if (configured == nullptr || !configured->is_array()) return out;
  for (const std::string_view field : {"to", "cc", "bcc"})
    for (const json::object& recipient : mail.addresses(field))
      for (const json::value& c : configured->get_array()) {
        const json::object& o = c.as_object();
        const std::string address = text_of(o, "address"), other = text_of(o, "kind");
        const bool known = std::any_of(out.begin(), out.end(),
                                       [&](const Acceptor& a) { return formats::same_but_case(a.address, address); });
        if (known || !formats::same_but_case(address, text_of(recipient, "address"))) continue;
        out.push_back({address, other, id_of(mail, text_of(recipient, "address"), other),
                       method_of(mail, other, number_of(o, "method", 1))});
      }
  return out;
}

bool sender_is(const Case& mail, std::initializer_list<std::string_view> types) {
  for (const json::object& from : mail.addresses("from"))
    if (const json::array* who = mail.candidates(text_of(from, "address")))
      for (const json::value& c : *who) {
        const std::string type = text_of(c.as_object(), "type");
        if (types.size() == 0 || std::find(types.begin(), types.end(), type) != types.end()) return true;
      }
  return false;
}

struct Verdict {
  const char* reason = nullptr;  ///< nullptr: not accepted
  Code code = Code::all;
};

Verdict accepts(const Case& mail, const Acceptor& a) {
  if (a.method == 0) return {"accept_all", Code::all};
  if (a.method >= 1 && a.method <= 3 && answered(mail) != nullptr) return {"correlation_match", Code::correlation};
  if (a.method == 2 && sender_is(mail, {"contact", "account", "lead"})) return {"sender_match", Code::sender};
  if (a.method == 3 && sender_is(mail, {})) return {"sender_match", Code::sender};
  return {};
}

bool is_recipient(const Case& mail, const std::string& address) {
  for (const std::string_view field : {"to", "cc", "bcc"})
    for (const json::object& r : mail.addresses(field))
      if (formats::same_but_case(text_of(r, "address"), address)) return true;
  return false;
}

/// The queues among `all` that take the mail: each gets a queue item.
json::array queues(const Case& mail, const std::vector<Acceptor>& all, bool asked) {
  json::array out;
  const auto add = [&](const std::string& id) {
    if (!id.empty() && std::find(out.begin(), out.end(), json::value(id)) == out.end()) out.emplace_back(id);
  };
  const bool own = mail.enabled("compat.CreateQueueItemForSynchronizingMailbox", true);
  const bool named = mail.enabled("compat.CreateQueueItemsForAcceptingQueueRecipients", true);
  for (const Acceptor& a : all) {
    if (a.kind != "queue") continue;
    const bool in_hand = &a == all.data();
    const bool takes = named && (asked || accepts(mail, a).reason != nullptr);
    if ((in_hand && own) || (takes && (!in_hand || is_recipient(mail, a.address)))) add(a.id);
  }
  return out;
}

Ruling accepted(Case& mail, const std::vector<Acceptor>& all, const Acceptor& by, const char* reason,
                json::object args) {
  if (!by.id.empty()) mail.doc["accepting"] = reference(by.kind, by.id);
  if (!all.front().id.empty()) mail.doc["receiving"] = reference(all.front().kind, all.front().id);
  if (json::array items = queues(mail, all, mail.asked()); !items.empty()) mail.doc["queues"] = std::move(items);
  if (const json::object* c = answered(mail); c != nullptr && c->contains("in_this_batch"))
    args["needs"] = text_of(*c, "method");  // what it answers is being made: this one comes after it
  Ruling out = say(SY_CONFIRM, reason, args);
  out.doc = json::serialize(mail.doc);
  return out;
}

}  // namespace

Ruling Acceptance::judge(const Proposal& p) const {
  if (!is_new_mail(p)) return {};
  Case mail(p);
  std::vector<Acceptor> all = acceptors(mail);
  if (mail.asked()) {
    const auto& request = mail.facts.at("request").as_object();
    return accepted(mail, all, all.front(), "asked", {{"by", text_of(request, "by")}});
  }
  if (!mail.enabled("email.auto_track", true)) return say(SY_VETO, "auto_track_off");
  if (mail.enabled("compat.ClientDisableTrackingForReplyForwardEmails", false) && answered(mail) != nullptr &&
      replies_or_forwards(mail))
    return say(SY_VETO, "reply_or_forward");
  if (mail.enabled("email.syncing_only", false)) all.resize(1);
  bool by_sender = false, by_answer = false, unknown = false;
  for (const Acceptor& a : all) {
    if (const Verdict v = accepts(mail, a); v.reason != nullptr)
      return accepted(mail, all, a, v.reason, with_code(v.code, {{"address", a.address}, {"method", a.method}}));
    by_sender = by_sender || a.method == 2 || a.method == 3;
    by_answer = by_answer || a.method == 1;
  }
  for (const json::object& from : mail.addresses("from"))
    unknown = unknown || mail.candidates(text_of(from, "address")) == nullptr;
  if (by_sender && unknown) return say(SY_WAIT, "directory_unknown");
  Ruling r = by_sender   ? say(SY_VETO, "no_sender_match")
             : by_answer ? say(SY_VETO, "no_correlation_match", with_code(Code::no_correlation))
                         : say(SY_VETO, "takes_none");
  if (const std::string parent = mail.text("in_reply_to"); !parent.empty())
    r.looked_for = json::serialize(json::array{parent});
  return r;
}

}  // namespace syncline::rules
