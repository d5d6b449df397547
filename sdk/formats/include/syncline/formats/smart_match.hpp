// smart_match.hpp: what smart matching compares: the words of a subject without its prefixes, and the addresses.
#pragma once

#include <boost/json.hpp>
#include <boost/regex_fwd.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace syncline::formats {

/// What is wrong with a regular expression (ECMAScript); nullopt: nothing.
std::optional<std::string> fault_of_expression(std::string_view expression);

/// Takes subjects apart into distinct words in lower case, at most `most`, in their order. What `noise` matches at the
/// beginning is taken off first; an expression that is none, or would take for ever, takes nothing off.
class SubjectWords {
 public:
  SubjectWords(std::string_view noise, std::size_t most);
  [[nodiscard]] std::vector<std::string> of(std::string_view subject) const;

 private:
  std::shared_ptr<const boost::wregex> noise_;
  std::size_t most_;
};

/// Each distinct address of from, to, cc and bcc in lower case, at most 20.
std::vector<std::string> mail_addresses(const boost::json::object& mail);

}  // namespace syncline::formats
