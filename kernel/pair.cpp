#include "pair.hpp"

#include <algorithm>

#include "marks.hpp"
#include "moves.hpp"
#include "org_feeds.hpp"
#include "report.hpp"
#include "requests.hpp"

namespace syncline {

namespace {

constexpr std::size_t batch_size = 100;
constexpr std::size_t carried_limit = 2000;    ///< rows: as many as a commit of a batch that writes
constexpr std::int64_t share_counts_from = 5;  ///< two of ten is no mass change; an emptied side always is

void save_state(PassContext& ctx) {
  Batch b;
  b.put(ctx.state);
  ctx.commit(std::move(b));
}

std::int64_t number(const json::object& o, std::string_view name) {
  const auto* v = o.if_contains(name);
  return v != nullptr && v->is_number() ? v->to_number<std::int64_t>() : 0;
}

void retry_quarantined(PassContext& ctx, const Request& r) {
  const auto* only = r.args.if_contains("item");
  for (const Quarantined& q : ctx.ledger.quarantine(ctx.state.id)) {
    if (only != nullptr && only->is_string() && std::string_view(only->get_string()) != q.id) continue;
    Pending p;
    p.pair = q.pair;
    p.side = q.side;
    p.id = q.id;
    p.kind = q.kind;
    p.version = q.version;
    p.since_ms = ctx.clock();
    Batch b;
    b.put(p);
    b.remove(q);
    ctx.commit(std::move(b));
  }
}

/// An item is given up: its row and its trace say so, and nothing is tried until it changes or a person asks for it.
void give_up(PassContext& ctx, const Quarantined& q, const std::string& reason, const json::object& args) {
  Batch b;
  const std::int64_t seq =
      note_activity(ctx, b, q.kind, q.side, q.id, reason,
                    {{"verdict", "dropped"}, {"stage", "kernel"}, {"reason", reason}, {"args", args}});
  if (auto seen = ctx.ledger.seen(q.pair, q.side, q.id)) {
    b.remove(*seen);
    seen->verdict = "dropped";
    seen->reason = reason;
    seen->stage = "kernel";
    seen->args = args;
    seen->trace.push_back(seq);
    if (seen->trace.size() > trace_limit) seen->trace.erase(seen->trace.begin() + 1);
    b.put(*seen);
  }
  b.remove(q);
  ctx.commit(std::move(b));
}

/// What nobody has looked after for failure.keep_days.
void purge_failures(PassContext& ctx) {
  const std::int64_t keep = ctx.settings.failure_keep_ms;
  if (keep == 0 || ctx.planning) return;
  for (const Quarantined& q : ctx.ledger.quarantine(ctx.state.id))
    if (ctx.clock() - q.since_ms >= keep)
      give_up(ctx, q, "failure_purged", {{"code", q.code}, {"days", keep / (std::int64_t{24} * 3600 * 1000)}});
}

void drop_quarantined(PassContext& ctx, const Request& r) {
  const auto* item = r.args.if_contains("item");
  if (item == nullptr || !item->is_string()) return;
  for (const Quarantined& q : ctx.ledger.quarantine(ctx.state.id)) {
    if (q.id != std::string_view(item->get_string())) continue;
    json::object args{{"code", q.code}};
    if (const auto* by = r.args.if_contains("by")) args["by"] = *by;
    give_up(ctx, q, "dropped", args);
  }
}

void take_requests(PassContext& ctx) {
  if (ctx.planning) return;
  for (const Request& r : ctx.ledger.requests(ctx.state.id)) {
    if (about_item(r)) {
      take_item_request(ctx, r);
      continue;
    }
    if (r.verb == "confirm") {
      if (!ctx.state.confirmed) {
        ctx.state.confirmed = true;
        ctx.state.confirmed_ms = ctx.clock();
      }
      ctx.state.allowed = r.args;  // holds once, for the counts that were shown
      ctx.state.waiting = {};
    } else if (r.verb == "retry") {
      retry_quarantined(ctx, r);
    } else if (r.verb == "drop") {
      drop_quarantined(ctx, r);
    }
    Batch b;
    b.remove(r);
    b.put(ctx.state);
    ctx.commit(std::move(b));
  }
}

/// What was refused under other rules is judged again (S8); what was quarantined too.
void judge_again(PassContext& ctx) {
  if (ctx.state.fingerprint == ctx.settings.fingerprint) return;
  for (const Side side : both_sides) {
    std::vector<std::int64_t> after;
    for (auto page = ctx.ledger.seen_page(ctx.state.id, side, after, 500); !page.empty();
         page = ctx.ledger.seen_page(ctx.state.id, side, after, 500)) {
      Batch b;
      for (const Seen& s : page) {
        if (s.link != 0 || s.verdict != "refused" || s.fingerprint == ctx.settings.fingerprint) continue;
        Pending p;
        p.pair = s.pair;
        p.side = s.side;
        p.id = s.id;
        p.kind = s.kind;
        p.version = s.version;
        p.since_ms = ctx.clock();
        b.put(p);
      }
      ctx.commit(std::move(b));
    }
  }
  Request all;
  all.verb = "retry";
  if (!ctx.state.fingerprint.empty() && !ctx.planning) retry_quarantined(ctx, all);
  ctx.state.fingerprint = ctx.settings.fingerprint;
  save_state(ctx);
}

/// Disappearances that could lead to a deletion, beside how many links there are.
bool deletions_allowed(PassContext& ctx) {
  std::int64_t gone = 0, links = 0;
  for (const Side side : both_sides) {
    std::vector<std::int64_t> after;
    for (auto page = ctx.ledger.pending_page(ctx.state.id, side, after, 500); !page.empty();
         page = ctx.ledger.pending_page(ctx.state.id, side, after, 500))
      for (const Pending& p : page) {
        if (!p.gone || one_way(p.kind)) continue;
        const auto l = ctx.ledger.link_of_item(ctx.state.id, side, ctx.state.org, p.kind, p.id);
        if (l && l->state != LinkState::tombstone) ++gone;
      }
  }
  if (gone == 0) return true;
  std::vector<std::int64_t> after;
  for (auto page = ctx.ledger.seen_page(ctx.state.id, Side::mailbox, after, 1000); !page.empty();
       page = ctx.ledger.seen_page(ctx.state.id, Side::mailbox, after, 1000))
    links += std::count_if(page.begin(), page.end(), [](const Seen& s) { return s.link != 0 && !one_way(s.kind); });
  const Gate& g = ctx.settings.gate;
  const bool emptied = links >= 2 && gone >= links;
  const bool many =
      gone > g.max_delete || (gone >= share_counts_from && links > 0 && gone * 100 > g.max_delete_percent * links);
  if ((!emptied && !many) || gone <= number(ctx.state.allowed, "deletions")) return true;
  ctx.state.waiting = {{"for", "mass_change"}, {"counts", json::object{{"deletions", gone}, {"links", links}}}};
  return false;
}

/// What an open create still holds: its source, what it may have made, and the link that it renews. Nothing else may be
/// begun with those until recovery has settled it.
class Held {
 public:
  explicit Held(PassContext& ctx) {
    for (const Intent& intent : ctx.ledger.intents(ctx.state.id))
      for (const IntentOp& op : intent.ops) {
        if (op.op.verb != SY_CREATE) continue;
        sources_[other(op.side)].insert(op.source_id);
        sources_[op.side].insert(op.op.token);
        if (op.link != 0) links_.insert(op.link);
      }
  }
  [[nodiscard]] bool holds(const Pending& p, const std::optional<Link>& link) const {
    return sources_[p.side].contains(p.id) || (link && links_.contains(link->id));
  }

 private:
  Sides<std::set<std::string>> sources_;
  std::set<std::int64_t> links_;
};

std::size_t count_pending(PassContext& ctx, Side side) {
  std::size_t n = 0;
  std::vector<std::int64_t> after;
  for (auto page = ctx.ledger.pending_page(ctx.state.id, side, after, 1000); !page.empty();
       page = ctx.ledger.pending_page(ctx.state.id, side, after, 1000))
    n += page.size();
  return n;
}

void work(PassContext& ctx, Side side) {
  std::vector<std::int64_t> after;
  std::size_t left = ctx.progress ? count_pending(ctx, side) : 0;
  const Held held(ctx);  // what this pass begins itself is not looked at again before the next one
  for (;;) {
    const auto page = ctx.ledger.pending_page(ctx.state.id, side, after, batch_size);
    if (page.empty()) break;
    ctx.check();
    ctx.renew();
    std::vector<WorkItem> batch;
    std::vector<std::string> ids;
    for (const Pending& p : page) ids.push_back(p.id);
    auto seen = ctx.ledger.seen(ctx.state.id, side, ids);
    for (const Pending& p : page) {
      if (ctx.only && *ctx.only != std::pair(side, p.id)) continue;
      if (!ctx.due(p)) {
        ++ctx.counts.waiting;
        continue;
      }
      if (!p.waits_for.empty()) {
        const auto claim = ctx.ledger.claim(ctx.state.org, p.waits_for);
        if (claim && claim->pair != ctx.state.id) {
          if (!ctx.configured || ctx.configured(claim->pair)) {
            ++ctx.counts.waiting;
            continue;
          }
          Batch release;  // its holder is gone for good
          release.remove(*claim);
          ctx.commit(std::move(release));
        }
      }
      WorkItem w;
      w.pending = p;
      w.pending.waits_for.clear();
      if (const auto asked = ctx.asked.find({side, p.id}); asked != ctx.asked.end()) w.request = asked->second;
      if (const auto judged = seen.find(p.id); judged != seen.end()) w.seen = std::move(judged->second);
      w.link = ctx.ledger.link_of_item(ctx.state.id, side, ctx.state.org, p.kind, p.id);
      if (held.holds(w.pending, w.link)) {
        ++ctx.counts.waiting;
        continue;
      }
      if (w.link && w.link->state != LinkState::tombstone)
        w.other_pending = ctx.ledger.pending(ctx.state.id, other(side), w.link->side[other(side)].id);
      batch.push_back(std::move(w));
    }
    ctx.counts.looked_at += static_cast<std::int64_t>(batch.size());
    if (!batch.empty()) {
      decide(ctx, batch);
      write(ctx, batch);
      // What was read whole and is not written needs its parts no more; what is written, when its record is durable.
      for (const WorkItem& w : batch)
        if (w.settled && w.ops.empty() && one_way(w.kind()) && w.item[side] && !w.item[side]->head())
          ctx.spool.remove_all(w.now[side].doc);
      if (ctx.carried.writes().size() > carried_limit) ctx.flush();  // batch after batch with nothing to write remotely
    }
    left -= std::min(left, page.size());
    if (ctx.progress) ctx.progress(ctx.counts, left);
  }
  ctx.flush();
}

void trim(PassContext& ctx) {
  const std::int64_t oldest = ctx.clock() - ctx.settings.history_keep_ms;
  const auto first = ctx.ledger.activity_page(ctx.state.id, 0, 1);  // the oldest: mostly young enough, as is all else
  if (first.empty() || number(first.front().second, "at") >= oldest) return;
  for (int rounds = 0; rounds < 20; ++rounds) {
    const auto page = ctx.ledger.activity_page(ctx.state.id, 0, 500);
    Batch b;
    for (const auto& [seq, doc] : page)
      if (number(doc, "at") < oldest) b.put_row({"activity", {ctx.state.id, seq}, true, SY_ANY_REVISION, {}, {}});
    if (b.empty()) return;
    ctx.commit(std::move(b));
  }
}

/// Links that ended long ago, or whose mail has long left the mailbox, are forgotten; never while the item is listed.
void forget_links(PassContext& ctx) {
  const std::int64_t oldest = ctx.clock() - ctx.settings.tombstone_keep_ms;
  Batch b;
  for (const Ledger::Expiry& e : ctx.ledger.expiries(ctx.state.id, 200)) {
    if (e.at_ms > oldest) break;
    b.put_row({"expiry", {ctx.state.id, e.at_ms, e.link}, true, SY_ANY_REVISION, {}, {}});
    const auto l = ctx.ledger.link(e.link);
    if (!l) continue;
    const bool listed = ctx.ledger.seen(ctx.state.id, Side::mailbox, l->side.mailbox.id).has_value();
    if (l->state != LinkState::tombstone && (listed || !one_way(l->kind))) continue;
    if (listed) {
      b.put_expiry(ctx.state.id, ctx.clock(), l->id);  // its id can still reappear: asked again later
      continue;
    }
    b.drop_index(*l, ctx.state.org);
    b.put_row({"link", {l->id}, true, SY_ANY_REVISION, {}, {}});
    b.put_row({"unconfirmed", {l->pair, l->id}, true, SY_ANY_REVISION, {}, {}});
    const auto at = l->key.find("message-id ");
    if (at == std::string::npos) continue;
    Known k = ctx.ledger.known(ctx.state.org, l->key.substr(at));
    std::erase_if(k.links, [&](const KnownLink& x) { return x.link == l->id; });
    b.put(k);
  }
  ctx.commit(std::move(b));
}

}  // namespace

json::object counts_json(const PassCounts& c) {
  json::object refused_by;
  for (const auto& [reason, n] : c.refused_by) refused_by[reason] = n;
  json::object o{{"looked_at", c.looked_at}, {"created", c.created},    {"linked", c.linked},
                 {"updated", c.updated},     {"deleted", c.removed},    {"unlinked", c.unlinked},
                 {"refused", c.refused},     {"waiting", c.waiting},    {"quarantined", c.quarantined},
                 {"failed", c.failed},       {"recovered", c.recovered}};
  if (!refused_by.empty()) o["refused_by"] = std::move(refused_by);
  return o;
}

std::string counts_line(const PassCounts& c) {
  std::string out;
  const auto add = [&](std::int64_t n, const char* what) {
    if (n == 0) return;
    if (!out.empty()) out += ", ";
    out += std::to_string(n) + " " + what;
  };
  add(c.created, "created");
  add(c.linked, "linked");
  add(c.updated, "updated");
  add(c.removed, "deleted");
  add(c.unlinked, "unlinked");
  add(c.refused, "refused");
  add(c.quarantined, "quarantined");
  add(c.waiting, "waiting");
  add(c.recovered, "recovered");
  return out.empty() ? "nothing to do" : out;
}

PassEnd run_pass(PassContext& ctx, bool first_run_allowed) {
  take_requests(ctx);
  purge_failures(ctx);
  if (!ctx.planning && !ctx.state.confirmed) {
    if (!first_run_allowed) return PassEnd::waits_for_confirmation;
    ctx.state.confirmed = true;
    ctx.state.confirmed_ms = ctx.clock();
    ctx.state.waiting = {};
    save_state(ctx);
  }
  recover(ctx);
  if (ctx.only) {  // a request's pass: the item alone, read from its own side
    work(ctx, ctx.only->first);
    write_marks(ctx);
    return PassEnd::done;
  }
  judge_again(ctx);
  capture(ctx);
  bool allowed = deletions_allowed(ctx);
  if (!allowed) {
    follow_moves(ctx);
    ctx.state.waiting = {};
    allowed = deletions_allowed(ctx);
  }
  if (!allowed) {
    save_state(ctx);
    return PassEnd::waits_for_confirmation;
  }
  for (const Side side : both_sides) work(ctx, side);
  write_marks(ctx);
  const bool unfinished = !ctx.waits_for_move.empty();  // what was allowed is carried out in the next pass
  if ((!ctx.state.allowed.empty() && !unfinished) || !ctx.state.waiting.empty()) {
    if (!unfinished) ctx.state.allowed = {};
    ctx.state.waiting = {};
    save_state(ctx);
  }
  if (!ctx.planning) {
    trim(ctx);
    forget_links(ctx);
  }
  return PassEnd::done;
}

}  // namespace syncline
