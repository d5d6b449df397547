// Recovery, first in every pass (S12): a leftover create is looked up by its token and adopted only when it is
// complete, otherwise sent again with the same token; a leftover update or delete is dropped back to reconcile, which
// reads both sides anew and finds it done, undone, or overtaken.
#include <algorithm>

#include "needs.hpp"
#include "org_feeds.hpp"
#include "pass.hpp"
#include "report.hpp"

namespace syncline {

namespace {

WorkItem work_for(PassContext& ctx, const IntentOp& op) {
  WorkItem w;
  const Side from = other(op.side);
  if (auto p = ctx.ledger.pending(ctx.state.id, from, op.source_id)) w.pending = std::move(*p);
  w.pending.pair = ctx.state.id;
  w.pending.side = from;
  w.pending.id = op.source_id;
  w.pending.kind = op.op.kind;
  if (w.pending.version.empty()) w.pending.version = op.source_version;
  w.seen = ctx.ledger.seen(ctx.state.id, from, op.source_id);
  return w;
}

void drop_create(PassContext& ctx, Batch& batch, const IntentOp& op, WorkItem& w, const std::string& cause) {
  batch.remove_token(ctx.state.org, op.op.token);
  if (!op.key.empty()) batch.remove(Claim{ctx.state.org, ctx.state.id, 0, op.key, {}, 0, 0});
  ctx.spool.remove_all(parse_object(op.op.doc, "an operation's document"));
  Link l;  // remembers the token: should the request land after all, it is recognised
  l.id = op.link != 0 ? op.link : ctx.ledger.next_id();
  l.pair = ctx.state.id;
  l.kind = op.op.kind;
  l.state = LinkState::tombstone;
  l.cause = cause;
  l.since_ms = ctx.clock();
  l.key = op.key;
  l.token = op.op.token;
  l.side[other(op.side)] = {op.source_id, op.source_version, 0, 0};
  l.side[op.side] = {op.op.token, "", content_hash(normalise(parse_object(op.op.doc, "an operation's document"))), 0};
  l.generation = op.generation;
  batch.put(l, ctx.state.org);
  w.link = l;
  settle(ctx, batch, w, "removed", "kernel", cause, {}, {{"operation", "create"}, {"dropped", true}});
  log_item(SY_WARN, ctx.settings.name, op.source_id, "a create that had begun is dropped: " + cause);
}

/// The feed said that the record of this token was deleted: ours was made, and somebody deleted it.
std::optional<Pending> deleted_row(PassContext& ctx, const IntentOp& op) {
  if (op.side != Side::crm) return std::nullopt;
  auto p = ctx.ledger.pending(ctx.state.id, Side::crm, op.op.token);
  return p && p->gone ? p : std::nullopt;
}

bool deleted_meanwhile(PassContext& ctx, const IntentOp& op, Batch& batch) {
  const auto p = deleted_row(ctx, op);
  if (p) batch.remove(*p);
  return p.has_value();
}

enum class Source { there, gone };

/// Whether what the create needs can still be had; parts that the spool lost are read anew.
Source ready_source(PassContext& ctx, IntentOp& op, bool partial) {
  json::object doc = parse_object(op.op.doc, "an operation's document");
  const bool spooled = one_way(op.op.kind);
  if (spooled && ctx.spool.complete(doc)) return Source::there;
  Source source = Source::gone;
  json::object fresh;
  ctx.endpoint[other(op.side)]->fetch(ctx.budget(), op.op.kind, std::vector<std::string>{op.source_id}, SY_WHOLE,
                                      [&](const Item& i) {
                                        if (i.gone() || i.invisible() || i.head()) return true;
                                        source = Source::there;
                                        fresh = parse_object(i.doc, "an item's document");
                                        return true;
                                      });
  if (!spooled) return source;
  if (source == Source::gone && !partial) return source;
  for (const std::string_view part : {"body", "attachments"}) {
    doc.erase(part);
    if (const auto* v = fresh.if_contains(part)) doc[part] = *v;
  }
  if (source == Source::gone) doc["parts_lost"] = true;  // made final without them, and said so on the record
  op.op.doc = json::serialize(doc);
  return Source::there;
}

void recover_create(PassContext& ctx, IntentOp& op, WorkItem& w, std::optional<Done>& done, Batch& batch) {
  const std::uint32_t caps = ctx.endpoint[op.side]->caps(op.op.kind).flags;
  std::optional<Item> found;
  if ((caps & SY_TOKEN_FIND) != 0) found = ctx.endpoint[op.side]->find(ctx.budget(), op.op);
  if (found && !found->partial()) {
    Done d;
    d.id = found->id;
    d.version = found->version;
    done = d;
    if (!one_way(op.op.kind)) {  // its version may be somebody's edit: the base is what was sent, that side counts as
                                 // changed
      Pending p;
      p.pair = ctx.state.id;
      p.side = op.side;
      p.id = found->id;
      p.kind = op.op.kind;
      p.version = found->version;
      p.since_ms = ctx.clock();
      batch.put(p);
      done->version = "adopted";  // never a server's version: the side is read and compared
      done->doc = op.op.doc;
    }
    return;
  }
  if (!found && !one_way(op.op.kind) && deleted_row(ctx, op)) {
    Done d;  // it was made and deleted: the link is recorded, and the deletion travels like any other
    d.id = op.op.token;
    d.version = "adopted";
    d.doc = op.op.doc;
    done = d;
    return;
  }
  if (!found && deleted_meanwhile(ctx, op, batch)) {
    drop_create(ctx, batch, op, w, "deleted_in_crm");
    op.done = true;
    return;
  }
  if (ready_source(ctx, op, found.has_value()) == Source::gone) {
    drop_create(ctx, batch, op, w, "source_gone");
    op.done = true;
    return;
  }
  op.repeated = true;
}

std::set<std::string> spooled_names(const std::vector<Intent>& intents) {
  std::set<std::string> keep;
  for (const Intent& i : intents)
    for (const IntentOp& op : i.ops)
      if (op.op.verb == SY_CREATE) keep.merge(Spool::names_in(parse_object(op.op.doc, "an operation's document")));
  return keep;
}

}  // namespace

void recover(PassContext& ctx) {
  std::vector<Intent> intents = ctx.ledger.intents(ctx.state.id);
  if (!ctx.planning) ctx.spool.sweep(ctx.state.id, spooled_names(intents));
  if (intents.empty() || ctx.planning) return;
  log_item(SY_INFO, ctx.settings.name, "",
           "recovering " + std::to_string(intents.size()) + " batch(es) that a pass left unfinished");
  // A feed that reports deletions of ids it never showed is read before anything is repeated (repair 4, S2).
  ctx.org_feeds.capture(ctx.settings.kinds, std::chrono::steady_clock::now());
  for (Intent& intent : intents) {
    std::vector<WorkItem> items;
    std::vector<std::optional<Done>> done(intent.ops.size());
    Batch batch;
    items.reserve(intent.ops.size());
    for (IntentOp& op : intent.ops)
      if (op.helper) recover_need(ctx, intent, op);
    for (std::size_t i = 0; i < intent.ops.size(); ++i) {
      IntentOp& op = intent.ops[i];
      if (op.helper) continue;
      WorkItem w = work_for(ctx, op);
      if (op.op.verb == SY_CREATE) {
        w.ops.push_back(i);
        recover_create(ctx, op, w, done[i], batch);
      } else {
        op.done = true;
        Pending p = w.pending;
        if (!one_way(op.op.kind)) {
          p.side = op.side;
          p.id = op.op.id;
          p.version.clear();
        }
        batch.put(p);
      }
      ++ctx.counts.recovered;
      items.push_back(std::move(w));
    }
    ctx.carried.append(batch);
    drop_unneeded(ctx, intent, done);
    std::vector<WorkItem> adopted, again;
    for (WorkItem& w : items) {
      if (w.settled || w.ops.empty()) continue;
      (done[w.ops.front()] ? adopted : again).push_back(std::move(w));
    }
    record(ctx, intent, adopted, done);
    ctx.flush();
    if (!again.empty()) send(ctx, intent, again);
    ctx.flush();
  }
}

}  // namespace syncline
