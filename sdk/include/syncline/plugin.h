/* plugin.h: the binary contract between the Syncline kernel and a plugin. C11 and C++20, no other header.
 *
 * 1. Every struct begins with `size` and grows only at its end; read a field only if SY_HAS it. sy_str is frozen.
 * 2. Arrays are arrays of pointers, never of structs that may grow: their stride would move.
 * 3. Views in, sinks out: what a pointer names is borrowed for the call; a result is handed to the caller's sink, which
 *    copies it. Nothing that one side allocates is freed by the other. Text is UTF-8 and not terminated.
 * 4. No C++ type, no exception and no FILE* crosses. A plugin is loaded once and never unloaded.
 * 5. Threads: an endpoint is used by one thread at a time; a connection and a store by many at once. Host functions may
 *    be called from any thread. Further tables are had by name ("sy.endpoint/1"): id, header and struct share it. */
#ifndef SYNCLINE_PLUGIN_H
#define SYNCLINE_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { SY_ABI_MAJOR = 1, SY_ABI_MINOR = 0 };
#define SY_MAGIC 0x53594e43u /* the first word of sy_plugin: tells data from code that bears its name */
#define SY_HAS(p, field) ((p)->size >= offsetof(__typeof__(*(p)), field) + sizeof((p)->field))

typedef struct sy_str {
  const char* ptr;
  size_t len;
} sy_str;

/* What the caller has to do next, not what broke inside. */
typedef int32_t sy_code;
enum {
  SY_OK = 0,
  SY_RETRY = 1,       /* the same call again, not before retry_after_ms (0: the caller's own back-off) */
  SY_AUTH = 2,        /* credentials refused: pause, tell a person */
  SY_GONE = 3,        /* the server says explicitly that there is no such item */
  SY_CONFLICT = 4,    /* if_version, an expected revision or a fence did not hold: read again */
  SY_INVALID = 5,     /* this item will never be taken as it is: quarantine it */
  SY_RESET = 6,       /* cursor unusable: a full listing is needed; nothing is inferred from it */
  SY_UNSUPPORTED = 7, /* not offered by this plugin or server */
  SY_CANCELED = 8,    /* the call's cancel poll said so, or its deadline passed */
  SY_BROKEN = 9,      /* anything else: report, back off */
  SY_EXISTS = 10,     /* create refused because the token or key is taken: use find */
  SY_DENIED = 11,     /* no right to do this, or the item is not visible to us */
  SY_FULL = 12,       /* local storage is full */
  SY_CONFIG = 13      /* the configuration cannot work: tell a person, with the remedy in text */
};

typedef struct sy_error { /* caller-owned; the callee fills what it knows */
  uint32_t size;
  sy_code code;
  int64_t retry_after_ms;
  char server_code[64]; /* the server's own code, terminated; empty if it gave none */
  char text[432];       /* for a person, terminated, one line, without secrets and content */
} sy_error;

typedef struct sy_call { /* how long the caller is willing to wait; poll at least once a second */
  uint32_t size;
  int64_t (*remaining_ms)(const struct sy_call*); /* until the deadline; <= 0: it has passed */
  int (*canceled)(const struct sy_call*);
} sy_call;

typedef struct sy_texts { /* a sink of texts; put returns 0 to ask for no more */
  void* ctx;
  int (*put)(const struct sy_texts*, sy_str);
} sy_texts;

enum { SY_TRACE = 0, SY_DEBUG, SY_INFO, SY_WARN, SY_ERROR };
enum { SY_BEFORE = 0, SY_AFTER = 1 };
typedef struct sy_host { /* what the kernel offers; outlives the instance it was given to */
  uint32_t size, abi_major, abi_minor;
  void (*log)(const struct sy_host*, int level, sy_str item, sy_str text); /* item: its id, or empty */
  int64_t (*now_ms)(const struct sy_host*);                                /* UTC; the only clock */
  sy_code (*secret)(const struct sy_host*, sy_str option, const sy_texts*, sy_error*);
  void (*effect)(const struct sy_host*, int phase, sy_str what);   /* around each request that changes a remote side */
  void (*count)(const struct sy_host*, sy_str what, int64_t n);    /* requests, bytes_in, bytes_out, retries, … */
  const void* (*extension)(const struct sy_host*, const char* id); /* e.g. "sy.blobs/1"; null: not offered */
} sy_host;

/* clang-format off */
enum { SY_TEXT = 0, SY_INT, SY_BOOL, SY_DURATION, SY_BYTES, SY_CHOICE, SY_SECRET, SY_INSTANT, SY_LIST, SY_TABLE, SY_PATH, SY_URL,
       SY_REGEX /* a regular expression as ECMAScript has them, checked */ };
/* PER_ENDPOINT: stands in a user's or queue's `mailbox`, not in the connection; QUEUE_ONLY: refused for users;
   IN_EXAMPLE: not always required, but with the defaults it is, so `config example` gives it; ADDRESS: which mailbox it
   is, where not the one of the user's or queue's own address: no two may have the same */
enum { SY_REQUIRED = 1, SY_PER_ENDPOINT = 2, SY_QUEUE_ONLY = 4, SY_IN_EXAMPLE = 8, SY_ADDRESS = 16 };
/* clang-format on */
typedef struct sy_option { /* one key of the configuration; validation, JSON Schema, docs and example come from it */
  uint32_t size, type, flags;
  const char* name;     /* dotted for a table within: "auth.method" */
  const char* fallback; /* default as it would be written in TOML; null: none */
  const char* allowed;  /* SY_CHOICE: "a|b|c"; SY_INT, SY_DURATION, SY_BYTES: "min..max"; else null */
  const char *doc, *example;
} sy_option;

typedef struct sy_class { /* one kind of instance this library can make */
  uint32_t size;
  const char* role; /* connection, store, filter, rule */
  const char *name, *summary;
  size_t n_options;
  const sy_option* const* options;
  uint32_t revision;                                         /* filters and rules: raise it when verdicts may change */
  void* (*create)(const sy_host*, sy_str config, sy_error*); /* config: validated JSON; no network in here */
  void (*destroy)(void* self);
  const void* (*extension)(void* self, const char* id); /* any thread; null: not offered */
} sy_class;

typedef struct sy_plugin { /* the one exported symbol, constant-initialised: const sy_plugin sy_plugin_v1 */
  uint32_t magic, size, abi_major, abi_minor;
  const char *name, *version, *licence;
  size_t n_classes;
  const sy_class* const* classes;
} sy_plugin;

#ifdef __cplusplus
}
#endif
#endif
