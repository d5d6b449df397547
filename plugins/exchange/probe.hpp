// probe.hpp: what can be said of a server for `plugin info` and `doctor`.
#pragma once

#include <string>

#include "organization.hpp"

namespace syncline::exchange {

/// One JSON object with "findings": name, TLS, sign-in, impersonation, version, folders. Without probe_mailbox nobody
/// is signed in: there is no mailbox to open. Throws only SY_CANCELED.
[[nodiscard]] std::string probe(Organization& organization, const Host& host, const Call& call);

}  // namespace syncline::exchange
