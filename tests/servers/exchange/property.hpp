// A property as MAPI names it: a tag, or a property set with a name or a number. Its values are the texts that EWS
// shows.
#pragma once
#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace syncline::sandbox::exchange {

struct PropertyId {
  std::uint32_t tag = 0;     // 0x3A06, without its type; 0: a named one
  std::string set{};         // GUID, lower case
  std::string name{};        // within the set; empty: `number`
  std::uint32_t number = 0;  // within the set

  auto operator<=>(const PropertyId&) const = default;
};

struct Property {
  std::string type;  // as EWS names types: "String", "SystemTime", "StringArray"
  std::vector<std::string> values;

  bool operator==(const Property&) const = default;
};

using Properties = std::map<PropertyId, Property>;

// The property sets that have a name in EWS.
std::string property_set(std::string_view name);  // "Address" -> its GUID; empty: there is none

PropertyId by_tag(std::uint32_t tag);
PropertyId by_number(std::string_view set, std::uint32_t number);  // set by its name
PropertyId by_name(std::string_view set, std::string_view name);   // set by its name

// Whether `text` is a value of this type; types that are not known have none. `text` is brought into the form in which
// it is kept: times as "…Z", numbers without a plus sign.
bool normalize(std::string_view type, std::string& text);

}  // namespace syncline::sandbox::exchange
