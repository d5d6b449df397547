// Bodies that are streamed, in both directions.
#include <atomic>
#include <mutex>
#include <stdexcept>

#include "http_fixture.hpp"

namespace syncline::net {
namespace {

using namespace std::chrono_literals;
using test::each;
using test::get;
using test::Http;
using test::options;
using test::Peer;
using test::post;
using test::Received;
using test::Server;
using testing::ElementsAre;
using testing::IsEmpty;

using Streams = Http;

TEST_F(Streams, StreamsTheAnswer) {
  Server server(each([](Peer& peer, const Received& r) {
    if (r.target == "/api/error") {
      peer.answer(404, "not here");
      return;
    }
    peer.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 100; ++i)
      peer.send("3e8;x=y\r\n" + std::string(1000, static_cast<char>('a' + i % 26)) + "\r\n");
    peer.send("0\r\nTrailer: x\r\n\r\n");
  }));
  HttpSession session(options(server), nullptr, nullptr);
  const CallBudget budget(60s);
  std::size_t total = 0;
  const auto count = [&](std::string_view piece) { total += piece.size(); };
  const Response response = session.send(host.host(), budget.call(), get("a"), count);
  EXPECT_EQ(total, 100'000U);
  EXPECT_THAT(response.body, IsEmpty());
  EXPECT_EQ(session.send(host.host(), budget.call(), get("error"), count).body, "not here");
  EXPECT_EQ(total, 100'000U);
  EXPECT_EQ(server.connections(), 1);
  EXPECT_THROW(
      session.send(host.host(), budget.call(), get("a"), [](std::string_view) { throw std::out_of_range("enough"); }),
      std::out_of_range);
  EXPECT_EQ(session.send(host.host(), budget.call(), get("error")).status, 404);  // not on the half-read connection
  EXPECT_EQ(server.connections(), 2);
}

/// A body of `pieces` times "piece", handed out one at a time; counts how often it began anew.
struct Stream {
  int pieces = 0, given = 0, restarts = 0;
  Request request(bool restartable) {
    Request r = post("upload", "");
    r.method = "PUT";
    r.body_stream = [this](char* to, std::size_t size) -> std::size_t {
      if (given == pieces) return 0;
      ++given;
      return std::string_view("piece").copy(to, size);
    };
    if (restartable)
      r.body_restart = [this] {
        given = 0;
        ++restarts;
      };
    return r;
  }
};

TEST_F(Streams, StreamsABodyAndBeginsItAnewWhenItMustBeSentAgain) {
  std::mutex mutex;
  std::vector<std::string> bodies;
  Server server([&](Peer& peer) {
    while (const auto r = peer.request()) {
      const std::lock_guard lock(mutex);
      bodies.push_back(r->headers.get("Content-Length") + ":" + r->body);
      if (peer.number() == 1) return;
      peer.answer(200, "");
    }
  });
  HttpSession session(options(server), nullptr, nullptr);
  Stream chunked{3};
  EXPECT_EQ(send(session, chunked.request(true)).status, 200);
  EXPECT_EQ(chunked.restarts, 1);
  Stream counted{2};
  Request request = counted.request(true);
  request.body_length = 10;
  EXPECT_EQ(send(session, request).status, 200);
  const std::lock_guard lock(mutex);
  EXPECT_THAT(bodies, ElementsAre(":piecepiecepiece", ":piecepiecepiece", "10:piecepiece"));
}

TEST_F(Streams, AStreamThatCannotBeginAnewIsSentOnce) {
  std::atomic<int> taken{0};
  Server server([&](Peer& peer) {
    if (peer.request()) ++taken;
  });
  HttpSession session(options(server), nullptr, nullptr);
  Stream stream{3};
  EXPECT_EQ(refused(session, stream.request(false)).code(), SY_RETRY);
  EXPECT_EQ(taken, 1);
}

TEST_F(Streams, AStreamOfAnotherLengthThanAnnouncedIsRefused) {
  Server server(each([](Peer& peer, const Received&) { peer.answer(200, ""); }));
  HttpSession session(options(server), nullptr, nullptr);
  for (const int announced : {4, 11}) {
    Stream stream{2};
    Request request = stream.request(true);
    request.body_length = announced;
    EXPECT_EQ(refused(session, request).code(), SY_BROKEN) << announced;
  }
}

TEST_F(Streams, AnAnswerThatComesBeforeTheWholeBodyWasTakenIsAValue) {
  Server server([](Peer& peer) {
    if (peer.request_head()) peer.answer(413, "too large", "Connection: close\r\n");
    while (peer.request_head()) {  // reads on, so that the answer is not lost with a reset
    }
  });
  HttpSession session(options(server), nullptr, nullptr);
  const Response response = send(session, post("big", std::string(1'000'000, '\n')));
  EXPECT_EQ(response.status, 413);
}

}  // namespace
}  // namespace syncline::net
