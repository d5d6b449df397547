// raw_message.hpp: a raw message on its way from the server to the MIME reader: in memory while it is small, else in a
// file without a name in TMPDIR, gone with its object or with the process.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "syncline/formats/mime.hpp"

namespace syncline::formats {

class RawMessage {
 public:
  /// What is kept in memory: nearly all mails are smaller, and a file costs each of them twenty system calls.
  static constexpr std::size_t memory_bytes = std::size_t{256} << 10;

  RawMessage() = default;
  RawMessage(const RawMessage&) = delete;
  RawMessage& operator=(const RawMessage&) = delete;
  ~RawMessage();

  /// Throws SY_FULL or SY_CONFIG (TMPDIR cannot be written).
  void append(std::string_view bytes);
  [[nodiscard]] std::uint64_t size() const { return size_; }
  /// Empties it for the next message.
  void clear();
  /// The bytes from their start, until this object ends or changes.
  [[nodiscard]] MailSource source() const;

 private:
  void write(std::string_view bytes);

  std::string memory_;  ///< of a small message all, else nothing
  int fd_ = -1;         ///< -1: no large message has come yet
  std::uint64_t size_ = 0;
};

}  // namespace syncline::formats
