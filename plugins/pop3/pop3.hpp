// pop3.hpp: the plugin's one class: a POP3 server as a source of mail. It changes nothing there, but that mail may be
// deleted once it has been processed.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <syncline/connection.hpp>

#include "settings.hpp"

namespace syncline::pop3 {

class Tokens;

class Pop3 final : public Connection {
 public:
  static constexpr const char* name = "pop3";
  static constexpr const char* summary = "Mail from a POP3 server, over TLS";
  static constexpr std::uint32_t kOption = sizeof(sy_option);
  static constexpr std::array<sy_option, 23> options{{
      {kOption, SY_TEXT, SY_REQUIRED, "host", nullptr, nullptr, "Name or address of the server.",
       "\"pop.contoso.test\""},
      {kOption, SY_INT, 0, "port", nullptr, "1..65535", "Default: 995 with tls = \"implicit\", else 110.", "995"},
      {kOption, SY_CHOICE, 0, "tls", "\"implicit\"", "implicit|starttls|none",
       "TLS from the first byte, after STLS, or not at all. With starttls, a server that does not offer STLS is "
       "refused.",
       "\"implicit\""},
      {kOption, SY_PATH, 0, "ca_file", nullptr, nullptr,
       "PEM file of the certificate authorities to trust instead of the system's.", "\"/etc/syncline/ca.pem\""},
      {kOption, SY_BOOL, 0, "verify", "true", nullptr,
       "false: the connection is encrypted, but anybody on the way can pose as the server and read the password and "
       "all mail.",
       "true"},
      {kOption, SY_TEXT, 0, "server_name", nullptr, nullptr,
       "The name that the server's certificate bears, when it is not that of host.", "\"mail.contoso.test\""},
      {kOption, SY_BOOL, 0, "allow_cleartext", "false", nullptr,
       "true: with tls = \"none\" password or token may travel in clear to a server that is not on this machine.",
       "false"},
      {kOption, SY_CHOICE, 0, "auth", "\"auto\"", "auto|xoauth2|plain|login|apop|user",
       "How to sign in. auto: XOAUTH2 with a token, else the strongest that the server offers for a password: SASL "
       "PLAIN, "
       "LOGIN, USER and PASS; without TLS first APOP. apop: the password does not travel, but rests on MD5, which is "
       "broken, so prefer TLS.",
       "\"plain\""},
      {kOption, SY_TEXT, 0, "oauth.client_id", nullptr, nullptr,
       "Id of the application that reads all mailboxes of this connection (OAuth client credentials, XOAUTH2).",
       "\"5a1c0e9e-0c05-4ad1-9d2f-2f6f43c1a001\""},
      {kOption, SY_SECRET, 0, "oauth.secret", nullptr, nullptr, "The application's client secret.",
       "{ env = \"MAIL_APP_SECRET\" }"},
      {kOption, SY_TEXT, 0, "oauth.tenant", nullptr, nullptr, "Entra tenant: stands for its token_url.",
       "\"contoso.onmicrosoft.com\""},
      {kOption, SY_URL, 0, "oauth.token_url", nullptr, nullptr, "Where tokens are had, when it is not Entra.",
       "\"https://login.contoso.test/oauth2/token\""},
      {kOption, SY_TEXT, 0, "oauth.scope", "\"https://outlook.office365.com/.default\"", nullptr,
       "What the token is asked for; the default is for Exchange Online.",
       "\"https://outlook.office365.com/.default\""},
      {kOption, SY_DURATION, 0, "connect_timeout", "\"10s\"", "1ms..10m",
       "How long connecting and the TLS handshake may take.", "\"10s\""},
      {kOption, SY_DURATION, 0, "read_timeout", "\"60s\"", "1ms..10m",
       "How long the server may be silent before the session is given up.", "\"60s\""},
      {kOption, SY_BYTES, 0, "max_message_size", "\"100MB\"", "1kB..10GB",
       "A larger message is not read: only its head is, marked as oversize.", "\"100MB\""},
      {kOption, SY_INT, 0, "session_messages", "100", "1..10000", "Messages read in one session.", "100"},
      {kOption, SY_BYTES, 0, "session_bytes", "\"64MiB\"", "1kB..10GB",
       "Bytes read in one session; one message alone may exceed it.", "\"64MiB\""},
      {kOption, SY_DURATION, 0, "session_time", "\"60s\"", "1s..10m",
       "After this time no further message is begun in a session; the mailbox is locked meanwhile.", "\"60s\""},
      {kOption, SY_TEXT, SY_REQUIRED | SY_PER_ENDPOINT, "username", nullptr, nullptr, "Name to log in with.",
       "\"support\""},
      {kOption, SY_SECRET, SY_PER_ENDPOINT, "password", nullptr, nullptr,
       "Password to log in with. Needed, unless there is a token or the connection's oauth.",
       "{ env = \"SUPPORT_PASSWORD\" }"},
      {kOption, SY_SECRET, SY_PER_ENDPOINT, "token", nullptr, nullptr,
       "OAuth access token for XOAUTH2, in a password's place; asked for at each login.",
       "{ command = [\"/usr/local/bin/mail-token\", \"support\"] }"},
      {kOption, SY_BOOL, SY_PER_ENDPOINT | SY_QUEUE_ONLY, "delete_after_processing", "false", nullptr,
       "true: a mail is deleted from the server once it is in the CRM and that is written down.", "true"},
  }};

  Pop3(Host host, std::string_view config);
  std::unique_ptr<Endpoint> open(Host host, std::string_view settings) override;
  std::string probe(const Call& call) override;

 private:
  Host host_;
  const Settings settings_;
  std::shared_ptr<Tokens> tokens_;  // null: no oauth
};

}  // namespace syncline::pop3
