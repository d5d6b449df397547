// tracking_token.hpp: the token that an organization puts at the end of its subjects, as "CRM:0001042".
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace syncline::rules {

/// All that stand in the subject, each once, in their order: one of the prefixes and exactly `digits` digits, after
/// which the word ends. The longest prefix that fits is taken.
std::vector<std::string> tracking_tokens(std::string_view subject, std::span<const std::string> prefixes,
                                         std::size_t digits);

}  // namespace syncline::rules
