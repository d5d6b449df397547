#include "mapped/row.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "syncline/formats/sha256.hpp"
#include "syncline/formats/time.hpp"

namespace syncline::crm {
namespace json = boost::json;
namespace {

std::string plain(const json::value& v) {
  if (v.is_null()) return {};
  if (const json::string* s = v.if_string()) return std::string(*s);
  if (const double* d = v.if_double(); d != nullptr && std::floor(*d) == *d && std::fabs(*d) < 1e15)
    return std::to_string(static_cast<std::int64_t>(*d));
  return json::serialize(v);
}

std::optional<double> number(std::string_view text) {
  double out = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), out);
  if (text.empty() || read.ec != std::errc() || read.ptr != text.data() + text.size()) return std::nullopt;
  return out;
}

/// "31.12.2026" and the like, by where day, month and year stand; the rest of the text is a time of day or nothing.
std::optional<std::int64_t> by_places(const std::string& t, std::size_t day, std::size_t month, std::size_t year) {
  if (t.size() < 10) return std::nullopt;
  return formats::from_iso(t.substr(year, 4) + "-" + t.substr(month, 2) + "-" + t.substr(day, 2));
}

std::optional<std::int64_t> instant_of(const json::value& v, std::string_view format) {
  const std::string text = plain(v);
  if (format == "epoch" || format == "epoch_ms") {
    const auto n = number(text);
    if (!n) return std::nullopt;
    return static_cast<std::int64_t>(format == "epoch" ? *n * 1000 : *n);
  }
  if (text.starts_with("/Date(")) {  // an old JSON habit: milliseconds since 1970
    const auto n = number(std::string_view(text).substr(6, text.find_first_of("+)", 6) - 6));
    return n ? std::optional(static_cast<std::int64_t>(*n)) : std::nullopt;
  }
  if (format == "dd.mm.yyyy") return by_places(text, 0, 3, 6);
  if (format == "mm/dd/yyyy") return by_places(text, 3, 0, 6);
  if (format == "yyyymmdd" && text.size() == 8)
    return formats::from_iso(text.substr(0, 4) + "-" + text.substr(4, 2) + "-" + text.substr(6, 2));
  std::string iso = text;
  if (iso.size() > 10 && iso[10] == ' ') iso[10] = 'T';
  return formats::from_iso(iso);
}

[[noreturn]] void unreadable(const FieldMap& f, std::string_view what) {
  throw Unreadable{"column " + path_text(f.column) + " holds no " + std::string(what) + " that the mapping explains"};
}

json::value choice_of(const FieldMap& f, const json::value& v) {
  for (const auto& [word, remote] : f.values)
    if (same_value(remote, v)) return json::value(word);
  const std::vector<std::string> known = split(f.field.choices, '|');
  if (const std::string text = plain(v); f.values.empty() && std::find(known.begin(), known.end(), text) != known.end())
    return json::value(text);
  unreadable(f, "value");
}

json::value list_of(const json::value& v) {
  json::array out;
  if (const json::array* list = v.if_array()) {
    for (const json::value& item : *list)
      if (std::string text = plain(item); !text.empty()) out.emplace_back(text);
  } else {
    const std::string text = plain(v);
    for (const std::string& word : split(text, text.find(';') != std::string::npos ? ';' : ',')) {
      const std::size_t first = word.find_first_not_of(' ');
      if (first != std::string::npos) out.emplace_back(word.substr(first, word.find_last_not_of(' ') - first + 1));
    }
  }
  return out;
}

/// null: the column is empty.
json::value canonical(const FieldMap& f, const json::value& v) {
  if (plain(v).empty()) return nullptr;
  switch (f.field.value) {
    case Value::TEXT: return json::value(plain(v));
    case Value::CHOICE: return choice_of(f, v);
    case Value::LIST: {
      json::value out = list_of(v);
      return out.get_array().empty() ? json::value(nullptr) : out;
    }
    case Value::INTEGER: {
      const auto n = number(plain(v));
      if (!n || std::floor(*n) != *n) unreadable(f, "whole number");
      return static_cast<std::int64_t>(*n);
    }
    case Value::DATE:
    case Value::INSTANT: {
      const auto ms = instant_of(v, f.format);
      if (!ms) unreadable(f, "date");
      const std::string iso = formats::to_iso(*ms);
      return json::value(f.field.value == Value::DATE ? iso.substr(0, 10) : iso);
    }
  }
  return nullptr;
}

const json::value* member(const json::object& doc, std::string_view name) {
  const json::value* here = nullptr;
  const json::object* object = &doc;
  for (const std::string& step : split(name, '.')) {
    here = object == nullptr ? nullptr : object->if_contains(step);
    if (here == nullptr) return nullptr;
    object = here->if_object();
  }
  return here;
}

json::value remote(const FieldMap& f, const json::value& v, std::vector<std::string>& never) {
  switch (f.field.value) {
    case Value::TEXT: {
      bool cut = false;
      const std::string text = cut_text(plain(v), f.max, &cut);
      if (cut) never.push_back(f.top());
      return json::value(text);
    }
    case Value::CHOICE: {
      for (const auto& [word, value] : f.values)
        if (word == plain(v)) return value;
      if (f.values.empty()) return v;
      never.push_back(f.top());  // this CRM has no such value
      return nullptr;
    }
    case Value::INTEGER: return f.format == "text" ? json::value(plain(v)) : v;
    case Value::LIST: {
      if (f.format == "array" || !v.is_array()) return v;
      std::string out;
      for (const json::value& item : v.get_array()) out += (out.empty() ? "" : "; ") + plain(item);
      return json::value(out);
    }
    case Value::DATE:
    case Value::INSTANT: {
      const auto ms = formats::from_iso(plain(v));
      if (!ms) return nullptr;
      if (f.field.value == Value::DATE && (f.format == "iso" || f.format == "sql"))
        return json::value(formats::to_iso(*ms).substr(0, 10));
      return instant_as(*ms, f.format);
    }
  }
  return nullptr;
}

}  // namespace

std::string text_at(const json::value& row, const Path& path) {
  const json::value* v = path.empty() ? nullptr : at_path(row, path);
  return v == nullptr || v->is_object() || v->is_array() ? std::string() : plain(*v);
}

std::string id_of(const json::value& row, const Path& key) { return text_at(row, key); }

bool same_value(const json::value& a, const json::value& b) {
  if (a == b) return true;
  const std::string left = plain(a), right = plain(b);
  if (left == right) return true;
  const auto n = number(left), m = number(right);
  return n && m && *n == *m;
}

std::optional<std::int64_t> instant_at(const json::value& row, const Path& path) {
  const json::value* v = path.empty() ? nullptr : at_path(row, path);
  if (v == nullptr || v->is_null()) return std::nullopt;
  if (v->is_number()) {  // seconds, or milliseconds where seconds would be beyond the year 5000
    const double n = v->to_number<double>();
    return static_cast<std::int64_t>(std::fabs(n) < 1e11 ? n * 1000 : n);
  }
  return instant_of(*v, "iso");
}

json::object document_of(const RecordMap& record, const json::value& row) {
  json::object out;
  for (const FieldMap& f : record.fields) {
    const json::value* v = at_path(row, f.column);
    if (v == nullptr) continue;
    json::value read = canonical(f, *v);
    if (read.is_null()) continue;
    put_at(out, split(f.field.name, '.'), std::move(read));
  }
  return out;
}

std::string version_of(const Mapping& mapping, const RecordMap& record, const json::value& row) {
  if (mapping.etag == Etag::row) {
    std::string etag = text_at(row, mapping.etag_column);
    if (etag.empty())
      throw Error(SY_CONFIG, "crm: rows of " + record.set + " bear no " + path_text(mapping.etag_column) +
                                 "; set capabilities.etag in the mapping to \"header\" or \"none\"");
    return etag;
  }
  std::string seen;
  try {
    if (record.kind == "email") throw Unreadable{};
    seen = json::serialize(document_of(record, row));
  } catch (const Unreadable&) {
    for (const FieldMap& f : record.fields) {
      const json::value* v = at_path(row, f.column);
      seen += (v == nullptr ? "null" : json::serialize(*v)) + "\n";
    }
  }
  return "h" + formats::sha256_hex(seen + "\n" + text_at(row, record.owner)).substr(0, 32);
}

std::string marks_of(const RecordMap& record, const json::value& row) {
  json::object out;
  if (const std::string owner = text_at(row, record.owner); !owner.empty()) out["owner"] = owner;
  if (const std::string token = text_at(row, record.token); !token.empty()) out["token"] = token;
  return out.empty() ? std::string() : json::serialize(out);
}

std::vector<Change> changes_of(const Mapping& mapping, const RecordMap& record, const json::object& doc,
                               const std::vector<std::string>& fields, std::vector<std::string>& never) {
  std::vector<Change> out;
  for (const FieldMap& f : record.fields) {
    if (!f.written || f.field.name.starts_with("body")) continue;
    if (!fields.empty() && std::find(fields.begin(), fields.end(), f.top()) == fields.end()) continue;
    const json::value* v = member(doc, f.field.name);
    if (v == nullptr && fields.empty()) continue;
    json::value value = v == nullptr ? json::value(nullptr) : remote(f, *v, never);
    if (value.is_null() && fields.empty()) continue;
    const bool text = f.field.value == Value::TEXT;
    if (value.is_null() && mapping.clear_with_empty && text) value = json::value("");
    out.push_back({f.column, std::move(value)});
  }
  return out;
}

void put_at(json::object& row, const Path& path, json::value value) {
  json::value* here = nullptr;
  json::object* object = &row;
  for (const std::string& step : path) {
    if (here != nullptr) {
      if (json::array* list = here->if_array()) {
        const std::size_t index = static_cast<std::size_t>(std::strtoull(step.c_str(), nullptr, 10));
        while (list->size() <= index && list->size() < 100) list->emplace_back(json::object());
        here = &(*list)[std::min(index, list->size() - 1)];
        continue;
      }
      if (!here->is_object()) *here = json::object();
      object = &here->get_object();
    }
    here = &(*object)[step];
  }
  if (here != nullptr) *here = std::move(value);
}

std::string cut_text(std::string_view text, std::size_t max, bool* cut) {
  std::size_t characters = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xC0u) == 0x80u) continue;
    if (max != 0 && ++characters > max) {
      if (cut != nullptr) *cut = true;
      return std::string(text.substr(0, i));
    }
  }
  return std::string(text);
}

json::value instant_as(std::int64_t utc_ms, std::string_view format) {
  const std::string iso = formats::to_iso(utc_ms);
  const std::string year = iso.substr(0, 4), month = iso.substr(5, 2), day = iso.substr(8, 2);
  if (format == "epoch") return (utc_ms - (utc_ms % 1000 + 1000) % 1000) / 1000;
  if (format == "epoch_ms") return utc_ms;
  if (format == "dd.mm.yyyy") return json::value(day + "." + month + "." + year);
  if (format == "mm/dd/yyyy") return json::value(month + "/" + day + "/" + year);
  if (format == "yyyymmdd") return json::value(year + month + day);
  if (format == "sql") return json::value(iso.substr(0, 10) + " " + iso.substr(11, 8));
  return json::value(iso);
}

}  // namespace syncline::crm
