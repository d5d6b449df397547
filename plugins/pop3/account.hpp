// account.hpp: one mailbox with the means to log in to it.
#pragma once

#include <Poco/Net/Context.h>

#include <memory>

#include "listing.hpp"
#include "oauth.hpp"
#include "session.hpp"

namespace syncline::pop3 {

/// What an endpoint keeps between its calls.
struct Memory {
  bool held = false;  ///< a session of ours had the mailbox last: a lock on it may still be that one's
  std::shared_ptr<const Listing> listing;  ///< the last one, when the mailbox is so large that it is worth keeping

  void keep(const std::shared_ptr<const Listing>& fresh);
};

struct Account {
  const Settings& settings;
  const Poco::Net::Context::Ptr& context;
  const Host& host;  ///< the mailbox's: it has its secrets
  const MailboxSettings& mailbox;
  Tokens* tokens;  ///< the connection's; null: it has none
  Memory& memory;
};

/// A session that is logged in. A lock that may be our own is waited for, briefly; anybody else's is not. A token of
/// the connection's that the server refuses is renewed once.
[[nodiscard]] std::unique_ptr<Session> log_in(const Account& account, const Call& call);

}  // namespace syncline::pop3
