// store.hpp: values and base class over store.h. Any thread.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "plugin.hpp"
#include "store.h"

namespace syncline {

/// Thrown by Store::commit: which expectation (a write's index) or fence (writes + the fence's index) did not hold.
class CommitConflict : public Error {
 public:
  explicit CommitConflict(std::size_t at)
      : Error(SY_CONFLICT, "an expected revision or a fence did not hold"), at_(at) {}
  [[nodiscard]] std::size_t at() const { return at_; }

 private:
  std::size_t at_;
};

/// Thrown by Store::lease when somebody else holds it; `fence` and `until` say for how long.
struct LeaseHolder {
  std::string owner;
  std::int64_t fence = 0, until_ms = 0;
};

struct LeaseAnswer {
  bool taken = false;
  LeaseHolder holder;  ///< ours when taken, else who has it
};

using RowSink = std::function<bool(const sy_row&)>;

class Store {
 public:
  using Base = Store;
  static constexpr const char* role = "store";
  static constexpr std::uint32_t revision = 0;

  virtual ~Store() = default;
  virtual void open(const Call&, std::span<const sy_table* const> tables, bool read_only) = 0;
  virtual void get(const Call&, std::span<const sy_key> keys, const RowSink&) = 0;
  virtual void scan(const Call&, const sy_key& prefix, const sy_key* after, std::size_t limit, const RowSink&) = 0;
  virtual void commit(const Call&, const sy_commit&) = 0;  ///< throws CommitConflict
  virtual LeaseAnswer lease(const Call&, std::string_view name, std::string_view owner, std::int64_t now_ms,
                            std::int64_t ttl_ms, int force) = 0;
  virtual std::optional<LeaseHolder> holder(const Call&, std::string_view name) = 0;

  const void* table(const char* id) const;
};

namespace detail {
inline void put(const sy_lease_sink* out, const LeaseHolder& h) {
  const sy_lease raw{sizeof(sy_lease), h.fence, h.until_ms, borrow(h.owner)};
  out->put(out, &raw);
}
inline constexpr sy_store store_table = {
    sizeof(sy_store),
    [](void* self, const sy_call* call, const sy_table* const* tables, std::size_t n, int32_t read_only, sy_error* e) {
      return guard(e, [&] { static_cast<Store*>(self)->open(Call(*call), {tables, n}, read_only != 0); });
    },
    [](void* self, const sy_call* call, const sy_key* keys, std::size_t n, const sy_row_sink* out, sy_error* e) {
      return guard(e, [&] {
        static_cast<Store*>(self)->get(Call(*call), {keys, n}, [&](const sy_row& r) { return out->put(out, &r) != 0; });
      });
    },
    [](void* self, const sy_call* call, const sy_key* prefix, const sy_key* after, std::size_t limit,
       const sy_row_sink* out, sy_error* e) {
      return guard(e, [&] {
        static_cast<Store*>(self)->scan(Call(*call), *prefix, after, limit,
                                        [&](const sy_row& r) { return out->put(out, &r) != 0; });
      });
    },
    [](void* self, const sy_call* call, const sy_commit* c, std::size_t* failed, sy_error* e) {
      return guard(e, [&] {
        try {
          static_cast<Store*>(self)->commit(Call(*call), *c);
        } catch (const CommitConflict& x) {
          *failed = x.at();
          throw;
        }
      });
    },
    [](void* self, const sy_call* call, sy_str name, sy_str owner, int64_t now, int64_t ttl, int32_t force,
       const sy_lease_sink* out, sy_error* e) {
      return guard(e, [&] {
        const LeaseAnswer a = static_cast<Store*>(self)->lease(Call(*call), view(name), view(owner), now, ttl, force);
        put(out, a.holder);
        if (!a.taken) throw Error(SY_CONFLICT, "the lease is held by " + a.holder.owner);
      });
    },
    [](void* self, const sy_call* call, sy_str name, const sy_lease_sink* out, sy_error* e) {
      return guard(e, [&] {
        if (const auto h = static_cast<Store*>(self)->holder(Call(*call), view(name))) put(out, *h);
      });
    }};
}  // namespace detail

inline const void* Store::table(const char* id) const {
  return std::string_view(id) == "sy.store/1" ? &detail::store_table : nullptr;
}

}  // namespace syncline
