#include "account.hpp"

#include <array>
#include <chrono>
#include <thread>

namespace syncline::pop3 {

namespace {

constexpr std::size_t kLargeMailbox = 2000;  // messages; below, a listing costs nothing that counts

void pause(const Call& call, std::chrono::milliseconds time) {
  const auto until = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < until) {
    call.check();
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

/// The mailbox's password; where it has none, and the way is not prescribed, its token.
Credentials own_credentials(const Account& account) {
  const std::string& user = account.mailbox.username;
  const Method method = account.settings.method;
  if (method == Method::XOAUTH2) return {user, {}, account.host.secret("token")};
  try {
    return {user, account.host.secret("password")};
  } catch (const Error& none) {
    if (method != Method::AUTO || none.code() != SY_CONFIG) throw;
    try {
      return {user, {}, account.host.secret("token")};
    } catch (const Error& neither) {
      throw Error(neither.code() == SY_CONFIG ? SY_CONFIG : neither.code(),
                  account.settings.where() + ": the mailbox of \"" + one_line(user, 80) +
                      "\" has neither a password nor a token that can be had (" + none.what() + "; " + neither.what() +
                      "); set one of them, or oauth in the connection");
    }
  }
}

Credentials credentials_of(const Account& account, const Call& call) {
  const bool by_token = account.settings.method == Method::XOAUTH2 || account.settings.method == Method::AUTO;
  if (account.tokens != nullptr && by_token) return {account.mailbox.username, {}, account.tokens->token(call)};
  return own_credentials(account);
}

}  // namespace

void Memory::keep(const std::shared_ptr<const Listing>& fresh) {
  listing = fresh->size() >= kLargeMailbox ? fresh : nullptr;
}

std::unique_ptr<Session> log_in(const Account& account, const Call& call) {
  // A server may still hold the lock of a session that has just ended, above all of one that was broken off.
  static constexpr std::array<std::chrono::milliseconds, 4> kPauses{
      {std::chrono::milliseconds(100), std::chrono::milliseconds(300), std::chrono::milliseconds(900),
       std::chrono::milliseconds(2000)}};
  bool renewed = false;
  for (std::size_t attempt = 0;;) {
    call.check();
    const Credentials credentials = credentials_of(account, call);
    auto session = std::make_unique<Session>(account.settings, account.context, call, account.host);
    try {
      session->login(credentials);
      account.memory.held = true;
      return session;
    } catch (const Error& e) {
      const bool stale = e.code() == SY_AUTH && session->method() == Method::XOAUTH2 && account.tokens != nullptr;
      if (stale && !renewed && account.tokens->renew(call, credentials.token)) {
        renewed = true;
        continue;
      }
      if (e.server_code() != "IN-USE" || !account.memory.held) throw;
      if (attempt >= kPauses.size()) account.memory.held = false;  // so long a lock is somebody else's
      if (!account.memory.held || kPauses.at(attempt).count() >= call.remaining_ms()) throw;
    }
    session.reset();
    pause(call, kPauses.at(attempt++));
  }
}

}  // namespace syncline::pop3
