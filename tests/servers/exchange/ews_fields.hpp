// How EWS names the properties of an item: its paths, its elements and their order in the types schema.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "property.hpp"

namespace syncline::sandbox::exchange {

enum class FieldKind {
  TEXT,
  BOOLEAN,
  INTEGER,
  DOUBLE,
  TIME,
  DAY,      // a time whose date alone counts
  TEXTS,    // <t:String> each
  WORD,     // a number in the store, a word on the wire
  PERCENT,  // 0…1 in the store, 0…100 on the wire
  BINARY,
  OWN,  // has code of its own
};

struct Field {
  std::string_view uri, element;
  FieldKind kind = FieldKind::OWN;
  PropertyId property{};
  std::vector<std::string_view> words{};  // WORD: by number
  bool settable = true;
};

// One entry of a list, or one part of it: contacts:PhysicalAddress:City of Business.
struct IndexedField {
  std::string_view uri, list, index, part;
  PropertyId property;
};

std::span<const Field> fields();
const Field* field_of_uri(std::string_view uri);
// `item`: the element of the item, as "Contact"; which paths it may bear depends on it.
const Field* field_of_element(std::string_view item, std::string_view element);
std::span<const IndexedField> indexed_fields();
const IndexedField* indexed_field(std::string_view uri, std::string_view index);

// Every element that this item may bear, in the order that the schema demands; empty: there is no such item.
const std::vector<std::string_view>& element_order(std::string_view item);

// "IPM.Contact" -> "Contact"; and what a new item of that element is.
std::string_view element_of_class(std::string_view item_class);
std::string_view class_of_element(std::string_view element);

}  // namespace syncline::sandbox::exchange
