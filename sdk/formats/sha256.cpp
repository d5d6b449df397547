#include "syncline/formats/sha256.hpp"

#include <openssl/evp.h>

#include <array>

#include "syncline/formats/hex.hpp"
#include "syncline/plugin.hpp"

namespace syncline::formats {

struct Sha256::State {
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context{EVP_MD_CTX_new(), &EVP_MD_CTX_free};

  State() { begin(); }
  void begin() const { require(context && EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) == 1); }
  static void require(bool done) {
    if (!done) throw Error(SY_BROKEN, "OpenSSL could not compute SHA-256: check the OpenSSL configuration");
  }
};

Sha256::Sha256() : state_(std::make_unique<State>()) {}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::append(std::string_view data) {
  State::require(EVP_DigestUpdate(state_->context.get(), data.data(), data.size()) == 1);
}

std::string Sha256::finish() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
  unsigned length = 0;
  State::require(EVP_DigestFinal_ex(state_->context.get(), hash.data(), &length) == 1);
  state_->begin();
  return hex_encode({reinterpret_cast<const char*>(hash.data()), length});
}

std::string sha256_hex(std::string_view data) {
  Sha256 hash;
  hash.append(data);
  return hash.finish();
}

}  // namespace syncline::formats
