// spooled_parts.hpp: the parts of one message on their way into the host's spool. Unless keep() is called, nothing of
// them stays. Header-only: it needs a plugin's host.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "syncline/blobs.hpp"
#include "syncline/formats/mime.hpp"

namespace syncline::formats {

class SpooledParts final : public PartSink {
 public:
  SpooledParts(const Host& host, std::string_view item) : host_(host), item_(item) {}
  ~SpooledParts() override {
    writer_.reset();
    for (const std::string& reference : references_) remove_blob(host_, reference);
  }
  void begin(std::string_view part) override {
    writer_.reset();
    writer_ = std::make_unique<BlobWriter>(host_, item_, part);
  }
  void append(std::string_view bytes) override { writer_->append(bytes); }
  std::string finish() override {
    references_.reserve(references_.size() + 1);
    std::string reference = writer_->finish();
    references_.push_back(reference);
    writer_.reset();
    return reference;
  }
  void keep() { references_.clear(); }

 private:
  const Host host_;
  std::string item_;
  std::unique_ptr<BlobWriter> writer_;
  std::vector<std::string> references_;
};

}  // namespace syncline::formats
