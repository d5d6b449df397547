// oauth.hpp: access tokens of an OAuth client (client credentials), for all mailboxes of a connection.
#pragma once

#include <string>
#include <syncline/net/auth.hpp>
#include <syncline/plugin.hpp>

#include "settings.hpp"

namespace syncline::pop3 {

/// Used by many threads at once.
class Tokens {
 public:
  /// The client's secret is the connection's `oauth.secret`, asked for when it is needed.
  Tokens(const Settings& settings, const Host& host);

  /// A token that lives. Throws SY_AUTH, SY_CONFIG or SY_RETRY.
  [[nodiscard]] std::string token(const Call& call);
  /// The mail server refused this one. True: there is a new one.
  [[nodiscard]] bool renew(const Call& call, const std::string& refused);

 private:
  const Host host_;
  net::ClientCredentials client_;
};

}  // namespace syncline::pop3
