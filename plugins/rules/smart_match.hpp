// smart_match.hpp: by what a mail is recognised as an answer without header or token: the words of its subject and the
// addresses in it.
#pragma once

#include "facts.hpp"

namespace syncline::rules {

/// The distinct words of a subject in lower case, at most `most`, in their order; what `noise` (an ECMAScript
/// expression) matches first is taken off before. An expression that cannot be used takes nothing off.
std::vector<std::string> subject_words(std::string_view subject, const std::string& noise, std::size_t most);

/// The mail as the member `smart` says it: {"subject": [word…], "addresses": [address…]}, both sorted; nullopt: its
/// subject has no word.
std::optional<json::object> smart_of(const Mail& mail);

/// The directory's key for mails that are like this one (directory.h, "words:").
std::string smart_key(const Mail& mail, json::object smart);

}  // namespace syncline::rules
