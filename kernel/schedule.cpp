#include "schedule.hpp"

#include <algorithm>
#include <atomic>
#include <thread>

namespace syncline {

namespace fs = std::filesystem;

Engine::Engine(LoadedConfig loaded, EngineOptions options) : loaded_(std::move(loaded)), options_(std::move(options)) {
  const Config& c = loaded_.config;
  store_host_ =
      std::make_unique<PluginHost>("store", options_.clock, secrets_from(c.store.secrets), *counts_, nullptr, 0);
  store_ = StoreHandle(Instance(*c.store.type, store_host_->raw(), c.store.json));
  try {
    store_.open(CallBudget(std::chrono::minutes(5), options_.canceled), ledger_tables(),
                options_.read_only || options_.planning);
    rows_ = std::make_unique<StoreRows>(store_, options_.canceled, options_.on_pending);
  } catch (const Error& e) {
    if (!options_.planning || e.server_code() != "no_state") throw;
    rows_ = std::make_unique<EmptyRows>();  // a plan before the first run
  }
  ledger_ = std::make_unique<Ledger>(*rows_);
  const std::string instance = safe_name(c.instance);
  if (!options_.read_only && !options_.planning) {
    if (!options_.requests_only) lock_ = std::make_unique<InstanceLock>(c.spool_path, instance);
    ledger_->open();
  }
  const auto limit = static_cast<std::uint64_t>(std::max<std::int64_t>(c.spool_limit, 1));
  spool_ = std::make_unique<Spool>(fs::path(c.spool_path) / instance, limit, limit);
  installation_ = std::make_unique<Installation>(c, store_, *spool_, *counts_, options_.clock, options_.canceled);
  preparation_ = std::make_unique<Preparation>(*installation_);
  // A lease lasts until the next planned pass and its time to live; an hour on top for what is decided otherwise.
  std::int64_t longest = std::max<std::int64_t>(c.retry.most_ms, 0);
  for (const PairConfig& p : c.pairs)
    longest = std::max({longest, p.poll.busy_ms, p.poll.normal_ms, p.poll.idle_ms, p.poll.minimum_ms});
  leases_ = std::make_unique<Leases>(store_,
                                     Leases::Settings{c.instance, c.lease_ttl_ms, longest + c.lease_ttl_ms + 3'600'000},
                                     options_.clock, options_.canceled);
}

Engine::~Engine() = default;

std::vector<PairReport> Engine::plan(const std::vector<std::string>& pairs) {
  std::vector<PairReport> out;
  for (const PairConfig& p : loaded_.config.pairs)
    if (pairs.empty() || std::any_of(pairs.begin(), pairs.end(),
                                     [&](const std::string& n) { return loaded_.config.pair(n).name == p.name; }))
      out.push_back(plan_one(p));
  return out;
}

std::optional<PairState> Engine::find_pair(const PairConfig& pair) {
  for (PairState& s : ledger_->pairs())
    if (s.name == pair.name) return std::move(s);
  return std::nullopt;
}

bool Engine::has_feeds(std::string_view name) {
  const Organization* o = installation_->known_organization(name);
  return o != nullptr && o->feeds->any();
}

void Engine::capture_organization(std::string_view name, std::int64_t fresh_ms) {
  if (Organization* o = installation_->known_organization(name)) o->feeds->capture_for_all(fresh_ms);
}

void Engine::run_round(const std::vector<const PairConfig*>& pairs, std::vector<PairReport>& reports,
                       const SyncOptions& options) {
  std::atomic<std::size_t> next{0};
  const auto worker = [&] {
    for (std::size_t i = next++; i < pairs.size(); i = next++) {
      if (options_.canceled && options_.canceled()) return;
      reports[i] = pass(*pairs[i], options);
    }
  };
  std::vector<std::thread> threads;
  const std::size_t n = std::min<std::size_t>(std::max(1u, options.workers), pairs.size());
  for (std::size_t i = 1; i < n; ++i) threads.emplace_back(worker);
  worker();
  for (std::thread& t : threads) t.join();
}

std::vector<PairReport> Engine::sync(const SyncOptions& options) {
  std::vector<const PairConfig*> open;
  for (const PairConfig& p : loaded_.config.pairs)
    if (options.pairs.empty() || std::any_of(options.pairs.begin(), options.pairs.end(), [&](const std::string& n) {
          return loaded_.config.pair(n).name == p.name;
        }))
      open.push_back(&p);
  std::map<std::string, PairReport> total;
  std::map<std::string, int> tries;
  constexpr int most_rounds = 200, most_tries = 3;
  // A mailbox that names its mails anew in every session always has something to look at and nothing to carry.
  constexpr int most_idle_rounds = 8;
  for (int round = 0, idle = 0; round < most_rounds && idle < most_idle_rounds && !open.empty(); ++round) {
    std::vector<PairReport> reports(open.size());
    run_round(open, reports, options);
    std::vector<const PairConfig*> next;
    bool moved = false, carried = false;
    std::int64_t pause_ms = 0;
    for (std::size_t i = 0; i < open.size(); ++i) {
      PairReport& r = reports[i];
      if (r.name.empty()) continue;  // canceled before its turn
      moved = moved || r.counts.moved();
      carried = carried ||
                r.counts.created + r.counts.updated + r.counts.removed + r.counts.unlinked + r.counts.recovered != 0;
      PairReport& t = total[r.name];
      const PassCounts before = t.counts;
      const std::int64_t waiting = r.counts.waiting;
      t = r;
      t.counts.add(before);
      t.counts.waiting = waiting;
      if (r.end == PairEnd::waits_for_confirmation || r.end == PairEnd::held_elsewhere) continue;
      if (r.end == PairEnd::failed) {
        if (r.code != SY_RETRY || ++tries[r.name] >= most_tries) continue;
        pause_ms = 1000;
        moved = true;
      }
      next.push_back(open[i]);
    }
    if (!moved || (options_.canceled && options_.canceled())) break;
    idle = carried ? 0 : idle + 1;
    if (pause_ms != 0) std::this_thread::sleep_for(std::chrono::milliseconds(pause_ms));
    open = std::move(next);
  }
  std::vector<PairReport> out;
  for (const PairConfig& p : loaded_.config.pairs)
    if (const auto it = total.find(p.name); it != total.end()) out.push_back(it->second);
  return out;
}

std::string Engine::words(std::string_view stage, std::string_view reason, const json::object& args) {
  for (const PairConfig& p : loaded_.config.pairs)
    for (const Stage& s : installation_->stages_of(p))
      if (s.name == stage) return s.words(reason, args);
  return std::string(reason);
}

}  // namespace syncline
