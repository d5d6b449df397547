#include "test_certificates.hpp"

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include <cstdio>
#include <memory>
#include <random>
#include <stdexcept>

namespace syncline::net::test {

namespace {

template <auto Free>
struct Freer {
  template <class T>
  void operator()(T* p) const {
    Free(p);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using Cert = std::unique_ptr<X509, Freer<X509_free>>;
using File = std::unique_ptr<std::FILE, Freer<std::fclose>>;

void require(bool ok, const char* what) {
  if (!ok) throw std::runtime_error(std::string("certificate: ") + what);
}

File open(const std::string& path, const char* mode) {
  File file(std::fopen(path.c_str(), mode));
  require(file != nullptr, "cannot open a file");
  return file;
}

void extend(X509* cert, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, cert, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  require(extension != nullptr, "an extension is refused");
  X509_add_ext(cert, extension, -1);
  X509_EXTENSION_free(extension);
}

}  // namespace

TemporaryFolder::TemporaryFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "syncline-net-XXXXXX").string();
  require(::mkdtemp(pattern.data()) != nullptr, "no temporary folder");
  path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

CertificateFiles make_certificate(const std::filesystem::path& folder, const std::string& name,
                                  const CertificateFiles* issuer, const std::string& hosts, long days) {
  const Key key(EVP_EC_gen("P-256"));
  const Cert cert(X509_new());
  require(key && cert, "no key");
  X509_set_version(cert.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(cert.get()), static_cast<long>(std::random_device{}() >> 2U) + 1);
  constexpr long day = 24L * 60 * 60;
  X509_gmtime_adj(X509_getm_notBefore(cert.get()), -365 * day);
  X509_gmtime_adj(X509_getm_notAfter(cert.get()), days * day);
  X509_set_pubkey(cert.get(), key.get());
  X509_NAME* subject = X509_get_subject_name(cert.get());
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1,
                             0);

  Cert signer_cert;
  Key signer_key;
  if (issuer != nullptr) {
    signer_cert.reset(PEM_read_X509(open(issuer->certificate, "r").get(), nullptr, nullptr, nullptr));
    signer_key.reset(PEM_read_PrivateKey(open(issuer->key, "r").get(), nullptr, nullptr, nullptr));
    require(signer_cert && signer_key, "the issuer cannot be read");
  }
  X509* signer = issuer != nullptr ? signer_cert.get() : cert.get();
  X509_set_issuer_name(cert.get(), X509_get_subject_name(signer));
  extend(cert.get(), signer, NID_basic_constraints, issuer == nullptr ? "critical,CA:TRUE" : "CA:FALSE");
  if (!hosts.empty()) extend(cert.get(), signer, NID_subject_alt_name, hosts);
  require(X509_sign(cert.get(), issuer != nullptr ? signer_key.get() : key.get(), EVP_sha256()) > 0, "cannot sign");

  const CertificateFiles out{(folder / (name + ".pem")).string(), (folder / (name + ".key")).string()};
  require(PEM_write_X509(open(out.certificate, "w").get(), cert.get()) == 1, "cannot write");
  require(PEM_write_PrivateKey(open(out.key, "w").get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) == 1,
          "cannot write");
  return out;
}

Poco::Net::Context::Ptr server_context(const CertificateFiles& files) {
  Poco::Net::Context::Params params;
  params.certificateFile = files.certificate;
  params.privateKeyFile = files.key;
  params.verificationMode = Poco::Net::Context::VERIFY_NONE;
  params.cipherList = "DEFAULT";
  params.ecdhCurve = "X25519:P-256";
  return new Poco::Net::Context(Poco::Net::Context::TLS_SERVER_USE, params);
}

}  // namespace syncline::net::test
