// model_mail.hpp: one mail, in one or two mailboxes, one way into the CRM: a draft, an attachment, the final state. The
// second pair has the same mail and competes for the claim; another process may walk the CRM's feed between any two
// steps.
#pragma once

#include "model.hpp"

namespace syncline::model {

struct MailRules {
  bool claims = true;         ///< one pair creates, the other waits
  bool keyed = true;          ///< a token never makes a second record
  bool confirm_links = true;  ///< repair 2
  bool feed_first = true;     ///< repair 4
  // what the model itself has shown to be needed
  bool intent_holds_item = true;  ///< a mail with an open intent is left alone by the rest of the pass
  bool routed_to_intent = true;   ///< a deletion reaches an open intent also when another pair has a link to the record
  bool deleted_for_all = true;    ///< what was deleted in the CRM is not made again from another mailbox's copy
  bool echo_confirms = true;      ///< a fetch alone confirms no link that a walk has not shown
  bool lookup_confirmed = true;   ///< a link to a record that the directory named is unconfirmed like one to our own
  bool walks_numbered = true;     ///< a walk's number is durable when it begins, so one under way confirms nothing new
  // the surroundings
  int pairs = 1;
  bool foreign_tombstones = true;
  bool item_results = true;    ///< a lost request is that item's result; else the whole call fails
  bool spool_survives = true;  ///< a killed process finds its spooled parts again
  bool walker = false;
  bool interleaved = false;  ///< the other pair's pass may run between any two steps
};

class OneMail {
 public:
  enum LinkState : Byte { none, unconfirmed, live, tombstone };
  struct Pair {
    Byte there, seen, pending, waits, crm_row, crm_row_gone;  ///< the mail in its mailbox; its rows
    Byte link, links, ripe, walking, looked_up, deleted_in_crm;
    Byte intents, spooled, parts_lost;
  };
  struct Record {
    Byte id, there, final, attachment, dirty, shown;
    std::array<Byte, 2> snap, snap_there, fresh;
  };
  struct Late {
    Byte id, what;
  };
  struct State {
    std::array<Pair, 2> pair;
    std::array<Record, 2> record;  ///< a second one only where tokens are no keys
    std::array<Late, 2> late;
    Byte claim;  ///< pair + 1
    Byte crm_deleted, parts_lost, walker;
  };

  explicit OneMail(const MailRules& rules) : rules_(rules) {}
  [[nodiscard]] State start() const;
  void pass(State& s, Run& run);
  End end(const State& from);

 private:
  enum Request : Byte { draft = 1, part, final_state };
  enum Code : Byte { ok, retry, gone };

  void step(const char* where);
  void person(unsigned what, const char* where);
  void land(Late& l);
  Code perform(Byte what);
  Code request(Byte what, const char* where);
  Record* record();
  static void touch(Record& r);
  End judge();

  void run_pair(std::size_t n);
  void recover();
  void send();
  void record_create();
  void drop(bool deleted_in_crm);
  void failed();
  void capture();
  void begin_walk(std::size_t who);
  void end_walk(std::size_t who);
  void confirm();
  void work();
  bool wanted();
  [[nodiscard]] bool deleted_elsewhere() const;
  Pair& me() { return s_->pair.at(me_); }
  [[nodiscard]] Byte mine() const { return static_cast<Byte>(me_ + 1); }

  MailRules rules_;
  State* s_ = nullptr;
  Run* run_ = nullptr;
  State last_{};
  Run quiet_;
  std::size_t me_ = 0;
  bool walking_ = false, nested_ = false;
};

}  // namespace syncline::model
