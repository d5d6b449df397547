#include "syncline/formats/uuid.hpp"

#include <gtest/gtest.h>

#include <set>

namespace syncline::formats {
namespace {

// RFC 9562, appendix A.4; the second is the well-known example of Python's uuid module.
TEST(Uuid, Version5IsTheRfcs) {
  EXPECT_EQ(to_string(uuid_v5(uuid_dns_namespace, "www.example.com")), "2ed6657d-e927-568b-95e1-2665a8aea6a2");
  EXPECT_EQ(to_string(uuid_v5(uuid_dns_namespace, "python.org")), "886313e1-3b8a-5372-9b90-0c9aee199e5d");
}

TEST(Uuid, Version5TellsNamesAndNameSpacesApart) {
  EXPECT_NE(uuid_v5(uuid_dns_namespace, "a"), uuid_v5(uuid_dns_namespace, "b"));
  EXPECT_NE(uuid_v5(uuid_dns_namespace, "a"), uuid_v5(uuid_url_namespace, "a"));
}

TEST(Uuid, Version4IsMarkedAndNeverTheSame) {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::string text = to_string(uuid_v4());
    EXPECT_EQ(text[14], '4');
    EXPECT_NE(std::string("89ab").find(text[19]), std::string::npos) << text;
    EXPECT_TRUE(seen.insert(text).second) << text;
  }
}

TEST(Uuid, ReadsBackWhatItWrites) {
  const Uuid uuid = uuid_v4();
  EXPECT_EQ(parse_uuid(to_string(uuid)), uuid);
  EXPECT_EQ(parse_uuid("{6BA7B810-9DAD-11D1-80B4-00C04FD430C8}"), uuid_dns_namespace);
}

TEST(Uuid, RefusesWhatIsNone) {
  for (const char* text : {"", "6ba7b810", "6ba7b8109dad11d180b400c04fd430c8", "6ba7b810-9dad-11d1-80b4-00c04fd430cg",
                           "6ba7b810-9dad-11d1-80b4-00c04fd430c8 ", "{6ba7b810-9dad-11d1-80b4-00c04fd430c8",
                           "6ba7b810+9dad-11d1-80b4-00c04fd430c8"})
    EXPECT_FALSE(parse_uuid(text)) << text;
}

}  // namespace
}  // namespace syncline::formats
