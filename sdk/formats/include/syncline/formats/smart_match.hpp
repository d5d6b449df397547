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

/// What a mail must be like: the members of a key "words:" (directory.h). One that is absent is empty, or has the value
/// that the settings default to.
class Likeness {
 public:
  explicit Likeness(const boost::json::object& wanted);
  /// The smaller set of words is contained in the larger one, which has at most `delta` more, and enough addresses (in
  /// lower case) are the same.
  [[nodiscard]] bool fits(std::string_view subject, const std::vector<std::string>& addresses) const;
  /// Of these at least one stands in every subject that fits, the longest first; empty: nothing can be said, or there
  /// are fewer addresses than must be the same.
  [[nodiscard]] std::vector<std::string> needed_words() const;

 private:
  std::vector<std::string> subject_, addresses_;
  std::size_t delta_, min_addresses_;
  SubjectWords words_;
};

/// Each distinct address of from, to, cc and bcc in lower case, at most 20.
std::vector<std::string> mail_addresses(const boost::json::object& mail);

}  // namespace syncline::formats
