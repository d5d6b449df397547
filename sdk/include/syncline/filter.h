/* filter.h: "sy.filter/1": a stage that sees a change. Pure: no I/O, no clock, no state; any thread. */
#ifndef SYNCLINE_FILTER_H
#define SYNCLINE_FILTER_H

#include "plugin.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { SY_PASS = 1, SY_REWRITE = 2, SY_HOLD = 3 };

typedef struct sy_change {
  uint32_t size, flags; /* SY_ITEM_*: HEAD says that bodies and parts are unknown */
  int32_t side;         /* SY_MAILBOX or SY_CRM: where it changed */
  sy_str kind, doc;     /* the canonical document of the changed side */
  sy_str facts;         /* JSON: {"user": …, "now": …, "linked": bool, "marks": what the item bears, if anything} */
} sy_change;

typedef struct sy_verdict {
  uint32_t size;
  int32_t decision; /* SY_PASS, SY_REWRITE (doc is the new document) or SY_HOLD */
  sy_str reason;    /* HOLD, REWRITE: a code such as "received_before"; the words are in the class's `reasons` */
  sy_str args;      /* JSON object that the words name */
  sy_str doc;
} sy_verdict;

typedef struct sy_verdict_sink {
  void* ctx;
  void (*put)(const struct sy_verdict_sink*, const sy_verdict*);
} sy_verdict_sink;

typedef struct sy_filter {
  uint32_t size;
  sy_str kinds;   /* JSON array of kinds it wants to see; empty: all */
  sy_str reasons; /* JSON object: code → English sentence with {arg} places */
  sy_code (*run)(void* self, const sy_change*, const sy_verdict_sink*, sy_error*); /* puts exactly one verdict */
} sy_filter;

#ifdef __cplusplus
}
#endif
#endif
