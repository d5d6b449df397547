// blobs.hpp: the spool as RAII objects, for plugins that write or read bodies and attachments in pieces.
#pragma once

#include <utility>

#include "blobs.h"
#include "plugin.hpp"

namespace syncline {

inline const sy_blobs& blobs_of(const Host& host) {
  const auto* table = static_cast<const sy_blobs*>(host.extension("sy.blobs/1"));
  if (table == nullptr) throw Error(SY_UNSUPPORTED, "the host offers no sy.blobs/1");
  return *table;
}

/// Writes one blob; what is not finished is discarded.
class BlobWriter {
 public:
  BlobWriter(const Host& host, std::string_view item, std::string_view part) : host_(host), table_(&blobs_of(host)) {
    sy_error e = no_error();
    check(table_->begin(&host_.raw(), borrow(item), borrow(part), &handle_, &e), e);
    open_ = true;
  }
  BlobWriter(const BlobWriter&) = delete;
  BlobWriter& operator=(const BlobWriter&) = delete;
  ~BlobWriter() {
    if (open_) table_->discard(&host_.raw(), handle_);
  }
  void append(std::string_view data) {
    sy_error e = no_error();
    check(table_->append(&host_.raw(), handle_, data.data(), data.size(), &e), e);
  }
  [[nodiscard]] std::string finish() {
    std::string ref_text;
    TextSink sink([&](std::string_view t) { ref_text = t; });
    sy_error e = no_error();
    open_ = false;
    check(table_->finish(&host_.raw(), handle_, sink, &e), e);
    sink.rethrow();
    return ref_text;
  }

 private:
  Host host_;
  const sy_blobs* table_;
  std::uint64_t handle_ = 0;
  bool open_ = false;
};

class BlobReader {
 public:
  BlobReader(const Host& host, std::string_view reference) : host_(host), table_(&blobs_of(host)) {
    sy_error e = no_error();
    check(table_->open(&host_.raw(), borrow(reference), &handle_, &length_, &e), e);
  }
  BlobReader(const BlobReader&) = delete;
  BlobReader& operator=(const BlobReader&) = delete;
  ~BlobReader() { table_->close(&host_.raw(), handle_); }
  [[nodiscard]] std::uint64_t length() const { return length_; }
  /// Bytes read into `buf`; 0 at the end.
  std::size_t read(char* buf, std::size_t cap) {
    std::size_t got = 0;
    sy_error e = no_error();
    check(table_->read(&host_.raw(), handle_, buf, cap, &got, &e), e);
    return got;
  }

 private:
  Host host_;
  const sy_blobs* table_;
  std::uint64_t handle_ = 0, length_ = 0;
};

inline void remove_blob(const Host& host, std::string_view reference) {
  blobs_of(host).remove(&host.raw(), borrow(reference));
}

}  // namespace syncline
