// property.hpp: one property of an EWS item: its path in requests, its text in an item, and the elements in their
// order.
#pragma once

#include <optional>
#include <pugixml.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace syncline::exchange {

/// Where a property is. Exactly one of: `uri` (with `index` for one entry of a list), `tag`, `set` (a set that EWS
/// knows by name) or `guid` with `id` or `name`.
struct Path {
  std::string_view uri = {};    ///< "contacts:GivenName"
  std::string_view index = {};  ///< "EmailAddress1"
  std::string_view tag = {};    ///< "0x3A45"
  std::string_view set = {};    ///< "Address"
  std::string_view guid = {};
  std::string_view id = {};  ///< decimal
  std::string_view name = {};
  std::string_view type = {};  ///< "String"; extended properties only
};

constexpr Path field_path(std::string_view uri) { return {.uri = uri}; }
constexpr Path indexed_path(std::string_view uri, std::string_view index) { return {.uri = uri, .index = index}; }
constexpr Path tag_path(std::string_view tag, std::string_view type) { return {.tag = tag, .type = type}; }
constexpr Path set_path(std::string_view set, std::string_view id, std::string_view type) {
  return {.set = set, .id = id, .type = type};
}

/// `<t:FieldURI …/>`, `<t:IndexedFieldURI …/>` or `<t:ExtendedFieldURI …/>`.
[[nodiscard]] std::string path_xml(const Path& path);

/// The text of an extended property on an item; nullopt: not there, or there as another type.
[[nodiscard]] std::optional<std::string> extended_text(const pugi::xml_node& item, const Path& path);

/// One element of an item. Entries of one list share the list's element.
struct Value {
  std::string_view element;     ///< "GivenName", "EmailAddresses"
  std::string attributes = {};  ///< " BodyType=\"Text\""
  std::string content;
};
[[nodiscard]] Value text_value(std::string_view element, std::string_view text);
[[nodiscard]] Value extended_value(const Path& path, std::string_view text);
[[nodiscard]] Value list_value(std::string_view element, const std::vector<std::string>& texts);

/// A property and what it shall be; nullopt: nothing.
struct Slot {
  Path path;
  std::optional<Value> value;
};

/// `<t:SetItemField>` or, without a value, `<t:DeleteItemField>`.
[[nodiscard]] std::string change_xml(std::string_view item_element, const Slot& slot);

/// Collects the elements of a new item and writes them in the order that the types schema demands.
class ElementWriter {
 public:
  void add(Value value) { values_.push_back(std::move(value)); }
  [[nodiscard]] std::string item(std::string_view element) const;

 private:
  std::vector<Value> values_;
};

}  // namespace syncline::exchange
