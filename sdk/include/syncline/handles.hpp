// handles.hpp: the caller's side: C tables as C++ objects, for the kernel, the conformance suites and tests. A handle
// borrows its instance; codes become Error, sinks become values. Misbehaviour of a plugin (a sink called too often, a
// result that is missing) ends in Error(SY_BROKEN), never in undefined behaviour.
#pragma once

#include "blobs.h"
#include "connection.hpp"
#include "rule.hpp"
#include "store_handle.hpp"

namespace syncline {

class FeedsHandle {
 public:
  FeedsHandle() = default;
  FeedsHandle(const sy_feeds* table, void* self, Origin origin = {})
      : table_(table), self_(self), origin_(std::move(origin)) {}
  explicit operator bool() const { return table_ != nullptr; }

  [[nodiscard]] std::vector<Feed> list(const sy_call* call) const {
    std::vector<Feed> out;
    SinkOf<sy_feed_sink, sy_feed, std::function<void(const sy_feed&)>> sink(
        [&](const sy_feed& f) { out.push_back({text(f.name), text(f.kind), f.flags}); });
    run(sink, [&](sy_error* e) { return table_->list(self_, call, sink, e); });
    return out;
  }
  PageEnd page(const sy_call* call, std::string_view feed, std::string_view cursor, const ItemSink& on_item) const {
    PageEnd out;
    std::int32_t end = -1;
    SinkOf<sy_items, sy_item, std::function<bool(const sy_item&)>> items(
        [&](const sy_item& i) { return on_item(Item::from(i)); });
    TextSink next([&](std::string_view c) { out.next = std::string(c); });
    sy_error e = no_error();
    const sy_code code = table_->page(self_, call, borrow(feed), borrow(cursor), items, next, &end, &e);
    items.rethrow();
    next.rethrow();
    check(code, e, origin_);
    if (end < SY_PAGE_MORE || end > SY_PAGE_LISTING_COMPLETE)
      throw Error(SY_BROKEN, "the feed did not say how its page ended");
    if (end == SY_PAGE_MORE && !out.next) throw Error(SY_BROKEN, "the feed promised more and gave no cursor");
    out.end = end;
    return out;
  }

 private:
  template <class Sink, class F>
  void run(const Sink& sink, F&& f) const {
    sy_error e = no_error();
    const sy_code code = f(&e);
    sink.rethrow();
    check(code, e, origin_);
  }
  const sy_feeds* table_ = nullptr;
  void* self_ = nullptr;
  Origin origin_;
};

class DirectoryHandle {
 public:
  DirectoryHandle() = default;
  DirectoryHandle(const sy_directory* table, void* self, Origin origin = {})
      : table_(table), self_(self), origin_(std::move(origin)) {}
  explicit operator bool() const { return table_ != nullptr; }

  [[nodiscard]] std::string identity(const sy_call* call, std::string_view address) const {
    auto out =
        texts(1, [&](const sy_texts* t, sy_error* e) { return table_->identity(self_, call, borrow(address), t, e); });
    return std::move(out.front());
  }
  [[nodiscard]] std::vector<std::string> parties(const sy_call* call, std::span<const std::string> addresses) const {
    const auto in = borrow_all(addresses);
    return texts(in.size(), [&](const sy_texts* t, sy_error* e) {
      return table_->parties(self_, call, in.data(), in.size(), t, e);
    });
  }
  [[nodiscard]] std::vector<std::string> records(const sy_call* call, std::string_view kind,
                                                 std::span<const std::string> keys) const {
    const auto in = borrow_all(keys);
    return texts(in.size(), [&](const sy_texts* t, sy_error* e) {
      return table_->records(self_, call, borrow(kind), in.data(), in.size(), t, e);
    });
  }

 private:
  template <class F>
  std::vector<std::string> texts(std::size_t expected, F&& f) const {
    std::vector<std::string> out;
    TextSink sink([&](std::string_view t) { out.emplace_back(t); });
    sy_error e = no_error();
    const sy_code code = f(sink, &e);
    sink.rethrow();
    check(code, e, origin_);
    if (out.size() != expected)
      throw Error(SY_BROKEN, "the directory answered another number of questions than were asked");
    return out;
  }
  const sy_directory* table_ = nullptr;
  void* self_ = nullptr;
  Origin origin_;
};

class DiscoveryHandle {
 public:
  DiscoveryHandle() = default;
  DiscoveryHandle(const sy_discovery* table, void* self) : table_(table), self_(self) {}
  explicit operator bool() const { return table_ != nullptr; }

  [[nodiscard]] std::vector<std::string> discover(const sy_call* call, std::span<const std::string> sets) const {
    return texts(table_->discover, call, sets);
  }
  [[nodiscard]] std::string draft(const sy_call* call, std::span<const std::string> sets) const {
    auto out = texts(table_->draft, call, sets);
    if (out.size() != 1) throw Error(SY_BROKEN, "the plugin drafted not one mapping, as it must");
    return std::move(out.front());
  }

 private:
  template <class F>
  std::vector<std::string> texts(F function, const sy_call* call, std::span<const std::string> sets) const {
    const auto in = borrow_all(sets);
    std::vector<std::string> out;
    TextSink sink([&](std::string_view t) { out.emplace_back(t); });
    sy_error e = no_error();
    const sy_code code = function(self_, call, in.data(), in.size(), sink, &e);
    sink.rethrow();
    check(code, e);
    return out;
  }
  const sy_discovery* table_ = nullptr;
  void* self_ = nullptr;
};

/// An open endpoint; closes it when destroyed.
class EndpointHandle {
 public:
  EndpointHandle() = default;
  EndpointHandle(const sy_connection* connection, void* connection_self, void* self, Origin origin = {})
      : connection_(connection), connection_self_(connection_self), self_(self), origin_(std::move(origin)) {
    table_ = static_cast<const sy_endpoint*>(extension("sy.endpoint/1"));
  }
  EndpointHandle(EndpointHandle&& o) noexcept { swap(o); }
  EndpointHandle& operator=(EndpointHandle&& o) noexcept {
    swap(o);
    return *this;
  }
  EndpointHandle(const EndpointHandle&) = delete;
  EndpointHandle& operator=(const EndpointHandle&) = delete;
  ~EndpointHandle() {
    if (self_ != nullptr) connection_->close(connection_self_, self_);
  }
  explicit operator bool() const { return table_ != nullptr; }

  [[nodiscard]] Caps caps(std::string_view kind) const {
    Caps out;
    sy_caps raw{};
    raw.size = sizeof raw;
    TextSink fields([&](std::string_view f) { out.fields = f; });
    const sy_code code = table_->caps(self_, borrow(kind), &raw, fields);
    fields.rethrow();
    if (code != SY_OK) return {};
    out.flags = raw.flags;
    out.max_batch = raw.max_batch;
    out.settle_ms = raw.settle_ms;
    return out;
  }
  void fetch(const sy_call* call, std::string_view kind, std::span<const std::string> ids, int depth,
             const ItemSink& on_item) const {
    const auto in = borrow_all(ids);
    SinkOf<sy_items, sy_item, std::function<bool(const sy_item&)>> sink(
        [&](const sy_item& i) { return on_item(Item::from(i)); });
    sy_error e = no_error();
    const sy_code code = table_->fetch(self_, call, borrow(kind), in.data(), in.size(), depth, sink, &e);
    sink.rethrow();
    check(code, e, origin_);
  }
  [[nodiscard]] std::optional<Item> find(const sy_call* call, const Operation& create) const {
    std::optional<Item> out;
    SinkOf<sy_items, sy_item, std::function<bool(const sy_item&)>> sink([&](const sy_item& i) {
      out = Item::from(i);
      return true;
    });
    sy_error e = no_error();
    const sy_op raw = create.raw();
    const sy_code code = table_->find(self_, call, &raw, sink, &e);
    sink.rethrow();
    check(code, e, origin_);
    return out;
  }
  /// Every operation for which the endpoint put no result counts as SY_BROKEN when the call itself succeeded; when the
  /// call failed, they stay undecided: `on_done` is not called for them and the error is thrown.
  void apply(const sy_call* call, std::span<const Operation> ops, const DoneSink& on_done) const {
    std::vector<sy_op> raw;
    raw.reserve(ops.size());
    for (const Operation& o : ops) raw.push_back(o.raw());
    std::vector<const sy_op*> pointers;
    pointers.reserve(raw.size());
    for (const sy_op& r : raw) pointers.push_back(&r);
    struct Results {
      const DoneSink& on_done;
      std::vector<bool> seen;
      std::exception_ptr failure;
    } results{on_done, std::vector<bool>(ops.size()), nullptr};
    const sy_dones sink{&results, [](const sy_dones* s, std::size_t op, const sy_done* d) {
                          auto& c = *static_cast<Results*>(s->ctx);
                          if (op >= c.seen.size() || c.seen[op] || c.failure) return;
                          c.seen[op] = true;
                          try {
                            c.on_done(op, Done::from(*d));
                          } catch (...) {
                            c.failure = std::current_exception();
                          }
                        }};
    sy_error e = no_error();
    const sy_code code = table_->apply(self_, call, pointers.data(), pointers.size(), &sink, &e);
    if (results.failure) std::rethrow_exception(results.failure);
    check(code, e, origin_);
    for (std::size_t i = 0; i < ops.size(); ++i)
      if (!results.seen[i])
        on_done(i, Done::failed(Error(SY_BROKEN, "the endpoint gave no result for this operation")));
  }
  [[nodiscard]] FeedsHandle feeds() const {
    return {static_cast<const sy_feeds*>(extension("sy.feeds/1")), self_, origin_};
  }
  [[nodiscard]] DirectoryHandle directory() const {
    return {static_cast<const sy_directory*>(extension("sy.directory/1")), self_, origin_};
  }

 private:
  [[nodiscard]] const void* extension(const char* id) const {
    return self_ == nullptr ? nullptr : connection_->endpoint_extension(connection_self_, self_, id);
  }
  void swap(EndpointHandle& o) noexcept {
    std::swap(connection_, o.connection_);
    std::swap(connection_self_, o.connection_self_);
    std::swap(self_, o.self_);
    std::swap(table_, o.table_);
    std::swap(origin_, o.origin_);
  }
  const sy_connection* connection_ = nullptr;
  void* connection_self_ = nullptr;
  void* self_ = nullptr;
  const sy_endpoint* table_ = nullptr;
  Origin origin_;
};

class ConnectionHandle {
 public:
  ConnectionHandle() = default;
  explicit ConnectionHandle(Instance instance, Origin origin = {})
      : instance_(std::move(instance)), origin_(std::move(origin)) {
    table_ = instance_.table<sy_connection>("sy.connection/1");
    if (table_ == nullptr) throw Error(SY_BROKEN, "the plugin offers no sy.connection/1");
  }
  [[nodiscard]] int side() const { return table_->side; }
  [[nodiscard]] EndpointHandle open(const sy_host& host, std::string_view settings) const {
    sy_error e = no_error();
    void* endpoint = table_->open(instance_.self(), &host, borrow(settings), &e);
    if (endpoint == nullptr) check(e.code == SY_OK ? SY_BROKEN : e.code, e, origin_);
    EndpointHandle out(table_, instance_.self(), endpoint, origin_);
    if (!out) throw Error(SY_BROKEN, "the plugin's endpoint offers no sy.endpoint/1");
    return out;
  }
  [[nodiscard]] std::string probe(const sy_call* call) const {
    std::string out;
    TextSink sink([&](std::string_view t) { out = t; });
    sy_error e = no_error();
    const sy_code code = table_->probe(instance_.self(), call, sink, &e);
    sink.rethrow();
    check(code, e, origin_);
    return out;
  }
  [[nodiscard]] FeedsHandle feeds() const {
    return {instance_.table<sy_feeds>("sy.feeds/1"), instance_.self(), origin_};
  }
  [[nodiscard]] DiscoveryHandle discovery() const {
    return {instance_.table<sy_discovery>("sy.discovery/1"), instance_.self()};
  }
  [[nodiscard]] const sy_class& type() const { return instance_.type(); }

 private:
  Instance instance_;
  const sy_connection* table_ = nullptr;
  Origin origin_;
};

}  // namespace syncline
