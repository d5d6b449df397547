// schema.hpp: what makes a file a Syncline store: its mark, its version, the way from older versions, and the checks at
// the start.
#pragma once

#include <syncline/plugin.hpp>

#include "database.hpp"
#include "options.hpp"
#include "tables.hpp"

namespace syncline::sqlite {

inline constexpr std::int64_t application_id = 0x53796e63;  // "Sync"
inline constexpr std::int64_t schema_version = 1;

/// Makes an empty file that only its owner may read, if there is none. Throws SY_CONFIG: the folder is missing or
/// closed.
void create_file(const std::string& path, const Host& host);

/// Checks the mark and the version, and that the file is sound.
void verify_file(Database& db, const Call& call, bool read_only);

/// Brings an empty or an older file to this version and makes missing tables, in one transaction.
void prepare_file(Database& db, const Call& call, const Tables& tables, const Host& host);

/// Looks whether the tables can be read: all of it, or (a big file) both ends of each.
void check_file(Database& db, const Call& call, const Tables& tables, Check check, bool read_only);

}  // namespace syncline::sqlite
