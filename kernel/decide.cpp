// From a pending row to a confirmed decision: read, filter, match, reconcile, judge.
#include <algorithm>

#include "marks.hpp"
#include "moves.hpp"
#include "record.hpp"
#include "requests.hpp"
#include "token.hpp"

namespace syncline {

std::optional<std::set<std::string>> carried_fields(const EndpointHandle& endpoint, std::string_view kind) {
  const std::string fields = endpoint.caps(kind).fields;
  if (fields.empty()) return std::nullopt;
  std::set<std::string> out;
  const json::value list = json::parse(fields);
  for (const auto& f : list.as_array()) out.emplace(f.as_string());
  return out;
}

SideNow side_now(const std::optional<Item>& item) {
  SideNow now;
  if (!item) return now;
  if (item->gone())
    now.presence = Presence::gone;
  else if (item->invisible())
    now.presence = Presence::left;
  else {
    now.presence = Presence::there;
    now.doc = normalise(parse_object(item->doc.empty() ? "{}" : item->doc, "an item's document"));
    if (!one_way(item->kind)) now.doc.erase("regarding");
    now.changed_ms = item->changed_ms;
  }
  return now;
}

namespace {

std::map<std::string, std::vector<WorkItem*>> by_kind(std::vector<WorkItem>& batch) {
  std::map<std::string, std::vector<WorkItem*>> out;
  for (WorkItem& w : batch)
    if (!w.settled) out[w.kind()].push_back(&w);
  return out;
}

void read_side(PassContext& ctx, std::string_view kind, std::vector<WorkItem*>& items, Side side, int depth) {
  std::map<std::string, std::vector<WorkItem*>> wanted;
  for (WorkItem* w : items) {
    const std::optional<Link>& link = w->link ? w->link : w->ended;
    const std::string& id = link ? link->side[side].id : side == w->side() ? w->id() : std::string();
    if (!id.empty() && !w->settled) wanted[id].push_back(w);
  }
  std::vector<std::string> ids;
  for (const auto& [id, list] : wanted) ids.push_back(id);
  if (ids.empty()) return;
  read_items(ctx, side, kind, ids, depth, [&](const Item& item) {
    if (const auto it = wanted.find(item.id); it != wanted.end())
      for (WorkItem* w : it->second) {
        w->item[side] = item;
        w->now[side] = side_now(item);
      }
  });
}

/// Our own create that landed after the link had ended is taken back; what a person has edited since is theirs. A day
/// later it is somebody's restored record.
bool late_landing(const PassContext& ctx, const WorkItem& w) {
  constexpr std::int64_t day = std::int64_t{24} * 3600 * 1000;
  const Link& l = *w.link;
  return !l.token.empty() && (w.id() == l.token || mark_of(*w.item.crm, "token") == l.token) &&
         ctx.clock() - l.since_ms < day && content_hash(w.now.crm.doc) == l.side.crm.hash;
}

/// The feed said gone and the server says there, as after a restore: the feed is given a pass to say so too, since what
/// it says next may be about either. True: it waits.
bool waits_for_feed(PassContext& ctx, WorkItem& w) {
  if (one_way(w.kind()) || !w.pending.gone || w.pending.waited || ctx.planning) return false;
  if (w.now[w.side()].presence != Presence::there) return false;
  w.pending.waited = true;
  Batch batch;
  batch.put(w.pending, w.pending.revision);
  ctx.carried.append(batch);
  ++ctx.counts.settled;  // the next pass is due at once
  w.settled = true;
  return true;
}

/// An item whose link has ended: only a two-way item that a person changed since can be taken up again, or be a new
/// one.
bool ended(PassContext& ctx, WorkItem& w) {
  if (!w.link || w.link->state != LinkState::tombstone) return false;
  const Side s = w.side();
  const bool there = w.now[s].presence == Presence::there;
  if (there && s == Side::crm && !one_way(w.kind()) && late_landing(ctx, w)) {
    w.decision = {Action::remove, Side::crm, "landed_late", {}, false};
    return false;
  }
  if (there && !one_way(w.kind()) && w.item[s]->version != w.link->side[s].version && only_marked(ctx, w)) {
    stay_ended(ctx, w, "kernel", w.link->cause, {});
    return true;
  }
  if (there && !one_way(w.kind()) && (w.item[s]->version != w.link->side[s].version || !w.seen)) {
    w.ended = std::exchange(w.link, std::nullopt);
    w.generation = w.ended->generation + 1;  // a new item, although it has the old one's id
    if (w.ended->cause != "untracked") return false;
    stay_ended(ctx, w, "kernel", w.ended->cause, {});
    return true;
  }
  Batch batch;
  settle(ctx, batch, w, there ? "ended" : "removed", "kernel", w.link->cause, {});
  ctx.carried.append(batch);
  return true;
}

bool passes_filters(PassContext& ctx, const WorkItem& w, Side side) {
  return run_filters(ctx.stages, w.kind(), side, w.now[side].doc, w.item[side]->flags, basic_facts(ctx, w, side)).pass;
}

/// What is left of an ended link's other side decides: where both items are there, a deletion was undone, or what had
/// left the filter matches again, and the link goes on. Where the other one is gone, the rules are asked whether this
/// one is made there anew.
void take_up_ended(PassContext& ctx, WorkItem& w) {
  const Side o = other(w.side());
  const Presence there = w.now[o].presence;
  if (there == Presence::gone || there == Presence::absent) {
    w.item[o].reset();
    w.now[o] = {};
  } else if (there != Presence::there || (w.ended->cause == "left_filter" && !passes_filters(ctx, w, o))) {
    stay_ended(ctx, w, "kernel", w.ended->cause, {});  // out of sight, or still not let in
  } else {
    take_up(ctx, w, *std::exchange(w.ended, std::nullopt));
    w.other_pending = ctx.ledger.pending(ctx.state.id, o, w.link->side[o].id);
  }
}

/// A mail that is listed and cannot be read: for good (its source says so), or for now. True: it is dealt with.
bool unreadable(PassContext& ctx, WorkItem& w) {
  const Side s = w.side();
  if (!one_way(w.kind()) || w.settled) return false;
  Batch batch;
  if (w.now[s].presence == Presence::left) {
    postpone(ctx, batch, w, "the mailbox lists it and does not give it out", ctx.clock() + 60'000, true);
  } else if (const auto* why = w.now[s].doc.if_contains("unreadable"); why != nullptr && why->is_string()) {
    Done d;
    d.code = SY_INVALID;
    d.text = std::string(why->get_string());
    put_in_quarantine(ctx, batch, w, "mailbox", d);
  } else {
    return false;
  }
  ctx.carried.append(batch);
  return true;
}

void filter_item(PassContext& ctx, WorkItem& w) {
  const Side s = w.side();
  if (w.now[s].presence != Presence::there) return;
  w.filtered = run_filters(ctx.stages, w.kind(), s, w.now[s].doc, w.item[s]->flags, basic_facts(ctx, w, s));
  if (w.filtered.pass || w.request) return;  // what a person asks for is not held back
  if (w.link) {                              // it left the filter: not a deletion
    if (w.link->by_hand || ctx.settings.left == LeftPolicy::keep)
      w.filtered.pass = true;
    else
      w.now[s].presence = Presence::left;
    return;
  }
  if (w.ended) return stay_ended(ctx, w, w.filtered.stage, w.filtered.reason, w.filtered.args);
  Batch batch;
  settle(ctx, batch, w, "refused", w.filtered.stage, w.filtered.reason, w.filtered.args);
  ctx.carried.append(batch);
}

void quarantine_ambiguous(PassContext& ctx, WorkItem& w, const std::set<std::string>& candidates) {
  Done d;
  d.code = SY_INVALID;
  d.text = "several unlinked items could be its twin";
  Batch batch;
  json::array names(candidates.begin(), candidates.end());
  put_in_quarantine(ctx, batch, w, "match", d);
  ctx.carried.append(batch);
}

void match_item(PassContext& ctx, WorkItem& w) {
  if (w.link || one_way(w.kind()) || w.now[w.side()].presence != Presence::there) return;
  const Side s = w.side();
  std::set<std::string> candidates, rivals;
  const auto add = [&](Side of, const std::string& key, std::set<std::string>& to) {
    for (const Seen& c : ctx.ledger.seen_by_key(ctx.state.id, of, w.kind(), key))
      if (c.link == 0 && !ctx.linked_in_carried[of].contains(c.id)) to.insert(c.id);
  };
  for (const std::string& key : token_keys(ctx.state.organization, w.kind(), s, w.id(), mark_of(*w.item[s], "token")))
    add(other(s), key, candidates);
  const bool by_token = candidates.size() == 1;
  if (!by_token) candidates.clear();
  const std::vector<std::string> keys = by_token ? std::vector<std::string>() : match_keys(w.kind(), w.now[s].doc);
  for (const std::string& key : keys) add(other(s), key, candidates);
  if (candidates.empty()) return;
  for (const std::string& key : keys) add(s, key, rivals);
  rivals.erase(w.id());
  if (candidates.size() > 1 || !rivals.empty()) return quarantine_ambiguous(ctx, w, candidates);
  read_items(ctx, other(s), w.kind(), {*candidates.begin()}, SY_WHOLE, [&](const Item& i) {
    const SideNow now = side_now(i);
    if (now.presence != Presence::there) return;
    w.item[other(s)] = i;
    w.now[other(s)] = now;
    w.other_pending = ctx.ledger.pending(ctx.state.id, other(s), i.id);
  });
  if (by_token || !w.item[other(s)]) return;
  for (const std::string& key : match_keys(w.kind(), w.now[other(s)].doc)) add(s, key, rivals);
  rivals.erase(w.id());
  if (rivals.empty()) return;
  w.item[other(s)].reset();  // the twin has another one on this side, by another of its keys
  w.now[other(s)] = {};
  w.other_pending.reset();
  quarantine_ambiguous(ctx, w, candidates);
}

/// What a person says that a linked item is about is written beside what else has changed.
void set_regarding(WorkItem& w) {
  const auto* regarding = w.request ? w.request->args.if_contains("regarding") : nullptr;
  Decision& d = w.decision;
  if (regarding == nullptr || !w.link || (d.action != Action::nothing && d.action != Action::update)) return;
  if (w.now.crm.presence != Presence::there) return;
  if (d.action == Action::nothing) d.merge.wanted = {w.now.mailbox.doc, w.now.crm.doc};
  d.action = Action::update;
  d.reason = "regarding_set";
  d.merge.wanted.crm["regarding"] = *regarding;
  d.merge.fields.crm.emplace_back("regarding");
}

void reconcile_item(PassContext& ctx, WorkItem& w) {
  if (w.decision.action != Action::nothing) return;
  ReconcileInput in;
  in.kind = w.kind();
  in.linked = w.link.has_value();
  in.now = w.now;
  in.policy = w.link ? ctx.settings.conflict : ctx.settings.first_link;
  in.left_removes = ctx.settings.left == LeftPolicy::remove;
  in.edit_outlives = ctx.settings.edit_outlives;
  if (w.link) {
    in.base = w.link->base;
    in.written = {w.link->side.mailbox.written, w.link->side.crm.written};
  }
  for (const Side s : both_sides) in.carried[s] = carried_fields(*ctx.endpoint[s], w.kind());
  if (one_way(w.kind())) {
    const bool there = w.now.mailbox.presence == Presence::there;
    if (there && !w.link && w.side() == Side::mailbox)
      w.decision = {Action::create, Side::crm, "new_in_mailbox", {}, false};
    if (!there || !w.link || !consumes(ctx, w.kind())) return;
    if (w.link->state == LinkState::live) {
      w.decision = {Action::remove, Side::mailbox, "consumed", {}, false};
    } else {  // the row stays until the CRM's own feed has shown the record
      ++ctx.counts.waiting;
      w.settled = true;
    }
    return;
  }
  w.decision = reconcile(in);
  set_regarding(w);
}

const json::object& doc_to_write(const WorkItem& w) {
  const Side from = other(w.decision.side);
  return w.filtered.doc.empty() ? w.now[from].doc : w.filtered.doc;
}

void refuse(PassContext& ctx, WorkItem& w) {
  ctx.spool.remove_all(w.now[w.side()].doc);
  if (w.ended) return stay_ended(ctx, w, w.ruled.stage, w.ruled.reason, w.ruled.args);
  Batch batch;
  json::object details;
  json::array notes;
  for (const Note& n : w.ruled.notes)
    notes.emplace_back(json::object{{"stage", n.stage}, {"reason", n.reason}, {"args", n.args}});
  details["rules"] = std::move(notes);
  for (const std::string& key : w.ruled.looked_for) {
    Known k = ctx.ledger.known(ctx.state.org, message_key(key));
    if (!k.links.empty()) continue;  // it was linked, and the CRM does not have it any more: nothing to wait for
    const bool waits = std::any_of(k.waiters.begin(), k.waiters.end(),
                                   [&](const Waiter& x) { return x.pair == ctx.state.id && x.id == w.id(); });
    if (waits) continue;
    k.waiters.push_back({ctx.state.id, w.side(), w.id(), w.kind(), w.pending.version});
    batch.put(k);
    w.waits.push_back(message_key(key));
  }
  ++ctx.counts.refused_by[w.ruled.reason];
  settle(ctx, batch, w, "refused", w.ruled.stage, w.ruled.reason, w.ruled.args, std::move(details));
  if (w.waits.empty())
    ctx.carried.append(batch);
  else
    ctx.commit(batch);  // now, on its own: who links what this mail looked for must find it waiting
}

class Judge {
 public:
  Judge(PassContext& ctx, std::vector<WorkItem>& batch) : ctx_(ctx), batch_(batch) {}

  void run() {
    std::vector<WorkItem*> open;
    for (WorkItem& w : batch_)
      if (!w.settled && (w.decision.action == Action::create || w.decision.action == Action::update ||
                         w.decision.action == Action::remove))
        open.push_back(&w);
    // Mails in the order of their dates: each accepted one is a fact for the next (S7).
    std::stable_sort(open.begin(), open.end(),
                     [](const WorkItem* l, const WorkItem* r) { return date(*l) < date(*r); });
    std::map<const WorkItem*, json::object> facts;
    gather_facts(ctx_, open, facts);
    for (WorkItem* w : open) judge(*w, facts[w]);
    read_whole(open);
    for (WorkItem* w : open)
      if (!w->settled && whole_.contains(w)) judge(*w, facts[w]);
    for (WorkItem* w : open)
      if (!w->settled) w->key = natural_key(w->kind(), doc_to_write(*w)).value_or("");
  }

 private:
  static std::string date(const WorkItem& w) {
    const auto* d = w.filtered.doc.if_contains("date");
    return d != nullptr && d->is_string() ? std::string(d->get_string()) : std::string();
  }

  void judge(WorkItem& w, json::object& facts) {
    const auto* regarding = w.request ? w.request->args.if_contains("regarding") : nullptr;
    Proposed p = proposed(w);
    const std::uint32_t verb = p.verb;
    // What came before it in the order of dates, and that only: judged once more when it has been read whole, it must
    // not meet itself or its successors there, and wait for them.
    if (verb == SY_CREATE && one_way(w.kind()) && !whole_.contains(&w)) {
      json::array& page = facts["page"].as_array();
      if (const auto* asked = facts.if_contains("records_by_key"); asked != nullptr)
        for (const auto& [key, records] : asked->as_object())
          if (accepted_.contains(std::string(key))) page.emplace_back(key);
    }
    w.ruled = run_rules(ctx_.stages, verb, w.kind(), p.side, std::move(p.doc), p.flags, facts);
    if (regarding != nullptr && verb == SY_CREATE) w.ruled.doc["regarding"] = *regarding;  // a person's word goes first
    switch (w.ruled.outcome) {
      case RulesResult::Outcome::vetoed: refuse(ctx_, w); return;
      case RulesResult::Outcome::wait: {
        Batch batch;
        postpone(ctx_, batch, w, w.ruled.reason, ctx_.clock() + 60'000, true);
        ctx_.carried.append(batch);
        return;
      }
      case RulesResult::Outcome::failed: fail_by_rule(ctx_, w); return;
      case RulesResult::Outcome::confirmed:
        if (const auto* needs = w.ruled.args.if_contains("needs");
            needs != nullptr && verb == SY_CREATE && !ctx_.planning) {
          w.settled = true;  // rests on a mail of this very batch: judged again once that one is in the CRM
          return;
        }
        remember(w);
        break;
      case RulesResult::Outcome::unlink:
        w.decision.action = Action::unlink;
        w.decision.merge = {};
        break;
      case RulesResult::Outcome::need_full:
      case RulesResult::Outcome::link: break;
    }
  }

  void remember(const WorkItem& w) {
    for (std::string& key : record_keys(w.ruled.doc)) accepted_.insert(std::move(key));
  }

  /// What was confirmed on its head alone, and what an answer needs, is fetched whole and judged once more (S4).
  void read_whole(std::vector<WorkItem*>& open) {
    std::map<std::string, std::vector<WorkItem*>> wanted;
    for (WorkItem* w : open) {
      const Side s = w->side();
      if (w->settled || !w->item[s] || !w->item[s]->head() || w->ruled.outcome == RulesResult::Outcome::link) continue;
      if (one_way(w->kind()) && w->decision.action != Action::create) continue;            // nothing of it is written
      if (ctx_.planning && w->ruled.outcome == RulesResult::Outcome::confirmed) continue;  // a plan reads no bodies
      wanted[w->kind()].push_back(w);
    }
    for (auto& [kind, items] : wanted) {
      std::map<std::string, WorkItem*> by_id;
      std::vector<std::string> ids;
      for (WorkItem* w : items) {
        by_id[w->id()] = w;
        ids.push_back(w->id());
      }
      const Side s = items.front()->side();
      read_items(ctx_, s, kind, ids, SY_WHOLE, [&](const Item& i) {
        const auto it = by_id.find(i.id);
        if (it == by_id.end()) return;
        it->second->item[s] = i;
        it->second->now[s] = side_now(i);
        whole_.insert(it->second);
      });
      for (WorkItem* w : items) after_whole(*w);
    }
  }

  void after_whole(WorkItem& w) {
    const Side s = w.side();
    if (unreadable(ctx_, w)) return;
    if (w.now[s].presence == Presence::there) {
      w.filtered = run_filters(ctx_.stages, w.kind(), s, w.now[s].doc, w.item[s]->flags, basic_facts(ctx_, w, s));
      if (w.filtered.pass && (!w.item[s]->head() || w.now[s].doc.contains("oversize"))) return;
      Batch batch;
      if (w.filtered.pass)
        postpone(ctx_, batch, w, "the mailbox gave its head and not its body", ctx_.clock() + 60'000, true);
      else
        settle(ctx_, batch, w, "refused", w.filtered.stage, w.filtered.reason, w.filtered.args);
      ctx_.carried.append(batch);
      return;
    }
    Batch batch;  // it vanished between its head and its body
    settle(ctx_, batch, w, "removed", "kernel", "source_gone", {});
    ctx_.carried.append(batch);
  }

  PassContext& ctx_;
  std::vector<WorkItem>& batch_;
  std::set<const WorkItem*> whole_;
  std::set<std::string> accepted_;
};

}  // namespace

void read_items(PassContext& ctx, Side side, std::string_view kind, const std::vector<std::string>& ids, int depth,
                const std::function<void(const Item&)>& give) {
  const std::uint32_t most = ctx.endpoint[side]->caps(kind).max_batch;
  const std::size_t step = most == 0 ? ids.size() : most;
  for (std::size_t at = 0; at < ids.size(); at += step) {
    ctx.check();
    ctx.renew();  // a slow side may take longer for all of them than the lease lasts
    const std::vector<std::string> some(ids.begin() + static_cast<std::ptrdiff_t>(at),
                                        ids.begin() + static_cast<std::ptrdiff_t>(std::min(ids.size(), at + step)));
    ctx.endpoint[side]->fetch(ctx.budget(), kind, some, depth, [&](const Item& i) {
      give(i);
      return true;
    });
  }
}

namespace {
/// Where the rules let in a whole batch of mails, the next one is not read twice, head and whole (S4): a mailbox may
/// take as long to open as to read. The first that is refused ends this.
void note_accepted(PassContext& ctx, const std::vector<WorkItem>& batch) {
  std::map<std::string, bool> all;
  for (const WorkItem& w : batch) {
    if (!one_way(w.kind())) continue;
    const bool accepted =
        !w.settled && w.decision.action == Action::create && w.ruled.outcome == RulesResult::Outcome::confirmed;
    const auto [it, first] = all.emplace(w.kind(), accepted);
    it->second = it->second && accepted;
  }
  ctx.all_accepted.clear();
  for (const auto& [kind, accepted] : all)
    if (accepted) ctx.all_accepted.insert(kind);
}
}  // namespace

Proposed proposed(const WorkItem& w) {
  Proposed p;
  p.verb = w.decision.action == Action::create   ? SY_CREATE
           : w.decision.action == Action::update ? SY_UPDATE
                                                 : SY_DELETE;
  p.side = w.decision.action == Action::update ? (w.decision.merge.fields.crm.empty() ? Side::mailbox : Side::crm)
                                               : w.decision.side;
  p.flags = w.item[other(p.side)] ? w.item[other(p.side)]->flags & SY_ITEM_HEAD : 0;
  if (p.verb != SY_DELETE)
    p.doc = doc_to_write(w);
  else if (w.now[p.side].presence == Presence::there)
    p.doc = w.now[p.side].doc;
  else if (w.link)
    p.doc = w.link->base[p.side];
  return p;
}

void decide(PassContext& ctx, std::vector<WorkItem>& batch) {
  for (auto& [kind, items] : by_kind(batch)) {
    const bool heads = one_way(kind) && (ctx.planning || !ctx.all_accepted.contains(kind));
    const int depth = heads ? SY_HEAD : SY_WHOLE;
    read_side(ctx, kind, items, items.front()->side(), depth);
    if (items.front()->side() == Side::mailbox && !one_way(kind))
      for (WorkItem* w : items) follow_move(ctx, *w);
    std::vector<WorkItem*> linked;
    for (WorkItem* w : items) {
      if (w->settled) continue;
      ask_by_mark(ctx, *w);
      if (decide_request(ctx, *w) || waits_for_feed(ctx, *w) || ended(ctx, *w) || unreadable(ctx, *w) ||
          belongs_elsewhere(ctx, *w))
        continue;
      if (w->ended || (w->link && !one_way(kind) && w->link->state != LinkState::tombstone)) linked.push_back(w);
    }
    if (!linked.empty()) read_side(ctx, kind, linked, other(linked.front()->side()), depth);
    for (WorkItem* w : items) {
      if (!w->settled) filter_item(ctx, *w);
      if (!w->settled && w->ended) take_up_ended(ctx, *w);
      if (!w->settled && item_may_have_moved(ctx, *w)) continue;
      if (!w->settled) match_item(ctx, *w);
      if (!w->settled) reconcile_item(ctx, *w);
    }
  }
  Judge(ctx, batch).run();
  note_accepted(ctx, batch);
}

}  // namespace syncline
