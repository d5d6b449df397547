// A refusal as the Web API answers it.
#pragma once
#include <stdexcept>
#include <string>
#include <utility>

namespace syncline::sandbox {

class ODataError : public std::runtime_error {
 public:
  ODataError(int status_, std::string code_, const std::string& message)
      : std::runtime_error(message), status(status_), code(std::move(code_)) {}
  int status;
  std::string code;
};

// What a client sends in `$select`, `$filter` and bodies that the model does not have.
inline constexpr const char* kUndeclared = "0x80048d19";
inline constexpr const char* kBadQuery = "0x80060888";
inline constexpr const char* kInvalidArgument = "0x80040203";
inline constexpr const char* kNotFound = "0x80040217";
inline constexpr const char* kDuplicateKey = "0x80040237";
inline constexpr const char* kVersionMismatch = "0x80060882";

}  // namespace syncline::sandbox
