// schedule.hpp: opens what a configuration names and runs pairs: on how many workers, in which order, until nothing can
// move. Owns connections, stages, leases and the store.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>

#include "config.hpp"
#include "host.hpp"
#include "org_feeds.hpp"
#include "pair.hpp"

namespace syncline {

struct EngineOptions {
  bool read_only = false;      ///< reading commands: no lease, no write
  bool planning = false;       ///< reads a store if there is one; writes nothing
  bool requests_only = false;  ///< writes request rows beside whoever runs passes: takes no instance lock
  Clock clock = system_clock();
  std::function<bool()> canceled;
};

enum class PairEnd { done, waits_for_confirmation, held_elsewhere, failed };

struct PairReport {
  std::string name;
  std::int64_t pair = 0;
  PairEnd end = PairEnd::done;
  PassCounts counts;
  sy_code code = SY_OK;
  std::string error;
  json::object waiting;  ///< waits_for_confirmation: for what
  std::vector<PlannedOp> planned;
};

struct SyncOptions {
  std::vector<std::string> pairs;  ///< names; empty: all
  unsigned workers = 4;
  bool yes = false;  ///< first runs need no confirmation
  std::function<bool(const std::string& pair, const std::string& holder)>
      take_over;                                        ///< asks a person (takeover = ask)
  std::function<bool(const PairReport& plan)> confirm;  ///< asks a person; absent: nobody is there
  std::function<void(const std::string& pair, const PassCounts&)> progress;
  std::optional<std::pair<Side, std::string>> only;  ///< pass(): this item alone
};

class Engine {
 public:
  Engine(LoadedConfig loaded, EngineOptions options);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  std::vector<PairReport> sync(const SyncOptions& options);
  /// One pass of one pair; with `options.only` narrowed to an item that a request names.
  PairReport pass(const PairConfig& pair, const SyncOptions& options) { return run_one(pair, options); }
  /// One pass of each pair over a temporary store: nothing is written on either side, no lease is taken.
  std::vector<PairReport> plan(const std::vector<std::string>& pairs);

  [[nodiscard]] Ledger& ledger() { return *ledger_; }
  [[nodiscard]] const Config& config() const { return loaded_.config; }
  [[nodiscard]] PluginRegistry& plugins() { return *loaded_.plugins; }
  [[nodiscard]] const StoreHandle& store() const { return store_; }
  [[nodiscard]] std::map<std::string, std::int64_t, std::less<>> counts() const { return counts_.all(); }
  /// A pair's row by the name in the configuration; nullopt: it never had a pass.
  [[nodiscard]] std::optional<PairState> find_pair(const PairConfig& pair);
  /// Sentences of every configured stage: for `explain`.
  [[nodiscard]] std::string words(std::string_view stage, std::string_view reason, const json::object& args);
  ConnectionHandle& connection(std::string_view name);
  [[nodiscard]] static std::string lease_name(std::int64_t pair) { return "pair/" + std::to_string(pair); }

 private:
  struct Connected;
  struct Organization;
  struct Prepared;
  class InstanceLock;

  Connected& connect(const ConnectionConfig& c);
  std::vector<Stage> stages_of(const PairConfig& p);
  std::unique_ptr<Prepared> prepare(const PairConfig& p, Ledger& ledger, bool planning);
  Organization& organization(const std::string& connection, const std::string& id, Ledger& ledger, bool planning);
  PairReport run_one(const PairConfig& p, const SyncOptions& options);
  PairReport plan_one(const PairConfig& p);
  PairReport guarded(const PairConfig& p, const std::function<PairReport()>& run);
  void run_round(const std::vector<const PairConfig*>& pairs, std::vector<PairReport>& reports,
                 const SyncOptions& options);
  std::int64_t take_lease(const PairConfig& p, std::int64_t pair, const SyncOptions& options);
  void note_run(const PairReport& r);
  PassContext context(Prepared& p, Ledger& ledger, bool planning);

  LoadedConfig loaded_;
  EngineOptions options_;
  Counts counts_;
  std::unique_ptr<InstanceLock> lock_;
  std::unique_ptr<Spool> spool_;
  std::unique_ptr<PluginHost> store_host_;
  StoreHandle store_;
  std::unique_ptr<Rows> rows_;
  std::unique_ptr<Ledger> ledger_;
  std::mutex mutex_;  ///< connections, organizations, stages
  std::map<std::string, std::unique_ptr<Connected>, std::less<>> connections_;
  std::map<std::string, std::unique_ptr<Organization>> organizations_;
  std::map<const StageConfig*, Stage> stages_;
  std::vector<std::unique_ptr<PluginHost>> stage_hosts_;
};

}  // namespace syncline
