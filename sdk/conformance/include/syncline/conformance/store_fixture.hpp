// store_fixture.hpp: what the suite of stores works with: a store under test, rows, commits, other processes.
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "syncline/conformance/test_host.hpp"
#include "syncline/handles.hpp"

namespace syncline::conformance {

/// A class and how it is configured so that all instances for one folder see the same rows.
struct StoreUnderTest {
  const sy_class* type = nullptr;
  std::string (*config)(const std::string& folder) = nullptr;
};

/// A commit under construction: owns its texts.
class Batch {
 public:
  Batch& put(const sy_key& key, std::string doc, std::int64_t expect = SY_ANY_REVISION, std::string payload = {}) {
    return add(key, 0, expect, std::move(doc), std::move(payload));
  }
  Batch& remove(const sy_key& key, std::int64_t expect = SY_ANY_REVISION) { return add(key, 1, expect, {}, {}); }
  Batch& fence(std::string lease, std::int64_t number) {
    const std::string& name = texts_.emplace_back(std::move(lease));
    fences_.push_back({sizeof(sy_fence), borrow(name), number});
    return *this;
  }
  /// The index of what did not hold; nothing: it was committed.
  [[nodiscard]] std::optional<std::size_t> commit(const StoreHandle& store, const sy_call* call) const {
    std::vector<const sy_write*> writes;
    for (const sy_write& w : writes_) writes.push_back(&w);
    std::vector<const sy_fence*> fences;
    for (const sy_fence& f : fences_) fences.push_back(&f);
    const sy_commit c{sizeof(sy_commit), writes.size(), writes.data(), fences.size(), fences.data()};
    try {
      store.commit(call, c);
      return std::nullopt;
    } catch (const CommitConflict& x) {
      return x.at();
    }
  }

 private:
  Batch& add(const sy_key& key, std::int32_t remove, std::int64_t expect, std::string doc, std::string payload) {
    const std::string& d = texts_.emplace_back(std::move(doc));
    const std::string& p = texts_.emplace_back(std::move(payload));
    writes_.push_back({sizeof(sy_write), remove, key, expect, borrow(d), borrow(p)});
    return *this;
  }
  std::deque<std::string> texts_;
  std::deque<sy_write> writes_;
  std::deque<sy_fence> fences_;
};

inline constexpr sy_table suite_link{sizeof(sy_table), 0, "suite_link", {"id", nullptr, nullptr, nullptr}};
inline constexpr sy_table suite_seen{sizeof(sy_table), 0, "suite_seen", {"pair", "side", "item", nullptr}};
inline constexpr sy_table suite_index{
    sizeof(sy_table), SY_TABLE_SMALL, "suite_index", {"pair", "side", "hash", "link"}};
inline constexpr std::array<const sy_table*, 3> suite_tables{&suite_link, &suite_seen, &suite_index};

inline sy_key link(std::int64_t id) { return key("suite_link", {id}); }

class StoreSuite : public testing::TestWithParam<StoreUnderTest> {
 protected:
  [[nodiscard]] StoreHandle make() const {
    return StoreHandle(Instance(*GetParam().type, host_, GetParam().config(folder_.path().string())));
  }
  [[nodiscard]] StoreHandle opened(bool read_only = false) const {
    StoreHandle store = make();
    store.open(host_.call(), suite_tables, read_only);
    return store;
  }
  [[nodiscard]] std::optional<std::size_t> commit(const StoreHandle& store, const Batch& batch) const {
    return batch.commit(store, host_.call());
  }
  [[nodiscard]] std::optional<Row> row(const StoreHandle& store, const sy_key& k) const {
    std::optional<Row> out;
    store.get(host_.call(), std::span(&k, 1), [&](const sy_row& r) {
      out = Row::from(r);
      return true;
    });
    return out;
  }
  [[nodiscard]] std::vector<Row> scan(const StoreHandle& store, const sy_key& prefix, const sy_key* after = nullptr,
                                      std::size_t limit = 0) const {
    std::vector<Row> out;
    store.scan(host_.call(), prefix, after, limit, [&](const sy_row& r) {
      out.push_back(Row::from(r));
      return true;
    });
    return out;
  }
  /// Runs in another process; true: it returned true.
  template <class F>
  static pid_t forked(F&& body) {
    const pid_t child = ::fork();
    if (child != 0) return child;
    bool good = false;
    try {
      good = body();
    } catch (const std::exception& x) {
      std::fprintf(stderr, "child: %s\n", x.what());
    }
    ::_exit(good ? 0 : 1);
  }
  static bool succeeded(pid_t child) {
    int status = 0;
    return ::waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }

  TemporaryFolder folder_;
  TestHost host_;
};

using Failed = std::optional<std::size_t>;

}  // namespace syncline::conformance
