#include "rows.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "syncline/plugin.hpp"

namespace syncline::memory {

Rows::Rows(std::filesystem::path path) : path_(std::move(path)) {
  if (path_.empty()) return;
  fd_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd_ < 0) throw Error(SY_CONFIG, "path: " + path_.string() + " cannot be opened for reading and writing");
}

Rows::~Rows() {
  if (fd_ >= 0) ::close(fd_);
}

// Lines that others appended. A torn last line is a transaction whose process died in it: it never was.
void Rows::catch_up() {
  struct stat st{};
  if (::fstat(fd_, &st) != 0) throw Error(SY_BROKEN, path_.string() + " cannot be examined");
  const auto size = static_cast<std::uint64_t>(st.st_size);
  if (size < read_to_) throw Error(SY_BROKEN, path_.string() + " has shrunk: use a new world for a new file");
  std::string tail(size - read_to_, '\0');
  for (std::size_t at = 0; at < tail.size();) {
    const ssize_t n = ::pread(fd_, tail.data() + at, tail.size() - at, static_cast<off_t>(read_to_ + at));
    if (n <= 0) throw Error(SY_BROKEN, path_.string() + " cannot be read");
    at += static_cast<std::size_t>(n);
  }
  std::size_t begin = 0;
  for (std::size_t end = 0; (end = tail.find('\n', begin)) != std::string::npos; begin = end + 1) {
    boost::system::error_code failed;
    const json::value line = json::parse(std::string_view(tail).substr(begin, end - begin), failed);
    if (failed || !line.is_object())
      throw Error(SY_CONFIG, path_.string() + " is not a world's log: name another file");
    for (const auto& [key, row] : line.get_object()) {
      if (row.is_object())
        rows_[std::string(key)] = row.get_object();
      else
        rows_.erase(std::string(key));
    }
  }
  read_to_ += begin;
  if (begin < tail.size() && ::ftruncate(fd_, static_cast<off_t>(read_to_)) != 0)
    throw Error(SY_BROKEN, path_.string() + " cannot be shortened to its last whole line");
}

void Rows::append(const std::string& line) {
  for (std::size_t at = 0; at < line.size();) {
    const ssize_t n = ::write(fd_, line.data() + at, line.size() - at);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) throw Error(SY_FULL, path_.string() + " cannot be written");
    at += static_cast<std::size_t>(n);
  }
  if (::fdatasync(fd_) != 0) throw Error(SY_BROKEN, path_.string() + " cannot be made durable");
  read_to_ += line.size();
}

Rows::Session::Session(Rows& rows) : rows_(rows), lock_(rows.mutex_) {
  if (rows_.fd_ < 0) return;
  while (::flock(rows_.fd_, LOCK_EX) != 0)
    if (errno != EINTR) throw Error(SY_BROKEN, rows_.path_.string() + " cannot be locked");
  try {
    rows_.catch_up();
  } catch (...) {
    ::flock(rows_.fd_, LOCK_UN);
    throw;
  }
}

Rows::Session::~Session() {
  for (auto& [key, row] : before_) {
    if (row)
      rows_.rows_[key] = std::move(*row);
    else
      rows_.rows_.erase(key);
  }
  if (rows_.fd_ >= 0) ::flock(rows_.fd_, LOCK_UN);
}

const json::object* Rows::Session::get(const std::string& key) const {
  const auto it = rows_.rows_.find(key);
  return it == rows_.rows_.end() ? nullptr : &it->second;
}

void Rows::Session::remember(const std::string& key) {
  const auto [it, fresh] = before_.try_emplace(key);
  if (!fresh) return;
  if (const json::object* row = get(key)) it->second = *row;
}

void Rows::Session::put(const std::string& key, json::object row) {
  remember(key);
  rows_.rows_[key] = std::move(row);
}

void Rows::Session::erase(const std::string& key) {
  remember(key);
  rows_.rows_.erase(key);
}

void Rows::Session::commit() {
  if (before_.empty()) return;
  if (rows_.fd_ >= 0) {
    json::object line;
    for (const auto& [key, row] : before_) {
      const json::object* now = get(key);
      line[key] = now == nullptr ? json::value(nullptr) : json::value(*now);
    }
    rows_.append(json::serialize(line) + "\n");
  }
  before_.clear();
}

}  // namespace syncline::memory
