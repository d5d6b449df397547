// T3: what became of the operations: links, bases, seen, activity; the intent goes. The record of one batch rides in
// the transaction of the next one's intents.
#include <algorithm>

#include "needs.hpp"
#include "org_feeds.hpp"
#include "pass.hpp"
#include "report.hpp"

namespace syncline {

namespace {

std::string message_id(const json::object& doc) {
  const auto* v = doc.if_contains("message_id");
  return v != nullptr && v->is_string() ? std::string(v->get_string()) : std::string();
}

void count(PassContext& ctx, std::string_view what, std::int64_t n = 1) {
  const auto* v = ctx.state.counters.if_contains(what);
  ctx.state.counters[what] = (v != nullptr && v->is_number() ? v->to_number<std::int64_t>() : 0) + n;
}

/// The written side's document at exactly the version of the write's answer, if anybody can tell.
std::optional<json::object> stored_document(PassContext& ctx, const IntentOp& op, const Done& d) {
  if (!d.doc.empty()) return normalise(parse_object(d.doc, "the answer's document"));
  std::optional<json::object> out;
  try {
    const std::string id = d.id.empty() ? op.op.id : d.id;
    ctx.endpoint[op.side]->fetch(ctx.budget(), op.op.kind, std::vector<std::string>{id}, SY_WHOLE, [&](const Item& i) {
      if (i.version == d.version && !i.gone() && !i.invisible())
        out = normalise(parse_object(i.doc, "an item's document"));
      return true;
    });
  } catch (const Error& e) {
    log_item(SY_DEBUG, ctx.settings.name, op.op.id, std::string("read-back failed, what was sent counts: ") + e.what());
  }
  return out;
}

Pending look_again(const PassContext& ctx, Side side, const std::string& id, const std::string& kind,
                   const std::string& version) {
  Pending p;
  p.pair = ctx.state.id;
  p.side = side;
  p.id = id;
  p.kind = kind;
  p.version = version;
  p.since_ms = ctx.clock();
  return p;
}

/// A mailbox that wants its items gone is asked again once the link is confirmed.
void let_go(PassContext& ctx, Batch& batch, const Link& l) {
  if (consumes(ctx, l.kind))
    batch.put(look_again(ctx, Side::mailbox, l.side.mailbox.id, l.kind, l.side.mailbox.version));
}

/// The row of the written side: a listing must know that this id is ours.
void put_seen_twin(PassContext& ctx, Batch& batch, const Link& link, Side side) {
  if (one_way(link.kind)) return;
  auto s = ctx.ledger.seen(ctx.state.id, side, link.side[side].id);
  if (s)
    batch.remove(*s);
  else
    s = Seen{};
  s->pair = ctx.state.id;
  s->side = side;
  s->id = link.side[side].id;
  s->kind = link.kind;
  s->version = link.side[side].version;
  s->link = link.id;
  s->verdict = "linked";
  s->fingerprint = ctx.settings.fingerprint;
  s->keys.clear();
  batch.put(*s);
}

void finish_create(Batch& batch, PassContext& ctx, const IntentOp& op) {
  batch.remove_token(ctx.state.org, op.op.token);
  if (!op.key.empty()) batch.remove(Claim{ctx.state.org, ctx.state.id, 0, op.key, {}, 0, 0});
  const json::object doc = parse_object(op.op.doc, "an operation's document");
  Spool& spool = ctx.spool;
  ctx.after_carried.push_back([&spool, doc] { spool.remove_all(doc); });
}

void record_create(PassContext& ctx, Batch& batch, const IntentOp& op, WorkItem& w, Done d) {
  if (!one_way(op.op.kind) && op.repeated) {  // the answer may show an edit of what an earlier request made
    batch.put(look_again(ctx, op.side, d.id, op.op.kind, d.version));
    d.version = "adopted";
    d.doc = op.op.doc;
  }
  const Side to = op.side, from = other(to);
  Link l;
  if (op.link != 0)
    if (auto old = ctx.ledger.link(op.link)) {  // made anew: the old link stays as what it was, ended
      old->state = LinkState::tombstone;
      old->cause = "made_anew";
      old->since_ms = ctx.clock();
      batch.put(*old, ctx.state.org);
    }
  l.id = ctx.ledger.next_id();
  l.pair = ctx.state.id;
  l.kind = op.op.kind;
  // A row of its own says that a walk has shown it before it was recorded.
  const auto shown = ctx.ledger.pending(ctx.state.id, to, d.id);
  l.state = shown && !shown->gone ? LinkState::live : LinkState::unconfirmed;
  l.confirm_side = to;
  l.confirm_walk = walks_of(ctx, to, l.kind).first;
  l.key = op.key;
  l.token = op.op.token;
  l.generation = op.generation;
  l.since_ms = ctx.clock();
  l.side[from] = {op.source_id, op.source_version, 0, 0};
  l.side[to] = {d.id, d.version, 0, 0};
  if (!w.pending.version.empty() && w.pending.version != op.source_version)
    w.pending.revision = 0;  // a newer change: it stays
  if (!d.never.empty()) {
    const json::value fields = json::parse(d.never);
    for (const auto& f : fields.as_array()) l.never.emplace_back(f.as_string());
  }
  if (!one_way(l.kind)) {
    const auto stored = stored_document(ctx, op, d);
    l.base[from] = op.source_doc;
    l.base[to] = stored ? *stored : normalise(parse_object(op.op.doc, "an operation's document"));
    if (!stored) batch.put(look_again(ctx, to, d.id, l.kind, d.version));  // that side counts as changed
    for (const Side s : both_sides) l.side[s].hash = content_hash(l.base[s]);
  }
  batch.put(l, ctx.state.org);
  put_seen_twin(ctx, batch, l, to);
  if (const std::string id = message_id(parse_object(op.op.doc, "an operation's document")); !id.empty())
    add_known_link(ctx, batch, ctx.ledger.known(ctx.state.org, message_key(id)), {ctx.state.id, l.id, l.side.crm.id});
  finish_create(batch, ctx, op);
  w.link = l;
  json::object details{
      {"operation", "create"}, {"where", name_of(to)}, {"id", d.id}, {"link", l.id}, {"why", op.reason}};
  if (!l.never.empty()) details["never_stored"] = json::array(l.never.begin(), l.never.end());
  json::array notes;
  for (const Note& n : w.ruled.notes)
    notes.emplace_back(json::object{{"stage", n.stage}, {"reason", n.reason}, {"args", n.args}});
  if (!notes.empty()) details["rules"] = std::move(notes);
  settle(ctx, batch, w, "linked", "kernel", "created", {{"id", d.id}}, std::move(details));
  let_go(ctx, batch, l);
  ++ctx.counts.created;
  count(ctx, "created");
  log_item(SY_INFO, ctx.settings.name, op.source_id, "created in " + std::string(name_of(to)) + " as " + d.id);
}

/// The base after writes of which some may have failed: a group that was carried moves, one that was not stays.
Sides<json::object> moved_base(const WorkItem& w, const Sides<json::object>& now, const Sides<bool>& wrote) {
  Sides<json::object> base = w.link ? w.link->base : Sides<json::object>{};
  std::set<std::string> stuck;
  for (const Side s : both_sides)
    if (!w.decision.merge.fields[s].empty() && !wrote[s])
      stuck.insert(w.decision.merge.fields[s].begin(), w.decision.merge.fields[s].end());
  for (const Side s : both_sides) {
    json::object next = now[s];
    for (const std::string& f : stuck) {
      if (const auto* old = base[s].if_contains(f))
        next[f] = *old;
      else
        next.erase(f);
    }
    base[s] = std::move(next);
  }
  return base;
}

void record_update(PassContext& ctx, Batch& batch, const Intent& intent, WorkItem& w,
                   const std::vector<std::optional<Done>>& done) {
  Sides<json::object> now{w.now.mailbox.doc, w.now.crm.doc};
  Sides<bool> wrote{};
  Link l = w.link.value_or(Link{});
  const bool first = l.id == 0;
  if (first) {
    l.id = ctx.ledger.next_id();
    l.pair = ctx.state.id;
    l.kind = w.kind();
    l.state = LinkState::live;
    l.since_ms = ctx.clock();
  }
  for (const Side s : both_sides) l.side[s] = {w.item[s]->id, w.item[s]->version, 0, 0};
  bool complete = true;
  for (const std::size_t n : w.ops) {
    const IntentOp& op = intent.ops[n];
    if (!done[n] || done[n]->code != SY_OK) {
      complete = false;
      continue;
    }
    const auto stored = stored_document(ctx, op, *done[n]);
    now[op.side] = stored ? *stored : w.decision.merge.wanted[op.side];
    if (!stored) batch.put(look_again(ctx, op.side, op.op.id, w.kind(), done[n]->version));
    l.side[op.side].version = done[n]->version;
    wrote[op.side] = true;
    ++ctx.counts.updated;
    count(ctx, "updated");
    log_item(SY_INFO, ctx.settings.name, op.op.id, "updated in " + std::string(name_of(op.side)));
  }
  l.base = moved_base(w, now, wrote);
  for (const Side s : both_sides) l.side[s].hash = content_hash(l.base[s]);
  batch.put(l, ctx.state.org);
  w.link = l;
  if (first) {
    ++ctx.counts.linked;
    count(ctx, "linked");
  }
  put_seen_twin(ctx, batch, l, other(w.side()));
  json::object details{{"operation", first ? "link" : "update"}, {"link", l.id}, {"why", w.decision.reason}};
  for (const Side s : both_sides)
    if (!w.decision.merge.fields[s].empty())
      details[std::string(name_of(s)) + "_fields"] =
          json::array(w.decision.merge.fields[s].begin(), w.decision.merge.fields[s].end());
  if (complete)
    settle(ctx, batch, w, "linked", "kernel", w.decision.reason.empty() ? "in_step" : w.decision.reason, {},
           std::move(details));
}

void tombstone(PassContext& ctx, Batch& batch, WorkItem& w, const std::string& cause, const std::string& operation,
               std::optional<Side> deleted = {}) {
  Link l = *w.link;
  l.state = LinkState::tombstone;
  l.cause = cause;
  l.since_ms = ctx.clock();
  batch.put(l, ctx.state.org);
  w.link = l;
  const Side o = other(w.side());
  const std::string& id = l.side[o].id;
  if (auto twin = id.empty() ? std::nullopt : ctx.ledger.seen(ctx.state.id, o, id)) {
    batch.remove(*twin);
    if (w.now[o].presence == Presence::there && operation == "unlink") {
      twin->verdict = "ended";
      twin->keys.clear();
      batch.put(*twin);
    }
  }
  const bool there = w.now[w.side()].presence == Presence::there && deleted != w.side();
  settle(ctx, batch, w, there ? "ended" : "removed", "kernel", cause, {}, {{"operation", operation}, {"link", l.id}});
}

void record_remove(PassContext& ctx, Batch& batch, const IntentOp& op, WorkItem& w) {
  const Side gone_here = op.side;
  if (auto p = ctx.ledger.pending(ctx.state.id, gone_here, op.op.id); p && p->gone && gone_here != w.side())
    w.other_pending = std::move(p);
  if (one_way(w.kind()) && gone_here == Side::mailbox) {  // carried, so it may go: the link stays
    settle(ctx, batch, w, "removed", "kernel", op.reason, {}, {{"operation", "delete"}, {"where", name_of(gone_here)}});
    if (w.link) batch.put_expiry(ctx.state.id, ctx.clock(), w.link->id);
  } else {
    tombstone(ctx, batch, w, op.reason, "delete", gone_here);
  }
  ++ctx.counts.removed;
  count(ctx, "deleted");
  log_item(SY_INFO, ctx.settings.name, op.op.id, "deleted in " + std::string(name_of(op.side)) + ": " + op.reason);
}

/// A create that did not come out as OK. True: it is settled one way or the other and leaves the intent.
bool failed_create(PassContext& ctx, Batch& batch, IntentOp& op, WorkItem& w, const Done& d) {
  switch (d.code) {
    case SY_EXISTS: {  // the token or key is taken: find says by what
      const auto found = ctx.endpoint[op.side]->find(ctx.budget(), op.op);
      if (found && found->partial()) return false;  // recovery goes on where it stopped
      if (found) {
        Done ok;
        ok.id = found->id;
        ok.version = found->version;
        op.repeated = true;
        record_create(ctx, batch, op, w, ok);
        return true;
      }
      break;
    }
    case SY_GONE: {  // deleted by somebody between our requests: never made anew
      Link l;
      l.id = op.link != 0 ? op.link : ctx.ledger.next_id();
      l.pair = ctx.state.id;
      l.kind = op.op.kind;
      l.side[other(op.side)] = {op.source_id, op.source_version, 0, 0};
      l.side[op.side] = {op.op.token, "", 0, 0};
      l.generation = op.generation;
      l.key = op.key;
      l.token = op.op.token;
      w.link = l;
      finish_create(batch, ctx, op);
      tombstone(ctx, batch, w, "deleted_while_created", "create");
      return true;
    }
    case SY_RETRY:
    case SY_CANCELED:
    case SY_BROKEN:
    case SY_AUTH:
      if (++op.attempts < ctx.settings.retry_max || d.code != SY_BROKEN)
        return false;  // not known whether it happened: recovery looks
      break;
    default: break;
  }
  finish_create(batch, ctx, op);
  put_in_quarantine(ctx, batch, w, "endpoint", d);
  ++ctx.counts.failed;
  return true;
}

/// The record that a rule has found is this item: no create.
void link_to_record(PassContext& ctx, Batch& batch, WorkItem& w) {
  const auto* id = w.ruled.args.if_contains("id");
  const auto* version = w.ruled.args.if_contains("version");
  Link l;
  l.id = ctx.ledger.next_id();
  l.pair = ctx.state.id;
  l.kind = w.kind();
  l.confirm_walk = walks_of(ctx, Side::crm, l.kind).first;  // unconfirmed: it may be deleted before it is recorded
  l.since_ms = ctx.clock();
  l.key = w.key;
  l.side.mailbox = {w.id(), w.item.mailbox ? w.item.mailbox->version : w.pending.version, 0, 0};
  l.side.crm = {id != nullptr && id->is_string() ? std::string(id->get_string()) : "",
                version != nullptr && version->is_string() ? std::string(version->get_string()) : "", 0, 0};
  if (l.side.crm.id.empty())
    throw Error(SY_BROKEN, "rule " + w.ruled.stage + " wants to link and does not say to what");
  batch.put(l, ctx.state.org);
  if (const std::string mid = message_id(w.filtered.doc); !mid.empty())
    add_known_link(ctx, batch, ctx.ledger.known(ctx.state.org, message_key(mid)), {ctx.state.id, l.id, l.side.crm.id});
  w.link = l;
  ++ctx.counts.linked;
  count(ctx, "linked");
  settle(ctx, batch, w, "linked", w.ruled.stage, w.ruled.reason, w.ruled.args,
         {{"operation", "link"}, {"link", l.id}, {"id", l.side.crm.id}});
  log_item(SY_INFO, ctx.settings.name, w.id(), "linked to " + l.side.crm.id + " (" + w.ruled.reason + ")");
  let_go(ctx, batch, l);
}

/// An update of single members of a one-way record: its regarding, a further queue. It has no base; the record's
/// version guards it.
void record_members(PassContext& ctx, Batch& batch, const IntentOp& op, WorkItem& w, const Done& d) {
  const bool links = w.ruled.outcome == RulesResult::Outcome::link;
  const json::value fields = json::parse(op.op.fields);
  switch (d.code) {
    case SY_OK:
      ++ctx.counts.updated;
      count(ctx, "updated");
      log_item(SY_INFO, ctx.settings.name, w.id(), "updated in crm: " + op.op.fields);
      if (links) return link_to_record(ctx, batch, w);
      w.link->side.crm.version = d.version;
      batch.put(*w.link, ctx.state.org);
      settle(ctx, batch, w, "linked", "kernel", op.reason, {{"id", op.op.id}},
             {{"operation", "update"}, {"link", w.link->id}, {"crm_fields", fields}});
      return;
    case SY_CONFLICT:
    case SY_RETRY:
    case SY_CANCELED:
    case SY_AUTH: postpone(ctx, batch, w, d.text, ctx.clock() + d.retry_after_ms, d.code != SY_CONFLICT); return;
    default: break;
  }
  log_item(SY_WARN, ctx.settings.name, w.id(), "the CRM refused to update " + op.op.fields + ": " + d.text);
  ++ctx.counts.failed;
  if (links) return link_to_record(ctx, batch, w);  // what could not be added does not unmake the duplicate
  settle(ctx, batch, w, "linked", "kernel", d.code == SY_GONE ? "gone_in_crm" : "update_refused", {{"text", d.text}},
         {{"operation", "update"}, {"link", w.link->id}, {"crm_fields", fields}});
}

/// An update or delete that did not come out as OK: nothing is assumed, the item is looked at again.
void failed_change(PassContext& ctx, Batch& batch, const IntentOp& op, WorkItem& w, const Done& d) {
  if (w.settled) return;
  switch (d.code) {
    case SY_CONFLICT:  // ends this entity's merge for this pass
    case SY_GONE:
      batch.put(look_again(ctx, op.side, op.op.id, w.kind(), ""));
      w.settled = true;
      ++ctx.counts.settled;
      return;
    case SY_RETRY:
    case SY_CANCELED: postpone(ctx, batch, w, d.text, ctx.clock() + d.retry_after_ms, true); return;
    default: put_in_quarantine(ctx, batch, w, "endpoint", d); ++ctx.counts.failed;
  }
}

}  // namespace

void record(PassContext& ctx, Intent& intent, std::vector<WorkItem>& items,
            const std::vector<std::optional<Done>>& done) {
  Batch batch;
  for (WorkItem& w : items) {
    if (w.ops.empty() || w.settled) continue;
    IntentOp& op = intent.ops[w.ops.front()];
    for (const IntentOp& h : intent.ops)
      if (h.activity != 0 && h.source_id == op.source_id) w.journal.push_back(h.activity);
    if (op.op.verb == SY_CREATE) {
      if (!done[w.ops.front()]) continue;
      const Done& d = *done[w.ops.front()];
      if (d.code == SY_OK) {
        record_create(ctx, batch, op, w, d);
        op.done = true;
      } else {
        op.done = failed_create(ctx, batch, op, w, d);
        if (!op.done) {
          log_item(SY_WARN, ctx.settings.name, op.source_id,
                   "create is not known to have happened, recovery will look: " + d.text);
          ++ctx.counts.waiting;
        }
      }
      continue;
    }
    if (op.op.verb == SY_DELETE) {
      op.done = true;
      if (!done[w.ops.front()]) continue;
      const Done& d = *done[w.ops.front()];
      if (d.code == SY_OK || d.code == SY_GONE)
        record_remove(ctx, batch, op, w);
      else
        failed_change(ctx, batch, op, w, d);
      continue;
    }
    if (one_way(w.kind())) {
      op.done = true;
      if (done[w.ops.front()]) record_members(ctx, batch, op, w, *done[w.ops.front()]);
      continue;
    }
    record_update(ctx, batch, intent, w, done);
    for (const std::size_t n : w.ops) {
      intent.ops[n].done = true;
      if (done[n] && done[n]->code != SY_OK) failed_change(ctx, batch, intent.ops[n], w, *done[n]);
    }
  }
  const bool open = std::any_of(intent.ops.begin(), intent.ops.end(), [](const IntentOp& o) { return !o.done; });
  if (open)
    batch.put(intent);
  else
    batch.remove(intent);
  batch.put(ctx.state);
  ctx.carried.append(batch);
}

void record_without_writing(PassContext& ctx, WorkItem& w) {
  Batch batch;
  if (w.ruled.outcome == RulesResult::Outcome::link) {
    link_to_record(ctx, batch, w);
    batch.put(ctx.state);
  } else if (w.decision.action == Action::update) {
    record_update(ctx, batch, Intent{}, w, {});
  } else if (w.decision.action == Action::unlink) {
    tombstone(ctx, batch, w, w.decision.reason, "unlink");
    ++ctx.counts.unlinked;
    count(ctx, "unlinked");
  } else if (w.decision.action == Action::conflict) {
    Done d;
    d.code = SY_CONFLICT;
    d.text = "both sides changed the same thing and the policy is manual";
    put_in_quarantine(ctx, batch, w, "reconcile", d);
  } else if (w.decision.reason == "left_filter") {
    settle(ctx, batch, w, "held", "kernel", "left_filter", {});
  } else if (w.link && w.link->state != LinkState::tombstone && !one_way(w.kind())) {
    Link l = *w.link;
    bool moved = false;
    for (const Side s : both_sides)
      if (w.item[s] && l.side[s].version != w.item[s]->version) {
        l.side[s].version = w.item[s]->version;
        moved = true;
      }
    if (moved) batch.put(l, ctx.state.org);
    w.link = l;
    settle(ctx, batch, w, "linked", "kernel", "in_step", {});
  } else {
    const bool there = w.now[w.side()].presence == Presence::there;
    settle(ctx, batch, w,
           w.link  ? "linked"
           : there ? "ignored"
                   : "removed",
           "kernel", there ? "nothing_to_do" : "source_gone", {});
  }
  ctx.carried.append(batch);
}

}  // namespace syncline
