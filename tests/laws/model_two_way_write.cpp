// The protocol of the two-way model, second half: decision, writing, record.
#include <algorithm>

#include "model_two_way.hpp"

namespace syncline::model {

namespace {

/// Derived from the source item and the generation alone; a CRM record bears its token as its id.
Byte token_of(Byte from, Byte id, Byte generation) {
  if (generation > 3) throw std::logic_error("the model's tokens end at generation 3");
  return static_cast<Byte>(from == TwoWay::mailbox ? 16 + id * 4 + generation : 64 + (id - 16) * 4 + generation);
}

bool twins(Byte side, Byte id, Byte token, Byte other_id, Byte other_token) {
  const auto made_from = [](Byte from, Byte source, Byte bears) {
    return bears != 0 && (bears == token_of(from, source, 0) || bears == token_of(from, source, 1));
  };
  return made_from(side, id, other_token) || made_from(TwoWay::other(side), other_id, token);
}

}  // namespace

// ---- decision

void TwoWay::work(Byte side) {
  for (std::size_t n = 0; n < s_->pending[side].size(); ++n) {
    const Pending read = s_->pending[side][n];
    if (read.id == 0 || held(side, read.id)) continue;
    Work w;
    w.side = side;
    w.id = read.id;
    w.pending = read;
    if (const Link* l = link_of(side, read.id)) w.link = *l;
    if (w.link.id != 0 && w.link.state != tombstone)
      if (const Pending* p = row(s_->pending[other(side)], w.link.item[other(side)])) w.other_pending = *p;
    Intent op{};
    if (decide(w, op)) intend(op, w);
  }
}

bool TwoWay::decide(Work& w, Intent& op) {
  const auto read = [&](Byte side, Byte id, const char* where) {
    step(where);
    if (const Item* i = item(side, id); i != nullptr && i->there != 0)
      w.item[side] = *i;
    else
      w.gone[side] = true;
  };
  read(w.side, w.id, "the item is read");
  if (rules_.gone_row_waits && w.pending.gone != 0 && w.pending.waited == 0 && !w.gone[w.side]) {
    step("it waits for the feed");
    if (Pending* p = row(s_->pending[w.side], w.id); p != nullptr && p->revision == w.pending.revision) p->waited = 1;
    return false;
  }
  if (ended(w, op)) return op.verb != 0;
  const Byte far = other(w.side);
  if (w.link.id != 0)
    read(far, w.link.item[far], "its twin is read");
  else if (!w.gone[w.side])
    match(w);
  op.source = w.id;
  if (w.link.id != 0 && w.gone[mailbox] && w.gone[crm]) {
    step("both are gone");
    tombstone_link(w, other_cause);
    settle(w, true);
    return false;
  }
  if (w.link.id != 0 && (w.gone[mailbox] || w.gone[crm])) return one_gone(w, op, w.gone[mailbox] ? mailbox : crm);
  if (w.item[mailbox].id != 0 && w.item[crm].id != 0) return both_there(w, op);
  if (w.gone[w.side]) {
    step("an unlinked item is gone");
    settle(w, true);
    return false;
  }
  op.verb = create;
  op.side = far;
  op.value = op.source_value = w.item[w.side].value;
  op.source_version = w.item[w.side].version;
  op.generation = w.generation;
  op.token = token_of(w.side, w.id, op.generation);
  return true;
}

bool TwoWay::ended(Work& w, Intent& op) {
  if (w.link.id == 0 || w.link.state != tombstone) return false;
  const Item& i = w.item[w.side];
  const bool back = !w.gone[w.side];
  const bool ours = w.side == crm && back && w.id == w.link.token;
  const bool as_sent = i.value == w.link.tried[crm];
  if (ours && (rules_.late_taken_back ? as_sent : w.link.cause == source_gone)) {
    op.verb = remove;
    op.side = crm;
    op.target = w.id;
    op.if_version = i.version;
    op.link = w.link.id;
    op.source = w.id;
    return true;
  }
  if (back && i.version != w.link.version[w.side]) {
    w.generation = static_cast<Byte>(w.link.generation + 1);
    w.link = Link{};
    return false;
  }
  step("nothing to do for an ended link");
  settle(w, !back);
  return true;
}

void TwoWay::match(Work& w) {
  const Byte far = other(w.side);
  Byte candidate = 0;
  int candidates = 0;
  for (const Seen& c : s_->seen[far])
    if (c.id != 0 && c.linked == 0 && c.keys != 0 && twins(w.side, w.id, w.item[w.side].token, c.id, c.token)) {
      candidate = c.id;
      ++candidates;
    }
  if (candidates != 1) return;
  step("the match is read");
  const Item* i = item(far, candidate);
  if (i == nullptr || i->there == 0) return;
  w.item[far] = *i;
  if (const Pending* p = row(s_->pending[far], candidate)) w.other_pending = *p;
}

bool TwoWay::both_there(Work& w, Intent& op) {
  const Item &m = w.item[mailbox], &c = w.item[crm];
  const bool first = w.link.id == 0;
  const bool m_changed = m.value != w.link.base[mailbox], c_changed = c.value != w.link.base[crm];
  if (!m_changed && !c_changed) {
    step("in step");
    if (Link* l = row(s_->link, w.link.id)) {
      if (l->version[mailbox] != m.version || l->version[crm] != c.version) {
        *l = w.link;
        l->version = {m.version, c.version};
      }
    }
    settle(w, false);
    return false;
  }
  Byte winner = m_changed ? mailbox : crm;
  if (m_changed && c_changed) winner = rules_.mailbox_wins && !first ? mailbox : crm;
  const Byte loser = other(winner);
  if (m.value == c.value) {
    step("the same change on both sides");
    record_update(op, w, Done{ok, 0, 0, 0});
    return false;
  }
  if (m_changed && c_changed) w.loser = w.item[loser].value;
  op.verb = update;
  op.side = loser;
  op.target = w.item[loser].id;
  op.if_version = w.item[loser].version;
  op.value = w.item[winner].value;
  op.link = w.link.id;
  return true;
}

/// An edit outlives a deletion; what we ourselves wrote there, or meant to, is not an edit.
bool TwoWay::one_gone(Work& w, Intent& op, Byte gone_side) {
  const Byte rest = other(gone_side);
  const Item& i = w.item[rest];
  op.link = w.link.id;
  const bool ours = rules_.update_recognised && i.value == w.link.tried[rest];
  if (i.value == w.link.base[rest] || ours) {
    op.verb = remove;
    op.side = rest;
    op.target = i.id;
    op.if_version = i.version;
    return true;
  }
  op.verb = create;
  op.side = gone_side;
  op.value = op.source_value = i.value;
  op.source = i.id;
  op.source_version = i.version;
  op.generation = static_cast<Byte>(w.link.generation + 1);
  op.token = token_of(rest, i.id, op.generation);
  return true;
}

// ---- writing and its record

void TwoWay::intend(Intent& op, Work& w) {
  step("the intent");
  op.id = 1;
  while (row(s_->intent, op.id) != nullptr) ++op.id;
  row_for(s_->intent, op.id) = op;
  if (rules_.losers_first) s_->journaled = static_cast<Byte>(s_->journaled | bit(w.loser));
  if (Link* l = row(s_->link, op.link); l != nullptr && op.verb == update) l->tried[op.side] = op.value;
  if (w.link.id != 0 && op.verb == update) w.link.tried[op.side] = op.value;
  send(op, w, false);
}

void TwoWay::send(const Intent& op, Work& w, bool again) {
  Done d = request(op, op.verb == create ? "the create" : op.verb == update ? "the update" : "the delete");
  if (d.code == conflict && op.verb == update && !rules_.refused_ends) {
    Intent blind = op;
    step("the refused write is repeated");
    if (const Item* i = item(op.side, op.target)) blind.if_version = i->version;
    d = request(blind, "the repeated write");
  }
  const bool whole_call_failed = d.code == retry && !rules_.item_results;
  if (op.verb == remove) {
    step("the record of a delete");
    record_remove(op, w, d);
  } else if (op.verb == update) {
    record_update(op, w, d);
  } else if (d.code == exists) {
    step("find after a refusal as existing");
    const auto& items = s_->item[op.side];
    const auto found =
        std::find_if(items.begin(), items.end(), [&](const Item& i) { return i.there != 0 && i.token == op.token; });
    if (found == items.end()) {
      step("the record of a refused create");
      quarantine(op, w);
    } else {
      record_create(op, w, {exists, found->id, found->version, found->value}, rules_.repeat_is_adopted);
    }
  } else if (d.code == ok) {
    record_create(op, w, d, again && rules_.repeat_is_adopted);
  }
  if (whole_call_failed) throw PassEnded();
}

namespace {
/// What stands on the written side at the version of the write's answer; value 0: nobody can tell.
struct Stored {
  Byte value = 0, version = 0;
};
}  // namespace

void TwoWay::record_create(const Intent& op, Work& w, Done d, bool adopted) {
  const Byte to = op.side, from = other(to);
  Stored stored{op.value, adopted_version};
  const bool look = adopted && d.version != adopted_version;
  const Byte version = d.version;
  if (!adopted) {
    stored = {d.value, d.version};
    if (!rules_.answer_document || d.code == exists || !rules_.base_from_answer) {
      step("read-back");
      const Item* i = item(to, d.id);
      const bool there = i != nullptr && i->there != 0;
      if (!rules_.base_from_answer)
        stored = there ? Stored{i->value, i->version} : Stored{op.value, d.version};
      else if (!there || i->version != d.version)
        stored.value = 0;
    }
  }
  if (d.version != adopted_version) step("the record of a create");
  Link l{};
  if (Link* old = row(s_->link, op.link); op.link != 0 && old != nullptr) {
    if (rules_.remake_is_new_link)
      old->state = tombstone;
    else
      l = *old;
  }
  if (l.id == 0) l.id = s_->next_link++;
  l.state = rules_.confirm_links ? unconfirmed : live;
  l.cause = no_cause;
  l.ripe = 0;
  l.confirm_side = to;
  l.token = op.token;
  l.generation = op.generation;
  l.item[from] = op.source;
  l.version[from] = op.source_version;
  l.item[to] = d.id;
  l.version[to] = stored.version;
  l.base[from] = op.source_value;
  l.base[to] = stored.value != 0 ? stored.value : op.value;
  l.tried[to] = op.value;
  if (stored.value == 0 || look || d.code == exists) put_pending(to, d.id, version, false);
  row_for(s_->link, l.id) = l;
  Seen& twin = row_for(s_->seen[to], d.id);
  twin.version = stored.version;
  twin.judged = twin.linked = 1;
  twin.keys = 0;
  if (rules_.newer_row_stays && w.pending.id != 0 && w.pending.version != op.source_version) w.pending = Pending{};
  w.link = l;
  settle(w, false);
  close(op);
}

void TwoWay::record_update(const Intent& op, Work& w, const Done& d) {
  std::array<Byte, 2> now{w.item[mailbox].value, w.item[crm].value};
  Stored stored{d.value, d.version};
  if (op.verb == update && d.code == ok) {
    if (!rules_.answer_document || !rules_.base_from_answer) {
      step("read-back");
      const Item* i = item(op.side, op.target);
      const bool there = i != nullptr && i->there != 0;
      if (!rules_.base_from_answer)
        stored = there ? Stored{i->value, i->version} : Stored{op.value, d.version};
      else if (!there || i->version != d.version)
        stored.value = 0;
    }
    now[op.side] = stored.value != 0 ? stored.value : op.value;
  }
  if (op.verb == update) step("the record of an update");
  Link l = w.link;
  if (l.id == 0) {
    l.id = s_->next_link++;
    l.state = live;
  }
  for (const Byte s : {mailbox, crm}) {
    l.item[s] = w.item[s].id;
    l.version[s] = w.item[s].version;
  }
  if (d.code == ok) {
    l.base = now;
    if (op.verb == update) {
      l.version[op.side] = stored.version;
      if (stored.value == 0) put_pending(op.side, op.target, d.version, false);
    }
  }
  row_for(s_->link, l.id) = l;
  w.link = l;
  Seen& twin = row_for(s_->seen[other(w.side)], l.item[other(w.side)]);
  twin.version = l.version[other(w.side)];
  twin.judged = twin.linked = 1;
  twin.keys = 0;
  close(op);
  if (d.code == ok) {
    s_->journaled = static_cast<Byte>(s_->journaled | bit(w.loser));
    settle(w, false);
  } else if (d.code != retry) {
    put_pending(op.side, op.target, 0, false);
  }
}

void TwoWay::tombstone_link(Work& w, Cause cause) {
  w.link.state = tombstone;
  w.link.cause = cause;
  row_for(s_->link, w.link.id) = w.link;
  const Byte far = other(w.side);
  if (Seen* twin = row(s_->seen[far], w.link.item[far])) *twin = Seen{};
}

void TwoWay::record_remove(const Intent& op, Work& w, const Done& d) {
  close(op);
  if (d.code == retry) return;
  if (d.code == conflict) {
    put_pending(op.side, op.target, 0, false);
    return;
  }
  if (op.side != w.side)
    if (const Pending* p = row(s_->pending[op.side], op.target);
        p != nullptr && (p->gone != 0 || !rules_.fresh_row_stays))
      w.other_pending = *p;
  tombstone_link(w, other_cause);
  settle(w, true);
}

void TwoWay::quarantine(const Intent& op, Work& w) {
  s_->quarantined = 1;
  close(op);
  settle(w, false);
}

}  // namespace syncline::model
