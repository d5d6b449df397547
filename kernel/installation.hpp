// installation.hpp: what a configuration names, opened when it is first needed and shared by all passes: connections,
// stages, organizations. Any thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>

#include "config.hpp"
#include "host.hpp"
#include "org_feeds.hpp"
#include "pass.hpp"
#include "stages.hpp"

namespace syncline {

SecretSource secrets_from(const SecretRefs& refs);
/// A name that may stand in a path.
std::string safe_name(std::string_view name);

/// What all pairs of an organization share.
struct Organization {
  std::string id, connection;
  std::unique_ptr<OrgFeeds> feeds;
  std::unique_ptr<PartyCache> parties;
};

class Installation {
 public:
  Installation(const Config& config, const StoreHandle& store, Spool& spool, Counts& counts, Clock clock,
               std::function<bool()> canceled);

  [[nodiscard]] const Config& config() const { return config_; }
  [[nodiscard]] Counts& counts() { return counts_; }
  [[nodiscard]] Spool& spool() { return spool_; }
  [[nodiscard]] const Clock& clock() const { return clock_; }
  [[nodiscard]] const std::function<bool()>& canceled() const { return canceled_; }

  ConnectionHandle& connection(std::string_view name);
  std::vector<Stage> stages_of(const PairConfig& p);
  /// The organization that all passes share. Its feeds are routed to every configured pair that the ledger knows, also
  /// before that pair's first pass: a walk must not pass a change that concerns it.
  Organization& organization(const std::string& connection, const std::string& id, Ledger& ledger);
  /// One of its own, over the ledger of a plan.
  std::unique_ptr<Organization> planned_organization(const std::string& connection, const std::string& id,
                                                     Ledger& ledger);
  /// The one behind a connection, if a pair has made it known already.
  [[nodiscard]] Organization* known_organization(std::string_view connection);
  /// The users and queues of an organization's connection, as rules see them.
  const json::array& configured(const std::string& connection);

 private:
  struct Connected {
    std::unique_ptr<PluginHost> host;
    ConnectionHandle handle;
  };
  std::unique_ptr<Organization> make_organization(const std::string& connection, const std::string& id, Ledger& ledger,
                                                  bool planning);

  const Config& config_;
  const StoreHandle& store_;
  Spool& spool_;
  Counts& counts_;
  Clock clock_;
  std::function<bool()> canceled_;
  std::mutex mutex_;  ///< of what follows
  std::map<std::string, std::unique_ptr<Connected>, std::less<>> connections_;
  std::map<std::string, std::unique_ptr<Organization>> organizations_;
  std::map<std::string, json::array> configured_;
  std::map<const StageConfig*, Stage> stages_;
  std::vector<std::unique_ptr<PluginHost>> stage_hosts_;
};

}  // namespace syncline
