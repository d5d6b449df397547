/* discovery.h: "sy.discovery/1", offered by a connection that can tell what a system holds, so that a person can say
 * how it maps. It reads and never writes; no content of a record is put, only names and types. */
#ifndef SYNCLINE_DISCOVERY_H
#define SYNCLINE_DISCOVERY_H

#include "plugin.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct sy_discovery {
  uint32_t size;
  /* Puts one JSON object per collection: {"set": name, "key": column or "", "fields": [{"name": …, "type": …}], "note":
   * what could not be told, or ""}. `sets`: which ones; n = 0: all that can be found. */
  sy_code (*discover)(void* self, const sy_call*, const sy_str* sets, size_t n, const sy_texts*, sy_error*);
  /* Puts one text: a mapping file to start from, with remarks for a person; the plugin itself accepts it as it is. */
  sy_code (*draft)(void* self, const sy_call*, const sy_str* sets, size_t n, const sy_texts*, sy_error*);
} sy_discovery;

#ifdef __cplusplus
}
#endif
#endif
