// Writes the messages of the mail generator: headers, encodings and multiparts.
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace syncline::sandbox {

std::string quoted_printable(std::string_view text);                // text with \n line ends
std::string wrapped_base64(std::string_view bytes);                 // lines of 76
std::string encoded_word(std::string_view utf8, bool base64_form);  // RFC 2047, folded; plain ASCII stays as it is
std::string latin1(std::string_view utf8);                          // U+0000…U+00FF only; others become '?'
std::string crlf(std::string_view text);

struct Piece {
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;  // already encoded
};

Piece text_piece(const std::string& subtype, std::string_view text);  // utf-8, quoted-printable
Piece multipart(const std::string& subtype, const std::string& boundary, const std::vector<Piece>& pieces);
Piece file_piece(const std::string& name, const std::string& type, std::string_view bytes,
                 const std::string& content_id);
std::string written(const Piece& piece);  // headers, empty line, body

}  // namespace syncline::sandbox
