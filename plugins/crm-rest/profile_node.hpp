// profile_node.hpp: reading a profile file, so that a mistake in it is named by its path.
#pragma once

#include <boost/json.hpp>

#include "profile.hpp"

namespace syncline::crm {
namespace json = boost::json;

/// A value and where it stands, so that a mistake in a profile is named by its path.
class Node {
 public:
  Node(const json::value* value, std::string path) : value_(value), path_(std::move(path)) {}

  [[nodiscard]] Node at(std::string_view key) const {
    const json::object* object = value_ == nullptr ? nullptr : value_->if_object();
    if (value_ != nullptr && object == nullptr) fail("is not an object");
    return {object == nullptr ? nullptr : object->if_contains(key),
            path_.empty() ? std::string(key) : path_ + "." + std::string(key)};
  }
  [[nodiscard]] bool there() const { return value_ != nullptr; }
  [[nodiscard]] std::string text() const {
    const json::string* s = value().if_string();
    if (s == nullptr) fail("is not a text");
    return std::string(*s);
  }
  [[nodiscard]] std::string text_or_none() const { return there() ? text() : std::string{}; }
  [[nodiscard]] std::int64_t number() const {
    const std::int64_t* n = value().if_int64();
    if (n == nullptr) fail("is not a whole number");
    return *n;
  }
  [[nodiscard]] std::size_t size() const {
    const std::int64_t n = number();
    if (n < 0) fail("is negative");
    return static_cast<std::size_t>(n);
  }
  [[nodiscard]] std::vector<std::string> texts() const {
    std::vector<std::string> out;
    for (const json::value& v : array()) out.push_back(Node(&v, path_ + "[]").text());
    return out;
  }
  [[nodiscard]] const json::object& object() const {
    const json::object* o = value().if_object();
    if (o == nullptr) fail("is not an object");
    return *o;
  }
  [[nodiscard]] const json::array& array() const {
    const json::array* a = value().if_array();
    if (a == nullptr) fail("is not a list");
    return *a;
  }
  [[nodiscard]] const json::value& value() const {
    if (value_ == nullptr) fail("is missing");
    return *value_;
  }
  [[noreturn]] void fail(std::string_view what) const {
    throw Error(SY_CONFIG, "crm profile: " + path_ + " " + std::string(what) + "; correct the profile file");
  }

 private:
  const json::value* value_;
  std::string path_;
};

inline Column column(const Node& node) {
  Column out;
  if (!node.there()) return out;
  out.name = node.at("column").text();
  if (const Node max = node.at("max"); max.there()) out.max = max.size();
  if (const Node values = node.at("values"); values.there())
    for (const auto& [key, value] : values.object()) out.values.emplace(std::string(key), value);
  return out;
}

}  // namespace syncline::crm
