// From confirmed decisions to remote effects: each operation is written down with a token, then sent; what became of it
// is recorded in record.cpp.
#include <algorithm>

#include "marks.hpp"
#include "needs.hpp"
#include "pass.hpp"
#include "report.hpp"
#include "token.hpp"

namespace syncline {

namespace {

std::string field_list(const std::vector<std::string>& fields) {
  return json::serialize(json::array(fields.begin(), fields.end()));
}

IntentOp create_op(const PassContext& ctx, const WorkItem& w) {
  IntentOp op;
  const Side to = w.decision.side, from = other(to);
  op.side = to;
  op.op.verb = SY_CREATE;
  op.op.kind = w.kind();
  op.op.doc = json::serialize(w.ruled.doc);
  op.source_id = w.link ? w.link->side[from].id : w.id();
  op.source_version = w.item[from] ? w.item[from]->version : w.pending.version;
  if (!one_way(w.kind())) op.source_doc = w.now[from].doc;
  op.link = w.link ? w.link->id : 0;
  op.key = w.key;
  op.generation = w.decision.again && w.link ? w.link->generation + 1 : w.generation;
  op.op.token = create_token(ctx.state.organization, w.kind(), w.key.empty() ? source_key(from, op.source_id) : w.key,
                             op.generation);
  if (to == Side::mailbox && carries_states(ctx, w.kind())) op.op.marks = linked_marks(ctx, op.source_id);
  op.reason = w.decision.reason;
  op.remade = w.decision.again;
  return op;
}

IntentOp update_op(const WorkItem& w, Side side) {
  IntentOp op;
  op.side = side;
  op.op.verb = SY_UPDATE;
  op.op.kind = w.kind();
  op.op.id = w.item[side]->id;
  op.op.if_version = w.item[side]->version;
  op.op.doc = json::serialize(w.decision.merge.wanted[side]);
  op.op.fields = field_list(w.decision.merge.fields[side]);
  op.source_id = w.id();
  op.link = w.link ? w.link->id : 0;
  op.reason = w.decision.reason;
  return op;
}

/// What a rule adds to the record to which an item is about to be linked.
IntentOp members_op(const WorkItem& w) {
  IntentOp op;
  op.side = Side::crm;
  op.op.verb = SY_UPDATE;
  op.op.kind = w.kind();
  const auto text = [&](std::string_view name) {
    const auto* v = w.ruled.args.if_contains(name);
    return v != nullptr && v->is_string() ? std::string(v->get_string()) : std::string();
  };
  op.op.id = text("id");
  op.op.if_version = text("version");
  op.op.doc = json::serialize(w.ruled.added);
  json::array fields;
  for (const auto& m : w.ruled.added) fields.emplace_back(m.key());
  op.op.fields = json::serialize(fields);
  op.source_id = w.id();
  op.source_version = w.pending.version;
  op.reason = w.ruled.reason;
  return op;
}

IntentOp remove_op(const WorkItem& w) {
  IntentOp op;
  op.side = w.decision.side;
  op.op.verb = SY_DELETE;
  op.op.kind = w.kind();
  op.op.id = w.link->side[op.side].id;
  op.op.if_version = w.item[op.side] ? w.item[op.side]->version : w.link->side[op.side].version;
  op.source_id = w.id();
  op.link = w.link->id;
  op.reason = w.decision.reason;
  return op;
}

bool safe_to_create(PassContext& ctx, WorkItem& w, Batch& batch) {
  const std::uint32_t caps = ctx.endpoint[w.decision.side]->caps(w.kind()).flags;
  Done d;
  if ((caps & SY_CAN_CREATE) == 0) {
    settle(ctx, batch, w, "refused", "kernel", "read_only", {{"side", name_of(w.decision.side)}});
    return false;
  }
  if ((caps & (SY_TOKEN_KEYED | SY_TOKEN_FIND)) != 0 || ctx.settings.at_least_once) return true;
  d.code = SY_CONFIG;
  d.text = "the " + std::string(name_of(w.decision.side)) +
           " can neither be keyed by a token nor find one, so a create could be doubled; set at_least_once = true to "
           "accept that";
  put_in_quarantine(ctx, batch, w, "kernel", d);
  return false;
}

/// Another pair's link tells that a person deleted the record that this create would make again.
bool deleted_for_all(PassContext& ctx, const IntentOp& op, WorkItem& w) {
  if (op.key.empty()) return false;
  for (const Link& l : ctx.ledger.links_of_record(ctx.state.org, w.kind(), op.op.token)) {
    if (l.state != LinkState::tombstone || l.cause != "deleted_in_crm") continue;
    ctx.spool.remove_all(w.now[w.side()].doc);
    Batch batch;
    settle(ctx, batch, w, "ended", "kernel", "deleted_in_crm", {});
    ctx.carried.append(batch);
    return true;
  }
  return false;
}

void plan_item(PassContext& ctx, WorkItem& w) {
  const auto add = [&](Side side, std::uint32_t verb) {
    if (ctx.planned.size() < ctx.planned_limit)
      ctx.planned.push_back({side, verb, w.kind(), w.id(), w.decision.reason});
  };
  if (w.decision.action == Action::create) {
    add(w.decision.side, SY_CREATE);
    ++ctx.counts.created;
    for (const Need& n : w.ruled.needs)
      if (ctx.planned.size() < ctx.planned_limit)
        ctx.planned.push_back({Side::crm, SY_CREATE, n.kind, w.id(), "needed"});
    for (std::string& key : record_keys(w.ruled.doc)) ctx.planned_keys.insert(std::move(key));
  } else if (w.decision.action == Action::remove) {
    add(w.decision.side, SY_DELETE);
    ++ctx.counts.removed;
  } else {
    for (const Side s : both_sides)
      if (!w.decision.merge.fields[s].empty()) {
        add(s, SY_UPDATE);
        ++ctx.counts.updated;
      }
  }
  Batch batch;
  settle(ctx, batch, w, "planned", "kernel", w.decision.reason, {});
  ctx.commit(std::move(batch));
}

/// What a conflict is about to replace is kept before it is replaced.
void journal_losers(PassContext& ctx, Batch& batch, WorkItem& w) {
  json::array losers;
  for (const Loser& l : w.decision.merge.losers)
    losers.emplace_back(json::object{{"group", l.group}, {"side", name_of(l.side)}, {"value", l.value}});
  if (losers.empty()) return;
  w.journal.push_back(
      note_activity(ctx, batch, w.kind(), w.side(), w.id(), "conflict",
                    {{"stage", "kernel"},
                     {"reason", w.decision.action == Action::remove ? "edit_lost" : "both_changed_settled"},
                     {"verdict", "conflict"},
                     {"replaced", std::move(losers)}}));
}

/// Another pair is making the thing with this key: who makes or needs it waits, the rest goes on.
void leave_to_holder(PassContext& ctx, Intent& intent, std::vector<WorkItem*>& owners, const std::string& key) {
  std::set<std::size_t> out;
  for (std::size_t i = 0; i < intent.ops.size(); ++i) {
    IntentOp& op = intent.ops[i];
    const bool needs = std::find(op.needs.begin(), op.needs.end(), key) != op.needs.end();
    if (op.key != key && !needs) continue;
    out.insert(i);
    if (op.helper) continue;
    WorkItem& w = *owners[i];
    Batch wait;
    w.pending.waits_for = key;
    ctx.spool.remove_all(w.now[w.side()].doc);
    postpone(ctx, wait, w, "another pair is creating this record", 0, false);
    ctx.carried.append(wait);
  }
  for (std::size_t i = 0; i < intent.ops.size(); ++i) {  // a helper that nobody needs any more
    if (!intent.ops[i].helper) continue;
    bool needed = false;
    for (std::size_t n = 0; n < intent.ops.size(); ++n) {
      const auto& needs = intent.ops[n].needs;
      needed = needed || (!out.contains(n) && std::find(needs.begin(), needs.end(), intent.ops[i].key) != needs.end());
    }
    if (!needed) out.insert(i);
  }
  for (auto it = out.rbegin(); it != out.rend(); ++it) {
    intent.ops.erase(intent.ops.begin() + static_cast<std::ptrdiff_t>(*it));
    owners.erase(owners.begin() + static_cast<std::ptrdiff_t>(*it));
  }
}

/// T2: intents, tokens and claims in one transaction, together with the record of the batch before (S15).
bool intend(PassContext& ctx, Intent& intent, std::vector<WorkItem*>& owners, std::vector<WorkItem>& items) {
  for (;;) {
    if (intent.ops.empty()) return false;
    Batch batch = ctx.carried;
    intent.id = ctx.ledger.next_id();
    batch.put(intent);
    std::set<const WorkItem*> noted;
    for (std::size_t i = 0; i < intent.ops.size(); ++i) {
      if (intent.ops[i].op.verb == SY_CREATE) continue;
      WorkItem& w = *owners[i];
      if (noted.insert(&w).second) {
        w.journal.clear();
        journal_losers(ctx, batch, w);
      }
      if (w.link && !one_way(w.kind()) &&
          intent.ops[i].op.verb == SY_UPDATE) {  // what is written is recognised as ours even if its record is lost
        w.link->side[intent.ops[i].side].written = content_hash(w.decision.merge.wanted[intent.ops[i].side]);
        batch.put(*w.link, ctx.state.org);
      }
    }
    for (const IntentOp& op : intent.ops) {
      if (op.op.verb != SY_CREATE) continue;
      batch.put_token(ctx.state.org, op.op.token, ctx.state.id);
      if (op.key.empty()) continue;
      const auto held = ctx.ledger.claim(ctx.state.org, op.key);
      const bool ours = held && held->pair == ctx.state.id;
      batch.put(Claim{ctx.state.org, ctx.state.id, 0, op.key, op.op.token, op.generation, ctx.clock()},
                ours ? held->revision : std::int64_t{SY_ABSENT});
    }
    try {
      ctx.commit(std::move(batch));
      ctx.carried_is_kept();
      return true;
    } catch (const ClaimTaken& taken) {
      ctx.flush();  // what was done is recorded on its own; somebody else's claim never rolls it back
      leave_to_holder(ctx, intent, owners, taken.key());
      for (WorkItem& w : items) w.ops.clear();
      for (std::size_t i = 0; i < owners.size(); ++i)
        if (!intent.ops[i].helper) owners[i]->ops.push_back(i);
    }
  }
}

}  // namespace

void write(PassContext& ctx, std::vector<WorkItem>& batch) {
  Intent intent;
  intent.pair = ctx.state.id;
  std::vector<WorkItem*> owners;
  std::set<std::string> keys;
  std::vector<IntentOp> helpers;
  const auto add = [&](WorkItem& w, IntentOp op) {
    if (!op.helper) w.ops.push_back(intent.ops.size());
    intent.ops.push_back(std::move(op));
    owners.push_back(&w);
  };
  for (WorkItem& w : batch) {
    if (w.settled) continue;
    const bool adds = w.ruled.outcome == RulesResult::Outcome::link && !w.ruled.added.empty() && !ctx.planning;
    if (adds) {
      add(w, members_op(w));
      continue;
    }
    const bool writes = w.decision.action == Action::create || w.decision.action == Action::remove ||
                        (w.decision.action == Action::update &&
                         (!w.decision.merge.fields.mailbox.empty() || !w.decision.merge.fields.crm.empty()));
    if (!writes || w.ruled.outcome == RulesResult::Outcome::link) {
      record_without_writing(ctx, w);
      continue;
    }
    if (w.decision.action == Action::create && !safe_to_create(ctx, w, ctx.carried)) continue;
    if (ctx.planning) {
      plan_item(ctx, w);
      continue;
    }
    if (w.decision.action == Action::create) {
      IntentOp op = create_op(ctx, w);
      if (deleted_for_all(ctx, op, w)) continue;
      if (!op.key.empty() && !keys.insert(op.key).second) {  // two copies in one batch: the second links to the first
        ctx.spool.remove_all(w.now[w.side()].doc);
        w.settled = true;
        continue;
      }
      const std::size_t had = helpers.size();
      add_needs(ctx, w, op, helpers);
      for (std::size_t i = had; i < helpers.size(); ++i) add(w, helpers[i]);
      add(w, std::move(op));
    } else if (w.decision.action == Action::remove) {
      add(w, remove_op(w));
    } else {
      for (const Side s : both_sides)
        if (!w.decision.merge.fields[s].empty()) add(w, update_op(w, s));
    }
  }
  if (!intend(ctx, intent, owners, batch)) return;
  send(ctx, intent, batch);
}

namespace {

/// Sends the named operations of one side, in their order, in as large calls as the side takes.
void send_side(PassContext& ctx, const Intent& intent, Side side, const std::vector<std::size_t>& index,
               std::vector<std::optional<Done>>& done) {
  for (std::size_t at = 0; at < index.size();) {
    const std::string& kind = intent.ops[index[at]].op.kind;
    const std::uint32_t most = ctx.endpoint[side]->caps(kind).max_batch;
    std::vector<Operation> ops;
    for (std::size_t i = at; i < index.size() && intent.ops[index[i]].op.kind == kind; ++i) {
      if (most != 0 && ops.size() == most) break;
      ops.push_back(intent.ops[index[i]].op);
    }
    ctx.check();
    ctx.renew();
    ctx.endpoint[side]->apply(ctx.budget(), ops, [&](std::size_t n, const Done& d) {
      done[index[at + n]] = d;
      ctx.renew();
    });
    at += ops.size();
  }
}

}  // namespace

void send(PassContext& ctx, Intent& intent, std::vector<WorkItem>& items) {
  std::vector<std::optional<Done>> done(intent.ops.size());
  std::exception_ptr failure;
  const auto run = [&](const auto& wanted) {
    for (const Side side : both_sides) {
      std::vector<std::size_t> index;
      for (std::size_t i = 0; i < intent.ops.size(); ++i)
        if (intent.ops[i].side == side && !intent.ops[i].done && wanted(intent.ops[i])) index.push_back(i);
      if (index.empty() || failure) continue;
      try {
        send_side(ctx, intent, side, index, done);
      } catch (...) {
        failure = std::current_exception();
      }
    }
  };
  run([](const IntentOp& op) { return op.helper; });
  for (std::size_t i = 0; i < intent.ops.size(); ++i)
    if (intent.ops[i].helper && !intent.ops[i].done && done[i]) settle_need(ctx, intent, intent.ops[i], *done[i]);
  run([&](const IntentOp& op) { return !op.helper && needs_settled(intent, op); });
  record(ctx, intent, items, done);
  if (!failure) return;
  ctx.flush();
  std::rethrow_exception(failure);
}

}  // namespace syncline
