#include "reply.hpp"

#include <algorithm>
#include <cctype>

namespace syncline::pop3 {

namespace {

constexpr std::int64_t kInUseMs = 30'000, kLoginDelayMs = 60'000, kTemporaryMs = 60'000;

std::string without(std::string text, std::string_view secret) {
  if (secret.empty()) return text;
  for (std::size_t at = text.find(secret); at != std::string::npos; at = text.find(secret, at + 3))
    text.replace(at, secret.size(), "***");
  return text;
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

}  // namespace

std::string one_line(std::string_view text, std::size_t limit) {
  std::string out;
  for (const char c : text.substr(0, limit)) out += c >= ' ' && c <= '~' ? c : (c == '\t' ? ' ' : '?');
  if (text.size() > limit) out += "...";
  return out;
}

Reply Reply::parse(std::string_view line, std::string_view where, std::string_view secret) {
  Reply out;
  std::string_view rest;
  if (line.substr(0, 3) == "+OK") {
    out.ok = true;
    rest = line.substr(3);
  } else if (line.substr(0, 4) == "-ERR") {
    rest = line.substr(4);
  } else {
    throw Error(SY_BROKEN, std::string(where) + " does not speak POP3: it said \"" +
                               one_line(without(std::string(line), secret), 60) + "\"; check host and port");
  }
  while (!rest.empty() && rest.front() == ' ') rest.remove_prefix(1);
  if (!rest.empty() && rest.front() == '[') {
    const std::size_t end = rest.find(']');
    if (end != std::string_view::npos && end <= 40) {
      out.code = one_line(rest.substr(1, end - 1));
      std::transform(out.code.begin(), out.code.end(), out.code.begin(),
                     [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
      rest.remove_prefix(end + 1);
      while (!rest.empty() && rest.front() == ' ') rest.remove_prefix(1);
    }
  }
  out.text = one_line(without(std::string(rest), secret));
  return out;
}

Error refusal(const Reply& reply, const std::string& doing, std::int64_t login_delay_ms, bool has_codes) {
  const std::string said = doing + ": " + (reply.code.empty() ? "" : "[" + reply.code + "] ") + reply.text;
  if (reply.code == "IN-USE")
    return Error(SY_RETRY, said + " (another session has the mailbox open; tried again later)", kInUseMs, reply.code);
  if (reply.code == "LOGIN-DELAY")
    return Error(SY_RETRY, said + " (the server wants more time between two logins)",
                 login_delay_ms > 0 ? login_delay_ms : kLoginDelayMs, reply.code);
  if (reply.code == "SYS/TEMP") return Error(SY_RETRY, said, kTemporaryMs, reply.code);
  if (reply.code == "SYS/PERM")
    return Error(SY_BROKEN, said + " (the server's administrator has to repair the mailbox)", 0, reply.code);
  // RFC 1939 has no codes and names a locked maildrop as a reason for -ERR to PASS.
  if (reply.code.empty() && !has_codes && lower(reply.text).find("lock") != std::string::npos)
    return Error(SY_RETRY, said + " (taken as: the mailbox is in use)", kInUseMs, "IN-USE");
  return Error(SY_AUTH, said + " (check username and password)", 0, reply.code);
}

}  // namespace syncline::pop3
