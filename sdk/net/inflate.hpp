// inflate.hpp: gzip, undone piece by piece.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

namespace syncline::net {

class Inflater {
 public:
  using Sink = std::function<void(std::string_view)>;
  explicit Inflater(Sink sink);
  ~Inflater();
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  /// Throws Malformed when the bytes are no gzip; what the sink throws passes through.
  void push(std::string_view compressed);
  /// The input has ended. Throws Malformed when it was cut short.
  void finish() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
  Sink sink_;
};

}  // namespace syncline::net
