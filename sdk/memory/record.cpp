#include "record.hpp"

#include <openssl/evp.h>

#include <algorithm>

namespace syncline::memory {

std::string side_name(int side) { return side == SY_MAILBOX ? "mailbox" : "crm"; }
std::string item_key(int side, std::string_view id) { return "item/" + side_name(side) + "/" + std::string(id); }
std::string token_key(int side, std::string_view token) {
  return "token/" + side_name(side) + "/" + std::string(token);
}

std::string lower(std::string_view s) {
  std::string out(s);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

std::string text_at(const json::object& o, std::string_view key) {
  const json::value* v = o.if_contains(key);
  return v != nullptr && v->is_string() ? std::string(v->get_string()) : std::string();
}

std::int64_t number_at(const json::object& o, std::string_view key) {
  const json::value* v = o.if_contains(key);
  boost::system::error_code failed;
  const auto n = v == nullptr ? 0 : v->to_number<std::int64_t>(failed);
  return failed ? 0 : n;
}

bool flag_at(const json::object& o, std::string_view key, bool fallback) {
  const json::value* v = o.if_contains(key);
  return v != nullptr && v->is_bool() ? v->get_bool() : fallback;
}

json::object row_of(const Record& r) {
  json::object out{{"id", r.id},   {"kind", r.kind},         {"box", r.box},         {"version", r.version},
                   {"seq", r.seq}, {"born_seq", r.born_seq}, {"born_ms", r.born_ms}, {"changed_ms", r.changed_ms},
                   {"doc", r.doc}};
  if (!r.token.empty()) out["token"] = r.token;
  if (r.gone) out["gone"] = true;
  if (r.partial) out["partial"] = true;
  if (r.hidden) out["hidden"] = true;
  if (!r.marks.empty()) out["marks"] = r.marks;
  if (!r.parts.empty()) out["parts"] = r.parts;
  return out;
}

Record record_of(const json::object& o) {
  Record r;
  r.id = text_at(o, "id");
  r.kind = text_at(o, "kind");
  r.box = text_at(o, "box");
  r.token = text_at(o, "token");
  r.version = number_at(o, "version");
  r.seq = number_at(o, "seq");
  r.born_seq = number_at(o, "born_seq");
  r.born_ms = number_at(o, "born_ms");
  r.changed_ms = number_at(o, "changed_ms");
  r.gone = flag_at(o, "gone");
  r.partial = flag_at(o, "partial");
  r.hidden = flag_at(o, "hidden");
  if (const json::value* v = o.if_contains("marks"); v != nullptr && v->is_object()) r.marks = v->get_object();
  if (const json::value* v = o.if_contains("doc"); v != nullptr && v->is_object()) r.doc = v->get_object();
  if (const json::value* v = o.if_contains("parts"); v != nullptr && v->is_object()) r.parts = v->get_object();
  return r;
}

std::optional<Record> find_record(const Rows::Session& s, int side, std::string_view id) {
  const json::object* row = s.get(item_key(side, id));
  if (row == nullptr) return std::nullopt;
  return record_of(*row);
}

void merge(json::object& into, const json::object& patch) {
  for (const auto& [key, value] : patch) {
    if (value.is_null()) {
      into.erase(key);
    } else if (value.is_object()) {
      json::value& target = into[key];
      if (!target.is_object()) target = json::object();
      merge(target.get_object(), value.get_object());
    } else {
      into[key] = value;
    }
  }
}

std::string to_base64(std::string_view s) {
  std::string out((s.size() + 2) / 3 * 4 + 1, '\0');
  const int n = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                reinterpret_cast<const unsigned char*>(s.data()), static_cast<int>(s.size()));
  out.resize(static_cast<std::size_t>(n));
  return out;
}

std::string from_base64(std::string_view s) {
  std::string out(s.size() / 4 * 3, '\0');
  if (EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()), reinterpret_cast<const unsigned char*>(s.data()),
                      static_cast<int>(s.size())) < 0)
    throw Error(SY_INVALID, "a part's content is not base64");
  for (std::size_t pads = 0; pads < 2 && pads < s.size() && s[s.size() - 1 - pads] == '='; ++pads) out.pop_back();
  return out;
}

std::string bytes_of(const json::object& o) {
  return o.contains("base64") ? from_base64(text_at(o, "base64")) : text_at(o, "text");
}

}  // namespace syncline::memory
