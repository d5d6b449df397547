// The world of the mail model: people, the CRM, the network, and what an end state is worth.
#include "model_mail.hpp"

#include <algorithm>

namespace syncline::model {

namespace {
constexpr int most_quiet_passes = 16;
enum Happens : unsigned {
  nothing,
  killed,
  mail_gone,
  mail_again,
  other_mail_gone,
  crm_edit,
  crm_delete,
  land_first,
  land_second,
  walk_begins,
  walk_ends,
  other_pass
};
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
  if (what == mail_gone)
    me().there = 0;
  else if (what == mail_again)
    me().there = 1;
  else if (what == other_mail_gone)
    s_->pair.at(1 - me_).there = 0;
  else if (what == crm_edit)
    touch(*record());
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
      if (what == walk_begins)
        begin_walk(1);
      else
        end_walk(1);
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
  if (std::count_if(s.record.begin(), s.record.end(), [](const Record& x) { return x.there != 0; }) > 1)
    return End::duplicate;
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

}  // namespace syncline::model
