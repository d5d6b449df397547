#include "store.hpp"

using syncline::sqlite::SqliteStore;

SYNCLINE_PLUGIN("storage-sqlite", "0.1.0", "Apache-2.0", SqliteStore);
