// raw_file.hpp: a raw message on its way from the server to the MIME reader: a file without a name in TMPDIR, gone with
// its object or with the process.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

namespace syncline::formats {

class RawFile {
 public:
  /// Throws SY_FULL or SY_CONFIG (TMPDIR cannot be written).
  RawFile();
  RawFile(const RawFile&) = delete;
  RawFile& operator=(const RawFile&) = delete;
  ~RawFile();

  void append(std::string_view bytes);
  [[nodiscard]] std::uint64_t size() const { return size_; }
  /// Empties it for the next message.
  void clear();
  /// Opens the same bytes, from their start, as long as this object lives.
  [[nodiscard]] std::filesystem::path path() const;

 private:
  int fd_ = -1;
  std::uint64_t size_ = 0;
};

}  // namespace syncline::formats
