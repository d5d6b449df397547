#include "match.hpp"

#include <algorithm>

namespace syncline {

namespace {
std::string text_of(const json::object& doc, std::string_view name) {
  const auto* v = doc.if_contains(name);
  return v != nullptr && v->is_string() ? std::string(v->get_string()) : std::string();
}
}  // namespace

bool one_way(std::string_view kind) { return kind == "email"; }

std::vector<std::string> match_keys(std::string_view kind, const json::object& doc) {
  std::vector<std::string> out;
  if (kind != "contact") return out;
  for (const std::string_view name : {"email1", "email2", "email3"}) {
    std::string address = text_of(doc, name);
    std::transform(address.begin(), address.end(), address.begin(),
                   [](unsigned char c) { return static_cast<char>(c < 0x80 ? std::tolower(c) : c); });
    const auto first = address.find_first_not_of(" \t");
    if (first == std::string::npos) continue;
    address = address.substr(first, address.find_last_not_of(" \t") - first + 1);
    if (std::find(out.begin(), out.end(), address) == out.end()) out.push_back(std::move(address));
  }
  return out;
}

std::string message_key(std::string_view message_id) { return "message-id " + std::string(message_id); }

std::optional<std::string> natural_key(std::string_view kind, const json::object& doc) {
  if (kind != "email") return std::nullopt;
  if (const std::string id = text_of(doc, "message_id"); !id.empty())
    return text_of(doc, "direction") + " " + message_key(id);
  if (const std::string digest = text_of(doc, "digest"); !digest.empty())
    return text_of(doc, "direction") + " digest " + digest;
  return std::nullopt;
}

}  // namespace syncline
