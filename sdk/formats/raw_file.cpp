#include "syncline/formats/raw_file.hpp"

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

}  // namespace

RawFile::RawFile() {
  const std::string where = folder();
  fd_ = ::open(where.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd_ >= 0) return;
  std::string name = where + "/syncline-mail-XXXXXX";  // a file system without O_TMPFILE
  fd_ = ::mkostemp(name.data(), O_CLOEXEC);
  if (fd_ < 0) failed("no temporary file in " + where, errno);
  static_cast<void>(::unlink(name.c_str()));
}

RawFile::~RawFile() { static_cast<void>(::close(fd_)); }

void RawFile::append(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd_, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) failed("writing a temporary file in " + folder(), errno);
    size_ += static_cast<std::uint64_t>(n);
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

void RawFile::clear() {
  if (::ftruncate(fd_, 0) != 0 || ::lseek(fd_, 0, SEEK_SET) != 0)
    failed("emptying a temporary file in " + folder(), errno);
  size_ = 0;
}

std::filesystem::path RawFile::path() const { return "/proc/self/fd/" + std::to_string(fd_); }

}  // namespace syncline::formats
