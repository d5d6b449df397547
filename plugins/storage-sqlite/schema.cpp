#include "schema.hpp"

#include <sqlite3.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <thread>

namespace syncline::sqlite {
namespace {

/// Beyond this, a check of every page would be felt at each start.
constexpr std::int64_t check_whole_up_to = 64LL << 20;

struct Migration {
  std::int64_t to;
  const char* sql;
};
/// In order; each brings a file from the version before it to `to`. Never change one that was released: add the next.
constexpr std::array<Migration, 1> migrations{{
    {1,
     "CREATE TABLE lease(name TEXT PRIMARY KEY NOT NULL, owner TEXT NOT NULL, fence INTEGER NOT NULL,"
     " until_ms INTEGER NOT NULL) WITHOUT ROWID"},
}};
static_assert(migrations.back().to == schema_version);

[[noreturn]] void unusable(const Database& db, const std::string& what) {
  throw Error(SY_CONFIG, "store " + db.path() + ": " + what);
}

std::int64_t objects(Database& db) { return db.integer("SELECT count(*) FROM sqlite_schema"); }

void damaged(const Database& db) {
  unusable(db, "it is damaged; stop Syncline, keep the file, and restore a backup (nothing is created twice)");
}

}  // namespace

void create_file(const std::string& path, const Host& host) {
  struct stat seen{};
  if (::stat(path.c_str(), &seen) == 0) {
    if (S_ISDIR(seen.st_mode)) throw Error(SY_CONFIG, "store " + path + ": is a folder; `path` must name a file in it");
    if ((seen.st_mode & 077U) != 0) {
      host.log(SY_WARN, {}, "store " + path + " can be read by other users of this machine; chmod 600 it");
    }
    return;
  }
  const std::filesystem::path folder = std::filesystem::absolute(path).parent_path();
  std::error_code ignored;
  if (!std::filesystem::is_directory(folder, ignored)) {
    throw Error(SY_CONFIG, "store " + path + ": its folder does not exist; create " + folder.string() +
                               " for the user that runs Syncline, or correct `path`");
  }
  // Made under another name and linked: closing a file that SQLite already has open in this process would drop its
  // locks.
  std::string temporary = path + ".new-XXXXXX";
  const int fd = ::mkstemp(temporary.data());  // mode 0600
  int failed = errno;
  if (fd >= 0) {
    ::close(fd);
    failed = ::link(temporary.c_str(), path.c_str()) == 0 ? 0 : errno;
    ::unlink(temporary.c_str());
  }
  if (failed == 0 || failed == EEXIST) return;
  const bool full = failed == ENOSPC || failed == EDQUOT;
  throw Error(
      full ? SY_FULL : SY_CONFIG,
      "store " + path + ": cannot be created (" + std::generic_category().message(failed) + "); " +
          (full ? "free space on its file system" : "make its folder writable for the user that runs Syncline"));
}

void verify_file(Database& db, const Call& call, bool read_only) {
  const Busy waiting(db, call);
  // In this order: the mark and the first table come in one transaction, so a file seen without tables may be another
  // process's new one, but tables seen after it are seen with their mark.
  const bool empty = objects(db) == 0;
  const std::int64_t mark = db.integer("PRAGMA application_id");
  if (mark == 0 && empty) {
    if (read_only) unusable(db, "no state yet (the file is empty); run a pass first");
    return;
  }
  if (mark != application_id) {
    unusable(db, "not a Syncline store (an SQLite file of another program); correct `path` or move the file away");
  }
  const std::int64_t version = db.integer("PRAGMA user_version");
  if (version > schema_version) {
    unusable(db, "written by a newer Syncline (store version " + std::to_string(version) + ", this one knows " +
                     std::to_string(schema_version) +
                     "); use that version again, or restore the backup made before the update");
  }
  if (read_only && version < schema_version) {
    unusable(db, "of an older Syncline (store version " + std::to_string(version) + ", this one reads " +
                     std::to_string(schema_version) + "); run a pass once, which brings it up to date");
  }
}

namespace {
/// WAL needs the file for itself for a moment and does not always ask the busy handler for it.
void set_journal(Database& db, const Call& call) {
  for (;;) {
    try {
      Statement s = db.prepare("PRAGMA journal_mode=WAL");
      if (!s.step() || s.bytes(0) != "wal") {
        unusable(db, "its file system cannot do write-ahead logging; put it on a local disk");
      }
      return;
    } catch (const Error& e) {
      if (e.code() != SY_RETRY || call.remaining_ms() <= 0) throw;
      if (call.canceled()) throw Error(SY_CANCELED, "canceled");
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }
}
}  // namespace

void prepare_file(Database& db, const Call& call, const Tables& tables, const Host& host) {
  const Busy waiting(db, call);
  db.exec("PRAGMA page_size=4096");  // of a file that is empty; else without effect
  set_journal(db, call);
  db.exec("PRAGMA synchronous=FULL");
  db.exec("PRAGMA wal_autocheckpoint=4000");
  db.exec("PRAGMA journal_size_limit=67108864");
  db.exec("BEGIN IMMEDIATE");
  try {
    // Read again: another process may have been first.
    const bool fresh = db.integer("PRAGMA application_id") == 0 && objects(db) == 0;
    const std::int64_t found = db.integer("PRAGMA user_version");
    if (fresh) db.exec("PRAGMA application_id=" + std::to_string(application_id));
    for (const Migration& m : migrations) {
      if (m.to <= found) continue;
      db.exec(m.sql);
      db.exec("PRAGMA user_version=" + std::to_string(m.to));
      if (!fresh) host.log(SY_INFO, {}, "store " + db.path() + ": brought to version " + std::to_string(m.to));
    }
    tables.create_missing(db);
    tables.verify(db);
    db.exec("COMMIT");
  } catch (...) {
    db.rollback();
    throw;
  }
}

void check_file(Database& db, const Call& call, const Tables& tables, Check check, bool read_only) {
  if (check == Check::none) return;
  const Busy waiting(db, call, true);
  const std::int64_t bytes = db.integer("PRAGMA page_count") * db.integer("PRAGMA page_size");
  if (check == Check::full) {
    Statement s = db.prepare("PRAGMA integrity_check(1)");
    if (!s.step() || s.bytes(0) != "ok") damaged(db);
  } else if (!read_only && bytes <= check_whole_up_to) {
    Statement s = db.prepare("PRAGMA quick_check(1)");
    if (!s.step() || s.bytes(0) != "ok") damaged(db);
  } else {
    for (const auto& [name, table] : tables.all()) {
      if (!table.exists(db)) continue;
      std::string keys, descending;
      for (const std::string& p : table.parts) {
        keys += (keys.empty() ? "\"" : ",\"") + p + '"';
        descending += (descending.empty() ? "\"" : ",\"") + p + "\" DESC";
      }
      for (const std::string& order : {keys, descending}) {
        db.prepare("SELECT doc, payload FROM \"" + name + "\" ORDER BY " + order + " LIMIT 1").step();
      }
    }
  }
}

}  // namespace syncline::sqlite
