// settings.hpp: a connection's configuration as values.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "syncline/net/auth.hpp"

namespace syncline::crm {

struct Settings {
  std::string url, profile = "dataverse", profile_dir, mapping, api_version = "v9.2", ca_file;
  bool verify = true;
  std::string method = "oauth2-client-credentials", tenant, client_id, token_url, scope;
  std::string key_header = "X-Api-Key", key_parameter;  ///< api-key: where the key stands; a parameter goes first
  std::size_t max_concurrent = 8, page_size = 2000, addresses = 3;
  std::chrono::milliseconds connect_timeout{15'000}, read_timeout{120'000};
  std::optional<std::uint64_t> attachment_limit;  ///< absent: what the organization says

  /// A CRM that a mapping describes: the profile odata or rest, or a file of one's own.
  [[nodiscard]] bool mapped() const;
  /// Throws SY_CONFIG with the option and the remedy.
  static Settings read(std::string_view json_text);
};

/// What opens the door, by `auth.method`. The secret is asked from the host when it is needed.
std::shared_ptr<net::Authenticator> authenticator(const Settings& settings, const Host& host);

/// Whose mailbox an endpoint stands for.
struct Principal {
  std::string kind, address;
  static Principal read(std::string_view json_text);
};

}  // namespace syncline::crm
