/* directory.h: "sy.directory/1", offered by a CRM endpoint: who is behind an address, and which record bears a key.
 * Answers go to the sink as JSON, one text per question, in the order of the questions. */
#ifndef SYNCLINE_DIRECTORY_H
#define SYNCLINE_DIRECTORY_H

#include "plugin.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct sy_directory {
  uint32_t size;
  /* {"organization": id, "organization_name": …, "principal": {"id": …, "kind": "user"|"queue", "address": …,
   *  "name": …, "approved": bool, "enabled": bool, "incoming": 0..3, "method": 0..4 or null}}; SY_GONE: no such
   * principal; SY_UNSUPPORTED: the CRM cannot tell who owns a mailbox. */
  sy_code (*identity)(void* self, const sy_call*, sy_str address, const sy_texts*, sy_error*);
  /* Per address a JSON array of candidates {"type": "user"|"contact"|"account"|"lead"|"queue"|…, "id": …, "name": …,
   * "active": bool, "owner": id or null}; an empty array: nobody. */
  sy_code (*parties)(void* self, const sy_call*, const sy_str* addresses, size_t n, const sy_texts*, sy_error*);
  /* Per key a JSON array of records {"id": …, "version": …, "direction": "incoming"|"outgoing", "regarding": {"type":
   * …, "id": …} or null, "state": …, "created_ms": …}, the newest first. Keys of email: a Message-ID without brackets;
   * "token:" and a tracking token; "conversation:" and the base of a conversation index (hex); "words:" and a JSON
   * object {"subject": [word…], "addresses": [address…], "delta": n, "min_addresses": n, "max_words": n, "noise":
   * regular expression} for smart matching. A kind of key that the CRM cannot look up has an empty array. */
  sy_code (*records)(void* self, const sy_call*, sy_str kind, const sy_str* keys, size_t n, const sy_texts*, sy_error*);
} sy_directory;

#ifdef __cplusplus
}
#endif
#endif
