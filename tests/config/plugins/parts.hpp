// parts.hpp: short ways to declare the plugins of the configuration tests. They describe and never run.
#pragma once

#include <syncline/plugin.h>
#include <cstdint>

#define TEST_EXPORT extern "C" __attribute__((visibility("default")))

namespace test_plugin {

inline void* create(const sy_host*, sy_str, sy_error*) { return nullptr; }
inline void destroy(void*) {}
inline const void* extension(void*, const char*) { return nullptr; }

template <auto& Options>
constexpr sy_class make_class(const char* role, const char* name) {
  return {sizeof(sy_class), role, name, "for tests", Options.size(), Options.data(), 1, create, destroy, extension};
}
constexpr sy_class make_class(const char* role, const char* name) {
  return {sizeof(sy_class), role, name, "for tests", 0, nullptr, 1, create, destroy, extension};
}

}  // namespace test_plugin
