#include "syncline/formats/smart_match.hpp"

#include <gmock/gmock.h>

namespace syncline::formats {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> subject_words(std::string_view subject, std::string_view noise, std::size_t most) {
  return SubjectWords(noise, most).of(subject);
}

const std::string default_noise = R"(^[\s]*([\w]+\s?:[\s]*)+)";

TEST(SmartMatch, words_without_the_prefixes_in_lower_case) {
  EXPECT_EQ(subject_words("FW: RE: Test", default_noise, 20), subject_words("test", default_noise, 20));
  EXPECT_THAT(subject_words("Out of office: Test", default_noise, 20), ElementsAre("out", "of", "office:", "test"));
  EXPECT_THAT(subject_words("Réf : ÄRGER mit Öl", default_noise, 20), ElementsAre("ärger", "mit", "öl"));
  EXPECT_THAT(subject_words("a b a c", default_noise, 2), ElementsAre("a", "b"));
}

TEST(SmartMatch, what_is_no_expression_is_told) {
  EXPECT_FALSE(fault_of_expression(default_noise));
  for (const auto* bad : {"(", "[z-a]", "*"}) EXPECT_TRUE(fault_of_expression(bad)) << bad;
}

TEST(SmartMatch, no_expression_and_no_subject_can_hang_or_overflow) {
  const std::string many(200000, 'a');
  EXPECT_EQ(subject_words(many, "(a+)+$b", 20).size(), 1u);
  EXPECT_EQ(subject_words("a: " + many, default_noise, 20).size(), 1u);
  EXPECT_THAT(subject_words("x y", "(", 20), ElementsAre("x", "y"));
}

TEST(SmartMatch, likeness_is_contained_words_and_enough_common_addresses) {
  const Likeness like({{"subject", {"offer", "pump"}},
                       {"addresses", {"a@x.test", "b@x.test", "c@x.test"}},
                       {"delta", 1},
                       {"min_addresses", 2},
                       {"max_words", 20},
                       {"noise", default_noise}});
  const std::vector<std::string> two{"b@x.test", "a@x.test"};
  EXPECT_TRUE(like.fits("Re: PUMP offer", two));
  EXPECT_TRUE(like.fits("offer", two));
  EXPECT_TRUE(like.fits("new pump offer", two));
  EXPECT_FALSE(like.fits("a new pump offer", two));
  EXPECT_FALSE(like.fits("offer hose", two));
  EXPECT_FALSE(like.fits("pump offer", {"a@x.test"}));
  EXPECT_THAT(like.needed_words(), ElementsAre("offer", "pump"));
  EXPECT_THAT(Likeness({{"subject", {"offer"}}, {"addresses", {"a@x.test"}}}).needed_words(), ::testing::IsEmpty());
}

}  // namespace
}  // namespace syncline::formats
