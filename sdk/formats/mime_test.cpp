#include "syncline/formats/mime.hpp"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <stdexcept>

#include "syncline/formats/base64.hpp"
#include "syncline/plugin.hpp"
#include "test_sink.hpp"

namespace syncline::formats {
namespace {

namespace json = boost::json;
namespace fs = std::filesystem;

const fs::path corpus = fs::path(SYNCLINE_SOURCE_DIR) / "tests/mime";

std::string slurp(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

json::object whole(std::string_view mail, const MailOptions& options = {}) {
  TestSink sink;
  return read_whole(MailBytes{mail}, options, sink);
}

json::object head(std::string_view mail, const MailOptions& options = {}) {
  return read_head(MailBytes{mail}, options);
}

template <class F>
sy_code code_of(F&& call) {
  try {
    call();
  } catch (const Error& error) {
    EXPECT_EQ(std::string_view(error.what()).find('\n'), std::string_view::npos);
    return error.code();
  }
  return SY_OK;
}

std::vector<std::string> corpus_names() {
  std::set<std::string> names;
  for (const auto& entry : fs::directory_iterator(corpus)) names.insert(entry.path().stem().string());
  return {names.begin(), names.end()};
}

class Corpus : public testing::TestWithParam<std::string> {};

TEST_P(Corpus, IsReadAsExpected) {
  const fs::path mail = corpus / (GetParam() + ".eml");
  const json::value expected = json::parse(slurp(corpus / (GetParam() + ".json")));
  TestSink sink;
  const json::object document = read_whole(MailFile{mail}, {}, sink);
  EXPECT_EQ(json::value(document), expected) << json::serialize(document);
  EXPECT_EQ(sink.parts.front(), "body");
  const std::string text = json::serialize(document);
  EXPECT_EQ(repair_utf8(text), text);
}

TEST_P(Corpus, IsTheSameFromBytes) {
  const fs::path mail = corpus / (GetParam() + ".eml");
  TestSink sink;
  EXPECT_EQ(read_whole(MailFile{mail}, {}, sink), whole(slurp(mail)));
}

TEST_P(Corpus, HeadIsTheWholeWithoutParts) {
  const std::string mail = slurp(corpus / (GetParam() + ".eml"));
  json::object document = whole(mail);
  for (const char* key : {"body", "attachments", "digest", "size"}) document.erase(key);
  EXPECT_EQ(head(mail), document);
  std::size_t end = mail.find("\r\n\r\n");
  if (end == std::string::npos) end = mail.find("\n\n");
  if (end != std::string::npos) {
    EXPECT_EQ(head(std::string_view(mail).substr(0, end)), document) << "headers that just end";
  }
}

INSTANTIATE_TEST_SUITE_P(Mime, Corpus, testing::ValuesIn(corpus_names()), [](const auto& test) { return test.param; });

TEST(Mime, DirectionAndSizeAreTheCallers) {
  MailOptions options;
  options.direction = "outgoing";
  options.size = 12345;
  for (const json::object& document : {head("Subject: x\n\ny\n", options), whole("Subject: x\n\ny\n", options)}) {
    EXPECT_EQ(document.at("direction"), "outgoing");
    EXPECT_EQ(document.at("size").to_number<int>(), 12345);
  }
}

TEST(Mime, DigestIsOverRawValuesAndBodyWithDosLineEnds) {
  const json::value expected(sha256_hex("1 Jan 2026\r\n=?utf-8?Q?A?= <a@b>\r\nc@d,\te@f\r\n\r\none\r\n\r\ntwo\r\n"));
  const std::string head_lines = "Date:  1 Jan 2026\nFrom: =?utf-8?Q?A?= <a@b>\nX: y\nTo: c@d,\n\te@f\n\n";
  EXPECT_EQ(whole(head_lines + "one\n\ntwo\n").at("digest"), expected);
  EXPECT_EQ(whole(head_lines + "one\r\n\ntwo\r\n").at("digest"), expected);
  EXPECT_EQ(whole(head_lines + "one\n\ntwo").at("digest"), expected) << "the last line ends as well";
  EXPECT_NE(whole(head_lines + "one\r\r\n\r\ntwo\r\n").at("digest"), expected) << "a bare return is content";
  EXPECT_FALSE(whole("Message-ID: <a@b>\n" + head_lines + "one\n").contains("digest"));
  EXPECT_FALSE(head(head_lines).contains("digest"));
}

TEST(Mime, DigestDoesNotDependOnPieces) {
  std::string unix_lines = "From: a@b\n\n";
  std::string dos_lines = "From: a@b\r\n\r\n";
  for (int i = 0; unix_lines.size() < 300'000; ++i) {
    const std::string line(static_cast<std::size_t>(i % 97), 'x');
    unix_lines += line + "\n";
    dos_lines += line + "\r\n";
  }
  EXPECT_EQ(whole(unix_lines).at("digest"), whole(dos_lines).at("digest"));
}

std::string nested(std::size_t depth) {
  std::string mail = "Message-ID: <n@x>\n";
  for (std::size_t i = 0; i < depth; ++i) {
    const std::string b = "b" + std::to_string(i) + "x";
    mail += "Content-Type: multipart/mixed; boundary=" + b + "\n\n--" + b + "\n";
  }
  return mail + "Content-Type: text/plain\n\ninnermost\n";
}

TEST(Mime, DeepNestingIsRead) { EXPECT_EQ(whole(nested(300)).at("body").at("blob"), "text:innermost\n"); }

TEST(Mime, DeeperNestingBecomesOneAttachment) {
  for (const std::size_t depth : {std::size_t{2'000}, std::size_t{20'000}}) {
    const json::object document = whole(nested(depth));
    ASSERT_EQ(document.at("attachments").as_array().size(), 1U) << depth;
    const json::value& attachment = document.at("attachments").at(0);
    EXPECT_EQ(attachment.at("type"), "message/rfc822");
    EXPECT_GT(attachment.at("size").to_number<std::size_t>(), depth * 10);
    EXPECT_EQ(document.at("body").at("size").to_number<int>(), 0);
  }
}

std::string with_recipients(std::size_t count) {
  std::string mail = "Message-ID: <r@x>\nTo: first@x.example";
  for (std::size_t i = 1; i < count; ++i) mail += ",\n =?utf-8?Q?N=C3=A4me?= <r" + std::to_string(i) + "@x.example>";
  return mail + "\n\nx\n";
}

TEST(Mime, ManyRecipientsAreReadAndTooManyRefused) {
  const json::object document = head(with_recipients(10'000));
  EXPECT_EQ(document.at("to").as_array().size(), 10'000U);
  EXPECT_EQ(document.at("to").at(9'999).at("address"), "r9999@x.example");
  EXPECT_EQ(document.at("to").at(9'999).at("name"), "Näme");
  EXPECT_EQ(code_of([] { head(with_recipients(20'001)); }), SY_INVALID);
}

std::string with_parts(std::size_t count) {
  std::string mail = "Message-ID: <p@x>\nContent-Type: multipart/mixed; boundary=b\n\n";
  for (std::size_t i = 0; i < count; ++i) mail += "--b\nContent-Type: application/x-y\n\nz\n";
  return mail + "--b--\n";
}

TEST(Mime, ManyPartsAreReadAndTooManyRefused) {
  EXPECT_EQ(whole(with_parts(2'000)).at("attachments").as_array().size(), 2'000U);
  EXPECT_EQ(code_of([] { whole(with_parts(2'001)); }), SY_INVALID);
  EXPECT_EQ(code_of([] { whole(with_parts(100'000)); }), SY_INVALID);
}

TEST(Mime, HeadersWithoutEndAreRefused) {
  EXPECT_EQ(code_of([] { head("Subject: " + std::string(5U << 20, 'x')); }), SY_INVALID);
  std::string lines;
  for (int i = 0; i < 60'000; ++i) lines += "X: y\n";
  EXPECT_EQ(code_of([&] { head(lines); }), SY_INVALID);
  const std::string part = "Content-Type: multipart/mixed; boundary=b\n\n--b\nX: " + std::string(17U << 20, 'x');
  EXPECT_EQ(code_of([&] { whole(part); }), SY_INVALID);
}

TEST(Mime, ALargeAttachmentComesInSmallPieces) {
  const fs::path path = fs::path(testing::TempDir()) / "syncline_mime_large.eml";
  constexpr std::size_t megabytes = 24;
  std::string block(std::size_t{3} << 18, '\0');
  for (std::size_t i = 0; i < block.size(); ++i) block[i] = static_cast<char>(i * 131 >> 3);
  Sha256 hash;
  {
    std::ofstream out(path, std::ios::binary);
    out << "Message-ID: <l@x>\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\ntext\n--b\n"
           "Content-Type: application/octet-stream; name=l.bin\nContent-Transfer-Encoding: base64\n\n";
    const std::string coded = base64_encode(block);
    for (std::size_t i = 0; i < megabytes; ++i) {
      hash.append(block);
      for (std::size_t at = 0; at < coded.size(); at += 76) out << std::string_view(coded).substr(at, 76) << "\r\n";
    }
    out << "--b--\n";
  }
  TestSink sink;
  const json::object document = read_whole(MailFile{path}, {}, sink);
  fs::remove(path);
  EXPECT_EQ(document.at("attachments").at(0).at("size").to_number<std::size_t>(), block.size() * megabytes);
  EXPECT_EQ(document.at("attachments").at(0).at("blob"), json::value("sha256:" + hash.finish()));
  EXPECT_LE(sink.largest_piece, PartSink::piece_bytes);
}

TEST(Mime, ALargeTextComesInSmallPieces) {
  std::string mail = "Message-ID: <t@x>\nContent-Type: text/plain; charset=iso-8859-1\n\n";
  const std::size_t header = mail.size();
  mail.append(std::size_t{4} << 20, '\x80');
  TestSink sink;
  const json::object document = read_whole(MailBytes{mail}, {}, sink);
  EXPECT_EQ(document.at("body").at("size").to_number<std::size_t>(), (mail.size() - header) * 3);
  EXPECT_LE(sink.largest_piece, PartSink::piece_bytes);
}

class FullSink : public TestSink {
 public:
  explicit FullSink(std::string part) : part_(std::move(part)) {}
  void append(std::string_view) override {
    if (parts.back() == part_) throw Error(SY_FULL, "no space left");
  }

 private:
  std::string part_;
};

TEST(Mime, AFullSinkEndsTheReading) {
  for (const char* part : {"body", "2"}) {
    for (const char* name : {"rfc822.eml", "base64_junk.eml"}) {
      FullSink sink(part);
      EXPECT_EQ(code_of([&] { static_cast<void>(read_whole(MailFile{corpus / name}, {}, sink)); }), SY_FULL)
          << part << name;
    }
  }
}

TEST(Mime, AMissingFileIsTold) {
  TestSink sink;
  const MailFile missing{corpus / "no/such.eml"};
  EXPECT_EQ(code_of([&] { static_cast<void>(read_head(missing, {})); }), SY_BROKEN);
  EXPECT_EQ(code_of([&] { static_cast<void>(read_whole(missing, {}, sink)); }), SY_BROKEN);
  const MailFile folder{corpus};
  EXPECT_EQ(code_of([&] { static_cast<void>(read_head(folder, {})); }), SY_BROKEN);
}

}  // namespace
}  // namespace syncline::formats
