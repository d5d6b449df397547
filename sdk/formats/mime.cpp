#include "syncline/formats/mime.hpp"

#include <fcntl.h>
#include <gmime/gmime.h>

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <cerrno>
#include <system_error>
#include <utility>

#include "charset.hpp"
#include "head.hpp"
#include "part_plan.hpp"
#include "raw_mail.hpp"
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

void decode_part(GMimePart* part, CountingSink& sink, Utf8Converter* converter) {
  GMimeDataWrapper* content = g_mime_part_get_content(part);
  GMimeStream* stream = content == nullptr ? nullptr : g_mime_data_wrapper_get_stream(content);
  if (stream == nullptr) return;
  g_mime_stream_reset(stream);
  TransferDecoder decoder(g_mime_data_wrapper_get_encoding(content));
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

/// An attached message, or a multipart that is too deep to be taken apart, as the bytes that it is made of.
void write_whole(GMimeObject* object, bool dos_lines, CountingSink& sink) {
  GMimeObject* content = object;
  if (GMIME_IS_MESSAGE_PART(object)) {
    GMimeMessage* message = g_mime_message_part_get_message(GMIME_MESSAGE_PART(object));
    if (message == nullptr) return;
    content = GMIME_OBJECT(message);
  }
  GMimeFormatOptions* format = g_mime_format_options_new();
  g_mime_format_options_set_newline_format(format, dos_lines ? GMIME_NEWLINE_FORMAT_DOS : GMIME_NEWLINE_FORMAT_UNIX);
  SinkStream stream([&](std::string_view bytes) { sink.append(bytes); });
  g_mime_object_write_to_stream(content, format, stream.get());
  g_mime_format_options_free(format);
  stream.rethrow();
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
    Utf8Converter converter(charset == nullptr ? "" : charset);
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

json::object read_attachment(const PlannedPart& part, bool dos_lines, PartSink& sink) {
  sink.begin(part.key);
  CountingSink counting(sink);
  const bool leaf = GMIME_IS_PART(part.object);
  if (leaf)
    decode_part(GMIME_PART(part.object), counting, nullptr);
  else
    write_whole(part.object, dos_lines, counting);
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

  const auto stream = open_stream(mail);
  const auto message = parse(scan.fields().junk() ? without_junk(stream.get(), scan).get() : stream.get());
  GMimeObject* root = message ? g_mime_message_get_mime_part(message.get()) : nullptr;
  const PartPlan plan = root == nullptr ? PartPlan{} : plan_parts(root, options.limits);
  document["body"] = read_body(plan, mail, scan, sink);
  json::array attachments;
  for (const PlannedPart& part : plan.attachments)
    attachments.emplace_back(read_attachment(part, scan.dos_lines(), sink));
  document["attachments"] = std::move(attachments);
  return document;
}

}  // namespace syncline::formats
