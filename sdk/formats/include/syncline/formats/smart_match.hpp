// smart_match.hpp: what smart matching compares: the words of a subject without its prefixes, and the addresses.
#pragma once

#include <boost/json.hpp>
#include <regex>
#include <string>
#include <string_view>
#include <vector>

namespace syncline::formats {

/// The words of a subject in lower case, at most `most`, after what `noise` matches was taken off. Subjects beyond
/// 1,000 bytes are cut first: a regular expression may need a stack as deep as its text is long.
std::vector<std::string> subject_words(std::string_view subject, const std::regex& noise, std::size_t most);

/// Each distinct address of from, to, cc and bcc in lower case, at most 20.
std::vector<std::string> mail_addresses(const boost::json::object& mail);

}  // namespace syncline::formats
