#include "marks.hpp"

#include <array>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>
#include <optional>

#include "syncline/formats/uuid.hpp"
#include "xml.hpp"

namespace syncline::exchange {

namespace json = boost::json;

namespace {

constexpr std::size_t longest_state = 4096;  // what we write is a tenth of it

constexpr Path crm(std::string_view name, std::string_view type) {
  return {.set = "PublicStrings", .name = name, .type = type};
}

constexpr Path crm_id = crm("crmid", "String");
constexpr Path crm_organization = crm("crmorgid", "String");
constexpr Path crm_link_state = crm("crmLinkState", "Double");

/// Names are case-sensitive, and both spellings are met; so is a number as text, written by web clients.
struct CrmProperty {
  std::string_view key;
  Path path;
};
constexpr std::array<CrmProperty, 9> crm_properties{{{"id", crm_id},
                                                     {"id", crm("crmId", "String")},
                                                     {"organization", crm_organization},
                                                     {"organization", crm("crmOrgId", "String")},
                                                     {"link_state", crm_link_state},
                                                     {"link_state", crm("crmLinkState", "String")},
                                                     {"link_state", crm("crmlinkstate", "Double")},
                                                     {"regarding", crm("crmregardingobjectid", "String")},
                                                     {"regarding", crm("crmRegardingObjectId", "String")}}};

/// "2", "2.0" and "2,0" are one state; anything else than 0 to 4 is none.
std::optional<int> link_state(std::string_view text) {
  int value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed != std::errc{} || value < 0 || value > 4) return std::nullopt;
  const std::string_view rest(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (!rest.empty() && rest.find_first_not_of("0", 1) != std::string_view::npos) return std::nullopt;
  if (!rest.empty() && rest.front() != '.' && rest.front() != ',') return std::nullopt;
  return value;
}

std::string text_member(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  const json::string* text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? std::string() : std::string(*text);
}

std::string state_json(const ItemMark& mark) {
  json::object out;
  const auto put = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) out[name] = value;
  };
  put("organization", mark.organization);
  put("mailbox", mark.mailbox);
  put("item", mark.item);
  put("record", mark.record);
  put("state", mark.state);
  return out.empty() ? std::string() : json::serialize(out);
}

std::string in_braces(std::string_view id) {
  const auto uuid = formats::parse_uuid(id);
  return uuid ? "{" + formats::to_string(*uuid) + "}" : std::string(id);
}

}  // namespace

std::vector<Path> mark_paths(bool with_crm) {
  std::vector<Path> out{token_path, state_path, search_key_path};
  if (with_crm)
    for (const CrmProperty& each : crm_properties) out.push_back(each.path);
  return out;
}

ItemMark read_mark(const pugi::xml_node& item) {
  ItemMark mark;
  mark.token = extended_text(item, token_path).value_or("");
  const std::string state = extended_text(item, state_path).value_or("");
  if (state.empty() || state.size() > longest_state) return mark;
  json::error_code failed;
  const json::value parsed = json::parse(state, failed);
  if (failed || !parsed.is_object()) return mark;  // cut by a listing, or not ours
  const json::object& object = parsed.get_object();
  mark.organization = text_member(object, "organization");
  mark.mailbox = text_member(object, "mailbox");
  mark.item = text_member(object, "item");
  mark.record = text_member(object, "record");
  mark.state = text_member(object, "state");
  return mark;
}

json::object read_crm_mark(const pugi::xml_node& item) {
  json::object out;
  for (const CrmProperty& each : crm_properties) {
    if (out.contains(each.key)) continue;
    const auto text = extended_text(item, each.path);
    if (!text || text->empty()) continue;
    if (each.key == "link_state") {
      if (const auto state = link_state(*text)) out[each.key] = *state;
      continue;
    }
    const auto uuid = formats::parse_uuid(*text);
    out[each.key] = uuid ? formats::to_string(*uuid) : *text;
  }
  return out;
}

std::vector<Slot> mark_slots(const WriteContext& context) {
  std::vector<Slot> out;
  const auto put = [&](const Path& path, const std::string& text) {
    out.push_back({path, text.empty() ? std::nullopt : std::optional(extended_value(path, text))});
  };
  if (context.mark) {
    if (!context.mark->token.empty()) put(token_path, context.mark->token);
    put(state_path, state_json(*context.mark));
  }
  if (context.crm) {
    put(crm_id, context.crm->id.empty() ? std::string() : in_braces(context.crm->id));
    put(crm_organization, context.crm->organization.empty() ? std::string() : in_braces(context.crm->organization));
    put(crm_link_state, std::to_string(context.crm->link_state));
  }
  return out;
}

}  // namespace syncline::exchange
