// Libraries that must be refused; KIND says why. Loading one leaves a mark, so that a test sees whether its code ran.
#include <array>
#include <cstdio>
#include <cstdlib>

#include "parts.hpp"

namespace {

constexpr sy_option empty_choice{sizeof(sy_option),     SY_CHOICE, 0, "tls", nullptr, nullptr,
                                 "a choice of nothing", nullptr};
constexpr std::array bad_options{&empty_choice};
constexpr sy_class good_class = test_plugin::make_class("connection", "refused");
constexpr sy_class bad_class = test_plugin::make_class<bad_options>("connection", "refused");
constexpr std::array<const sy_class*, 1> classes{KIND == 7 ? &bad_class : &good_class};

[[maybe_unused]] constexpr const char* kinds[] = {"stranger",  "oldabi", "newabi",     "function",
                                                  "othername", "short",  "wrongmajor", "badoption"};

__attribute__((constructor)) void leave_mark() {
  if (const char* mark = std::getenv("SYNCLINE_TEST_MARK"))
    if (std::FILE* f = std::fopen(mark, "w")) std::fclose(f);
}

}  // namespace

#if KIND == 0
TEST_EXPORT int something_else();
TEST_EXPORT int something_else() { return classes.front() == nullptr; }
#elif KIND == 3
TEST_EXPORT int sy_plugin_v1();
TEST_EXPORT int sy_plugin_v1() { return classes.front() == nullptr; }
#else
#if KIND == 1
#define SYMBOL sy_plugin_v0
#elif KIND == 2
#define SYMBOL sy_plugin_v2
#else
#define SYMBOL sy_plugin_v1
#endif
TEST_EXPORT const sy_plugin SYMBOL;
TEST_EXPORT constinit const sy_plugin SYMBOL = {SY_MAGIC,
                                                KIND == 5 ? 8 : sizeof(sy_plugin),
                                                KIND == 6 ? 2 : SY_ABI_MAJOR,
                                                SY_ABI_MINOR,
                                                KIND == 4 ? "somebody" : kinds[KIND],
                                                "1.0",
                                                "none",
                                                classes.size(),
                                                classes.data()};
#endif
