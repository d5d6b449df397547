// facts.hpp: what the mail rules share: reading a document and the facts, and making a ruling.
#pragma once

#include <boost/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <syncline/rule.hpp>
#include <vector>

namespace syncline::rules {

namespace json = boost::json;

/// A proposal's document and facts, parsed.
struct Mail {
  json::object doc, facts;
  explicit Mail(const Proposal& p);

  [[nodiscard]] std::string text(std::string_view field) const;
  [[nodiscard]] const json::object& user() const;
  /// An effective option of this user or queue by its dotted name, as "email.method"; nullptr: not configured.
  [[nodiscard]] const json::value* setting(std::string_view dotted) const;
  [[nodiscard]] bool enabled(std::string_view dotted, bool otherwise) const;
  [[nodiscard]] std::int64_t number(std::string_view dotted, std::int64_t otherwise) const;
  [[nodiscard]] std::string words(std::string_view dotted, std::string_view otherwise) const;
  [[nodiscard]] std::vector<std::string> list(std::string_view dotted, std::vector<std::string> otherwise = {}) const;
  /// The addresses of `from`, or of a list such as `to`.
  [[nodiscard]] std::vector<json::object> addresses(std::string_view field) const;
  /// Who is behind an address; nullptr: the directory could not be asked, that is not known.
  [[nodiscard]] const json::array* candidates(std::string_view address) const;
};

/// Only a new mail on its way into the CRM concerns these rules.
bool is_new_mail(const Proposal& p);

std::string text_of(const json::object& o, std::string_view name);
std::int64_t number_of(const json::object& o, std::string_view name, std::int64_t otherwise);
bool same_address(std::string_view l, std::string_view r);
/// UTC milliseconds of an instant in a document; nullopt: absent.
std::optional<std::int64_t> instant(const json::object& o, std::string_view name);

Ruling say(int decision, std::string reason, const json::object& args = {});

}  // namespace syncline::rules
