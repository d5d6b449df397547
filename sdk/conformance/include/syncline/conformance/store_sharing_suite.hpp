// store_sharing_suite.hpp: the part of the suite of stores where several threads and processes meet; store_suite.hpp
// includes it.
#pragma once

#include <atomic>
#include <thread>

#include "store_fixture.hpp"

namespace syncline::conformance {

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

/// An administrator's command and the daemon on a fresh machine: neither may take the other's half-made file for a
/// stranger's.
TEST_P(StoreSuite, ProcessesThatMakeTheStoreAtOnceAllFindIt) {
  constexpr int rounds = 60, processes = 3;
  for (int round = 0; round < rounds; ++round) {
    const TemporaryFolder folder;
    std::vector<pid_t> children;
    for (std::int64_t p = 0; p < processes; ++p) {
      children.push_back(forked([&] {
        const StoreHandle store(Instance(*GetParam().type, host_, GetParam().config(folder.path().string())));
        store.open(host_.call(), suite_tables, false);
        return !commit(store, Batch().put(link(p), "{}", SY_ABSENT));
      }));
    }
    for (const pid_t child : children) ASSERT_TRUE(succeeded(child)) << "round " << round;
  }
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(StoreSuite);

}  // namespace syncline::conformance
