// raw_mail.hpp: what must not depend on a MIME library: the bytes, the header fields as they stand, and the digest
// (S10).
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "syncline/formats/mime.hpp"
#include "syncline/formats/sha256.hpp"

namespace syncline::formats {

/// Hands the raw message on in pieces until `take` returns false.
void read_pieces(const MailSource& mail, const std::function<bool(std::string_view)>& take);

/// The fields of a header block in their order, unfolded (line breaks removed, nothing else), not decoded.
class HeaderFields {
 public:
  HeaderFields() = default;
  explicit HeaderFields(std::string_view block);

  /// The first field of that name (lower-case), trimmed of blanks; null: there is none.
  [[nodiscard]] const std::string* find(std::string_view name) const;
  [[nodiscard]] std::vector<std::string_view> all(std::string_view name) const;
  /// Lines that belong to no field stood between them: separators of a mailbox file, or junk.
  [[nodiscard]] bool junk() const { return junk_; }
  /// The block as it would be without them.
  [[nodiscard]] std::string rebuilt() const;

 private:
  std::vector<std::pair<std::string, std::string>> fields_;  // lower-case name, value
  bool junk_ = false;
};

/// Message-IDs in a raw value: without brackets and surrounding blanks, otherwise byte for byte. Text between bracketed
/// ids is left out; without any bracket every word is an id.
[[nodiscard]] std::vector<std::string> message_ids(std::string_view value);
/// The one id of a Message-ID field; empty: none.
[[nodiscard]] std::string message_id(const HeaderFields& fields);

/// Looks at the raw message once, in pieces: header block, size, digest, and whether it is fit to be parsed.
class RawScan {
 public:
  explicit RawScan(const MailLimits& limits);
  /// False: the header block is complete and nothing more is needed for a head.
  bool append(std::string_view piece);
  void finish();

  [[nodiscard]] const HeaderFields& fields() const { return fields_; }
  [[nodiscard]] std::uint64_t size() const { return size_; }
  /// Where the body begins.
  [[nodiscard]] std::uint64_t body_begin() const { return body_begin_; }
  /// Empty when there is a Message-ID. After finish().
  [[nodiscard]] const std::string& digest() const { return digest_; }
  [[nodiscard]] bool dos_lines() const { return dos_lines_; }

 private:
  std::size_t take_header(std::string_view piece);
  void header_done();
  void hash_body(std::string_view piece);
  void guard_body(std::string_view piece);
  void guard_line_end();

  MailLimits limits_;
  std::string block_;
  std::size_t line_start_ = 0;
  std::size_t header_lines_ = 0;
  bool in_header_ = true;
  bool dos_lines_ = true;
  HeaderFields fields_;
  std::uint64_t size_ = 0;
  std::uint64_t body_begin_ = 0;

  bool hashing_ = false;
  bool held_return_ = false;
  bool line_open_ = false;
  Sha256 hash_;
  std::string digest_;

  std::string line_;  // the beginning of the line in hand
  std::uint64_t line_bytes_ = 0;
  bool after_dashes_ = false;  // the line before may have been a boundary
  std::size_t parts_ = 0;
  bool in_run_ = false;  // within lines that a parser may take for a header block
  std::uint64_t run_bytes_ = 0;
  std::size_t run_lines_ = 0;
};

}  // namespace syncline::formats
