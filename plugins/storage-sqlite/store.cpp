#include "store.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <numeric>
#include <system_error>
#include <tuple>

#include "schema.hpp"

namespace syncline::sqlite {
namespace {

constexpr std::int64_t reader_cache = 2 << 20;

void bind_key(Statement& s, const sy_key& key, std::size_t from, std::size_t n) {
  for (std::size_t i = from; i < from + n; ++i) s.bind(key.part[i]);
}

std::string_view payload_of(const sy_write& w) { return SY_HAS(&w, payload) ? view(w.payload) : std::string_view{}; }

/// False: the row was not as expected.
bool write(Database& db, const Table& t, const sy_write& w) {
  const std::size_t n = t.parts.size();
  if (w.remove != 0) {
    if (w.expect == SY_ABSENT) {
      Statement s = db.prepare(t.get);
      bind_key(s, w.key, 0, n);
      return !s.step();
    }
    Statement s = db.prepare(w.expect == SY_ANY_REVISION ? t.remove : t.remove_revision);
    bind_key(s, w.key, 0, n);
    if (w.expect != SY_ANY_REVISION) s.bind(w.expect);
    s.step();
    return w.expect == SY_ANY_REVISION || db.changes() == 1;
  }
  const bool update = w.expect > 0;
  Statement s = db.prepare(update ? t.update : w.expect == SY_ABSENT ? t.insert : t.put);
  s.bind(view(w.doc)).bind_blob(payload_of(w));
  bind_key(s, w.key, 0, n);
  if (update) s.bind(w.expect);
  s.step();
  return db.changes() == 1;
}

std::optional<LeaseHolder> read_lease(Database& db, std::string_view name) {
  Statement s = db.prepare("SELECT owner, fence, until_ms FROM lease WHERE name=?");
  s.bind(name);
  if (!s.step()) return std::nullopt;
  return LeaseHolder{std::string(s.bytes(0)), s.integer(1), s.integer(2)};
}

void write_lease(Database& db, std::string_view name, const LeaseHolder& h) {
  db.prepare(
        "INSERT INTO lease(name,owner,fence,until_ms) VALUES(?,?,?,?) ON CONFLICT(name) DO UPDATE SET"
        " owner=excluded.owner, fence=excluded.fence, until_ms=excluded.until_ms")
      .bind(name)
      .bind(std::string_view(h.owner))
      .bind(h.fence)
      .bind(h.until_ms)
      .step();
}

/// Keys in ascending order write four times faster than at random; two writes to one key keep their order.
std::vector<std::size_t> by_key(const sy_commit& c) {
  std::vector<std::size_t> order(c.n_writes);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t l, std::size_t r) {
    const sy_key &a = c.writes[l]->key, &b = c.writes[r]->key;
    if (const int names = view(a.table).compare(view(b.table)); names != 0) return names < 0;
    return std::lexicographical_compare(a.part, a.part + a.n, b.part, b.part + b.n);
  });
  return order;
}

void carry_out(Database& db, const Tables& tables, const sy_commit& c, const std::vector<std::size_t>& order) {
  for (std::size_t i = 0; i < c.n_fences; ++i) {
    const auto held = read_lease(db, view(c.fences[i]->lease));
    if (!held || held->fence != c.fences[i]->number) throw CommitConflict(c.n_writes + i);
  }
  // The answer names the first in the caller's order: after a refusal only earlier ones still matter.
  std::size_t refused = c.n_writes;
  for (const std::size_t i : order) {
    if (i < refused && !write(db, tables.at(c.writes[i]->key, true), *c.writes[i])) refused = i;
  }
  if (refused != c.n_writes) throw CommitConflict(refused);
}

std::size_t weight(const Tables& tables, const sy_commit& c) {
  std::size_t bytes = 64;
  for (std::size_t i = 0; i < c.n_writes; ++i) {
    const sy_write& w = *c.writes[i];
    static_cast<void>(tables.at(w.key, true));  // a wrong key is the caller's mistake: refused before anybody waits
    if (w.expect < SY_ANY_REVISION) throw Error(SY_BROKEN, "storage-sqlite: an expected revision below -1");
    bytes += 128 + w.doc.len + payload_of(w).size();
  }
  return bytes;
}

}  // namespace

/// A read connection for the length of one call. A connection that failed is not used again.
class SqliteStore::Reader {
 public:
  Reader(SqliteStore& store, const Call& call)
      : store_(store), db_(store.reader(call)), busy_(std::in_place, *db_, call) {}
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  ~Reader() {
    busy_.reset();
    db_->rollback();
    if (std::uncaught_exceptions() == exceptions_) store_.give_back(std::move(db_));
  }
  Database& operator*() { return *db_; }

 private:
  SqliteStore& store_;
  std::unique_ptr<Database> db_;
  std::optional<Busy> busy_;
  int exceptions_ = std::uncaught_exceptions();
};

SqliteStore::SqliteStore(Host host, std::string_view config) : host_(host), config_(Options::parse(config)) {}

std::unique_ptr<Database> SqliteStore::reader(const Call& call) {
  if (!opened_) throw Error(SY_BROKEN, "storage-sqlite: the store was used before it was opened");
  {
    const std::lock_guard lock(pool_mutex_);
    if (!pool_.empty()) {
      auto db = std::move(pool_.back());
      pool_.pop_back();
      return db;
    }
  }
  return std::make_unique<Database>(
      Opening{config_.path, true, std::min(config_.cache_bytes, reader_cache), config_.busy_timeout}, call);
}

void SqliteStore::give_back(std::unique_ptr<Database> db) noexcept {
  const std::lock_guard lock(pool_mutex_);
  if (pool_.size() < most_idle) {
    pool_.reserve(most_idle);
    pool_.push_back(std::move(db));
  }
}

CommitQueue& SqliteStore::queue() {
  if (!opened_) throw Error(SY_BROKEN, "storage-sqlite: the store was used before it was opened");
  if (!queue_)
    throw Error(SY_CONFIG, "store " + config_.path + ": it was opened for reading only; nothing can be written");
  return *queue_;
}

void SqliteStore::open(const Call& call, std::span<const sy_table* const> tables, bool read_only) {
  if (opened_) throw Error(SY_BROKEN, "storage-sqlite: the store is open already");
  call.check();
  Tables wanted(tables);
  if (read_only) {
    struct stat seen{};
    if (::stat(config_.path.c_str(), &seen) != 0 && errno == ENOENT) {
      throw Error(SY_CONFIG, "store " + config_.path + ": no state yet; run a pass first, or correct `path`", 0,
                  "no_state");
    }
  } else {
    create_file(config_.path, host_);
  }
  auto db =
      std::make_unique<Database>(Opening{config_.path, read_only, config_.cache_bytes, config_.busy_timeout}, call);
  verify_file(*db, call, read_only);
  check_file(*db, call, wanted, config_.check, read_only);
  if (read_only) {
    const Busy waiting(*db, call);
    wanted.verify(*db);
  } else {
    prepare_file(*db, call, wanted, host_);
  }
  tables_ = std::move(wanted);
  read_only_ = read_only;
  opened_ = true;
  if (read_only) {
    give_back(std::move(db));
  } else {
    writer_ = std::move(db);
    queue_ = std::make_unique<CommitQueue>(*writer_);
  }
}

void SqliteStore::get(const Call& call, std::span<const sy_key> keys, const RowSink& on_row) {
  if (keys.empty()) return;
  Reader reader(*this, call);
  if (keys.size() > 1) (*reader).prepare("BEGIN").step();  // one state for all keys
  std::size_t seen = 0;
  for (const sy_key& key : keys) {
    if (seen++ % 256 == 0) call.check();
    const Table& table = tables_.at(key, true);
    if (!readable(table, *reader)) continue;
    Statement s = (*reader).prepare(table.get);
    bind_key(s, key, 0, table.parts.size());
    if (!s.step()) continue;
    const sy_row row{sizeof(sy_row), key, s.integer(0), borrow(s.bytes(1)), borrow(s.bytes(2))};
    if (!on_row(row)) return;
  }
}

void SqliteStore::scan(const Call& call, const sy_key& prefix, const sy_key* after, std::size_t limit,
                       const RowSink& on_row) {
  const Table& table = tables_.at(prefix, false);
  std::size_t beyond = 0;  // how many columns behind the prefix `after` bounds
  if (after != nullptr && after->n != 0) {
    if (after->n > table.parts.size()) static_cast<void>(tables_.at(*after, false));
    const std::size_t common = std::min<std::size_t>(prefix.n, after->n);
    for (std::size_t i = 0; i < common; ++i) {
      if (after->part[i] > prefix.part[i]) return;  // all rows of the prefix come before it
      if (after->part[i] < prefix.part[i]) {        // or behind it
        after = nullptr;
        break;
      }
    }
    if (after != nullptr) {
      if (after->n <= prefix.n) return;
      beyond = after->n - prefix.n;
    }
  }
  Reader reader(*this, call);
  if (!readable(table, *reader)) return;
  Statement s = (*reader).prepare(table.scan(prefix.n, beyond));
  bind_key(s, prefix, 0, prefix.n);
  if (beyond != 0) bind_key(s, *after, prefix.n, beyond);
  constexpr auto most = static_cast<std::size_t>(std::numeric_limits<std::int64_t>::max());
  s.bind(limit == 0 ? std::int64_t{-1} : static_cast<std::int64_t>(std::min(limit, most)));
  std::size_t seen = 0;
  while (s.step()) {
    if (seen++ % 256 == 0) call.check();
    sy_key key{prefix.table, static_cast<std::uint32_t>(table.parts.size()), {}};
    for (std::size_t i = 0; i < table.parts.size(); ++i) key.part[i] = s.integer(3 + static_cast<int>(i));
    const sy_row row{sizeof(sy_row), key, s.integer(0), borrow(s.bytes(1)), borrow(s.bytes(2))};
    if (!on_row(row)) return;
  }
}

void SqliteStore::commit(const Call& call, const sy_commit& c) {
  CommitQueue& writers = queue();
  const std::size_t bytes = weight(tables_, c);
  const std::vector<std::size_t> order = by_key(c);
  writers.run(call, bytes, [&](Database& db) { carry_out(db, tables_, c, order); });
}

LeaseAnswer SqliteStore::lease(const Call& call, std::string_view lease_name, std::string_view owner,
                               std::int64_t now_ms, std::int64_t ttl_ms, int force) {
  if (lease_name.empty() || owner.empty() || ttl_ms < 0 || force < 0 || force > 2) {
    throw Error(SY_BROKEN, "storage-sqlite: a lease needs a name, an owner, a time to live and a known kind of force");
  }
  LeaseAnswer answer;
  queue().run(call, 256, [&](Database& db) {
    const LeaseHolder before = read_lease(db, lease_name).value_or(LeaseHolder{});
    const bool ours = before.owner == owner;
    const bool free = before.owner.empty() || before.until_ms <= now_ms;
    answer = {false, before};
    if (ttl_ms == 0) {  // given up: the number rises, so that nothing is written under the old one
      if (!ours && !before.owner.empty()) return;
      if (ours) write_lease(db, lease_name, answer.holder = {std::string(), before.fence + 1, now_ms});
      answer.taken = true;
      return;
    }
    if (!ours && !free && force != 1) return;
    std::int64_t until = 0;
    if (__builtin_add_overflow(now_ms, ttl_ms, &until)) until = std::numeric_limits<std::int64_t>::max();
    answer = {true, {std::string(owner), before.fence + (ours && force != 2 ? 0 : 1), until}};
    write_lease(db, lease_name, answer.holder);
  });
  return answer;
}

std::optional<LeaseHolder> SqliteStore::holder(const Call& call, std::string_view lease_name) {
  Reader reader(*this, call);
  return read_lease(*reader, lease_name);
}

}  // namespace syncline::sqlite
