// Two connections, a rule and a filter in one library.
#include <array>

#include "parts.hpp"

namespace {

constexpr sy_option words{sizeof(sy_option), SY_LIST, SY_REQUIRED,          "words",
                          nullptr,           "*",     "what is looked for", "[\"offer\"]"};
constexpr std::array word_options{&words};
constexpr sy_class left = test_plugin::make_class("connection", "left");
constexpr sy_class right = test_plugin::make_class("connection", "right");
constexpr sy_class rule = test_plugin::make_class<word_options>("rule", "no-newsletters");
constexpr sy_class filter = test_plugin::make_class("filter", "private-items");
constexpr std::array classes{&left, &right, &rule, &filter};

}  // namespace

TEST_EXPORT const sy_plugin sy_plugin_v1;
TEST_EXPORT constinit const sy_plugin sy_plugin_v1 = {
    SY_MAGIC, sizeof(sy_plugin), SY_ABI_MAJOR, SY_ABI_MINOR, "twins", "1.0", "none", classes.size(), classes.data()};
