// transfer.hpp: undoes a Content-Transfer-Encoding as mails really use it, piece by piece.
#pragma once

#include <gmime/gmime.h>

#include <string>
#include <string_view>

#include "syncline/formats/base64.hpp"

namespace syncline::formats {

/// Blanks before a line's end are padding that some relay added, also behind a soft break; a "=" that begins no escape
/// stands for itself.
class QuotedPrintableDecoder {
 public:
  void append(std::string_view text, std::string& out);
  void finish(std::string& out);

 private:
  void put(char c, std::string& out);
  bool escaped(char c, std::string& out);
  std::string held_;  // blanks that may be the end of a line, or a "=" and what followed
};

class TransferDecoder {
 public:
  explicit TransferDecoder(GMimeContentEncoding encoding);
  void append(std::string_view text, std::string& out);
  void finish(std::string& out);

 private:
  GMimeContentEncoding encoding_;
  Base64Decoder base64_;
  QuotedPrintableDecoder quoted_;
  void append_uuencoded(std::string_view text, std::string& out);

  GMimeEncoding uuencode_{};
  std::string before_begin_;  // uuencoded data starts after a "begin" line
  bool begun_ = false;
};

}  // namespace syncline::formats
