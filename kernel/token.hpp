// token.hpp: the token that a create carries and the remote item bears: derived from the natural key where several
// pairs can see the thing, else from the item that it is made from. So a lost state finds what exists: the same create
// comes to the same token, and an item that bears one tells what it was made from. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "side.hpp"

namespace syncline {

/// A UUID. `generation` rises when a deleted item is made anew on purpose.
std::string create_token(std::string_view organization, std::string_view kind, std::string_view key,
                         std::int64_t generation);

/// The key of an item without a natural one.
std::string source_key(Side side, std::string_view id);

/// Match keys of a two-way item that are about tokens: what would be made from it, and what it was made by. Two
/// unlinked items that share one are each other's twin, whatever they contain.
std::vector<std::string> token_keys(std::string_view organization, std::string_view kind, Side side,
                                    std::string_view id, std::string_view own_token);

/// The key under which an item that bears this token is found.
std::string token_key(std::string_view token);

bool is_token_key(std::string_view match_key);

}  // namespace syncline
