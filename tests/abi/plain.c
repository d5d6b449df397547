/* A plugin in plain C: one rule that refuses to delete anything. */
#include "syncline/endpoint.h" /* the verbs */
#include "syncline/rule.h"

#define TEXT(s) {s, sizeof(s) - 1}

static char instance; /* it has no state: any address will do */

static sy_code judge(void* self, const sy_proposal* p, const sy_ruling_sink* out, sy_error* error) {
  static const char reason[] = "never_deletes";
  sy_ruling ruling = {0};
  (void)self;
  (void)error;
  ruling.size = sizeof ruling;
  ruling.decision = SY_NO_OPINION;
  if (p->verb == SY_DELETE) {
    ruling.decision = SY_VETO;
    ruling.reason.ptr = reason;
    ruling.reason.len = sizeof reason - 1;
  }
  out->put(out, &ruling);
  return SY_OK;
}

static const sy_rule rule = {sizeof(sy_rule), TEXT(""), TEXT(""),
                             TEXT("{\"never_deletes\": \"deletions are left to people\"}"), judge, NULL};

static void* create(const sy_host* host, sy_str config, sy_error* error) {
  (void)host;
  (void)config;
  (void)error;
  return &instance;
}

static void destroy(void* self) { (void)self; }

static const void* extension(void* self, const char* id) {
  static const char wanted[] = "sy.rule/1";
  size_t i;
  (void)self;
  for (i = 0; i < sizeof wanted; ++i)
    if (id[i] != wanted[i]) return 0;
  return &rule;
}

static const sy_class never_deletes = {sizeof(sy_class), "rule",  "never_deletes", "Refuses every deletion", 0, 0, 1,
                                       create,           destroy, extension};
static const sy_class* const classes[] = {&never_deletes};

extern const sy_plugin sy_plugin_v1;
__attribute__((visibility("default"))) const sy_plugin sy_plugin_v1 = {
    SY_MAGIC, sizeof(sy_plugin), SY_ABI_MAJOR, SY_ABI_MINOR, "plain", "0.1.0", "Apache-2.0", 1, classes};
