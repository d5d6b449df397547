// session_login.cpp: Session's ways to sign in (RFC 1939, 2449, 5034).
#include <openssl/crypto.h>

#include <algorithm>
#include <cctype>

#include "session.hpp"

namespace syncline::pop3 {

namespace {

constexpr std::size_t kCommandLimit = 255;     // RFC 2449: a command with its CRLF
constexpr std::size_t kResponseLimit = 12288;  // RFC 5034: a response with its CRLF
constexpr int kChallengeLimit = 8;

void must_be_sendable(const std::string& secret, std::string_view forbidden, const char* what) {
  if (secret.find_first_of(forbidden) == std::string::npos) return;
  throw Error(SY_CONFIG, std::string("the ") + what +
                             " contains a line break or a zero byte, which cannot be sent in this way; look at where "
                             "it comes from");
}

/// What an administrator looks at when this way was refused.
std::string remedy(Method method) {
  const std::string name(method_name(method));
  if (method == Method::XOAUTH2)
    return "check username and token, which may have expired, and that POP is allowed for this mailbox";
  if (method == Method::APOP)
    return "check username and password; the server has to keep the password itself for auth = \"apop\"";
  return "check username and password" + (method == Method::USER ? "" : "; signed in with auth = \"" + name + "\"");
}

}  // namespace

Offer Session::offer() const {
  Offer out;
  out.known = capabilities_.known;
  out.user = capabilities_.has("USER");
  out.timestamp = timestamp_;
  const auto found = capabilities_.words.find("SASL");
  if (found == capabilities_.words.end()) return out;
  std::string word;
  for (const char c : found->second + " ") {
    if (c != ' ' && c != '\t') {
      word += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    } else if (!word.empty()) {
      out.sasl.insert(std::move(word));
      word.clear();
    }
  }
  return out;
}

void Session::login(const Credentials& credentials) {
  hide(credentials.password);
  hide(credentials.token);
  const std::string_view zero("\0", 1);
  must_be_sendable(credentials.password, zero, "password");
  must_be_sendable(credentials.token, std::string_view("\r\n\x01\0", 4), "token");
  method_ = choose_method(settings_.method, offer(), credentials, settings_.tls == Tls::NONE, settings_.where());
  const std::string who = "login of \"" + one_line(credentials.username, 80) + "\"";
  std::string told;
  Reply reply;
  if (method_ == Method::USER) {
    reply = user_and_pass(credentials);
  } else if (method_ == Method::APOP) {
    const std::string digest = apop_digest(timestamp_, credentials.password);
    hide(digest);
    reply = ask("APOP " + credentials.username + " " + digest, "APOP");
  } else {
    reply = sasl(sasl_script(method_, credentials), told);
  }
  if (!reply.ok && !told.empty()) reply.text += (reply.text.empty() ? "" : " ") + told;
  if (!reply.ok) refuse(reply, who);
  if (capabilities_.known && !(capabilities_.has("UIDL") && capabilities_.has("TOP")))
    ask_capabilities();  // some say more now
}

Reply Session::user_and_pass(const Credentials& credentials) {
  must_be_sendable(credentials.password, "\r\n", "password");
  const Reply user = ask("USER " + credentials.username, "USER");
  const bool plainly = user.code.empty() || user.code == "AUTH";  // not: in use, later, …
  if (!user.ok && plainly && settings_.tls == Tls::NONE && capabilities_.has("STLS"))
    throw Error(SY_CONFIG, settings_.where() + ": the server takes no password in clear: " + user.text +
                               "; set tls to \"starttls\"");
  if (!user.ok) return user;
  std::string command = "PASS " + credentials.password;
  Reply pass = ask(command, "PASS");
  OPENSSL_cleanse(command.data(), command.size());
  return pass;
}

/// `told`: what a challenge behind the last response said; XOAUTH2 explains a refusal so.
Reply Session::sasl(const SaslScript& script, std::string& told) {
  for (const std::string& response : script.responses) {
    hide(response);
    if (response.size() + 2 > kResponseLimit)
      throw Error(SY_CONFIG, "user name and token or password are longer than the 12 KiB that POP3 can send");
  }
  const std::string name = "AUTH " + script.mechanism;
  std::string command = name;
  std::size_t next = 0;
  bool early = false;  // the first response stands in the command
  if (script.initial && name.size() + 1 + script.responses.front().size() + 2 <= kCommandLimit) {
    command += " " + script.responses.front();
    early = true;
    next = 1;
  }
  transport_.doing("waiting for the answer to " + name);
  for (int round = 0; round < kChallengeLimit; ++round) {
    host_.count("requests");
    command += "\r\n";
    transport_.write(command);
    OPENSSL_cleanse(command.data(), command.size());
    const std::string said = line();
    std::string_view words;
    if (!is_challenge(said, words)) return Reply::parse(said, settings_.where(), secrets_);
    if (early && words.empty()) next = 0;  // it wants the response after the command, not in it
    early = false;
    if (next < script.responses.size()) {
      command = script.responses[next++];
      continue;
    }
    told = without_secrets(challenge_words(words), secrets_);
    command = script.mechanism == "XOAUTH2" ? "" : "*";  // XOAUTH2: an empty line fetches the refusal
  }
  throw Error(SY_BROKEN, settings_.where() + ": the server does not come to an end with AUTH " + script.mechanism);
}

void Session::refuse(const Reply& reply, const std::string& doing) const {
  throw refusal(reply, {settings_.where() + ": " + doing + " was refused", capabilities_.login_delay_ms(),
                        capabilities_.has("RESP-CODES"), remedy(method_)});
}

}  // namespace syncline::pop3
