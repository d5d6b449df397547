#include "reply.hpp"

#include <algorithm>
#include <cctype>

namespace syncline::pop3 {

namespace {

constexpr std::int64_t kInUseMs = 30'000, kLoginDelayMs = 60'000, kTemporaryMs = 60'000;

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

std::string without_secrets(std::string text, std::span<const std::string> secrets) {
  for (const std::string& secret : secrets) {
    if (secret.empty()) continue;
    for (std::size_t at = text.find(secret); at != std::string::npos; at = text.find(secret, at + 3))
      text.replace(at, secret.size(), "***");
  }
  return one_line(text);
}

bool is_challenge(std::string_view line, std::string_view& words) {
  if (line != "+" && line.substr(0, 2) != "+ ") return false;
  words = line.substr(std::min<std::size_t>(2, line.size()));
  return true;
}

Reply Reply::parse(std::string_view line, std::string_view where, std::span<const std::string> secrets) {
  Reply out;
  std::string_view rest;
  if (line.substr(0, 3) == "+OK") {
    out.ok = true;
    rest = line.substr(3);
  } else if (line.substr(0, 4) == "-ERR") {
    rest = line.substr(4);
  } else {
    throw Error(SY_BROKEN, std::string(where) + " does not speak POP3: it said \"" +
                               one_line(without_secrets(std::string(line), secrets), 60) + "\"; check host and port");
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
  // What is no refusal is read as data, never shown: a short password must not change it.
  out.text = out.ok ? one_line(rest) : without_secrets(std::string(rest), secrets);
  return out;
}

Error refusal(const Reply& reply, const Refused& refused) {
  const std::string said = refused.doing + ": " + (reply.code.empty() ? "" : "[" + reply.code + "] ") + reply.text;
  if (reply.code == "IN-USE")
    return Error(SY_RETRY, said + " (another session has the mailbox open; tried again later)", kInUseMs, reply.code);
  if (reply.code == "LOGIN-DELAY")
    return Error(SY_RETRY, said + " (the server wants more time between two logins)",
                 refused.login_delay_ms > 0 ? refused.login_delay_ms : kLoginDelayMs, reply.code);
  if (reply.code == "SYS/TEMP") return Error(SY_RETRY, said, kTemporaryMs, reply.code);
  if (reply.code == "SYS/PERM")
    return Error(SY_BROKEN, said + " (the server's administrator has to repair the mailbox)", 0, reply.code);
  // RFC 1939 has no codes and names a locked maildrop as a reason for -ERR to PASS.
  if (reply.code.empty() && !refused.has_codes && lower(reply.text).find("lock") != std::string::npos)
    return Error(SY_RETRY, said + " (taken as: the mailbox is in use)", kInUseMs, "IN-USE");
  return Error(SY_AUTH, said + " (" + refused.remedy + ")", 0, reply.code);
}

}  // namespace syncline::pop3
