#include "match.hpp"

#include <gtest/gtest.h>

namespace syncline {
namespace {

TEST(Match, S9_a_contact_is_matched_by_each_normalised_address) {
  const json::object doc{{"email1", " Ann@Example.ORG "}, {"email2", "ann@example.org"}, {"email3", "b@c.test"}};
  EXPECT_EQ(match_keys("contact", doc), (std::vector<std::string>{"ann@example.org", "b@c.test"}));
  EXPECT_TRUE(match_keys("task", json::object{{"subject", "x"}}).empty());
}

TEST(Match, S10_a_mail_s_key_is_its_message_id_with_the_direction_else_its_digest) {
  EXPECT_EQ(natural_key("email", json::object{{"direction", "incoming"}, {"message_id", "A@b"}}),
            "incoming message-id A@b");
  EXPECT_NE(natural_key("email", json::object{{"direction", "outgoing"}, {"message_id", "A@b"}}),
            natural_key("email", json::object{{"direction", "incoming"}, {"message_id", "A@b"}}));
  EXPECT_EQ(natural_key("email", json::object{{"direction", "incoming"}, {"digest", "ff"}}), "incoming digest ff");
  EXPECT_EQ(natural_key("email", json::object{{"direction", "incoming"}}), std::nullopt);
  EXPECT_EQ(natural_key("contact", json::object{{"email1", "a@b"}}), std::nullopt);
}

}  // namespace
}  // namespace syncline
