// A birthday is the same day in every zone (H-66), however the server writes the instant (H-64).
#include "dates.hpp"

#include <gtest/gtest.h>

namespace syncline::exchange {
namespace {

std::string day(std::string_view text, std::string_view local = {}) { return day_of(text, local).value_or("none"); }

TEST(ExchangeDays, H66_a_day_is_read_from_every_way_of_storing_it) {
  EXPECT_EQ(day("1980-02-29T11:59:00Z"), "1980-02-29") << "Exchange";
  EXPECT_EQ(day("1980-02-29T00:00:00Z"), "1980-02-29") << "midnight in UTC";
  EXPECT_EQ(day("1980-02-28T23:00:00Z"), "1980-02-29") << "midnight in Berlin";
  EXPECT_EQ(day("1980-02-28T18:15:00Z"), "1980-02-29") << "midnight in Kathmandu";
  EXPECT_EQ(day("1980-02-28T12:00:00Z"), "1980-02-29") << "midnight in Auckland";
  EXPECT_EQ(day("1980-02-29T03:30:00Z"), "1980-02-29") << "midnight in St. John's";
  EXPECT_EQ(day("1980-02-29T11:00:00Z"), "1980-02-29") << "midnight in Pago Pago";
  EXPECT_EQ(day("1980-02-29T00:00:00+01:00"), "1980-02-29");
  EXPECT_EQ(day("1980-02-29T00:00:00-11:00"), "1980-02-29");
  EXPECT_EQ(day("1980-02-29T00:00:00+14:00"), "1980-02-29");
  EXPECT_EQ(day("1980-02-29T05:00:00+05:00"), "1980-02-29") << "midnight in UTC, written elsewhere";
  EXPECT_EQ(day("1980-02-29T00:00:00"), "1980-02-29") << "no zone";
  EXPECT_EQ(day("1980-02-29T18:00:00"), "1980-02-29") << "no zone";
  EXPECT_EQ(day("1980-02-29"), "1980-02-29");
}

TEST(ExchangeDays, H66_the_day_without_a_zone_settles_what_midnight_cannot) {
  EXPECT_EQ(day("1980-02-28T11:00:00Z", "1980-02-29T00:00:00Z"), "1980-02-29") << "midnight in Apia or Kiritimati";
  EXPECT_EQ(day("1980-02-28T10:00:00Z", "1980-02-29T00:00:00Z"), "1980-02-29");
  EXPECT_EQ(day("1980-02-29T11:59:00Z", "1980-02-29T00:00:00Z"), "1980-02-29");
  EXPECT_EQ(day("1980-03-05T11:59:00Z", "1980-02-29T00:00:00Z"), "1980-03-05")
      << "another program changed the one and left the other";
  EXPECT_EQ(day("1980-02-29T11:59:00Z", "nonsense"), "1980-02-29");
}

TEST(ExchangeDays, H64_fractions_and_zone_suffixes_are_read) {
  EXPECT_EQ(day("2026-01-01T00:00:00.0000000"), "2026-01-01");
  EXPECT_EQ(day("2026-01-01T00:00:00.123Z"), "2026-01-01");
  EXPECT_EQ(day("2026-03-01+01:00"), "2026-03-01");
  EXPECT_EQ(day("2026-03-01Z"), "2026-03-01");
  EXPECT_EQ(day("2026-03-01-0530"), "2026-03-01");
  EXPECT_EQ(day(" 2026-03-01T00:00:00+05:30 "), "2026-03-01");
  EXPECT_EQ(day("2026-02-28T24:00:00Z"), "2026-03-01");
  EXPECT_EQ(instant_of("2026-01-01T09:00:00.0000000"), instant_of("2026-01-01T09:00:00Z"));
  EXPECT_EQ(instant_of("2026-01-01T09:00:00+05:30"), instant_of("2026-01-01T03:30:00Z"));
}

TEST(ExchangeDays, a_completion_at_some_minute_is_that_day_in_utc) {
  EXPECT_EQ(day("2026-03-02T14:35:12Z"), "2026-03-02");
  EXPECT_EQ(day("2026-03-02T23:59:59Z"), "2026-03-02");
}

TEST(ExchangeDays, H66_what_means_no_day_is_none) {
  for (const char* none :
       {"", "0001-01-01T00:00:00Z", "1601-01-01T00:00:00Z", "1500-06-01T00:00:00Z", "4501-01-01T00:00:00Z",
        "4500-12-31T23:00:00Z", "1981-02-29T00:00:00Z", "1980-13-01", "1980-02-29T25:00:00Z",
        "1980-02-29T00:00:00+15:00", "1980-02-29Tx", "29.02.1980", "-1980-02-29", "1980-02-29T00:00:00Zjunk"})
    EXPECT_EQ(day(none), "none") << none;
  EXPECT_TRUE(is_storable_day("1980-02-29"));
  EXPECT_TRUE(is_storable_day("1601-01-02"));
  EXPECT_FALSE(is_storable_day("1600-12-31"));
  EXPECT_FALSE(is_storable_day("1981-02-29"));
  EXPECT_FALSE(is_storable_day("4501-01-01"));
}

}  // namespace
}  // namespace syncline::exchange
