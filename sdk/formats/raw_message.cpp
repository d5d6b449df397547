#include "syncline/formats/raw_message.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <string>
#include <syncline/plugin.hpp>
#include <system_error>

namespace syncline::formats {

namespace {

[[noreturn]] void failed(const std::string& what, int error) {
  const bool full = error == ENOSPC || error == EDQUOT || error == EFBIG;
  throw Error(full ? SY_FULL : SY_CONFIG,
              what + ": " + std::generic_category().message(error) +
                  (full ? "; free space there" : "; set TMPDIR to a folder that can be written"));
}

std::string folder() {
  const char* given = std::getenv("TMPDIR");
  return given != nullptr && *given != '\0' ? given : "/tmp";
}

/// A file without a name.
int open_file() {
  const std::string where = folder();
  const int fd = ::open(where.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd >= 0) return fd;
  std::string name = where + "/syncline-mail-XXXXXX";  // a file system without O_TMPFILE
  const int named = ::mkostemp(name.data(), O_CLOEXEC);
  if (named < 0) failed("no temporary file in " + where, errno);
  static_cast<void>(::unlink(name.c_str()));
  return named;
}

}  // namespace

RawMessage::~RawMessage() {
  if (fd_ >= 0) static_cast<void>(::close(fd_));
}

void RawMessage::append(std::string_view bytes) {
  if (size_ + bytes.size() <= memory_bytes) {
    memory_ += bytes;
  } else {
    if (fd_ < 0) fd_ = open_file();
    write(memory_);
    memory_.clear();
    write(bytes);
  }
  size_ += bytes.size();
}

void RawMessage::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd_, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) failed("writing a temporary file in " + folder(), errno);
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

void RawMessage::clear() {
  const bool in_file = size_ != memory_.size();
  if (in_file && (::ftruncate(fd_, 0) != 0 || ::lseek(fd_, 0, SEEK_SET) != 0))
    failed("emptying a temporary file in " + folder(), errno);
  memory_.clear();
  size_ = 0;
}

MailSource RawMessage::source() const {
  if (size_ == memory_.size()) return MailBytes{memory_};
  return MailFile{"/proc/self/fd/" + std::to_string(fd_)};
}

}  // namespace syncline::formats
