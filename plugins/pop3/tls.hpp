// tls.hpp: the TLS settings for one server, and what a person is told when its certificate is refused.
#pragma once

#include <Poco/Net/Context.h>
#include <Poco/Net/SecureStreamSocket.h>

#include <string>

#include "settings.hpp"

namespace syncline::pop3 {

/// Checks the chain and the name (or address) in the certificate. Throws SY_CONFIG when ca_file cannot be used.
[[nodiscard]] Poco::Net::Context::Ptr make_context(const Settings& settings);

/// Why a certificate was refused on this thread since construction.
class Verdict {
 public:
  Verdict();
  Verdict(const Verdict&) = delete;
  Verdict& operator=(const Verdict&) = delete;
  ~Verdict();
  [[nodiscard]] bool refused() const;
  /// One line: which check failed, what the certificate says, and the remedy.
  [[nodiscard]] std::string explain(const Settings& settings) const;
};

struct PeerFacts {
  std::string version;    // "TLSv1.3"
  std::string not_after;  // when the server's certificate ends: "2026-12-31T00:00:00Z"
};
[[nodiscard]] PeerFacts peer_facts(const Poco::Net::SecureStreamSocket& socket);

/// Keeps SIGPIPE from the process while OpenSSL writes to a connection that the peer has closed.
class NoSigpipe {
 public:
  NoSigpipe();
  NoSigpipe(const NoSigpipe&) = delete;
  NoSigpipe& operator=(const NoSigpipe&) = delete;
  ~NoSigpipe();

 private:
  bool blocked_ = false;
};

}  // namespace syncline::pop3
