#include "token.hpp"

#include <syncline/formats/uuid.hpp>

namespace syncline {

namespace {
constexpr formats::Uuid token_space{0x5b, 0x1e, 0x3f, 0x60, 0x9a, 0x0c, 0x4d, 0x1b,
                                    0x8e, 0x52, 0x27, 0xd4, 0x6f, 0x90, 0x11, 0xc3};
constexpr std::string_view prefix = "token ";
constexpr std::int64_t generations_kept = 2;  ///< an item that was made anew more often than that is matched by content
}  // namespace

std::string create_token(std::string_view organization, std::string_view kind, std::string_view key,
                         std::int64_t generation) {
  std::string name(organization);
  for (const std::string_view part : {kind, key}) {
    name.push_back('\n');
    name += part;
  }
  return formats::to_string(formats::uuid_v5(token_space, name + "\n" + std::to_string(generation)));
}

std::string source_key(Side side, std::string_view id) {
  return std::string(name_of(side)) + " item " + std::string(id);
}

std::vector<std::string> token_keys(std::string_view organization, std::string_view kind, Side side,
                                    std::string_view id, std::string_view own_token) {
  std::vector<std::string> out;
  for (std::int64_t g = 0; g < generations_kept; ++g)
    out.push_back(std::string(prefix) + create_token(organization, kind, source_key(side, id), g));
  if (!own_token.empty())
    out.push_back(std::string(prefix) + std::string(own_token));
  else if (side == Side::crm)
    out.push_back(std::string(prefix) + std::string(id));  // a CRM that takes the token as its id
  return out;
}

std::string token_key(std::string_view token) { return std::string(prefix) + std::string(token); }

bool is_token_key(std::string_view match_key) { return match_key.starts_with(prefix); }

}  // namespace syncline
