#include "organization.hpp"

#include <algorithm>

#include "ews/autodiscover.hpp"
#include "syncline/formats/ascii.hpp"
#include "syncline/net/url.hpp"

namespace syncline::exchange {
namespace {

class FixedLocator final : public Locator {
 public:
  explicit FixedLocator(Server server) : server_(std::move(server)) {}
  Server locate(const Host&, const Call&) override { return server_; }
  bool forget() override { return false; }

 private:
  const Server server_;
};

/// Asks once and remembers, until the server says that it is not the one any more.
class DiscoveringLocator final : public Locator {
 public:
  DiscoveringLocator(Organization& organization, std::string address, std::shared_ptr<net::Authenticator> auth)
      : organization_(organization), address_(std::move(address)), auth_(std::move(auth)) {}

  Server locate(const Host& host, const Call& call) override {
    const std::lock_guard lock(mutex_);
    if (server_.url.empty()) {
      const Settings& s = organization_.settings();
      Discovery what;
      what.address = address_;
      what.trusted_hosts = s.trusted_hosts;
      what.ca_file = s.ca_file;
      what.verify = s.verify;
      what.auth = auth_;
      what.online = s.method == Method::OAUTH;
      const std::string url = discover(what, host, call);
      server_ = {url, organization_.http(url, auth_)};
      host.log(SY_INFO, {}, "EWS is at " + net::parse_url(url).origin.text());
    }
    return server_;
  }
  bool forget() override {
    const std::lock_guard lock(mutex_);
    server_ = {};
    return true;
  }

 private:
  Organization& organization_;
  const std::string address_;
  const std::shared_ptr<net::Authenticator> auth_;
  std::mutex mutex_;
  Server server_;
};

}  // namespace

Organization::Organization(Settings settings, const Host& host) : settings_(std::move(settings)), host_(host) {}

std::shared_ptr<net::Authenticator> Organization::own_authenticator() {
  const std::lock_guard lock(mutex_);
  if (!own_) own_ = authenticator(settings_, host_);
  return own_;
}

std::shared_ptr<net::HttpSession> Organization::http(const std::string& url,
                                                     const std::shared_ptr<net::Authenticator>& auth) {
  const std::string server = net::parse_url(url).origin.text();
  const std::lock_guard lock(mutex_);
  std::shared_ptr<net::ThrottleGate>& gate = gates_[server];
  if (!gate) gate = std::make_shared<net::ThrottleGate>(settings_.max_concurrent);
  std::shared_ptr<net::HttpSession> shared = auth == own_ ? sessions_[server] : nullptr;
  if (shared) return shared;
  net::SessionOptions o;
  o.base_url = url;
  o.ca_file = settings_.ca_file;
  o.verify = settings_.verify;
  o.user_agent = "Syncline";  // administrators allow and block by it
  o.connect_timeout = settings_.connect_timeout;
  o.read_timeout = settings_.read_timeout;
  o.max_connections = auth == own_ ? settings_.max_concurrent : settings_.mailbox_concurrent;
  // Base64 and XML around the largest message; what is parsed has a limit of its own.
  o.max_body = (std::size_t{64} << 20) + static_cast<std::size_t>(settings_.max_message_size) / 2 * 3;
  shared = std::make_shared<net::HttpSession>(o, auth, gate);
  if (auth == own_) sessions_[server] = shared;
  return shared;
}

std::shared_ptr<MailboxState> Organization::mailbox(const std::string& address) {
  const std::lock_guard lock(mutex_);
  std::shared_ptr<MailboxState>& state = mailboxes_[formats::lower(address)];
  if (!state)
    state = std::make_shared<MailboxState>(settings_.mailbox_concurrent, settings_.version, settings_.max_batch);
  return state;
}

std::shared_ptr<Locator> Organization::locator(const MailboxSettings& mailbox,
                                               const std::shared_ptr<net::Authenticator>& auth) {
  if (!settings_.url.empty()) return std::make_shared<FixedLocator>(Server{settings_.url, http(settings_.url, auth)});
  if (!mailbox.username.empty()) return std::make_shared<DiscoveringLocator>(*this, mailbox.address, auth);
  const std::lock_guard lock(mutex_);
  std::shared_ptr<Locator>& known = locators_[formats::lower(mailbox.address)];
  if (!known) known = std::make_shared<DiscoveringLocator>(*this, mailbox.address, auth);
  return known;
}

Session Organization::session(const MailboxSettings& mailbox, const Host& host) {
  const bool own_name = !mailbox.username.empty();
  const auto auth = own_name ? authenticator(mailbox, host) : own_authenticator();
  Account account;
  account.address = mailbox.address;
  account.impersonate = settings_.impersonate && !own_name;
  account.anchor = !settings_.anchor_mailbox.empty() ? settings_.anchor_mailbox : mailbox.address;
  return {locator(mailbox, auth), this->mailbox(mailbox.address), std::move(account), host};
}

}  // namespace syncline::exchange
