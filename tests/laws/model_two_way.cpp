// The world of the two-way model: people, servers, the network, and what an end state is worth.
#include "model_two_way.hpp"

#include <algorithm>

namespace syncline::model {

namespace {
constexpr Byte first_mail = 1, first_value = 1;
constexpr Byte first_record = 17;  // no mailbox item's token
constexpr int most_quiet_passes = 16;

enum Happens : unsigned {
  nothing,
  killed,
  mail_edit,
  mail_delete,
  mail_again,
  crm_edit,
  crm_delete,
  land_first,
  land_second,
  walk_begins,
  walk_ends
};
constexpr std::array<const char*, 11> names{"",
                                            "killed",
                                            "mailbox edit",
                                            "mailbox delete",
                                            "mailbox re-create under the same id",
                                            "CRM edit",
                                            "CRM delete",
                                            "a late request lands",
                                            "a late request lands",
                                            "another process reads the CRM's feed",
                                            "the other process commits what it read"};

template <class T>
auto* present(T& items) {
  const auto it = std::find_if(items.begin(), items.end(), [](const auto& i) { return i.id != 0 && i.there != 0; });
  return it == items.end() ? nullptr : &*it;
}
}  // namespace

TwoWay::State TwoWay::start(Byte side) {
  State s{};
  Item& i = row_for(s.item[side], side == mailbox ? first_mail : first_record);
  i.there = i.dirty = 1;
  i.value = first_value;
  i.version = 1;
  s.next_value = first_value + 1;
  s.next_mail = first_mail + 1;
  s.next_link = 1;
  return s;
}

void TwoWay::touch(Item& i) {
  ++i.version;
  i.dirty = 1;
  i.fresh = {};
}

void TwoWay::person(unsigned what, const char* where) {
  run_->note(names.at(what), where);
  --run_->events;
  const Byte side = what == crm_edit || what == crm_delete ? crm : mailbox;
  Item& i = what == mail_again ? *item(mailbox, first_mail) : *present(s_->item[side]);
  if (what != mail_again) s_->superseded = static_cast<Byte>(s_->superseded | bit(i.value));
  if (what == mail_delete || what == crm_delete) {
    s_->deleted[side] = static_cast<Byte>(s_->deleted[side] | bit(i.value));
    i.there = 0;
  } else {
    i.there = 1;
    i.value = s_->next_value++;
  }
  touch(i);
}

/// Everything that may happen here, as often as it may.
void TwoWay::step(const char* where) {
  if (run_->choices == nullptr) return;
  for (;;) {
    std::array<unsigned, 10> can{nothing};
    unsigned n = 1;
    const auto add = [&](unsigned what) { can.at(n++) = what; };
    if (run_->events > 0) {
      add(killed);
      if (present(s_->item[mailbox]) != nullptr) {
        add(mail_edit);
        add(mail_delete);
      } else if (item(mailbox, first_mail) != nullptr) {
        add(mail_again);
      }
      if (present(s_->item[crm]) != nullptr) {
        add(crm_edit);
        add(crm_delete);
      }
    }
    if (s_->late[0].id != 0) add(land_first);
    if (s_->late[1].id != 0) add(land_second);
    if (rules_.walker && s_->walker == 0 && !walking_) add(walk_begins);
    if (s_->walker == 1) add(walk_ends);
    const unsigned what = n == 1 ? nothing : can.at(run_->choices->pick(n));
    switch (what) {
      case nothing: return;
      case killed:
        run_->note(names.at(what), where);
        --run_->events;
        throw PassEnded();
      case land_first:
      case land_second:
        run_->note(names.at(what), where);
        land(s_->late.at(what - land_first));
        break;
      case walk_begins:
        run_->note(names.at(what), where);
        begin_walk(crm, 1);
        s_->walker = 1;
        break;
      case walk_ends:
        run_->note(names.at(what), where);
        end_walk(crm, 1);
        s_->walker = 2;
        break;
      default: person(what, where);
    }
  }
}

void TwoWay::land(Late& l) {
  perform(l);
  l = Late{};
}

/// The server carries a request out.
TwoWay::Done TwoWay::perform(const Late& op) {
  const auto answer = [](const Item& i) { return Done{ok, i.id, i.version, i.value}; };
  if (op.verb == create) {
    Item* there = nullptr;
    for (Item& i : s_->item[op.side])
      if (i.id != 0 && i.there != 0 && i.token == op.token) there = &i;
    if (there != nullptr) return rules_.repeat_exists ? Done{exists, 0, 0, 0} : answer(*there);
    Item& i = row_for(s_->item[op.side], op.side == crm ? op.token : s_->next_mail);
    if (op.side == mailbox) ++s_->next_mail;
    i.token = op.token;
    i.there = 1;
    i.value = op.value;
    touch(i);
    return answer(i);
  }
  Item* i = item(op.side, op.target);
  if (i == nullptr || i->there == 0) return {gone, 0, 0, 0};
  if (op.if_version != i->version) return {conflict, 0, 0, 0};
  if (op.verb == remove)
    i->there = 0;
  else
    i->value = op.value;
  touch(*i);
  return answer(*i);
}

/// A request and what the network makes of it.
TwoWay::Done TwoWay::request(const Intent& op, const char* where) {
  step(where);
  const Late sent{1, op.verb, op.side, op.target, op.token, op.value, op.if_version};
  Late* free = row(s_->late, Byte{0});
  if ((op.side != crm && !rules_.mailbox_faults) || run_->choices == nullptr || run_->events == 0) return perform(sent);
  const unsigned what = run_->choices->pick(free != nullptr ? 5 : 3);
  if (what == 0) return perform(sent);
  --run_->events;
  switch (what) {
    case 1: run_->note("the request is lost", where); return {};
    case 2:
      run_->note("the reply is lost", where);
      perform(sent);
      return {};
    case 3:
      run_->note("the request is delayed", where);
      *free = sent;
      return {};
    default:
      run_->note("killed, the request on its way", where);
      *free = sent;
      throw PassEnded();
  }
}

End TwoWay::end(const State& from) {
  State& s = last_;
  s = from;
  s_ = &s;
  run_ = &quiet_;
  if (s.walker == 1) end_walk(crm, 1);
  s.walker = 2;
  for (Late& l : s.late)
    if (l.id != 0) land(l);
  for (int n = 0;; ++n) {
    if (n == most_quiet_passes) return End::restless;
    State before = s;
    pass(s, quiet_);
    for (auto& side : before.pending)
      for (Pending& p : side) p.revision = p.id != 0 ? 1 : 0;
    if (std::memcmp(&before, &s, sizeof s) == 0) break;
  }
  if (s.quarantined != 0) return End::parked;
  return judge();
}

/// The live link of an item; more than one, or a shared one, is a duplicate.
std::size_t TwoWay::live_links(Byte side, Byte id) const {
  return static_cast<std::size_t>(std::count_if(s_->link.begin(), s_->link.end(), [&](const Link& l) {
    return l.id != 0 && l.state != tombstone && l.item[side] == id;
  }));
}

End TwoWay::judge() {
  const State& s = *s_;
  unsigned kept = s.superseded | s.journaled;
  for (const Byte side : {mailbox, crm}) {
    unsigned contents = 0;
    for (const Item& i : s.item[side]) {
      if (i.there == 0) continue;
      if ((contents & bit(i.value)) != 0 || live_links(side, i.id) > 1) return End::duplicate;
      contents |= bit(i.value);
    }
    kept |= contents;
  }
  for (Byte v = first_value; v < s.next_value; ++v)
    if ((kept & bit(v)) == 0) return End::lost_edit;
  for (const Byte side : {mailbox, crm})
    for (const Item& i : s.item[side])
      if (i.there != 0 && live_links(side, i.id) == 0) return End::orphan;
  End out = End::ok;
  for (const Link& l : s.link) {
    if (l.id == 0 || l.state == tombstone) continue;
    const Item *m = item(mailbox, l.item[mailbox]), *c = item(crm, l.item[crm]);
    if (m == nullptr || c == nullptr || m->there == 0 || c->there == 0 || m->value != c->value) return End::diverged;
    if ((s.deleted[crm] & bit(m->value)) != 0)
      out = End::crm_undone;
    else if ((s.deleted[mailbox] & bit(m->value)) != 0)
      out = End::mailbox_undone;
  }
  return out;
}

}  // namespace syncline::model
