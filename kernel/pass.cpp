#include "pass.hpp"

#include <algorithm>

#include "ledger_json.hpp"
#include "marks.hpp"
#include "org_feeds.hpp"
#include "report.hpp"
#include "requests.hpp"
#include "token.hpp"

namespace syncline {

namespace {

Pending pending_of(const Waiter& w, std::int64_t now) {
  Pending p;
  p.pair = w.pair;
  p.side = w.side;
  p.id = w.id;
  p.kind = w.kind;
  p.version = w.version;
  p.since_ms = now;
  return p;
}

/// Once somebody bears the key, who waited for it is judged again.
void wake(Batch& batch, Known& k, std::int64_t now) {
  if (k.links.empty()) return;
  for (const Waiter& w : k.waiters) batch.put(pending_of(w, now));
  k.waiters.clear();
}

/// What we meant to add to a row of a natural key, put beside what others have added meanwhile.
void merge_known(Ledger& ledger, Batch& batch, std::size_t at, std::int64_t now) {
  const RowWrite ours = batch.writes()[at];
  const Known mine = known_from(parse_object(ours.doc, "a known-key row"));
  Known k = ledger.known(ours.key[0], mine.key);
  for (const KnownLink& l : mine.links)
    if (std::none_of(k.links.begin(), k.links.end(), [&](const KnownLink& x) { return x.link == l.link; }))
      k.links.push_back(l);
  for (const Waiter& w : mine.waiters)
    if (std::none_of(k.waiters.begin(), k.waiters.end(),
                     [&](const Waiter& x) { return x.pair == w.pair && x.id == w.id; }))
      k.waiters.push_back(w);
  Batch extra;
  wake(extra, k, now);
  extra.put(k);
  auto& writes = batch.writes();
  writes.erase(writes.begin() + static_cast<std::ptrdiff_t>(at));
  batch.append(extra);
}

}  // namespace

void PassCounts::add(const PassCounts& o) {
  looked_at += o.looked_at;
  created += o.created;
  linked += o.linked;
  updated += o.updated;
  removed += o.removed;
  unlinked += o.unlinked;
  refused += o.refused;
  waiting += o.waiting;
  quarantined += o.quarantined;
  failed += o.failed;
  recovered += o.recovered;
  settled += o.settled;
  for (const auto& [reason, n] : o.refused_by) refused_by[reason] += n;
}

void PassContext::commit(Batch b) {
  if (b.empty()) return;
  for (int attempt = 0;; ++attempt) {
    try {
      ledger.commit(b, fences());
      return;
    } catch (const CommitConflict& e) {
      auto& writes = b.writes();
      if (e.at() >= writes.size())
        throw Error(SY_CONFLICT, "the lease of this pair was taken by another instance: this pass stops here");
      if (attempt == 1000) throw;
      const RowWrite& w = writes[e.at()];
      if (w.table == "pending")
        writes.erase(writes.begin() + static_cast<std::ptrdiff_t>(e.at()));
      else if (w.table == "known")
        merge_known(ledger, b, e.at(), clock());
      else if (w.table == "claim")
        throw ClaimTaken(claim_from(parse_object(w.doc, "a claim row")).key);
      else
        throw;
      if (writes.empty()) return;
    }
  }
}

void PassContext::flush() {
  if (!carried.empty()) {
    Batch b = std::move(carried);
    carried.clear();
    commit(std::move(b));
  }
  carried_is_kept();
}

void PassContext::carried_is_kept() {
  carried.clear();
  for (const Side s : both_sides) linked_in_carried[s].clear();
  for (auto& f : std::exchange(after_carried, {})) f();
}

namespace {
std::int64_t longest_wait(const PassContext& ctx) { return std::max<std::int64_t>(ctx.settings.retry_ms, 3'600'000); }
}  // namespace

bool PassContext::due(const Pending& p) const {
  const std::int64_t wait = p.not_before_ms - clock();
  return wait <= 0 || wait > longest_wait(*this);
}

std::string mark_of(const Item& item, std::string_view name) {
  if (item.marks.empty()) return {};
  const json::object marks = parse_object(item.marks, "an item's marks");
  const auto* v = marks.if_contains(name);
  return v != nullptr && v->is_string() ? std::string(v->get_string()) : std::string();
}

std::vector<std::string> lasting_keys(const Item& item) {
  std::vector<std::string> keys;
  if (item.marks.empty()) return keys;
  const json::object marks = parse_object(item.marks, "an item's marks");
  const auto text = [&](std::string_view name) {
    const auto* v = marks.if_contains(name);
    return v != nullptr && v->is_string() ? std::string(v->get_string()) : std::string();
  };
  if (const std::string lasting = text("lasting"); !lasting.empty()) keys.push_back("lasting " + lasting);
  if (const std::string token = text("token"); !token.empty()) keys.push_back(token_key(token));
  return keys;
}

std::vector<std::string> all_match_keys(std::string_view organization, std::string_view kind, Side side,
                                        const Item& item, const json::object& doc) {
  std::vector<std::string> keys = token_keys(organization, kind, side, item.id, mark_of(item, "token"));
  for (std::string& k : match_keys(kind, doc)) keys.push_back(std::move(k));
  if (side == Side::mailbox)
    for (std::string& k : lasting_keys(item))
      if (std::find(keys.begin(), keys.end(), k) == keys.end()) keys.push_back(std::move(k));
  return keys;
}

void put_unjudged(Batch& batch, std::optional<Seen> seen, std::int64_t pair, std::string_view organization, Side side,
                  std::string_view kind, const Item& item) {
  if (seen) batch.remove(*seen);
  Seen s = std::move(seen).value_or(Seen{});
  s.pair = pair;
  s.side = side;
  s.id = item.id;
  s.kind = kind;
  s.version = item.version;
  s.verdict.clear();
  s.keys = all_match_keys(organization, kind, side, item, normalise(parse_object(item.doc, "an item's document")));
  batch.put(s);
}

bool consumes(const PassContext& ctx, std::string_view kind) {
  constexpr std::uint32_t both = SY_CONSUMES | SY_CAN_DELETE;
  return one_way(kind) && (ctx.endpoint.mailbox->caps(kind).flags & both) == both;
}

void add_known_link(PassContext& ctx, Batch& batch, Known k, KnownLink link) {
  k.links.push_back(std::move(link));
  wake(batch, k, ctx.clock());
  batch.put(k);
}

std::string mailbox_feed_key(std::int64_t pair, std::string_view feed) {
  return "pair:" + std::to_string(pair) + "/" + std::string(feed);
}

std::pair<std::int64_t, std::int64_t> walks_of(PassContext& ctx, Side side, std::string_view kind) {
  if (side == Side::crm) return ctx.org_feeds.walks(kind);
  const FeedsHandle feeds = ctx.endpoint.mailbox->feeds();
  if (!feeds) return {0, 0};
  for (const Feed& f : feeds.list(ctx.budget()))
    if (f.kind == kind) {
      const FeedState s = ctx.ledger.feed(mailbox_feed_key(ctx.state.id, f.name));
      return {s.walk, s.complete_walk};
    }
  return {0, 0};
}

std::int64_t note_activity(PassContext& ctx, Batch& batch, std::string_view kind, Side side, std::string_view item,
                           std::string_view event, json::object details) {
  const std::int64_t seq = ctx.ledger.next_id();
  json::object doc{{"at", ctx.clock()},     {"run", ctx.run}, {"kind", kind},
                   {"side", name_of(side)}, {"item", item},   {"event", event}};
  for (auto& m : details)
    if (!m.value().is_null()) doc[m.key()] = std::move(m.value());
  batch.put_activity(ctx.state.id, seq, doc);
  return seq;
}

Seen seen_with(const WorkItem& w, std::int64_t pair, std::int64_t activity, std::string verdict, std::string reason,
               json::object args, std::string stage, const std::string& fingerprint) {
  Seen s = w.seen.value_or(Seen{});
  s.pair = pair;
  s.side = w.side();
  s.id = w.id();
  s.kind = w.kind();
  s.version = w.item[w.side()] ? w.item[w.side()]->version : w.pending.version;
  s.link = w.link ? w.link->id : 0;
  s.verdict = std::move(verdict);
  s.reason = std::move(reason);
  s.args = std::move(args);
  s.stage = std::move(stage);
  s.fingerprint = fingerprint;
  s.trace.insert(s.trace.end(), w.journal.begin(), w.journal.end());
  s.trace.push_back(activity);
  while (s.trace.size() > trace_limit) s.trace.erase(s.trace.begin() + 1);  // the first and the latest are kept
  return s;
}

void settle(PassContext& ctx, Batch& batch, WorkItem& w, std::string verdict, std::string stage, std::string reason,
            json::object args, json::object details) {
  details["verdict"] = verdict;
  details["stage"] = stage;
  details["reason"] = reason;
  if (!args.empty()) details["args"] = args;
  const std::int64_t seq = note_activity(ctx, batch, w.kind(), w.side(), w.id(), verdict, std::move(details));
  if (verdict == "refused") ++ctx.counts.refused;
  answer_request(ctx, batch, w, verdict, stage, reason, args);
  if (w.seen && w.seen->verdict == "quarantined" && verdict != "quarantined") {
    Quarantined q;
    q.pair = ctx.state.id;
    q.side = w.side();
    q.id = w.id();
    batch.remove(q);
  }
  const bool removed = verdict == "removed";
  if (w.seen) batch.remove(*w.seen);
  if (!removed) {
    Seen s = seen_with(w, ctx.state.id, seq, std::move(verdict), std::move(reason), std::move(args), std::move(stage),
                       ctx.settings.fingerprint);
    s.keys.clear();
    s.waits = w.waits;
    const bool held_back = s.verdict == "refused" && !w.filtered.pass;  // what a rule refuses can still be a twin
    if (s.link == 0 && !held_back && !one_way(w.kind()) && w.now[w.side()].presence == Presence::there)
      s.keys = all_match_keys(ctx.state.organization, w.kind(), w.side(), *w.item[w.side()], w.now[w.side()].doc);
    if (s.link != 0 && w.side() == Side::mailbox && !one_way(w.kind()) && w.item.mailbox)
      s.keys = lasting_keys(*w.item.mailbox);
    if (s.link != 0 && !one_way(w.kind())) ctx.linked_in_carried[w.side()].insert(w.id());
    batch.put(s);
  }
  batch.remove(w.pending);
  if (w.other_pending) batch.remove(*w.other_pending);
  want_mark(ctx, batch, w);
  ++ctx.counts.settled;
  w.settled = true;
}

void take_up(const PassContext& ctx, WorkItem& w, Link ended) {
  ended.state = LinkState::live;
  ended.cause.clear();
  ended.since_ms = ctx.clock();
  w.generation = ended.generation;
  w.resumed = true;
  w.link = std::move(ended);
}

void stay_ended(PassContext& ctx, WorkItem& w, std::string stage, std::string reason, json::object args) {
  Batch batch;
  if (w.ended) w.link = std::exchange(w.ended, std::nullopt);
  if (const auto& item = w.item[w.side()]) w.link->side[w.side()].version = item->version;
  batch.put(*w.link, ctx.state.org);
  settle(ctx, batch, w, "ended", std::move(stage), std::move(reason), std::move(args), {{"link", w.link->id}});
  ctx.carried.append(batch);
}

void put_in_quarantine(PassContext& ctx, Batch& batch, WorkItem& w, std::string stage, const Done& failure,
                       json::object args) {
  Quarantined q;
  q.pair = ctx.state.id;
  q.side = w.side();
  q.id = w.id();
  q.kind = w.kind();
  q.version = w.item[w.side()] ? w.item[w.side()]->version : w.pending.version;
  q.code = failure.server_code.empty() ? std::string(code_name(failure.code)) : failure.server_code;
  q.reason = failure.text;
  q.stage = stage;
  q.fingerprint = ctx.settings.fingerprint;
  q.since_ms = ctx.clock();
  q.attempts = w.pending.attempts + 1;
  batch.put(q);
  ++ctx.counts.quarantined;
  log_item(SY_WARN, ctx.settings.name, w.id(), "quarantined by " + stage + ": " + q.code + ": " + q.reason);
  args["text"] = q.reason;
  settle(ctx, batch, w, "quarantined", std::move(stage), q.code, std::move(args));
}

void postpone(PassContext& ctx, Batch& batch, WorkItem& w, std::string reason, std::int64_t not_before_ms,
              bool counts) {
  const bool ruled = w.ruled.outcome == RulesResult::Outcome::wait || w.ruled.outcome == RulesResult::Outcome::failed;
  w.pending.stage = ruled ? w.ruled.stage : "kernel";
  w.pending.reason = reason;
  w.pending.args = ruled ? w.ruled.args : json::object();
  if (counts && ++w.pending.attempts >= ctx.settings.retry_max) {
    Done d;
    d.code = SY_RETRY;
    d.text = "given up after " + std::to_string(w.pending.attempts) + " attempts: " + reason;
    put_in_quarantine(ctx, batch, w, "kernel", d);
    return;
  }
  w.pending.not_before_ms = std::min(not_before_ms, ctx.clock() + longest_wait(ctx));
  batch.put(w.pending, w.pending.revision);
  ++ctx.counts.waiting;
  log_item(SY_DEBUG, ctx.settings.name, w.id(), "waits: " + reason);
  w.settled = true;
}

void fail_by_rule(PassContext& ctx, WorkItem& w) {
  Batch batch;
  if (w.pending.attempts + 1 < ctx.settings.retry_max) {
    postpone(ctx, batch, w, w.ruled.reason, ctx.clock() + ctx.settings.retry_ms, true);
  } else {
    Done d;
    d.code = SY_INVALID;
    d.server_code = w.ruled.reason;
    for (const Stage& s : ctx.stages)
      if (s.name == w.ruled.stage) d.text = s.words(w.ruled.reason, w.ruled.args);
    put_in_quarantine(ctx, batch, w, w.ruled.stage, d, w.ruled.args);
  }
  ctx.carried.append(batch);
}

}  // namespace syncline
