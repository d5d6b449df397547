// canonical.hpp: the fields of Syncline's own documents that a mapping may name, and what their values are.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace syncline::crm {

enum class Value { TEXT, DATE, INSTANT, INTEGER, CHOICE, LIST };

struct CanonicalField {
  std::string_view name;
  Value value = Value::TEXT;
  std::string_view choices = {};  ///< "low|normal|high"
};

/// In the schema's order; addresses as "business_address.city". Empty: there is no such kind.
const std::vector<CanonicalField>& canonical_fields(std::string_view kind);
const CanonicalField* canonical_field(std::string_view kind, std::string_view name);
std::vector<std::string> split(std::string_view text, char separator);

}  // namespace syncline::crm
