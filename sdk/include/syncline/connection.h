/* connection.h: "sy.connection/1": one configured system with its credentials, shared by all pairs that use it. Safe to
 * call from several threads. May also offer "sy.feeds/1" (organization feeds) and "sy.discovery/1". */
#ifndef SYNCLINE_CONNECTION_H
#define SYNCLINE_CONNECTION_H

#include "plugin.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { SY_MAILBOX = 1, SY_CRM = 2 };

typedef struct sy_connection {
  uint32_t size;
  int32_t side; /* SY_MAILBOX or SY_CRM */
  /* `settings`: JSON with the PER_ENDPOINT options and {"principal": {"kind": "user"|"queue", "address": …}}.
   * `host` belongs to this endpoint (its secrets, spool and log context). No network in here. */
  void* (*open)(void* self, const sy_host* host, sy_str settings, sy_error*);
  void (*close)(void* self, void* endpoint);
  const void* (*endpoint_extension)(void* self, void* endpoint, const char* id); /* "sy.endpoint/1", "sy.feeds/1", … */
  /* Facts about the server for `plugin info` and `doctor`, as one JSON object; reads from it and never writes. A member
   * "findings" is a list of what was checked: {"check": a short name ("sign-in"), "state": "ok", "warning" or "error",
   * "text": what was found and what follows, one line, "remedy": what to do, or ""}. A server that cannot be used is a
   * finding, not an error; the call fails when it is canceled, or when nothing could be asked at all. */
  sy_code (*probe)(void* self, const sy_call*, const sy_texts*, sy_error*);
} sy_connection;

#ifdef __cplusplus
}
#endif
#endif
