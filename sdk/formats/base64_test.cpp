#include "syncline/formats/base64.hpp"

#include <gtest/gtest.h>

#include <utility>

namespace syncline::formats {
namespace {

// RFC 4648, section 10.
TEST(Base64, IsTheRfcs) {
  for (const auto& [plain, coded] : {std::pair{"", ""},
                                     {"f", "Zg=="},
                                     {"fo", "Zm8="},
                                     {"foo", "Zm9v"},
                                     {"foob", "Zm9vYg=="},
                                     {"fooba", "Zm9vYmE="},
                                     {"foobar", "Zm9vYmFy"}}) {
    EXPECT_EQ(base64_encode(plain), coded);
    EXPECT_EQ(base64_decode(coded), plain);
    EXPECT_EQ(base64_length(std::string(plain).size()), std::string(coded).size());
  }
}

TEST(Base64, PiecesMakeNoDifference) {
  std::string bytes;
  for (int i = 0; i < 1000; ++i) bytes += static_cast<char>(i * 37);
  const std::string whole = base64_encode(bytes);
  for (std::size_t piece = 1; piece < 9; ++piece) {
    std::string coded, plain;
    Base64Encoder encoder;
    Base64Decoder decoder;
    for (std::size_t at = 0; at < bytes.size(); at += piece)
      encoder.append(std::string_view(bytes).substr(at, piece), coded);
    encoder.finish(coded);
    EXPECT_EQ(coded, whole) << piece;
    for (std::size_t at = 0; at < coded.size(); at += piece)
      decoder.append(std::string_view(coded).substr(at, piece), plain);
    decoder.finish(plain);
    EXPECT_EQ(plain, bytes) << piece;
  }
}

TEST(Base64, ReadsWhatMailsContain) {
  EXPECT_EQ(base64_decode("Zm9v\r\n Ym Fy"), "foobar");
  EXPECT_EQ(base64_decode("Zm9vYg"), "foob");
  EXPECT_EQ(base64_decode("Zm9vYmE"), "fooba");
  EXPECT_EQ(base64_decode("Z*m!9v"), "foo");
  EXPECT_EQ(base64_decode("Zg==Zm8=Zm9v"), "ffofoo");
  EXPECT_EQ(base64_decode("Zm9vY"), "foo");
  EXPECT_EQ(base64_decode("===="), "");
}

}  // namespace
}  // namespace syncline::formats
