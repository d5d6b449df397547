/* rule.h: "sy.rule/1": a stage that sees an operation with its facts. Pure: no I/O, no clock but the fact `now`, no
 * state; any thread. */
#ifndef SYNCLINE_RULE_H
#define SYNCLINE_RULE_H

#include "plugin.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
  SY_NO_OPINION = 0,
  SY_CONFIRM = 1,   /* confirmed, with a reason worth keeping; with `doc`: altered too; later rules still run */
  SY_VETO = 2,      /* refused; no later rule runs */
  SY_ALTER = 3,     /* `doc` is the document to write instead; later rules see it */
  SY_WAIT = 4,      /* a fact is unknown: try again later; no later rule runs */
  SY_NEED_FULL = 5, /* the answer depends on what a head lacks: fetch it whole and ask again */
  SY_LINK = 6,      /* do not create: the record in `args` ({"id": …, "version": …}) is this item; link to it. With
                       `doc`: then write its members to that record (an update of just these fields) */
  SY_FAIL = 7,      /* cannot be carried as it is: tried again as a failed write is, then quarantined */
  SY_UNLINK = 8     /* of a deletion: do not delete; the link ends and the item stays. No later rule runs */
};

typedef struct sy_proposal {
  uint32_t size;
  uint32_t verb;    /* SY_CREATE, SY_UPDATE, SY_DELETE */
  uint32_t flags;   /* SY_ITEM_HEAD: bodies and parts of doc are unknown */
  int32_t side;     /* SY_MAILBOX or SY_CRM: where it would be written */
  sy_str kind, doc; /* the document to write; delete: the item as it is, or was when it could last be read */
  sy_str facts;     /* JSON object of the facts that `wants` named; an absent member is unknown */
} sy_proposal;

typedef struct sy_ruling {
  uint32_t size;
  int32_t decision;
  sy_str reason, args; /* as in sy_verdict */
  sy_str doc;          /* SY_ALTER, SY_CONFIRM, SY_LINK */
  sy_str looked_for;   /* SY_VETO: JSON array of natural keys; when one of them is linked, ask again (S7) */
  /* With any decision that lets the operation go on: JSON array of creates that must have happened first, each
   * {"name": …, "kind": …, "key": natural key, "doc": …}. Where the document says {"needs": name}, the members "type"
   * and "id" of what was made take its place; a create that is refused for good (no right, invalid) leaves it out. */
  sy_str needs;
} sy_ruling;

typedef struct sy_ruling_sink {
  void* ctx;
  void (*put)(const struct sy_ruling_sink*, const sy_ruling*);
} sy_ruling_sink;

typedef struct sy_rule {
  uint32_t size;
  sy_str kinds; /* JSON array; empty: all */
  /* JSON array out of: user, now, parties, received_after;
   * link: of an item that is or was linked: {"state", "mailbox": id, "crm": id, "cause": why it ended, "owner": whose
   * the CRM's record was when it was last seen, "by_hand": true if a person tracked it, "base": {"mailbox", "crm"}: the
   * documents of the last common state}; absent members: not set or not known;
   * marks: what the item that the operation comes from bears (endpoint.h);
   * records: an array of the CRM's records with this item's own natural key, as sy_directory.records gives them;
   * records_by_key: what `keys` asked for, {key: array of records}; absent: the directory could not be asked;
   * page: those that `keys` asked for of what came before it in this very pass, is accepted, and may not be in the CRM
   * yet;
   * request: a person asked for this: {"verb": "track"|"regarding", "by": address, "regarding": {"type", "id"} if
   * given} */
  sy_str wants;
  sy_str reasons; /* JSON object: code → English sentence with {arg} places */
  sy_code (*judge)(void* self, const sy_proposal*, const sy_ruling_sink*, sy_error*); /* puts exactly one ruling */
  /* Null: none. Puts a text for each key of the directory (directory.h, records) that `judge` will want to look up for
   * this proposal. Called before any rule has judged or altered it, for a page of items, which are then looked up
   * together; the proposal's facts are those that need no asking. */
  sy_code (*keys)(void* self, const sy_proposal*, const sy_texts*, sy_error*);
} sy_rule;

#ifdef __cplusplus
}
#endif
#endif
