/* store.h: "sy.store/1": durable rows, narrow on purpose. Any thread; several processes may have one store open.
 * A row is a key of one to four integers, a JSON document, an optional opaque payload and a revision that counts its
 * writes from 1. Each table is a real one that an administrator can query. No transaction stays open across the
 * boundary: a commit is a value. */
#ifndef SYNCLINE_STORE_H
#define SYNCLINE_STORE_H

#include "plugin.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { SY_KEY_PARTS = 4 };
enum { SY_TABLE_SMALL = 1 }; /* short rows looked up by key only: the store may keep them inside the index */

typedef struct sy_table {
  uint32_t size, flags;
  const char* name;                /* [a-z_]+ */
  const char* parts[SY_KEY_PARTS]; /* column names of the key; null beyond the last */
} sy_table;

typedef struct sy_key {
  sy_str table;
  uint32_t n;
  int64_t part[SY_KEY_PARTS];
} sy_key; /* frozen */

typedef struct sy_row {
  uint32_t size;
  sy_key key;
  int64_t revision;
  sy_str doc, payload;
} sy_row;
typedef struct sy_row_sink {
  void* ctx;
  int (*put)(const struct sy_row_sink*, const sy_row*);
} sy_row_sink;

enum { SY_ANY_REVISION = -1, SY_ABSENT = 0 };
typedef struct sy_write {
  uint32_t size;
  int32_t remove; /* 1: the row is deleted */
  sy_key key;
  int64_t expect; /* SY_ANY_REVISION, SY_ABSENT, or the revision it must have */
  sy_str doc, payload;
} sy_write;

typedef struct sy_fence {
  uint32_t size;
  sy_str lease;
  int64_t number;
} sy_fence;

typedef struct sy_commit { /* all of it or nothing, durable when the call returns SY_OK */
  uint32_t size;
  size_t n_writes;
  const sy_write* const* writes;
  size_t n_fences; /* every fence must still be its lease's number */
  const sy_fence* const* fences;
} sy_commit;

typedef struct sy_lease {
  uint32_t size;
  int64_t fence;    /* rises with every change of holder */
  int64_t until_ms; /* UTC by the `now_ms` that was given */
  sy_str owner;     /* who holds it */
} sy_lease;
typedef struct sy_lease_sink {
  void* ctx;
  void (*put)(const struct sy_lease_sink*, const sy_lease*);
} sy_lease_sink;

typedef struct sy_store {
  uint32_t size;
  /* Opens or creates the store, checks it, makes the tables that are missing. read_only: nothing is created or written.
   * SY_CONFIG: damaged, from a newer version, not ours, not writable; the text says what to do. SY_FULL: disk full. */
  sy_code (*open)(void* self, const sy_call*, const sy_table* const* tables, size_t n, int32_t read_only, sy_error*);
  /* Puts a row for each key that exists, in the order of the keys. */
  sy_code (*get)(void* self, const sy_call*, const sy_key* keys, size_t n, const sy_row_sink*, sy_error*);
  /* Rows whose key begins with prefix->part[0..n-1], in key order, beginning after `after` (null: at the start), at
   * most `limit` (0: all). */
  sy_code (*scan)(void* self, const sy_call*, const sy_key* prefix, const sy_key* after, size_t limit,
                  const sy_row_sink*, sy_error*);
  /* SY_CONFLICT: an expectation or fence failed; `failed` is the write's index, or n_writes + the fence's index. */
  sy_code (*commit)(void* self, const sy_call*, const sy_commit*, size_t* failed, sy_error*);
  /* Takes or renews the lease for `ttl_ms`. force = 0: only when free, expired or already `owner`'s; renewing one's own
   * keeps the fence. force = 1: whoever holds it. force = 2: as 0, but one's own is taken anew with a higher fence.
   * SY_CONFLICT: held by another; the sink tells by whom. ttl_ms = 0: gives it up (only the owner's own). */
  sy_code (*lease)(void* self, const sy_call*, sy_str name, sy_str owner, int64_t now_ms, int64_t ttl_ms, int32_t force,
                   const sy_lease_sink*, sy_error*);
  /* Puts who holds the lease without touching it; nothing: nobody ever did. */
  sy_code (*holder)(void* self, const sy_call*, sy_str name, const sy_lease_sink*, sy_error*);
} sy_store;

#ifdef __cplusplus
}
#endif
#endif
