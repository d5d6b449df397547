// sign_in.hpp: an API key as a parameter of every request, for servers that want it there.
#pragma once

#include "syncline/net/auth.hpp"

namespace syncline::crm {

/// Effects, counts and error texts show paths without their query, so the key is seen by the server only.
class KeyParameter final : public net::Authenticator {
 public:
  KeyParameter(std::string name, net::SecretSource key) : name_(std::move(name)), key_(std::move(key)) {}
  void authorize(const Host& host, const Call& call, net::Request& request) override;
  bool renew(const Host&, const Call&) override { return false; }

 private:
  std::string name_;
  net::SecretSource key_;
};

}  // namespace syncline::crm
