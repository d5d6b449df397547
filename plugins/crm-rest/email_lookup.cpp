#include "email_lookup.hpp"

#include <algorithm>

#include "odata.hpp"
#include "syncline/formats/base64.hpp"
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

std::string without_brackets(std::string_view id) {
  if (id.starts_with('<') && id.ends_with('>') && id.size() >= 2) id = id.substr(1, id.size() - 2);
  return std::string(id);
}

std::string joined(std::initializer_list<std::string> names) {
  std::string out;
  for (const std::string& n : names)
    if (!n.empty()) out += (out.empty() ? "" : ",") + n;
  return out;
}

std::string hex(std::string_view bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  for (const char c : bytes) {
    out.push_back(digits[static_cast<unsigned char>(c) >> 4U]);
    out.push_back(digits[static_cast<unsigned char>(c) & 0x0FU]);
  }
  return out;
}

std::string bytes_of_hex(std::string_view text) {
  const auto digit = [](char c) { return c >= 'a' ? c - 'a' + 10 : c - '0'; };
  std::string out;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2)
    out.push_back(static_cast<char>(digit(text[i]) * 16 + digit(text[i + 1])));
  return out;
}

std::vector<std::string> texts_of(const json::object& o, std::string_view name) {
  std::vector<std::string> out;
  if (const json::value* v = o.if_contains(name); v != nullptr && v->is_array())
    for (const json::value& e : v->get_array())
      if (e.is_string()) out.emplace_back(e.get_string());
  return out;
}

/// What is asked of a mail to be like ours.
struct Likeness {
  std::vector<std::string> subject, addresses;
  std::size_t delta = 0, min_addresses = 2;
  formats::SubjectWords words;

  explicit Likeness(const json::object& o)
      : subject(texts_of(o, "subject")),
        addresses(texts_of(o, "addresses")),
        delta(static_cast<std::size_t>(number_of(o, "delta").value_or(0))),
        min_addresses(static_cast<std::size_t>(number_of(o, "min_addresses").value_or(2))),
        words(text_of(o, "noise"), static_cast<std::size_t>(number_of(o, "max_words").value_or(20))) {}

  /// The smaller set of words is contained in the larger one, which has at most `delta` more, and enough addresses are
  /// the same.
  [[nodiscard]] bool fits(std::string_view their_subject, const std::vector<std::string>& their_addresses) const {
    std::vector<std::string> ours = subject, theirs = words.of(their_subject);
    if (ours.size() > theirs.size()) std::swap(ours, theirs);
    if (theirs.size() - ours.size() > delta) return false;
    std::sort(ours.begin(), ours.end());
    std::sort(theirs.begin(), theirs.end());
    if (!std::includes(theirs.begin(), theirs.end(), ours.begin(), ours.end())) return false;
    const auto common = std::count_if(addresses.begin(), addresses.end(), [&](const std::string& a) {
      return std::find(their_addresses.begin(), their_addresses.end(), a) != their_addresses.end();
    });
    return static_cast<std::size_t>(common) >= min_addresses;
  }
};

/// Of delta + 1 different words at least one stands in every subject that fits.
std::string any_word(const Likeness& like, const std::string& column) {
  std::vector<std::string> words = like.subject;
  std::sort(words.begin(), words.end(), [](const std::string& l, const std::string& r) {
    return l.size() != r.size() ? l.size() > r.size() : l < r;
  });
  words.erase(std::unique(words.begin(), words.end()), words.end());
  if (words.size() <= like.delta) return {};
  std::string out;
  for (std::size_t i = 0; i <= like.delta; ++i)
    out += (i == 0 ? "(contains(" : " or contains(") + column + "," + literal(words[i]) + ")";
  return out + ")";
}

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
  const std::string columns = joined({email.key, email.message_id.name, email.direction.name, email.regarding_value,
                                      email.state, email.status, email.created, more});
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
    const std::string prefix = formats::base64_encode(bytes_of_hex(base)).substr(0, conversation_prefix);
    rows(call, "startswith(" + column + "," + literal(prefix) + ")", column, {},
         [&](const json::object& row, json::object r) {
           if (!hex(formats::base64_decode(text_of(row, column))).starts_with(base)) return;
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
  const Likeness like(wanted.get_object());
  const std::string words = any_word(like, email.subject.name);
  if (words.empty() || like.addresses.size() < like.min_addresses) return;
  std::string filter = email.created + " ge " + formats::to_iso(host_.now_ms() - smart_window_ms) + " and " + words;
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
