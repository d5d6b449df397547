#include "head.hpp"

#include <gtest/gtest.h>
#include <zlib.h>

#include "inflate.hpp"
#include "malformed.hpp"
#include "test_gzip.hpp"

namespace syncline::net {
namespace {

TEST(Head, ReadsStatusAndFields) {
  const Head head = parse_head(
      "HTTP/1.1 204 No Content\r\nA: b\r\nset-cookie: x\r\nSet-Cookie: y\r\nLong: one\r\n two\r\nConnection: Foo, "
      "CLOSE");
  EXPECT_EQ(head.status, 204);
  EXPECT_EQ(head.headers.get("a"), "b");
  EXPECT_EQ(head.headers.all("Set-Cookie").size(), 2U);
  EXPECT_EQ(head.headers.get("long"), "one two");
  EXPECT_FALSE(head.headers.has("absent"));
  EXPECT_FALSE(head.keeps_alive());
  EXPECT_EQ(parse_head("HTTP/1.1 200").status, 200);
}

TEST(Head, KnowsHowLongAConnectionLives) {
  EXPECT_TRUE(parse_head("HTTP/1.1 200 OK").keeps_alive());
  EXPECT_FALSE(parse_head("HTTP/1.0 200 OK").keeps_alive());
  EXPECT_TRUE(parse_head("HTTP/1.0 200 OK\r\nConnection: keep-alive").keeps_alive());
  EXPECT_EQ(parse_head("HTTP/1.1 200 OK\r\nKeep-Alive: timeout=5, max=100").idle_seconds(), 5);
  EXPECT_EQ(parse_head("HTTP/1.1 200 OK\r\nKeep-Alive: timeout=x").idle_seconds(), 0);
}

TEST(Head, RefusesWhatIsNotHttp) {
  for (const char* text : {"", "SSH-2.0-OpenSSH", "HTTP/2 200 OK", "HTTP/1.1 2000", "HTTP/1.1 abc X", "HTTP/1.1 099 X",
                           "HTTP/1.1 200 OK\r\nnocolon", "HTTP/1.1 200 OK\r\n: x"})
    EXPECT_THROW(static_cast<void>(parse_head(text)), Malformed) << text;
}

TEST(Head, LengthsMayNotContradict) {
  EXPECT_EQ(parse_head("HTTP/1.1 200 OK\r\nContent-Length: 7").content_length(), 7U);
  EXPECT_EQ(parse_head("HTTP/1.1 200 OK\r\nContent-Length: 7\r\nTransfer-Encoding: chunked").content_length(),
            std::nullopt);
  for (const char* text : {"Content-Length: 7\r\nContent-Length: 8", "Content-Length: -1",
                           "Content-Length: ", "Content-Length: 7x", "Content-Length: 99999999999999999999999"})
    EXPECT_THROW(static_cast<void>(parse_head(std::string("HTTP/1.1 200 OK\r\n") + text).content_length()), Malformed)
        << text;
  EXPECT_EQ(parse_chunk_size("1a;x=y"), 26U);
  for (const char* text : {"", "g", "-1", "11111111111111111"})
    EXPECT_THROW(static_cast<void>(parse_chunk_size(text)), Malformed) << text;
}

std::string inflated(std::string_view bytes, std::size_t step) {
  std::string out;
  Inflater inflater([&](std::string_view piece) { out += piece; });
  for (std::size_t i = 0; i < bytes.size(); i += step) inflater.push(bytes.substr(i, step));
  inflater.finish();
  return out;
}

TEST(Inflate, UndoesGzipInPiecesOfAnySize) {
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += std::to_string(i * 7919) + ' ';
  const std::string packed = test::gzip(text);
  for (const std::size_t step : {std::size_t{1}, std::size_t{7}, std::size_t{4096}, packed.size()})
    EXPECT_EQ(inflated(packed, step), text) << step;
  EXPECT_EQ(inflated(test::gzip("one ") + test::gzip("two"), 3), "one two");
  EXPECT_EQ(inflated("", 1), "");
  const std::string exact(16 * 1024, 'x');  // fills the output buffer to the brim
  EXPECT_EQ(inflated(test::gzip(exact), 1'000'000), exact);
}

TEST(Inflate, RefusesDamage) {
  std::string packed = test::gzip("some text that is long enough to be cut");
  EXPECT_THROW(inflated(packed.substr(0, packed.size() - 6), 100), Malformed);
  packed[packed.size() / 2] = static_cast<char>(~packed[packed.size() / 2]);
  EXPECT_THROW(inflated(packed, 100), Malformed);
  EXPECT_THROW(inflated("{\"plain\":1}", 100), Malformed);
}

}  // namespace
}  // namespace syncline::net
