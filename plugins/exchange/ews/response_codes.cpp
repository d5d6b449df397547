#include "response_codes.hpp"

#include <algorithm>
#include <array>

namespace syncline::exchange {
namespace {

constexpr std::string_view kLater = "it is tried again";
constexpr std::string_view kQuarantine =
    "the item waits in quarantine; correct it in the mailbox or the CRM, then retry it";
constexpr std::string_view kPrimary =
    "set address to the mailbox's primary SMTP address, and see that the account has a mailbox";
constexpr std::string_view kImpersonation =
    "give the account the role ApplicationImpersonation for this mailbox, or set impersonate = false and give it full "
    "access";
constexpr std::string_view kVersionRemedy = "leave version out, so that it is negotiated";
constexpr std::string_view kElsewhere = "the mailbox is looked for anew; with a fixed url, correct it if this persists";
constexpr std::string_view kFolderRemedy = "correct folders, or make the folder";
constexpr std::string_view kListing = "a full listing follows";
constexpr std::string_view kQuota = "make room in the mailbox, or raise its quota; reading goes on";

// clang-format off
constexpr std::array table{
    // The whole mailbox or server, for now.
    Meaning{"ErrorServerBusy", SY_RETRY, Scope::MAILBOX, kLater},
    Meaning{"ErrorExceededConnectionCount", SY_RETRY, Scope::MAILBOX, kLater},
    Meaning{"ErrorInternalServerTransientError", SY_RETRY, Scope::MAILBOX, kLater},
    Meaning{"ErrorInsufficientResources", SY_RETRY, Scope::MAILBOX, kLater},
    Meaning{"ErrorTooManyObjectsOpened", SY_RETRY, Scope::MAILBOX, kLater},
    Meaning{"ErrorConnectionFailed", SY_RETRY, Scope::MAILBOX, kLater},
    Meaning{"ErrorADUnavailable", SY_RETRY, Scope::MAILBOX, kLater},
    Meaning{"ErrorADOperation", SY_RETRY, Scope::MAILBOX, kLater},
    Meaning{"ErrorMailboxStoreUnavailable", SY_RETRY, Scope::MAILBOX, kLater},
    Meaning{"ErrorMailboxFailover", SY_RETRY, Scope::MAILBOX, kLater},
    Meaning{"ErrorServiceUnavailable", SY_RETRY, Scope::MAILBOX, kLater},
    Meaning{"ErrorProxyCallFailed", SY_RETRY, Scope::MAILBOX, kLater},
    Meaning{"ErrorProxyRequestProcessingFailed", SY_RETRY, Scope::MAILBOX, kLater},
    Meaning{"ErrorProxyTokenExpired", SY_RETRY, Scope::MAILBOX, kLater},
    Meaning{"ErrorNoRespondingCASInDestinationSite", SY_RETRY, Scope::MAILBOX, kLater},
    Meaning{"ErrorNoApplicableProxyCASServersAvailable", SY_RETRY, Scope::MAILBOX, kLater},
    Meaning{"ErrorRequestAborted", SY_RETRY, Scope::MAILBOX, kLater},
    Meaning{"ErrorClientDisconnected", SY_RETRY, Scope::MAILBOX, kLater},
    // Ask for less.
    Meaning{"ErrorTimeoutExpired", SY_RETRY, Scope::SHRINK, kLater},
    Meaning{"ErrorExceededFindCountLimit", SY_RETRY, Scope::SHRINK, kLater},
    Meaning{"ErrorRequestStreamTooBig", SY_RETRY, Scope::SHRINK, kLater},
    Meaning{"ErrorDataSizeLimitExceeded", SY_RETRY, Scope::SHRINK, kLater},
    Meaning{"ErrorBatchProcessingStopped", SY_RETRY, Scope::SHRINK, kLater},
    // Elsewhere.
    Meaning{"ErrorMailboxMoveInProgress", SY_RETRY, Scope::RELOCATE, kElsewhere},
    Meaning{"ErrorCrossSiteRequest", SY_RETRY, Scope::RELOCATE, kElsewhere},
    Meaning{"ErrorProxyRequestNotAllowed", SY_RETRY, Scope::RELOCATE, kElsewhere},
    // Schema version.
    Meaning{"ErrorInvalidServerVersion", SY_CONFIG, Scope::VERSION, kVersionRemedy},
    Meaning{"ErrorInvalidSchemaVersionForMailboxVersion", SY_CONFIG, Scope::VERSION, kVersionRemedy},
    Meaning{"ErrorIncorrectSchemaVersion", SY_CONFIG, Scope::VERSION, kVersionRemedy},
    Meaning{"ErrorWrongServerVersion", SY_CONFIG, Scope::VERSION, kVersionRemedy},
    // Cursor and folder.
    Meaning{"ErrorInvalidSyncStateData", SY_RESET, Scope::FOLDER, kListing},
    Meaning{"ErrorSyncFolderNotFound", SY_CONFIG, Scope::FOLDER, kFolderRemedy},
    Meaning{"ErrorFolderNotFound", SY_CONFIG, Scope::FOLDER, kFolderRemedy},
    Meaning{"ErrorParentFolderNotFound", SY_CONFIG, Scope::FOLDER, kFolderRemedy},
    Meaning{"ErrorToFolderNotFound", SY_CONFIG, Scope::FOLDER, kFolderRemedy},
    // The item moved on.
    Meaning{"ErrorIrresolvableConflict", SY_CONFLICT, Scope::ITEM, "it is read again"},
    Meaning{"ErrorStaleObject", SY_CONFLICT, Scope::ITEM, "it is read again"},
    Meaning{"ErrorChangeKeyRequiredForWriteOperations", SY_CONFLICT, Scope::ITEM, "it is read again"},
    Meaning{"ErrorChangeKeyRequired", SY_CONFLICT, Scope::ITEM, "it is read again"},
    Meaning{"ErrorInvalidChangeKey", SY_CONFLICT, Scope::ITEM, "it is read again"},
    Meaning{"ErrorItemNotFound", SY_GONE, Scope::ITEM, {}},
    // Our id is none: after a move of the mailbox, or a restore. Never a proof that the item is gone.
    Meaning{"ErrorInvalidId", SY_INVALID, Scope::ITEM, kQuarantine},
    Meaning{"ErrorInvalidIdEmpty", SY_INVALID, Scope::ITEM, kQuarantine},
    Meaning{"ErrorInvalidIdMalformed", SY_INVALID, Scope::ITEM, kQuarantine},
    Meaning{"ErrorInvalidIdMalformedEwsLegacyIdFormat", SY_INVALID, Scope::ITEM, kQuarantine},
    Meaning{"ErrorCannotUseFolderIdForItemId", SY_INVALID, Scope::ITEM, kQuarantine},
    // This item will not be taken, or not be given, as it is.
    Meaning{"ErrorItemCorrupt", SY_INVALID, Scope::ITEM, kQuarantine},
    Meaning{"ErrorCorruptData", SY_INVALID, Scope::ITEM, kQuarantine},
    Meaning{"ErrorContentConversionFailed", SY_INVALID, Scope::ITEM, kQuarantine},
    Meaning{"ErrorMimeContentConversionFailed", SY_INVALID, Scope::ITEM, kQuarantine},
    Meaning{"ErrorMimeContentInvalid", SY_INVALID, Scope::ITEM, kQuarantine},
    Meaning{"ErrorMimeContentInvalidBase64String", SY_INVALID, Scope::ITEM, kQuarantine},
    Meaning{"ErrorUnsupportedMimeConversion", SY_INVALID, Scope::ITEM, kQuarantine},
    Meaning{"ErrorPropertyValidationFailure", SY_INVALID, Scope::ITEM, kQuarantine},
    Meaning{"ErrorInvalidPropertySet", SY_INVALID, Scope::ITEM, kQuarantine},
    Meaning{"ErrorInvalidPropertyRequest", SY_INVALID, Scope::ITEM, kQuarantine},
    Meaning{"ErrorInvalidPropertyForOperation", SY_INVALID, Scope::ITEM, kQuarantine},
    Meaning{"ErrorIncorrectUpdatePropertyCount", SY_INVALID, Scope::ITEM, kQuarantine},
    Meaning{"ErrorUpdatePropertyMismatch", SY_INVALID, Scope::ITEM, kQuarantine},
    Meaning{"ErrorSchemaValidation", SY_INVALID, Scope::ITEM, "report this with the request's id: the request was not well formed"},
    Meaning{"ErrorInvalidRequest", SY_INVALID, Scope::ITEM, "report this with the request's id"},
    Meaning{"ErrorObjectTypeChanged", SY_INVALID, Scope::ITEM, kQuarantine},
    Meaning{"ErrorMessageSizeExceeded", SY_INVALID, Scope::ITEM, kQuarantine},
    Meaning{"ErrorAttachmentSizeLimitExceeded", SY_INVALID, Scope::ITEM, kQuarantine},
    Meaning{"ErrorAttachmentNestLevelLimitExceeded", SY_INVALID, Scope::ITEM, kQuarantine},
    Meaning{"ErrorVirusDetected", SY_INVALID, Scope::ITEM, kQuarantine},
    Meaning{"ErrorVirusMessageDeleted", SY_INVALID, Scope::ITEM, kQuarantine},
    Meaning{"ErrorInvalidRecipients", SY_INVALID, Scope::ITEM, kQuarantine},
    Meaning{"ErrorSendAsDenied", SY_DENIED, Scope::ITEM, kQuarantine},
    Meaning{"ErrorItemSave", SY_INVALID, Scope::ITEM, kQuarantine},
    Meaning{"ErrorItemSavePropertyError", SY_INVALID, Scope::ITEM, kQuarantine},
    Meaning{"ErrorUnsupportedPathForSortGroup", SY_INVALID, Scope::ITEM, kQuarantine},
    Meaning{"ErrorAccessDenied", SY_DENIED, Scope::ITEM, "give the account full access to this mailbox, or impersonate its owner"},
    Meaning{"ErrorDeleteItemsFailed", SY_DENIED, Scope::ITEM, "see whether the item is on hold, or the folder can be written to"},
    Meaning{"ErrorCreateItemAccessDenied", SY_DENIED, Scope::ITEM, "give the account the right to create items in this folder"},
    // Writing has to wait, reading goes on.
    Meaning{"ErrorQuotaExceeded", SY_RETRY, Scope::ITEM, kQuota},
    Meaning{"ErrorSubmissionQuotaExceeded", SY_RETRY, Scope::ITEM, kQuota},
    Meaning{"ErrorMessagePerFolderCountReceiveQuotaExceeded", SY_RETRY, Scope::ITEM, kQuota},
    // This mailbox cannot be used.
    Meaning{"ErrorNonExistentMailbox", SY_CONFIG, Scope::CALL, kPrimary},
    Meaning{"ErrorNonPrimarySmtpAddress", SY_CONFIG, Scope::CALL, kPrimary},
    Meaning{"ErrorMissingEmailAddress", SY_CONFIG, Scope::CALL, kPrimary},
    Meaning{"ErrorMailboxLogonFailed", SY_DENIED, Scope::CALL, kPrimary},
    Meaning{"ErrorAccountDisabled", SY_DENIED, Scope::CALL, "enable the account in the directory"},
    Meaning{"ErrorPasswordExpired", SY_AUTH, Scope::CALL, "set a new password for the account"},
    Meaning{"ErrorPasswordChangeRequired", SY_AUTH, Scope::CALL, "set a new password for the account"},
    Meaning{"ErrorOrganizationAccessBlocked", SY_DENIED, Scope::CALL, "the organization blocks EWS; have its administrator allow this application"},
    Meaning{"ErrorImpersonateUserDenied", SY_DENIED, Scope::CALL, kImpersonation},
    Meaning{"ErrorImpersonationDenied", SY_DENIED, Scope::CALL, kImpersonation},
    Meaning{"ErrorImpersonationFailed", SY_DENIED, Scope::CALL, kImpersonation},
    Meaning{"ErrorTokenSerializationDenied", SY_DENIED, Scope::CALL, "the account may not pass tokens on; use impersonation"},
};
// clang-format on

constexpr Meaning unknown{"", SY_BROKEN, Scope::ITEM, "see the server's log, by the request's id"};
constexpr std::int64_t kQuotaRetryMs = 3'600'000;

bool plain(std::string_view code) {
  return !code.empty() && code.size() <= 60 && std::all_of(code.begin(), code.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  });
}

}  // namespace

const Meaning& meaning_of(std::string_view code) {
  const auto* found = std::find_if(table.begin(), table.end(), [&](const Meaning& m) { return m.code == code; });
  return found == table.end() ? unknown : *found;
}

Refused refusal(std::string_view what, std::string_view code, std::string_view request, std::int64_t retry_after_ms) {
  const Meaning& m = meaning_of(code);
  const std::string shown = plain(code) ? std::string(code) : std::string("an error without a code");
  std::string text = "exchange: " + std::string(what) + ": " + shown + " (request " + std::string(request) + ")";
  if (!m.remedy.empty()) text += "; " + std::string(m.remedy);
  if (m.remedy == kQuota && retry_after_ms == 0) retry_after_ms = kQuotaRetryMs;
  return {m.what, m.scope, std::move(text), retry_after_ms, plain(code) ? std::string(code) : std::string()};
}

}  // namespace syncline::exchange
