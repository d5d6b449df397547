#include "charset.hpp"

#include <gmime/gmime.h>
#include <iconv.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <utility>

namespace syncline::formats {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";
constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

/// windows-1252 0x80..0x9F; 0: not assigned.
constexpr std::array<char16_t, 32> high_1252{0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
                                             0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0,      0x017D, 0,
                                             0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
                                             0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178};

unsigned byte_of(char c) { return static_cast<unsigned char>(c); }

/// Below U+10000, which is all that windows-1252 has.
void put_code_point(unsigned code, std::string& out) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0 | code >> 6);
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else {
    out += static_cast<char>(0xE0 | code >> 12);
    out += static_cast<char>(0x80 | (code >> 6 & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  }
}

void put_1252(unsigned byte, std::string& out) {
  if (byte < 0x80 || byte >= 0xA0) {
    put_code_point(byte, out);
  } else if (high_1252[byte - 0x80] != 0) {
    put_code_point(high_1252[byte - 0x80], out);
  } else {
    out += replacement;
  }
}

enum class Sequence { valid, invalid, incomplete };

/// What begins at the front of `s`, which is not empty; `length` is set when it is valid.
Sequence utf8_sequence(std::string_view s, std::size_t& length) {
  const unsigned lead = byte_of(s[0]);
  unsigned low = 0x80;
  unsigned high = 0xBF;
  if (lead < 0x80)
    length = 1;
  else if (lead >= 0xC2 && lead <= 0xDF)
    length = 2;
  else if (lead >= 0xE0 && lead <= 0xEF)
    length = 3;
  else if (lead >= 0xF0 && lead <= 0xF4)
    length = 4;
  else
    return Sequence::invalid;
  if (lead == 0xE0) low = 0xA0;   // shorter forms exist
  if (lead == 0xED) high = 0x9F;  // surrogates
  if (lead == 0xF0) low = 0x90;
  if (lead == 0xF4) high = 0x8F;  // beyond U+10FFFF
  for (std::size_t i = 1; i < length; ++i, low = 0x80, high = 0xBF) {
    if (i >= s.size()) return Sequence::incomplete;
    if (byte_of(s[i]) < low || byte_of(s[i]) > high) return Sequence::invalid;
  }
  return Sequence::valid;
}

/// Returns how many bytes were taken: all but an incomplete sequence at the end.
std::size_t repair_piece(std::string_view bytes, std::string& out) {
  std::size_t at = 0;
  while (at < bytes.size()) {
    std::size_t run = at;
    while (run < bytes.size() && byte_of(bytes[run]) < 0x80) ++run;
    out.append(bytes, at, run - at);
    at = run;
    if (at == bytes.size()) break;
    std::size_t length = 0;
    const Sequence found = utf8_sequence(bytes.substr(at), length);
    if (found == Sequence::incomplete) break;
    if (found == Sequence::valid)
      out.append(bytes, at, length);
    else
      put_1252(byte_of(bytes[at]), out);
    at += found == Sequence::valid ? length : 1;
  }
  return at;
}

/// The wider charset that is meant where mails name a narrower one.
std::string iconv_name(std::string_view charset) {
  const std::string name = ascii_lower(trim(charset));
  const auto harmless = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == ':';
  };
  if (name.empty() || name.size() > 40 || !std::all_of(name.begin(), name.end(), harmless)) return {};
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 17> wider{
      {{"utf8", "utf-8"},
       {"us-ascii", "utf-8"},
       {"ascii", "utf-8"},
       {"utf-8", "utf-8"},
       {"iso-8859-9", "windows-1254"},
       {"iso-8859-11", "cp874"},
       {"tis-620", "cp874"},
       {"gb2312", "gb18030"},
       {"gbk", "gb18030"},
       {"ks_c_5601-1987", "cp949"},
       {"euc-kr", "cp949"},
       {"shift_jis", "cp932"},
       {"shift-jis", "cp932"},
       {"big5", "big5-hkscs"},
       {"iso-8859-8-i", "iso-8859-8"},
       {"utf-16", "utf-16"},
       {"unicode-1-1-utf-7", "utf-7"}}};
  for (const auto& [narrow, wide] : wider)
    if (name == narrow) return std::string(wide);
  for (const std::string_view latin1 : {"iso-8859-1", "iso8859-1", "iso_8859-1", "latin1", "latin-1", "cp1252"})
    if (name == latin1) return "windows-1252";
  const char* known = g_mime_charset_iconv_name(name.c_str());
  return known == nullptr ? name : std::string(known);
}

}  // namespace

std::string_view trim(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\n";
  const std::size_t first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

std::string ascii_lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return lower;
}

std::string repair_utf8(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  while (!bytes.empty()) {
    bytes.remove_prefix(repair_piece(bytes, out));
    if (bytes.empty()) break;
    put_1252(byte_of(bytes.front()), out);  // the end cut a sequence
    bytes.remove_prefix(1);
  }
  return out;
}

std::string clean_line(std::string_view text) {
  const std::string valid = repair_utf8(text);
  std::string out;
  out.reserve(valid.size());
  for (std::size_t i = 0; i < valid.size(); ++i) {
    const unsigned byte = byte_of(valid[i]);
    if (byte < 0x20 || byte == 0x7F) {
      out += ' ';
    } else if (byte == 0xC2 && byte_of(valid[i + 1]) < 0xA0) {
      put_1252(byte_of(valid[++i]), out);
    } else {
      out += valid[i];
    }
  }
  return std::string(trim(out));
}

struct Utf8Converter::Impl {
  enum class Way { repair, table_1252, iconv };
  Way way = Way::repair;
  iconv_t handle = nullptr;
  std::string waiting;  // the beginning of a character whose end has not come

  explicit Impl(std::string_view charset) {
    const std::string name = iconv_name(charset);
    if (name.empty() || name == "utf-8") return;
    if (name == "windows-1252") {
      way = Way::table_1252;
      return;
    }
    const iconv_t opened = iconv_open("UTF-8", name.c_str());
    if (opened == reinterpret_cast<iconv_t>(-1)) return;
    handle = opened;
    way = Way::iconv;
  }
  ~Impl() {
    if (way == Way::iconv) iconv_close(handle);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  /// Returns how many bytes were taken.
  std::size_t convert(std::string& bytes, std::string& out) const {
    std::array<char, 4096> buffer{};
    char* from = bytes.data();
    std::size_t left = bytes.size();
    while (left > 0) {
      char* to = buffer.data();
      std::size_t room = buffer.size();
      const std::size_t result = iconv(handle, &from, &left, &to, &room);
      const int why = errno;
      out.append(buffer.data(), buffer.size() - room);
      if (result != static_cast<std::size_t>(-1) || why == E2BIG) continue;
      if (why != EILSEQ) break;  // EINVAL: the rest comes with the next piece
      out += replacement;
      ++from;
      --left;
    }
    return bytes.size() - left;
  }
};

Utf8Converter::Utf8Converter(std::string_view charset) : impl_(std::make_unique<Impl>(charset)) {}
Utf8Converter::~Utf8Converter() = default;

void Utf8Converter::append(std::string_view bytes, std::string& out) {
  const std::size_t from = out.size();
  if (impl_->way == Impl::Way::table_1252) {
    for (const char c : bytes) put_1252(byte_of(c), out);
  } else {
    std::string& text = impl_->waiting;
    text += bytes;
    const std::size_t taken = impl_->way == Impl::Way::iconv ? impl_->convert(text, out) : repair_piece(text, out);
    text.erase(0, taken);
  }
  drop_unmeant(out, from);
}

void Utf8Converter::finish(std::string& out) {
  const std::size_t from = out.size();
  if (impl_->way == Impl::Way::iconv) {
    std::array<char, 64> buffer{};
    char* to = buffer.data();
    std::size_t room = buffer.size();
    iconv(impl_->handle, nullptr, nullptr, &to, &room);
    out.append(buffer.data(), buffer.size() - room);
    if (!impl_->waiting.empty()) out += replacement;
  } else {
    out += repair_utf8(impl_->waiting);
  }
  impl_->waiting.clear();
  drop_unmeant(out, from);
}

void Utf8Converter::drop_unmeant(std::string& out, std::size_t from) {
  out.erase(std::remove(out.begin() + static_cast<std::ptrdiff_t>(from), out.end(), '\0'), out.end());
  if (out.size() == from || !at_start_) return;
  at_start_ = false;
  if (std::string_view(out).substr(from, byte_order_mark.size()) == byte_order_mark)
    out.erase(from, byte_order_mark.size());
}

}  // namespace syncline::formats
