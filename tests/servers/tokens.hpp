// The identity provider of the sandbox: POST /TENANT/oauth2/v2.0/token with client credentials.
#pragma once
#include <chrono>
#include <map>
#include <string>

#include "dataverse.hpp"
#include "request.hpp"

namespace syncline::sandbox {

class Tokens {
 public:
  explicit Tokens(const DataverseOptions& options);
  Reply issue(const Call& call);
  enum class State { VALID, EXPIRED, UNKNOWN };
  State check(const std::string& authorization) const;
  void expire();

 private:
  using Clock = std::chrono::steady_clock;
  DataverseOptions options_;
  std::map<std::string, Clock::time_point> until_;
};

}  // namespace syncline::sandbox
