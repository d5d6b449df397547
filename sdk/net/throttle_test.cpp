#include "syncline/net/throttle.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>
#include <vector>

#include "syncline/handles.hpp"

namespace syncline::net {
namespace {

using namespace std::chrono_literals;

TEST(RetryAfter, SecondsAndDates) {
  EXPECT_EQ(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT"), 784'111'777'000);
  EXPECT_EQ(parse_http_date("Sun, 31 Feb 1994 08:49:37 GMT"), std::nullopt);
  EXPECT_EQ(parse_http_date("Sunday, 06-Nov-94 08:49:37 GMT"), std::nullopt);
  EXPECT_EQ(parse_retry_after("17", 0), 17'000);
  EXPECT_EQ(parse_retry_after(" 0 ", 0), 0);
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", 784'111'770'000), 7'000);
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", 784'111'780'000), 0);
  EXPECT_EQ(parse_retry_after("99999999999999999999", 0), 86'400'000);
  for (const char* text : {"", "soon", "-1", "1.5"}) EXPECT_EQ(parse_retry_after(text, 0), std::nullopt) << text;
}

TEST(Gate, LetsOnlySoManyIn) {
  ThrottleGate gate(3);
  std::atomic<int> inside{0};
  std::atomic<int> most{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&] {
      for (int n = 0; n < 50; ++n) {
        const CallBudget budget(60s);
        const auto permit = gate.enter(budget.call());
        const int now = ++inside;
        int seen = most;
        while (now > seen && !most.compare_exchange_weak(seen, now)) {}
        std::this_thread::yield();
        --inside;
      }
    });
  for (auto& t : threads) t.join();
  EXPECT_LE(most, 3);
  const CallBudget budget(60s);
  std::vector<ThrottleGate::Permit> together;
  for (int i = 0; i < 3; ++i) together.push_back(gate.enter(budget.call()));  // and as many it does let in
  EXPECT_EQ(together.size(), 3U);
}

TEST(Gate, ServesInOrderOfArrival) {
  ThrottleGate gate(1);
  std::mutex mutex;
  std::vector<int> order;
  const CallBudget budget(60s);
  auto held = std::make_optional(gate.enter(budget.call()));
  std::vector<std::thread> threads;
  for (int i = 0; i < 5; ++i) {
    std::atomic<bool> polled{false};
    threads.emplace_back([&, i] {
      std::atomic<bool>* first = &polled;  // told through the first cancel poll: it is in the queue then
      const CallBudget mine(60s, [&first] {
        if (first != nullptr) first->store(true);
        first = nullptr;
        return false;
      });
      const auto permit = gate.enter(mine.call());
      const std::lock_guard lock(mutex);
      order.push_back(i);
    });
    while (!polled) std::this_thread::yield();
  }
  held.reset();
  for (auto& t : threads) t.join();
  EXPECT_EQ(order, (std::vector<int>{0, 1, 2, 3, 4}));
}

TEST(Gate, WaitsWhileClosedAndSaysHowLong) {
  ThrottleGate gate(2);
  EXPECT_EQ(gate.refused(300), 300);
  EXPECT_GT(gate.closed_for_ms(), 0);
  const CallBudget budget(60s);
  const auto permit = gate.enter(budget.call());
  EXPECT_GT(permit.closed_ms(), 0);
  EXPECT_EQ(gate.closed_for_ms(), 0);
}

TEST(Gate, DoesNotWaitForAPauseThatIsTooLong) {
  ThrottleGate gate(2);
  gate.close_for(3'600'000);
  const CallBudget budget(5s);
  try {
    static_cast<void>(gate.enter(budget.call()));
    FAIL() << "the gate is closed";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), SY_RETRY);
    EXPECT_GT(e.retry_after_ms(), 3'500'000);
  }
}

TEST(Gate, DeadlineAndCancelEndTheWaitForATurn) {
  ThrottleGate gate(1);
  const CallBudget budget(60s);
  const auto held = gate.enter(budget.call());
  const auto code_of = [&](const CallBudget& waiting) {
    try {
      static_cast<void>(gate.enter(waiting.call()));
      return sy_code{SY_OK};
    } catch (const Error& e) {
      return e.code();
    }
  };
  EXPECT_EQ(code_of(CallBudget(50ms)), SY_CANCELED);
  std::atomic<bool> stop{false};
  const CallBudget canceled(60s, [&] { return stop.load(); });
  auto answer = std::async(std::launch::async, [&] { return code_of(canceled); });
  stop = true;
  EXPECT_EQ(answer.get(), SY_CANCELED);
}

TEST(Gate, DoublesThePauseWhenTheServerNamesNone) {
  ThrottleGate gate(1);
  const auto first = gate.refused(std::nullopt);
  EXPECT_GE(first, 750);
  EXPECT_LE(first, 1250);
  EXPECT_LE(gate.refused(std::nullopt), first);  // the same storm: counted once, not prolonged
  ThrottleGate patient(1);
  patient.refused(1);
  while (patient.closed_for_ms() > 0) std::this_thread::sleep_for(1ms);
  const auto second = patient.refused(std::nullopt);
  EXPECT_GE(second, 1500);
  EXPECT_LE(second, 2500);
  ThrottleGate forgiving(1);
  forgiving.refused(1);
  while (forgiving.closed_for_ms() > 0) std::this_thread::sleep_for(1ms);
  forgiving.accepted();
  EXPECT_LE(forgiving.refused(std::nullopt), 1250);
}

}  // namespace
}  // namespace syncline::net
