// settings.hpp: the options of an Exchange connection and of a mailbox as values. The option table itself stands in
// connection.hpp.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "syncline/net/auth.hpp"

namespace syncline::exchange {

enum class Method { BASIC, OAUTH };

struct Settings {
  std::string url;  ///< empty: autodiscover
  std::vector<std::string> trusted_hosts;
  std::string ca_file;
  bool verify = true;
  Method method = Method::BASIC;
  std::string user, tenant, client_id, token_url, scope;
  bool impersonate = false;
  bool crm_marks = false;  ///< the Microsoft client's properties are read and written
  std::string anchor_mailbox;
  std::string version;  ///< empty: negotiated
  std::string probe_mailbox;
  std::size_t max_concurrent = 0, mailbox_concurrent = 0, max_batch = 0, sync_page = 0;
  std::uint64_t max_message_size = 0;
  std::chrono::milliseconds connect_timeout{}, read_timeout{};

  /// Reads validated JSON; defaults come from the option table. Throws SY_CONFIG with the option and the remedy.
  static Settings read(std::string_view json);
};

/// One folder as the configuration names it: "contacts", "inbox/Customers".
struct FolderName {
  std::string root;               ///< a distinguished folder's name in EWS: "contacts", "sentitems"
  std::vector<std::string> path;  ///< the sub-folders below it, by display name
  std::string kind;               ///< contact, task, email
  bool outgoing = false;          ///< of mail: what was sent from here

  [[nodiscard]] std::string text() const;
  static FolderName read(std::string_view text);
};

/// One mailbox, as its user or queue configures it.
struct MailboxSettings {
  std::string address;   ///< its primary SMTP address
  std::string username;  ///< signs in with a name of its own; empty: as the connection does
  std::vector<FolderName> folders;

  static MailboxSettings read(std::string_view json);
};

/// What opens the door. The secrets are asked from `host` when they are needed: the connection's, or with a user name
/// of its own the mailbox's.
[[nodiscard]] std::shared_ptr<net::Authenticator> authenticator(const Settings& settings, const Host& host);
[[nodiscard]] std::shared_ptr<net::Authenticator> authenticator(const MailboxSettings& mailbox, const Host& host);

/// Schema versions that can be asked for, the newest first.
[[nodiscard]] const std::vector<std::string>& versions();

}  // namespace syncline::exchange
