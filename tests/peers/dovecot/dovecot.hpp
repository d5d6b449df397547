// dovecot.hpp: Debian's Dovecot as an ordinary process with a configuration, certificates and Maildirs of its own in a
// temporary folder, on loopback ports. Runs as root (mail under the uid of "mail") and as an ordinary user.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace syncline::peers {

class Dovecot {
 public:
  /// Throws std::runtime_error with a clear line when Dovecot or openssl is missing or does not come up.
  Dovecot(const std::vector<std::string>& users, const std::string& password);
  Dovecot(const Dovecot&) = delete;
  Dovecot& operator=(const Dovecot&) = delete;
  ~Dovecot();

  [[nodiscard]] std::uint16_t starttls_port() const { return plain_port_; }
  [[nodiscard]] std::uint16_t tls_port() const { return tls_port_; }
  [[nodiscard]] std::filesystem::path ca() const { return folder_ / "ca.pem"; }

  /// Puts the message into the user's inbox; returns its file.
  std::filesystem::path deliver(const std::string& user, const std::string& message);
  [[nodiscard]] std::filesystem::path maildir(const std::string& user) const { return folder_ / "mail" / user; }
  /// What the server wrote, for a failed test.
  [[nodiscard]] std::string log() const;

 private:
  void make_certificates() const;
  void write_config() const;
  void start();
  void make_maildir(const std::string& user) const;
  void give(const std::filesystem::path& path) const;  // to the uid that Dovecot reads mail with

  std::filesystem::path folder_;
  std::uint16_t plain_port_ = 0, tls_port_ = 0;
  uid_t mail_uid_ = 0;
  gid_t mail_gid_ = 0;
  pid_t process_ = -1;
  int delivered_ = 0;
};

}  // namespace syncline::peers
