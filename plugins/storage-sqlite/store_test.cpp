#include "store.hpp"

#include <sys/stat.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

#include "schema.hpp"
#include "testing.hpp"

namespace syncline::sqlite {
namespace {

using testing::HasSubstr;

TEST_F(SqliteTest, TheFileIsOursAloneAndAnAdministratorCanReadIt) {
  auto store = opened();
  put(*store, link(7), R"({"state":"linked"})", "base");
  put(*store, key("seen", {1, 2}), "{}");
  put(*store, key("link_by_id", {1, 99}), "{}");
  struct stat seen{};
  ASSERT_EQ(::stat(path().c_str(), &seen), 0);
  EXPECT_EQ(seen.st_mode & 0777U, 0600U);
  EXPECT_EQ(shell("select id, doc, payload, rev from link"), R"(7|{"state":"linked"}|base|1|)");
  EXPECT_EQ(shell("select pair, item, doc, payload, rev from seen"), "1|2|{}|NULL|1|");
  EXPECT_EQ(shell("pragma application_id; pragma user_version; pragma page_size; pragma journal_mode"),
            std::to_string(application_id) + "|1|4096|wal|");
  EXPECT_EQ(store->writer().integer("PRAGMA synchronous"), 2) << "FULL";
  EXPECT_EQ(store->writer().integer("PRAGMA wal_autocheckpoint"), 4000);
  EXPECT_EQ(store->writer().integer("PRAGMA cache_size"), -8192);
  EXPECT_THAT(shell("select sql from sqlite_schema where name='link_by_id'"), HasSubstr("WITHOUT ROWID"));
  EXPECT_THAT(shell("select sql from sqlite_schema where name='link'"), HasSubstr("INTEGER PRIMARY KEY"));
  EXPECT_THAT(shell("select sql from sqlite_schema where name='seen'"), HasSubstr("UNIQUE"));
}

TEST_F(SqliteTest, NoOtherFileIsLeftBesideIt) {
  { auto store = opened(); }
  std::vector<std::string> names;
  for (const auto& e : std::filesystem::directory_iterator(folder_.path())) {
    if (e.is_regular_file()) names.push_back(e.path().filename().string());
  }
  EXPECT_THAT(names, testing::ElementsAre("state.db"));
}

TEST_F(SqliteTest, AFileThatOthersCanReadIsReported) {
  { auto store = opened(); }
  ASSERT_EQ(::chmod(path().c_str(), 0644), 0);
  auto store = opened();
  EXPECT_TRUE(host_.logged("chmod 600"));
}

TEST_F(SqliteTest, ScansUseTheIndex) {
  const Table t = Table::from(seen_table);
  auto store = opened();
  for (const auto& [prefix, after] : {std::pair{1U, 1U}, std::pair{0U, 2U}, std::pair{2U, 0U}}) {
    Statement s = store->writer().prepare("EXPLAIN QUERY PLAN " + t.scan(prefix, after));
    ASSERT_TRUE(s.step());
    EXPECT_THAT(std::string(s.bytes(3)), HasSubstr("SEARCH seen USING INDEX"));
    EXPECT_FALSE(s.step()) << "no sorting: " << s.bytes(3);
  }
}

TEST_F(SqliteTest, ANewTableJoinsAnExistingFile) {
  { auto store = opened(); }
  constexpr sy_table more{sizeof(sy_table), 0, "claim", {"id", nullptr, nullptr, nullptr}};
  const std::array<const sy_table*, 2> wanted{&link_table, &more};
  auto reader = make();
  reader->open(call_.call(), wanted, true);
  EXPECT_FALSE(doc(*reader, key("claim", {1}))) << "a table that was never made has no rows";
  auto store = make();
  store->open(call_.call(), wanted, false);
  put(*store, key("claim", {1}), "{}");
  EXPECT_TRUE(doc(*reader, key("claim", {1})));
}

TEST_F(SqliteTest, NamesThatMayNotStandInSqlAreRefused) {
  for (const char* name : {"lease", "sqlite_stat", "a\"b", "", "Link", "a b"}) {
    const sy_table bad{sizeof(sy_table), 0, name, {"id", nullptr, nullptr, nullptr}};
    const std::array<const sy_table*, 1> wanted{&bad};
    EXPECT_THROW(make()->open(call_.call(), wanted, false), Error) << name;
  }
  const sy_table column{sizeof(sy_table), 0, "good", {"doc", nullptr, nullptr, nullptr}};
  EXPECT_THROW(Table::from(column), Error);
  const sy_table none{sizeof(sy_table), 0, "good", {nullptr, nullptr, nullptr, nullptr}};
  EXPECT_THROW(Table::from(none), Error);
}

TEST_F(SqliteTest, ATableWithOtherColumnsIsRefused) {
  { auto store = opened(); }
  shell("drop table seen; create table seen(pair, other, doc, payload, rev)");
  expect_failure(SY_CONFIG, "table seen has other columns", [&] { opened(); });
  expect_failure(SY_CONFIG, "table seen has other columns", [&] { opened(true); });
}

TEST_F(SqliteTest, ReleasingALeaseFencesWhatIsStillUnderWay) {
  auto store = opened();
  const auto held = store->lease(call_.call(), "p", "a", 0, 100, 0);
  EXPECT_TRUE(store->lease(call_.call(), "p", "a", 1, 0, 0).taken);
  EXPECT_GT(store->holder(call_.call(), "p")->fence, held.holder.fence);
  EXPECT_EQ(shell("select name, owner, fence from lease"), "p||2|");
}

/// Waits until that many values are queued behind a lock that the test holds, then lets them go.
TEST_F(SqliteTest, ValuesThatGatherAreCommittedTogether) {
  auto store = opened();
  Database other(Opening{path()}, call_.call());
  other.exec("BEGIN IMMEDIATE");
  constexpr std::int64_t threads = 12;
  std::atomic<int> refused{0};
  const auto before = store->counts();
  {
    std::vector<std::jthread> workers;
    for (std::int64_t t = 0; t < threads; ++t) {
      workers.emplace_back([&, t] {
        const std::int64_t expect = t == 5 ? 3 : SY_ABSENT;
        if (failure([&] { put(*store, link(t), "{}", {}, expect); })) ++refused;
      });
    }
    while (store->waiting() != threads) std::this_thread::yield();
    other.exec("COMMIT");
  }
  EXPECT_EQ(refused.load(), 1);
  EXPECT_EQ(rows(*store), threads - 1U);
  EXPECT_EQ(store->counts().values - before.values, threads - 1);
  EXPECT_EQ(store->counts().transactions - before.transactions, 1) << "all were waiting when the lock came free";
}

TEST_F(SqliteTest, MergingIsBounded) {
  auto store = opened();
  Database other(Opening{path()}, call_.call());
  other.exec("BEGIN IMMEDIATE");
  constexpr std::int64_t threads = 5;
  const std::string big(3 << 20, ' ');
  const auto before = store->counts();
  {
    std::vector<std::jthread> workers;
    for (std::int64_t t = 0; t < threads; ++t) workers.emplace_back([&, t] { put(*store, link(t), big); });
    while (store->waiting() != threads) std::this_thread::yield();
    other.exec("COMMIT");
  }
  EXPECT_EQ(rows(*store), 5U);
  EXPECT_EQ(store->counts().transactions - before.transactions, 3) << "two of 3 MiB fit into 8 MiB, three do not";
}

TEST_F(SqliteTest, ALockedStoreIsWaitedForUntilTheDeadline) {
  auto store = opened(false, R"(,"busy_timeout":"100ms")");
  Database other(Opening{path()}, call_.call());
  other.exec("BEGIN IMMEDIATE");
  expect_failure(SY_RETRY, "another process", [&] { put(*store, link(1), "{}"); });
  EXPECT_FALSE(doc(*store, link(1))) << "reading does not wait";
  conformance::TestCall canceled;
  std::jthread canceler([&] {
    while (store->waiting() == 0) std::this_thread::yield();
    canceled.cancel();
  });
  const auto e = failure([&] { store->lease(canceled.call(), "p", "a", 0, 9, 0); });
  ASSERT_TRUE(e);
  EXPECT_TRUE(e->code() == SY_CANCELED || e->code() == SY_RETRY) << e->what();
  other.exec("ROLLBACK");
  put(*store, link(1), "{}");
  EXPECT_TRUE(doc(*store, link(1)));
}

TEST_F(SqliteTest, AWaiterThatIsCanceledLeavesTheQueueAndNobodyElseNotices) {
  auto store = opened();
  Database other(Opening{path()}, call_.call());
  other.exec("BEGIN IMMEDIATE");
  std::jthread leader([&] { put(*store, link(1), "{}"); });
  while (store->waiting() != 1) std::this_thread::yield();
  conformance::TestCall canceled;
  std::atomic<sy_code> code{SY_OK};
  std::jthread waiter([&] {
    code = failure([&] { store->lease(canceled.call(), "p", "a", 0, 9, 0); }).value_or(Error(SY_OK, {})).code();
  });
  while (store->waiting() != 2) std::this_thread::yield();
  canceled.cancel();
  waiter.join();
  EXPECT_EQ(code.load(), SY_CANCELED);
  other.exec("COMMIT");
  leader.join();
  EXPECT_TRUE(doc(*store, link(1)));
  EXPECT_FALSE(store->holder(call_.call(), "p"));
}

}  // namespace
}  // namespace syncline::sqlite
