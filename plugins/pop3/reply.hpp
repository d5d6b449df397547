// reply.hpp: status lines of a POP3 server, and what they mean to the caller.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <syncline/plugin.hpp>

namespace syncline::pop3 {

/// What a server said, fit for a log: printable ASCII, one line, cut at `limit`.
[[nodiscard]] std::string one_line(std::string_view text, std::size_t limit = 160);

struct Reply {
  bool ok = false;
  std::string code;  // the response code of RFC 2449 without brackets, in capitals: "IN-USE"; empty: none
  std::string text;  // the rest, fit for a log

  /// Throws SY_BROKEN, naming `where`, when the line is no status line. `secret` is never part of the text.
  static Reply parse(std::string_view line, std::string_view where, std::string_view secret = {});
};

/// -ERR to the greeting, USER or PASS as an Error. `login_delay_ms`: what CAPA says, 0: nothing.
[[nodiscard]] Error refusal(const Reply& reply, const std::string& doing, std::int64_t login_delay_ms, bool has_codes);

}  // namespace syncline::pop3
