// The protocol of the mail model, in the order of the kernel's phases. Between two steps everything is durable at once.
#include <algorithm>

#include "model_mail.hpp"

namespace syncline::model {

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
      if (me().there != 0)
        me().spooled = 1;
      else
        me().parts_lost = 1;
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
  p.ripe = p.walking = p.looked_up = p.pending = p.waits = p.spooled = p.parts_lost = 0;
  p.seen = p.there;
}

void OneMail::capture() {
  step("the mailbox's listing");
  const bool there = me().there != 0;
  step("the mailbox's listing is committed");
  if (!there)
    me().seen = me().pending = me().waits = 0;
  else if (me().seen == 0 && me().link == none)
    me().pending = 1;
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
  for (Pair& p : s_->pair) p.walking = p.link == unconfirmed ? 1 : 0;
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
    if (p.link == unconfirmed && (p.walking != 0 || !rules_.walks_numbered)) p.ripe = 1;
}

void OneMail::confirm() {
  if (me().link != unconfirmed || me().ripe == 0) return;
  step("an unconfirmed link is fetched");
  const bool there = record() != nullptr;
  step("a link is confirmed");
  if (!there) {
    me().link = tombstone;
    me().deleted_in_crm = 1;
  } else if (!rules_.echo_confirms || me().looked_up != 0) {  // what stood there long since has no echo
    me().link = live;
  }
}

bool OneMail::deleted_elsewhere() const {
  return std::any_of(s_->pair.begin(), s_->pair.end(),
                     [](const Pair& p) { return p.link == tombstone && p.deleted_in_crm != 0; });
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
    me().link = rules_.lookup_confirmed ? unconfirmed : live;
    me().ripe = me().walking = 0;
    me().looked_up = 1;
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
