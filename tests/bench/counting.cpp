// Preloaded into a program under measurement: counts what it asks of the store, the heap and the network, and can write
// down every row that it writes, so that replay.c can write the same rows in the same transactions. Of a counting run
// no time is taken.
#include "counting.hpp"

#include <dlfcn.h>
#include <sqlite3.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

extern "C" {
void* __libc_malloc(std::size_t n);                 // NOLINT(bugprone-reserved-identifier)
void* __libc_calloc(std::size_t n, std::size_t m);  // NOLINT(bugprone-reserved-identifier)
void* __libc_realloc(void* p, std::size_t n);       // NOLINT(bugprone-reserved-identifier)
}

namespace {

using syncline::bench::Counts;

struct Atomics {
  std::atomic<std::uint64_t> allocations{0}, commits{0}, rows_read{0}, rows_written{0}, item_rows_read{0},
      item_rows_written{0}, received{0}, lines_sent{0};
};
Atomics counted;

template <class F>
F next(const char* name) {
  return reinterpret_cast<F>(::dlsym(RTLD_NEXT, name));
}

/// Rows of items, beside those that say how a pass went (pair, run, feed, lease, sequence, meta).
bool of_items(std::string_view table) {
  for (const std::string_view other : {"pair", "run", "feed", "lease", "sequence", "meta", "request"})
    if (table == other) return false;
  return true;
}

std::string_view table_of(std::string_view sql) {
  std::size_t at = sql.starts_with("SELECT") ? sql.find("FROM \"") : sql.find('"');
  if (at == std::string_view::npos) return sql.find(" lease") == std::string_view::npos ? "" : "lease";
  at = sql.find('"', at) + 1;
  return sql.substr(at, sql.find('"', at) - at);
}

bool changes_rows(std::string_view sql) {
  return sql.starts_with("INSERT") || sql.starts_with("UPDATE") || sql.starts_with("DELETE");
}

/// What was written, in order: see replay.c.
class Trace {
 public:
  Trace() {
    if (const char* path = std::getenv("BENCH_TRACE")) file_ = std::fopen(path, "wb");
  }
  [[nodiscard]] bool on() const { return file_ != nullptr; }
  void text(char what, std::string_view sql) {
    std::fputc(what, file_);
    bytes(sql);
  }
  void mark(char what) { std::fputc(what, file_); }
  void bound(sqlite3_stmt* s, int at, std::string value) {
    auto& values = bound_[s];
    if (values.size() < static_cast<std::size_t>(at)) values.resize(static_cast<std::size_t>(at));
    values[static_cast<std::size_t>(at) - 1] = std::move(value);
  }
  void step(sqlite3_stmt* s, std::string_view sql) {
    auto [it, fresh] = statements_.try_emplace(std::string(sql), static_cast<std::uint32_t>(statements_.size()));
    if (fresh) text('P', sql);
    std::fputc('S', file_);
    number(it->second);
    const auto& values = bound_[s];
    number(values.size());
    for (const std::string& v : values) std::fwrite(v.data(), 1, v.size(), file_);
  }
  void flush() {
    if (file_ != nullptr) std::fflush(file_);
  }
  std::mutex mutex;

 private:
  void number(std::uint64_t n) {
    const auto v = static_cast<std::uint32_t>(n);
    std::fwrite(&v, sizeof v, 1, file_);
  }
  void bytes(std::string_view b) {
    number(b.size());
    std::fwrite(b.data(), 1, b.size(), file_);
  }
  std::FILE* file_ = nullptr;
  std::unordered_map<sqlite3_stmt*, std::vector<std::string>> bound_;
  std::map<std::string, std::uint32_t, std::less<>> statements_;
};

Trace& trace() {
  static auto* t = new Trace;  // outlives whoever still writes at exit
  return *t;
}

std::string value_of(char type, const void* data, std::size_t n) {
  std::string v(1, type);
  const auto length = static_cast<std::uint32_t>(n);
  if (type != 'i') v.append(reinterpret_cast<const char*>(&length), sizeof length);
  return v.append(static_cast<const char*>(data), n);
}

void remember(sqlite3_stmt* s, int at, std::string value) {
  const std::lock_guard lock(trace().mutex);
  trace().bound(s, at, std::move(value));
}

void count_step(sqlite3_stmt* s, int result) {
  const char* raw = sqlite3_sql(s);
  if (raw == nullptr) return;
  const std::string_view sql = raw;
  if (result == SQLITE_ROW) {
    ++counted.rows_read;
    if (of_items(table_of(sql)) && sql.starts_with("SELECT rev")) ++counted.item_rows_read;
  } else if (result == SQLITE_DONE && changes_rows(sql)) {
    const auto n = static_cast<std::uint64_t>(sqlite3_changes64(sqlite3_db_handle(s)));
    counted.rows_written += n;
    if (of_items(table_of(sql))) counted.item_rows_written += n;
  } else if (result == SQLITE_DONE && sql == "COMMIT") {
    ++counted.commits;
  }
  if (!trace().on() || result != SQLITE_DONE) return;
  const std::lock_guard lock(trace().mutex);
  if (changes_rows(sql)) trace().step(s, sql);
  if (sql == "BEGIN IMMEDIATE") trace().mark('B');
  if (sql == "COMMIT") trace().mark('C');
}

struct AtExit {
  ~AtExit() {
    trace().flush();
    const char* path = std::getenv("BENCH_COUNTS");
    if (path == nullptr) return;
    Counts c;
    bench_counts(&c);
    if (std::FILE* out = std::fopen(path, "w")) {
      std::fprintf(out,
                   "{\"allocations\": %lu, \"commits\": %lu, \"rows_read\": %lu, \"rows_written\": %lu, "
                   "\"item_rows_read\": %lu, \"item_rows_written\": %lu, \"received\": %lu, \"lines_sent\": %lu}\n",
                   c.allocations, c.commits, c.rows_read, c.rows_written, c.item_rows_read, c.item_rows_written,
                   c.received, c.lines_sent);
      std::fclose(out);
    }
  }
};
const AtExit at_exit;

}  // namespace

extern "C" {

#define SHOWN __attribute__((visibility("default")))

SHOWN void bench_counts(Counts* out) {
  *out = {counted.allocations,    counted.commits,           counted.rows_read, counted.rows_written,
          counted.item_rows_read, counted.item_rows_written, counted.received,  counted.lines_sent};
}

SHOWN void* malloc(std::size_t n) {
  counted.allocations.fetch_add(1, std::memory_order_relaxed);
  return __libc_malloc(n);
}
SHOWN void* calloc(std::size_t n, std::size_t m) {
  counted.allocations.fetch_add(1, std::memory_order_relaxed);
  return __libc_calloc(n, m);
}
SHOWN void* realloc(void* p, std::size_t n) {
  counted.allocations.fetch_add(1, std::memory_order_relaxed);
  return __libc_realloc(p, n);
}

SHOWN int sqlite3_step(sqlite3_stmt* s) {
  static const auto real = next<int (*)(sqlite3_stmt*)>("sqlite3_step");
  const int result = real(s);
  count_step(s, result);
  return result;
}
SHOWN int sqlite3_exec(sqlite3* db, const char* sql, int (*row)(void*, int, char**, char**), void* arg, char** error) {
  static const auto real = next<decltype(&sqlite3_exec)>("sqlite3_exec");
  if (trace().on() && (std::strncmp(sql, "CREATE", 6) == 0 || std::strncmp(sql, "PRAGMA", 6) == 0)) {
    const std::lock_guard lock(trace().mutex);
    trace().text('X', sql);
  }
  return real(db, sql, row, arg, error);
}
SHOWN int sqlite3_bind_int64(sqlite3_stmt* s, int at, sqlite3_int64 v) {
  static const auto real = next<decltype(&sqlite3_bind_int64)>("sqlite3_bind_int64");
  if (trace().on()) remember(s, at, value_of('i', &v, sizeof v));
  return real(s, at, v);
}
SHOWN int sqlite3_bind_null(sqlite3_stmt* s, int at) {
  static const auto real = next<decltype(&sqlite3_bind_null)>("sqlite3_bind_null");
  if (trace().on()) remember(s, at, value_of('n', "", 0));
  return real(s, at);
}
SHOWN int sqlite3_bind_text64(sqlite3_stmt* s, int at, const char* v, sqlite3_uint64 n, void (*free)(void*),
                              unsigned char encoding) {
  static const auto real = next<decltype(&sqlite3_bind_text64)>("sqlite3_bind_text64");
  if (trace().on()) remember(s, at, value_of('t', v, n));
  return real(s, at, v, n, free, encoding);
}
SHOWN int sqlite3_bind_blob64(sqlite3_stmt* s, int at, const void* v, sqlite3_uint64 n, void (*free)(void*)) {
  static const auto real = next<decltype(&sqlite3_bind_blob64)>("sqlite3_bind_blob64");
  if (trace().on()) remember(s, at, value_of('b', v, n));
  return real(s, at, v, n, free);
}

SHOWN ssize_t recv(int fd, void* buf, std::size_t n, int flags) {
  static const auto real = next<decltype(&recv)>("recv");
  const ssize_t got = real(fd, buf, n, flags);
  if (got > 0 && (flags & MSG_PEEK) == 0) counted.received += static_cast<std::uint64_t>(got);
  return got;
}
SHOWN ssize_t send(int fd, const void* buf, std::size_t n, int flags) {
  static const auto real = next<decltype(&send)>("send");
  const ssize_t sent = real(fd, buf, n, flags);
  const auto* text = static_cast<const char*>(buf);
  for (ssize_t i = 0; i < sent; ++i)
    if (text[i] == '\n') ++counted.lines_sent;
  return sent;
}

#undef SHOWN
}
