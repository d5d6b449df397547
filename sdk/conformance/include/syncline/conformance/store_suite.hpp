// store_suite.hpp: what every class of role store must do, as a GoogleTest suite. Include it in one source file of a
// test program and give it the class:
//   INSTANTIATE_TEST_SUITE_P(Mine, StoreSuite, testing::Values(StoreUnderTest{&class_of<Mine>, config_for_folder}));
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <deque>
#include <optional>
#include <string>
#include <thread>
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

TEST_P(StoreSuite, RevisionsCountTheWritesOfARow) {
  const StoreHandle store = opened();
  EXPECT_FALSE(row(store, link(1)));
  EXPECT_EQ(commit(store, Batch().put(link(1), R"({"a":1})", SY_ABSENT)), Failed());
  EXPECT_EQ(row(store, link(1))->revision, 1);
  EXPECT_EQ(commit(store, Batch().put(link(1), R"({"a":2})", 1)), Failed());
  EXPECT_EQ(commit(store, Batch().put(link(1), R"({"a":3})")), Failed());
  EXPECT_EQ(row(store, link(1))->revision, 3);
  EXPECT_EQ(row(store, link(1))->doc, R"({"a":3})");
}

TEST_P(StoreSuite, ExpectationsThatDoNotHoldChangeNothing) {
  const StoreHandle store = opened();
  ASSERT_EQ(commit(store, Batch().put(link(1), "{}")), Failed());
  EXPECT_EQ(commit(store, Batch().put(link(1), "[1]", SY_ABSENT)), Failed(0));
  EXPECT_EQ(commit(store, Batch().put(link(1), "[2]", 2)), Failed(0));
  EXPECT_EQ(commit(store, Batch().put(link(2), "[3]", 1)), Failed(0));
  EXPECT_EQ(commit(store, Batch().remove(link(1), 2)), Failed(0));
  EXPECT_EQ(commit(store, Batch().remove(link(1), SY_ABSENT)), Failed(0));
  EXPECT_EQ(commit(store, Batch().remove(link(2), 1)), Failed(0));
  EXPECT_EQ(row(store, link(1))->doc, "{}");
  EXPECT_FALSE(row(store, link(2)));
}

TEST_P(StoreSuite, RemovingAndMakingAnewStartsAtOne) {
  const StoreHandle store = opened();
  ASSERT_EQ(commit(store, Batch().put(link(1), "{}").put(link(1), "{}")), Failed());
  EXPECT_EQ(commit(store, Batch().remove(link(1), 2)), Failed());
  EXPECT_FALSE(row(store, link(1)));
  EXPECT_EQ(commit(store, Batch().remove(link(1))), Failed()) << "without an expectation it may be gone already";
  EXPECT_EQ(commit(store, Batch().remove(link(1), SY_ABSENT)), Failed());
  EXPECT_EQ(commit(store, Batch().put(link(1), "{}", SY_ABSENT)), Failed());
  EXPECT_EQ(row(store, link(1))->revision, 1);
}

TEST_P(StoreSuite, ACommitIsAllOrNothing) {
  const StoreHandle store = opened();
  ASSERT_EQ(commit(store, Batch().put(link(5), "{}")), Failed());
  EXPECT_EQ(
      commit(store,
             Batch().put(link(9), "{}").remove(link(5)).put(key("suite_seen", {1, 0, 7}), "{}").put(link(2), "{}", 4)),
      Failed(3));
  EXPECT_FALSE(row(store, link(9)));
  EXPECT_TRUE(row(store, link(5)));
  EXPECT_FALSE(row(store, key("suite_seen", {1, 0, 7})));
}

TEST_P(StoreSuite, TheFirstRefusalInTheGivenOrderIsNamed) {
  const StoreHandle store = opened();
  EXPECT_EQ(commit(store, Batch().put(link(9), "{}", SY_ABSENT).put(link(8), "{}", 1).put(link(1), "{}", 1)),
            Failed(1));
}

TEST_P(StoreSuite, LaterWritesToAKeySeeEarlierOnes) {
  const StoreHandle store = opened();
  EXPECT_EQ(commit(store, Batch()
                              .put(link(3), "\"a\"", SY_ABSENT)
                              .put(link(1), "{}")
                              .put(link(3), "\"b\"", 1)
                              .remove(link(1), 1)
                              .put(link(1), "\"c\"", SY_ABSENT)
                              .put(link(3), "\"d\"", 2)),
            Failed());
  EXPECT_EQ(row(store, link(3))->doc, "\"d\"");
  EXPECT_EQ(row(store, link(3))->revision, 3);
  EXPECT_EQ(row(store, link(1))->doc, "\"c\"");
  EXPECT_EQ(commit(store, Batch().put(link(4), "{}").put(link(4), "{}", SY_ABSENT)), Failed(1));
}

TEST_P(StoreSuite, GetAnswersInTheOrderOfTheKeys) {
  const StoreHandle store = opened();
  ASSERT_EQ(commit(store, Batch().put(link(1), "1").put(link(2), "2").put(key("suite_index", {1, 1, -5, 2}), "3")),
            Failed());
  const std::vector<sy_key> keys{link(2), link(77), key("suite_index", {1, 1, -5, 2}), link(1), link(2)};
  std::vector<std::string> docs;
  store.get(host_.call(), keys, [&](const sy_row& r) {
    docs.push_back(text(r.doc));
    return true;
  });
  EXPECT_EQ(docs, (std::vector<std::string>{"2", "3", "1", "2"}));
  docs.clear();
  store.get(host_.call(), keys, [&](const sy_row& r) {
    docs.push_back(text(r.doc));
    return false;
  });
  EXPECT_EQ(docs.size(), 1U) << "a sink that wants no more gets no more";
}

TEST_P(StoreSuite, ScansAreInKeyOrderWithPrefixAfterAndLimit) {
  const StoreHandle store = opened();
  for (const char* table : {"suite_seen", "suite_index"}) {
    const bool four = std::string_view(table) == "suite_index";
    const auto at = [&](std::int64_t a, std::int64_t b, std::int64_t c) {
      return four ? key(table, {a, b, c, 0}) : key(table, {a, b, c});
    };
    Batch batch;
    for (const std::int64_t a : {2, 1, -1})
      for (const std::int64_t b : {1, 0})
        for (const std::int64_t c : {30, -10, 20}) batch.put(at(a, b, c), std::to_string(a * 100 + b * 1000 + c));
    ASSERT_EQ(commit(store, batch), Failed());
    const auto all = scan(store, key(table, {}));
    ASSERT_EQ(all.size(), 18U);
    for (std::size_t i = 1; i < all.size(); ++i) EXPECT_LT(all[i - 1].key, all[i].key);
    const auto one = scan(store, key(table, {1}));
    ASSERT_EQ(one.size(), 6U);
    EXPECT_EQ(one[0].key[2], -10);
    EXPECT_EQ(one[0].doc, "90");
    EXPECT_EQ(one[5].key[1], 1);
    const sy_key after = at(1, 0, 20);
    EXPECT_EQ(scan(store, key(table, {1, 0}), &after).size(), 1U);
    EXPECT_EQ(scan(store, key(table, {1}), &after).size(), 4U);
    EXPECT_EQ(scan(store, key(table, {}), &after).size(), 10U);
    const auto some = scan(store, key(table, {}), &after, 2);
    ASSERT_EQ(some.size(), 2U);
    EXPECT_EQ(some[0].key[2], 30);
    EXPECT_EQ(some[1].key[1], 1);
    EXPECT_EQ(scan(store, at(1, 0, 20)).size(), 1U);
    EXPECT_EQ(scan(store, at(1, 0, 20), &after).size(), 0U);
    EXPECT_EQ(scan(store, key(table, {2}), &after).size(), 6U) << "all of it lies behind";
    EXPECT_EQ(scan(store, key(table, {-1}), &after).size(), 0U) << "all of it lies before";
  }
}

TEST_P(StoreSuite, PagingThroughAScanMeetsEachRowOnce) {
  const StoreHandle store = opened();
  Batch batch;
  for (std::int64_t i = 0; i < 257; ++i) batch.put(key("suite_seen", {i % 3, i % 2, i * 7919 % 257}), "{}");
  ASSERT_EQ(commit(store, batch), Failed());
  std::vector<Row> met;
  for (sy_key after{};;) {
    const auto page = scan(store, key("suite_seen", {}), met.empty() ? nullptr : &after, 10);
    met.insert(met.end(), page.begin(), page.end());
    if (page.size() < 10) break;
    after = key("suite_seen", {met.back().key[0], met.back().key[1], met.back().key[2]});
  }
  EXPECT_EQ(met.size(), 257U);
  for (std::size_t i = 1; i < met.size(); ++i) EXPECT_LT(met[i - 1].key, met[i].key);
}

TEST_P(StoreSuite, ExtremeKeysPayloadsWithNulsAndBigDocumentsComeBackAsTheyWere) {
  const StoreHandle store = opened();
  constexpr auto least = std::numeric_limits<std::int64_t>::min(), most = std::numeric_limits<std::int64_t>::max();
  std::string payload("\0a\0\xff\x80", 5);
  payload += std::string(70'000, '\0');
  std::string big = "\"" + std::string(2 << 20, 'x') + "\xc3\xa4\"";
  ASSERT_EQ(commit(store, Batch()
                              .put(link(most), "{}", SY_ABSENT, payload)
                              .put(link(least), big, SY_ABSENT)
                              .put(key("suite_index", {least, most, 0, -1}), "{}", SY_ABSENT, std::string("\0", 1))),
            Failed());
  EXPECT_EQ(row(store, link(most))->payload, payload);
  EXPECT_EQ(row(store, link(least))->doc, big);
  EXPECT_EQ(row(store, link(least))->payload, "");
  EXPECT_EQ(row(store, key("suite_index", {least, most, 0, -1}))->payload, std::string("\0", 1));
  EXPECT_EQ(scan(store, key("suite_link", {})).front().key[0], least);
  ASSERT_EQ(commit(store, Batch().put(link(most), "{}", 1)), Failed());
  EXPECT_EQ(row(store, link(most))->payload, "") << "a write replaces the whole row";
}

TEST_P(StoreSuite, FencesMustBeTheLeasesNumber) {
  const StoreHandle store = opened();
  const auto a = store.lease(host_.call(), "pair 1", "host a", 1'000, 60'000, 0);
  ASSERT_TRUE(a.taken);
  EXPECT_EQ(commit(store, Batch().put(link(1), "{}").fence("pair 1", a.holder.fence)), Failed());
  const auto b = store.lease(host_.call(), "pair 1", "host b", 2'000, 60'000, 1);
  ASSERT_TRUE(b.taken);
  EXPECT_EQ(commit(store, Batch().put(link(2), "{}").put(link(3), "{}").fence("pair 1", a.holder.fence)), Failed(2));
  EXPECT_FALSE(row(store, link(2)));
  EXPECT_EQ(commit(store, Batch().put(link(2), "{}").fence("pair 1", b.holder.fence).fence("never", 1)), Failed(2));
  EXPECT_EQ(commit(store, Batch().fence("pair 1", b.holder.fence)), Failed()) << "fences alone";
  EXPECT_FALSE(row(store, link(2)));
}

TEST_P(StoreSuite, LeasesAreTakenRenewedAndExpire) {
  const StoreHandle store = opened();
  EXPECT_FALSE(store.holder(host_.call(), "pair 1"));
  const auto first = store.lease(host_.call(), "pair 1", "a", 1'000, 500, 0);
  ASSERT_TRUE(first.taken);
  EXPECT_EQ(first.holder.owner, "a");
  EXPECT_EQ(first.holder.until_ms, 1'500);
  EXPECT_GT(first.holder.fence, 0);
  const auto renewed = store.lease(host_.call(), "pair 1", "a", 1'400, 500, 0);
  EXPECT_TRUE(renewed.taken);
  EXPECT_EQ(renewed.holder.fence, first.holder.fence);
  EXPECT_EQ(renewed.holder.until_ms, 1'900);
  const auto refused = store.lease(host_.call(), "pair 1", "b", 1'899, 500, 0);
  EXPECT_FALSE(refused.taken);
  EXPECT_EQ(refused.holder.owner, "a");
  EXPECT_EQ(refused.holder.until_ms, 1'900);
  const auto late = store.lease(host_.call(), "pair 1", "b", 1'900, 500, 0);
  EXPECT_TRUE(late.taken);
  EXPECT_GT(late.holder.fence, first.holder.fence);
  EXPECT_EQ(store.holder(host_.call(), "pair 1")->owner, "b");
  EXPECT_TRUE(store.lease(host_.call(), "pair 2", "a", 1'900, 500, 0).taken) << "each name is a lease of its own";
}

TEST_P(StoreSuite, AnExpiredLeaseOfOnesOwnIsRenewed) {
  const StoreHandle store = opened();
  const auto first = store.lease(host_.call(), "p", "a", 1'000, 500, 0);
  const auto again = store.lease(host_.call(), "p", "a", 9'000, 500, 0);
  EXPECT_TRUE(again.taken);
  EXPECT_EQ(again.holder.fence, first.holder.fence) << "nobody else held it in between";
}

TEST_P(StoreSuite, ForceTakesFromAnotherOrAnewFromOneself) {
  const StoreHandle store = opened();
  const auto a = store.lease(host_.call(), "p", "a", 1'000, 9'000, 0);
  const auto anew = store.lease(host_.call(), "p", "a", 1'001, 9'000, 2);
  EXPECT_TRUE(anew.taken);
  EXPECT_GT(anew.holder.fence, a.holder.fence) << "what the killed process still sends is fenced off";
  EXPECT_FALSE(store.lease(host_.call(), "p", "b", 1'002, 9'000, 2).taken) << "2 is for one's own only";
  const auto taken = store.lease(host_.call(), "p", "b", 1'003, 9'000, 1);
  EXPECT_TRUE(taken.taken);
  EXPECT_GT(taken.holder.fence, anew.holder.fence);
}

TEST_P(StoreSuite, GivingUpFreesAtOnceAndOnlyOnesOwn) {
  const StoreHandle store = opened();
  const auto a = store.lease(host_.call(), "p", "a", 1'000, 9'000, 0);
  const auto foreign = store.lease(host_.call(), "p", "b", 1'001, 0, 0);
  EXPECT_FALSE(foreign.taken);
  EXPECT_EQ(foreign.holder.owner, "a");
  EXPECT_EQ(store.holder(host_.call(), "p")->until_ms, 10'000);
  EXPECT_TRUE(store.lease(host_.call(), "p", "a", 1'002, 0, 0).taken);
  EXPECT_NE(store.holder(host_.call(), "p")->owner, "a");
  const auto b = store.lease(host_.call(), "p", "b", 1'003, 9'000, 0);
  EXPECT_TRUE(b.taken);
  EXPECT_GT(b.holder.fence, a.holder.fence);
  EXPECT_EQ(commit(store, Batch().put(link(1), "{}").fence("p", a.holder.fence)), Failed(1));
}

TEST_P(StoreSuite, WhatIsWrittenIsThereAfterReopening) {
  std::int64_t fence = 0;
  {
    const StoreHandle store = opened();
    ASSERT_EQ(commit(store, Batch().put(link(1), "{}").put(link(1), R"({"x":1})", 1, std::string("\0p", 2))), Failed());
    fence = store.lease(host_.call(), "p", "a", 1'000, 9'000, 0).holder.fence;
  }
  for (const bool read_only : {true, false}) {
    const StoreHandle store = opened(read_only);
    ASSERT_TRUE(row(store, link(1)));
    EXPECT_EQ(row(store, link(1))->doc, R"({"x":1})");
    EXPECT_EQ(row(store, link(1))->revision, 2);
    EXPECT_EQ(row(store, link(1))->payload, std::string("\0p", 2));
    EXPECT_EQ(store.holder(host_.call(), "p")->fence, fence);
  }
}

TEST_P(StoreSuite, ReadOnlyRefusesToWriteAndSeesWhatOthersWrite) {
  const StoreHandle writer = opened();
  const StoreHandle reader = opened(true);
  EXPECT_FALSE(row(reader, link(1)));
  ASSERT_EQ(commit(writer, Batch().put(link(1), "{}")), Failed());
  EXPECT_TRUE(row(reader, link(1)));
  EXPECT_THROW(static_cast<void>(commit(reader, Batch().put(link(2), "{}"))), Error);
  EXPECT_THROW(static_cast<void>(reader.lease(host_.call(), "p", "a", 0, 1, 0)), Error);
  EXPECT_FALSE(row(writer, link(2)));
}

TEST_P(StoreSuite, WithoutAStoreReadOnlySaysWhatToDo) {
  const StoreHandle store = make();
  try {
    store.open(host_.call(), suite_tables, true);
    FAIL() << "there is nothing to read";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), SY_CONFIG);
    EXPECT_FALSE(std::string(e.what()).empty());
  }
}

TEST_P(StoreSuite, UnknownTablesAndWrongKeysAreRefused) {
  const StoreHandle store = opened();
  EXPECT_THROW(static_cast<void>(commit(store, Batch().put(key("nothing", {1}), "{}"))), Error);
  EXPECT_THROW(static_cast<void>(commit(store, Batch().put(key("suite_seen", {1, 2}), "{}"))), Error);
  EXPECT_THROW(static_cast<void>(row(store, key("suite_link", {1, 2}))), Error);
  EXPECT_THROW(static_cast<void>(scan(store, key("suite_link", {1, 2}))), Error);
  EXPECT_EQ(commit(store, Batch().put(link(1), "{}")), Failed()) << "usable afterwards";
}

TEST_P(StoreSuite, ACanceledCallChangesNothing) {
  const StoreHandle store = opened();
  TestCall call;
  call.cancel();
  try {
    static_cast<void>(Batch().put(link(1), "{}").commit(store, call));
    FAIL() << "the call was canceled";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), SY_CANCELED);
  }
  EXPECT_FALSE(row(store, link(1)));
}

TEST_P(StoreSuite, AScanSeesOneStateWhileOthersWrite) {
  const StoreHandle store = opened();
  Batch batch;
  for (std::int64_t i = 0; i < 600; ++i) batch.put(link(i), "0");
  ASSERT_EQ(commit(store, batch), Failed());
  std::size_t seen = 0;
  store.scan(host_.call(), key("suite_link", {}), nullptr, 0, [&](const sy_row& r) {
    if (seen++ == 0) {  // a commit from within: neither waits for the other
      EXPECT_EQ(commit(store, Batch().put(link(500), "1").put(link(9'000), "1")), Failed());
    }
    EXPECT_EQ(text(r.doc), "0");
    return true;
  });
  EXPECT_EQ(seen, 600U);
  EXPECT_EQ(row(store, link(500))->doc, "1");
}

TEST_P(StoreSuite, ThreadsCommitTogetherAndARefusalIsOnlyTheOwners) {
  const StoreHandle store = opened();
  ASSERT_EQ(commit(store, Batch().put(link(0), "{}")), Failed());
  constexpr std::int64_t threads = 8, rounds = 40;
  std::atomic<std::int64_t> wrong{0};
  {
    std::vector<std::jthread> workers;
    for (std::int64_t t = 1; t <= threads; ++t) {
      workers.emplace_back([&, t] {
        for (std::int64_t i = 0; i < rounds; ++i) {
          const bool refused = i == rounds / 2;
          Batch batch;
          batch.put(link(t * 1'000 + i), "{}", SY_ABSENT).put(link(t * 1'000 + 900 + i), "{}");
          if (refused) batch.put(link(0), "{}", 77);
          if (commit(store, batch) != (refused ? Failed(2) : Failed())) ++wrong;
          if (row(store, link(t * 1'000 + i)).has_value() == refused) ++wrong;
        }
      });
    }
  }
  EXPECT_EQ(wrong.load(), 0);
  EXPECT_EQ(scan(store, key("suite_link", {})).size(), static_cast<std::size_t>(1 + threads * (rounds - 1) * 2));
}

TEST_P(StoreSuite, OneCounterIsRaisedByManyThreadsWithoutALoss) {
  const StoreHandle store = opened();
  ASSERT_EQ(commit(store, Batch().put(link(1), "0")), Failed());
  constexpr int threads = 4, rounds = 25;
  {
    std::vector<std::jthread> workers;
    for (int t = 0; t < threads; ++t) {
      workers.emplace_back([&] {
        for (int done = 0; done < rounds;) {
          const Row now = *row(store, link(1));
          if (!commit(store, Batch().put(link(1), std::to_string(std::stoi(now.doc) + 1), now.revision))) ++done;
        }
      });
    }
  }
  EXPECT_EQ(row(store, link(1))->doc, std::to_string(threads * rounds));
  EXPECT_EQ(row(store, link(1))->revision, threads * rounds + 1);
}

TEST_P(StoreSuite, TwoInstancesShareOneStore) {
  const StoreHandle one = opened(), two = opened();
  ASSERT_EQ(commit(one, Batch().put(link(1), "{}", SY_ABSENT)), Failed());
  EXPECT_TRUE(row(two, link(1)));
  EXPECT_EQ(commit(two, Batch().put(link(1), "[]", SY_ABSENT)), Failed(0));
  EXPECT_EQ(commit(two, Batch().put(link(1), "[]", 1)), Failed());
  EXPECT_EQ(commit(one, Batch().put(link(1), "{}", 1)), Failed(0));
  ASSERT_TRUE(one.lease(host_.call(), "p", "a", 0, 100, 0).taken);
  EXPECT_FALSE(two.lease(host_.call(), "p", "b", 0, 100, 0).taken);
}

TEST_P(StoreSuite, SeveralProcessesShareOneStore) {
  constexpr std::int64_t processes = 3, rounds = 30;
  std::vector<pid_t> children;
  for (std::int64_t p = 1; p <= processes; ++p) {
    children.push_back(forked([&] {  // all of them make the file and its tables, or find them
      const StoreHandle store = opened();
      for (std::int64_t i = 0; i < rounds; ++i) {
        if (commit(store, Batch().put(link(p * 1'000 + i), "{}", SY_ABSENT))) return false;
        for (;;) {
          const auto now = row(store, link(0));
          if (!commit(store, Batch().put(link(0), "{}", now ? now->revision : std::int64_t{SY_ABSENT}))) break;
        }
      }
      return true;
    }));
  }
  for (const pid_t child : children) EXPECT_TRUE(succeeded(child));
  const StoreHandle store = opened();
  EXPECT_EQ(row(store, link(0))->revision, processes * rounds);
  EXPECT_EQ(scan(store, key("suite_link", {})).size(), static_cast<std::size_t>(1 + processes * rounds));
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(StoreSuite);

}  // namespace syncline::conformance
