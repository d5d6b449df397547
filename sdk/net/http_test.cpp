#include "syncline/net/http.hpp"

#include <atomic>
#include <thread>

#include "http_fixture.hpp"
#include "syncline/net/auth.hpp"
#include "syncline/net/throttle.hpp"
#include "test_gzip.hpp"
#include "test_server.hpp"

namespace syncline::net {
namespace {

using namespace std::chrono_literals;
using test::each;
using test::failure;
using test::get;
using test::Http;
using test::options;
using test::Peer;
using test::post;
using test::Received;
using test::Server;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

TEST_F(Http, SendsAndReceivesOnOneKeptConnection) {
  std::mutex mutex;
  std::vector<Received> seen;
  Server server(each([&](Peer& peer, const Received& r) {
    const std::lock_guard lock(mutex);
    seen.push_back(r);
    peer.answer(r.method == "POST" ? 201 : 200, "you sent " + r.body, "X-One: 1\r\n");
  }));
  HttpSession session(options(server), nullptr, nullptr);
  Request request = post("things?a=b%20c", "{}");
  request.headers = {{"Content-Type", "application/json"}};
  const Response made = send(session, request);
  EXPECT_EQ(made.status, 201);
  EXPECT_EQ(made.body, "you sent {}");
  EXPECT_EQ(made.headers.get("x-one"), "1");
  EXPECT_EQ(send(session, get("/other")).status, 200);
  EXPECT_EQ(send(session, get(server.url("/whole"))).status, 200);
  const std::lock_guard lock(mutex);
  ASSERT_EQ(seen.size(), 3U);
  EXPECT_EQ(seen[0].target, "/api/things?a=b%20c");
  EXPECT_EQ(seen[0].headers.get("Host"), "127.0.0.1:" + std::to_string(server.port()));
  EXPECT_EQ(seen[0].headers.get("User-Agent"), "syncline");
  EXPECT_EQ(seen[0].headers.get("Content-Type"), "application/json");
  EXPECT_EQ(seen[1].target, "/other");
  EXPECT_EQ(seen[2].target, "/whole");
  EXPECT_EQ(server.connections(), 1);
  EXPECT_THAT(host.effects(), ElementsAre("before POST /api/things", "after POST /api/things"));
  EXPECT_EQ(host.counted("requests"), 3);
  EXPECT_EQ(host.counted("retries"), 0);
  EXPECT_GT(host.counted("bytes_in"), 100);
  EXPECT_GT(host.counted("bytes_out"), 100);
}

TEST_F(Http, EveryStatusIsAValueAndRedirectsAreNotFollowed) {
  Server server(each([](Peer& peer, const Received& r) {
    if (r.target == "/api/302")
      peer.answer(302, "", "Location: /elsewhere\r\n");
    else if (r.target == "/api/204")
      peer.send("HTTP/1.1 204 No Content\r\n\r\n");
    else if (r.target == "/api/304")
      peer.send("HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n");
    else if (r.target == "/api/503")
      peer.answer(503, "SQL error");
    else if (r.target == "/api/100")
      peer.send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    else if (r.method == "HEAD")
      peer.send("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n");
    else
      peer.answer(500, "{}");
  }));
  HttpSession session(options(server), nullptr, nullptr);
  for (const int status : {302, 204, 304, 503, 500})
    EXPECT_EQ(send(session, get(std::to_string(status))).status, status);
  EXPECT_EQ(send(session, get("100")).body, "ok");
  Request head = get("head");
  head.method = "HEAD";
  EXPECT_EQ(send(session, head).status, 200);
  EXPECT_EQ(server.connections(), 1);
}

/// Answers one request on the first connection, then takes a second one and closes without a word.
Server::Script answers_once_then_closes(std::atomic<int>& taken) {
  return [&taken](Peer& peer) {
    for (int n = 0; auto r = peer.request(); ++n) {
      ++taken;
      if (peer.number() == 1 && n == 1) return;
      peer.answer(200, "fine");
    }
  };
}

TEST_F(Http, ALostGetIsSentAgainOnce) {
  std::atomic<int> taken{0};
  Server server(answers_once_then_closes(taken));
  HttpSession session(options(server), nullptr, nullptr);
  EXPECT_EQ(send(session, get("a")).body, "fine");
  EXPECT_EQ(send(session, get("b")).body, "fine");
  EXPECT_EQ(taken, 3);
  EXPECT_EQ(server.connections(), 2);
  EXPECT_EQ(host.counted("retries"), 1);
}

TEST_F(Http, ALostPostIsNotSentAgain) {
  std::atomic<int> taken{0};
  Server server(answers_once_then_closes(taken));
  HttpSession session(options(server), nullptr, nullptr);
  EXPECT_EQ(send(session, get("a")).body, "fine");
  const Error e = refused(session, post("b?key=hidden", std::string(300'000, 'x')));
  EXPECT_EQ(e.code(), SY_RETRY);
  EXPECT_THAT(e.what(), HasSubstr("POST 127.0.0.1:" + std::to_string(server.port()) + "/api/b"));
  EXPECT_THAT(e.what(), HasSubstr("not known"));
  EXPECT_THAT(e.what(), Not(HasSubstr("hidden")));
  EXPECT_EQ(taken, 2);
  EXPECT_EQ(server.connections(), 1);
  EXPECT_EQ(host.counted("retries"), 0);
  EXPECT_THAT(host.effects(), ElementsAre("before POST /api/b", "after POST /api/b"));
}

TEST_F(Http, APostThatMayBeRepeatedIs) {
  std::atomic<int> taken{0};
  Server server(answers_once_then_closes(taken));
  HttpSession session(options(server), nullptr, nullptr);
  EXPECT_EQ(send(session, get("a")).body, "fine");
  Request request = post("b", "x");
  request.idempotent = true;
  EXPECT_EQ(send(session, request).body, "fine");
  EXPECT_EQ(taken, 3);
}

TEST_F(Http, AQuestionByPostIsNoEffectAndMayBeRepeated) {
  std::atomic<int> taken{0};
  Server server(answers_once_then_closes(taken));
  HttpSession session(options(server), nullptr, nullptr);
  EXPECT_EQ(send(session, get("a")).body, "fine");
  Request request = post("b", "x");
  request.reads = true;
  EXPECT_EQ(send(session, request).body, "fine");
  EXPECT_EQ(taken, 3);
  EXPECT_TRUE(host.effects().empty());
}

TEST_F(Http, AConnectionThatWasClosedWhileItRestedIsNotUsed) {
  std::atomic<bool> closed{false};
  Server server([&](Peer& peer) {
    if (!peer.request()) return;
    peer.answer(200, "one");
    if (peer.number() == 1) {
      peer.close();
      closed = true;
      return;
    }
    if (peer.request()) peer.answer(200, "two");
  });
  HttpSession session(options(server), nullptr, nullptr);
  EXPECT_EQ(send(session, get("a")).body, "one");
  while (!closed) std::this_thread::yield();
  EXPECT_EQ(send(session, post("b", "x")).body, "one");  // not even a POST notices
  EXPECT_EQ(server.connections(), 2);
  EXPECT_EQ(host.counted("retries"), 0);
}

TEST_F(Http, AConnectionIsNotKeptBeyondItsIdleLimit) {
  Server server(each([](Peer& peer, const Received&) { peer.answer(200, ""); }));
  SessionOptions o = options(server);
  o.idle_keepalive = 1ms;
  HttpSession session(o, nullptr, nullptr);
  send(session, get("a"));
  std::this_thread::sleep_for(5ms);
  send(session, get("b"));
  EXPECT_EQ(server.connections(), 2);
}

TEST_F(Http, ClosesWhenTheServerWantsItOrTheAnswerWasLongerThanAnnounced) {
  Server server(each([](Peer& peer, const Received& r) {
    if (r.target == "/api/close")
      peer.answer(200, "x", "Connection: close\r\n");
    else if (r.target == "/api/more")
      peer.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong");
    else
      peer.answer(200, "right");
  }));
  HttpSession session(options(server), nullptr, nullptr);
  EXPECT_EQ(send(session, get("close")).body, "x");
  EXPECT_EQ(send(session, get("more")).body, "x");
  EXPECT_EQ(send(session, get("next")).body, "right");
  EXPECT_EQ(server.connections(), 3);
}

TEST_F(Http, TheDeadlineCutsAServerThatDrips) {
  Server server([](Peer& peer) {
    if (!peer.request() || !peer.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")) return;
    while (peer.send("x")) std::this_thread::sleep_for(5ms);
  });
  HttpSession session(options(server), nullptr, nullptr);
  const Error e = refused(session, get("slow"), 300ms);
  EXPECT_EQ(e.code(), SY_CANCELED);
  EXPECT_THAT(e.what(), HasSubstr("deadline"));
}

TEST_F(Http, TheDeadlineCutsADrippingHeadToo) {
  Server server([](Peer& peer) {
    if (!peer.request() || !peer.send("HTTP/1.1 200 OK\r\n")) return;
    while (peer.send("A: b\r\n")) std::this_thread::sleep_for(5ms);
  });
  HttpSession session(options(server), nullptr, nullptr);
  EXPECT_EQ(refused(session, get("slow"), 300ms).code(), SY_CANCELED);
}

TEST_F(Http, ASilentServerIsGivenUpAndNotAskedAgain) {
  std::atomic<int> taken{0};
  Server server([&](Peer& peer) {
    while (peer.request()) ++taken;
  });
  SessionOptions o = options(server);
  o.read_timeout = 100ms;
  HttpSession session(o, nullptr, nullptr);
  const Error e = refused(session, get("a"));
  EXPECT_EQ(e.code(), SY_RETRY);
  EXPECT_THAT(e.what(), HasSubstr("nothing moved"));
  EXPECT_EQ(taken, 1);
}

TEST_F(Http, CancelEndsTheWait) {
  std::atomic<bool> asked{false};
  Server server([&](Peer& peer) {
    if (peer.request()) asked = true;
    static_cast<void>(peer.request());  // until the client goes away
  });
  HttpSession session(options(server), nullptr, nullptr);
  const CallBudget budget(600s, [&] { return asked.load(); });
  const Error e = failure([&] { static_cast<void>(session.send(host.host(), budget.call(), get("a"))); });
  EXPECT_EQ(e.code(), SY_CANCELED);
  EXPECT_THAT(e.what(), HasSubstr("canceled while waiting for the answer"));
}

TEST_F(Http, NobodyListens) {
  int port = 0;
  {
    const Poco::Net::ServerSocket once(Poco::Net::SocketAddress("127.0.0.1", 0));
    port = once.address().port();
  }
  SessionOptions o;
  o.base_url = "http://127.0.0.1:" + std::to_string(port);
  HttpSession session(o, nullptr, nullptr);
  const Error e = refused(session, get("/a"));
  EXPECT_EQ(e.code(), SY_RETRY);
  EXPECT_THAT(e.what(), HasSubstr("127.0.0.1:" + std::to_string(port)));
  EXPECT_THAT(e.what(), HasSubstr("refused"));
  EXPECT_EQ(host.counted("requests"), 0);
}

TEST_F(Http, AHostThatDoesNotExist) {
  SessionOptions o;
  o.base_url = "http://nowhere.invalid";
  HttpSession session(o, nullptr, nullptr);
  const Error e = refused(session, get("/a"));
  EXPECT_EQ(e.code(), SY_RETRY);
  EXPECT_THAT(e.what(), HasSubstr("nowhere.invalid"));
}

TEST_F(Http, UnpacksGzip) {
  const std::string text(100'000, 'z');
  Server server(each([&](Peer& peer, const Received& r) {
    EXPECT_EQ(r.headers.get("Accept-Encoding"), "gzip");
    const std::string packed = test::gzip(text);
    if (r.target == "/api/odd")
      peer.answer(200, packed, "Content-Encoding: br\r\n");
    else
      peer.answer(200, packed, "Content-Encoding: gzip\r\n");
  }));
  HttpSession session(options(server), nullptr, nullptr);
  EXPECT_EQ(send(session, get("a")).body, text);
  EXPECT_EQ(refused(session, get("odd")).code(), SY_BROKEN);
}

TEST_F(Http, RefusesWhatIsTooLong) {
  Server server([](Peer& peer) {
    while (const auto r = peer.request()) {
      if (r->target == "/api/bomb")
        peer.answer(200, test::gzip(std::string(5'000'000, '\0')), "Content-Encoding: gzip\r\n");
      else if (r->target == "/api/announced")
        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n");
      else if (r->target == "/api/endless") {
        peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        while (peer.send("1000\r\n" + std::string(0x1000, 'x') + "\r\n")) {}
      } else {
        peer.send("HTTP/1.1 200 OK\r\n");
        while (peer.send("Field: " + std::string(1000, 'x') + "\r\n")) {}
      }
    }
  });
  SessionOptions o = options(server);
  o.max_body = 1'000'000;
  HttpSession session(o, nullptr, nullptr);
  for (const char* path : {"bomb", "announced", "endless", "head"}) {
    const Error e = refused(session, get(path));
    EXPECT_EQ(e.code(), SY_BROKEN) << path;
    EXPECT_THAT(e.what(), HasSubstr(std::string("/api/") + path));
  }
}

TEST_F(Http, RefusesWhatIsNotHttp) {
  Server server([](Peer& peer) {
    if (peer.request()) peer.send("+OK POP3 ready\r\n\r\n");
  });
  HttpSession session(options(server), nullptr, nullptr);
  EXPECT_EQ(refused(session, get("a")).code(), SY_BROKEN);
}

TEST_F(Http, AnAnswerCutOffIsNotTakenForAWholeOne) {
  std::atomic<int> taken{0};
  Server server([&](Peer& peer) {
    const auto r = peer.request();
    if (!r) return;
    ++taken;
    if (r->target == "/api/counted")
      peer.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
    else if (r->target == "/api/chunked")
      peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n");
    else
      peer.send("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nuntil the end");
  });
  HttpSession session(options(server), nullptr, nullptr);
  EXPECT_EQ(refused(session, get("counted")).code(), SY_RETRY);
  EXPECT_EQ(refused(session, get("chunked")).code(), SY_RETRY);
  EXPECT_EQ(taken, 2);
  EXPECT_EQ(send(session, get("end")).body, "until the end");
}

TEST_F(Http, RefusesForeignLinksAndDirtyHeaders) {
  Server server(each([](Peer& peer, const Received&) { peer.answer(200, ""); }));
  HttpSession session(options(server), nullptr, nullptr);
  const Error e = refused(session, get("https://evil.example/api?$skiptoken=1"));
  EXPECT_EQ(e.code(), SY_BROKEN);
  EXPECT_THAT(e.what(), HasSubstr("evil.example"));
  for (const auto& [name, value] : std::vector<std::pair<std::string, std::string>>{{"X", "a\r\nEvil: b"},
                                                                                    {"X Y", "a"},
                                                                                    {"", "a"},
                                                                                    {"Host", "evil"},
                                                                                    {"Content-Length", "1"},
                                                                                    {"transfer-encoding", "chunked"}}) {
    Request request = get("a");
    request.headers = {{name, value}};
    EXPECT_EQ(refused(session, request).code(), SY_BROKEN) << name;
  }
  EXPECT_EQ(server.connections(), 0);
}

TEST_F(Http, ManyThreadsShareFewConnections) {
  Server server(each([](Peer& peer, const Received& r) { peer.answer(200, r.target); }));
  SessionOptions o = options(server);
  o.max_connections = 3;
  HttpSession session(o, nullptr, std::make_shared<ThrottleGate>(16));
  std::vector<std::thread> threads;
  std::atomic<int> right{0};
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&, t] {
      for (int n = 0; n < 25; ++n) {
        const std::string path = "/x/" + std::to_string(t) + "/" + std::to_string(n);
        if (send(session, get(path)).body == path) ++right;
      }
    });
  for (auto& t : threads) t.join();
  EXPECT_EQ(right, 200);
  EXPECT_LE(server.connections(), 3);
}

}  // namespace
}  // namespace syncline::net
