// store_handle.hpp: a store's table as a C++ object; as in handles.hpp, codes become Error and sinks become values.
#pragma once

#include "call.hpp"
#include "store.hpp"

namespace syncline {

/// A key as it is handed to the store.
inline sy_key key(std::string_view table, std::initializer_list<std::int64_t> parts) {
  sy_key k{borrow(table), 0, {}};
  for (const std::int64_t p : parts) k.part[k.n++] = p;
  return k;
}

struct Row {
  std::array<std::int64_t, SY_KEY_PARTS> key{};
  std::int64_t revision = 0;
  std::string doc, payload;
  static Row from(const sy_row& r) {
    Row out;
    std::copy(std::begin(r.key.part), std::end(r.key.part), out.key.begin());
    out.revision = r.revision;
    out.doc = text(r.doc);
    out.payload = text(r.payload);
    return out;
  }
};

class StoreHandle {
 public:
  StoreHandle() = default;
  explicit StoreHandle(Instance instance) : instance_(std::move(instance)) {
    table_ = instance_.table<sy_store>("sy.store/1");
    if (table_ == nullptr) throw Error(SY_BROKEN, "the plugin offers no sy.store/1");
  }
  void open(const sy_call* call, std::span<const sy_table* const> tables, bool read_only) const {
    sy_error e = no_error();
    check(table_->open(self(), call, tables.data(), tables.size(), read_only ? 1 : 0, &e), e);
  }
  void get(const sy_call* call, std::span<const sy_key> keys, const RowSink& on_row) const {
    rows(on_row,
         [&](const sy_row_sink* s, sy_error* e) { return table_->get(self(), call, keys.data(), keys.size(), s, e); });
  }
  void scan(const sy_call* call, const sy_key& prefix, const sy_key* after, std::size_t limit,
            const RowSink& on_row) const {
    rows(on_row,
         [&](const sy_row_sink* s, sy_error* e) { return table_->scan(self(), call, &prefix, after, limit, s, e); });
  }
  void commit(const sy_call* call, const sy_commit& c) const {
    sy_error e = no_error();
    std::size_t failed = 0;
    const sy_code code = table_->commit(self(), call, &c, &failed, &e);
    if (code == SY_CONFLICT) throw CommitConflict(failed);
    check(code, e);
  }
  [[nodiscard]] LeaseAnswer lease(const sy_call* call, std::string_view name, std::string_view owner,
                                  std::int64_t now_ms, std::int64_t ttl_ms, int force) const {
    LeaseAnswer out;
    const sy_lease_sink sink = holder_sink(out.holder);
    sy_error e = no_error();
    const sy_code code = table_->lease(self(), call, borrow(name), borrow(owner), now_ms, ttl_ms, force, &sink, &e);
    if (code == SY_CONFLICT) return out;
    check(code, e);
    out.taken = true;
    return out;
  }
  [[nodiscard]] std::optional<LeaseHolder> holder(const sy_call* call, std::string_view name) const {
    LeaseHolder h;
    const sy_lease_sink sink = holder_sink(h);
    sy_error e = no_error();
    check(table_->holder(self(), call, borrow(name), &sink, &e), e);
    return h.fence == 0 ? std::nullopt : std::optional(h);
  }

 private:
  [[nodiscard]] void* self() const { return instance_.self(); }
  static sy_lease_sink holder_sink(LeaseHolder& h) {
    return {&h, [](const sy_lease_sink* s, const sy_lease* l) {
              auto& out = *static_cast<LeaseHolder*>(s->ctx);
              out.owner = text(l->owner);
              out.fence = l->fence;
              out.until_ms = l->until_ms;
            }};
  }
  template <class F>
  static void rows(const RowSink& on_row, F&& f) {
    SinkOf<sy_row_sink, sy_row, std::function<bool(const sy_row&)>> sink([&](const sy_row& r) { return on_row(r); });
    sy_error e = no_error();
    const sy_code code = f(sink, &e);
    sink.rethrow();
    check(code, e);
  }
  Instance instance_;
  const sy_store* table_ = nullptr;
};

}  // namespace syncline
