#include "syncline/conformance/test_host.hpp"

#include <gtest/gtest.h>

namespace syncline::conformance {
namespace {

sy_code code_of(const std::function<void()>& f) {
  try {
    f();
    return SY_OK;
  } catch (const Error& e) {
    return e.code();
  }
}

TEST(TestHost, ClockStandsStillUnlessMoved) {
  TestHost t;
  const auto start = t.host().now_ms();
  EXPECT_EQ(t.host().now_ms(), start);
  t.advance(5);
  EXPECT_EQ(t.host().now_ms(), start + 5);
  t.step(1);
  const auto before = t.host().now_ms();
  EXPECT_EQ(t.host().now_ms(), before + 1);
}

TEST(TestHost, SecretsCountsAndLog) {
  TestHost t;
  t.secret("auth.password", "s3");
  EXPECT_EQ(t.host().secret("auth.password"), "s3");
  EXPECT_EQ(code_of([&] { static_cast<void>(t.host().secret("other")); }), SY_CONFIG);
  t.host().count("requests");
  t.host().count("requests", 2);
  EXPECT_EQ(t.counted("requests"), 3);
  t.host().log(SY_WARN, "17", "line");
  ASSERT_EQ(t.log().size(), 1u);
  EXPECT_EQ(t.log()[0].item, "17");
}

TEST(TestHost, EffectsAreSeenAndMayFail) {
  TestHost t;
  { const Effect e(t.host(), "POST /a"); }
  t.on_effect([](int phase, std::string_view) {
    if (phase == SY_BEFORE) throw Error(SY_RETRY, "lost");
  });
  EXPECT_EQ(code_of([&] { const Effect e(t.host(), "POST /b"); }), SY_RETRY);
  EXPECT_EQ(t.effects(), (std::vector<std::string>{"POST /a", "POST /b"}));
  t.on_effect([](int phase, std::string_view) {
    if (phase == SY_AFTER) throw Error(SY_BROKEN, "late");
  });
  { const Effect e(t.host(), "POST /c"); }
  EXPECT_EQ(code_of([&] { t.rethrow(); }), SY_BROKEN);
}

TEST(TestHost, BlobsSurviveTheirHostAndAreNotForged) {
  const TemporaryFolder folder;
  std::string ref;
  {
    TestHost first("p", folder.path());
    ref = first.put_blob("item/../1", "body", "hello");
    for (const auto& f : std::filesystem::directory_iterator(folder.path()))
      EXPECT_EQ(f.status().permissions(), std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  }
  TestHost second("q", folder.path());
  EXPECT_EQ(second.read_blob(ref), "hello");
  EXPECT_EQ(second.spool().open_handles(), 0u);
  std::string forged = ref;
  forged.replace(forged.find("\"length\":5"), 10, "\"length\":4");
  EXPECT_EQ(code_of([&] { static_cast<void>(second.read_blob(forged)); }), SY_GONE);
  EXPECT_EQ(code_of([&] { static_cast<void>(second.read_blob("{}")); }), SY_GONE);
  EXPECT_EQ(code_of([&] { static_cast<void>(second.read_blob("no json")); }), SY_GONE);
  remove_blob(second.host(), ref);
  EXPECT_EQ(code_of([&] { static_cast<void>(second.read_blob(ref)); }), SY_GONE);
  EXPECT_EQ(second.spool().files(), 0u);
}

TEST(TestHost, SpoolHasLimitsAndDropsWhatIsNotFinished) {
  TestHost t;
  t.spool().limits({4, 100});
  EXPECT_EQ(code_of([&] { static_cast<void>(t.put_blob("1", "b", "12345")); }), SY_INVALID);
  t.spool().limits({100, 4});
  EXPECT_EQ(code_of([&] { static_cast<void>(t.put_blob("1", "b", "12345")); }), SY_FULL);
  EXPECT_EQ(t.spool().files(), 0u);
  EXPECT_EQ(t.spool().open_handles(), 0u);
}

TEST(TestHost, CallsEndWhenTheTestSaysSo) {
  TestCall c;
  EXPECT_FALSE(c.call().canceled());
  c.cancel_at_poll(3);
  EXPECT_FALSE(c.call().canceled());
  EXPECT_TRUE(c.call().canceled());
  TestCall late(0);
  EXPECT_TRUE(late.call().canceled());
}

}  // namespace
}  // namespace syncline::conformance
