#include "property.hpp"

#include <array>
#include <charconv>
#include <utility>

#include "../encode.hpp"

namespace syncline::sandbox::exchange {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 10> kSets{
    {{"Meeting", "6ed8da90-450b-101b-98da-00aa003f1305"},
     {"Appointment", "00062002-0000-0000-c000-000000000046"},
     {"Common", "00062008-0000-0000-c000-000000000046"},
     {"PublicStrings", "00020329-0000-0000-c000-000000000046"},
     {"Address", "00062004-0000-0000-c000-000000000046"},
     {"InternetHeaders", "00020386-0000-0000-c000-000000000046"},
     {"CalendarAssistant", "11000e07-b51b-40d6-af21-caa85edab1d0"},
     {"UnifiedMessaging", "4442858e-a9e3-4e80-b900-317a210cc15b"},
     {"Task", "00062003-0000-0000-c000-000000000046"},
     {"Sharing", "00062040-0000-0000-c000-000000000046"}}};

template <class T>
bool number(std::string& text) {
  T value{};
  std::string_view digits = text;
  if (digits.starts_with('+')) digits.remove_prefix(1);
  const auto [end, failure] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (failure != std::errc{} || end != digits.data() + digits.size()) return false;
  text = std::string(digits);
  return true;
}

}  // namespace

std::string property_set(std::string_view name) {
  for (const auto& [known, guid_text] : kSets)
    if (known == name) return std::string(guid_text);
  return {};
}

PropertyId by_tag(std::uint32_t tag) { return {.tag = tag}; }
PropertyId by_number(std::string_view set, std::uint32_t n) { return {.set = property_set(set), .number = n}; }
PropertyId by_name(std::string_view set, std::string_view name) {
  return {.set = property_set(set), .name = std::string(name)};
}

bool normalize(std::string_view type, std::string& text) {
  if (type.ends_with("Array")) type.remove_suffix(5);
  if (type == "String") return true;
  if (type == "Integer" || type == "Short") return number<std::int32_t>(text);
  if (type == "Long" || type == "Currency") return number<std::int64_t>(text);
  if (type == "Double" || type == "Float") return number<double>(text);
  if (type == "Binary") return from_base64(text).has_value();
  if (type == "CLSID") {
    const auto id = guid(text);
    if (id) text = *id;
    return id.has_value();
  }
  if (type == "Boolean") {
    if (text == "1") text = "true";
    if (text == "0") text = "false";
    return text == "true" || text == "false";
  }
  if (type == "SystemTime") {
    auto time = date_time(text.find('T') == std::string::npos && text.size() == 10 ? text + "T00:00:00Z" : text);
    if (time) text = *time;
    return time.has_value();
  }
  return false;
}

}  // namespace syncline::sandbox::exchange
