/* blobs.h: "sy.blobs/1", offered by the host of an endpoint: bodies and attachments in pieces, through a spool of files
 * that only this user can read. A reference is a short JSON text that names pair, item, part, length and SHA-256; it
 * stands in documents and intents and can be opened again after a restart. Any thread; a handle by one at a time. */
#ifndef SYNCLINE_BLOBS_H
#define SYNCLINE_BLOBS_H

#include "plugin.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct sy_blobs {
  uint32_t size;
  sy_code (*begin)(const sy_host*, sy_str item, sy_str part, uint64_t* handle, sy_error*);
  sy_code (*append)(const sy_host*, uint64_t handle, const void* data, size_t len,
                    sy_error*); /* SY_FULL, SY_INVALID: over the limit */
  sy_code (*finish)(const sy_host*, uint64_t handle, const sy_texts* ref, sy_error*); /* ends the handle */
  void (*discard)(const sy_host*, uint64_t handle);                                   /* ends the handle */
  sy_code (*open)(const sy_host*, sy_str ref, uint64_t* handle, uint64_t* length,
                  sy_error*); /* SY_GONE: not there or not what it was */
  sy_code (*read)(const sy_host*, uint64_t handle, void* buf, size_t cap, size_t* got, sy_error*); /* got 0: end */
  void (*close)(const sy_host*, uint64_t handle);
  void (*remove)(const sy_host*, sy_str ref); /* an unfinished thought's leftovers: before any intent names it */
} sy_blobs;

#ifdef __cplusplus
}
#endif
#endif
