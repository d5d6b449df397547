// settings_rules.cpp: the options that the rules read. The kernel validates them and hands their effective values to
// every stage as the fact user.settings; what they mean is the rules' business.
#include <array>

#include "settings.hpp"

namespace syncline {
namespace {

constexpr std::uint32_t sz = sizeof(sy_option);

constexpr std::array per_principal{
    sy_option{sz, SY_INT, 0, "email.method", "1", "0..4",
              "which mails are tracked by themselves: 0 all, 1 answers to tracked mail, 2 from leads, contacts and "
              "accounts, 3 from any record with an address, 4 none",
              nullptr},
    sy_option{sz, SY_CHOICE, 0, "email.incoming", "\"server\"", "server|none",
              "how mail comes from the mailbox: server, by this program; none, not at all", nullptr},
    sy_option{sz, SY_INSTANT, 0, "email.received_after", nullptr, nullptr,
              "mail received before is left alone; when first confirmed if not given", "2026-01-01T00:00:00Z"},
    sy_option{sz, SY_BYTES, 0, "email.max_size", "\"50MiB\"", "1KiB..1GiB", "larger mail is refused", nullptr},
    sy_option{sz, SY_LIST, 0, "email.order", R"(["reply", "token", "conversation", "smart"])",
              "reply|token|conversation|smart",
              "how the mail that is answered is looked for, one way after the other; what is not listed is not done",
              nullptr},
    sy_option{sz, SY_TEXT, 0, "email.token.prefix", "\"CRM:\"", nullptr,
              "what a tracking token in a subject begins with", nullptr},
    sy_option{sz, SY_LIST, 0, "email.token.old_prefixes", "[]", any_text, "prefixes of earlier days, still recognised",
              nullptr},
    sy_option{sz, SY_INT, 0, "email.token.user_digits", "3", "1..10", "digits of a token that tell the user", nullptr},
    sy_option{sz, SY_INT, 0, "email.token.counter_digits", "3", "1..9", "digits of a token that count", nullptr},
    sy_option{sz, SY_BOOL, 0, "email.smart.enabled", "false", nullptr,
              "take a mail for an answer whose subject and addresses are like a tracked one's", nullptr},
    sy_option{sz, SY_INT, 0, "email.smart.delta", "0", "0..20", "by how many words the two subjects may differ",
              nullptr},
    sy_option{sz, SY_INT, 0, "email.smart.min_addresses", "2", "1..20", "how many addresses must be the same", nullptr},
    sy_option{sz, SY_INT, 0, "email.smart.max_words", "20", "1..50", "how many words of a subject count", nullptr},
    sy_option{sz, SY_REGEX, 0, "email.smart.noise_regex", R"("^[\\s]*([\\w]+\\s?:[\\s]*)+")", nullptr,
              "what is taken off a subject first (ECMAScript)", nullptr},
    sy_option{sz, SY_CHOICE, 0, "track.contact", "\"manual\"", "manual|all",
              "which contacts of the mailbox go into the CRM: those that a person tracks, or all", nullptr},
    sy_option{sz, SY_CHOICE, 0, "track.task", "\"manual\"", "manual|all", "and which tasks", nullptr},
    sy_option{
        sz, SY_LIST, 0, "filters.contact", "[\"mine\"]", "mine",
        "which contacts of the CRM come into the mailbox by themselves: mine, those that are active and whose owner "
        "the user is; none if the list is empty",
        nullptr},
    sy_option{sz, SY_LIST, 0, "filters.task", "[\"mine\"]", "mine",
              "and which tasks, phone calls, letters and faxes: mine, those that are open and whose owner the user is",
              nullptr},
    sy_option{sz, SY_INT, 0, "delete.task", "0", "0..2",
              "a task deleted in the mailbox is deleted in the CRM: 0 always, 1 only while not completed, 2 never",
              nullptr},
    sy_option{sz, SY_CHOICE, 0, "untrack.contact.non_owner", "\"unlink\"", "unlink|delete_crm",
              "what `untrack --delete` does to somebody else's contact", nullptr},
    sy_option{sz, SY_BOOL, 0, "resolve.owner_exception", "true", nullptr,
              "a record that the mailbox's owner owns is taken for the sender before others", nullptr},
    sy_option{sz, SY_CHOICE, 0, "resolve.inactive", "\"single\"", "single|never|always",
              "whether an inactive record may be a party: single, when it is the only match", nullptr},
    sy_option{sz, SY_CHOICE, 0, "autocreate.create", "\"contact\"", "contact|lead|none",
              "what is made of a sender whom the CRM does not know", nullptr}};

// Of the whole organization, so only in [defaults]. compat.X is the organization setting that Microsoft calls X.
constexpr std::array per_organization{
    sy_option{sz, SY_BOOL, 0, "email.auto_track", "true", nullptr, "false: only what people track by hand", nullptr},
    sy_option{sz, SY_BOOL, 0, "email.correlate_by_headers", "true", nullptr,
              "find the mail that is answered by its Message-ID or its conversation", nullptr},
    sy_option{sz, SY_BOOL, 0, "email.tokens", "true", nullptr, "and by the tracking token in its subject", nullptr},
    sy_option{sz, SY_BOOL, 0, "email.two_activities", "true", nullptr,
              "mail from one user to another makes two records, one sent and one received", nullptr},
    sy_option{sz, SY_BOOL, 0, "email.syncing_only", "false", nullptr,
              "only the method of the mailbox in hand counts, not those of the other recipients", nullptr},
    sy_option{sz, SY_BYTES, 0, "attachments.max_size", "\"5MB\"", "1..1GiB", "larger attachments are left out",
              nullptr},
    sy_option{sz, SY_LIST, 0, "attachments.blocked", "[]", any_text,
              "attachments with one of these extensions are left out; the CRM may block more", nullptr},
    sy_option{sz, SY_BOOL, 0, "resolve.unresolve_on_multiple", "false", nullptr,
              "a recipient whom several records match stays unresolved", nullptr},
    sy_option{sz, SY_BOOL, 0, "resolve.unresolve_sender_on_multiple", "false", nullptr,
              "a sender whom several records match stays unresolved", nullptr},
    sy_option{sz, SY_BOOL, 0, "autocreate.org_allows", "true", nullptr,
              "false: nothing is made of unknown senders, whatever `autocreate.create` says", nullptr},
    sy_option{sz, SY_BOOL, 0, "queue_items.additional", "false", nullptr,
              "a further queue that finds a mail which the CRM has already gets an item of its own", nullptr},
    sy_option{sz, SY_BOOL, 0, "compat.RestrictIRMEmailItems", "false", nullptr, "rights-protected mail is left alone",
              nullptr},
    sy_option{sz, SY_INT, 0, "compat.SSSForceFilteringMethodForUserMailboxes", "-1", "-1..4",
              "the method of all users, instead of their own; -1: their own", nullptr},
    sy_option{sz, SY_BOOL, 0, "compat.IgnoreInternalEmailDetectionEnhancement", "true", nullptr,
              "with `email.two_activities` off: only mail whose sent copy the CRM has is refused; false: all mail from "
              "users is",
              nullptr},
    sy_option{sz, SY_BOOL, 0, "compat.DoNotIgnoreInternalEmailToQueues", "true", nullptr,
              "and mail to a queue is judged by the queue's method", nullptr},
    sy_option{sz, SY_BOOL, 0, "compat.IgnoreInternalEmailFromQueues", "false", nullptr,
              "and mail from a queue counts as mail from a user", nullptr},
    sy_option{sz, SY_BOOL, 0, "compat.IgnoreConversationIndexAndInReplyToForCorrelation", "false", nullptr,
              "neither the headers nor the conversation tell what is answered", nullptr},
    sy_option{sz, SY_BOOL, 0, "compat.DoNotCorrelateForwardedEmailsAsReplies", "false", nullptr,
              "a forwarded mail answers nothing", nullptr},
    sy_option{sz, SY_BOOL, 0, "compat.ClientDisableTrackingForReplyForwardEmails", "false", nullptr,
              "answers and forwarded mail are not tracked by themselves", nullptr},
    sy_option{sz, SY_BOOL, 0, "compat.DisableSmartMatchingEmailHashCreation", "false", nullptr,
              "mail is stored without what smart matching looks for later", nullptr},
    sy_option{sz, SY_BOOL, 0, "compat.CreateQueueItemsForAcceptingQueueRecipients", "true", nullptr,
              "every queue among the recipients that takes the mail gets a queue item", nullptr},
    sy_option{sz, SY_BOOL, 0, "compat.CreateQueueItemForSynchronizingMailbox", "true", nullptr,
              "and so does the queue in hand, though it is not named among them", nullptr}};

}  // namespace

std::span<const sy_option> principal_rule_options() { return per_principal; }
std::span<const sy_option> organization_rule_options() { return per_organization; }

std::span<const Renamed> renamed_options() {
  constexpr static std::array all{
      Renamed{"compat.DoNotAutoTrackEmail", "email.auto_track"},
      Renamed{"compat.UseFilteringMethodOfSyncingMailboxOnlyForCorrelation", "email.syncing_only"},
      Renamed{"compat.HashDeltaSubjectCount", "email.smart.delta"},
      Renamed{"compat.HashMinAddressCount", "email.smart.min_addresses"},
      Renamed{"compat.HashMaxCount", "email.smart.max_words"},
      Renamed{"compat.DisableSmartMatching", "email.smart.enabled"},
      Renamed{"compat.ResolveForInactiveEntities", "resolve.inactive"},
      Renamed{"compat.UnresolveSenderInCaseOfMultipleMatch", "resolve.unresolve_sender_on_multiple"},
      Renamed{"compat.AutoCreateContactOnPromote", "autocreate.org_allows"},
      Renamed{"compat.SSSCreateAdditionalQueueItemsForAlreadyTrackedEmail", "queue_items.additional"},
      Renamed{"compat.SSSTaskDeletionSyncBehaviorFromExchange", "delete.task"},
      Renamed{"compat.ExchangeSyncIdMappingPersistenceTimeInDays", "failure.keep_days"},
      Renamed{"compat.ExpireChangeTrackingInDays", "tombstone.keep_days"}};
  return all;
}

}  // namespace syncline
