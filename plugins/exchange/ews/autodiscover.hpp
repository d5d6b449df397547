// autodiscover.hpp: the address of EWS by a mailbox's address: the JSON service, then the XML one (POX), then the
// redirection over plain HTTP.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "syncline/net/auth.hpp"

namespace syncline::exchange {

struct Discovery {
  std::string address;                     ///< the mailbox's
  std::vector<std::string> trusted_hosts;  ///< beside those of the address's domain: may be sent credentials
  std::string ca_file;
  bool verify = true;
  std::shared_ptr<net::Authenticator> auth;
  bool online = false;  ///< Exchange Online may be asked too
  /// Where a host is spoken to: "https://" and its name. Tests put their own server there.
  std::function<std::string(const std::string& host, bool tls)> base;
};

/// Throws SY_AUTH when every server that answered refused the credentials, SY_CONFIG when none knows the mailbox,
/// SY_RETRY when none could be reached.
[[nodiscard]] std::string discover(const Discovery& what, const Host& host, const Call& call);

}  // namespace syncline::exchange
