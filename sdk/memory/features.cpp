#include "features.hpp"

#include <algorithm>

#include "record.hpp"

namespace syncline::memory {
namespace {

std::vector<std::string> list_at(const json::object& o, std::string_view key) {
  std::vector<std::string> out;
  const json::value* v = o.if_contains(key);
  if (v == nullptr || v->is_null()) return out;
  if (!v->is_array()) throw Error(SY_CONFIG, std::string(key) + " must be a list");
  for (const json::value& e : v->get_array()) {
    if (!e.is_string()) throw Error(SY_CONFIG, std::string(key) + " must be a list of texts");
    out.emplace_back(e.get_string());
  }
  return out;
}

std::pair<std::string, std::string> split(const std::string& s, char by, std::string_view option) {
  const std::size_t at = s.find(by);
  if (at == std::string::npos || at == 0 || at + 1 == s.size())
    throw Error(SY_CONFIG,
                std::string(option) + ": \"" + s + "\" is not of the form kind.field" + (by == ':' ? ":how" : ""));
  return {s.substr(0, at), s.substr(at + 1)};
}

std::int64_t number_or(const json::object& o, std::string_view key, std::int64_t fallback) {
  return o.contains(key) ? number_at(o, key) : fallback;
}

/// Cuts at a whole UTF-8 character.
std::string cut(std::string s, std::size_t bytes) {
  if (s.size() <= bytes) return s;
  while (bytes > 0 && (static_cast<unsigned char>(s[bytes]) & 0xC0u) == 0x80u) --bytes;
  s.resize(bytes);
  return s;
}

std::string normal(const std::string& how, const std::string& s) {
  if (how == "lower") return lower(s);
  std::string out;
  if (how == "phone") {
    std::copy_if(s.begin(), s.end(), std::back_inserter(out),
                 [](char c) { return (c >= '0' && c <= '9') || c == '+'; });
    return out;
  }
  const std::size_t first = s.find_first_not_of(" \t\r\n");
  return first == std::string::npos ? out : s.substr(first, s.find_last_not_of(" \t\r\n") - first + 1);
}

}  // namespace

Features Features::read(std::string_view config) {
  boost::system::error_code failed;
  const json::value value = json::parse(config.empty() ? "{}" : config, failed);
  if (failed || !value.is_object()) throw Error(SY_CONFIG, "the configuration of memory is not a JSON object");
  const json::object& o = value.get_object();
  Features f;
  f.world = text_at(o, "world");
  if (f.world.empty()) throw Error(SY_CONFIG, "world is missing: give both connections of a test the same name");
  f.path = text_at(o, "path");
  f.faults = text_at(o, "faults");
  f.page = static_cast<std::size_t>(std::max<std::int64_t>(number_or(o, "page", 5), 0));
  f.cursor = flag_at(o, "cursor", true);
  f.feed_docs = flag_at(o, "feed_docs", true);
  f.if_version = flag_at(o, "if_version", true);
  if (const std::string t = text_at(o, "tokens"); !t.empty()) {
    f.keyed = t == "keyed" || t == "both";
    f.find = t == "find" || t == "both";
  }
  f.repeat_exists = text_at(o, "repeat") == "exists";
  f.answer_document = text_at(o, "answer") != "version";
  f.missing_invisible = text_at(o, "missing") == "invisible";
  f.consumes = flag_at(o, "consumes", false);
  f.states = flag_at(o, "states", false);
  const std::string t = text_at(o, "tombstones");
  f.tombstones = t == "none" ? 0 : t == "own" ? 1 : 2;
  f.settle_ms = number_or(o, "settle", 0);
  f.lag_ms = number_or(o, "lag", 0);
  f.max_batch = static_cast<std::uint32_t>(std::max<std::int64_t>(number_or(o, "max_batch", 0), 0));
  f.attachment_limit = static_cast<std::size_t>(std::max<std::int64_t>(number_or(o, "attachment_limit", 64 << 20), 0));
  for (const std::string& s : list_at(o, "fields")) {
    const auto [kind, field] = split(s, '.', "fields");
    f.carried[kind].insert(field);
  }
  for (const std::string& s : list_at(o, "truncate")) {
    const auto [field, how] = split(s, ':', "truncate");
    if (how.size() > 9 || how.find_first_not_of("0123456789") != std::string::npos)
      throw Error(SY_CONFIG, "truncate: \"" + s + "\" does not end in a number");
    f.truncated[field] = std::stoul(how);
  }
  for (const std::string& s : list_at(o, "normalise")) {
    const auto [field, how] = split(s, ':', "normalise");
    if (how != "phone" && how != "lower" && how != "trim")
      throw Error(SY_CONFIG, "normalise: \"" + how + "\" is none of phone, lower, trim");
    f.normalised[field] = how;
  }
  for (const std::string& s : list_at(o, "never")) f.never.insert(s);
  for (const std::string& s : list_at(o, "later")) f.later.insert(s);
  return f;
}

bool Features::carries(const std::string& kind, const std::string& field) const {
  const auto it = carried.find(kind);
  return it == carried.end() || it->second.contains(field);
}

std::string Features::carried_json(const std::string& kind) const {
  const auto it = carried.find(kind);
  if (it == carried.end()) return {};
  json::array out;
  for (const std::string& f : it->second) out.emplace_back(f);
  return json::serialize(out);
}

Features::Stored Features::stored(std::uint32_t verb, const std::string& kind, const json::object& doc,
                                  const std::vector<std::string>& fields) const {
  Stored out;
  const auto wanted = [&](const std::string& f) {
    return fields.empty() || std::find(fields.begin(), fields.end(), f) != fields.end();
  };
  std::set<std::string> to_write(fields.begin(), fields.end());
  for (const auto& [key, value] : doc) {
    const std::string field(key);
    const std::string name = kind + "." + field;
    if (!carries(kind, field)) continue;
    if (verb == SY_UPDATE && !wanted(field)) continue;
    if (never.contains(name)) {
      out.never.emplace_back(field);
      continue;
    }
    if (verb == SY_CREATE && later.contains(name)) {
      out.later.emplace_back(field);
      continue;
    }
    json::value v = value;
    if (v.is_string()) {
      std::string s(v.get_string());
      if (const auto it = normalised.find(name); it != normalised.end()) s = normal(it->second, s);
      if (const auto it = truncated.find(name); it != truncated.end()) s = cut(std::move(s), it->second);
      v = s;
    }
    out.doc[field] = std::move(v);
  }
  if (verb != SY_UPDATE) return out;
  if (fields.empty()) {  // the whole document: every field that this system carries, absent ones are cleared
    const auto it = carried.find(kind);
    out.whole = it == carried.end();
    if (!out.whole) to_write = it->second;
  }
  for (const std::string& f : to_write)
    if (carries(kind, f) && !never.contains(kind + "." + f)) out.fields.push_back(f);
  return out;
}

json::object Features::shown(const std::string& kind, const json::object& doc) const {
  json::object out;
  for (const auto& [key, value] : doc)
    if (carries(kind, std::string(key))) out[key] = value;
  return out;
}

}  // namespace syncline::memory
