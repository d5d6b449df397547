// facts.hpp: what the mail rules share: reading a document and the facts, and making a ruling.
#pragma once

#include <boost/json.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <syncline/formats/ascii.hpp>
#include <syncline/rule.hpp>
#include <vector>

namespace syncline::rules {

namespace json = boost::json;

/// A proposal's document and facts, parsed.
struct Case {
  json::object doc;
  std::shared_ptr<const json::object> held;
  const json::object& facts;
  explicit Case(const Proposal& p);

  [[nodiscard]] std::string text(std::string_view field) const;
  [[nodiscard]] const json::object& user() const;
  /// An effective option of this user or queue by its dotted name, as "email.method"; nullptr: not configured.
  [[nodiscard]] const json::value* setting(std::string_view dotted) const;
  [[nodiscard]] bool enabled(std::string_view dotted, bool otherwise) const;
  [[nodiscard]] std::int64_t number(std::string_view dotted, std::int64_t otherwise) const;
  [[nodiscard]] std::string word(std::string_view dotted, std::string_view otherwise) const;
  [[nodiscard]] std::vector<std::string> words(std::string_view dotted) const;
  /// A person asked for this mail by name: what only keeps uninvited mail out does not apply.
  [[nodiscard]] bool asked() const;
  /// The mailbox in hand is a queue's.
  [[nodiscard]] bool of_queue() const;
  /// What the directory has of a key that a rule asked for; nullptr: it could not be asked.
  [[nodiscard]] const json::array* records(std::string_view key) const;
  /// A mail with this key is accepted in this very pass and not in the CRM yet.
  [[nodiscard]] bool in_page(std::string_view key) const;
  /// One of the records behind an address is of this type.
  [[nodiscard]] bool is(std::string_view address, std::string_view type) const;
  /// The addresses of `from`, or of a list such as `to`.
  [[nodiscard]] std::vector<json::object> addresses(std::string_view field) const;
  /// Who is behind an address; nullptr: the directory could not be asked, that is not known.
  [[nodiscard]] const json::array* candidates(std::string_view address) const;
};

/// Only a new mail on its way into the CRM concerns these rules.
bool is_new_mail(const Proposal& p);

std::string text_of(const json::object& o, std::string_view name);
std::int64_t number_of(const json::object& o, std::string_view name, std::int64_t otherwise);
bool flag_of(const json::object& o, std::string_view name);
/// UTC milliseconds of an instant in a document; nullopt: absent.
std::optional<std::int64_t> instant(const json::object& o, std::string_view name);

/// {"type", "id"} as records are named.
json::object reference(const std::string& type, const std::string& id);
/// Deliver decisions of Dynamics 365, as `code` in a ruling's args.
enum class Code {
  duplicate = 0,
  no_correlation = 1,
  correlation = 2,
  no_recipient = 3,
  internal = 4,
  sender = 5,
  all = 6,
  invalid_sender = 7
};
json::object with_code(Code code, json::object args = {});

Ruling say(int decision, std::string reason, const json::object& args = {});

}  // namespace syncline::rules
