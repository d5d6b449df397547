// sink_stream.hpp: a GMime stream that hands on what is written to it.
#pragma once

#include <gmime/gmime.h>

#include <exception>
#include <functional>
#include <string_view>

#include "head.hpp"

namespace syncline::formats {

class SinkStream {
 public:
  using Take = std::function<void(std::string_view)>;

  explicit SinkStream(Take take);
  SinkStream(const SinkStream&) = delete;
  SinkStream& operator=(const SinkStream&) = delete;

  [[nodiscard]] GMimeStream* get() const { return stream_.get(); }
  /// No exception may pass through GMime: one from `take` is kept, and nothing is taken after it.
  void rethrow() const {
    if (failure_) std::rethrow_exception(failure_);
  }
  [[nodiscard]] bool put(std::string_view bytes) noexcept;

 private:
  Take take_;
  std::exception_ptr failure_;
  ObjectPtr<GMimeStream> stream_;
};

}  // namespace syncline::formats
