/* The layout as a C compiler sees it, and the values of the constants that stand in stores and logs. */
#include "syncline/blobs.h"
#include "syncline/connection.h"
#include "syncline/directory.h"
#include "syncline/discovery.h"
#include "syncline/endpoint.h"
#include "syncline/feeds.h"
#include "syncline/filter.h"
#include "syncline/rule.h"
#include "syncline/store.h"

#define SYNCLINE_SIZE(type, n) _Static_assert(sizeof(type) == (n), #type " has another size");
#define SYNCLINE_OFFSET(type, field, n) _Static_assert(offsetof(type, field) == (n), #type "." #field " has moved");
#if defined(__LP64__)
#include "layout.h"
#endif

int syncline_layout_in_c(void) { return (int)SY_ABI_MAJOR; }
