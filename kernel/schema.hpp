// schema.hpp: option tables (plugin.h's sy_option, also for the kernel's own sections) applied to configuration nodes:
// types, ranges, required, unknown and misspelt keys, all with their places.
#pragma once

#include <syncline/plugin.h>
#include <boost/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "faults.hpp"
#include "node.hpp"
#include "secrets.hpp"

namespace syncline {

namespace json = boost::json;

using OptionTable = std::vector<const sy_option*>;

/// The options of a class that stand in the connection (or stage, or store) itself, or in a user's `mailbox`.
OptionTable own_options(const sy_class& type);
OptionTable endpoint_options(const sy_class& type);

/// A list of which every member is one of these, or any text.
inline constexpr const char* any_text = "*";

/// An option that has another name here.
struct Renamed {
  std::string_view theirs, ours;
};

struct OptionScope {
  std::string where;  ///< "[connection.crm]", for messages
  Span at;            ///< where a missing option is reported
  OptionTable options;
  OptionTable elsewhere;     ///< options of the same class that stand in another place
  std::string elsewhere_is;  ///< "in the user's or queue's mailbox"
  std::span<const Renamed> renamed{};
};

struct OptionValues {
  json::object values;  ///< nested as the dotted names say; no defaults yet, no secrets
  SecretRefs secrets;   ///< by dotted name
};

/// Reads what stands in the table. Unknown keys, wrong values and (with `complete`) missing required ones are faults.
OptionValues read_options(const Node& table, const OptionScope& scope, Faults& faults, bool complete = true);

/// Puts the declared defaults where nothing was given.
void fill_defaults(json::object& values, const OptionTable& options);

/// One value by its option; nothing and a fault if it is not fit.
std::optional<json::value> read_value(const Node& node, const sy_option& option, std::string_view where,
                                      Faults& faults);

/// What is wrong with a declaration (of a plugin, mostly); empty: nothing.
std::string judge_option(const sy_option& option);

/// The declared default as a value; nothing if there is none.
std::optional<json::value> default_of(const sy_option& option);

/// "duration", "choice of a, b", …, for people.
std::string type_words(const sy_option& option);
std::vector<std::string> allowed_words(const sy_option& option);
/// Bounds of a number, duration or size; an end that is not given is open.
struct Bounds {
  std::optional<std::int64_t> min, max;
};
Bounds bounds_of(const sy_option& option);

/// Any node as JSON: instants as ISO text.
json::value plain_json(const Node& node);

// By dotted name in nested values.
const json::value* find_dotted(const json::object& values, std::string_view name);
void set_dotted(json::object& values, std::string_view name, json::value value);

/// JSON with keys in order and no blanks: the same for the same content.
std::string canonical(const json::value& value);

}  // namespace syncline
