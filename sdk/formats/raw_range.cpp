#include "raw_range.hpp"

#include <algorithm>
#include <array>

#include "head.hpp"
#include "syncline/plugin.hpp"

namespace syncline::formats {
namespace {

constexpr std::size_t line_held = 2048;  // a boundary line is not longer, whatever blanks a relay added

/// Hands lines on, each line's break only with the line after it: the one before a boundary belongs to the boundary.
class BoundaryCut {
 public:
  BoundaryCut(const std::vector<std::string>& boundaries, const std::function<void(std::string_view)>& take)
      : boundaries_(boundaries), take_(take) {}

  /// False: the boundary has come.
  bool append(std::string_view bytes) {
    while (!bytes.empty()) {
      const std::size_t end = bytes.find('\n');
      line_ += bytes.substr(0, end);
      if (end == std::string_view::npos) {
        if (line_.size() > line_held) pass();
        return true;
      }
      if (!passed_ && is_boundary(line_)) return false;
      const bool dos = !line_.empty() && line_.back() == '\r';
      if (dos) line_.pop_back();
      pass();
      break_ = dos ? "\r\n" : "\n";
      passed_ = false;
      bytes.remove_prefix(end + 1);
    }
    return true;
  }
  void finish() {
    if (!passed_ && is_boundary(line_)) return;
    pass();
  }

 private:
  void pass() {
    if (!passed_ && !break_.empty()) take_(break_);
    // A return at the end of what is passed may be half of the line's break.
    const bool half = !line_.empty() && line_.back() == '\r';
    if (half) line_.pop_back();
    if (!line_.empty()) take_(line_);
    line_ = half ? "\r" : "";
    break_.clear();
    passed_ = true;
  }
  [[nodiscard]] bool is_boundary(std::string_view line) const {
    if (!line.starts_with("--")) return false;
    line.remove_prefix(2);
    return std::any_of(boundaries_.begin(), boundaries_.end(), [&](const std::string& boundary) {
      if (!line.starts_with(boundary)) return false;
      std::string_view rest = line.substr(boundary.size());
      if (rest.starts_with("--")) rest.remove_prefix(2);
      return rest.find_first_not_of(" \t\r") == std::string_view::npos;
    });
  }

  const std::vector<std::string>& boundaries_;
  const std::function<void(std::string_view)>& take_;
  std::string line_, break_;
  bool passed_ = false;  // a part of this line has been handed on: it is no boundary
};

std::optional<std::int64_t> first_header(GMimeObject* object) {
  GMimeHeaderList* headers = g_mime_object_get_header_list(object);
  if (headers == nullptr || g_mime_header_list_get_count(headers) == 0) return std::nullopt;
  const gint64 offset = g_mime_header_get_offset(g_mime_header_list_get_header_at(headers, 0));
  return offset < 0 ? std::nullopt : std::optional<std::int64_t>(offset);
}

}  // namespace

std::optional<std::int64_t> begin_of(GMimeObject* entity) {
  auto begin = first_header(entity);
  if (!GMIME_IS_MESSAGE(entity)) return begin;
  GMimeObject* part = g_mime_message_get_mime_part(GMIME_MESSAGE(entity));  // it holds the Content- fields
  if (part == nullptr) return begin;
  const auto other = first_header(part);
  return begin && other ? std::min(begin, other) : (begin ? begin : other);
}

void read_until_boundary(GMimeStream* stream, std::int64_t begin, const std::vector<std::string>& boundaries,
                         const std::function<void(std::string_view)>& take) {
  const ObjectPtr<GMimeStream> rest(g_mime_stream_substream(stream, begin, -1));
  BoundaryCut cut(boundaries, take);
  std::array<char, 32768> buffer{};
  while (g_mime_stream_eos(rest.get()) == FALSE) {
    const ssize_t got = g_mime_stream_read(rest.get(), buffer.data(), buffer.size());
    if (got < 0) throw Error(SY_BROKEN, "cannot read a part of the message from the spool: check the disk");
    if (got == 0) break;
    if (!cut.append({buffer.data(), static_cast<std::size_t>(got)})) return;
  }
  cut.finish();
}

}  // namespace syncline::formats
