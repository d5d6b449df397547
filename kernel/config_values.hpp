// config_values.hpp: typed reading from values that are already validated; for the configuration's readers only.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "schema.hpp"

namespace syncline {

inline std::int64_t number(const json::object& values, std::string_view name) {
  const json::value* v = find_dotted(values, name);
  return v != nullptr && v->is_int64() ? v->get_int64() : 0;
}

inline bool flag(const json::object& values, std::string_view name) {
  const json::value* v = find_dotted(values, name);
  return v != nullptr && v->is_bool() && v->get_bool();
}

inline std::string word(const json::object& values, std::string_view name) {
  const json::value* v = find_dotted(values, name);
  return v != nullptr && v->is_string() ? std::string(v->get_string()) : std::string();
}

inline std::vector<std::string> words(const json::object& values, std::string_view name) {
  std::vector<std::string> out;
  if (const json::value* v = find_dotted(values, name); v != nullptr && v->is_array())
    for (const json::value& item : v->get_array())
      if (item.is_string()) out.emplace_back(item.get_string());
  return out;
}

template <class E>
E choice(const json::object& values, std::string_view name, std::initializer_list<std::pair<std::string_view, E>> all) {
  const std::string given = word(values, name);
  for (const auto& [text, value] : all)
    if (text == given) return value;
  return all.begin()->second;
}

}  // namespace syncline
