#include "certificates.hpp"

#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>

namespace syncline::sandbox {
namespace {

template <auto Free>
struct Freer {
  template <class T>
  void operator()(T* pointer) const {
    Free(pointer);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using Cert = std::unique_ptr<X509, Freer<X509_free>>;
using File = std::unique_ptr<std::FILE, Freer<std::fclose>>;
using Extension = std::unique_ptr<X509_EXTENSION, Freer<X509_EXTENSION_free>>;

constexpr long kDay = 24L * 60 * 60;

void check(bool good, const char* what) {
  if (!good) throw std::runtime_error(std::string("cannot make a test certificate: ") + what);
}

void extend(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context{};
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str()));
  check(extension && X509_add_ext(certificate, extension.get(), -1) == 1, OBJ_nid2sn(nid));
}

Cert blank(const std::string& name, EVP_PKEY* key, long from, long until) {
  Cert certificate(X509_new());
  check(certificate != nullptr, "memory");
  check(X509_set_version(certificate.get(), 2) == 1, "version");
  const std::unique_ptr<BIGNUM, Freer<BN_free>> serial(BN_new());
  check(serial && BN_rand(serial.get(), 120, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
            BN_to_ASN1_INTEGER(serial.get(), X509_get_serialNumber(certificate.get())) != nullptr,
        "serial number");
  check(X509_gmtime_adj(X509_getm_notBefore(certificate.get()), from) != nullptr &&
            X509_gmtime_adj(X509_getm_notAfter(certificate.get()), until) != nullptr &&
            X509_set_pubkey(certificate.get(), key) == 1,
        "dates");
  X509_NAME* subject = X509_get_subject_name(certificate.get());
  check(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(name.c_str()),
                                   -1, -1, 0) == 1,
        "name");
  return certificate;
}

File open_file(const std::filesystem::path& path, int mode) {
  std::filesystem::remove(path);
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  check(descriptor >= 0, path.c_str());
  File file(::fdopen(descriptor, "w"));
  if (!file) ::close(descriptor);
  check(file != nullptr, path.c_str());
  return file;
}

void write(const Certificate& files, X509* certificate, EVP_PKEY* key) {
  const File public_file = open_file(files.certificate, 0644);
  check(PEM_write_X509(public_file.get(), certificate) == 1, "write");
  const File private_file = open_file(files.key, 0600);
  check(PEM_write_PrivateKey(private_file.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1, "write");
}

struct Authority {
  Key key{EVP_EC_gen("P-256")};
  Cert certificate;
};

Authority make_authority() {
  Authority made;
  check(made.key != nullptr, "key");
  made.certificate = blank("Sandbox test authority", made.key.get(), -2 * kDay, 30 * kDay);
  X509* own = made.certificate.get();
  check(X509_set_issuer_name(own, X509_get_subject_name(own)) == 1, "issuer");
  extend(own, own, NID_basic_constraints, "critical,CA:TRUE,pathlen:0");
  extend(own, own, NID_key_usage, "critical,keyCertSign,cRLSign");
  extend(own, own, NID_subject_key_identifier, "hash");
  check(X509_sign(own, made.key.get(), EVP_sha256()) > 0, "signature");
  return made;
}

Certificate make_server(const Authority& authority, const std::filesystem::path& folder, const std::string& file,
                        const std::string& names, long from, long until) {
  const Key key(EVP_EC_gen("P-256"));
  check(key != nullptr, "key");
  const Cert certificate = blank(file, key.get(), from, until);
  X509* own = certificate.get();
  X509* issuer = authority.certificate.get();
  check(X509_set_issuer_name(own, X509_get_subject_name(issuer)) == 1, "issuer");
  extend(own, issuer, NID_basic_constraints, "critical,CA:FALSE");
  extend(own, issuer, NID_key_usage, "critical,digitalSignature");
  extend(own, issuer, NID_ext_key_usage, "serverAuth");
  extend(own, issuer, NID_subject_alt_name, names);
  extend(own, issuer, NID_subject_key_identifier, "hash");
  extend(own, issuer, NID_authority_key_identifier, "keyid");
  check(X509_sign(own, authority.key.get(), EVP_sha256()) > 0, "signature");
  Certificate files{folder / (file + ".pem"), folder / (file + ".key")};
  write(files, own, key.get());
  return files;
}

}  // namespace

Certificates make_certificates(const std::filesystem::path& folder) {
  std::filesystem::create_directories(folder);
  const Authority authority = make_authority();
  Certificates made;
  made.ca = folder / "ca.pem";
  check(PEM_write_X509(open_file(made.ca, 0644).get(), authority.certificate.get()) == 1, "write");
  const std::string local = "DNS:localhost,IP:127.0.0.1";
  made.good = make_server(authority, folder, "good", local, -kDay, 20 * kDay);
  made.expired = make_server(authority, folder, "expired", local, -2 * kDay, -kDay);
  made.wrong_host = make_server(authority, folder, "wrong-host", "DNS:elsewhere.test", -kDay, 20 * kDay);
  return made;
}

}  // namespace syncline::sandbox
