#include "transfer.hpp"

#include <utility>

namespace syncline::formats {
namespace {

constexpr std::size_t max_before_begin = std::size_t{64} << 10;
constexpr std::size_t max_held = 1024;  // no relay pads further

bool is_blank(char c) { return c == ' ' || c == '\t'; }

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

void QuotedPrintableDecoder::append(std::string_view text, std::string& out) {
  for (const char c : text) put(c, out);
}

void QuotedPrintableDecoder::put(char c, std::string& out) {
  if (!held_.empty() && held_.front() == '=' && escaped(c, out)) return;
  if (c == '=') {
    out += held_;
    held_ = "=";
  } else if (is_blank(c) || c == '\r') {
    if (held_.size() >= max_held) finish(out);
    held_ += c;
  } else if (c == '\n') {
    const bool dos = !held_.empty() && held_.back() == '\r';
    held_.clear();
    out += dos ? "\r\n" : "\n";
  } else {
    out += held_;
    held_.clear();
    out += c;
  }
}

/// Takes what may follow a "=" that is held; false: it was no escape, and `c` is still to be looked at.
bool QuotedPrintableDecoder::escaped(char c, std::string& out) {
  if (held_.size() == 1 && hex_value(c) >= 0) {
    held_ += c;
    return true;
  }
  if (held_.size() == 2 && hex_value(held_[1]) >= 0) {
    if (hex_value(c) >= 0) {
      out += static_cast<char>(hex_value(held_[1]) * 16 + hex_value(c));
      held_.clear();
      return true;
    }
  } else {
    if (c == '\n') {
      held_.clear();
      return true;
    }
    if ((is_blank(c) || c == '\r') && held_.size() < max_held) {
      held_ += c;
      return true;
    }
  }
  out += held_;
  held_.clear();
  return false;
}

void QuotedPrintableDecoder::finish(std::string& out) {
  const bool soft_break =
      !held_.empty() && held_.front() == '=' && held_.find_first_not_of("= \t\r") == std::string::npos;
  if (!soft_break) out += held_;
  held_.clear();
}

TransferDecoder::TransferDecoder(GMimeContentEncoding encoding) : encoding_(encoding) {
  if (encoding_ == GMIME_CONTENT_ENCODING_UUENCODE) g_mime_encoding_init_decode(&uuencode_, encoding_);
}

void TransferDecoder::append(std::string_view text, std::string& out) {
  switch (encoding_) {
    case GMIME_CONTENT_ENCODING_BASE64: base64_.append(text, out); break;
    case GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE: quoted_.append(text, out); break;
    case GMIME_CONTENT_ENCODING_UUENCODE: append_uuencoded(text, out); break;
    default: out += text;
  }
}

/// Without a "begin" line the data is not what its header says, and is left as it is.
void TransferDecoder::append_uuencoded(std::string_view text, std::string& out) {
  if (!begun_) {
    before_begin_ += text;
    const std::size_t at = before_begin_.starts_with("begin ") ? 0 : before_begin_.find("\nbegin ");
    const std::size_t end = at == std::string::npos ? at : before_begin_.find('\n', at + 1);
    if (end == std::string::npos) {
      if (before_begin_.size() <= max_before_begin) return;
      finish(out);
      encoding_ = GMIME_CONTENT_ENCODING_BINARY;
      return;
    }
    begun_ = true;
    const std::string data = std::exchange(before_begin_, {}).substr(end + 1);
    append_uuencoded(data, out);
    return;
  }
  const std::size_t from = out.size();
  out.resize(from + g_mime_encoding_outlen(&uuencode_, text.size()));
  out.resize(from + g_mime_encoding_step(&uuencode_, text.data(), text.size(), out.data() + from));
}

void TransferDecoder::finish(std::string& out) {
  out += std::exchange(before_begin_, {});
  base64_.finish(out);
  quoted_.finish(out);
}

}  // namespace syncline::formats
