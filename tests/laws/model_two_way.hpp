// model_two_way.hpp: one item in a mailbox and a CRM, kept in step both ways; another process may walk the
// organization's feed between any two steps.
#pragma once

#include "model.hpp"

namespace syncline::model {

/// What of the protocol is in force, and what kind of servers stand on both sides.
struct TwoWayRules {
  // the four repairs
  bool base_from_answer = true;  ///< 1: the base is what the write's answer carried, or what stands at its version
  bool confirm_links = true;     ///< 2: a created link waits for a complete walk begun after its record
  bool refused_ends = true;      ///< 3: a write refused by version ends the item's merge for this pass
  bool feed_first = true;        ///< 4: the feed is read before a leftover create is repeated
  // what the model itself has shown to be needed
  bool repeat_is_adopted = true;  ///< a create sent again takes its base from the intent
  bool intent_holds_item = true;  ///< an item with an open intent is left alone by the rest of the pass
  bool newer_row_stays =
      true;  ///< an adopted create leaves a row alone that speaks of a newer version than it was made of
  bool losers_first = true;       ///< a conflict's loser is journaled with the intent, not with the record
  bool late_taken_back = true;    ///< a record that appears under a tombstone's token, as it was sent, is taken back
  bool update_recognised = true;  ///< recovery sees that a leftover update has happened
  bool deleted_create_linked =
      true;  ///< a create whose record was deleted before it was recorded is a link with one side gone
  bool gone_row_waits = true;  ///< the feed said gone and the server says there: first the feed must say so too
  bool remake_is_new_link =
      true;  ///< an item made anew gets a link of its own; the old one stays as the tombstone of its id
  bool fresh_row_stays = true;  ///< the record of a delete leaves a row alone that says the item is there
  bool echo_confirms =
      true;  ///< a fetch alone confirms no link that a walk has not shown: the walk's cursor may lie before its birth
  // the servers
  bool foreign_tombstones = true;  ///< the CRM's feed reports deletions of ids that it never showed
  bool answer_document = true;     ///< a write's answer carries the document
  bool repeat_exists = false;      ///< a repeated create is refused as existing, instead of answered like the first
  bool item_results = true;        ///< a lost request is that item's result; else the whole call fails
  bool mailbox_wins = false;       ///< conflicts; else the CRM wins
  bool mailbox_faults = false;     ///< requests to the mailbox go astray as well
  bool walker = false;             ///< another process walks the CRM's feed once, at any time
};

class TwoWay {
 public:
  static constexpr Byte mailbox = 0, crm = 1;
  static constexpr Byte adopted_version = 255;  ///< never a server's: the side is read and compared
  static constexpr Byte other(Byte side) { return side == mailbox ? crm : mailbox; }
  struct Item {
    Byte id, there, value, version, token;
    Byte dirty, shown;                                          ///< changed since the cursor; there at the cursor
    std::array<Byte, 2> snap, snap_version, snap_there, fresh;  ///< what a walk has read and not yet committed
  };
  enum LinkState : Byte { none, unconfirmed, live, tombstone };
  enum Cause : Byte { no_cause, source_gone, other_cause };
  struct Link {
    Byte id, state, cause, token, generation;
    std::array<Byte, 2> item, version, base;
    std::array<Byte, 2> tried;  ///< what we last meant to write there
    Byte confirm_side, ripe;
  };
  struct Seen {
    Byte id, version, judged, linked, token, keys;
  };
  struct Pending {
    Byte id, version, gone, revision, waited;
  };
  enum Verb : Byte { create = 1, update, remove };
  struct Intent {
    Byte id, verb, side, target, token, value, if_version;
    Byte source, source_version, source_value, link, generation;
  };
  struct Late {
    Byte id, verb, side, target, token, value, if_version;
  };
  struct State {
    std::array<std::array<Item, 4>, 2> item;
    std::array<Link, 6> link;
    std::array<std::array<Seen, 4>, 2> seen;
    std::array<std::array<Pending, 4>, 2> pending;
    std::array<Intent, 3> intent;
    std::array<Late, 2> late;
    Byte next_value, next_mail, next_link;
    Byte superseded, journaled;   ///< values that a person replaced or deleted; that a conflict lost
    std::array<Byte, 2> deleted;  ///< values that a person deleted, by side
    Byte quarantined, walker;     ///< walker: 0 yet to come, 1 walking, 2 done
  };

  explicit TwoWay(const TwoWayRules& rules) : rules_(rules) {}
  /// The item is in one side, as a person made it there.
  static State start(Byte side = mailbox);
  void pass(State& s, Run& run);
  End end(const State& from);

 private:
  enum Code : Byte { ok, retry, conflict, gone, exists };
  struct Done {
    Code code = retry;
    Byte id = 0, version = 0, value = 0;
  };
  struct Work {
    Byte side = 0, id = 0;
    Pending pending{};
    Pending other_pending{};
    Link link{};
    std::array<Item, 2> item{};  ///< as read; id 0: not read
    std::array<bool, 2> gone{};
    Byte generation = 0, loser = 0;
    bool settled = false;
  };

  // the world: model_two_way.cpp
  void step(const char* where);
  void person(unsigned what, const char* where);
  void touch(Item& i);
  Done perform(const Late& op);
  Done request(const Intent& op, const char* where);
  void land(Late& l);
  End judge();
  [[nodiscard]] std::size_t live_links(Byte side, Byte id) const;
  // the protocol: model_two_way_pass.cpp
  void recover();
  void recover_create(Intent op);
  void drop_create(const Intent& op, Cause cause);
  void capture();
  void begin_walk(Byte side, Byte who);
  void end_walk(Byte side, Byte who);
  void route(Byte side, Byte id, Byte version, bool there, Byte token);
  void confirm();
  void work(Byte side);
  bool decide(Work& w, Intent& op);  ///< true: `op` is to be written
  bool ended(Work& w, Intent& op);
  void match(Work& w);
  bool both_there(Work& w, Intent& op);
  bool one_gone(Work& w, Intent& op, Byte gone_side);
  void intend(Intent& op, Work& w);
  bool held(Byte side, Byte id) const;
  void send(const Intent& op, Work& w, bool again);
  void record_create(const Intent& op, Work& w, Done d, bool adopted);
  void record_update(const Intent& op, Work& w, const Done& d);
  void record_remove(const Intent& op, Work& w, const Done& d);
  void settle(Work& w, bool removed);
  void tombstone_link(Work& w, Cause cause);
  void quarantine(const Intent& op, Work& w);
  void close(const Intent& op);
  Work work_for(const Intent& op);
  Item* item(Byte side, Byte id) { return row(s_->item[side], id); }
  void put_pending(Byte side, Byte id, Byte version, bool gone);
  void drop_pending(Byte side, const Pending& p);
  Link* link_of(Byte side, Byte id);

  TwoWayRules rules_;
  State* s_ = nullptr;
  Run* run_ = nullptr;
  State last_{};
  Run quiet_;
  bool walking_ = false;  ///< the pass itself walks the CRM's feed and holds its lease
};

}  // namespace syncline::model
