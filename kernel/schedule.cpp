#include "schedule.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "report.hpp"

namespace syncline {

namespace fs = std::filesystem;

/// The OS lock of this instance beside the store: while it is held, leases of this name belong to nobody alive but us.
class Engine::InstanceLock {
 public:
  InstanceLock(const fs::path& folder, const std::string& instance) {
    std::error_code ec;
    fs::create_directories(folder, ec);
    const fs::path path = folder / (instance + ".lock");
    fd_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd_ < 0)
      throw Error(SY_CONFIG, "the instance's lock " + path.string() +
                                 " cannot be made; make its folder writable or set spool.path");
    if (::flock(fd_, LOCK_EX | LOCK_NB) != 0) {
      ::close(fd_);
      throw Error(SY_RETRY,
                  "another syncline with the instance name " + instance +
                      " is running passes on this store; wait for it, or give this one another name (instance = …)",
                  0, "instance_busy");
    }
  }
  InstanceLock(const InstanceLock&) = delete;
  InstanceLock& operator=(const InstanceLock&) = delete;
  ~InstanceLock() { ::close(fd_); }

 private:
  int fd_ = -1;
};

struct Engine::Connected {
  const ConnectionConfig* config = nullptr;
  std::unique_ptr<PluginHost> host;
  ConnectionHandle handle;
};

struct Engine::Organization {
  std::unique_ptr<OrgFeeds> feeds;
  std::unique_ptr<PartyCache> parties;
};

/// A pair with its endpoints open.
struct Engine::Prepared {
  const PairConfig* config = nullptr;
  PairSettings settings;
  std::vector<Stage> stages;
  Sides<std::unique_ptr<PluginHost>> host;
  Sides<EndpointHandle> endpoint;
  Organization* organization = nullptr;
  std::unique_ptr<Organization> own_organization;  ///< a plan has one of its own, over its own store
  PairState state;
};

namespace {

SecretSource secrets_from(const SecretRefs& refs) {
  return [&refs](std::string_view option) {
    const auto it = refs.find(option);
    if (it == refs.end()) throw Error(SY_CONFIG, "the configuration has no secret " + std::string(option));
    const SecretText value = resolve(it->second);
    add_secret_to_hide(value.reveal());
    return value.reveal();
  };
}

std::string text_of(const json::object& o, std::string_view name) {
  const auto* v = o.if_contains(name);
  return v != nullptr && v->is_string() ? std::string(v->get_string()) : std::string();
}

ConflictPolicy policy_of(Conflict c) {
  switch (c) {
    case Conflict::crm_wins: return ConflictPolicy::crm_wins;
    case Conflict::mailbox_wins: return ConflictPolicy::mailbox_wins;
    case Conflict::manual: return ConflictPolicy::manual;
    case Conflict::last_writer: break;
  }
  return ConflictPolicy::last_writer;
}

std::string safe_name(std::string_view name) {
  std::string out;
  for (const char c : name)
    out.push_back(std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '.' ? c : '_');
  return out.empty() ? "instance" : out;
}

}  // namespace

Engine::Engine(LoadedConfig loaded, EngineOptions options) : loaded_(std::move(loaded)), options_(std::move(options)) {
  const Config& c = loaded_.config;
  store_host_ =
      std::make_unique<PluginHost>("store", options_.clock, secrets_from(c.store.secrets), counts_, nullptr, 0);
  store_ = StoreHandle(Instance(*c.store.type, store_host_->raw(), c.store.json));
  try {
    store_.open(CallBudget(std::chrono::minutes(5), options_.canceled), ledger_tables(),
                options_.read_only || options_.planning);
    rows_ = std::make_unique<StoreRows>(store_, options_.canceled);
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
}

Engine::~Engine() = default;

Engine::Connected& Engine::connect(const ConnectionConfig& c) {
  const std::lock_guard lock(mutex_);
  auto& slot = connections_[c.name];
  if (!slot) {
    auto made = std::make_unique<Connected>();
    made->config = &c;
    made->host = std::make_unique<PluginHost>(c.name, options_.clock, secrets_from(c.secrets), counts_, nullptr, 0);
    made->handle = ConnectionHandle(Instance(*c.type, made->host->raw(), c.json));
    slot = std::move(made);
  }
  return *slot;
}

ConnectionHandle& Engine::connection(std::string_view name) {
  const ConnectionConfig* c = loaded_.config.connection(name);
  if (c == nullptr) throw Error(SY_CONFIG, "the configuration has no connection " + std::string(name));
  return connect(*c).handle;
}

std::vector<Stage> Engine::stages_of(const PairConfig& p) {
  const std::lock_guard lock(mutex_);
  std::vector<Stage> out;
  for (const auto& config : p.stages) {
    if (!config->enabled) continue;
    if (!config->users.empty() &&
        std::find(config->users.begin(), config->users.end(), p.address) == config->users.end())
      continue;
    auto it = stages_.find(config.get());
    if (it == stages_.end()) {
      stage_hosts_.push_back(std::make_unique<PluginHost>(config->name, options_.clock, secrets_from(config->secrets),
                                                          counts_, nullptr, 0));
      Stage s;
      s.name = config->name;
      s.kinds = config->entities;
      s.instance = std::make_shared<Instance>(*config->type, stage_hosts_.back()->raw(), config->json);
      s.filter = s.instance->table<sy_filter>("sy.filter/1");
      s.rule = s.instance->table<sy_rule>("sy.rule/1");
      if (s.filter == nullptr && s.rule == nullptr)
        throw Error(SY_BROKEN, "stage " + s.name + " offers neither sy.filter/1 nor sy.rule/1");
      it = stages_.emplace(config.get(), std::move(s)).first;
    }
    out.push_back(it->second);
  }
  return out;
}

Engine::Organization& Engine::organization(const std::string& connection_name, const std::string& id, Ledger& ledger,
                                           bool planning) {
  ConnectionHandle& handle = connection(connection_name);
  const std::lock_guard lock(mutex_);
  auto& slot = organizations_[id];
  if (!slot) {
    slot = std::make_unique<Organization>();
    OrgFeeds::Settings s;
    s.organization = id;
    s.owner = loaded_.config.instance;
    s.lease_ms = loaded_.config.lease_ttl_ms;
    s.planning = planning;
    s.sweep_ms = loaded_.config.sweep_ms;
    slot->feeds =
        std::make_unique<OrgFeeds>(handle.feeds(), std::move(s), ledger, &store_, options_.clock, options_.canceled);
    slot->parties = std::make_unique<PartyCache>(options_.clock);
  }
  return *slot;
}

std::unique_ptr<Engine::Prepared> Engine::prepare(const PairConfig& p, Ledger& ledger, bool planning) {
  auto out = std::make_unique<Prepared>();
  out->config = &p;
  out->stages = stages_of(p);
  ConnectionHandle& crm = connection(p.organization);
  ConnectionHandle& mailbox = connection(p.mailbox);
  if (crm.side() != SY_CRM)
    throw Error(SY_CONFIG,
                "connection " + p.organization + " is no CRM: `organization` of " + p.name + " must name one");
  if (mailbox.side() != SY_MAILBOX)
    throw Error(SY_CONFIG,
                "connection " + p.mailbox + " is no mailbox system: `mailbox` of " + p.name + " must name one");
  static const SecretRefs none;
  out->host.crm = std::make_unique<PluginHost>(p.name, options_.clock, secrets_from(none), counts_, spool_.get(), 0);
  out->endpoint.crm = crm.open(out->host.crm->raw(), crm_settings(p));
  const DirectoryHandle directory = out->endpoint.crm.directory();
  json::object identity;
  if (directory) try {
      identity = parse_object(directory.identity(CallBudget(std::chrono::minutes(2), options_.canceled), p.address),
                              "the directory's identity");
    } catch (const Error& e) {
      if (e.code() != SY_UNSUPPORTED || p.id.empty()) throw;  // it knows parties, and not who owns a mailbox
    }
  else if (p.id.empty())
    throw Error(SY_CONFIG, "the CRM of " + p.name +
                               " cannot tell who that is: set id = \"…\" there, so that its links survive a renaming");
  json::object principal;
  if (const auto* v = identity.if_contains("principal"); v != nullptr && v->is_object()) principal = v->get_object();
  if (const auto* v = principal.if_contains("enabled"); v != nullptr && v->is_bool() && !v->get_bool())
    throw Error(SY_DENIED, p.name + " is disabled in the CRM: nothing is synchronized until it is enabled there");
  if (const auto* v = principal.if_contains("approved"); v != nullptr && v->is_bool() && !v->get_bool())
    throw Error(SY_DENIED, "the address of " + p.name + " is not approved in the CRM: approve its mailbox there");
  PairState& s = out->state;
  s.organization = text_of(identity, "organization");
  if (s.organization.empty()) s.organization = p.organization;
  s.principal = p.id.empty() ? text_of(principal, "id") : p.id;
  s.key = s.organization + "/" + s.principal;
  s.id = key_hash(s.key);
  s.org = key_hash(s.organization);
  if (auto known = ledger.pair(s.id)) {
    if (known->key != s.key) throw Error(SY_BROKEN, "two pairs share one key hash in the store");
    known->organization = s.organization;
    known->principal = s.principal;
    s = std::move(*known);
  }
  s.name = p.name;
  s.address = p.address;
  s.kind = p.kind == PairConfig::Kind::queue ? "queue" : "user";

  PairSettings& set = out->settings;
  set.name = p.name;
  set.kind = s.kind;
  set.address = p.address;
  set.conflict = policy_of(p.conflict);
  set.at_least_once = p.at_least_once;
  set.first_run_goes = loaded_.config.first_run_goes;
  set.gate = {loaded_.config.gate.max_delete.count,  loaded_.config.gate.max_delete.percent,
              loaded_.config.gate.max_create.count,  loaded_.config.gate.max_create.percent,
              loaded_.config.gate.max_rewrite.count, loaded_.config.gate.max_rewrite.percent};
  set.left_deletes = p.left_filter == LeftFilter::remove;
  set.left_unlinks = p.left_filter == LeftFilter::unlink;
  set.sweep_ms = loaded_.config.sweep_ms;
  set.received_after_ms = p.email.received_after_ms;
  set.history_keep_ms = loaded_.config.history_keep_ms;
  set.tombstone_keep_ms = loaded_.config.tombstone_keep_days * 24 * 3600 * 1000;
  set.mailbox = p.mailbox_json;
  set.user = {{"address", p.address},
              {"kind", s.kind},
              {"principal", s.principal},
              {"method", p.email.method},
              {"auto_track", p.email.auto_track},
              {"correlate_by_headers", p.email.correlate_by_headers},
              {"max_size", p.email.max_size},
              {"organization", s.organization}};
  json::array ours;
  for (const PairConfig& other_pair : loaded_.config.pairs)
    if (other_pair.organization == p.organization)
      ours.emplace_back(json::object{{"address", other_pair.address},
                                     {"kind", other_pair.kind == PairConfig::Kind::queue ? "queue" : "user"},
                                     {"method", other_pair.email.method}});
  set.user["configured"] = std::move(ours);
  std::string print = fingerprint(p);
  for (const Stage& st : out->stages) print += "/" + st.name + std::to_string(st.instance->type().revision);
  set.fingerprint = std::to_string(key_hash(print));

  static const std::vector<std::string> all_kinds{"contact", "task", "appointment", "email"};
  out->host.mailbox = std::make_unique<PluginHost>(p.name, options_.clock, secrets_from(p.mailbox_secrets), counts_,
                                                   spool_.get(), s.id);
  out->endpoint.mailbox = mailbox.open(out->host.mailbox->raw(), mailbox_settings(p));
  // A kind is carried when its mailbox feed exists and the CRM can take it; who asks for more is told.
  std::set<std::string> offered;
  if (const FeedsHandle feeds = out->endpoint.mailbox.feeds())
    for (const Feed& f : feeds.list(CallBudget(std::chrono::seconds(30)))) offered.insert(f.kind);
  for (const std::string& kind : p.entities.empty() ? all_kinds : p.entities) {
    const bool both = offered.contains(kind) && out->endpoint.crm.caps(kind).flags != 0;
    if (both)
      set.kinds.push_back(kind);
    else if (!p.entities.empty())
      throw Error(SY_CONFIG, p.name + ": entity " + kind + " is not offered by " +
                                 (offered.contains(kind) ? "the CRM" : "the mailbox") + "; take it out of `entities`");
  }
  if (planning) {
    out->own_organization = std::make_unique<Organization>();
    OrgFeeds::Settings o{s.organization, loaded_.config.instance, loaded_.config.lease_ttl_ms, true,
                         loaded_.config.sweep_ms};
    out->own_organization->feeds =
        std::make_unique<OrgFeeds>(crm.feeds(), std::move(o), ledger, &store_, options_.clock, options_.canceled);
    out->own_organization->parties = std::make_unique<PartyCache>(options_.clock);
    out->organization = out->own_organization.get();
  } else {
    out->organization = &organization(p.organization, s.organization, ledger, false);
  }
  out->organization->feeds->route_to({s.id, s.principal, set.kinds});
  // The CRM endpoint was opened before the pair's identity was known; its spool is the pair's from here on.
  out->endpoint.crm = EndpointHandle();
  out->host.crm = std::make_unique<PluginHost>(p.name, options_.clock, secrets_from(none), counts_, spool_.get(), s.id);
  out->endpoint.crm = crm.open(out->host.crm->raw(), crm_settings(p));
  return out;
}

PassContext Engine::context(Prepared& p, Ledger& ledger, bool planning) {
  PassContext ctx{p.settings,
                  p.stages,
                  ledger,
                  {&p.endpoint.mailbox, &p.endpoint.crm},
                  *p.organization->feeds,
                  *p.organization->parties,
                  *spool_,
                  options_.clock,
                  options_.canceled};
  ctx.renew = [] {};
  ctx.state = p.state;
  ctx.planning = planning;
  ctx.run = options_.clock();
  ctx.configured = [this](std::int64_t pair) {
    const auto row = ledger_->pair(pair);
    if (!row) return false;
    return std::any_of(loaded_.config.pairs.begin(), loaded_.config.pairs.end(),
                       [&](const PairConfig& c) { return c.name == row->name; });
  };
  return ctx;
}

std::int64_t Engine::take_lease(const PairConfig& p, std::int64_t pair, const SyncOptions& options) {
  const Config& c = loaded_.config;
  const auto ask = [&](int force) {
    return store_.lease(CallBudget(std::chrono::seconds(30), options_.canceled), lease_name(pair), c.instance,
                        options_.clock(), c.lease_ttl_ms, force);
  };
  LeaseAnswer a = ask(2);  // our own OS lock is held: a lease of our own name is a dead process's
  const bool asked =
      !a.taken && c.takeover == Takeover::ask && options.take_over && options.take_over(p.name, a.holder.owner);
  if (!a.taken && (asked || c.takeover == Takeover::always)) a = ask(1);
  if (!a.taken)
    throw Error(SY_RETRY,
                p.name + " is being synchronized by instance " + a.holder.owner +
                    "; it is left alone (takeover = \"always\" would take it)",
                0, "held");
  return a.holder.fence;
}

PairReport Engine::guarded(const PairConfig& p, const std::function<PairReport()>& run) {
  PairReport r;
  r.name = p.name;
  try {
    r = run();
    r.name = p.name;
  } catch (const Error& e) {
    r.end = e.server_code() == "held" ? PairEnd::held_elsewhere : PairEnd::failed;
    r.code = e.code();
    r.error = hide_secrets(e.what());
  } catch (const std::exception& e) {
    r.end = PairEnd::failed;
    r.code = SY_BROKEN;
    r.error = hide_secrets(e.what());
  }
  return r;
}

PairReport Engine::plan_one(const PairConfig& p) {
  return guarded(p, [&] {
    OverlayRows overlay(*rows_);
    Ledger ledger(overlay);
    auto prepared = prepare(p, ledger, true);
    PassContext ctx = context(*prepared, ledger, true);
    PairReport r;
    r.pair = ctx.state.id;
    const PassEnd end = run_pass(ctx, true);
    r.counts = ctx.counts;
    r.planned = std::move(ctx.planned);
    if (end == PassEnd::waits_for_confirmation) {
      r.end = PairEnd::waits_for_confirmation;
      r.waiting = ctx.state.waiting;
    }
    return r;
  });
}

std::vector<PairReport> Engine::plan(const std::vector<std::string>& pairs) {
  std::vector<PairReport> out;
  for (const PairConfig& p : loaded_.config.pairs)
    if (pairs.empty() || std::any_of(pairs.begin(), pairs.end(),
                                     [&](const std::string& n) { return loaded_.config.pair(n).name == p.name; }))
      out.push_back(plan_one(p));
  return out;
}

PairReport Engine::run_one(const PairConfig& p, const SyncOptions& options) {
  PairReport r = guarded(p, [&] {
    auto prepared = prepare(p, *ledger_, false);
    PairReport out;
    out.pair = prepared->state.id;
    const std::int64_t fence = take_lease(p, out.pair, options);
    PassContext ctx = context(*prepared, *ledger_, false);
    ctx.fence = {lease_name(out.pair), fence};
    if (const auto fresh = ledger_->pair(out.pair)) {
      ctx.state.confirmed = fresh->confirmed;
      ctx.state.waiting = fresh->waiting;
      ctx.state.allowed = fresh->allowed;
    }
    auto renewed = std::chrono::steady_clock::now();
    ctx.renew = [&, this]() mutable {
      const auto now = std::chrono::steady_clock::now();
      if (now - renewed < std::chrono::milliseconds(loaded_.config.lease_ttl_ms / 4)) return;
      const LeaseAnswer a = store_.lease(CallBudget(std::chrono::seconds(30)), ctx.fence.lease, loaded_.config.instance,
                                         options_.clock(), loaded_.config.lease_ttl_ms, 0);
      if (!a.taken || a.holder.fence != ctx.fence.number)
        throw Error(SY_CONFLICT, "the lease of this pair was taken by another instance: this pass stops here");
      renewed = now;
    };
    ctx.call_budget = std::chrono::milliseconds(std::max<std::int64_t>(loaded_.config.lease_ttl_ms * 3 / 4, 1000));
    if (options.progress) ctx.progress = [&](const PassCounts& c, std::size_t) { options.progress(p.name, c); };
    ctx.only = options.only;
    if (ctx.only && !ctx.state.confirmed)
      throw Error(SY_CONFIG, p.name + " has not had its first run yet: `syncline sync` comes first");
    bool allowed = ctx.state.confirmed || options.yes || ctx.settings.first_run_goes;
    if (!allowed) {
      for (const Request& request : ledger_->requests(out.pair)) allowed = allowed || request.verb == "confirm";
    }
    const bool other_rules = !ctx.only && ctx.state.confirmed && !ctx.state.fingerprint.empty() &&
                             ctx.state.fingerprint != ctx.settings.fingerprint;
    if (!allowed || other_rules) {
      const PairReport plan = plan_one(p);
      if (plan.end == PairEnd::failed) throw Error(plan.code, plan.error);
      const std::int64_t writes = plan.counts.created + plan.counts.updated + plan.counts.removed;
      const Gate& g = ctx.settings.gate;
      const std::int64_t items = plan.counts.looked_at;
      std::int64_t granted = 0;  // what a person has confirmed, once
      for (const std::string_view what : {"created", "updated"})
        if (const auto* n = ctx.state.allowed.if_contains(what); n != nullptr && n->is_number())
          granted += n->to_number<std::int64_t>();
      const auto beyond = [&](std::int64_t n, std::int64_t count, std::int64_t percent) {
        return n > count || (items > 20 && n * 100 > percent * items);
      };
      const bool mass = other_rules && plan.counts.created + plan.counts.updated > granted &&
                        (beyond(plan.counts.created, g.max_create, g.max_create_percent) ||
                         beyond(plan.counts.updated, g.max_rewrite, g.max_rewrite_percent));
      if (!allowed && (writes == 0 || (options.confirm && options.confirm(plan)))) allowed = true;
      if (!allowed || (mass && !options.yes)) {
        ctx.state.waiting = {{"for", allowed ? "changed_rules" : "first_run"}, {"counts", counts_json(plan.counts)}};
        Batch b;
        b.put(ctx.state);
        ctx.commit(std::move(b));
        out.end = PairEnd::waits_for_confirmation;
        out.waiting = ctx.state.waiting;
        out.planned = plan.planned;
        return out;
      }
    }
    Batch b;
    b.put(ctx.state);
    if (!ledger_->pair(out.pair)) ctx.commit(std::move(b));
    const PassEnd end = run_pass(ctx, allowed);
    out.counts = ctx.counts;
    if (end == PassEnd::waits_for_confirmation) {
      out.end = PairEnd::waits_for_confirmation;
      out.waiting = ctx.state.waiting;
    }
    static_cast<void>(store_.lease(CallBudget(std::chrono::seconds(30)), ctx.fence.lease, loaded_.config.instance,
                                   options_.clock(), 0, 0));
    return out;
  });
  if (r.pair == 0)
    if (const auto s = find_pair(p)) r.pair = s->id;
  note_run(r);
  return r;
}

void Engine::note_run(const PairReport& r) {
  if (r.pair == 0 || r.end == PairEnd::held_elsewhere) return;  // the holder notes its own
  RunState s = ledger_->run(r.pair);
  s.at_ms = options_.clock();
  s.error_code = r.code == SY_OK ? "" : std::string(code_name(r.code));
  s.error_text = r.error;
  if (r.end == PairEnd::done) s.success_ms = s.at_ms;
  s.waiting = r.counts.waiting;
  s.last = counts_json(r.counts);
  Batch b;
  b.put(s);
  try {
    ledger_->commit(b, {});
  } catch (const Error& e) {
    log_item(SY_ERROR, r.name, "", std::string("the run could not be noted: ") + e.what());
  }
}

std::optional<PairState> Engine::find_pair(const PairConfig& pair) {
  for (PairState& s : ledger_->pairs())
    if (s.name == pair.name) return std::move(s);
  return std::nullopt;
}

void Engine::run_round(const std::vector<const PairConfig*>& pairs, std::vector<PairReport>& reports,
                       const SyncOptions& options) {
  std::atomic<std::size_t> next{0};
  const auto worker = [&] {
    for (std::size_t i = next++; i < pairs.size(); i = next++) {
      if (options_.canceled && options_.canceled()) return;
      reports[i] = run_one(*pairs[i], options);
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
    for (const Stage& s : stages_of(p))
      if (s.name == stage) return s.words(reason, args);
  return std::string(reason);
}

}  // namespace syncline
