#include "rows.hpp"

#include <algorithm>
#include <boost/json.hpp>

#include "step.hpp"

namespace syncline {

namespace {

constexpr std::chrono::seconds store_patience{60};

sy_key raw_key(const std::string& table, const std::vector<std::int64_t>& parts) {
  sy_key k{borrow(table), static_cast<std::uint32_t>(parts.size()), {}};
  std::copy(parts.begin(), parts.end(), k.part);
  return k;
}

StoredRow stored(const sy_row& r) {
  return {{r.key.part, r.key.part + r.key.n}, r.revision, text(r.doc), text(r.payload)};
}

}  // namespace

std::vector<StoredRow> Rows::get_all(const std::vector<RowKey>& keys) {
  std::vector<StoredRow> out;
  for (const RowKey& key : keys)
    if (auto row = get(key)) out.push_back(std::move(*row));
  return out;
}

std::vector<StoredRow> StoreRows::get_all(const std::vector<RowKey>& keys) {
  if (keys.empty()) return {};
  const CallBudget budget(store_patience, canceled_);
  std::vector<sy_key> raw;
  raw.reserve(keys.size());
  for (const RowKey& key : keys) raw.push_back(raw_key(key.table, key.parts));
  std::vector<StoredRow> out;
  store_.get(budget, raw, [&](const sy_row& r) {
    out.push_back(stored(r));
    return true;
  });
  return out;
}

std::optional<StoredRow> StoreRows::get(const RowKey& key) {
  const CallBudget budget(store_patience, canceled_);
  const sy_key k = raw_key(key.table, key.parts);
  std::optional<StoredRow> out;
  store_.get(budget, {&k, 1}, [&](const sy_row& r) {
    out = stored(r);
    return true;
  });
  return out;
}

std::vector<StoredRow> StoreRows::scan(const RowKey& prefix, const std::vector<std::int64_t>& after,
                                       std::size_t limit) {
  const CallBudget budget(store_patience, canceled_);
  const sy_key p = raw_key(prefix.table, prefix.parts);
  const sy_key a = raw_key(prefix.table, after);
  std::vector<StoredRow> out;
  store_.scan(budget, p, after.empty() ? nullptr : &a, limit, [&](const sy_row& r) {
    out.push_back(stored(r));
    return true;
  });
  return out;
}

void StoreRows::commit(const std::vector<RowWrite>& writes, const std::vector<Fence>& fences) {
  if (writes.empty()) return;
  const CallBudget budget(store_patience);  // not cancelable: what was done remotely must be recorded
  std::vector<sy_write> raw;
  raw.reserve(writes.size());
  std::vector<const sy_write*> pointers;
  pointers.reserve(writes.size());
  for (const RowWrite& w : writes)
    raw.push_back(
        {sizeof(sy_write), w.remove ? 1 : 0, raw_key(w.table, w.key), w.expect, borrow(w.doc), borrow(w.payload)});
  for (const sy_write& w : raw) pointers.push_back(&w);
  std::vector<sy_fence> raw_fences;
  raw_fences.reserve(fences.size());
  std::vector<const sy_fence*> fence_pointers;
  for (const Fence& f : fences) raw_fences.push_back({sizeof(sy_fence), borrow(f.lease), f.number});
  for (const sy_fence& f : raw_fences) fence_pointers.push_back(&f);
  step("commit before");
  store_.commit(budget,
                {sizeof(sy_commit), pointers.size(), pointers.data(), fence_pointers.size(), fence_pointers.data()});
  step("commit after");
  if (!on_pending_) return;
  std::int64_t told = 0;
  for (const RowWrite& w : writes)
    if (w.table == "pending" && !w.remove && w.key[0] != told) on_pending_(told = w.key[0]);
}

std::optional<StoredRow> OverlayRows::get(const RowKey& key) {
  if (const auto it = laid_.find(key); it != laid_.end())
    return it->second.removed ? std::nullopt : std::optional(it->second.row);
  return below_.get(key);
}

std::vector<StoredRow> OverlayRows::scan(const RowKey& prefix, const std::vector<std::int64_t>& after,
                                         std::size_t limit) {
  std::map<std::vector<std::int64_t>, StoredRow> merged;
  // Rows that are laid over may hide some of what lies below: that many more are asked for.
  for (StoredRow& r : below_.scan(prefix, after, limit == 0 ? 0 : limit + laid_.size())) {
    auto key = r.key;
    merged.insert_or_assign(std::move(key), std::move(r));
  }
  for (auto it = laid_.lower_bound(prefix); it != laid_.end() && it->first.table == prefix.table; ++it) {
    const auto& parts = it->first.parts;
    if (!std::equal(prefix.parts.begin(), prefix.parts.end(), parts.begin(),
                    parts.begin() + static_cast<std::ptrdiff_t>(std::min(parts.size(), prefix.parts.size()))))
      break;
    if (!after.empty() && parts <= after) continue;
    if (it->second.removed)
      merged.erase(parts);
    else
      merged.insert_or_assign(parts, it->second.row);
  }
  std::vector<StoredRow> out;
  for (auto& [key, row] : merged) {
    if (limit != 0 && out.size() == limit) break;
    out.push_back(std::move(row));
  }
  return out;
}

void OverlayRows::commit(const std::vector<RowWrite>& writes, const std::vector<Fence>&) {
  std::map<RowKey, Laid> next;
  const auto current = [&](const RowKey& key) -> std::int64_t {
    if (const auto it = next.find(key); it != next.end()) return it->second.removed ? 0 : it->second.row.revision;
    const auto row = get(key);
    return row ? row->revision : 0;
  };
  for (std::size_t i = 0; i < writes.size(); ++i) {
    const RowWrite& w = writes[i];
    const RowKey key{w.table, w.key};
    const std::int64_t rev = current(key);
    if (w.expect != SY_ANY_REVISION && w.expect != rev) throw CommitConflict(i);
    next.insert_or_assign(key, Laid{w.remove, {w.key, rev + 1, w.doc, w.payload}});
  }
  for (auto& [key, laid] : next) laid_.insert_or_assign(key, std::move(laid));
}

}  // namespace syncline
