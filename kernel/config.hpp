// config.hpp: the configuration as plain values: read from TOML, validated as a whole, defaults put in, secrets apart.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "faults.hpp"
#include "plugins.hpp"
#include "schema.hpp"
#include "secrets.hpp"

namespace syncline {

/// An instance of a plugin's class as the configuration describes it. `json` is what the class's create gets:
/// validated, defaults put in, durations in milliseconds, sizes in bytes, instants in UTC milliseconds, no secrets.
struct PluginSettings {
  std::string plugin, class_name;
  std::string json = "{}";
  SecretRefs secrets;
  const sy_class* type = nullptr;
  Span at;
};

struct ConnectionConfig : PluginSettings {
  std::string name;
  std::string server;          ///< whose limits it shares; default: its own name
  std::int64_t max_pairs = 0;  ///< at work over it at the same time
};

/// How long the daemon waits between two passes of a pair.
struct PollConfig {
  std::int64_t busy_ms = 0, normal_ms = 0, idle_ms = 0, minimum_ms = 0;
};

struct RetryConfig {
  std::int64_t first_ms = 0, most_ms = 0;  ///< of a pair or a server
  int max = 5;                             ///< attempts at one item
  std::int64_t interval_ms = 0;            ///< between them
};

struct StageConfig : PluginSettings {
  std::string name;
  enum class Kind { filter, rule } kind = Kind::filter;
  std::vector<std::string> entities;  ///< empty: all that the stage itself wants
  std::string before;                 ///< the entry before which it is placed; empty: at the end
  std::vector<std::string> users;     ///< addresses of users and queues; empty: all
  bool enabled = true;
};

struct Limits {
  std::int64_t count = 0, percent = 0;
};

struct GateConfig {
  Limits max_delete, max_rewrite, max_create;
};

enum class Conflict { last_writer, crm_wins, mailbox_wins, manual };
enum class LeftFilter { keep, unlink, remove };
enum class Takeover { ask, never, always };

/// One user or queue: a mailbox and its CRM side.
struct PairConfig {
  std::string name;  ///< as people type it: the address
  enum class Kind { user, queue } kind = Kind::user;
  std::string address;
  std::string id;                   ///< explicit identity; empty: the CRM's
  std::string organization;         ///< name of a connection
  std::vector<std::string> lookup;  ///< names of further CRM connections
  std::string mailbox;              ///< name of a connection
  std::string mailbox_json = "{}";  ///< the mailbox's own options, as in PluginSettings::json
  SecretRefs mailbox_secrets;
  std::vector<std::string> entities;  ///< empty: every kind that both sides offer
  std::string entities_at;            ///< where they are chosen, as "FILE:LINE:COLUMN"
  std::vector<std::string> delegates;
  bool at_least_once = false;
  bool no_mail = false;  ///< email.incoming = none
  Conflict conflict = Conflict::last_writer;
  LeftFilter left_filter = LeftFilter::unlink;
  bool edit_outlives = false;  ///< delete.vs_edit = edit_wins
  Conflict first_link = Conflict::crm_wins;
  std::optional<std::int64_t> received_after_ms;  ///< email.received_after; absent: when the pair was first confirmed
  json::object rules;                             ///< what the rules read: email.method and so on, nested, effective
  PollConfig poll;
  bool approval_required = true;
  std::string ruleset = "d365";
  /// Filters, then rules, in the order in which they run; pairs with the same stage share it.
  std::vector<std::shared_ptr<const StageConfig>> stages;
  Span at;
};

/// A mail and what shall become of it.
struct ConfigTest {
  std::string name, pair;  ///< pair: by its name
  std::string file;        ///< of the mail; empty: it is built from what follows
  std::string from, subject, message_id, in_reply_to, body, direction;
  std::vector<std::string> to, cc, headers;
  std::optional<std::int64_t> received_ms, size;
  std::vector<std::pair<std::string, std::string>> known;  ///< type and address
  std::vector<std::string> in_crm;
  std::string expect, reason;
  Span at, expect_at;
};

struct LogConfig {
  std::string level = "info", format = "auto", file;
};

struct Config {
  std::string file;      ///< the file that was read, absolute
  std::string instance;  ///< default: the machine id
  PluginSettings store;
  std::vector<std::string> plugin_dirs;
  std::string spool_path;        ///< default: `spool` beside the store's file
  std::int64_t spool_limit = 0;  ///< bytes
  GateConfig gate;
  Takeover takeover = Takeover::ask;
  std::int64_t lease_ttl_ms = 0;
  std::int64_t history_keep_ms = 0;
  std::int64_t tombstone_keep_days = 0;
  std::int64_t failure_keep_days = 0;
  std::int64_t sweep_ms = 0;
  bool first_run_goes = false;  ///< first_run = "go"
  RetryConfig retry;
  LogConfig log;
  std::vector<ConnectionConfig> connections;
  std::vector<PairConfig> pairs;    ///< in the order of the file
  std::vector<StageConfig> stages;  ///< [[filter]] and [[rule]] blocks that stand for themselves or change an entry
  std::vector<ConfigTest> tests;

  [[nodiscard]] const ConnectionConfig* connection(std::string_view name) const;
  /// By address, without regard to case.
  [[nodiscard]] const PairConfig* find_pair(std::string_view address) const;
  /// By address or name, without regard to case. Throws Error(SY_CONFIG) with "did you mean".
  [[nodiscard]] const PairConfig& pair(std::string_view name) const;
};

/// Whether `address` is among those who may act for this pair's user, without regard to case.
bool is_delegate(const PairConfig& pair, std::string_view address);

struct ConfigOptions {
  std::vector<std::string> plugin_dirs;  ///< --plugin-dir
  /// Value of an environment variable, or nothing. Default: the process's own.
  std::function<std::optional<std::string>(const std::string&)> environment;
};

/// A table as it holds after defaults, for `config show`.
struct EffectiveTable {
  std::string header;  ///< "[gate]"
  OptionTable options;
  json::object values;
  SecretRefs secrets;
};

/// What a file says, all of its faults, and the plugins that it needed.
struct LoadedConfig {
  Config config;
  Faults faults;
  std::shared_ptr<PluginRegistry> plugins;
  std::vector<EffectiveTable> effective;
  std::vector<std::string> notes;  ///< what is right and has no effect, each with its place
};

/// Reads and validates everything, also when there are faults: the caller looks at `faults`.
LoadedConfig read_config(const std::string& file, const ConfigOptions& options = {});

/// The same, for those who can only work with a valid one. Throws ConfigError.
LoadedConfig load_config(const std::string& file, const ConfigOptions& options = {});

class ConfigError : public Error {
 public:
  explicit ConfigError(Faults faults);
  [[nodiscard]] const Faults& faults() const { return faults_; }

 private:
  Faults faults_;
};

/// What the endpoint's open gets: the mailbox's own options and the principal.
std::string mailbox_settings(const PairConfig& pair);
std::string crm_settings(const PairConfig& pair);

/// Hash of all that decides verdicts: options, stages and their revisions; the same after renaming or reordering.
std::string fingerprint(const PairConfig& pair);

}  // namespace syncline
