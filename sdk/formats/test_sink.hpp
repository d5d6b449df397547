// test_sink.hpp: the sink of the tests: a reference that shows what was handed over, and how it was.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "charset.hpp"
#include "syncline/formats/mime.hpp"
#include "syncline/formats/sha256.hpp"

namespace syncline::formats {

/// Short UTF-8 content stands in the reference itself ("text:…"), everything else as its SHA-256.
class TestSink : public PartSink {
 public:
  void begin(std::string_view part) override {
    parts.emplace_back(part);
    content_.clear();
    hash_ = Sha256();
    size_ = 0;
  }
  void append(std::string_view bytes) override {
    largest_piece = std::max(largest_piece, bytes.size());
    hash_.append(bytes);
    size_ += bytes.size();
    if (size_ <= shown_bytes) content_ += bytes;
  }
  std::string finish() override {
    const std::string hash = hash_.finish();
    sizes.push_back(size_);
    if (size_ <= shown_bytes && repair_utf8(content_) == content_) return "text:" + content_;
    return "sha256:" + hash;
  }

  static constexpr std::size_t shown_bytes = 1000;
  std::vector<std::string> parts;
  std::vector<std::size_t> sizes;
  std::size_t largest_piece = 0;

 private:
  std::string content_;
  Sha256 hash_;
  std::size_t size_ = 0;
};

}  // namespace syncline::formats
