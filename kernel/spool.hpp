// spool.hpp: bodies and attachments between a mailbox and a CRM: files that only this user can read, in one folder per
// pair. A reference names pair, item, part, length and SHA-256 and can be opened again after a restart; what stands in
// no intent is removed at a pass's start. Any thread.
#pragma once

#include <syncline/blobs.h>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "document.hpp"

namespace syncline {

class Spool {
 public:
  /// `limit`: bytes of one blob; `total`: of all that this process has written and not yet removed.
  Spool(std::filesystem::path folder, std::uint64_t limit, std::uint64_t total);
  ~Spool();
  Spool(const Spool&) = delete;
  Spool& operator=(const Spool&) = delete;

  std::uint64_t begin(std::int64_t pair, std::string_view item, std::string_view part);
  void append(std::uint64_t handle, std::string_view data);
  std::string finish(std::uint64_t handle);
  void discard(std::uint64_t handle);

  /// Throws SY_GONE when the file is missing or not what the reference says.
  std::pair<std::uint64_t, std::uint64_t> open(std::string_view reference);
  std::size_t read(std::uint64_t handle, char* buf, std::size_t cap);
  void close(std::uint64_t handle);
  void remove(std::string_view reference);

  /// Whether every blob that `doc` refers to is there, whole.
  bool complete(const json::object& doc);
  /// Removes all blobs that `doc` refers to.
  void remove_all(const json::object& doc);
  /// Removes all files of the pair that are not in `keep` (file names).
  void sweep(std::int64_t pair, const std::set<std::string>& keep);
  static std::set<std::string> names_in(const json::object& doc);
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }

 private:
  struct Writing;
  struct Reading;
  std::filesystem::path file_of(const json::object& reference) const;
  std::filesystem::path folder_;
  std::uint64_t limit_, total_;
  std::mutex mutex_;
  std::uint64_t next_ = 1, used_ = 0;
  std::map<std::uint64_t, std::unique_ptr<Writing>> writing_;
  std::map<std::uint64_t, std::unique_ptr<Reading>> reading_;
};

}  // namespace syncline
