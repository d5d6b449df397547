// secrets.hpp: where a secret comes from, and a holder that wipes it. Values are fetched when they are needed, handed
// to who asked, and never written anywhere.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace syncline {

/// Text that is overwritten when it goes.
class SecretText {
 public:
  SecretText() = default;
  explicit SecretText(std::string value) : value_(std::move(value)) {}
  SecretText(const SecretText&) = default;
  SecretText(SecretText&& o) noexcept : value_(o.value_) { o.wipe(); }  // a copy: moving would leave short texts behind
  SecretText& operator=(const SecretText& o) {
    if (this != &o) {
      wipe();
      value_ = o.value_;
    }
    return *this;
  }
  SecretText& operator=(SecretText&& o) noexcept {
    if (this != &o) {
      wipe();
      value_ = o.value_;
      o.wipe();
    }
    return *this;
  }
  ~SecretText() { wipe(); }
  [[nodiscard]] const std::string& reveal() const { return value_; }
  [[nodiscard]] bool empty() const { return value_.empty(); }
  void wipe() noexcept;

 private:
  std::string value_;
};

struct SecretRef {
  enum class From { inline_text, file, environment, command } from = From::inline_text;
  SecretText text;                   ///< inline_text
  std::string name;                  ///< file: its path; environment: the variable
  std::vector<std::string> command;  ///< program and arguments; no shell
  std::string where;                 ///< file:line:column in the configuration, for errors

  [[nodiscard]] std::string describe() const;  ///< for people: never the value
};

/// By the option's dotted name.
using SecretRefs = std::map<std::string, SecretRef, std::less<>>;

/// The value. Throws Error(SY_CONFIG) with the reason and the remedy, SY_AUTH if the command refuses, SY_RETRY if it
/// does not answer in time.
SecretText resolve(const SecretRef& ref, std::chrono::milliseconds patience = std::chrono::seconds(30));

/// Every occurrence of a known secret (of four characters or more) becomes ***.
std::string redact(std::string_view text, const std::vector<SecretText>& known);

}  // namespace syncline
