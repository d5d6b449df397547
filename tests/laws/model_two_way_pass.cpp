// The protocol of the two-way model, in the order of the kernel's phases, first half: recovery, capture.
// Between two steps everything is durable at once, as a transaction is.
#include <algorithm>

#include "model_two_way.hpp"

namespace syncline::model {

void TwoWay::pass(State& s, Run& run) {
  s_ = &s;
  run_ = &run;
  walking_ = false;
  for (auto& side : s.item)
    for (Item& i : side) {
      i.snap[0] = i.snap_version[0] = i.snap_there[0] = i.fresh[0] = 0;
      if (s.walker != 1) i.fresh[1] = 0;
    }
  for (auto& side : s.pending)
    for (Pending& p : side) p.revision = p.id != 0 ? 1 : 0;
  try {
    recover();
    capture();
    work(mailbox);
    work(crm);
  } catch (const PassEnded&) {}
}

// ---- rows

TwoWay::Link* TwoWay::link_of(Byte side, Byte id) {
  Link* ended_link = nullptr;
  for (Link& l : s_->link) {
    if (l.id == 0 || l.item[side] != id) continue;
    if (l.state != tombstone) return &l;
    if (ended_link == nullptr || ended_link->id < l.id) ended_link = &l;
  }
  return ended_link;
}

void TwoWay::put_pending(Byte side, Byte id, Byte version, bool is_gone) {
  Pending& p = row_for(s_->pending[side], id);
  ++p.revision;
  p.version = version;
  p.gone = is_gone ? 1 : 0;
  p.waited = 0;
}

/// A row that somebody has written since it was read stays.
void TwoWay::drop_pending(Byte side, const Pending& read) {
  if (read.id == 0) return;
  if (Pending* p = row(s_->pending[side], read.id); p != nullptr && p->revision == read.revision) *p = Pending{};
}

void TwoWay::settle(Work& w, bool removed) {
  if (removed) {
    if (Seen* seen = row(s_->seen[w.side], w.id)) *seen = Seen{};
  } else {
    Seen& seen = row_for(s_->seen[w.side], w.id);
    const Item& i = w.item[w.side];
    seen.version = i.id != 0 ? i.version : w.pending.version;
    seen.judged = 1;
    seen.linked = w.link.id != 0 ? 1 : 0;
    seen.token = i.id != 0 ? i.token : Byte{0};
    seen.keys = seen.linked == 0 && i.there != 0 ? 1 : 0;
  }
  drop_pending(w.side, w.pending);
  drop_pending(other(w.side), w.other_pending);
  w.settled = true;
}

bool TwoWay::held(Byte side, Byte id) const {
  if (!rules_.intent_holds_item) return false;
  const auto& seen = s_->seen[side];
  return std::any_of(s_->intent.begin(), s_->intent.end(), [&](const Intent& i) {
    if (i.id == 0 || i.verb != create) return false;
    if (side != i.side && id == i.source) return true;
    const bool bears =
        std::any_of(seen.begin(), seen.end(), [&](const Seen& x) { return x.id == id && x.token == i.token; });
    if (side == i.side && (id == i.token || bears)) return true;
    return std::any_of(s_->link.begin(), s_->link.end(),
                       [&](const Link& l) { return l.id != 0 && l.id == i.link && l.item[side] == id; });
  });
}

void TwoWay::close(const Intent& op) {
  if (Intent* i = row(s_->intent, op.id)) *i = Intent{};
}

// ---- recovery

TwoWay::Work TwoWay::work_for(const Intent& op) {
  Work w;
  w.side = other(op.side);
  w.id = op.source;
  if (const Pending* p = row(s_->pending[w.side], op.source)) w.pending = *p;
  if (w.pending.version == 0) w.pending.version = op.source_version;
  return w;
}

void TwoWay::recover() {
  const auto open = s_->intent;
  if (std::none_of(open.begin(), open.end(), [](const Intent& i) { return i.id != 0; })) return;
  step("recovery reads the CRM's feed");
  if (rules_.feed_first) begin_walk(crm, 0);
  step("recovery commits the CRM's feed");
  if (rules_.feed_first) end_walk(crm, 0);
  for (const Intent& op : open) {
    if (op.id == 0) continue;
    if (op.verb == create) {
      recover_create(op);
      continue;
    }
    step("a leftover change is dropped back");
    put_pending(op.side, op.target, 0, false);
    close(op);
  }
}

void TwoWay::recover_create(Intent op) {
  Work w = work_for(op);
  step("find");
  const auto& items = s_->item[op.side];
  const auto found =
      std::find_if(items.begin(), items.end(), [&](const Item& i) { return i.there != 0 && i.token == op.token; });
  if (found != items.end()) {
    const Done d{ok, found->id, adopted_version, op.value};
    const Byte version = found->version;
    step("the record of an adopted create");
    put_pending(op.side, d.id, version, false);
    record_create(op, w, d, true);
    return;
  }
  if (op.side == crm && rules_.feed_first) {
    const Pending* p = row(s_->pending[crm], op.token);
    if (p != nullptr && p->gone != 0) {
      const Pending read = *p;
      if (rules_.deleted_create_linked) {  // the pending row stays: its deletion is carried like any other
        step("a create is recorded, its record was deleted");
        record_create(op, w, {ok, op.token, adopted_version, op.value}, true);
        return;
      }
      step("a create is dropped, its record was deleted");
      drop_pending(crm, read);
      drop_create(op, other_cause);
      return;
    }
  }
  step("recovery looks for the source");
  const Item* source = item(w.side, op.source);
  if (source == nullptr || source->there == 0) {
    step("a create is dropped, its source is gone");
    drop_create(op, source_gone);
    return;
  }
  send(op, w, true);
}

void TwoWay::drop_create(const Intent& op, Cause cause) {
  Work w = work_for(op);
  Link l{};
  l.id = op.link != 0 && !rules_.remake_is_new_link ? op.link : s_->next_link++;
  if (Link* old = row(s_->link, op.link); op.link != 0 && old != nullptr) old->state = tombstone;
  l.state = tombstone;
  l.cause = cause;
  l.token = op.token;
  l.generation = op.generation;
  l.item[other(op.side)] = op.source;
  l.version[other(op.side)] = op.source_version;
  l.item[op.side] = op.token;
  l.tried[op.side] = op.value;
  row_for(s_->link, l.id) = l;
  settle(w, true);
  close(op);
}

// ---- capture

void TwoWay::capture() {
  step("the mailbox's page");
  begin_walk(mailbox, 0);
  step("the mailbox's page is committed");
  end_walk(mailbox, 0);
  step("the CRM's page");
  begin_walk(crm, 0);
  step("the CRM's page is committed");
  end_walk(crm, 0);
  confirm();
}

void TwoWay::begin_walk(Byte side, Byte who) {
  if (side == crm && who == 0 && s_->walker == 1) {  // one walks at a time
    end_walk(crm, 1);
    s_->walker = 2;
  }
  walking_ = walking_ || (side == crm && who == 0);
  for (Item& i : s_->item[side])
    if (i.dirty != 0) {
      i.snap[who] = i.fresh[who] = 1;
      i.snap_version[who] = i.version;
      i.snap_there[who] = i.there;
    }
}

void TwoWay::end_walk(Byte side, Byte who) {
  if (side == crm && who == 0) walking_ = false;
  for (Item& i : s_->item[side]) {
    if (i.snap[who] == 0) continue;
    if (i.snap_there[who] != 0 || i.shown != 0 || (side == crm && rules_.foreign_tombstones))
      route(side, i.id, i.snap_version[who], i.snap_there[who] != 0, i.token);
    i.shown = i.snap_there[who];
    if (i.fresh[who] != 0) i.dirty = 0;
    i.snap[who] = i.snap_version[who] = i.snap_there[who] = i.fresh[who] = 0;
  }
  for (Link& l : s_->link)
    if (l.state == unconfirmed && l.confirm_side == side) l.ripe = 1;
}

void TwoWay::route(Byte side, Byte id, Byte version, bool there, Byte token) {
  bool linked = false;
  for (Link& l : s_->link) {
    if (l.id == 0 || l.item[side] != id || (side == mailbox && &l != link_of(side, id))) continue;
    linked = true;
    if (l.state == tombstone) {
      if (there && version != l.version[side]) put_pending(side, id, version, false);
      continue;
    }
    if (l.state == unconfirmed && l.confirm_side == side && there) l.state = live;
    if (!there || version != l.version[side]) put_pending(side, id, version, !there);
  }
  if (linked) return;
  for (const Intent& i : s_->intent)
    if (side == crm && i.id != 0 && i.verb == create && i.side == crm && i.token == id) {
      put_pending(side, id, version, !there);
      return;
    }
  Seen* seen = row(s_->seen[side], id);
  if (!there) {
    if (seen == nullptr) return;
    *seen = Seen{};
    if (Pending* p = row(s_->pending[side], id)) *p = Pending{};
    return;
  }
  if (seen != nullptr && seen->version == version && seen->judged != 0) return;
  Seen& fresh = row_for(s_->seen[side], id);
  fresh.version = version;
  fresh.judged = 0;
  fresh.token = token;
  fresh.keys = 1;
  put_pending(side, id, version, false);
}

void TwoWay::confirm() {
  for (Link& place : s_->link) {
    if (place.id == 0 || place.state != unconfirmed || place.ripe == 0) continue;
    const Link read = place;
    const Byte side = read.confirm_side;
    step("an unconfirmed link is fetched");
    const Item* i = item(side, read.item[side]);
    const bool there = i != nullptr && i->there != 0;
    const Byte version = there ? i->version : Byte{0};
    step("a link is confirmed");
    place = read;
    if (!there || !rules_.echo_confirms) place.state = live;
    if (!there || version != read.version[side]) put_pending(side, read.item[side], version, !there);
  }
}

}  // namespace syncline::model
