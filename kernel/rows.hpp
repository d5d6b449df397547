// rows.hpp: the store as the kernel uses it: rows by table and key, and a commit as one value. An overlay lays changes
// over a store without writing to it: `plan` runs a whole pass on one.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <syncline/handles.hpp>

namespace syncline {

/// Owns what it writes, so that it can be built piece by piece and sent later.
struct RowWrite {
  std::string table;
  std::vector<std::int64_t> key;
  bool remove = false;
  std::int64_t expect = SY_ANY_REVISION;
  std::string doc, payload;
};

struct Fence {
  std::string lease;
  std::int64_t number = 0;
};

struct RowKey {
  std::string table;
  std::vector<std::int64_t> parts;
  auto operator<=>(const RowKey&) const = default;
};

struct StoredRow {
  std::vector<std::int64_t> key;
  std::int64_t revision = 0;
  std::string doc, payload;
};

/// Any thread.
class Rows {
 public:
  virtual ~Rows() = default;
  [[nodiscard]] virtual std::optional<StoredRow> get(const RowKey& key) = 0;
  /// Those that there are, of one state, in the order of the keys. One call costs a fraction of as many single ones.
  [[nodiscard]] virtual std::vector<StoredRow> get_all(const std::vector<RowKey>& keys);
  /// Rows whose key begins with prefix.parts, in key order, after `after` (empty: from the start), at most limit (0:
  /// all).
  [[nodiscard]] virtual std::vector<StoredRow> scan(const RowKey& prefix, const std::vector<std::int64_t>& after,
                                                    std::size_t limit) = 0;
  /// Throws CommitConflict with the index of the write (or writes + fence) that did not hold.
  virtual void commit(const std::vector<RowWrite>& writes, const std::vector<Fence>& fences) = 0;
};

/// Over a store plugin. `name` of each table decides how many integers its key has.
class StoreRows : public Rows {
 public:
  /// `on_pending`: told after each commit that wrote pending rows, at least once for each pair that has one.
  StoreRows(const StoreHandle& store, std::function<bool()> canceled,
            std::function<void(std::int64_t pair)> on_pending = {})
      : store_(store), canceled_(std::move(canceled)), on_pending_(std::move(on_pending)) {}
  std::optional<StoredRow> get(const RowKey& key) override;
  std::vector<StoredRow> get_all(const std::vector<RowKey>& keys) override;
  std::vector<StoredRow> scan(const RowKey& prefix, const std::vector<std::int64_t>& after, std::size_t limit) override;
  void commit(const std::vector<RowWrite>& writes, const std::vector<Fence>& fences) override;

 private:
  const StoreHandle& store_;
  std::function<bool()> canceled_;
  std::function<void(std::int64_t)> on_pending_;
};

/// A store that holds nothing: below a plan that is made before the first run.
class EmptyRows : public Rows {
 public:
  std::optional<StoredRow> get(const RowKey&) override { return std::nullopt; }
  std::vector<StoredRow> scan(const RowKey&, const std::vector<std::int64_t>&, std::size_t) override { return {}; }
  void commit(const std::vector<RowWrite>&, const std::vector<Fence>&) override {
    throw Error(SY_UNSUPPORTED, "a plan writes nothing");
  }
};

/// Reads fall through to the store, commits stay here. Fences are not checked: a plan takes no lease.
class OverlayRows : public Rows {
 public:
  explicit OverlayRows(Rows& below) : below_(below) {}
  std::optional<StoredRow> get(const RowKey& key) override;
  std::vector<StoredRow> scan(const RowKey& prefix, const std::vector<std::int64_t>& after, std::size_t limit) override;
  void commit(const std::vector<RowWrite>& writes, const std::vector<Fence>& fences) override;

 private:
  struct Laid {
    bool removed = false;
    StoredRow row;
  };
  Rows& below_;
  std::map<RowKey, Laid> laid_;
};

}  // namespace syncline
