// refusal.hpp: an answer that is not a success, as an Error: its class from the profile's table, the server's own code
// beside it, its message shortened and without addresses and quoted content.
#pragma once

#include "profile.hpp"
#include "syncline/net/http.hpp"

namespace syncline::crm {

/// The server answered and said no: this concerns the one item, unless the class says otherwise.
class Refused : public Error {
 public:
  Refused(int status, sy_code code, std::string text, std::int64_t retry_after_ms, std::string server_code)
      : Error(code, std::move(text), retry_after_ms, std::move(server_code)), status_(status) {}
  [[nodiscard]] int status() const noexcept { return status_; }
  /// The refusals that concern all that follow as well.
  [[nodiscard]] bool of_the_call() const noexcept { return code() == SY_AUTH || status_ == 429 || status_ == 503; }

 private:
  int status_;
};

/// `what`: the request as it may stand in a log, "POST emails".
Refused refusal(const Profile& profile, std::string_view what, const net::Response& response);

/// One line of at most 160 characters; what looks like an address, a quotation or a credential is left out.
std::string harmless(std::string_view message);

}  // namespace syncline::crm
