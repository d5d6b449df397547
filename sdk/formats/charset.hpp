// charset.hpp: whatever a mail calls its characters, as UTF-8.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace syncline::formats {

/// Valid UTF-8 stays as it is; every byte that is not part of it is read as windows-1252.
[[nodiscard]] std::string repair_utf8(std::string_view bytes);

/// For one line of text in a document: valid UTF-8, no control characters, trimmed. C1 controls, which come from
/// windows-1252 under the name of iso-8859-1, become the characters that were meant.
[[nodiscard]] std::string clean_line(std::string_view text);

[[nodiscard]] std::string_view trim(std::string_view text);
[[nodiscard]] std::string ascii_lower(std::string_view text);

/// Converts text that comes in pieces. A charset that is absent, unknown or ascii is read as repair_utf8 does. NULs and
/// a leading byte order mark are left out: no text means them.
class Utf8Converter {
 public:
  explicit Utf8Converter(std::string_view charset);
  ~Utf8Converter();
  Utf8Converter(const Utf8Converter&) = delete;
  Utf8Converter& operator=(const Utf8Converter&) = delete;

  void append(std::string_view bytes, std::string& out);
  void finish(std::string& out);

 private:
  struct Impl;
  void drop_unmeant(std::string& out, std::size_t from);
  std::unique_ptr<Impl> impl_;
  bool at_start_ = true;
};

}  // namespace syncline::formats
