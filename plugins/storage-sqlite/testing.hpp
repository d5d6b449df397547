// testing.hpp: what the tests of this plugin share: a folder, a host, and stores over files in it.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <syncline/conformance/test_host.hpp>

#include "store.hpp"

namespace syncline::sqlite {

inline constexpr sy_table link_table{sizeof(sy_table), 0, "link", {"id", nullptr, nullptr, nullptr}};
inline constexpr sy_table seen_table{sizeof(sy_table), 0, "seen", {"pair", "item", nullptr, nullptr}};
inline constexpr sy_table index_table{
    sizeof(sy_table), SY_TABLE_SMALL, "link_by_id", {"pair", "hash", nullptr, nullptr}};
inline constexpr std::array<const sy_table*, 3> tables{&link_table, &seen_table, &index_table};

inline sy_key link(std::int64_t id) { return key("link", {id}); }

class SqliteTest : public testing::Test {
 protected:
  [[nodiscard]] std::string path() const { return (folder_.path() / "state.db").string(); }
  [[nodiscard]] std::unique_ptr<SqliteStore> make(const std::string& more = {}) const {
    return std::make_unique<SqliteStore>(host_.host(), R"({"path":")" + path() + '"' + more + "}");
  }
  std::unique_ptr<SqliteStore> opened(bool read_only = false, const std::string& more = {}) const {
    auto store = make(more);
    store->open(call_.call(), tables, read_only);
    return store;
  }
  void put(SqliteStore& store, const sy_key& k, std::string_view doc, std::string_view payload = {},
           std::int64_t expect = SY_ANY_REVISION) const {
    const sy_write w{sizeof(sy_write), 0, k, expect, borrow(doc), borrow(payload)};
    const sy_write* writes[] = {&w};
    store.commit(call_.call(), {sizeof(sy_commit), 1, writes, 0, nullptr});
  }
  [[nodiscard]] std::optional<std::string> doc(SqliteStore& store, const sy_key& k) const {
    std::optional<std::string> out;
    store.get(call_.call(), std::span(&k, 1), [&](const sy_row& r) {
      out = text(r.doc);
      return true;
    });
    return out;
  }
  [[nodiscard]] std::size_t rows(SqliteStore& store) const {
    std::size_t n = 0;
    store.scan(call_.call(), key("link", {}), nullptr, 0, [&](const sy_row&) { return ++n != 0; });
    return n;
  }
  /// As an administrator with the sqlite3 shell would.
  std::string shell(const std::string& sql) const {
    sqlite3* raw = nullptr;
    EXPECT_EQ(sqlite3_open(path().c_str(), &raw), SQLITE_OK);
    const std::unique_ptr<sqlite3, int (*)(sqlite3*)> db(raw, sqlite3_close);
    std::string out;
    const int rc = sqlite3_exec(
        raw, sql.c_str(),
        [](void* to, int n, char** values, char**) {
          for (int i = 0; i < n; ++i)
            *static_cast<std::string*>(to) += std::string(values[i] ? values[i] : "NULL") + "|";
          return 0;
        },
        &out, nullptr);
    EXPECT_EQ(rc, SQLITE_OK) << sqlite3_errmsg(raw);
    return out;
  }
  template <class F>
  static std::optional<Error> failure(F&& body) {
    try {
      body();
      return std::nullopt;
    } catch (const Error& e) {
      return e;
    }
  }
  template <class F>
  static void expect_failure(sy_code code, const char* part, F&& body) {
    const auto e = failure(std::forward<F>(body));
    ASSERT_TRUE(e) << "nothing was refused";
    EXPECT_EQ(e->code(), code) << e->what();
    EXPECT_THAT(e->what(), testing::HasSubstr(part));
  }
  /// In another process; its exit status (a lost child is -1).
  template <class F>
  static int in_child(F&& body) {
    const pid_t child = ::fork();
    if (child == 0) {
      int status = 99;
      try {
        status = body();
      } catch (const std::exception& x) {
        std::fprintf(stderr, "child: %s\n", x.what());
      }
      ::_exit(status);
    }
    int status = 0;
    if (::waitpid(child, &status, 0) != child || !WIFEXITED(status)) return -1;
    return WEXITSTATUS(status);
  }

  conformance::TemporaryFolder folder_;
  conformance::TestHost host_;
  conformance::TestCall call_;
};

}  // namespace syncline::sqlite
