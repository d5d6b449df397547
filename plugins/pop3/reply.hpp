// reply.hpp: status lines of a POP3 server, and what they mean to the caller.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
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

  /// Throws SY_BROKEN, naming `where`, when the line is no status line. `secrets` are never part of the text.
  static Reply parse(std::string_view line, std::string_view where, std::span<const std::string> secrets = {});
};

/// `text` with "***" in the place of each secret, one line.
[[nodiscard]] std::string without_secrets(std::string text, std::span<const std::string> secrets);

/// "+ …" of RFC 5034: the server wants a response; `words` then begins behind the blank.
[[nodiscard]] bool is_challenge(std::string_view line, std::string_view& words);

/// What a refusal of a login is read with.
struct Refused {
  std::string doing;                // "pop.example:995: login of \"ann\" was refused"
  std::int64_t login_delay_ms = 0;  // what CAPA says; 0: nothing
  bool has_codes = false;           // RESP-CODES is announced
  std::string remedy = "check username and password";
};
/// -ERR to the greeting or to a login as an Error.
[[nodiscard]] Error refusal(const Reply& reply, const Refused& refused);

}  // namespace syncline::pop3
