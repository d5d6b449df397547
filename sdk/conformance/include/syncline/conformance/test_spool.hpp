// test_spool.hpp: a spool of blobs over a folder, as a kernel keeps one: files of mode 0600, two limits, and references
// that can be opened again by another process. For tests; needs OpenSSL (sha-256) and Boost.JSON.
#pragma once

#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "syncline/blobs.h"
#include "syncline/plugin.hpp"

namespace syncline::conformance {

/// Running SHA-256.
class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new(), &EVP_MD_CTX_free) {
    if (!context_ || EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) != 1)
      throw Error(SY_BROKEN, "OpenSSL has no SHA-256");
  }
  void add(std::string_view data) {
    if (EVP_DigestUpdate(context_.get(), data.data(), data.size()) != 1) throw Error(SY_BROKEN, "SHA-256 failed");
  }
  [[nodiscard]] std::string hex() {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int n = 0;
    if (EVP_DigestFinal_ex(context_.get(), digest, &n) != 1) throw Error(SY_BROKEN, "SHA-256 failed");
    std::string out;
    for (unsigned int i = 0; i < n; ++i) {
      constexpr std::string_view digits = "0123456789abcdef";
      out += digits[digest[i] >> 4u];
      out += digits[digest[i] & 15u];
    }
    return out;
  }
  static std::string of(std::string_view data) {
    Sha256 h;
    h.add(data);
    return h.hex();
  }

 private:
  std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context_;
};

/// A folder that is made for a test and goes with it.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "syncline-test-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw Error(SY_BROKEN, "no temporary folder can be made");
    path_ = pattern;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

struct SpoolLimits {
  std::uint64_t blob = 256u << 20u;                                ///< one blob; beyond it: SY_INVALID
  std::uint64_t disk = std::numeric_limits<std::uint64_t>::max();  ///< all blobs together; beyond it: SY_FULL
};

/// Thread-safe. The functions have the shape of the boundary's, with exceptions in place of codes.
class TestSpool {
 public:
  TestSpool(std::filesystem::path folder, std::string pair) : folder_(std::move(folder)), pair_(std::move(pair)) {
    std::filesystem::create_directories(folder_);
  }
  void limits(SpoolLimits l) {
    const std::lock_guard lock(mutex_);
    limits_ = l;
  }
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }

  std::uint64_t begin(std::string_view item, std::string_view part) {
    const std::lock_guard lock(mutex_);
    const std::uint64_t handle = ++last_;
    auto w = std::make_unique<Writing>();
    w->item = item;
    w->part = part;
    w->path = folder_ / ("unfinished-" + std::to_string(::getpid()) + "-" + std::to_string(handle));
    w->fd.reset(::open(w->path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!w->fd) throw Error(SY_FULL, "spool: no file can be made");
    writing_.emplace(handle, std::move(w));
    return handle;
  }
  void append(std::uint64_t handle, std::string_view data) {
    const std::lock_guard lock(mutex_);
    Writing& w = of(writing_, handle);
    if (w.length + data.size() > limits_.blob) throw Error(SY_INVALID, "spool: the blob is over the limit");
    if (used() + data.size() > limits_.disk) throw Error(SY_FULL, "spool: the disk is full");
    w.hash.add(data);
    w.length += data.size();
    while (!data.empty()) {
      const ssize_t n = ::write(w.fd.get(), data.data(), data.size());
      if (n <= 0) throw Error(SY_FULL, "spool: the disk is full");
      data.remove_prefix(static_cast<std::size_t>(n));
    }
  }
  std::string finish(std::uint64_t handle) {
    const std::lock_guard lock(mutex_);
    const std::unique_ptr<Writing> w = take(writing_, handle);
    const std::string hash = w->hash.hex();
    w->fd.reset();
    std::filesystem::rename(w->path, file(pair_, w->item, w->part, hash));
    return boost::json::serialize(boost::json::object{
        {"pair", pair_}, {"item", w->item}, {"part", w->part}, {"length", w->length}, {"sha256", hash}});
  }
  void discard(std::uint64_t handle) {
    const std::lock_guard lock(mutex_);
    const std::unique_ptr<Writing> w = take(writing_, handle);
    std::error_code ignored;
    std::filesystem::remove(w->path, ignored);
  }

  std::uint64_t open(std::string_view reference, std::uint64_t& length) {
    const std::lock_guard lock(mutex_);
    const boost::json::object ref = parse(reference);
    const auto path = file(ref);
    const auto expected = ref.at("length").to_number<std::uint64_t>();
    auto r = std::make_unique<Descriptor>(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!*r) throw Error(SY_GONE, "spool: no such blob");
    std::string found = contents(*r);
    if (found.size() != expected || Sha256::of(found) != ref.at("sha256").as_string())
      throw Error(SY_GONE, "spool: the blob is not what it was");
    if (::lseek(r->get(), 0, SEEK_SET) != 0) throw Error(SY_BROKEN, "spool: cannot seek");
    length = expected;
    reading_.emplace(++last_, std::move(r));
    return last_;
  }
  std::size_t read(std::uint64_t handle, char* buf, std::size_t cap) {
    const std::lock_guard lock(mutex_);
    const ssize_t n = ::read(of(reading_, handle).get(), buf, cap);
    if (n < 0) throw Error(SY_BROKEN, "spool: cannot read");
    return static_cast<std::size_t>(n);
  }
  void close(std::uint64_t handle) {
    const std::lock_guard lock(mutex_);
    reading_.erase(handle);
  }
  void remove(std::string_view reference) {
    const std::lock_guard lock(mutex_);
    std::error_code ignored;
    std::filesystem::remove(file(parse(reference)), ignored);
  }

  /// How many handles are open, and how many files lie in the folder: both 0 when everybody has tidied up.
  [[nodiscard]] std::size_t open_handles() const {
    const std::lock_guard lock(mutex_);
    return writing_.size() + reading_.size();
  }
  [[nodiscard]] std::size_t files() const {
    std::size_t n = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder_)) ++n;
    return n;
  }

 private:
  class Descriptor {
   public:
    explicit Descriptor(int fd = -1) : fd_(fd) {}
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() { reset(); }
    void reset(int fd = -1) {
      if (fd_ >= 0) ::close(fd_);
      fd_ = fd;
    }
    [[nodiscard]] int get() const { return fd_; }
    explicit operator bool() const { return fd_ >= 0; }

   private:
    int fd_;
  };
  struct Writing {
    std::string item, part;
    std::filesystem::path path;
    Descriptor fd;
    Sha256 hash;
    std::uint64_t length = 0;
  };

  template <class T>
  static T& of(std::map<std::uint64_t, std::unique_ptr<T>>& in, std::uint64_t handle) {
    const auto it = in.find(handle);
    if (it == in.end()) throw Error(SY_BROKEN, "spool: no such handle");
    return *it->second;
  }
  template <class T>
  static std::unique_ptr<T> take(std::map<std::uint64_t, std::unique_ptr<T>>& from, std::uint64_t handle) {
    auto node = from.extract(handle);
    if (node.empty()) throw Error(SY_BROKEN, "spool: no such handle");
    return std::move(node.mapped());
  }
  [[nodiscard]] std::filesystem::path file(std::string_view pair, std::string_view item, std::string_view part,
                                           std::string_view hash) const {
    Sha256 h;
    for (const std::string_view s : {pair, item, part}) {
      h.add(std::to_string(s.size()) + ":");
      h.add(s);
    }
    return folder_ / (h.hex().substr(0, 32) + "-" + std::string(hash));
  }
  [[nodiscard]] std::filesystem::path file(const boost::json::object& ref) const {
    return file(ref.at("pair").as_string(), ref.at("item").as_string(), ref.at("part").as_string(),
                ref.at("sha256").as_string());
  }
  static boost::json::object parse(std::string_view reference) {
    boost::system::error_code failed;
    const boost::json::value v = boost::json::parse(reference, failed);
    if (failed || !v.is_object()) throw Error(SY_GONE, "spool: not a blob's reference");
    const boost::json::object& o = v.as_object();
    for (const char* name : {"pair", "item", "part", "sha256"})
      if (!o.contains(name) || !o.at(name).is_string()) throw Error(SY_GONE, "spool: not a blob's reference");
    const auto* length = o.if_contains("length");
    if (length == nullptr || !length->is_number()) throw Error(SY_GONE, "spool: not a blob's reference");
    for (const char c : o.at("sha256").as_string())  // it becomes part of a path
      if ((c < '0' || c > '9') && (c < 'a' || c > 'f')) throw Error(SY_GONE, "spool: not a blob's reference");
    return o;
  }
  static std::string contents(const Descriptor& fd) {
    std::string out;
    char buf[65536];
    for (ssize_t n = 0; (n = ::read(fd.get(), buf, sizeof buf)) > 0;) out.append(buf, static_cast<std::size_t>(n));
    return out;
  }
  [[nodiscard]] std::uint64_t used() const {
    std::uint64_t n = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) n += entry.file_size();
    return n;
  }

  mutable std::mutex mutex_;
  std::filesystem::path folder_;
  std::string pair_;
  SpoolLimits limits_;
  std::uint64_t last_ = 0;
  std::map<std::uint64_t, std::unique_ptr<Writing>> writing_;
  std::map<std::uint64_t, std::unique_ptr<Descriptor>> reading_;
};

}  // namespace syncline::conformance
