// organization.hpp: what all mailboxes of one connection share: the ways in, the servers, and each mailbox's budget.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "ews/address_book.hpp"
#include "ews/session.hpp"
#include "settings.hpp"

namespace syncline::exchange {

/// Any thread.
class Organization {
 public:
  Organization(Settings settings, const Host& host);

  [[nodiscard]] const Settings& settings() const { return settings_; }
  [[nodiscard]] AddressBook& addresses() { return addresses_; }

  /// A conversation about one mailbox. `host`: the endpoint's, with its secrets. It must not outlive the organization.
  [[nodiscard]] Session session(const MailboxSettings& mailbox, const Host& host);
  /// The same mailbox's budget is shared, whatever its address's case.
  [[nodiscard]] std::shared_ptr<MailboxState> mailbox(const std::string& address);
  /// Requests to the server of this address, signed in by `auth`.
  [[nodiscard]] std::shared_ptr<net::HttpSession> http(const std::string& url,
                                                       const std::shared_ptr<net::Authenticator>& auth);
  /// The connection's own way in, made when it is first needed. Throws SY_CONFIG when it has none.
  [[nodiscard]] std::shared_ptr<net::Authenticator> own_authenticator();

 private:
  /// Found once for each mailbox, whoever opens it; with a name of its own, once for each endpoint.
  [[nodiscard]] std::shared_ptr<Locator> locator(const MailboxSettings& mailbox,
                                                 const std::shared_ptr<net::Authenticator>& auth);

  const Settings settings_;
  const Host host_;
  AddressBook addresses_;
  std::mutex mutex_;
  std::shared_ptr<net::Authenticator> own_;
  std::map<std::string, std::shared_ptr<MailboxState>> mailboxes_;
  std::map<std::string, std::shared_ptr<Locator>> locators_;
  std::map<std::string, std::shared_ptr<net::ThrottleGate>> gates_;  ///< by server
  std::map<std::string, std::shared_ptr<net::HttpSession>> sessions_;
};

}  // namespace syncline::exchange
