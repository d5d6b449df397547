// sign_in.hpp: the ways to sign in to a POP3 server: which of them is taken, and what each sends.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "settings.hpp"

namespace syncline::pop3 {

/// One of password and token may be empty. Wiped when it goes.
struct Credentials {
  std::string username, password, token;

  Credentials() = default;
  Credentials(std::string user, std::string word, std::string bearer = {});
  Credentials(Credentials&&) = default;
  Credentials& operator=(Credentials&&) = default;
  Credentials(const Credentials&) = delete;
  Credentials& operator=(const Credentials&) = delete;
  ~Credentials();
};

/// What a server offers, from its greeting and CAPA.
struct Offer {
  bool known = false;  // it answered CAPA
  bool user = false;
  std::set<std::string> sasl;  // in capitals
  std::string timestamp;       // "<1896.697170952@host>" of the greeting; empty: no APOP
};

/// The strongest way that server and credentials allow. `clear`: the connection is not encrypted. Throws SY_CONFIG when
/// there is none, or when the one that is wanted is not offered.
[[nodiscard]] Method choose_method(Method wanted, const Offer& offer, const Credentials& credentials, bool clear,
                                   const std::string& where);
/// As the option `auth` writes it.
[[nodiscard]] std::string_view method_name(Method method);

/// The timestamp in a greeting, if it has the form of a Message-ID. Anything else is not answered: who can choose the
/// text freely can find out the password's first characters through MD5 collisions (CVE-2007-1558).
[[nodiscard]] std::string apop_timestamp(std::string_view greeting);
/// MD5 of timestamp and password in hexadecimal. Throws SY_CONFIG where MD5 is switched off.
[[nodiscard]] std::string apop_digest(const std::string& timestamp, const std::string& password);

/// What a SASL mechanism (PLAIN, LOGIN, XOAUTH2) answers, in order, in base64. `initial`: the first of them may stand
/// in the AUTH command itself (RFC 5034).
struct SaslScript {
  std::string mechanism;
  std::vector<std::string> responses;
  bool initial = false;
};
[[nodiscard]] SaslScript sasl_script(Method method, const Credentials& credentials);

/// What a server said in a challenge: base64 decoded where it is base64.
[[nodiscard]] std::string challenge_words(std::string_view challenge);

}  // namespace syncline::pop3
