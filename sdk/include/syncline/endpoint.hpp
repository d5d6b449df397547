// endpoint.hpp: values and base classes over endpoint.h, feeds.h and directory.h. An endpoint is used by one thread at
// a time; feeds of a connection by many.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "directory.h"
#include "feeds.h"
#include "plugin.hpp"

namespace syncline {

/// One item as its endpoint sees it; owns its text.
struct Item {
  std::string kind, id, version, doc, marks;
  std::uint32_t flags = 0;
  std::int64_t changed_ms = 0;

  [[nodiscard]] bool gone() const { return (flags & SY_ITEM_GONE) != 0; }
  [[nodiscard]] bool invisible() const { return (flags & SY_ITEM_INVISIBLE) != 0; }
  [[nodiscard]] bool head() const { return (flags & SY_ITEM_HEAD) != 0; }
  [[nodiscard]] bool partial() const { return (flags & SY_ITEM_PARTIAL) != 0; }

  [[nodiscard]] sy_item raw() const {
    return {sizeof(sy_item), flags, borrow(kind), borrow(id), borrow(version), borrow(doc), borrow(marks), changed_ms};
  }
  static Item from(const sy_item& i) {
    return {text(i.kind), text(i.id), text(i.version), text(i.doc), text(i.marks), i.flags, i.changed_ms};
  }
};

struct Operation {
  std::uint32_t verb = SY_CREATE;
  std::string kind, id, if_version, token, doc, fields;
  std::string marks{};

  [[nodiscard]] sy_op raw() const {
    return {sizeof(sy_op), verb,        borrow(kind),   borrow(id),   borrow(if_version),
            borrow(token), borrow(doc), borrow(fields), borrow(marks)};
  }
  static Operation from(const sy_op& o) {
    return {o.verb,        text(o.kind), text(o.id),     text(o.if_version),
            text(o.token), text(o.doc),  text(o.fields), SY_HAS(&o, marks) ? text(o.marks) : std::string()};
  }
};

/// What became of one operation.
struct Done {
  sy_code code = SY_OK;
  std::string id, version, doc, later, never, server_code, text;
  std::int64_t changed_ms = 0, retry_after_ms = 0;

  [[nodiscard]] sy_done raw() const {
    return {sizeof(sy_done), code,       borrow(id),     borrow(version),     borrow(doc), borrow(later),
            borrow(never),   changed_ms, retry_after_ms, borrow(server_code), borrow(text)};
  }
  static Done from(const sy_done& d) {
    return {d.code,
            syncline::text(d.id),
            syncline::text(d.version),
            syncline::text(d.doc),
            syncline::text(d.later),
            syncline::text(d.never),
            syncline::text(d.server_code),
            syncline::text(d.text),
            d.changed_ms,
            d.retry_after_ms};
  }
  static Done failed(const Error& e) {
    Done d;
    d.code = e.code();
    d.text = e.what();
    d.retry_after_ms = e.retry_after_ms();
    d.server_code = e.server_code();
    return d;
  }
};

struct Caps {
  std::uint32_t flags = 0, max_batch = 0;
  std::int64_t settle_ms = 0;
  std::string fields;
};

struct Feed {
  std::string name, kind;
  std::uint32_t flags = 0;
};

/// How a page ended, and the cursor from which the next one goes on (none: the feed has no cursor).
struct PageEnd {
  int end = SY_PAGE_LISTING_COMPLETE;
  std::optional<std::string> next;
};

using ItemSink = std::function<bool(const Item&)>;  ///< returns false to ask for no more
using DoneSink = std::function<void(std::size_t op, const Done&)>;
using JsonSink = std::function<void(std::string_view)>;

/// What a feed owner implements: a connection (any thread) or an endpoint.
class Feeds {
 public:
  virtual ~Feeds() = default;
  virtual std::vector<Feed> list() = 0;
  virtual PageEnd page(const Call&, std::string_view feed, std::string_view cursor, const ItemSink&) = 0;
};

class Directory {
 public:
  virtual ~Directory() = default;
  virtual std::string identity(const Call&, std::string_view address) = 0;
  virtual std::vector<std::string> parties(const Call&, std::span<const std::string_view> addresses) = 0;
  virtual std::vector<std::string> records(const Call&, std::string_view kind,
                                           std::span<const std::string_view> keys) = 0;
};

class Endpoint {
 public:
  virtual ~Endpoint() = default;
  virtual Caps caps(std::string_view kind) = 0;
  virtual void fetch(const Call&, std::string_view kind, std::span<const std::string_view> ids, int depth,
                     const ItemSink&) = 0;
  /// nullopt: absent.
  virtual std::optional<Item> find(const Call&, const Operation&) {
    throw Error(SY_UNSUPPORTED, "find is not offered");
  }
  virtual void apply(const Call&, std::span<const Operation>, const DoneSink&) {
    throw Error(SY_UNSUPPORTED, "this endpoint cannot be written to");
  }
  virtual Feeds* feeds() { return nullptr; }
  virtual Directory* directory() { return nullptr; }
};

namespace detail {

inline bool put(const sy_items* out, const Item& item) {
  const sy_item raw = item.raw();
  return out->put(out, &raw) != 0;
}

inline std::vector<std::string_view> views(const sy_str* s, std::size_t n) {
  std::vector<std::string_view> out;
  out.reserve(n);
  for (std::size_t i = 0; i < n; ++i) out.push_back(view(s[i]));
  return out;
}

/// Tables are made per way of getting from `self` to the object, so that one self serves all tables of an instance.
template <Feeds* (*Get)(void*)>
inline constexpr sy_feeds feeds_table = {
    sizeof(sy_feeds),
    [](void* self, const sy_call*, const sy_feed_sink* out, sy_error* e) {
      return guard(e, [&] {
        for (const Feed& f : Get(self)->list()) {
          const sy_feed raw{sizeof(sy_feed), f.flags, borrow(f.name), borrow(f.kind)};
          if (out->put(out, &raw) == 0) break;
        }
      });
    },
    [](void* self, const sy_call* call, sy_str feed, sy_str cursor, const sy_items* out, const sy_texts* next,
       int32_t* end, sy_error* e) {
      return guard(e, [&] {
        const PageEnd p =
            Get(self)->page(Call(*call), view(feed), view(cursor), [&](const Item& i) { return put(out, i); });
        if (p.next) next->put(next, borrow(*p.next));
        *end = p.end;
      });
    }};

template <Directory* (*Get)(void*)>
inline constexpr sy_directory directory_table = {
    sizeof(sy_directory),
    [](void* self, const sy_call* call, sy_str address, const sy_texts* out, sy_error* e) {
      return guard(e, [&] { out->put(out, borrow(Get(self)->identity(Call(*call), view(address)))); });
    },
    [](void* self, const sy_call* call, const sy_str* addresses, std::size_t n, const sy_texts* out, sy_error* e) {
      return guard(e, [&] {
        for (const std::string& t : Get(self)->parties(Call(*call), views(addresses, n))) out->put(out, borrow(t));
      });
    },
    [](void* self, const sy_call* call, sy_str kind, const sy_str* keys, std::size_t n, const sy_texts* out,
       sy_error* e) {
      return guard(e, [&] {
        for (const std::string& t : Get(self)->records(Call(*call), view(kind), views(keys, n)))
          out->put(out, borrow(t));
      });
    }};

inline Endpoint* endpoint_of(void* self) { return static_cast<Endpoint*>(self); }
inline Feeds* endpoint_feeds(void* self) { return endpoint_of(self)->feeds(); }
inline Directory* endpoint_directory(void* self) { return endpoint_of(self)->directory(); }

inline constexpr sy_endpoint endpoint_table = {
    sizeof(sy_endpoint),
    [](void* self, sy_str kind, sy_caps* out, const sy_texts* fields) {
      return guard(nullptr, [&] {
        const Caps c = endpoint_of(self)->caps(view(kind));
        out->flags = c.flags;
        out->max_batch = c.max_batch;
        out->settle_ms = c.settle_ms;
        if (!c.fields.empty()) fields->put(fields, borrow(c.fields));
      });
    },
    [](void* self, const sy_call* call, sy_str kind, const sy_str* ids, std::size_t n, int32_t depth,
       const sy_items* out, sy_error* e) {
      return guard(e, [&] {
        endpoint_of(self)->fetch(Call(*call), view(kind), views(ids, n), depth,
                                 [&](const Item& i) { return put(out, i); });
      });
    },
    [](void* self, const sy_call* call, const sy_op* create, const sy_items* out, sy_error* e) {
      return guard(e, [&] {
        if (const auto found = endpoint_of(self)->find(Call(*call), Operation::from(*create))) put(out, *found);
      });
    },
    [](void* self, const sy_call* call, const sy_op* const* ops, std::size_t n, const sy_dones* out, sy_error* e) {
      return guard(e, [&] {
        std::vector<Operation> batch;
        batch.reserve(n);
        for (std::size_t i = 0; i < n; ++i) batch.push_back(Operation::from(*ops[i]));
        endpoint_of(self)->apply(Call(*call), batch, [&](std::size_t op, const Done& d) {
          const sy_done raw = d.raw();
          out->put(out, op, &raw);
        });
      });
    }};

}  // namespace detail

}  // namespace syncline
