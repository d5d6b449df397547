#include <gtest/gtest.h>

#include "ledger.hpp"

namespace syncline {
namespace {

TEST(RunLog, KeepsTheLatestPassesOfEachPairPER09) {
  EmptyRows below;
  OverlayRows rows(below);
  Ledger ledger(rows);
  for (std::int64_t n = 0; n < 2 * run_entries_kept + 7; ++n) {
    Batch b;
    b.put(RunEntry{1, n, n * 10, n * 10 + 5, 100, 50, n % 2 == 0, n % 2 == 0 ? "" : "retry", {{"created", n}}});
    if (n < 3) b.put(RunEntry{2, n, n, n, 0, 0, true, {}, {}});
    ledger.commit(b, {});
  }
  const auto log = ledger.run_log(1);
  ASSERT_EQ(log.size(), static_cast<std::size_t>(run_entries_kept));
  EXPECT_EQ(log.front().number, run_entries_kept + 7);
  EXPECT_EQ(log.back().number, 2 * run_entries_kept + 6);
  EXPECT_EQ(log.back().start_ms, log.back().number * 10);
  EXPECT_EQ(log.back().end_ms, log.back().start_ms + 5);
  EXPECT_EQ(log.back().bytes_in, 100);
  EXPECT_EQ(log.back().bytes_out, 50);
  EXPECT_TRUE(log.back().good);
  EXPECT_FALSE(log.front().good);
  EXPECT_EQ(log.front().error_code, "retry");
  EXPECT_EQ(log.front().counts.at("created").to_number<std::int64_t>(), log.front().number);
  EXPECT_EQ(ledger.run_log(2).size(), 3U);
}

}  // namespace
}  // namespace syncline
