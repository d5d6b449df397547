// settings.hpp: the options of a POP3 connection as values. The option table itself stands in pop3.hpp.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace syncline::pop3 {

enum class Tls { IMPLICIT, STARTTLS, NONE };
/// How to sign in; what each sends stands in sign_in.hpp.
enum class Method { AUTO, XOAUTH2, PLAIN, LOGIN, APOP, USER };

/// An OAuth client whose tokens open all mailboxes of the connection. client_id empty: none.
struct OAuth {
  std::string client_id, token_url, scope;
};

/// One mailbox, as its user or queue configures it.
struct MailboxSettings {
  std::string username;
  bool deletes = false;  // delete_after_processing
};

struct Settings {
  std::string host;
  std::uint16_t port = 995;
  Tls tls = Tls::IMPLICIT;
  std::string ca_file;
  bool verify = true;
  std::string server_name;  // empty: host
  bool allow_cleartext = false;
  Method method = Method::AUTO;
  OAuth oauth;
  std::chrono::milliseconds connect_timeout{}, read_timeout{};
  std::uint64_t max_message_size = 0;
  // One session ends, and the next one begins, when one of these is reached (S6).
  std::size_t session_messages = 0;
  std::uint64_t session_bytes = 0;
  std::chrono::milliseconds session_time{};

  /// "pop.example:995": how error texts name the server.
  [[nodiscard]] std::string where() const { return host + ":" + std::to_string(port); }
  /// The name that the certificate has to bear.
  [[nodiscard]] const std::string& certificate_name() const { return server_name.empty() ? host : server_name; }
};

/// Reads validated JSON; defaults come from the option table. Throws SY_CONFIG with the remedy for what a validator of
/// single options cannot see: a password that would travel in clear.
[[nodiscard]] Settings read_settings(std::string_view json);

/// Throws SY_CONFIG when the user name is missing or cannot be sent.
[[nodiscard]] MailboxSettings read_mailbox(std::string_view json);

/// "90s", "1m", "250ms", "2h", "1d" in milliseconds; "100MB", "64MiB", "1000" in bytes. Throw SY_CONFIG, naming
/// `option`.
[[nodiscard]] std::int64_t parse_duration(std::string_view option, std::string_view text);
[[nodiscard]] std::uint64_t parse_bytes(std::string_view option, std::string_view text);

/// "localhost", 127.0.0.0/8, ::1: what is sent there does not leave the machine.
[[nodiscard]] bool is_loopback(const std::string& host);

}  // namespace syncline::pop3
