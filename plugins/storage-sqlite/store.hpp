// store.hpp: the store on SQLite: one connection that writes, behind a queue, and a pool of connections that read.
#pragma once

#include <array>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <syncline/store.hpp>
#include <vector>

#include "database.hpp"
#include "options.hpp"
#include "queue.hpp"
#include "tables.hpp"

namespace syncline::sqlite {

class SqliteStore final : public Store {
 public:
  static constexpr const char* name = "storage-sqlite";
  static constexpr const char* summary = "Durable state in one SQLite file on a local disk";
  static constexpr std::array<sy_option, 4> options{{
      {sizeof(sy_option), SY_PATH, SY_REQUIRED, "path", nullptr, nullptr,
       "The file of the store. Its folder must exist, on a local disk. Made with mode 0600; beside it stand -wal and "
       "-shm. "
       "Every commit is on the disk before its call returns; there is no setting that weakens this.",
       "/var/lib/syncline/state.db"},
      {sizeof(sy_option), SY_DURATION, 0, "busy_timeout", "10s", "100ms..10m",
       "How long a commit waits for another process before it is tried again later.", "30s"},
      {sizeof(sy_option), SY_BYTES, 0, "cache", "8MiB", "1MiB..1GiB", "Memory for pages, per connection that writes.",
       "16MiB"},
      {sizeof(sy_option), SY_CHOICE, 0, "check", "quick", "quick|full|none",
       "What is checked at the start: quick: every page of files up to 64 MiB, the ends of each table of bigger ones; "
       "full: "
       "every page and index; none.",
       "full"},
  }};

  SqliteStore(Host host, std::string_view config);

  void open(const Call& call, std::span<const sy_table* const> tables, bool read_only) override;
  void get(const Call& call, std::span<const sy_key> keys, const RowSink& on_row) override;
  void scan(const Call& call, const sy_key& prefix, const sy_key* after, std::size_t limit,
            const RowSink& on_row) override;
  void commit(const Call& call, const sy_commit& c) override;
  LeaseAnswer lease(const Call& call, std::string_view lease_name, std::string_view owner, std::int64_t now_ms,
                    std::int64_t ttl_ms, int force) override;
  std::optional<LeaseHolder> holder(const Call& call, std::string_view lease_name) override;

  /// For tests and measurements.
  [[nodiscard]] QueueCounts counts() const { return queue_ ? queue_->counts() : QueueCounts{}; }
  [[nodiscard]] std::size_t waiting() const { return queue_ ? queue_->waiting() : 0; }
  [[nodiscard]] Database& writer() { return *writer_; }

 private:
  class Reader;
  static constexpr std::size_t most_idle = 16;
  [[nodiscard]] std::unique_ptr<Database> reader(const Call& call);
  void give_back(std::unique_ptr<Database> db) noexcept;
  [[nodiscard]] CommitQueue& queue();
  /// A reading command may come before the table was ever made: then it has no rows.
  [[nodiscard]] bool readable(const Table& table, Database& db) const { return !read_only_ || table.exists(db); }

  Host host_;
  Options config_;
  Tables tables_;
  bool read_only_ = false, opened_ = false;
  std::unique_ptr<Database> writer_;
  std::unique_ptr<CommitQueue> queue_;
  std::mutex pool_mutex_;
  std::vector<std::unique_ptr<Database>> pool_;
};

}  // namespace syncline::sqlite
