#include "syncline/net/auth.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "syncline/handles.hpp"
#include "syncline/net/url.hpp"
#include "test_server.hpp"

namespace syncline::net {
namespace {

using namespace std::chrono_literals;
using test::each;
using test::Peer;
using test::Received;
using test::Server;
using test::TestHost;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kSecret = "s3cret&value=+";

/// Gives out tokens t1, t2, … and serves /x to the bearer of a valid one.
struct TokenWorld {
  std::atomic<int> issued{0};
  std::atomic<int> valid_from{1};
  std::atomic<int> life{3600};
  std::atomic<int> served{0}, turned_away{0};
  std::atomic<int> status{200};
  std::string failure =
      R"({"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret s3cret&value=+ provided."})";
  std::mutex mutex;
  std::string last_form;
  Server server{each([this](Peer& peer, const Received& r) { answer(peer, r); })};

  void answer(Peer& peer, const Received& r) {
    if (r.target == "/token") {
      {
        const std::lock_guard lock(mutex);
        last_form = r.body;
      }
      if (status != 200)
        peer.answer(status, failure);
      else
        peer.answer(200, R"({"token_type":"Bearer","expires_in":)" + std::to_string(life) + R"(,"access_token":"t)" +
                             std::to_string(++issued) + "\"}");
      return;
    }
    const std::string given = r.headers.get("Authorization");
    const bool good = given.starts_with("Bearer t") && std::stoi(given.substr(8)) >= valid_from;
    ++(good ? served : turned_away);
    peer.answer(good ? 200 : 401, "");
  }
  std::shared_ptr<ClientCredentials> credentials() {
    ClientCredentialsOptions o;
    o.token_url = server.url("/token");
    o.client_id = "client-1";
    o.secret = [] { return std::string(kSecret); };
    o.scope = "https://crm.example/.default";
    return std::make_shared<ClientCredentials>(o);
  }
  std::unique_ptr<HttpSession> session() {
    SessionOptions o;
    o.base_url = server.url();
    return std::make_unique<HttpSession>(o, credentials(), nullptr);
  }
};

class Auth : public testing::Test {
 protected:
  Response send(HttpSession& s) {
    const CallBudget budget(60s);
    Request request;
    request.path = "/x";
    return s.send(host.host(), budget.call(), request);
  }
  Error refused(HttpSession& s) {
    try {
      static_cast<void>(send(s));
    } catch (const Error& e) {
      return e;
    }
    return {SY_OK, "nothing was thrown"};
  }
  TestHost host;
};

TEST_F(Auth, BasicAndApiKey) {
  const CallBudget budget(1s);
  Request request;
  request.headers = {{"authorization", "old"}};
  BasicAuth("Aladdin", [] { return "open sesame"; }).authorize(host.host(), budget.call(), request);
  ASSERT_EQ(request.headers.size(), 1U);
  EXPECT_EQ(header_of(request, "Authorization"), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
  BasicAuth(std::string(100, 'u'), [] { return std::string(100, 'p'); }).authorize(host.host(), budget.call(), request);
  EXPECT_THAT(header_of(request, "Authorization"), Not(HasSubstr("\n")));
  ApiKey("X-Api-Key", [] { return "k1"; }).authorize(host.host(), budget.call(), request);
  EXPECT_EQ(header_of(request, "x-api-key"), "k1");
  for (const char* bad : {"", "k\r\nEvil: 1"}) {
    try {
      ApiKey("X-Api-Key", [bad] { return bad; }).authorize(host.host(), budget.call(), request);
      FAIL() << "taken";
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), SY_CONFIG);
    }
  }
}

TEST_F(Auth, ATokenIsFetchedOnceAndUsedAgain) {
  TokenWorld world;
  const auto s = world.session();
  EXPECT_EQ(send(*s).status, 200);
  EXPECT_EQ(send(*s).status, 200);
  EXPECT_EQ(world.issued, 1);
  const std::lock_guard lock(world.mutex);
  EXPECT_EQ(world.last_form, form({{"grant_type", "client_credentials"},
                                   {"client_id", "client-1"},
                                   {"client_secret", kSecret},
                                   {"scope", "https://crm.example/.default"}}));
}

TEST_F(Auth, A401IsRenewedOnceAndASecondOneIsAValue) {
  TokenWorld world;
  const auto s = world.session();
  EXPECT_EQ(send(*s).status, 200);
  world.valid_from = 2;
  EXPECT_EQ(send(*s).status, 200);
  EXPECT_EQ(world.issued, 2);
  EXPECT_EQ(world.turned_away, 1);
  world.valid_from = 99;
  EXPECT_EQ(send(*s).status, 401);
  EXPECT_EQ(world.issued, 3);
  EXPECT_EQ(world.turned_away, 3);
}

TEST_F(Auth, EightThreadsShareOneToken) {
  TokenWorld world;
  const auto s = world.session();
  std::atomic<int> right{0};
  const auto all = [&] {
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i) threads.emplace_back([&] { right += send(*s).status == 200 ? 1 : 0; });
    for (auto& t : threads) t.join();
  };
  all();
  EXPECT_EQ(world.issued, 1);
  world.valid_from = 2;
  all();
  EXPECT_EQ(world.issued, 2);  // one renewal for all who were turned away
  EXPECT_EQ(right, 16);
}

TEST_F(Auth, ATokenIsRenewedBeforeItEnds) {
  TokenWorld world;
  world.life = 0;
  const auto s = world.session();
  EXPECT_EQ(send(*s).status, 200);
  EXPECT_EQ(send(*s).status, 200);
  EXPECT_EQ(world.issued, 2);
}

TEST_F(Auth, ARefusedClientIsToldWithoutItsSecret) {
  TokenWorld world;
  world.status = 401;
  const auto s = world.session();
  const Error e = refused(*s);
  EXPECT_EQ(e.code(), SY_AUTH);
  EXPECT_EQ(e.server_code(), "invalid_client");
  EXPECT_THAT(e.what(), HasSubstr("AADSTS7000215"));
  EXPECT_THAT(e.what(), HasSubstr("127.0.0.1:" + std::to_string(world.server.port())));
  EXPECT_THAT(std::string(e.what()) + host.everything(), Not(HasSubstr("s3cret")));
  EXPECT_EQ(world.turned_away + world.served, 0);
}

TEST_F(Auth, WhatTheTokenServerSaysBecomesACode) {
  struct Case {
    int status;
    const char* body;
    sy_code code;
  };
  for (const Case& c : {Case{400, R"({"error":"invalid_scope"})", SY_CONFIG},
                        Case{400, R"({"error":"unauthorized_client"})", SY_AUTH}, Case{503, "down", SY_RETRY},
                        Case{404, "<html>", SY_CONFIG}, Case{403, "", SY_AUTH}, Case{302, "", SY_CONFIG}}) {
    TokenWorld world;
    world.status = c.status;
    world.failure = c.body;
    const auto s = world.session();
    EXPECT_EQ(refused(*s).code(), c.code) << c.status;
  }
}

TEST_F(Auth, AFailureOfTheRenewalIsNoReasonToDropAGoodToken) {
  TokenWorld world;
  world.life = 2;  // early renewal begins after 1.6 s, the end comes after 2 s
  const auto s = world.session();
  EXPECT_EQ(send(*s).status, 200);
  world.status = 503;
  const auto answer = [&] {
    try {
      return sy_code{send(*s).status == 200 ? SY_OK : SY_BROKEN};
    } catch (const Error& e) {
      return e.code();
    }
  };
  // Good for as long as the token lives, and unavailable afterwards; never anything else.
  sy_code last = SY_OK;
  while (last == SY_OK) last = answer();
  EXPECT_EQ(last, SY_RETRY);
  world.status = 200;
  EXPECT_EQ(answer(), SY_OK);
}

TEST_F(Auth, ASecretIsNotSentInTheClear) {
  ClientCredentialsOptions o;
  o.token_url = "http://login.example/token";
  try {
    const ClientCredentials credentials(o);
    FAIL() << "taken";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), SY_CONFIG);
  }
}

TEST_F(Auth, NothingSecretIsToldToTheHost) {
  TokenWorld world;
  const auto s = world.session();
  world.valid_from = 2;
  EXPECT_EQ(send(*s).status, 200);
  EXPECT_THAT(host.everything(), Not(HasSubstr("s3cret")));
  EXPECT_THAT(host.everything(), Not(HasSubstr("Bearer")));
  EXPECT_TRUE(host.effects().empty());
}

}  // namespace
}  // namespace syncline::net
