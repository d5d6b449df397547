#include "token.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace syncline {
namespace {

bool share(const std::vector<std::string>& l, const std::vector<std::string>& r) {
  return std::any_of(l.begin(), l.end(),
                     [&](const std::string& k) { return std::find(r.begin(), r.end(), k) != r.end(); });
}

TEST(Token, S10_is_the_same_for_the_same_create_and_another_for_another_generation) {
  EXPECT_EQ(create_token("o", "email", "k", 0), create_token("o", "email", "k", 0));
  EXPECT_NE(create_token("o", "email", "k", 0), create_token("o", "email", "k", 1));
  EXPECT_NE(create_token("o", "email", "k", 0), create_token("p", "email", "k", 0));
}

TEST(Token, S22_an_item_and_what_was_made_from_it_share_a_match_key) {
  const auto source = token_keys("o", "task", Side::crm, "c1", "");
  const auto made =
      token_keys("o", "task", Side::mailbox, "m1", create_token("o", "task", source_key(Side::crm, "c1"), 0));
  EXPECT_TRUE(share(source, made));
  EXPECT_FALSE(share(source, token_keys("o", "task", Side::mailbox, "m1", "")));
  const std::string token = create_token("o", "task", source_key(Side::mailbox, "m2"), 1);
  EXPECT_TRUE(share(token_keys("o", "task", Side::mailbox, "m2", ""), token_keys("o", "task", Side::crm, token, "")));
}

}  // namespace
}  // namespace syncline
