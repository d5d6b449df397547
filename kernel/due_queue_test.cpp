#include "due_queue.hpp"

#include <gtest/gtest.h>

namespace syncline {
namespace {

constexpr std::int64_t minute = 60'000;
constexpr PollConfig poll{2 * minute, 5 * minute, 12 * minute, 0};

class DueQueueTest : public ::testing::Test {
 protected:
  DueQueue queue{{5'000, 5 * minute}, [this] { return luck; }};
  double luck = 0.999;

  std::size_t pair(const std::string& mailbox = "mail", const PollConfig& p = poll) {
    return queue.add({mailbox, "crm", p}, 0);
  }
  JobNext run(std::size_t job, const JobEnd& end, std::int64_t at) {
    EXPECT_EQ(queue.take(at), job);
    const JobNext next = queue.settle(job, end, at);
    queue.release(job);
    return next;
  }
  static JobEnd quiet() { return {}; }
  static JobEnd moved() {
    JobEnd e;
    e.moved = true;
    return e;
  }
  static JobEnd failed(const std::string& server, bool of_the_server = true) {
    JobEnd e;
    e.kind = JobEnd::Kind::failed;
    e.server = server;
    e.server_fault = of_the_server;
    return e;
  }
};

TEST_F(DueQueueTest, PausesFollowWhatMovedCON18) {
  const auto job = pair();
  std::int64_t at = 0;
  const auto after = [&](const JobEnd& end) {
    const JobNext next = run(job, end, at);
    at = next.due;
    return next.interval_ms / minute;
  };
  EXPECT_EQ(after(moved()), 2);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(after(quiet()), 5);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(after(quiet()), 12);
  EXPECT_EQ(after(moved()), 2);
}

TEST_F(DueQueueTest, AHealthyMailboxNeverWaitsLongerThanIdleCON18) {
  const auto job = pair();
  std::int64_t at = 0;
  for (int i = 0; i < 100; ++i) {
    luck = i / 100.0;
    const JobNext next = run(job, quiet(), at);
    EXPECT_LE(next.due - at, poll.idle_ms);
    EXPECT_GE(next.due - at, std::min(poll.normal_ms, next.interval_ms) * 9 / 10);
    at = next.due;
  }
}

TEST_F(DueQueueTest, AMinimumHoldsForAllCON17) {
  const auto job = pair("mail", {5 * minute, 5 * minute, 12 * minute, 15 * minute});
  EXPECT_EQ(run(job, moved(), 0).interval_ms, 15 * minute);
  EXPECT_EQ(run(job, quiet(), 20 * minute).interval_ms, 15 * minute);
}

TEST_F(DueQueueTest, WhatCanGoOnGoesOnAtOnceButNotForEver) {
  const auto job = pair();
  JobEnd more = moved();
  more.more = true;
  int at_once = 0;
  while (at_once < 20 && run(job, more, 0).due == 0) ++at_once;
  EXPECT_EQ(at_once, 8);
}

TEST_F(DueQueueTest, AServerBearsOnlySoManyAndNobodyElseWaits) {
  queue.limit("mail", 2);
  for (int i = 0; i < 4; ++i) pair();
  const auto elsewhere = pair("other");
  EXPECT_TRUE(queue.take(0));
  EXPECT_TRUE(queue.take(0));
  EXPECT_EQ(queue.take(0), elsewhere);
  EXPECT_FALSE(queue.take(0));
  EXPECT_EQ(queue.next_due(0), DueQueue::never) << "a release tells";
  queue.settle(0, quiet(), 0);
  queue.release(0);
  EXPECT_TRUE(queue.take(0));
}

TEST_F(DueQueueTest, AServerIsAwayWhenTwoOfItsPairsFailAndOneFindsOutWhetherItIsBack) {
  std::vector<std::size_t> jobs{pair(), pair(), pair()};
  EXPECT_TRUE(run(jobs[0], failed("mail"), 0).news.empty());
  const JobNext second = run(jobs[1], failed("mail"), 0);
  ASSERT_EQ(second.news.size(), 1U);
  EXPECT_EQ(second.news[0].server, "mail");
  EXPECT_FALSE(second.news[0].up);
  EXPECT_EQ(second.news[0].pairs, 3U);
  EXPECT_FALSE(queue.take(0)) << "the third one is due and spared";
  const std::int64_t retry = queue.next_due(0);
  EXPECT_GT(retry, 0);
  EXPECT_LE(retry, 5'000);
  ASSERT_EQ(queue.take(retry), jobs[2]);
  EXPECT_FALSE(queue.take(retry)) << "one at a time finds out";
  EXPECT_TRUE(queue.settle(jobs[2], failed("mail"), retry).news.empty()) << "it is told once";
  queue.release(jobs[2]);
  EXPECT_FALSE(queue.take(retry));
  const std::int64_t later = queue.next_due(retry);
  const auto found_out = queue.take(later);
  ASSERT_TRUE(found_out);
  const JobNext back = queue.settle(*found_out, quiet(), later);
  queue.release(*found_out);
  ASSERT_EQ(back.news.size(), 1U);
  EXPECT_TRUE(back.news[0].up);
  EXPECT_EQ(back.news[0].away_ms, later);
  EXPECT_TRUE(queue.take(later)) << "the others go on at once";
  EXPECT_TRUE(queue.take(later));
  EXPECT_TRUE(queue.away().empty());
}

TEST_F(DueQueueTest, TheFeedsFindOutWhetherACrmIsBack) {
  std::vector<std::size_t> jobs{pair("a"), pair("b")};
  const auto feeds = queue.add({"", "crm", poll}, 0);
  EXPECT_TRUE(run(jobs[0], failed("crm"), 0).news.empty());
  EXPECT_EQ(run(jobs[1], failed("crm"), 0).news.size(), 1U);
  const std::int64_t retry = queue.next_due(0);
  ASSERT_EQ(queue.take(retry), feeds) << "an idle pass would ask the CRM nothing";
  EXPECT_FALSE(queue.take(retry));
  JobEnd answered;
  answered.asked_crm = true;
  EXPECT_EQ(queue.settle(feeds, answered, retry).news.size(), 1U);
  queue.release(feeds);
  EXPECT_TRUE(queue.take(retry));
}

TEST_F(DueQueueTest, ABadPairIsLeftAloneForLongerEachTimeAndIsNoReasonToCallItsServerAway) {
  const auto bad = pair();
  pair();
  std::int64_t at = 0, last = 0;
  for (int i = 0; i < 12; ++i) {
    const JobNext next = queue.settle(bad, failed("mail", false), at);
    EXPECT_TRUE(next.news.empty());
    EXPECT_GE(next.interval_ms, last);
    EXPECT_LE(next.interval_ms, 5 * minute);
    last = next.interval_ms;
    at = next.due;
  }
  EXPECT_GT(last, 4 * minute);
  EXPECT_TRUE(queue.away().empty());
}

TEST_F(DueQueueTest, WhoWaitsForAPersonSleepsUntilItIsWoken) {
  const auto job = pair();
  JobEnd asleep;
  asleep.kind = JobEnd::Kind::asleep;
  EXPECT_EQ(run(job, asleep, 0).due, DueQueue::never);
  EXPECT_FALSE(queue.take(1'000 * minute));
  queue.wake(job, 1'000 * minute);
  EXPECT_EQ(queue.take(1'000 * minute), job);
}

TEST_F(DueQueueTest, AWakeDuringAPassIsOneMorePass) {
  const auto job = pair();
  ASSERT_EQ(queue.take(0), job);
  queue.wake(job, 0);
  queue.wake(job, 0);
  EXPECT_FALSE(queue.take(0));
  queue.settle(job, quiet(), 0);
  queue.release(job);
  EXPECT_EQ(queue.take(0), job);
  queue.settle(job, quiet(), 0);
  queue.release(job);
  EXPECT_FALSE(queue.take(0));
}

}  // namespace
}  // namespace syncline
