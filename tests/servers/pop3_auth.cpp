// pop3_auth.cpp: Pop3Session's APOP (RFC 1939) and AUTH (RFC 5034) with PLAIN, LOGIN and XOAUTH2.
#include <Poco/MD5Engine.h>

#include <sstream>

#include "encode.hpp"
#include "pop3_session.hpp"

namespace syncline::sandbox {
namespace {

constexpr std::size_t kResponseLimit = 12288;

std::string md5(const std::string& text) {
  Poco::MD5Engine engine;
  engine.update(text);
  return Poco::DigestEngine::digestToHex(engine.digest());
}

}  // namespace

void Pop3Session::apop(const Command& command) {
  const auto space = command.rest.rfind(' ');
  if (space == std::string::npos) return err("APOP takes a name and a digest");
  const std::string digest = command.rest.substr(space + 1);
  open_mailbox(command.rest.substr(0, space),
               [&](const Pop3World::Mailbox& mailbox) { return md5(timestamp_ + mailbox.password) == digest; });
}

bool Pop3Session::auth(const Command& command) {
  if (world_.options.require_tls && !secure_) return err("[AUTH] use STLS first"), true;
  std::istringstream offered(world_.options.sasl);
  std::string mechanism;
  while (offered >> mechanism && mechanism != command.first) {}
  if (mechanism != command.first) return err("this mechanism is not offered"), true;
  std::string response =
      command.rest.size() > command.first.size() ? command.rest.substr(command.first.size() + 1) : "";
  bool late = false;
  {
    const std::lock_guard lock(world_.mutex);
    late = world_.faults.late_response;
  }
  if (mechanism == "LOGIN") return login();
  if ((response.empty() || late) && !challenge("", response)) return false;
  if (response == "*") return err("given up"), true;
  return mechanism == "PLAIN" ? plain(response) : xoauth2(response);
}

bool Pop3Session::challenge(const std::string& words, std::string& response) {
  send("+ " + base64(words) + "\r\n");
  return read_line(response, kResponseLimit);
}

bool Pop3Session::plain(std::string response) {
  response = from_base64(response).value_or("");
  const auto first = response.find('\0');
  const auto second = response.find('\0', first == std::string::npos ? first : first + 1);
  if (second == std::string::npos) return err("malformed response"), true;
  open_mailbox(response.substr(first + 1, second - first - 1),
               [&](const Pop3World::Mailbox& mailbox) { return mailbox.password == response.substr(second + 1); });
  return true;
}

bool Pop3Session::login() {
  std::string user;
  std::string password;
  if (!challenge("Username:", user) || !challenge("Password:", password)) return false;
  password = from_base64(password).value_or("");
  open_mailbox(from_base64(user).value_or(""),
               [&](const Pop3World::Mailbox& mailbox) { return mailbox.password == password; });
  return true;
}

bool Pop3Session::xoauth2(std::string response) {
  response = from_base64(response).value_or("");
  const auto end = response.find('\x01');
  const std::string user =
      response.starts_with("user=") ? response.substr(5, end == std::string::npos ? end : end - 5) : "";
  const auto right = [&](const Pop3World::Mailbox& mailbox) {
    return !mailbox.token.empty() && response == "user=" + user + "\x01" + "auth=Bearer " + mailbox.token + "\x01\x01";
  };
  bool known = false;
  {
    const std::lock_guard lock(world_.mutex);
    const auto found = world_.mailboxes.find(user);
    known = found != world_.mailboxes.end() && right(found->second);
  }
  std::string empty;  // the client fetches the refusal with an empty line
  if (!known && !challenge(R"({"status":"401","schemes":"bearer","scope":"https://mail.sandbox.test/"})", empty))
    return false;
  open_mailbox(user, right);
  return true;
}

}  // namespace syncline::sandbox
