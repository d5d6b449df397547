/* feeds.h: "sy.feeds/1", offered by a connection (organization feeds: read once for all pairs, any thread) or by an
 * endpoint (a mail folder: one pair reads it). A feed is what is reported at one cursor. */
#ifndef SYNCLINE_FEEDS_H
#define SYNCLINE_FEEDS_H

#include "endpoint.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
  SY_FEED_CURSOR = 1,             /* page() honours a cursor; without it every walk is a full listing */
  SY_FEED_TOMBSTONES = 2,         /* deletions are reported */
  SY_FEED_FOREIGN_TOMBSTONES = 4, /* … also of ids that it never showed */
  SY_FEED_IDS_ONLY = 8            /* items come without a document */
};

typedef struct sy_feed {
  uint32_t size, flags;
  sy_str name; /* stable; part of the cursor's key in the store */
  sy_str kind; /* contact, task, appointment, email */
} sy_feed;

typedef struct sy_feed_sink {
  void* ctx;
  int (*put)(const struct sy_feed_sink*, const sy_feed*);
} sy_feed_sink;

/* How a page ends. SY_RESET as the call's code: the cursor is unusable. */
enum {
  SY_PAGE_MORE = 0,            /* call again with the cursor just handed over */
  SY_PAGE_DELTA_COMPLETE = 1,  /* all changes since the cursor have been reported */
  SY_PAGE_LISTING_COMPLETE = 2 /* every item has been reported since the walk began: what was not is missing */
};

typedef struct sy_feeds {
  uint32_t size;
  sy_code (*list)(void* self, const sy_call*, const sy_feed_sink*, sy_error*); /* no network */
  /* `cursor` empty: a walk from the start. The next cursor goes to `next` (once; opaque, of any length; not at all for
   * a feed without one). Items are put in the server's order; a walk may put one item twice, the last one counts. */
  sy_code (*page)(void* self, const sy_call*, sy_str feed, sy_str cursor, const sy_items*, const sy_texts* next,
                  int32_t* end, sy_error*);
} sy_feeds;

#ifdef __cplusplus
}
#endif
#endif
