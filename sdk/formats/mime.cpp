#include "syncline/formats/mime.hpp"

#include <fcntl.h>
#include <gmime/gmime.h>

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <cerrno>
#include <optional>
#include <system_error>
#include <utility>

#include "charset.hpp"
#include "head.hpp"
#include "part_plan.hpp"
#include "raw_mail.hpp"
#include "raw_range.hpp"
#include "sink_stream.hpp"
#include "syncline/plugin.hpp"
#include "transfer.hpp"

namespace syncline::formats {
namespace {

namespace json = boost::json;

ObjectPtr<GMimeStream> open_stream(const MailSource& mail) {
  if (const auto* bytes = std::get_if<MailBytes>(&mail))
    return ObjectPtr<GMimeStream>(g_mime_stream_mem_new_with_buffer(bytes->bytes.data(), bytes->bytes.size()));
  const auto& path = std::get<MailFile>(mail).path;
  ObjectPtr<GMimeStream> stream(g_mime_stream_fs_open(path.c_str(), O_RDONLY | O_CLOEXEC, 0, nullptr));
  if (!stream)
    throw Error(SY_BROKEN, "cannot open the message file " + path.string() + ": " +
                               std::generic_category().message(errno) + "; check that it exists and its rights");
  return stream;
}

/// GMime gives up at a line that is no header, so it gets the block without such lines before the body as it is.
ObjectPtr<GMimeStream> without_junk(GMimeStream* stream, const RawScan& scan) {
  const std::string block = scan.fields().rebuilt();
  const ObjectPtr<GMimeStream> head(g_mime_stream_mem_new_with_buffer(block.data(), block.size()));
  const ObjectPtr<GMimeStream> body(g_mime_stream_substream(stream, static_cast<gint64>(scan.body_begin()), -1));
  ObjectPtr<GMimeStream> both(g_mime_stream_cat_new());
  g_mime_stream_cat_add_source(GMIME_STREAM_CAT(both.get()), head.get());
  g_mime_stream_cat_add_source(GMIME_STREAM_CAT(both.get()), body.get());
  return both;
}

ObjectPtr<GMimeMessage> parse(GMimeStream* stream) {
  const ObjectPtr<GMimeParser> parser(g_mime_parser_new_with_stream(stream));
  g_mime_parser_set_persist_stream(parser.get(), TRUE);  // parts are ranges of the file, not copies
  const auto options = parser_options();
  return ObjectPtr<GMimeMessage>(g_mime_parser_construct_message(parser.get(), options.get()));
}

/// Counts what goes to a sink, and keeps the pieces small.
class CountingSink {
 public:
  explicit CountingSink(PartSink& sink) : sink_(sink) {}

  void append(std::string_view bytes) {
    size_ += bytes.size();
    for (; !bytes.empty(); bytes.remove_prefix(std::min(bytes.size(), PartSink::piece_bytes)))
      sink_.append(bytes.substr(0, PartSink::piece_bytes));
  }
  /// Hands over a buffer that is then used again.
  void flush(std::string& buffer) {
    append(buffer);
    buffer.clear();
  }
  [[nodiscard]] std::uint64_t size() const { return size_; }

 private:
  PartSink& sink_;
  std::uint64_t size_ = 0;
};

/// The first bytes of a part, not decoded.
std::string beginning(GMimePart* part) {
  constexpr std::size_t looked_at = 4096;
  GMimeDataWrapper* content = g_mime_part_get_content(part);
  GMimeStream* stream = content == nullptr ? nullptr : g_mime_data_wrapper_get_stream(content);
  if (stream == nullptr) return {};
  g_mime_stream_reset(stream);
  std::string out(looked_at, '\0');
  const ssize_t got = g_mime_stream_read(stream, out.data(), out.size());
  out.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  return out;
}

/// A text that claims to be base64 and is plain: words with blanks between them, and what no base64 has.
bool is_no_base64(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; };
  const auto coded = [](char c) { return g_ascii_isalnum(c) || c == '+' || c == '/' || c == '='; };
  std::size_t gaps = 0, strange = 0, digits = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (blank(text[i])) {
      const bool within = text[i] == ' ' && i > 0 && i + 1 < text.size() && !blank(text[i - 1]) && !blank(text[i + 1]);
      gaps += within ? 1 : 0;
    } else if (coded(text[i])) {
      ++digits;
    } else {
      ++strange;
    }
  }
  return gaps >= 3 && gaps * 20 > text.size() && (strange > 0 || digits % 4 != 0);
}

void decode_part(GMimePart* part, CountingSink& sink, Utf8Converter* converter) {
  GMimeDataWrapper* content = g_mime_part_get_content(part);
  GMimeStream* stream = content == nullptr ? nullptr : g_mime_data_wrapper_get_stream(content);
  if (stream == nullptr) return;
  GMimeContentEncoding encoding = g_mime_data_wrapper_get_encoding(content);
  if (converter != nullptr && encoding == GMIME_CONTENT_ENCODING_BASE64 && is_no_base64(beginning(part)))
    encoding = GMIME_CONTENT_ENCODING_BINARY;
  g_mime_stream_reset(stream);
  TransferDecoder decoder(encoding);
  std::array<char, 32768> buffer{};
  std::string decoded;
  std::string text;
  const auto pass = [&] {
    if (converter == nullptr) {
      sink.flush(decoded);
      return;
    }
    converter->append(decoded, text);
    decoded.clear();
    sink.flush(text);
  };
  while (g_mime_stream_eos(stream) == FALSE) {
    const ssize_t got = g_mime_stream_read(stream, buffer.data(), buffer.size());
    if (got < 0) throw Error(SY_BROKEN, "cannot read a part of the message from the spool: check the disk");
    if (got == 0) break;
    decoder.append({buffer.data(), static_cast<std::size_t>(got)}, decoded);
    pass();
  }
  decoder.finish(decoded);
  pass();
  if (converter == nullptr) return;
  converter->finish(text);
  sink.flush(text);
}

/// What an HTML text says of itself, when its part says nothing; empty: nothing that would help.
std::string meta_charset(GMimePart* part) {
  std::string begin;
  GMimeDataWrapper* content = g_mime_part_get_content(part);
  if (content == nullptr) return {};
  TransferDecoder decoder(g_mime_data_wrapper_get_encoding(content));
  decoder.append(beginning(part), begin);
  const bool ascii =
      std::all_of(begin.begin(), begin.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  const std::size_t sure = begin.size() - std::min<std::size_t>(begin.size(), 3);     // the end may cut a character
  if (!ascii && repair_utf8(begin).compare(0, sure, begin, 0, sure) == 0) return {};  // a relay converted it
  begin = ascii_lower(begin);
  const std::size_t meta = begin.find("<meta");
  const std::size_t at = meta == std::string::npos ? meta : begin.find("charset=", meta);
  if (at == std::string::npos) return {};
  const std::size_t from = begin.find_first_not_of(" \"'", at + 8);
  if (from == std::string::npos) return {};
  return begin.substr(from, begin.find_first_of(" \"'/>;", from) - from);
}

/// An attached message, or a multipart that is too deep to be taken apart, as the bytes that it is made of. Only an
/// entity without a header of its own is written anew.
void write_whole(const PlannedPart& part, GMimeStream* stream, bool dos_lines, CountingSink& sink) {
  GMimeObject* content = part.object;
  if (GMIME_IS_MESSAGE_PART(content)) {
    GMimeMessage* message = g_mime_message_part_get_message(GMIME_MESSAGE_PART(content));
    if (message == nullptr) return;
    content = GMIME_OBJECT(message);
  }
  if (const auto begin = part.message ? std::optional<std::int64_t>(0) : begin_of(content)) {
    read_until_boundary(stream, *begin, part.boundaries, [&](std::string_view bytes) { sink.append(bytes); });
    return;
  }
  GMimeFormatOptions* format = g_mime_format_options_new();
  g_mime_format_options_set_newline_format(format, dos_lines ? GMIME_NEWLINE_FORMAT_DOS : GMIME_NEWLINE_FORMAT_UNIX);
  SinkStream out([&](std::string_view bytes) { sink.append(bytes); });
  g_mime_object_write_to_stream(content, format, out.get());
  g_mime_format_options_free(format);
  out.rethrow();
}

/// What follows the headers, as text: for a message in which GMime finds no part at all.
void read_raw_body(const MailSource& mail, std::uint64_t begin, CountingSink& sink) {
  Utf8Converter converter("");
  std::string text;
  read_pieces(mail, [&](std::string_view piece) {
    const std::uint64_t skipped = std::min<std::uint64_t>(begin, piece.size());
    begin -= skipped;
    converter.append(piece.substr(static_cast<std::size_t>(skipped)), text);
    sink.flush(text);
    return true;
  });
  converter.finish(text);
  sink.flush(text);
}

json::object read_body(const PartPlan& plan, const MailSource& mail, const RawScan& scan, PartSink& sink) {
  sink.begin("body");
  CountingSink counting(sink);
  if (plan.body != nullptr) {
    const char* charset = g_mime_object_get_content_type_parameter(GMIME_OBJECT(plan.body), "charset");
    Utf8Converter converter(charset != nullptr ? charset : plan.html ? meta_charset(plan.body) : "");
    decode_part(plan.body, counting, &converter);
  } else if (plan.attachments.empty()) {
    read_raw_body(mail, scan.body_begin(), counting);
  }
  json::object body{{"type", plan.html ? "html" : "text"}};
  body["blob"] = repair_utf8(sink.finish());
  body["size"] = static_cast<std::int64_t>(counting.size());
  return body;
}

std::string content_id(GMimeObject* part) {
  const char* value = g_mime_object_get_header(part, "Content-ID");
  if (value == nullptr) return {};
  const auto ids = message_ids(clean_line(value));
  return ids.empty() ? std::string() : ids.front();
}

bool is_inline(const PlannedPart& part, std::string_view type, bool has_content_id) {
  if (!has_content_id) return false;
  if (part.related) return true;
  const char* disposition = g_mime_object_get_disposition(part.object);
  const bool attached = disposition != nullptr && g_ascii_strcasecmp(disposition, "attachment") == 0;
  return !attached && type.starts_with("image/");
}

json::object read_attachment(const PlannedPart& part, GMimeStream* stream, bool dos_lines, PartSink& sink) {
  sink.begin(part.key);
  CountingSink counting(sink);
  const bool leaf = GMIME_IS_PART(part.object);
  if (leaf)
    decode_part(GMIME_PART(part.object), counting, nullptr);
  else
    write_whole(part, stream, dos_lines, counting);
  const std::string type = attachment_type(part);
  const std::string id = content_id(part.object);
  json::object attachment{{"key", part.key}, {"name", attachment_name(part)}, {"type", type}};
  attachment["size"] = static_cast<std::int64_t>(counting.size());
  attachment["blob"] = repair_utf8(sink.finish());
  attachment["inline"] = is_inline(part, type, !id.empty());
  if (!id.empty()) attachment["content_id"] = id;
  return attachment;
}

}  // namespace

json::object read_head(const MailSource& mail, const MailOptions& options) {
  start_gmime();
  RawScan scan(options.limits);
  read_pieces(mail, [&](std::string_view piece) { return scan.append(piece); });
  scan.finish();
  return head_document(scan.fields(), options);
}

json::object read_whole(const MailSource& mail, const MailOptions& options, PartSink& sink) {
  start_gmime();
  RawScan scan(options.limits);
  read_pieces(mail, [&](std::string_view piece) {
    scan.append(piece);
    return true;
  });
  scan.finish();
  json::object document = head_document(scan.fields(), options);
  if (!options.size) document["size"] = static_cast<std::int64_t>(scan.size());
  if (!scan.digest().empty()) document["digest"] = scan.digest();

  auto stream = open_stream(mail);
  if (scan.fields().junk()) stream = without_junk(stream.get(), scan);
  const auto message = parse(stream.get());
  GMimeObject* root = message ? g_mime_message_get_mime_part(message.get()) : nullptr;
  const PartPlan plan = root == nullptr ? PartPlan{} : plan_parts(root, options.limits);
  document["body"] = read_body(plan, mail, scan, sink);
  json::array attachments;
  for (const PlannedPart& part : plan.attachments)
    attachments.emplace_back(read_attachment(part, stream.get(), scan.dos_lines(), sink));
  document["attachments"] = std::move(attachments);
  return document;
}

}  // namespace syncline::formats
