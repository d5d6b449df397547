// What can be wrong with the file, the folder and the disk, and a process that dies in the middle.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <atomic>
#include <csignal>
#include <sstream>
#include <thread>

#include "schema.hpp"
#include "testing.hpp"

namespace syncline::sqlite {
namespace {

TEST_F(SqliteTest, AFileThatIsNoDatabaseIsRefusedAndLeftAlone) {
  const std::string content(5'000, 'x');
  std::ofstream(path()) << content;
  expect_failure(SY_CONFIG, "not a Syncline store", [&] { opened(); });
  expect_failure(SY_CONFIG, "not a Syncline store", [&] { opened(true); });
  std::ostringstream now;
  now << std::ifstream(path()).rdbuf();
  EXPECT_EQ(now.str(), content);
}

TEST_F(SqliteTest, AnotherProgramsDatabaseIsRefusedAndLeftAlone) {
  shell("create table t(a); insert into t values(1)");
  expect_failure(SY_CONFIG, "not a Syncline store", [&] { opened(); });
  EXPECT_EQ(shell("pragma journal_mode; select name from sqlite_schema"), "delete|t|");
}

TEST_F(SqliteTest, ANewerVersionIsRefusedWithWhatToDo) {
  { auto store = opened(); }
  shell("pragma user_version=7");
  for (const bool read_only : {false, true}) {
    expect_failure(SY_CONFIG, "newer Syncline (store version 7, this one knows 1)", [&] { opened(read_only); });
  }
}

TEST_F(SqliteTest, AnOlderVersionIsBroughtUpToDateAndKeepsItsRows) {
  shell("pragma application_id=" + std::to_string(application_id) +
        "; create table link(id integer primary key, doc text not null, payload blob, rev integer not null);"
        "insert into link values(1,'{\"old\":1}',null,4)");
  expect_failure(SY_CONFIG, "older Syncline", [&] { opened(true); });
  auto store = opened();
  EXPECT_EQ(doc(*store, link(1)), R"({"old":1})");
  EXPECT_TRUE(store->lease(call_.call(), "p", "a", 0, 9, 0).taken);
  EXPECT_EQ(shell("pragma user_version"), "1|");
  EXPECT_TRUE(host_.logged("brought to version 1"));
}

TEST_F(SqliteTest, AMigrationThatFailsChangesNothing) {
  shell("pragma application_id=" + std::to_string(application_id) + "; create view lease as select 1 as name");
  EXPECT_TRUE(failure([&] { opened(); }));
  EXPECT_EQ(shell("pragma user_version; select name from sqlite_schema"), "0|lease|");
}

TEST_F(SqliteTest, ADamagedFileIsFoundAtTheStart) {
  {
    auto store = opened();
    for (std::int64_t i = 0; i < 300; ++i) put(*store, link(i), std::string(1'000, 'a'));
  }
  {
    std::fstream file(path(), std::ios::in | std::ios::out | std::ios::binary);
    for (int page = 5; page < 40; ++page) {
      file.seekp(page * 4096L);
      file << std::string(64, '\x7f');
    }
  }
  expect_failure(SY_CONFIG, "damaged", [&] { opened(); });
  expect_failure(SY_CONFIG, "damaged", [&] { opened(false, R"(,"check":"full")"); });
  auto store = opened(false, R"(,"check":"none")");
  expect_failure(SY_CONFIG, "damaged", [&] { static_cast<void>(rows(*store)); });
}

TEST_F(SqliteTest, ATruncatedFileIsFoundAtTheStart) {
  {
    auto store = opened();
    for (std::int64_t i = 0; i < 100; ++i) put(*store, link(i), std::string(1'000, 'a'));
  }
  std::filesystem::resize_file(path(), 40'960);
  expect_failure(SY_CONFIG, "damaged", [&] { opened(); });
}

TEST_F(SqliteTest, AMissingFolderAndAFolderInPlaceOfAFileAreNamed) {
  const auto open_at = [&](const std::string& where) {
    SqliteStore(host_.host(), R"({"path":")" + where + "\"}").open(call_.call(), tables, false);
  };
  expect_failure(SY_CONFIG, "folder does not exist", [&] { open_at((folder_.path() / "none" / "state.db").string()); });
  expect_failure(SY_CONFIG, "is a folder", [&] { open_at(folder_.path().string()); });
}

/// As a user whom file modes bind: root is not refused anything.
int as_somebody(const std::function<int()>& body) {
  if (::geteuid() == 0 && ::setresuid(65'534, 65'534, 65'534) != 0) return 98;
  return body();
}

TEST_F(SqliteTest, AFolderThatCannotBeWrittenIsNamed) {
  ASSERT_EQ(::chmod(folder_.path().c_str(), 0555), 0);
  const int status = in_child([&] {
    return as_somebody([&] {
      const auto e = failure([&] { opened(); });
      return e && e->code() == SY_CONFIG && std::string(e->what()).find("folder writable") != std::string::npos ? 0 : 1;
    });
  });
  EXPECT_EQ(status, 0);
  EXPECT_EQ(::chmod(folder_.path().c_str(), 0755), 0);
}

TEST_F(SqliteTest, AFileThatCannotBeWrittenIsNamedAndCanBeRead) {
  {
    auto store = opened();
    put(*store, link(1), "{}");
  }
  ASSERT_EQ(::chmod(path().c_str(), 0444), 0);
  ASSERT_EQ(::chmod(folder_.path().c_str(), 0777), 0);
  const int status = in_child([&] {
    return as_somebody([&] {
      const auto e = failure([&] { opened(); });
      if (!e || e->code() != SY_CONFIG) return 1;
      if (std::string(e->what()).find("not writable") == std::string::npos) return 2;
      return rows(*opened(true)) == 1 ? 0 : 3;
    });
  });
  EXPECT_EQ(status, 0);
}

TEST_F(SqliteTest, AFullStoreSaysSoAndStaysUsable) {
  auto store = opened();
  put(*store, link(1), "{}");
  store->writer().exec("PRAGMA max_page_count=" + std::to_string(store->writer().integer("PRAGMA page_count") + 8));
  expect_failure(SY_FULL, path().c_str(), [&] { put(*store, link(2), std::string(200'000, 'x')); });
  EXPECT_FALSE(doc(*store, link(2)));
  put(*store, link(3), "{}");
  EXPECT_TRUE(doc(*store, link(3)));
  store->writer().exec("PRAGMA max_page_count=1000000");
  put(*store, link(2), std::string(200'000, 'x'));
  EXPECT_EQ(doc(*store, link(2))->size(), 200'000U);
}

TEST_F(SqliteTest, OneValueThatDoesNotFitLeavesTheOthersOfItsTransactionAlone) {
  auto store = opened();
  store->writer().exec("PRAGMA max_page_count=" + std::to_string(store->writer().integer("PRAGMA page_count") + 8));
  Database other(Opening{path()}, call_.call());
  other.exec("BEGIN IMMEDIATE");
  constexpr std::int64_t threads = 6;
  std::atomic<int> full{0}, failed{0};
  {
    std::vector<std::jthread> workers;
    for (std::int64_t t = 0; t < threads; ++t) {
      workers.emplace_back([&, t] {
        const auto e = failure([&] { put(*store, link(t), std::string(t == 3 ? 200'000 : 10, 'x')); });
        if (e) ++(e->code() == SY_FULL && t == 3 ? full : failed);
      });
    }
    while (store->waiting() != threads) std::this_thread::yield();
    other.exec("COMMIT");
  }
  EXPECT_EQ(full.load(), 1);
  EXPECT_EQ(failed.load(), 0);
  EXPECT_EQ(rows(*store), threads - 1U);
}

TEST_F(SqliteTest, AFileSizeLimitCountsAsFullAndLosesNothing) {
  const int status = in_child([&] {
    auto store = opened();
    put(*store, link(1), "{}");
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{400'000, RLIM_INFINITY};
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) return 1;
    const auto e = failure([&] { put(*store, link(2), std::string(1'000'000, 'x')); });
    if (!e) return 2;
    if (e->code() != SY_FULL) return std::fprintf(stderr, "%s\n", e->what()), 3;
    put(*store, link(3), "{}");  // still usable
    const rlimit none{RLIM_INFINITY, RLIM_INFINITY};
    if (::setrlimit(RLIMIT_FSIZE, &none) != 0) return 4;
    put(*store, link(4), std::string(1'000'000, 'x'));
    return 0;
  });
  EXPECT_EQ(status, 0);
  auto store = opened(false, R"(,"check":"full")");
  EXPECT_EQ(rows(*store), 3U);
  EXPECT_FALSE(doc(*store, link(2)));
}

/// A child commits and tells each number that was acknowledged; it is killed at some point, also within a commit.
TEST_F(SqliteTest, WhatWasAcknowledgedSurvivesAKilledProcess) {
  for (int round = 0; round < 5; ++round) {
    int ends[2] = {-1, -1};
    ASSERT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      ::close(ends[0]);
      try {
        auto store = opened();
        for (std::int64_t i = round * 100'000LL;; ++i) {
          const sy_write a{sizeof(sy_write), 0, link(i), SY_ABSENT, borrow("{}"), {}};
          const sy_write b{sizeof(sy_write), 0, key("seen", {1, i}), SY_ABSENT, borrow("{}"), {}};
          const sy_write* writes[] = {&a, &b};
          store->commit(call_.call(), {sizeof(sy_commit), 2, writes, 0, nullptr});
          if (::write(ends[1], &i, sizeof i) != sizeof i) break;
        }
      } catch (const std::exception& x) {
        std::fprintf(stderr, "child: %s\n", x.what());
      }
      ::_exit(1);
    }
    ::close(ends[1]);
    std::vector<std::int64_t> acknowledged;
    std::int64_t number = 0;
    while (::read(ends[0], &number, sizeof number) == sizeof number) {
      acknowledged.push_back(number);
      if (acknowledged.size() == 20U + static_cast<std::size_t>(round) * 7) ::kill(child, SIGKILL);
    }
    ::close(ends[0]);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "it died of the signal and nothing else";
    auto store = opened(false, R"(,"check":"full")");
    for (const std::int64_t i : acknowledged) EXPECT_TRUE(doc(*store, link(i))) << i;
    std::size_t seen = 0;
    store->scan(call_.call(), key("seen", {}), nullptr, 0, [&](const sy_row& r) {
      EXPECT_TRUE(doc(*store, link(r.key.part[1]))) << "both writes of a commit or none";
      return ++seen != 0;
    });
    EXPECT_EQ(rows(*store), seen);
  }
}

}  // namespace
}  // namespace syncline::sqlite
