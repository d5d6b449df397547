// envelope.hpp: the SOAP envelope around a request, and what is in the one around an answer.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "items/xml.hpp"
#include "response_codes.hpp"

namespace syncline::exchange {

/// `impersonate`: the primary SMTP address of the mailbox to act for; empty: the account's own rights.
[[nodiscard]] std::string envelope(std::string_view version, std::string_view impersonate, std::string_view body);

/// One `<m:…ResponseMessage>`, in the order of what was asked for.
struct ResponseMessage {
  pugi::xml_node node;
  bool error = false;
  std::string code;  ///< "NoError"
  /// How long the server wants to be left alone; nothing: it does not say, or what it says makes no sense.
  std::optional<std::int64_t> back_off_ms;
};

/// An answer that was understood: what EWS said, or the fault with which it refused the request as a whole.
class Answer {
 public:
  /// Throws Error(SY_INVALID) when it is no SOAP envelope.
  explicit Answer(std::string_view body);

  [[nodiscard]] bool fault() const { return fault_.has_value(); }
  /// Of a fault: the code in its detail, else in its faultcode; empty: none.
  [[nodiscard]] const ResponseMessage& refused() const { return *fault_; }
  [[nodiscard]] const std::vector<ResponseMessage>& messages() const { return messages_; }
  /// "15.2.2562.17", as the server says; empty: it does not.
  [[nodiscard]] const std::string& build() const { return build_; }

 private:
  XmlDocument document_;
  std::optional<ResponseMessage> fault_;
  std::vector<ResponseMessage> messages_;
  std::string build_;
};

}  // namespace syncline::exchange
