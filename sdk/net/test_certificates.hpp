// test_certificates.hpp: certificate authorities and server certificates, made in memory and written to a folder of the
// test's own.
#pragma once

#include <Poco/Net/Context.h>

#include <filesystem>
#include <string>

namespace syncline::net::test {

/// A folder that goes away with its owner.
class TemporaryFolder {
 public:
  TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder();
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

struct CertificateFiles {
  std::string certificate, key;  // PEM
};

/// Makes `name`.pem and `name`.key. `issuer` null: it signs itself and may sign others. `hosts` as OpenSSL writes
/// them: "DNS:localhost,IP:127.0.0.1". Valid from a year ago until `days` from now.
CertificateFiles make_certificate(const std::filesystem::path& folder, const std::string& name,
                                  const CertificateFiles* issuer, const std::string& hosts, long days);

Poco::Net::Context::Ptr server_context(const CertificateFiles& files);

}  // namespace syncline::net::test
