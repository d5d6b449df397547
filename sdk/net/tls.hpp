// tls.hpp: the TLS settings for one server, and what is told to a person when a handshake fails.
#pragma once

#include <Poco/Net/Context.h>

#include <string>

#include "syncline/net/url.hpp"

namespace syncline::net {

struct TlsOptions {
  std::string ca_file;
  bool verify = true;
};

/// A context that checks the chain and this host's name or address. Throws SY_CONFIG when ca_file cannot be used.
[[nodiscard]] Poco::Net::Context::Ptr make_tls_context(const Origin& origin, const TlsOptions& options);

/// The first reason for which a certificate was refused on this thread since construction; OpenSSL's number, 0: none.
class CertificateVerdict {
 public:
  CertificateVerdict();
  CertificateVerdict(const CertificateVerdict&) = delete;
  CertificateVerdict& operator=(const CertificateVerdict&) = delete;
  ~CertificateVerdict();
  [[nodiscard]] int code() const;
};

/// One line: what is wrong with the certificate of `origin`, and the remedy.
[[nodiscard]] std::string explain_certificate(const Origin& origin, int code);

}  // namespace syncline::net
