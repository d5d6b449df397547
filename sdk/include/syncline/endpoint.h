/* endpoint.h: "sy.endpoint/1": one mailbox or one CRM as a pair sees it. The kernel sees no difference but
 * capabilities. Used by one thread at a time. Documents are canonical JSON by the schemas in sdk/schema. */
#ifndef SYNCLINE_ENDPOINT_H
#define SYNCLINE_ENDPOINT_H

#include "plugin.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
  SY_ITEM_GONE = 1,      /* the server says explicitly that it does not exist */
  SY_ITEM_INVISIBLE = 2, /* gone or not visible: the server does not tell which; never a deletion by itself */
  SY_ITEM_HEAD = 4,      /* the document lacks bodies and parts: they are unknown, not empty */
  SY_ITEM_PARTIAL = 8    /* find: the create began and did not end; apply it again with the same token */
};

typedef struct sy_item {
  uint32_t size, flags;
  sy_str kind, id;
  sy_str version; /* changes with every change of the item; opaque */
  sy_str doc;     /* empty: not carried here */
  /* JSON object of what stands on the item beside its content; empty: none. "token": that of the create that made it;
   * "owner": the CRM's id of whose it is; "active": false where the CRM says so; "lasting": an id that it keeps when a
   * move gives it another `id`, and that a copy may share; "state": 1 to be linked, 2 linked, 3 to be unlinked, 4 to be
   * unlinked and deleted in the CRM, 0 no longer linked: a client asks by 1, 3 and 4, we write 2 and 0. */
  sy_str marks;
  int64_t changed_ms; /* last change, UTC; 0: not known */
} sy_item;

typedef struct sy_items {
  void* ctx;
  int (*put)(const struct sy_items*, const sy_item*);
} sy_items;

enum {
  SY_CREATE = 1,
  SY_UPDATE = 2,
  SY_DELETE = 3,
  SY_MARK = 4 /* writes `marks` on the item and leaves its content alone; only where caps say SY_STATES */
};
typedef struct sy_op {
  uint32_t size, verb;
  sy_str kind, id;   /* id: update, delete */
  sy_str if_version; /* update, delete: the version just read; the write is refused with SY_CONFLICT if it moved */
  sy_str token;      /* create: a UUID that the remote side will bear; the same create with the same token never
                        makes a second item */
  sy_str doc;        /* create: the whole document; update: the whole document as it shall be */
  sy_str fields;     /* update: JSON array of the top-level fields to write; what is absent from doc is cleared */
  /* create, mark, where caps say SY_STATES: JSON object of what shall stand on the item: "state": 2 linked, 0 not any
   * more; "organization": the CRM's id; "record": the record's id there. */
  sy_str marks;
} sy_op;

typedef struct sy_done { /* what became of one operation; the call's return code is for the whole call */
  uint32_t size;
  sy_code code;
  sy_str id, version;
  sy_str doc;          /* as the server stored it, when its own answer carried it at this version; else empty */
  sy_str later, never; /* JSON arrays of fields that are stored later, or never (S14); empty: none */
  int64_t changed_ms, retry_after_ms;
  sy_str server_code, text;
} sy_done;

typedef struct sy_dones {
  void* ctx;
  void (*put)(const struct sy_dones*, size_t op, const sy_done*);
} sy_dones;

enum {
  SY_CAN_CREATE = 1,
  SY_CAN_UPDATE = 2,
  SY_CAN_DELETE = 4,
  SY_IF_VERSION = 8,   /* update and delete are refused once the item moved on */
  SY_TOKEN_KEYED = 16, /* a create with a known token cannot make a second item */
  SY_TOKEN_FIND = 32,  /* find() sees a token as soon as create has answered */
  SY_MARKS = 64,       /* marks are carried on the item */
  SY_CONSUMES = 128,   /* mailbox: an item is to be deleted once the CRM has it for good */
  SY_STATES = 256      /* mailbox: an item bears the state of its link: marks of a create and SY_MARK are written */
};

typedef struct sy_caps {
  uint32_t size, flags; /* 0: this kind is not carried at all */
  uint32_t max_batch;   /* operations or ids per call; 0: no limit */
  int64_t settle_ms;    /* how long find() may lag behind create */
  sy_str fields;        /* JSON array of the document's top-level fields carried; empty: all of the schema */
} sy_caps;

enum { SY_HEAD = 0, SY_WHOLE = 1 }; /* depth of a fetch: head = all but bodies and parts */

typedef struct sy_endpoint {
  uint32_t size;
  sy_code (*caps)(void* self, sy_str kind, sy_caps* out, const sy_texts* fields); /* no network */
  /* Puts one item for every id asked for, in any order: its document, or a flag that says gone or invisible. */
  sy_code (*fetch)(void* self, const sy_call*, sy_str kind, const sy_str* ids, size_t n, int32_t depth, const sy_items*,
                   sy_error*);
  /* Puts the item made by this create's token, PARTIAL or complete; nothing: absent. */
  sy_code (*find)(void* self, const sy_call*, const sy_op* create, const sy_items*, sy_error*);
  /* Carries out the operations in order; puts one sy_done for each as soon as it is known. */
  sy_code (*apply)(void* self, const sy_call*, const sy_op* const* ops, size_t n, const sy_dones*, sy_error*);
} sy_endpoint;

#ifdef __cplusplus
}
#endif
#endif
