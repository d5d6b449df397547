#include "spool.hpp"

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <syncline/plugin.hpp>

namespace syncline {

namespace fs = std::filesystem;

namespace {

class File {
 public:
  explicit File(int fd) : fd_(fd) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int fd() const { return fd_; }

 private:
  int fd_;
};

class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new(), &EVP_MD_CTX_free) { EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr); }
  void update(const char* data, std::size_t n) { EVP_DigestUpdate(context_.get(), data, n); }
  std::string hex() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int n = 0;
    EVP_DigestFinal_ex(context_.get(), digest.data(), &n);
    static constexpr char digits[] = "0123456789abcdef";
    std::string out;
    for (unsigned int i = 0; i < n; ++i) {
      out.push_back(digits[digest[i] >> 4]);
      out.push_back(digits[digest[i] & 15]);
    }
    return out;
  }

 private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

[[noreturn]] void fail(const char* what, const fs::path& where) {
  const int e = errno;
  const std::string text = std::string(what) + " " + where.string() + ": " + std::strerror(e);
  if (e == ENOSPC || e == EDQUOT || e == EFBIG) throw Error(SY_FULL, text + "; make room there and run again");
  throw Error(SY_BROKEN, text);
}

std::string hash_of_file(int fd) {
  Sha256 sha;
  std::array<char, 65536> buf;
  ::lseek(fd, 0, SEEK_SET);
  for (;;) {
    const ssize_t n = ::read(fd, buf.data(), buf.size());
    if (n <= 0) break;
    sha.update(buf.data(), static_cast<std::size_t>(n));
  }
  ::lseek(fd, 0, SEEK_SET);
  return sha.hex();
}

/// Calls f with each blob reference in an email document.
template <class F>
void each_reference(const json::object& doc, F f) {
  const auto one = [&](const json::value& holder) {
    if (const auto* o = holder.if_object())
      if (const auto* b = o->if_contains("blob"); b != nullptr && b->is_string()) f(std::string_view(b->get_string()));
  };
  if (const auto* body = doc.if_contains("body")) one(*body);
  for (const std::string_view name : {"attachments", "lost"})  // what a rule left out was read all the same
    if (const auto* list = doc.if_contains(name); list != nullptr && list->is_array())
      for (const auto& a : list->get_array()) one(a);
}

}  // namespace

struct Spool::Writing {
  File file;
  fs::path path;
  json::object reference;
  std::uint64_t length = 0;
  Sha256 sha;
  Writing(int fd, fs::path p, json::object r) : file(fd), path(std::move(p)), reference(std::move(r)) {}
};

struct Spool::Reading {
  File file;
  explicit Reading(int fd) : file(fd) {}
};

Spool::Spool(fs::path folder, std::uint64_t limit, std::uint64_t total)
    : folder_(std::move(folder)), limit_(limit), total_(total) {
  std::error_code ec;
  fs::create_directories(folder_, ec);
  if (ec)
    throw Error(SY_CONFIG,
                "the spool folder " + folder_.string() + " cannot be made: " + ec.message() + "; set spool.path");
  fs::permissions(folder_, fs::perms::owner_all, ec);
}

Spool::~Spool() = default;

fs::path Spool::file_of(const json::object& r) const {
  const auto* name = r.if_contains("file");
  const auto* pair = r.if_contains("pair");
  if (name == nullptr || !name->is_string() || pair == nullptr || !pair->is_number())
    throw Error(SY_GONE, "a blob reference is not one of this spool");
  const std::string n(name->get_string());
  if (n.empty() || n.find('/') != std::string::npos || n[0] == '.')
    throw Error(SY_GONE, "a blob reference is not one of this spool");
  return folder_ / std::to_string(pair->to_number<std::int64_t>()) / n;
}

std::uint64_t Spool::begin(std::int64_t pair, std::string_view item, std::string_view part) {
  const fs::path dir = folder_ / std::to_string(pair);
  const std::string pattern_of = (dir / "blob-XXXXXX").string();
  std::string pattern = pattern_of;
  int fd = ::mkostemp(pattern.data(), O_CLOEXEC);  // mode 0600
  if (fd < 0 && errno == ENOENT) {
    if (::mkdir(dir.c_str(), 0700) != 0 && errno != EEXIST) fail("cannot make the spool folder", dir);
    pattern = pattern_of;
    fd = ::mkostemp(pattern.data(), O_CLOEXEC);
  }
  if (fd < 0) fail("cannot write to the spool", dir);
  json::object reference{
      {"pair", pair}, {"item", item}, {"part", part}, {"file", fs::path(pattern).filename().string()}};
  const std::lock_guard lock(mutex_);
  const std::uint64_t handle = next_++;
  writing_.emplace(handle, std::make_unique<Writing>(fd, pattern, std::move(reference)));
  return handle;
}

void Spool::append(std::uint64_t handle, std::string_view data) {
  Writing* w = nullptr;
  {
    const std::lock_guard lock(mutex_);
    const auto it = writing_.find(handle);
    if (it == writing_.end()) throw Error(SY_BROKEN, "a blob that is not open was written to");
    w = it->second.get();
    if (w->length + data.size() > limit_)
      throw Error(SY_INVALID,
                  "larger than the spool's limit of " + std::to_string(limit_) + " bytes for one part (spool.limit)");
    if (used_ + data.size() > total_)
      throw Error(SY_FULL, "the spool has reached its limit of " + std::to_string(total_) + " bytes (spool.limit)");
    used_ += data.size();
  }
  w->length += data.size();
  w->sha.update(data.data(), data.size());
  while (!data.empty()) {
    const ssize_t n = ::write(w->file.fd(), data.data(), data.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) fail("cannot write to the spool", w->path);
    data.remove_prefix(static_cast<std::size_t>(n));
  }
}

std::string Spool::finish(std::uint64_t handle) {
  std::unique_ptr<Writing> w;
  {
    const std::lock_guard lock(mutex_);
    auto node = writing_.extract(handle);
    if (node.empty()) throw Error(SY_BROKEN, "a blob that is not open was finished");
    w = std::move(node.mapped());
  }
  w->reference["length"] = w->length;
  w->reference["sha256"] = w->sha.hex();
  return json::serialize(w->reference);
}

void Spool::discard(std::uint64_t handle) {
  std::unique_ptr<Writing> w;
  const std::lock_guard lock(mutex_);
  if (auto node = writing_.extract(handle); !node.empty()) {
    w = std::move(node.mapped());
    used_ -= std::min(used_, w->length);
    ::unlink(w->path.c_str());
  }
}

std::pair<std::uint64_t, std::uint64_t> Spool::open(std::string_view reference) {
  const json::object r = parse_object(reference, "a blob reference");
  const fs::path path = file_of(r);
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) throw Error(SY_GONE, "a spooled part is no longer there");
  auto reading = std::make_unique<Reading>(fd);
  struct stat st{};
  ::fstat(fd, &st);
  const auto length = r.at("length").to_number<std::uint64_t>();
  if (static_cast<std::uint64_t>(st.st_size) != length) throw Error(SY_GONE, "a spooled part is not whole");
  const std::lock_guard lock(mutex_);
  const std::uint64_t handle = next_++;
  reading_.emplace(handle, std::move(reading));
  return {handle, length};
}

std::size_t Spool::read(std::uint64_t handle, char* buf, std::size_t cap) {
  int fd = -1;
  {
    const std::lock_guard lock(mutex_);
    const auto it = reading_.find(handle);
    if (it == reading_.end()) throw Error(SY_BROKEN, "a blob that is not open was read");
    fd = it->second->file.fd();
  }
  for (;;) {
    const ssize_t n = ::read(fd, buf, cap);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw Error(SY_BROKEN, std::string("a spooled part cannot be read: ") + std::strerror(errno));
    return static_cast<std::size_t>(n);
  }
}

void Spool::close(std::uint64_t handle) {
  const std::lock_guard lock(mutex_);
  reading_.erase(handle);
}

void Spool::remove(std::string_view reference) {
  const json::object r = parse_object(reference, "a blob reference");
  const fs::path path = file_of(r);
  if (::unlink(path.c_str()) != 0) return;
  const std::lock_guard lock(mutex_);
  const auto* length = r.if_contains("length");
  if (length != nullptr && length->is_number()) used_ -= std::min(used_, length->to_number<std::uint64_t>());
}

bool Spool::complete(const json::object& doc) {
  bool whole = true;
  each_reference(doc, [&](std::string_view reference) {
    if (!whole) return;
    try {
      const json::object r = parse_object(reference, "a blob reference");
      const auto [handle, length] = open(reference);
      int fd = -1;
      {
        const std::lock_guard lock(mutex_);
        fd = reading_.at(handle)->file.fd();
      }
      whole = hash_of_file(fd) == std::string_view(r.at("sha256").as_string());
      close(handle);
    } catch (const Error&) {
      whole = false;
    }
  });
  return whole;
}

void Spool::remove_all(const json::object& doc) {
  each_reference(doc, [&](std::string_view reference) { remove(reference); });
}

std::set<std::string> Spool::names_in(const json::object& doc) {
  std::set<std::string> out;
  each_reference(doc, [&](std::string_view reference) {
    const json::object r = parse_object(reference, "a blob reference");
    if (const auto* f = r.if_contains("file"); f != nullptr && f->is_string()) out.emplace(f->get_string());
  });
  return out;
}

void Spool::sweep(std::int64_t pair, const std::set<std::string>& keep) {
  std::error_code ec;
  for (const auto& entry : fs::directory_iterator(folder_ / std::to_string(pair), ec))
    if (!keep.contains(entry.path().filename().string())) fs::remove(entry.path(), ec);
}

}  // namespace syncline
