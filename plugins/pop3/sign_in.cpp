#include "sign_in.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <syncline/formats/base64.hpp>
#include <syncline/plugin.hpp>

#include "reply.hpp"

namespace syncline::pop3 {

namespace {

void wipe(std::string& text) { OPENSSL_cleanse(text.data(), text.size()); }

std::string offered(const Offer& offer) {
  std::string out;
  const auto add = [&](std::string_view name) { out.append(out.empty() ? "" : ", ").append(one_line(name, 40)); };
  for (const std::string& mechanism : offer.sasl) add(mechanism);
  if (offer.user) add("USER");
  if (!offer.timestamp.empty()) add("APOP");
  return out.empty() ? "nothing that is known" : out;
}

Error not_possible(const std::string& where, const std::string& what, const Offer& offer, const std::string& remedy) {
  return {SY_CONFIG, where + ": " + what + "; it offers " + offered(offer) + ": " + remedy};
}

bool has(const Offer& offer, const char* mechanism) { return offer.sasl.count(mechanism) != 0; }

/// For a password. Within TLS nobody listens, so the plain ways are the ones that servers support best; APOP asks the
/// server to keep the password itself and rests on MD5. In clear it is the only one that does not give the password
/// away.
Method choose_for_password(const Offer& offer, bool clear) {
  const bool apop = !offer.timestamp.empty();
  if (clear && apop) return Method::APOP;
  if (has(offer, "PLAIN")) return Method::PLAIN;
  if (has(offer, "LOGIN")) return Method::LOGIN;
  if (apop && offer.known && !offer.user) return Method::APOP;
  return Method::USER;
}

Method choose_auto(const Offer& offer, const Credentials& credentials, bool clear, const std::string& where) {
  if (!credentials.token.empty() && (has(offer, "XOAUTH2") || !offer.known)) return Method::XOAUTH2;
  if (!credentials.password.empty()) return choose_for_password(offer, clear);
  throw not_possible(where, "there is a token and no password, and the server does not offer XOAUTH2", offer,
                     "switch it on there, or set a password");
}

}  // namespace

Credentials::Credentials(std::string user, std::string word, std::string bearer)
    : username(std::move(user)), password(std::move(word)), token(std::move(bearer)) {}

Credentials::~Credentials() {
  wipe(password);
  wipe(token);
}

std::string_view method_name(Method method) {
  static constexpr std::array<std::string_view, 6> kNames{"auto", "xoauth2", "plain", "login", "apop", "user"};
  return kNames.at(static_cast<std::size_t>(method));
}

Method choose_method(Method wanted, const Offer& offer, const Credentials& credentials, bool clear,
                     const std::string& where) {
  if (wanted == Method::AUTO) return choose_auto(offer, credentials, clear, where);
  const std::string name(method_name(wanted));
  if (wanted == Method::APOP && offer.timestamp.empty())
    throw not_possible(where, "auth = \"apop\", and the server's greeting bears no timestamp for it", offer,
                       "set auth to one of these, or leave it out");
  const char* mechanism = wanted == Method::XOAUTH2 ? "XOAUTH2"
                          : wanted == Method::PLAIN ? "PLAIN"
                          : wanted == Method::LOGIN ? "LOGIN"
                                                    : nullptr;
  if (mechanism != nullptr && offer.known && !has(offer, mechanism))
    throw not_possible(where, "auth = \"" + name + "\", and the server does not offer it", offer,
                       "set auth to one of these, or leave it out");
  return wanted;  // USER is what a server takes although it may not say so
}

std::string apop_timestamp(std::string_view greeting) {
  const std::size_t open = greeting.find('<');
  const std::size_t close = greeting.find('>', open == std::string_view::npos ? greeting.size() : open);
  if (close == std::string_view::npos) return {};
  const std::string_view found = greeting.substr(open, close - open + 1);
  const std::string_view inner = found.substr(1, found.size() - 2);
  const std::size_t at = inner.find('@');
  const bool shaped = at != std::string_view::npos && at != 0 && at + 1 < inner.size() &&
                      inner.find('@', at + 1) == std::string_view::npos &&
                      std::all_of(inner.begin(), inner.end(), [](char c) { return c > ' ' && c <= '~' && c != '<'; });
  return shaped ? std::string(found) : std::string();
}

std::string apop_digest(const std::string& timestamp, const std::string& password) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> hash(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  if (!hash || EVP_DigestInit_ex(hash.get(), EVP_md5(), nullptr) != 1 ||
      EVP_DigestUpdate(hash.get(), timestamp.data(), timestamp.size()) != 1 ||
      EVP_DigestUpdate(hash.get(), password.data(), password.size()) != 1 ||
      EVP_DigestFinal_ex(hash.get(), digest.data(), &size) != 1)
    throw Error(SY_CONFIG, "auth = \"apop\" needs MD5, which is switched off on this machine; choose another");
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (unsigned i = 0; i < size; ++i) {
    out += kDigits[digest.at(i) >> 4U];
    out += kDigits[digest.at(i) & 15U];
  }
  return out;
}

SaslScript sasl_script(Method method, const Credentials& credentials) {
  using formats::base64_encode;
  const std::string zero(1, '\0');
  if (method == Method::LOGIN)
    return {"LOGIN", {base64_encode(credentials.username), base64_encode(credentials.password)}, false};
  std::string plain = method == Method::XOAUTH2
                          ? "user=" + credentials.username + "\x01" + "auth=Bearer " + credentials.token + "\x01\x01"
                          : zero + credentials.username + zero + credentials.password;
  SaslScript out{method == Method::XOAUTH2 ? "XOAUTH2" : "PLAIN", {base64_encode(plain)}, true};
  wipe(plain);
  return out;
}

std::string challenge_words(std::string_view challenge) {
  const std::string decoded = formats::base64_decode(challenge);
  const bool text = !decoded.empty() && std::all_of(decoded.begin(), decoded.end(), [](char c) {
    return (c >= ' ' && c <= '~') || c == '\n' || c == '\r' || c == '\t';
  });
  return text ? decoded : std::string(challenge);
}

}  // namespace syncline::pop3
