// auth.hpp: how requests are authenticated. Secrets are asked for when they are needed and never stand in a text.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "syncline/net/http.hpp"

namespace syncline::net {

/// Used by many threads at once.
class Authenticator {
 public:
  Authenticator() = default;
  Authenticator(const Authenticator&) = delete;
  Authenticator& operator=(const Authenticator&) = delete;
  virtual ~Authenticator() = default;

  /// Puts the credential on a request. Throws SY_AUTH or SY_CONFIG when there is none, SY_RETRY when it cannot be had
  /// now.
  virtual void authorize(const Host& host, const Call& call, Request& request) = 0;
  /// The server answered 401. True: there is a new credential now, try again.
  virtual bool renew(const Host& host, const Call& call) = 0;
  /// The same, naming the request that was refused: where another thread has renewed since, nothing is done anew.
  virtual bool renew_after(const Host& host, const Call& call, const Request& /*refused*/) { return renew(host, call); }
};

/// Asked for each time, so that a changed secret takes effect without a restart.
using SecretSource = std::function<std::string()>;

class NoAuth final : public Authenticator {
 public:
  void authorize(const Host&, const Call&, Request&) override {}
  bool renew(const Host&, const Call&) override { return false; }
};

class BasicAuth final : public Authenticator {
 public:
  BasicAuth(std::string user, SecretSource password) : user_(std::move(user)), password_(std::move(password)) {}
  void authorize(const Host& host, const Call& call, Request& request) override;
  bool renew(const Host&, const Call&) override { return false; }

 private:
  std::string user_;
  SecretSource password_;
};

/// A fixed key in a header: ApiKey("X-Api-Key", key) or ApiKey("Authorization", key, "Bearer ").
class ApiKey final : public Authenticator {
 public:
  ApiKey(std::string header, SecretSource key, std::string prefix = {})
      : header_(std::move(header)), key_(std::move(key)), prefix_(std::move(prefix)) {}
  void authorize(const Host& host, const Call& call, Request& request) override;
  bool renew(const Host&, const Call&) override { return false; }

 private:
  std::string header_;
  SecretSource key_;
  std::string prefix_;
};

struct ClientCredentialsOptions {
  std::string token_url, client_id;
  SecretSource secret;
  std::string scope;    ///< empty: not sent
  std::string ca_file;  ///< as in SessionOptions
  bool verify = true;
  std::chrono::milliseconds connect_timeout{15'000}, read_timeout{60'000};
};

/// The token endpoint: the one that is given, else Microsoft's for the tenant. Throws SY_CONFIG where there is neither;
/// `options`: how the two options begin, as "auth.".
[[nodiscard]] std::string token_endpoint(std::string given, std::string_view tenant, std::string_view options);

/// OAuth2 client credentials (RFC 6749, 4.4): a bearer token, renewed before it ends and once after a 401, by one
/// thread for all. A refusal by the token server is SY_AUTH with the server's error code.
class ClientCredentials final : public Authenticator {
 public:
  explicit ClientCredentials(ClientCredentialsOptions options);
  ~ClientCredentials() override;
  void authorize(const Host& host, const Call& call, Request& request) override;
  bool renew(const Host& host, const Call& call) override;
  bool renew_after(const Host& host, const Call& call, const Request& refused) override;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// The header's value in a request; empty: not there. For authenticators.
[[nodiscard]] std::string header_of(const Request& request, const std::string& name);
/// Sets a header, replacing one of the same name.
void set_header(Request& request, const std::string& name, std::string value);

}  // namespace syncline::net
