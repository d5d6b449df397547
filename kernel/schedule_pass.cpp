// Engine's passes: a plan over a store in memory, and the real one under the pair's lease.
#include <algorithm>

#include "report.hpp"
#include "schedule.hpp"

namespace syncline {

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

PairReport Engine::guarded(const PairConfig& p, const std::function<void(PairReport&)>& run) {
  PairReport r;
  r.name = p.name;
  const auto failed = [&](sy_code code, const char* text) {
    r.end = PairEnd::failed;
    r.code = code;
    r.error = hide_secrets(text);
  };
  try {
    run(r);
  } catch (const HeldElsewhere& e) {
    failed(e.code(), e.what());
    r.end = PairEnd::held_elsewhere;
    r.retry_after_ms = std::max<std::int64_t>(e.until_ms() - options_.clock(), 0);
  } catch (const ConnectionError& e) {
    failed(e.code(), e.what());
    r.connection = e.connection();
    r.retry_after_ms = e.retry_after_ms();
  } catch (const Error& e) {
    failed(e.code(), e.what());
    r.retry_after_ms = e.retry_after_ms();
  } catch (const std::exception& e) {
    failed(SY_BROKEN, e.what());
  }
  return r;
}

PairReport Engine::plan_one(const PairConfig& p) {
  return guarded(p, [&](PairReport& r) {
    OverlayRows overlay(*rows_);
    Ledger ledger(overlay);
    auto prepared = preparation_->prepare(p, ledger, true);
    PassContext ctx = context(*prepared, ledger, true);
    r.pair = ctx.state.id;
    const PassEnd end = run_pass(ctx, true);
    r.counts = ctx.counts;
    r.planned = std::move(ctx.planned);
    if (end == PassEnd::waits_for_confirmation) {
      r.end = PairEnd::waits_for_confirmation;
      r.waiting = ctx.state.waiting;
    }
  });
}

PairReport Engine::pass(const PairConfig& p, const SyncOptions& options) {
  const std::int64_t start = options_.clock();
  std::optional<Fence> fence;
  PairReport r = guarded(p, [&](PairReport& out) { locked_pass(p, out, fence, options); });
  r.start_ms = start;
  r.end_ms = options_.clock();
  if (r.end == PairEnd::failed) preparation_->forget(p);
  if (r.pair == 0)
    if (const auto s = find_pair(p)) r.pair = s->id;
  if (r.code == SY_CANCELED && options_.canceled && options_.canceled()) return r;  // stopped; that is no failure
  const NextPass next = options.next ? options.next(r) : NextPass{};
  try {
    note_run(r, next);
    // Who plans a next pass stays the one who makes it; a failed pass's lease ends by itself.
    if (fence && r.end != PairEnd::failed)
      leases_->keep(
          *fence, next.at_ms == 0 ? 0 : std::max<std::int64_t>(next.at_ms - r.end_ms, 0) + loaded_.config.lease_ttl_ms);
  } catch (const Error& e) {
    // After a failed pass that is the same trouble once more, and whoever planned the pass tells of it.
    log_item(r.end == PairEnd::failed ? SY_DEBUG : SY_ERROR, r.name, "",
             std::string("the run could not be noted: ") + e.what());
  }
  return r;
}

void Engine::locked_pass(const PairConfig& p, PairReport& out, std::optional<Fence>& fence,
                         const SyncOptions& options) {
  auto prepared = preparation_->prepare(p, *ledger_, false);
  out.pair = prepared->state.id;
  fence = leases_->take(out.pair, p.name, [&](const std::string& holder) {
    const Takeover how = loaded_.config.takeover;
    return how == Takeover::always ? options.may_force
                                   : how == Takeover::ask && options.take_over && options.take_over(p.name, holder);
  });
  try {
    run_prepared(*prepared, out, *fence, options);
  } catch (...) {
    count_traffic(*prepared, out);
    throw;
  }
  count_traffic(*prepared, out);
}

void Engine::count_traffic(const Prepared& prepared, PairReport& out) {
  out.bytes_in = prepared.traffic.of("bytes_in");
  out.bytes_out = prepared.traffic.of("bytes_out");
  out.asked_crm = out.asked_crm || prepared.crm_traffic.of("requests") != 0;
}

void Engine::run_prepared(Prepared& prepared, PairReport& out, const Fence& fence, const SyncOptions& options) {
  PassContext ctx = context(prepared, *ledger_, false);
  ctx.fence = fence;
  const auto fresh = ledger_->pair(out.pair);
  if (fresh) {
    ctx.state.confirmed = fresh->confirmed;
    ctx.state.waiting = fresh->waiting;
    ctx.state.allowed = fresh->allowed;
  }
  ctx.renew = leases_->renewer(fence);
  ctx.call_budget = std::chrono::milliseconds(std::max<std::int64_t>(loaded_.config.lease_ttl_ms * 3 / 4, 1000));
  ctx.crm_when_needed = options.crm_when_needed;
  ctx.before_work = [&] { preparation_->verify(prepared); };
  if (options.progress)
    ctx.progress = [&](const PassCounts& c, std::size_t left) { options.progress(out.name, c, left); };
  ctx.only = options.only;
  if (ctx.only && !ctx.state.confirmed)
    throw Error(SY_CONFIG, out.name + " has not had its first run yet: `syncline sync` comes first");
  if (!may_write(ctx, out, options)) return;
  if (!fresh || fresh->kinds != ctx.state.kinds || fresh->name != ctx.state.name) {
    Batch b;
    b.put(ctx.state);
    ctx.commit(std::move(b));
    ctx.state.revision = ledger_->pair(out.pair).value_or(ctx.state).revision;
  }
  const auto note = [&] {
    out.counts = ctx.counts;
    out.asked_crm = ctx.asked_crm;
  };
  PassEnd end = PassEnd::done;
  try {
    end = run_pass(ctx, true);
  } catch (...) {
    note();
    throw;
  }
  note();
  out.more = out.counts.moved() && anything_due(ctx);
  if (end == PassEnd::waits_for_confirmation) {
    out.end = PairEnd::waits_for_confirmation;
    out.waiting = ctx.state.waiting;
  }
}

/// Whether a first pass, or the first one after a change of the rules, may write: it was confirmed, or its plan has
/// nothing to ask for.
bool Engine::may_write(PassContext& ctx, PairReport& out, const SyncOptions& options) {
  bool allowed = ctx.state.confirmed || options.yes || ctx.settings.first_run_goes;
  if (!allowed) {
    const auto requests = ledger_->requests(out.pair);
    allowed = std::any_of(requests.begin(), requests.end(), [](const Request& r) { return r.verb == "confirm"; });
  }
  const bool other_rules = !ctx.only && ctx.state.confirmed && !ctx.state.fingerprint.empty() &&
                           ctx.state.fingerprint != ctx.settings.fingerprint;
  if (allowed && !other_rules) return true;
  const PairReport plan = plan_one(loaded_.config.pair(out.name));
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
  if (allowed && (!mass || options.yes)) return true;
  ctx.state.waiting = {{"for", allowed ? "changed_rules" : "first_run"}, {"counts", counts_json(plan.counts)}};
  Batch b;
  b.put(ctx.state);
  ctx.commit(std::move(b));
  out.end = PairEnd::waits_for_confirmation;
  out.waiting = ctx.state.waiting;
  out.planned = plan.planned;
  return false;
}

void Engine::note_run(const PairReport& r, const NextPass& next) {
  if (r.pair == 0 || r.end == PairEnd::held_elsewhere) return;  // the holder notes its own
  RunState s = ledger_->run(r.pair);
  s.at_ms = r.end_ms;
  s.error_code = r.code == SY_OK ? "" : std::string(code_name(r.code));
  s.error_text = r.error;
  if (r.end == PairEnd::done) s.success_ms = s.at_ms;
  s.waiting = r.counts.waiting;
  s.last = counts_json(r.counts);
  s.next_ms = next.at_ms;
  s.interval_ms = next.interval_ms;
  RunEntry entry{r.pair,       s.passes++, r.start_ms, r.end_ms, r.bytes_in, r.bytes_out, r.end == PairEnd::done,
                 s.error_code, s.last};
  Batch b;
  b.put(s);
  b.put(entry);
  ledger_->commit(b, {});
}

SignIn Engine::sign_in(const PairConfig& p) {
  OverlayRows overlay(*rows_);
  Ledger ledger(overlay);
  const auto prepared = preparation_->prepare(p, ledger, true);
  const CallBudget budget(std::chrono::minutes(2), options_.canceled);
  SignIn out;
  out.principal = prepared->state.principal;
  const FeedsHandle feeds = prepared->endpoint.mailbox.feeds();
  if (!feeds) throw Error(SY_CONFIG, "the mailbox's plugin offers no feeds, so nothing can be read from it");
  for (const Feed& f : feeds.list(budget)) {
    if (std::find(prepared->settings.kinds.begin(), prepared->settings.kinds.end(), f.kind) ==
        prepared->settings.kinds.end())
      continue;
    const PageEnd end = feeds.page(budget, f.name, {}, [&](const Item&) {
      ++out.listed;
      return true;
    });
    out.more = out.more || end.end == SY_PAGE_MORE;
  }
  return out;
}

void Engine::release(std::int64_t pair) {
  static_cast<void>(store_.lease(CallBudget(std::chrono::seconds(2)), lease_name(pair), loaded_.config.instance,
                                 options_.clock(), 0, 0));
}

}  // namespace syncline
