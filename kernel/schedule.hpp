// schedule.hpp: runs passes: of one pair, or of all until nothing can move. Owns the store, the ledger and what the
// configuration opens. Any thread, one pass of a pair at a time.
#pragma once

#include <functional>
#include <map>
#include <memory>

#include "leases.hpp"
#include "pair.hpp"
#include "preparation.hpp"

namespace syncline {

struct EngineOptions {
  bool read_only = false;      ///< reading commands: no lease, no write
  bool planning = false;       ///< reads a store if there is one; writes nothing
  bool requests_only = false;  ///< writes request rows beside whoever runs passes: takes no instance lock
  Clock clock = system_clock();
  std::function<bool()> canceled;
  std::function<void(std::int64_t pair)> on_pending;  ///< this process wrote a pending row of that pair
};

enum class PairEnd { done, waits_for_confirmation, held_elsewhere, failed };

struct PairReport {
  std::string name;
  std::int64_t pair = 0;
  PairEnd end = PairEnd::done;
  PassCounts counts;
  sy_code code = SY_OK;
  std::string error;
  std::string connection;           ///< failed: whose call it was; empty: our own doing
  std::int64_t retry_after_ms = 0;  ///< failed: what the server asked for; held_elsewhere: until when
  bool asked_crm = false;           ///< the CRM has answered something in this pass
  bool more = false;                ///< something could be decided at once
  json::object waiting;             ///< waits_for_confirmation: for what
  std::vector<PlannedOp> planned;
  std::int64_t start_ms = 0, end_ms = 0, bytes_in = 0, bytes_out = 0;
};

/// When the pair is looked at next, as far as anybody plans it.
struct NextPass {
  std::int64_t at_ms = 0, interval_ms = 0;
};

struct SyncOptions {
  std::vector<std::string> pairs;  ///< names; empty: all
  unsigned workers = 4;
  bool yes = false;  ///< first runs need no confirmation
  std::function<bool(const std::string& pair, const std::string& holder)>
      take_over;                                        ///< asks a person (takeover = ask)
  bool may_force = true;                                ///< takeover = always may take a living lease now
  std::function<bool(const PairReport& plan)> confirm;  ///< asks a person; absent: nobody is there
  std::function<void(const std::string& pair, const PassCounts&, std::size_t left)> progress;
  std::optional<std::pair<Side, std::string>> only;  ///< pass(): this item alone, for a request
  bool crm_when_needed = false;  ///< the CRM's feeds are walked for all pairs by Engine::capture_organization
  /// Asked at the end of each pass; whoever plans a next one keeps the pair's lease until then.
  std::function<NextPass(const PairReport&)> next;
};

/// That a pair can be signed in for, on both sides.
struct SignIn {
  std::string principal;   ///< its id in the CRM
  std::size_t listed = 0;  ///< items on the first pages of its mailbox's feeds
  bool more = false;
};

class Engine {
 public:
  Engine(LoadedConfig loaded, EngineOptions options);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  std::vector<PairReport> sync(const SyncOptions& options);
  /// One pass of one pair. Never throws: the report says what went wrong.
  PairReport pass(const PairConfig& pair, const SyncOptions& options);
  /// One pass of each pair over a temporary store: nothing is written on either side, no lease is taken.
  std::vector<PairReport> plan(const std::vector<std::string>& pairs);

  /// Asks the CRM who the pair is and reads the first page of each of its mailbox's feeds; nothing is kept. Throws what
  /// stands in the way.
  SignIn sign_in(const PairConfig& pair);
  /// Walks the feeds of the CRM behind a connection for all its pairs, unless somebody has within `fresh_ms`. Throws
  /// what the CRM says.
  void capture_organization(std::string_view connection, std::int64_t fresh_ms);
  /// Whether the CRM behind a connection has told which organization it is, and has feeds.
  [[nodiscard]] bool has_feeds(std::string_view connection);
  /// Gives up the lease that a planned next pass has kept.
  void release(std::int64_t pair);

  [[nodiscard]] Ledger& ledger() { return *ledger_; }
  [[nodiscard]] const Config& config() const { return loaded_.config; }
  [[nodiscard]] const LoadedConfig& loaded() const { return loaded_; }
  [[nodiscard]] PluginRegistry& plugins() { return *loaded_.plugins; }
  [[nodiscard]] const StoreHandle& store() const { return store_; }
  [[nodiscard]] std::map<std::string, std::int64_t, std::less<>> counts() const { return counts_->all(); }
  /// A pair's row by the name in the configuration; nullopt: it never had a pass.
  [[nodiscard]] std::optional<PairState> find_pair(const PairConfig& pair);
  /// Sentences of every configured stage: for `explain`.
  [[nodiscard]] std::string words(std::string_view stage, std::string_view reason, const json::object& args);
  ConnectionHandle& connection(std::string_view name) { return installation_->connection(name); }
  [[nodiscard]] static std::string lease_name(std::int64_t pair) { return Leases::name(pair); }

 private:
  PairReport plan_one(const PairConfig& p);
  void locked_pass(const PairConfig& p, PairReport& out, std::optional<Fence>& fence, const SyncOptions& options);
  static void count_traffic(const Prepared& prepared, PairReport& out);
  void run_prepared(Prepared& prepared, PairReport& out, const Fence& fence, const SyncOptions& options);
  bool may_write(PassContext& ctx, PairReport& out, const SyncOptions& options);
  PairReport guarded(const PairConfig& p, const std::function<void(PairReport&)>& run);
  void run_round(const std::vector<const PairConfig*>& pairs, std::vector<PairReport>& reports,
                 const SyncOptions& options);
  void note_run(const PairReport& r, const NextPass& next);
  PassContext context(Prepared& p, Ledger& ledger, bool planning);

  LoadedConfig loaded_;
  EngineOptions options_;
  std::unique_ptr<InstanceLock> lock_;
  std::unique_ptr<Spool> spool_;
  std::unique_ptr<Counts> counts_ = std::make_unique<Counts>();
  std::unique_ptr<PluginHost> store_host_;
  StoreHandle store_;
  std::unique_ptr<Rows> rows_;
  std::unique_ptr<Ledger> ledger_;
  std::unique_ptr<Installation> installation_;
  std::unique_ptr<Preparation> preparation_;
  std::unique_ptr<Leases> leases_;
};

}  // namespace syncline
