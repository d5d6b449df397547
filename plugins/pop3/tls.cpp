#include "tls.hpp"

#include <Poco/Exception.h>
#include <Poco/Net/IPAddress.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <memory>
#include <syncline/plugin.hpp>

#include "reply.hpp"

namespace syncline::pop3 {

namespace {

std::string instant(const ASN1_TIME* time) {
  std::tm parts{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) return {};
  std::array<char, 32> out{};
  const std::size_t n = std::strftime(out.data(), out.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return {out.data(), n};
}

/// The DNS names in the certificate, at most three; without any, its common name.
std::string names_in(X509* certificate) {
  std::string out;
  const auto free_names = [](GENERAL_NAMES* names) { GENERAL_NAMES_free(names); };
  const std::unique_ptr<GENERAL_NAMES, decltype(free_names)> names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)), free_names);
  int found = 0;
  for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()) && found < 3; ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_DNS) continue;
    const auto* text = reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName));
    out += (found++ == 0 ? "" : ", ") +
           one_line({text, static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName))}, 64);
  }
  if (found != 0) return out;
  std::array<char, 128> common{};
  const int n =
      X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, common.data(), common.size());
  return n > 0 ? one_line({common.data(), static_cast<std::size_t>(n)}, 64) : std::string("no name");
}

struct Refusal {
  int code = X509_V_OK;
  std::string names, issuer, not_before, not_after;
};

// OpenSSL calls back on the thread that does the handshake; Poco's wrapper has no place for data of ours.
thread_local Refusal found_bad;

int remember(int accepted, X509_STORE_CTX* store) {
  if (accepted != 0 || found_bad.code != X509_V_OK) return accepted;
  try {
    found_bad.code = X509_STORE_CTX_get_error(store);
    if (X509* certificate = X509_STORE_CTX_get_current_cert(store)) {
      found_bad.names = names_in(certificate);
      found_bad.not_before = instant(X509_get0_notBefore(certificate));
      found_bad.not_after = instant(X509_get0_notAfter(certificate));
      std::array<char, 128> issuer{};
      const int n =
          X509_NAME_get_text_by_NID(X509_get_issuer_name(certificate), NID_commonName, issuer.data(), issuer.size());
      if (n > 0) found_bad.issuer = one_line({issuer.data(), static_cast<std::size_t>(n)}, 64);
    }
  } catch (...) {  // out of memory: the code alone must do; nothing may be thrown through OpenSSL
  }
  return accepted;
}

int accept_anything(int /*accepted*/, X509_STORE_CTX* /*store*/) { return 1; }

void check_name(SSL_CTX* raw, const std::string& name) {
  X509_VERIFY_PARAM* checks = SSL_CTX_get0_param(raw);
  X509_VERIFY_PARAM_set_hostflags(checks, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  Poco::Net::IPAddress address;
  const int set = Poco::Net::IPAddress::tryParse(name, address)
                      ? X509_VERIFY_PARAM_set1_ip_asc(checks, name.c_str())
                      : X509_VERIFY_PARAM_set1_host(checks, name.c_str(), name.size());
  if (set != 1) throw Error(SY_CONFIG, "the name " + one_line(name, 64) + " cannot be looked for in a certificate");
}

}  // namespace

Poco::Net::Context::Ptr make_context(const Settings& settings) {
  using Poco::Net::Context;
  Context::Params params;
  params.caLocation = settings.ca_file;
  params.loadDefaultCAs = settings.ca_file.empty();
  params.verificationMode = settings.verify ? Context::VERIFY_STRICT : Context::VERIFY_NONE;
  params.verificationDepth = 9;
  params.cipherList = "DEFAULT";
  params.ecdhCurve = "X25519:P-256:P-384:P-521";
  Context::Ptr context;
  try {
    context = new Context(Context::TLS_CLIENT_USE, params);
    context->requireMinimumProtocol(Context::PROTO_TLSV1_2);
  } catch (const Poco::Exception&) {
    throw Error(
        SY_CONFIG,
        settings.ca_file.empty()
            ? "the system's certificate authorities cannot be loaded; install ca-certificates or set ca_file"
            : "ca_file " + settings.ca_file + " cannot be used; it must be a readable PEM file with certificates");
  }
  // Chain and name are checked by OpenSSL in one go; Poco's own check of names would let "localhost" pass.
  context->enableExtendedCertificateVerification(false);
  SSL_CTX* raw = context->sslContext();
  SSL_CTX_set_mode(raw, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  if (settings.verify) {
    check_name(raw, settings.certificate_name());
    SSL_CTX_set_verify(raw, SSL_VERIFY_PEER, &remember);
  } else {
    SSL_CTX_set_verify(raw, SSL_VERIFY_NONE, &accept_anything);
  }
  return context;
}

Verdict::Verdict() { found_bad = {}; }
Verdict::~Verdict() { found_bad = {}; }
bool Verdict::refused() const { return found_bad.code != X509_V_OK; }

std::string Verdict::explain(const Settings& settings) const {
  const std::string who = "the certificate of " + settings.where();
  switch (found_bad.code) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return who + " expired at " + found_bad.not_after +
             ": it must be renewed on the server (or this machine's clock is wrong)";
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return who + " is valid only from " + found_bad.not_before + ": check this machine's clock";
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return who + " is for another host: it says " + found_bad.names + ", wanted was " + settings.certificate_name() +
             "; if that server is meant, set server_name to a name that the certificate bears";
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_UNTRUSTED:
      return who + " (" + found_bad.names + ") was signed by an unknown authority" +
             (found_bad.issuer.empty() ? std::string() : ", \"" + found_bad.issuer + "\"") +
             ": set ca_file to the PEM file of that authority";
    default:
      return who + " (" + found_bad.names + ") is refused: " + X509_verify_cert_error_string(found_bad.code) +
             "; it must be corrected on the server";
  }
}

PeerFacts peer_facts(const Poco::Net::SecureStreamSocket& socket) {
  PeerFacts out;
  auto& tls = const_cast<Poco::Net::SecureStreamSocket&>(socket);  // Poco's getter of the session is not const
  if (const auto session = tls.currentSession()) {
    switch (SSL_SESSION_get_protocol_version(session->sslSession())) {
      case TLS1_2_VERSION: out.version = "TLSv1.2"; break;
      case TLS1_3_VERSION: out.version = "TLSv1.3"; break;
      default: out.version = "TLS"; break;
    }
  }
  if (socket.havePeerCertificate()) out.not_after = instant(X509_get0_notAfter(socket.peerCertificate().certificate()));
  return out;
}

namespace {
sigset_t sigpipe() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGPIPE);
  return set;
}
}  // namespace

NoSigpipe::NoSigpipe() {
  sigset_t pending;
  sigpending(&pending);
  if (sigismember(&pending, SIGPIPE) == 1) return;  // somebody else waits for it
  const sigset_t set = sigpipe();
  sigset_t before;
  if (pthread_sigmask(SIG_BLOCK, &set, &before) == 0) blocked_ = sigismember(&before, SIGPIPE) == 0;
}

NoSigpipe::~NoSigpipe() {
  if (!blocked_) return;
  const sigset_t set = sigpipe();
  const timespec at_once{};
  while (sigtimedwait(&set, nullptr, &at_once) == -1 && errno == EINTR) {}
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

}  // namespace syncline::pop3
