// database.hpp: one SQLite connection and its statements as values. A connection is used by one thread at a time;
// waiting for another process ends with the call it is done for.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <syncline/plugin.hpp>
#include <unordered_map>

struct sqlite3;
struct sqlite3_stmt;

namespace syncline::sqlite {

class Database;

/// A prepared statement in use: resets itself when it goes. Bound texts must outlive it.
class Statement {
 public:
  Statement(Database& db, sqlite3_stmt* raw) : db_(&db), raw_(raw) {}
  Statement(Statement&& o) noexcept : db_(o.db_), raw_(std::exchange(o.raw_, nullptr)), next_(o.next_) {}
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;
  Statement& operator=(Statement&&) = delete;
  ~Statement();

  Statement& bind(std::int64_t value);
  Statement& bind(std::string_view text);
  /// An empty blob is stored as NULL, so that a person who looks sees that there is none.
  Statement& bind_blob(std::string_view bytes);
  /// True: a row is there.
  bool step();
  [[nodiscard]] std::int64_t integer(int column) const;
  /// Valid until the next step.
  [[nodiscard]] std::string_view bytes(int column) const;

 private:
  Database* db_;
  sqlite3_stmt* raw_;
  int next_ = 1;
};

struct Opening {
  std::string path;
  bool read_only = false;
  std::int64_t cache_bytes = 8 << 20;
  std::chrono::milliseconds busy_timeout{10'000};
};

class Database {
 public:
  /// The file must exist.
  Database(Opening opening, const Call& call);
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;
  ~Database();

  /// Cached by its text: `sql` must be one of a bounded set.
  [[nodiscard]] Statement prepare(std::string_view sql);
  void exec(const std::string& sql);
  [[nodiscard]] std::int64_t integer(std::string_view sql);
  [[nodiscard]] std::int64_t changes() const;
  /// False: SQLite itself has rolled the transaction back.
  [[nodiscard]] bool in_transaction() const;
  /// Never throws: what is done after something else has failed.
  void rollback() noexcept;
  [[nodiscard]] const std::string& path() const { return opening_.path; }
  /// Turns a result code into the Error that says what to do about it.
  [[noreturn]] void fail(int rc, std::string_view doing) const;

 private:
  friend class Busy;
  static int on_busy(void* self, int attempt);
  static int on_progress(void* self);
  struct Close {
    void operator()(sqlite3* db) const;
  };
  struct Finalize {
    void operator()(sqlite3_stmt* s) const;
  };
  Opening opening_;
  std::unique_ptr<sqlite3, Close> db_;
  std::unordered_map<std::string, std::unique_ptr<sqlite3_stmt, Finalize>> statements_;
  const Call* call_ = nullptr;  // whom we wait for; set by Busy
  std::chrono::steady_clock::time_point until_{};
  bool canceled_ = false;
};

/// While it stands, waiting for a lock (and a long check) on this connection ends with the call.
class Busy {
 public:
  Busy(Database& db, const Call& call, bool interruptible = false);
  Busy(const Busy&) = delete;
  Busy& operator=(const Busy&) = delete;
  ~Busy();

 private:
  Database& db_;
};

}  // namespace syncline::sqlite
