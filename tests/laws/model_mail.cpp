#include "model_mail.hpp"

#include <algorithm>

namespace syncline::model {

namespace {
constexpr int most_quiet_passes = 16;
enum Happens : unsigned { nothing, killed, mail_gone, mail_again, other_mail_gone, crm_edit, crm_delete, land_first, land_second, walk_begins, walk_ends, other_pass };
constexpr std::array<const char*, 12> names{"",
                                            "killed",
                                            "the mail is deleted from the mailbox",
                                            "the mail is there again",
                                            "the mail is deleted from the other mailbox",
                                            "CRM edit",
                                            "CRM delete",
                                            "a late request lands",
                                            "a late request lands",
                                            "another process reads the CRM's feed",
                                            "the other process commits what it read",
                                            "the other pair's pass begins"};
}  // namespace

OneMail::State OneMail::start() const {
  State s{};
  for (int n = 0; n < rules_.pairs; ++n) s.pair.at(static_cast<std::size_t>(n)).there = 1;
  return s;
}

// ---- the world

OneMail::Record* OneMail::record() {
  const auto it = std::find_if(s_->record.begin(), s_->record.end(), [](const Record& r) { return r.there != 0; });
  return it == s_->record.end() ? nullptr : &*it;
}

void OneMail::touch(Record& r) {
  r.dirty = 1;
  r.fresh = {};
}

void OneMail::person(unsigned what, const char* where) {
  run_->note(names.at(what), where);
  --run_->events;
  if (what == mail_gone) me().there = 0;
  else if (what == mail_again) me().there = 1;
  else if (what == other_mail_gone) s_->pair.at(1 - me_).there = 0;
  else if (what == crm_edit) touch(*record());
  else {
    s_->crm_deleted = 1;
    Record& r = *record();
    r.there = r.final = r.attachment = 0;
    touch(r);
  }
}

void OneMail::step(const char* where) {
  if (run_->choices == nullptr) return;
  for (;;) {
    std::array<unsigned, 12> can{nothing};
    unsigned n = 1;
    const auto add = [&](bool possible, unsigned what) {
      if (possible) can.at(n++) = what;
    };
    if (run_->events > 0) {
      add(true, killed);
      add(me().there != 0, mail_gone);
      add(me().there == 0, mail_again);
      add(rules_.pairs == 2 && s_->pair.at(1 - me_).there != 0, other_mail_gone);
      add(record() != nullptr, crm_edit);
      add(record() != nullptr, crm_delete);
    }
    add(s_->late[0].id != 0, land_first);
    add(s_->late[1].id != 0, land_second);
    add(rules_.walker && s_->walker == 0 && !walking_, walk_begins);
    add(s_->walker == 1, walk_ends);
    add(rules_.interleaved && !nested_ && !walking_ && run_->pass == 1, other_pass);
    const unsigned what = n == 1 ? nothing : can.at(run_->choices->pick(n));
    if (what == nothing) return;
    if (what < land_first && what != killed) {
      person(what, where);
      continue;
    }
    run_->note(names.at(what), where);
    if (what == killed) {
      --run_->events;
      throw PassEnded();
    }
    if (what == land_first || what == land_second) {
      land(s_->late.at(what - land_first));
    } else if (what == other_pass) {
      nested_ = true;
      const std::size_t outer = me_;
      run_pair(1 - outer);
      me_ = outer;
    } else {
      if (what == walk_begins) begin_walk(1);
      else end_walk(1);
      s_->walker = what == walk_begins ? 1 : 2;
    }
  }
}

void OneMail::land(Late& l) {
  perform(l.what);
  l = Late{};
}

OneMail::Code OneMail::perform(Byte what) {
  Record* r = record();
  if (what == draft) {
    if (r != nullptr && rules_.keyed) return ok;
    for (Record& place : s_->record)
      if (place.there == 0) {
        place.id = place.there = 1;
        place.final = place.attachment = 0;
        touch(place);
        break;
      }
    return ok;
  }
  if (r == nullptr) return gone;
  if (r->final != 0) return ok;
  (what == part ? r->attachment : r->final) = 1;
  touch(*r);
  return ok;
}

OneMail::Code OneMail::request(Byte what, const char* where) {
  step(where);
  if (run_->choices == nullptr || run_->events == 0) return perform(what);
  Late* free = row(s_->late, Byte{0});
  const unsigned how = run_->choices->pick(free != nullptr ? 5 : 3);
  if (how == 0) return perform(what);
  --run_->events;
  if (how == 1) run_->note("the request is lost", where);
  if (how == 2) {
    run_->note("the reply is lost", where);
    perform(what);
  }
  if (how >= 3) {
    *free = {1, what};
    run_->note(how == 3 ? "the request is delayed" : "killed, the request on its way", where);
  }
  if (how == 4) throw PassEnded();
  return retry;
}

End OneMail::end(const State& from) {
  State& s = last_;
  s = from;
  s_ = &s;
  run_ = &quiet_;
  nested_ = true;
  if (s.walker == 1) end_walk(1);
  s.walker = 2;
  for (Late& l : s.late)
    if (l.id != 0) land(l);
  for (int n = 0;; ++n) {
    if (n == most_quiet_passes) return End::restless;
    const State before = s;
    for (int p = 0; p < rules_.pairs; ++p) run_pair(static_cast<std::size_t>(p));
    if (std::memcmp(&before, &s, sizeof s) == 0) break;
  }
  return judge();
}

End OneMail::judge() {
  const State& s = *s_;
  const Record* r = record();
  if (std::count_if(s.record.begin(), s.record.end(), [](const Record& x) { return x.there != 0; }) > 1) return End::duplicate;
  bool linked = false;
  for (const Pair& p : s.pair) {
    if (p.links > 1) return End::duplicate;
    if (p.intents != 0 || p.pending != 0) return End::restless;
    linked = linked || p.link == unconfirmed || p.link == live;
  }
  if (r == nullptr) {
    const bool waits = std::any_of(s.pair.begin(), s.pair.end(), [](const Pair& p) { return p.there != 0; });
    return linked || (waits && s.crm_deleted == 0) ? End::diverged : End::ok;
  }
  if (s.crm_deleted != 0) return End::crm_undone;
  if (r->final == 0 || !linked) return End::orphan;
  if (r->attachment == 0 && s.parts_lost == 0) return End::lost_edit;
  for (const Pair& p : s.pair)
    if (p.there != 0 && p.link != unconfirmed && p.link != live) return End::diverged;
  return End::ok;
}

// ---- the protocol

void OneMail::pass(State& s, Run& run) {
  s_ = &s;
  run_ = &run;
  nested_ = false;
  run_pair(static_cast<std::size_t>((run.pass - 1) % rules_.pairs));
}

void OneMail::run_pair(std::size_t n) {
  me_ = n;
  walking_ = false;
  for (Record& r : s_->record) r.snap[0] = r.snap_there[0] = r.fresh[0] = 0;
  try {
    recover();
    capture();
    work();
  } catch (const PassEnded&) {
    walking_ = false;
    if (!rules_.spool_survives) s_->pair.at(n).spooled = 0;
  }
}

void OneMail::recover() {
  const int open = me().intents;
  if (open == 0) return;
  step("recovery reads the CRM's feed");
  if (rules_.feed_first) begin_walk(0);
  step("recovery commits the CRM's feed");
  if (rules_.feed_first) end_walk(0);
  for (int n = 0; n < open; ++n) {
    step("find");
    const bool found = record() != nullptr;
    if (found && record()->final != 0) {
      step("the record of an adopted create");
      record_create();
      continue;
    }
    if (!found && rules_.feed_first && me().crm_row != 0 && me().crm_row_gone != 0) {
      step("a create is dropped, its record was deleted");
      drop(true);
      continue;
    }
    if (me().spooled == 0) {
      step("recovery looks for the source");
      if (me().there == 0 && !found) {
        step("a create is dropped, its source is gone");
        drop(false);
        continue;
      }
      if (me().there != 0) me().spooled = 1;
      else me().parts_lost = 1;
    }
    send();
  }
}

void OneMail::drop(bool deleted_in_crm) {
  --me().intents;
  if (s_->claim == mine()) s_->claim = 0;
  me().link = tombstone;
  me().deleted_in_crm = deleted_in_crm ? 1 : 0;
  me().pending = me().seen = me().crm_row = me().crm_row_gone = me().spooled = me().parts_lost = 0;
}

/// Not known whether it happened: the intent stays, recovery looks.
void OneMail::failed() {
  if (!rules_.item_results) throw PassEnded();
}

void OneMail::send() {
  const bool before = record() != nullptr;
  if (me().parts_lost != 0 && !before) {
    step("a create is dropped, what was begun is deleted");
    return drop(true);
  }
  if (me().parts_lost == 0 && request(draft, "the draft") == retry) return failed();
  if (record() != nullptr && record()->final == 0) {
    step("the parts are listed");
    if (me().parts_lost == 0 && record() != nullptr && record()->attachment == 0) {
      const Code c = request(part, "the attachment");
      if (c == retry) return failed();
    }
    if (request(final_state, "the final state") == retry) return failed();
  }
  step("the finished mail is read");
  if (record() == nullptr) {
    step("the record of a deletion while created");
    return drop(true);
  }
  step("the record of a create");
  record_create();
}

void OneMail::record_create() {
  Pair& p = me();
  --p.intents;
  if (s_->claim == mine()) s_->claim = 0;
  if (p.parts_lost != 0) s_->parts_lost = 1;
  p.link = rules_.confirm_links ? unconfirmed : live;
  ++p.links;
  p.ripe = p.pending = p.waits = p.spooled = p.parts_lost = 0;
  p.seen = p.there;
}

void OneMail::capture() {
  step("the mailbox's listing");
  const bool there = me().there != 0;
  step("the mailbox's listing is committed");
  if (!there) me().seen = me().pending = me().waits = 0;
  else if (me().seen == 0 && me().link == none) me().pending = 1;
  step("the CRM's page");
  begin_walk(0);
  step("the CRM's page is committed");
  end_walk(0);
  confirm();
}

void OneMail::begin_walk(std::size_t who) {
  if (who == 0 && s_->walker == 1) {
    end_walk(1);
    s_->walker = 2;
  }
  walking_ = walking_ || who == 0;
  for (Record& r : s_->record) {
    if (r.dirty == 0) continue;
    r.snap.at(who) = r.fresh.at(who) = 1;
    r.snap_there.at(who) = r.there;
  }
}

void OneMail::end_walk(std::size_t who) {
  if (who == 0) walking_ = false;
  for (Record& r : s_->record) {
    if (r.snap.at(who) == 0) continue;
    const bool there = r.snap_there.at(who) != 0;
    if (there || r.shown != 0 || rules_.foreign_tombstones) {
      bool linked = false;
      for (Pair& p : s_->pair) {
        if (p.link == none) continue;
        linked = true;
        if (p.link == tombstone) continue;
        if (!there) {
          p.link = tombstone;
          p.deleted_in_crm = 1;
        } else {
          p.link = live;
        }
      }
      for (Pair& p : s_->pair)
        if (p.intents != 0 && (!linked || rules_.routed_to_intent)) {
          p.crm_row = 1;
          p.crm_row_gone = there ? 0 : 1;
        }
    }
    r.shown = there ? 1 : 0;
    if (r.fresh.at(who) != 0) r.dirty = 0;
    r.snap.at(who) = r.snap_there.at(who) = r.fresh.at(who) = 0;
  }
  for (Pair& p : s_->pair)
    if (p.link == unconfirmed) p.ripe = 1;
}

void OneMail::confirm() {
  if (me().link != unconfirmed || me().ripe == 0) return;
  step("an unconfirmed link is fetched");
  const bool there = record() != nullptr;
  step("a link is confirmed");
  if (!there) {
    me().link = tombstone;
    me().deleted_in_crm = 1;
  } else if (!rules_.echo_confirms) {
    me().link = live;
  }
}

bool OneMail::deleted_elsewhere() const {
  return std::any_of(s_->pair.begin(), s_->pair.end(), [](const Pair& p) { return p.link == tombstone && p.deleted_in_crm != 0; });
}

/// Read, judged by its head, read whole; what the CRM has is linked.
bool OneMail::wanted() {
  step("the mail's head is read");
  if (me().there == 0) {
    step("a mail that has vanished is settled");
    me().pending = me().seen = me().waits = 0;
    return false;
  }
  step("the CRM's directory is asked");
  if (record() != nullptr && record()->final != 0) {
    step("the mail is linked");
    me().link = live;
    ++me().links;
    me().pending = me().waits = 0;
    me().seen = 1;
    return false;
  }
  step("the mail is read whole");
  if (me().there == 0) {
    step("a mail that has vanished is settled");
    me().pending = me().seen = me().waits = 0;
    return false;
  }
  me().spooled = 1;
  return true;
}

void OneMail::work() {
  const Byte other = static_cast<Byte>(2 - me_);
  const bool held = rules_.intent_holds_item && me().intents != 0;
  const bool waits = me().waits != 0 && s_->claim == other;
  if (me().pending != 0 && !held && !waits && me().intents < 2) {
    if (wanted()) {
      step("the intent");
      if (rules_.claims && s_->claim == other) {
        me().waits = 1;
        me().spooled = 0;
      } else if (rules_.deleted_for_all && deleted_elsewhere()) {
        me().pending = me().waits = me().spooled = 0;
        me().seen = 1;
      } else {
        s_->claim = mine();
        ++me().intents;
        me().waits = 0;
        send();
      }
    }
  }
  if (me().crm_row != 0 && !(rules_.intent_holds_item && me().intents != 0)) {
    step("an echo is settled");
    me().crm_row = me().crm_row_gone = 0;
  }
}

}  // namespace syncline::model
