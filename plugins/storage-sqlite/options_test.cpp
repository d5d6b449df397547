#include "options.hpp"

#include <gtest/gtest.h>

#include <syncline/plugin.hpp>

namespace syncline::sqlite {
namespace {

TEST(SqliteOptions, DefaultsAndUnits) {
  const Options o = Options::parse(R"({"path":"/x/y.db"})");
  EXPECT_EQ(o.path, "/x/y.db");
  EXPECT_EQ(o.busy_timeout.count(), 10'000);
  EXPECT_EQ(o.cache_bytes, 8 << 20);
  EXPECT_EQ(o.check, Check::quick);
  const Options p = Options::parse(R"({"path":"a","busy_timeout":"2m","cache":"16MiB","check":"full"})");
  EXPECT_EQ(p.busy_timeout.count(), 120'000);
  EXPECT_EQ(p.cache_bytes, 16 << 20);
  EXPECT_EQ(p.check, Check::full);
  EXPECT_EQ(Options::parse(R"({"path":"a","busy_timeout":1500})").busy_timeout.count(), 1'500);
}

TEST(SqliteOptions, WhatIsWrongIsNamed) {
  const auto refused = [](const char* json, const char* part) {
    try {
      Options::parse(json);
      return false;
    } catch (const Error& e) {
      return e.code() == SY_CONFIG && std::string_view(e.what()).find(part) != std::string_view::npos;
    }
  };
  EXPECT_TRUE(refused("{", "JSON"));
  EXPECT_TRUE(refused("{}", "path"));
  EXPECT_TRUE(refused(R"({"path":""})", "path"));
  EXPECT_TRUE(refused(R"({"path":"a","busy_timeout":"5 parsecs"})", "busy_timeout"));
  EXPECT_TRUE(refused(R"({"path":"a","busy_timeout":"1ms"})", "busy_timeout"));
  EXPECT_TRUE(refused(R"({"path":"a","cache":"9999999999999999GiB"})", "cache"));
  EXPECT_TRUE(refused(R"({"path":"a","cache":true})", "cache"));
  EXPECT_TRUE(refused(R"({"path":"a","check":"maybe"})", "check"));
}

}  // namespace
}  // namespace syncline::sqlite
