// match.hpp: by which keys two unlinked items of a kind are the same thing, and a mail's natural key. Pure.
#pragma once

#include "document.hpp"

namespace syncline {

/// Keys by which an unlinked item finds its unlinked twin on the other side (S9): a contact's normalised e-mail
/// addresses. Empty: this kind is never matched.
std::vector<std::string> match_keys(std::string_view kind, const json::object& doc);

/// The key that several pairs can see (S10); nullopt: the kind has none, or the document does not tell it yet.
std::optional<std::string> natural_key(std::string_view kind, const json::object& doc);

/// The correlation key under which a mail's Message-ID is known in an organization.
std::string message_key(std::string_view message_id);

bool one_way(std::string_view kind);  ///< email: mailbox → CRM only

}  // namespace syncline
