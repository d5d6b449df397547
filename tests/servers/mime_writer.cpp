#include "mime_writer.hpp"

#include <algorithm>

#include "encode.hpp"

namespace syncline::sandbox {
namespace {

constexpr std::string_view kHex = "0123456789ABCDEF";

bool ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

std::string escaped(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return {'=', kHex[byte >> 4U], kHex[byte & 15U]};
}

bool continues(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

}  // namespace

std::string quoted_printable(std::string_view text) {
  std::string out;
  std::size_t column = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n') {
      out += "\r\n";
      column = 0;
      continue;
    }
    const bool last = i + 1 == text.size() || text[i + 1] == '\n';
    const auto byte = static_cast<unsigned char>(text[i]);
    const bool plain = (byte > 32 && byte < 127 && text[i] != '=') || (text[i] == ' ' && !last);
    const std::string piece = plain ? std::string(1, text[i]) : escaped(text[i]);
    if (column + piece.size() > 75) {
      out += "=\r\n";
      column = 0;
    }
    out += piece;
    column += piece.size();
  }
  return out;
}

std::string wrapped_base64(std::string_view bytes) {
  const std::string flat = base64(bytes);
  std::string out;
  for (std::size_t at = 0; at < flat.size(); at += 76) out += flat.substr(at, 76) + "\r\n";
  return out;
}

std::string encoded_word(std::string_view utf8, bool base64_form) {
  if (ascii(utf8)) return std::string(utf8);
  std::string out;
  std::size_t start = 0;
  while (start < utf8.size()) {
    // 18 bytes give at most 54 characters in the Q form, within the 75 of a word.
    std::size_t end = std::min(start + 18, utf8.size());
    while (end < utf8.size() && continues(utf8[end])) --end;
    const std::string_view part = utf8.substr(start, end - start);
    if (!out.empty()) out += "\r\n ";
    if (base64_form) {
      out += "=?utf-8?B?" + base64(part) + "?=";
    } else {
      out += "=?utf-8?Q?";
      for (const char c : part)
        out += c == ' ' ? "_" : std::isalnum(static_cast<unsigned char>(c)) != 0 ? std::string(1, c) : escaped(c);
      out += "?=";
    }
    start = end;
  }
  return out;
}

std::string latin1(std::string_view utf8) {
  std::string out;
  for (std::size_t i = 0; i < utf8.size(); ++i) {
    const auto byte = static_cast<unsigned char>(utf8[i]);
    if (byte < 0x80) {
      out += utf8[i];
    } else if ((byte == 0xC2 || byte == 0xC3) && i + 1 < utf8.size()) {
      out += static_cast<char>(((byte & 3U) << 6U) | (static_cast<unsigned char>(utf8[++i]) & 0x3FU));
    } else {
      while (i + 1 < utf8.size() && continues(utf8[i + 1])) ++i;
      out += '?';
    }
  }
  return out;
}

std::string crlf(std::string_view text) {
  std::string out;
  for (const char c : text) out += c == '\n' ? "\r\n" : std::string(1, c);
  return out;
}

Piece text_piece(const std::string& subtype, std::string_view text) {
  return {{{"Content-Type", "text/" + subtype + "; charset=utf-8"}, {"Content-Transfer-Encoding", "quoted-printable"}},
          quoted_printable(text)};
}

Piece multipart(const std::string& subtype, const std::string& boundary, const std::vector<Piece>& pieces) {
  Piece out{{{"Content-Type", "multipart/" + subtype + "; boundary=\"" + boundary + "\""}}, {}};
  for (const auto& piece : pieces) {
    out.body += "--" + boundary + "\r\n" + written(piece);
    if (!out.body.ends_with("\r\n")) out.body += "\r\n";
  }
  out.body += "--" + boundary + "--\r\n";
  return out;
}

Piece file_piece(const std::string& name, const std::string& type, std::string_view bytes,
                 const std::string& content_id) {
  // RFC 2231 for names that are not ASCII.
  const std::string file = ascii(name) ? "filename=\"" + name + "\"" : "filename*=utf-8''" + percent_encoded(name);
  Piece out{{{"Content-Type", type}, {"Content-Transfer-Encoding", "base64"}}, wrapped_base64(bytes)};
  out.headers.emplace_back("Content-Disposition", (content_id.empty() ? "attachment; " : "inline; ") + file);
  if (!content_id.empty()) out.headers.emplace_back("Content-ID", "<" + content_id + ">");
  return out;
}

std::string written(const Piece& piece) {
  std::string out;
  for (const auto& [name, value] : piece.headers) out += name + ": " + value + "\r\n";
  return out + "\r\n" + piece.body;
}

}  // namespace syncline::sandbox
