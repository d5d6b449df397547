// tracking_token.hpp: the tokens that a CRM appends to subjects: a prefix, then digits.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace syncline::rules {

/// Every token in the subject, in its order: one of the prefixes and exactly so many digits, at the end of a word.
/// Prefixes are compared without case, as mail programs and people change it; the token is given back with the prefix
/// as configured.
std::vector<std::string> tracking_tokens(std::string_view subject, const std::vector<std::string>& prefixes,
                                         std::size_t digits);

}  // namespace syncline::rules
