// A store with one path.
#include <array>

#include "parts.hpp"

namespace {

constexpr sy_option path{sizeof(sy_option), SY_PATH, SY_REQUIRED, "path",
                         nullptr,           nullptr, "the file",  "\"/var/lib/syncline/state.db\""};
constexpr std::array options{&path};
constexpr sy_class store = test_plugin::make_class<options>("store", "teststore");
constexpr std::array classes{&store};

}  // namespace

TEST_EXPORT const sy_plugin sy_plugin_v1;
TEST_EXPORT constinit const sy_plugin sy_plugin_v1 = {SY_MAGIC,     sizeof(sy_plugin), SY_ABI_MAJOR,
                                                      SY_ABI_MINOR, "teststore",       "1.0",
                                                      "none",       classes.size(),    classes.data()};
