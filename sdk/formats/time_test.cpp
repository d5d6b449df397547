#include "syncline/formats/time.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>

namespace syncline::formats {
namespace {

TEST(Time, WritesUtcWithMilliseconds) {
  EXPECT_EQ(to_iso(0), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(to_iso(-1), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(to_iso(951'827'696'789), "2000-02-29T12:34:56.789Z");
  EXPECT_EQ(to_iso(1'767'225'600'000), "2026-01-01T00:00:00.000Z");
}

TEST(Time, HoldsYearsThatHaveNoFourDigits) {
  EXPECT_EQ(to_iso(std::numeric_limits<std::int64_t>::max()), "9999-12-31T23:59:59.999Z");
  EXPECT_EQ(to_iso(std::numeric_limits<std::int64_t>::min()), "0000-01-01T00:00:00.000Z");
}

TEST(Time, ReadsBackWhatItWrites) {
  for (std::int64_t ms = -62'167'219'200'000; ms < 253'402'300'799'999; ms += 7'654'321'987'654)
    EXPECT_EQ(from_iso(to_iso(ms)), ms) << to_iso(ms);
}

TEST(Time, ReadsWhatServersSend) {
  EXPECT_EQ(from_iso("2026-01-01T00:00:00Z"), 1'767'225'600'000);
  EXPECT_EQ(from_iso("2026-01-01T00:00:00.1234567Z"), 1'767'225'600'123);
  EXPECT_EQ(from_iso("2026-01-01T00:00:00.5Z"), 1'767'225'600'500);
  EXPECT_EQ(from_iso("2026-01-01T02:00:00+02:00"), 1'767'225'600'000);
  EXPECT_EQ(from_iso("2025-12-31T18:30:00-0530"), 1'767'225'600'000);
  EXPECT_EQ(from_iso("2026-01-01T00:00:00"), 1'767'225'600'000);
  EXPECT_EQ(from_iso("2026-01-01 00:00Z"), 1'767'225'600'000);
  EXPECT_EQ(from_iso("2026-01-01"), 1'767'225'600'000);
}

TEST(Time, RefusesWhatIsNoInstant) {
  for (const char* text : {"",
                           "today",
                           "2026",
                           "2026-1-1",
                           "2026-02-29",
                           "2026-13-01",
                           "2026-00-10",
                           "2026-01-32",
                           "2026-01-01T24:00:00Z",
                           "2026-01-01T00:60:00Z",
                           "2026-01-01T00:00:61Z",
                           "2026-01-01T",
                           "2026-01-01T00:00:00Zulu",
                           "2026-01-01T00:00:00.Z",
                           "2026-01-01T00:00:00+24:00",
                           "2026-01-01T00:00:00+2",
                           " 2026-01-01",
                           "2026-01-01 ",
                           "+026-01-01",
                           "2026-01-01T-1:00:00Z"})
    EXPECT_FALSE(from_iso(text)) << text;
}

TEST(Time, KnowsTheCalendar) {
  EXPECT_TRUE(is_date("2000-02-29"));
  EXPECT_FALSE(is_date("1900-02-29"));
  EXPECT_FALSE(is_date("2000-02-29T00:00:00Z"));
  EXPECT_FALSE(is_date(""));
}

}  // namespace
}  // namespace syncline::formats
