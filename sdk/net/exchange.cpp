#include "exchange.hpp"

#include <algorithm>
#include <charconv>
#include <limits>

#include "inflate.hpp"
#include "malformed.hpp"

namespace syncline::net {

namespace {

constexpr std::size_t kMaxHead = std::size_t{64} * 1024;
constexpr std::string_view kStart = "HTTP/1.";
constexpr std::size_t kMaxChunkLine = std::size_t{4} * 1024;
constexpr std::size_t kSmallBody = std::size_t{64} * 1024;
constexpr int kMaxInterim = 10;

std::string hex_line(std::size_t size) {
  std::array<char, 20> text{};
  const auto end = std::to_chars(text.data(), text.data() + text.size(), size, 16).ptr;
  return std::string(text.data(), end) + "\r\n";
}

bool gzipped(const Head& head) {
  const std::string coding = head.headers.get("Content-Encoding");
  if (coding.empty() || equal_without_case(coding, "identity")) return false;
  if (equal_without_case(coding, "gzip") || equal_without_case(coding, "x-gzip")) return true;
  throw Malformed("the answer is packed in a way that was not asked for (neither plain nor gzip)");
}

}  // namespace

void Exchange::write_all(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t n = wire_.write(bytes, patience_, limits_.silence);
    sent_ += n;
    bytes.remove_prefix(n);
  }
}

void Exchange::write_stream(const Request& request) {
  std::string piece(std::size_t{16} * 1024, '\0');
  const bool chunked = request.body_length < 0;
  std::uint64_t left =
      chunked ? std::numeric_limits<std::uint64_t>::max() : static_cast<std::uint64_t>(request.body_length);
  while (const std::size_t n = request.body_stream(piece.data(), piece.size())) {
    if (n > piece.size() || n > left)
      throw Error(SY_BROKEN, patience_.what() + ": the body is longer than was announced");
    left -= n;
    if (chunked)
      write_all(hex_line(n).append(piece, 0, n).append("\r\n"));
    else
      write_all(std::string_view(piece).substr(0, n));
  }
  if (chunked)
    write_all("0\r\n\r\n");
  else if (left > 0)
    throw Error(SY_BROKEN, patience_.what() + ": the body is shorter than was announced");
}

void Exchange::send(std::string_view head, const Request& request) {
  if (request.body_stream) {
    write_all(head);
    write_stream(request);
  } else if (request.body.size() <= kSmallBody) {
    write_all(std::string(head) + request.body);  // one packet where it fits
  } else {
    write_all(head);
    write_all(request.body);
  }
}

bool Exchange::fill() {
  if (begin_ == end_) begin_ = end_ = 0;
  const std::size_t n = wire_.read(buffer_.data() + end_, buffer_.size() - end_, patience_, limits_.silence);
  end_ += n;
  received_ += n;
  return n > 0;
}

std::string Exchange::read_line() {
  std::string line;
  for (;;) {
    const std::string_view have = buffered();
    const auto newline = have.find('\n');
    line.append(have.substr(0, newline));
    if (line.size() > kMaxChunkLine) throw Malformed("a line of the answer is too long");
    if (newline != std::string_view::npos) {
      begin_ += newline + 1;
      if (line.ends_with('\r')) line.pop_back();
      return line;
    }
    begin_ = end_;
    if (!fill()) throw Lost("the answer was cut off");
  }
}

Head Exchange::read_head() {
  std::string text;
  for (;;) {
    const std::string_view have = buffered();
    const std::size_t from = text.size() < 3 ? 0 : text.size() - 3;
    text.append(have);
    std::size_t after = 4;
    auto end = text.find("\r\n\r\n", from);
    if (const auto bare = text.find("\n\n", from); bare < end) {
      end = bare;
      after = 2;
    }
    if (end != std::string::npos) {
      begin_ = end_ - (text.size() - end - after);
      return parse_head(std::string_view(text).substr(0, end));
    }
    begin_ = end_;
    // Whoever speaks another protocol may never send the blank line that ends a head.
    if (const auto n = std::min(text.size(), kStart.size()); std::string_view(text).substr(0, n) != kStart.substr(0, n))
      throw Malformed("the answer is not HTTP/1.1; check the port");
    if (text.size() > kMaxHead) throw Malformed("the answer's header fields are too long");
    if (!fill())
      throw Lost(text.empty() ? "the server closed the connection without an answer" : "the answer was cut off");
  }
}

void Exchange::read_counted(std::uint64_t length, const BodySink& sink) {
  while (length > 0) {
    if (buffered().empty() && !fill()) throw Lost("the answer was cut off");
    const std::string_view piece =
        buffered().substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(length, end_ - begin_)));
    begin_ += piece.size();
    length -= piece.size();
    sink(piece);
  }
}

void Exchange::read_chunks(const BodySink& sink) {
  while (const std::uint64_t size = parse_chunk_size(read_line())) {
    read_counted(size, sink);
    if (!read_line().empty()) throw Malformed("the answer's chunks cannot be understood");
  }
  std::size_t trailers = 0;
  for (std::string line = read_line(); !line.empty(); line = read_line()) {
    trailers += line.size();
    if (trailers > kMaxHead) throw Malformed("the answer's trailer is too long");
  }
}

void Exchange::read_body(const Head& head, const BodySink& sink) {
  if (head.chunked()) return read_chunks(sink);
  if (const auto length = head.content_length()) return read_counted(*length, sink);
  reusable_ = false;
  do {  // until the connection ends
    const std::string_view piece = buffered();
    begin_ = end_;
    if (!piece.empty()) sink(piece);
  } while (fill());
}

void Exchange::decode_body(const Head& head, const BodySink& out) {
  const std::string too_long =
      "the answer is longer than the limit of " + std::to_string(limits_.max_body) + " bytes; ask for less at once";
  std::size_t total = 0;
  const BodySink limited = [&](std::string_view piece) {
    if (piece.size() > limits_.max_body - total) throw Malformed(too_long);
    total += piece.size();
    out(piece);
  };
  if (!gzipped(head)) {
    if (const auto length = head.content_length(); length && *length > limits_.max_body) throw Malformed(too_long);
    return read_body(head, limited);
  }
  Inflater inflater(limited);
  read_body(head, [&](std::string_view piece) { inflater.push(piece); });
  inflater.finish();
}

Response Exchange::receive(std::string_view method, const BodySink* on_body) {
  Head head = read_head();
  for (int interim = 0; head.status < 200; head = read_head())
    if (head.status == 101 || ++interim > kMaxInterim) throw Malformed("the server answers with interim statuses only");
  reusable_ = head.keeps_alive();
  Response response;
  response.status = head.status;
  const bool bodiless = method == "HEAD" || head.status == 204 || head.status == 304;
  if (!bodiless) {
    if (on_body != nullptr && response.ok())
      decode_body(head, *on_body);
    else
      decode_body(head, [&](std::string_view piece) { response.body.append(piece); });
  }
  if (!buffered().empty()) reusable_ = false;  // more than was announced: the next answer could not be told apart
  server_idle_seconds_ = head.idle_seconds();
  response.headers = std::move(head.headers);
  return response;
}

}  // namespace syncline::net
