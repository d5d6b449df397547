// judge.hpp: for tests: a rule asked as the kernel asks it.
#pragma once

#include "mail_rules.hpp"

namespace syncline::rules {

inline json::object mail_from(std::string_view sender) {
  return {{"direction", "incoming"},
          {"message_id", "a@b"},
          {"from", json::object{{"address", sender}}},
          {"to", json::array{json::object{{"address", "alice@contoso.test"}}}}};
}

inline json::object facts_for(int method) {
  return {{"user",
           json::object{{"address", "alice@contoso.test"},
                        {"principal", "u1"},
                        {"settings", json::object{{"email", json::object{{"method", method}, {"max_size", 1000}}}}}}},
          {"parties", json::object{}},
          {"records", json::array{}},
          {"records_by_key", json::object{}},
          {"page", json::array{}}};
}

/// Sets a setting by its dotted name.
inline void set(json::object& facts, std::string_view dotted, json::value value) {
  json::object* at = &facts["user"].as_object()["settings"].as_object();
  for (auto dot = dotted.find('.'); dot != std::string_view::npos; dot = dotted.find('.')) {
    json::value& next = (*at)[dotted.substr(0, dot)];
    if (!next.is_object()) next = json::object{};
    at = &next.get_object();
    dotted.remove_prefix(dot + 1);
  }
  (*at)[dotted] = std::move(value);
}

template <class T, class F>
auto ask(const json::object& doc, const json::object& facts, const F& question) {
  const std::string d = json::serialize(doc), f = json::serialize(facts);
  Proposal p;
  p.kind = "email";
  p.doc = d;
  p.facts = f;
  static const sy_host host{};
  return question(T(Host(host), "{}"), p);
}

template <class T>
Ruling judge(const json::object& doc, const json::object& facts) {
  return ask<T>(doc, facts, [](const T& rule, const Proposal& p) { return rule.judge(p); });
}

template <class T>
std::vector<std::string> keys(const json::object& doc, const json::object& facts) {
  return ask<T>(doc, facts, [](const T& rule, const Proposal& p) { return rule.keys(p); });
}

}  // namespace syncline::rules
