// mail_rules.hpp: the rules that decide whether a mail becomes a CRM email, in the order in which the ruleset runs
// them. Each is pure. What a rule cannot know yet (the directory did not answer) makes the mail wait, never guess.
#pragma once

#include "facts.hpp"

namespace syncline::rules {

template <class T>
class MailRule : public Rule<T> {
 public:
  static constexpr std::array<sy_option, 0> options{};
  static constexpr std::uint32_t revision = 1;
  static constexpr const char* kinds = R"(["email"])";
  MailRule(Host, std::string_view) {}
};

/// Mail from before the watermark is not looked at: `email.received_after`, or when the pair was confirmed (S8).
class ReceivedAfter : public MailRule<ReceivedAfter> {
 public:
  using MailRule::MailRule;
  static constexpr const char* name = "received-after";
  static constexpr const char* summary = "refuses mail that was received before the watermark";
  static constexpr const char* wants = R"(["received_after", "request"])";
  static constexpr const char* reasons =
      R"~({"received_before": "received {received}, before {after}: set email.received_after earlier to have it"})~";
  [[nodiscard]] Ruling judge(const Proposal& p) const;
};

/// A message above `email.max_size`, or above what the source would read, is refused on its head.
class SizeLimit : public MailRule<SizeLimit> {
 public:
  using MailRule::MailRule;
  static constexpr const char* name = "size-limit";
  static constexpr const char* summary = "refuses messages above email.max_size";
  static constexpr const char* wants = R"(["user"])";
  static constexpr const char* reasons =
      R"~({"too_large": "{size} bytes, above the limit of {limit}: raise email.max_size (and the source's own limit) to have it"})~";
  [[nodiscard]] Ruling judge(const Proposal& p) const;
};

/// A mail whose Message-ID the CRM already has in this direction is linked to that record, never created twice.
class Duplicate : public MailRule<Duplicate> {
 public:
  using MailRule::MailRule;
  static constexpr const char* name = "duplicate";
  static constexpr const char* summary = "links a mail that the CRM already has";
  static constexpr const char* wants = R"(["user", "records"])";
  static constexpr const char* reasons =
      R"~({"duplicate": "the CRM already has this message as {id}", "directory_unknown": "the CRM could not be asked whether it has this message"})~";
  [[nodiscard]] Ruling judge(const Proposal& p) const;
};

/// Rights-protected mail stays outside where the organization wants that (compat.RestrictIRMEmailItems).
class Protected : public MailRule<Protected> {
 public:
  using MailRule::MailRule;
  static constexpr const char* name = "protected";
  static constexpr const char* summary = "refuses rights-protected mail, if compat.RestrictIRMEmailItems is on";
  static constexpr const char* wants = R"(["user"])";
  static constexpr const char* reasons =
      R"~({"rights_protected": "the mail is rights-protected (compat.RestrictIRMEmailItems)"})~";
  [[nodiscard]] Ruling judge(const Proposal& p) const;
};

/// Mail between CRM users, where the organization wants one record of it and not two (email.two_activities).
class Internal : public MailRule<Internal> {
 public:
  using MailRule::MailRule;
  static constexpr const char* name = "internal";
  static constexpr const char* summary = "refuses mail among users of the CRM, if email.two_activities is off";
  static constexpr const char* wants = R"(["user", "parties", "records", "request"])";
  static constexpr const char* reasons =
      R"~({"from_a_user": "{address} is a user of the CRM (email.two_activities)", "sent_copy_exists": "the CRM has the copy that {address} sent (email.two_activities)", "directory_unknown": "the CRM could not be asked who the sender is"})~";
  [[nodiscard]] Ruling judge(const Proposal& p) const;
};

/// A mail without a usable sender address cannot be carried: it is tried again like other failures, then quarantined.
class Sender : public MailRule<Sender> {
 public:
  using MailRule::MailRule;
  static constexpr const char* name = "sender";
  static constexpr const char* summary = "fails mail without a valid sender";
  static constexpr const char* wants = "[]";
  static constexpr const char* reasons = R"~({"invalid_sender": "the sender's address is missing or invalid"})~";
  [[nodiscard]] Ruling judge(const Proposal& p) const;
};

/// At least one recipient must be a CRM user or queue.
class Recipients : public MailRule<Recipients> {
 public:
  using MailRule::MailRule;
  static constexpr const char* name = "recipients";
  static constexpr const char* summary = "refuses mail that no CRM user or queue is a recipient of";
  static constexpr const char* wants = R"(["user", "parties"])";
  static constexpr const char* reasons =
      R"~({"no_recipient_match": "no recipient is a CRM user or queue", "directory_unknown": "the CRM could not be asked who the recipients are"})~";
  [[nodiscard]] Ruling judge(const Proposal& p) const;
};

/// Finds the CRM email that this one answers: by In-Reply-To, tracking token, conversation index or smart matching, in
/// the order of email.order; and takes its regarding over.
class Correlation : public MailRule<Correlation> {
 public:
  using MailRule::MailRule;
  static constexpr const char* name = "correlation";
  static constexpr const char* summary = "finds the CRM email that a mail answers";
  static constexpr const char* wants = R"(["user", "records_by_key", "page"])";
  static constexpr const char* reasons =
      R"~({"directory_unknown": "the CRM could not be asked for the mail that this one answers"})~";
  [[nodiscard]] std::vector<std::string> keys(const Proposal& p) const;
  [[nodiscard]] Ruling judge(const Proposal& p) const;
};

/// What the correlation rule found; nullptr: it answers no mail of the CRM.
const json::object* answered(const Case& mail);
/// It is an answer or a forwarded mail, by its head.
bool replies_or_forwards(const Case& mail);

/// The filtering method of the mailbox and of every recipient that the configuration knows; one acceptance is enough.
class Acceptance : public MailRule<Acceptance> {
 public:
  using MailRule::MailRule;
  static constexpr const char* name = "acceptance";
  static constexpr const char* summary = "applies email.method: which mail is tracked by itself";
  static constexpr const char* wants = R"(["user", "parties", "request"])";
  static constexpr const char* reasons =
      R"~({"asked": "{by} asked for it", "accept_all": "{address} takes all mail (method 0)", "correlation_match": "it answers an email of the CRM (method {method} of {address})", "sender_match": "the sender is known to the CRM (method {method} of {address})", "no_correlation_match": "it answers no email of the CRM, and no recipient takes other mail", "no_sender_match": "the sender is not known to the CRM, and no recipient takes other mail", "takes_none": "no recipient takes mail by itself (method 4)", "auto_track_off": "automatic tracking is off (email.auto_track)", "reply_or_forward": "answers and forwarded mail are not tracked by themselves (compat.ClientDisableTrackingForReplyForwardEmails)", "directory_unknown": "the CRM could not be asked who sender and recipients are"})~";
  [[nodiscard]] Ruling judge(const Proposal& p) const;
};

/// Turns addresses into parties of the CRM.
class Parties : public MailRule<Parties> {
 public:
  using MailRule::MailRule;
  static constexpr const char* name = "parties";
  static constexpr const char* summary = "resolves sender and recipients to records of the CRM";
  static constexpr const char* wants = R"(["user", "parties"])";
  static constexpr const char* reasons =
      R"~({"directory_unknown": "the CRM could not be asked who sender and recipients are"})~";
  [[nodiscard]] Ruling judge(const Proposal& p) const;
};

/// Leaves attachments out that are above attachments.max_size or of a blocked kind.
class Attachments : public MailRule<Attachments> {
 public:
  using MailRule::MailRule;
  static constexpr const char* name = "attachments";
  static constexpr const char* summary = "leaves out attachments that attachments.max_size or .blocked forbid";
  static constexpr const char* wants = R"(["user"])";
  static constexpr const char* reasons = R"~({"attachments_left_out": "without {count} of its attachments: {names}"})~";
  [[nodiscard]] Ruling judge(const Proposal& p) const;
};

}  // namespace syncline::rules
