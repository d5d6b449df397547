#include "syncline/formats/uuid.hpp"

#include <openssl/evp.h>
#include <sys/random.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "syncline/plugin.hpp"

namespace syncline::formats {
namespace {

void stamp(Uuid& uuid, unsigned version) {
  uuid[6] = static_cast<std::uint8_t>((uuid[6] & 0x0Fu) | (version << 4));
  uuid[8] = static_cast<std::uint8_t>((uuid[8] & 0x3Fu) | 0x80u);
}

constexpr bool hyphen_before(std::size_t byte) { return byte == 4 || byte == 6 || byte == 8 || byte == 10; }

int nibble(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::string to_string(const Uuid& uuid) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  text.reserve(36);
  for (std::size_t i = 0; i < uuid.size(); ++i) {
    if (hyphen_before(i)) text += '-';
    text += digits[uuid[i] >> 4];
    text += digits[uuid[i] & 0x0Fu];
  }
  return text;
}

std::optional<Uuid> parse_uuid(std::string_view text) {
  if (text.size() == 38 && text.front() == '{' && text.back() == '}') text = text.substr(1, 36);
  if (text.size() != 36) return std::nullopt;
  Uuid uuid{};
  std::size_t at = 0;
  for (std::size_t i = 0; i < uuid.size(); ++i, at += 2) {
    if (hyphen_before(i) && text[at++] != '-') return std::nullopt;
    const int high = nibble(text[at]);
    const int low = nibble(text[at + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    uuid[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return uuid;
}

Uuid uuid_v5(const Uuid& name_space, std::string_view name) {
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
  if (!context || EVP_DigestInit_ex(context.get(), EVP_sha1(), nullptr) != 1 ||
      EVP_DigestUpdate(context.get(), name_space.data(), name_space.size()) != 1 ||
      EVP_DigestUpdate(context.get(), name.data(), name.size()) != 1 ||
      EVP_DigestFinal_ex(context.get(), hash.data(), nullptr) != 1)
    throw Error(SY_BROKEN, "OpenSSL offers no SHA-1, which UUIDs of version 5 need: check the OpenSSL configuration");
  Uuid uuid{};
  std::copy_n(hash.begin(), uuid.size(), uuid.begin());
  stamp(uuid, 5);
  return uuid;
}

Uuid uuid_v4() {
  Uuid uuid{};
  std::size_t have = 0;
  while (have < uuid.size()) {
    const ssize_t got = getrandom(uuid.data() + have, uuid.size() - have, 0);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) throw Error(SY_BROKEN, "the operating system gave no random bytes (getrandom)");
    have += static_cast<std::size_t>(got);
  }
  stamp(uuid, 4);
  return uuid;
}

}  // namespace syncline::formats
