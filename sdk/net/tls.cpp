#include "tls.hpp"

#include <Poco/Exception.h>
#include <Poco/Net/IPAddress.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include "syncline/plugin.hpp"

namespace syncline::net {

namespace {

// OpenSSL calls back on the thread that does the handshake, without a place for our own data in Poco's wrapper.
thread_local int refusal = 0;

int remember_refusal(int accepted, X509_STORE_CTX* store) {
  if (accepted == 0 && refusal == 0) refusal = X509_STORE_CTX_get_error(store);
  return accepted;
}

int accept_anything(int /*accepted*/, X509_STORE_CTX* /*store*/) { return 1; }

}  // namespace

CertificateVerdict::CertificateVerdict() { refusal = 0; }
CertificateVerdict::~CertificateVerdict() { refusal = 0; }
int CertificateVerdict::code() const { return refusal; }

Poco::Net::Context::Ptr make_tls_context(const Origin& origin, const TlsOptions& options) {
  using Poco::Net::Context;
  Context::Params params;
  params.caLocation = options.ca_file;
  params.loadDefaultCAs = options.ca_file.empty();
  params.verificationMode = options.verify ? Context::VERIFY_STRICT : Context::VERIFY_NONE;
  params.verificationDepth = 9;
  params.cipherList = "DEFAULT";
  params.ecdhCurve = "X25519:P-256:P-384:P-521";
  Context::Ptr context;
  try {
    context = new Context(Context::TLS_CLIENT_USE, params);
    context->requireMinimumProtocol(Context::PROTO_TLSV1_2);
  } catch (const Poco::Exception&) {
    throw Error(SY_CONFIG, options.ca_file.empty()
                               ? "the system's certificate authorities cannot be loaded; install ca-certificates"
                               : "ca_file " + options.ca_file +
                                     " cannot be used; it must be a readable PEM file with certificates");
  }
  // The name is checked by OpenSSL itself, together with the chain; Poco's own check would let "localhost" pass.
  context->enableExtendedCertificateVerification(false);
  SSL_CTX* raw = context->sslContext();
  SSL_CTX_set_mode(raw, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  if (!options.verify) {
    SSL_CTX_set_verify(raw, SSL_VERIFY_NONE, &accept_anything);
    return context;
  }
  X509_VERIFY_PARAM* checks = SSL_CTX_get0_param(raw);
  X509_VERIFY_PARAM_set_hostflags(checks, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  Poco::Net::IPAddress address;
  const int set = Poco::Net::IPAddress::tryParse(origin.host, address)
                      ? X509_VERIFY_PARAM_set1_ip_asc(checks, origin.host.c_str())
                      : X509_VERIFY_PARAM_set1_host(checks, origin.host.c_str(), origin.host.size());
  if (set != 1) throw Error(SY_CONFIG, "the host name " + origin.host + " cannot be checked against a certificate");
  SSL_CTX_set_verify(raw, SSL_VERIFY_PEER, &remember_refusal);
  return context;
}

std::string explain_certificate(const Origin& origin, int code) {
  const std::string who = "the certificate of " + origin.text();
  switch (code) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return who + " has expired; it must be renewed on the server (or this machine's clock is wrong)";
    case X509_V_ERR_CERT_NOT_YET_VALID: return who + " is not valid yet; check this machine's clock";
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return who +
             " was issued for another host; use the name that stands in it, or give the server a certificate for " +
             origin.host;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_UNTRUSTED:
      return who + " was signed by an unknown certificate authority; set ca_file to that authority's certificate";
    case X509_V_ERR_CERT_REVOKED: return who + " was revoked; it must be replaced on the server";
    default:
      return who + " is refused: " + X509_verify_cert_error_string(code) + "; it must be corrected on the server";
  }
}

}  // namespace syncline::net
