// T3: what became of the operations: links, bases, seen, activity; the intent goes. The record of one batch rides in
// the transaction of the next one's intents.
#include <algorithm>

#include "needs.hpp"
#include "record.hpp"
#include "report.hpp"

namespace syncline {

namespace {

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
  l.by_hand = l.by_hand || w.request.has_value();
  remember_record(ctx, l, w);
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
  put_seen_twin(ctx, batch, l, other(w.side()), lasting_keys(*w.item[other(w.side())]));
  json::object details{{"operation", first ? "link" : "update"}, {"link", l.id}, {"why", w.decision.reason}};
  for (const Side s : both_sides)
    if (!w.decision.merge.fields[s].empty())
      details[std::string(name_of(s)) + "_fields"] =
          json::array(w.decision.merge.fields[s].begin(), w.decision.merge.fields[s].end());
  if (complete)
    settle(ctx, batch, w, "linked", "kernel", w.decision.reason.empty() ? "in_step" : w.decision.reason, {},
           std::move(details));
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
    case SY_DENIED:
      if (op.op.verb != SY_DELETE || one_way(w.kind())) break;
      // Who may not delete keeps the item there, and the link goes: it would be asked for again and again.
      log_item(SY_WARN, ctx.settings.name, op.op.id,
               "may not be deleted in " + std::string(name_of(op.side)) + ", so its link ends: " + d.text);
      ++ctx.counts.failed;
      w.ruled.outcome = RulesResult::Outcome::unlink;
      w.ruled.stage = "kernel";
      w.ruled.reason = "delete_denied";
      w.ruled.args = {};
      tombstone(ctx, batch, w, op.reason, "unlink");
      return;
    default: break;
  }
  put_in_quarantine(ctx, batch, w, "endpoint", d);
  ++ctx.counts.failed;
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
  } else if (w.link && w.link->state != LinkState::tombstone && !one_way(w.kind())) {
    Link l = *w.link;
    remember_record(ctx, l, w);
    l.by_hand = l.by_hand || w.request.has_value();
    bool moved = w.resumed || l.by_hand != w.link->by_hand || l.owner != w.link->owner;
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
