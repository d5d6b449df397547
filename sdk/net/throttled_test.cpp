// What a session does when the server asks for a pause.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "syncline/handles.hpp"
#include "syncline/net/auth.hpp"
#include "syncline/net/throttle.hpp"
#include "test_server.hpp"

namespace syncline::net {
namespace {

using namespace std::chrono_literals;
using Steady = std::chrono::steady_clock;
using test::each;
using test::Peer;
using test::Received;
using test::Server;
using test::TestHost;

struct Throttled : testing::Test {
  std::unique_ptr<HttpSession> session(const Server& server, std::size_t concurrent = 8) {
    SessionOptions options;
    options.base_url = server.url();
    return std::make_unique<HttpSession>(options, nullptr, std::make_shared<ThrottleGate>(concurrent));
  }
  Error refused(HttpSession& s, const Request& request, std::chrono::milliseconds budget_ms) {
    const CallBudget budget(budget_ms);
    try {
      static_cast<void>(s.send(host.host(), budget.call(), request));
    } catch (const Error& e) {
      return e;
    }
    return {SY_OK, "nothing was thrown"};
  }
  static Request request(const char* method = "GET") {
    Request r;
    r.method = method;
    r.path = "/x";
    if (r.method == "POST") r.body = "body";
    return r;
  }
  TestHost host;
};

TEST_F(Throttled, APauseHoldsForEverybodyAndTheRequestIsRepeated) {
  std::atomic<bool> refused_once{false};
  std::atomic<std::int64_t> refused_at{0};
  std::atomic<std::int64_t> next_at{INT64_MAX};
  const auto now = [] { return std::int64_t{Steady::now().time_since_epoch().count()}; };
  Server server(each([&](Peer& peer, const Received& r) {
    if (!refused_once.exchange(true)) {
      EXPECT_EQ(r.body, "body");
      refused_at = now();
      peer.answer(429, "{}", "Retry-After: 1\r\n");
      return;
    }
    std::int64_t seen = next_at;
    const std::int64_t at = now();
    while (at < seen && !next_at.compare_exchange_weak(seen, at)) {}
    peer.answer(200, r.body);
  }));
  const auto s = session(server);
  std::atomic<int> right{0};
  std::vector<std::thread> threads;
  const CallBudget budget(60s);
  threads.emplace_back([&] { right += s->send(host.host(), budget.call(), request("POST")).body == "body" ? 1 : 0; });
  while (refused_at == 0) std::this_thread::yield();
  while (host.everything().find("wants a pause") == std::string::npos) std::this_thread::yield();
  for (int i = 0; i < 5; ++i)
    threads.emplace_back([&] { right += s->send(host.host(), budget.call(), request()).ok() ? 1 : 0; });
  for (auto& t : threads) t.join();
  EXPECT_EQ(right, 6);
  EXPECT_GE(std::chrono::nanoseconds(next_at - refused_at), 990ms);  // nobody came before the pause was over
  EXPECT_EQ(host.counted("retries"), 1);
  EXPECT_GT(host.counted("throttled_ms"), 0);
  EXPECT_EQ(host.counted("requests"), 7);
}

TEST_F(Throttled, APauseLongerThanTheCallIsHandedUpAndKeepsTheGateClosed) {
  std::atomic<int> taken{0};
  Server server(each([&](Peer& peer, const Received&) {
    ++taken;
    peer.answer(429, "{}", "Retry-After: 300\r\n");
  }));
  const auto s = session(server);
  const Error first = refused(*s, request(), 10s);
  EXPECT_EQ(first.code(), SY_RETRY);
  EXPECT_GT(first.retry_after_ms(), 299'000);
  EXPECT_LE(first.retry_after_ms(), 300'000);
  EXPECT_EQ(first.server_code(), "429");
  const Error second = refused(*s, request(), 10s);
  EXPECT_EQ(second.code(), SY_RETRY);
  EXPECT_GT(second.retry_after_ms(), 200'000);
  EXPECT_EQ(taken, 1);
}

TEST_F(Throttled, ADateIsReadByTheServersClock) {
  Server server(each([](Peer& peer, const Received&) {
    peer.answer(503, "", "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\nRetry-After: Sun, 06 Nov 1994 08:59:37 GMT\r\n");
  }));
  const auto s = session(server);
  const Error e = refused(*s, request(), 10s);
  EXPECT_EQ(e.code(), SY_RETRY);
  EXPECT_GT(e.retry_after_ms(), 599'000);
  EXPECT_LE(e.retry_after_ms(), 600'000);
}

TEST_F(Throttled, WithoutAPauseNamedOnly429IsOne) {
  std::atomic<int> taken{0};
  Server server(each([&](Peer& peer, const Received& r) {
    ++taken;
    if (r.method == "PUT")
      peer.answer(503, "SQL error");
    else
      peer.answer(429, "");
  }));
  SessionOptions options;
  options.base_url = server.url();
  const auto gate = std::make_shared<ThrottleGate>(8);
  HttpSession s(options, nullptr, gate);
  const CallBudget budget(60s);
  EXPECT_EQ(s.send(host.host(), budget.call(), request("PUT")).status, 503);
  for (int i = 0; i < 5; ++i) {  // five refusals before: 2^5 seconds now
    gate->refused(1);
    while (gate->closed_for_ms() > 0) std::this_thread::sleep_for(1ms);
  }
  const Error e = refused(s, request(), 20s);
  EXPECT_EQ(e.code(), SY_RETRY);
  EXPECT_GE(e.retry_after_ms(), 24'000);
  EXPECT_LE(e.retry_after_ms(), 40'000);
  EXPECT_EQ(taken, 2);
}

TEST_F(Throttled, TheDeadlineHoldsWhileWaitingForATurn) {
  std::atomic<bool> busy{false};
  Server server([&](Peer& peer) {
    if (!peer.request()) return;
    busy = true;
    static_cast<void>(peer.request());
  });
  const auto s = session(server, 1);
  std::atomic<bool> stop{false};
  std::thread first([&] {
    const CallBudget budget(600s, [&] { return stop.load(); });
    EXPECT_THROW(s->send(host.host(), budget.call(), request()), Error);
  });
  while (!busy) std::this_thread::yield();
  EXPECT_EQ(refused(*s, request(), 100ms).code(), SY_CANCELED);
  stop = true;
  first.join();
  EXPECT_EQ(host.counted("requests"), 1);
}

}  // namespace
}  // namespace syncline::net
