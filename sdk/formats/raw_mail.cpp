#include "raw_mail.hpp"

#include <algorithm>
#include <fstream>

#include "charset.hpp"
#include "syncline/plugin.hpp"

namespace syncline::formats {
namespace {

constexpr std::size_t read_bytes = std::size_t{64} << 10;
constexpr std::size_t line_prefix = 80;
/// An attached text may look like headers for a long way; only what a parser would have to hold in memory counts.
constexpr std::uint64_t run_bytes_limit = std::uint64_t{16} << 20;
constexpr std::size_t run_lines_limit = 500'000;

[[noreturn]] void refuse(const std::string& what) {
  throw Error(SY_INVALID, "the message " + what + ": it is not read; look at it in the mailbox");
}

bool is_name_char(char c) { return c > ' ' && c < '\x7F' && c != ':'; }

/// The position of the colon of "Name:" or "Name :"; npos: the line begins no field.
std::size_t field_colon(std::string_view line) {
  std::size_t at = 0;
  while (at < line.size() && is_name_char(line[at])) ++at;
  if (at == 0) return std::string_view::npos;
  while (at < line.size() && (line[at] == ' ' || line[at] == '\t')) ++at;
  return at < line.size() && line[at] == ':' ? at : std::string_view::npos;
}

std::string_view trim_blanks(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

}  // namespace

void read_pieces(const MailSource& mail, const std::function<bool(std::string_view)>& take) {
  if (const auto* bytes = std::get_if<MailBytes>(&mail)) {
    for (std::size_t at = 0; at < bytes->bytes.size(); at += read_bytes)
      if (!take(bytes->bytes.substr(at, read_bytes))) return;
    return;
  }
  const auto& path = std::get<MailFile>(mail).path;
  std::ifstream in(path, std::ios::binary);
  std::vector<char> buffer(read_bytes);
  while (in) {
    in.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    const auto got = static_cast<std::size_t>(in.gcount());
    if (got == 0 || !take({buffer.data(), got})) break;
  }
  if (!in.is_open() || in.bad())
    throw Error(SY_BROKEN, "cannot read the message file " + path.string() + ": check that it exists and its rights");
}

HeaderFields::HeaderFields(std::string_view block) {
  bool in_field = false;
  while (!block.empty()) {
    const std::size_t end = block.find('\n');
    std::string_view line = block.substr(0, end);
    block.remove_prefix(end == std::string_view::npos ? block.size() : end + 1);
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    if (line.empty()) continue;
    if (line.front() == ' ' || line.front() == '\t') {
      if (in_field) fields_.back().second += line;
      continue;
    }
    const std::size_t colon = field_colon(line);
    in_field = colon != std::string_view::npos;  // else: an mbox separator or junk
    if (!in_field) junk_ = true;
    if (in_field) fields_.emplace_back(ascii_lower(trim(line.substr(0, colon))), std::string(line.substr(colon + 1)));
  }
  for (auto& field : fields_) field.second = std::string(trim_blanks(field.second));
}

std::string HeaderFields::rebuilt() const {
  std::string block;
  for (const auto& [name, value] : fields_) block.append(name).append(": ").append(value).append("\n");
  return block + "\n";
}

const std::string* HeaderFields::find(std::string_view name) const {
  for (const auto& field : fields_)
    if (field.first == name) return &field.second;
  return nullptr;
}

std::vector<std::string_view> HeaderFields::all(std::string_view name) const {
  std::vector<std::string_view> values;
  for (const auto& field : fields_)
    if (field.first == name) values.emplace_back(field.second);
  return values;
}

std::vector<std::string> message_ids(std::string_view value) {
  std::vector<std::string> ids;
  const auto put = [&](std::string_view id) {
    id = trim(id);
    if (!id.empty()) ids.emplace_back(id);
  };
  if (value.find('<') == std::string_view::npos) {
    while (!(value = trim(value)).empty()) {
      const std::size_t end = std::min(value.find_first_of(" \t,"), value.size());
      put(value.substr(0, end));
      value.remove_prefix(std::min(end + 1, value.size()));
    }
    return ids;
  }
  for (std::size_t open = value.find('<'); open != std::string_view::npos; open = value.find('<')) {
    value.remove_prefix(open + 1);
    const std::size_t close = std::min(value.find('>'), value.size());
    put(value.substr(0, close));
    value.remove_prefix(std::min(close + 1, value.size()));
  }
  return ids;
}

std::string message_id(const HeaderFields& fields) {
  const std::string* value = fields.find("message-id");
  if (value == nullptr) return {};
  if (value->find('<') == std::string::npos) return std::string(trim(*value));
  const auto ids = message_ids(*value);
  return ids.empty() ? std::string() : ids.front();
}

RawScan::RawScan(const MailLimits& limits) : limits_(limits) {}

bool RawScan::append(std::string_view piece) {
  size_ += piece.size();
  if (in_header_) piece.remove_prefix(take_header(piece));
  if (in_header_) return true;
  if (hashing_) hash_body(piece);
  guard_body(piece);
  return false;
}

/// Returns how many bytes belong to the header block and the empty line after it.
std::size_t RawScan::take_header(std::string_view piece) {
  std::size_t at = 0;
  while (in_header_ && at < piece.size()) {
    const std::size_t end = std::min(piece.find('\n', at), piece.size() - 1) + 1;
    block_.append(piece, at, end - at);
    at = end;
    if (block_.size() > limits_.header_bytes)
      refuse("has more than " + std::to_string(limits_.header_bytes) + " bytes of headers");
    if (block_.back() != '\n') continue;
    std::string_view line = std::string_view(block_).substr(line_start_, block_.size() - line_start_ - 1);
    if (line_start_ == 0) dos_lines_ = !line.empty() && line.back() == '\r';
    line_start_ = block_.size();
    if (line.empty() || line == "\r")
      header_done();
    else if (++header_lines_ > limits_.header_lines)
      refuse("has more than " + std::to_string(limits_.header_lines) + " header lines");
  }
  return at;
}

void RawScan::header_done() {
  in_header_ = false;
  body_begin_ = block_.size();
  fields_ = HeaderFields(block_);
  block_ = {};
  hashing_ = message_id(fields_).empty();
  if (!hashing_) return;
  for (const char* name : {"date", "from", "to", "subject"}) {
    if (const std::string* value = fields_.find(name)) hash_.append(*value);
    hash_.append("\r\n");
  }
}

/// Every line end becomes CRLF; a return that no newline follows stays what it is.
void RawScan::hash_body(std::string_view piece) {
  while (!piece.empty()) {
    const std::size_t end = piece.find('\n');
    std::string_view text = piece.substr(0, end);
    if (held_return_ && !text.empty()) hash_.append("\r");
    held_return_ = (text.empty() && held_return_) || (!text.empty() && text.back() == '\r');
    if (!text.empty() && text.back() == '\r') text.remove_suffix(1);
    hash_.append(text);
    line_open_ = true;
    if (end == std::string_view::npos) return;
    hash_.append("\r\n");
    held_return_ = line_open_ = false;
    piece.remove_prefix(end + 1);
  }
}

/// Counts what would cost a parser memory: parts, and header blocks within the body.
void RawScan::guard_body(std::string_view piece) {
  while (!piece.empty()) {
    const std::size_t end = piece.find('\n');
    const std::string_view text = piece.substr(0, end);
    if (line_.size() < line_prefix) line_.append(text, 0, line_prefix - line_.size());
    line_bytes_ += text.size();
    const bool folded = in_run_ && (line_.starts_with(' ') || line_.starts_with('\t'));
    if (line_bytes_ > run_bytes_limit && (folded || field_colon(line_) != std::string_view::npos))
      refuse("has a header of more than 16 MiB in one of its parts");
    if (end == std::string_view::npos) return;
    guard_line_end();
    piece.remove_prefix(end + 1);
  }
}

void RawScan::guard_line_end() {
  const bool empty = line_.empty() || line_ == "\r";
  const bool field = field_colon(line_) != std::string_view::npos;
  const bool more = !empty && (field || line_.front() == ' ' || line_.front() == '\t');
  if (after_dashes_ && (empty || field) && ++parts_ > limits_.parts * 10)
    refuse("seems to have more than " + std::to_string(limits_.parts * 10) + " parts");
  in_run_ = more;
  run_bytes_ = in_run_ ? run_bytes_ + line_bytes_ : 0;
  run_lines_ = in_run_ ? run_lines_ + 1 : 0;
  if (run_bytes_ > run_bytes_limit || run_lines_ > run_lines_limit)
    refuse("has a block of headers of more than 16 MiB or 500000 lines in one of its parts");
  after_dashes_ = line_.size() > 2 && line_.starts_with("--");
  line_.clear();
  line_bytes_ = 0;
}

void RawScan::finish() {
  if (in_header_) {
    header_done();
  } else if (hashing_) {
    if (held_return_) hash_.append("\r");
    if (line_open_) hash_.append("\r\n");
  }
  if (hashing_) digest_ = hash_.finish();
}

}  // namespace syncline::formats
