// sha256.hpp: SHA-256 over data that comes in pieces.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace syncline::formats {

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void append(std::string_view data);
  /// 64 lower-case hexadecimal digits. The object then begins anew.
  [[nodiscard]] std::string finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

[[nodiscard]] std::string sha256_hex(std::string_view data);

}  // namespace syncline::formats
