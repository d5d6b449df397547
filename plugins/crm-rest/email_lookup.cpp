#include "email_lookup.hpp"

#include "odata.hpp"
#include "syncline/formats/base64.hpp"
#include "syncline/formats/hex.hpp"
#include "syncline/formats/smart_match.hpp"
#include "syncline/formats/time.hpp"

namespace syncline::crm {
namespace json = boost::json;
namespace {

constexpr std::size_t longest_key = 998;  // the longest line of a mail
constexpr std::string_view token_key = "token:", conversation_key = "conversation:", words_key = "words:";
constexpr std::int64_t smart_window_ms = std::int64_t{90} * 24 * 3600 * 1000;
constexpr std::size_t smart_rows = 500;          // looked at for one mail
constexpr std::size_t conversation_prefix = 28;  // characters of base64 that 21 of the base's 22 bytes fill

}  // namespace

json::object EmailLookup::record(const json::object& row) const {
  const Profile& profile = client_->profile();
  const EmailMap& email = profile.email;
  json::value regarding = nullptr;
  if (const std::string id = lower(text_of(row, email.regarding_value)); !id.empty()) {
    const std::string table = text_of(row, email.regarding_value + "@Microsoft.Dynamics.CRM.lookuplogicalname");
    const PartyType* type = profile.type_of_table(table);
    regarding = json::object{{"type", type == nullptr ? table : type->name}, {"id", id}};
  }
  const auto outgoing = email.direction.values.find("outgoing");
  const bool out = outgoing != email.direction.values.end() && same(row, email.direction.name, outgoing->second);
  const auto state = email.status_names.find(number_of(row, email.status).value_or(-1));
  return {{"id", lower(text_of(row, email.key))},
          {"version", text_of(row, "@odata.etag")},
          {"direction", out ? "outgoing" : "incoming"},
          {"regarding", regarding},
          {"state", state == email.status_names.end() ? "unknown" : state->second},
          {"created_ms", formats::from_iso(text_of(row, email.created)).value_or(0)}};
}

void EmailLookup::rows(const Call& call, const std::string& filter, const std::string& more, const std::string& expand,
                       const std::function<void(const json::object&, json::object)>& visit) {
  const Profile& profile = client_->profile();
  const EmailMap& email = profile.email;
  const std::string columns = column_list({email.key, email.message_id.name, email.direction.name,
                                           email.regarding_value, email.state, email.status, email.created, more});
  const std::string prefer = "odata.include-annotations=\"Microsoft.Dynamics.CRM.lookuplogicalname\"," +
                             page_preference(profile.directory_page);
  const std::string order = email.created.empty() ? email.key : email.created + " desc," + email.key;
  std::size_t seen = 0;
  client_->rows(host_, call, Select{email.set, columns, filter, order, expand}.path(), prefer, "GET " + email.set,
                [&](const json::object& row) {
                  visit(row, record(row));
                  return expand.empty() || ++seen < smart_rows;
                });
}

void EmailLookup::by_message_id(const Call& call, const Keys& ids, Found& found) {
  const Profile& profile = client_->profile();
  const std::string& column = profile.email.message_id.name;
  std::vector<std::string> literals;
  for (const std::string& id : ids) {
    literals.push_back(literal(id));  // a CRM stores either form
    literals.push_back(literal("<" + id + ">"));
  }
  const std::vector<std::string> by{column};
  for (const FilterPart& part : or_chains(by, literals, profile.max_url, profile.max_conditions))
    rows(call, part.filter, {}, {}, [&](const json::object& row, json::object r) {
      const auto at = found.find(without_brackets(text_of(row, column)));  // byte for byte
      if (at != found.end() && at->second.size() < profile.max_candidates) at->second.push_back(std::move(r));
    });
}

void EmailLookup::by_token(const Call& call, const Keys& keys, Found& found) {
  const Profile& profile = client_->profile();
  const std::string& column = profile.email.correlation.token;
  if (column.empty()) return;
  std::vector<std::string> literals;
  std::map<std::string, std::string, std::less<>> by_token;  // lower case → key
  for (const std::string& key : keys) {
    const std::string token = key.substr(token_key.size());
    if (by_token.emplace(lower(token), key).second) literals.push_back(literal(token));
  }
  const std::vector<std::string> by{column};
  for (const FilterPart& part : or_chains(by, literals, profile.max_url, profile.max_conditions))
    rows(call, part.filter, column, {}, [&](const json::object& row, json::object r) {
      const auto at = by_token.find(lower(text_of(row, column)));
      if (at == by_token.end()) return;
      json::array& to = found[at->second];
      if (to.size() < profile.max_candidates) to.push_back(std::move(r));
    });
}

void EmailLookup::by_conversation(const Call& call, const Keys& keys, Found& found) {
  const Profile& profile = client_->profile();
  const std::string& column = profile.email.correlation.conversation;
  if (column.empty()) return;
  for (const std::string& key : keys) {
    const std::string base = key.substr(conversation_key.size());
    const std::string prefix = formats::base64_encode(formats::hex_decode(base)).substr(0, conversation_prefix);
    rows(call, "startswith(" + column + "," + literal(prefix) + ")", column, {},
         [&](const json::object& row, json::object r) {
           if (!formats::hex_encode(formats::base64_decode(text_of(row, column))).starts_with(base)) return;
           json::array& to = found[key];
           if (to.size() < profile.max_candidates) to.push_back(std::move(r));
         });
  }
}

void EmailLookup::by_words(const Call& call, const std::string& key, Found& found) {
  const EmailMap& email = client_->profile().email;
  boost::system::error_code failed;
  const json::value wanted = json::parse(std::string_view(key).substr(words_key.size()), failed);
  if (failed || !wanted.is_object() || email.created.empty()) return;
  const formats::Likeness like(wanted.get_object());
  const std::vector<std::string> words = like.needed_words();
  if (words.empty()) return;
  std::string filter = email.created + " ge " + formats::to_iso(host_.now_ms() - smart_window_ms) + " and (";
  for (const std::string& word : words)
    filter += (&word == words.data() ? "contains(" : " or contains(") + email.subject.name + "," + literal(word) + ")";
  filter += ")";
  if (const auto skipped = email.correlation.method.values.find("skipped");
      skipped != email.correlation.method.values.end() && skipped->second.is_int64())
    filter += " and " + email.correlation.method.name + " ne " + std::to_string(skipped->second.get_int64());
  const PartyMap& map = email.parties;
  rows(call, filter, email.subject.name, map.navigation + "($select=" + map.role + "," + map.address + ")",
       [&](const json::object& row, json::object r) {
         std::vector<std::string> addresses;
         if (const json::value* parties = row.if_contains(map.navigation); parties != nullptr && parties->is_array())
           for (const json::value& p : parties->get_array())
             if (p.is_object()) addresses.push_back(lower(text_of(p.get_object(), map.address)));
         if (like.fits(text_of(row, email.subject.name), addresses)) found[key].push_back(std::move(r));
       });
}

std::vector<std::string> EmailLookup::records(const Call& call, std::span<const std::string_view> keys) {
  Found found;
  Keys ids, tokens, conversations, words;
  for (const std::string_view k : keys) {
    if (k.empty()) continue;
    const bool likeness = k.starts_with(words_key);
    if ((k.size() > longest_key && !likeness) || !found.try_emplace(std::string(k)).second) continue;
    Keys& to = k.starts_with(token_key)          ? tokens
               : k.starts_with(conversation_key) ? conversations
               : likeness                        ? words
                                                 : ids;
    to.emplace_back(k);
  }
  by_message_id(call, ids, found);
  by_token(call, tokens, found);
  by_conversation(call, conversations, found);
  for (const std::string& key : words) by_words(call, key, found);
  std::vector<std::string> out;
  for (const std::string_view k : keys) {
    const auto at = found.find(k);
    out.push_back(at == found.end() ? "[]" : json::serialize(at->second));
  }
  return out;
}

}  // namespace syncline::crm
