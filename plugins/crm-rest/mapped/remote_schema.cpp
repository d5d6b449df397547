#include "mapped/remote_schema.hpp"

#include <algorithm>
#include <array>

#include "syncline/formats/time.hpp"

namespace syncline::crm {
namespace json = boost::json;
namespace {

constexpr std::size_t rows_looked_at = 50, most_fields = 1000;

/// Names that collections of people, tasks and mail usually have, for servers that do not tell theirs.
constexpr std::array<const char*, 12> usual_sets{"contacts", "people", "persons",    "leads", "accounts", "users",
                                                 "tasks",    "todos",  "activities", "notes", "emails",   "messages"};

std::string type_of(const json::value& v) {
  if (v.is_bool()) return "true/false";
  if (v.is_number()) return "number";
  if (v.is_array()) return "list";
  if (const json::string* s = v.if_string())
    return s->size() >= 10 && formats::from_iso(std::string_view(*s)) ? "date" : "text";
  return "";
}

void add(RemoteSet& out, const std::string& name, const json::value& v, int depth) {
  if (depth < 3 && v.is_object()) {
    for (const auto& member : v.get_object())
      add(out, name + "." + std::string(member.key()), member.value(), depth + 1);
    return;
  }
  if (depth < 3 && v.is_array() && !v.get_array().empty() && v.get_array()[0].is_object()) {
    add(out, name + ".0", v.get_array()[0], depth + 1);
    return;
  }
  const std::string type = type_of(v);
  const auto at =
      std::find_if(out.fields.begin(), out.fields.end(), [&](const RemoteField& f) { return f.name == name; });
  if (at == out.fields.end()) {
    if (out.fields.size() < most_fields) out.fields.push_back({name, type});
  } else if (at->type.empty()) {
    at->type = type;
  }
}

const json::array* rows_of(const json::value& answer, Path& where) {
  if (const json::array* list = answer.if_array()) return list;
  for (const char* wrap : {"value", "data", "items", "results", "records", "data.items", "data.records", "result"}) {
    where = split(wrap, '.');
    const json::value* v = at_path(answer, where);
    if (v != nullptr && v->is_array()) return &v->get_array();
  }
  where.clear();
  const json::object* o = answer.if_object();
  const json::value* embedded = o == nullptr ? nullptr : o->if_contains("_embedded");
  if (embedded == nullptr || !embedded->is_object()) return nullptr;
  for (const auto& member : embedded->get_object())
    if (const json::array* list = member.value().if_array()) {
      where = {"_embedded", std::string(member.key())};
      return list;
    }
  return nullptr;
}

std::string key_of(const RemoteSet& s) {
  for (const std::string& name : {std::string("id"), std::string("Id"), std::string("ID"), std::string("uuid"),
                                  std::string("guid"), std::string("key")})
    if (s.field(name) != nullptr) return name;
  for (const RemoteField& f : s.fields)
    if (f.name.ends_with("id") || f.name.ends_with("Id") || f.name.ends_with("ID")) return f.name;
  return {};
}

std::optional<RemoteSet> sampled(Web& web, const Host& host, const Call& call, const std::string& set, bool wanted) {
  net::Request request;
  request.path = set;
  const Web::Answer answer = web.ask(host, call, std::move(request));
  const bool empty = web.mapping().list.empty_status != 0 && answer.response.status == web.mapping().list.empty_status;
  if (!wanted && !answer.response.ok()) {
    if (answer.response.status == 401) web.require_success(answer, "GET " + set);
    return std::nullopt;
  }
  if (!empty) web.require_success(answer, "GET " + set);
  return read_sample(set, answer.body, web.mapping().list.rows.empty() ? nullptr : &web.mapping().list.rows);
}

}  // namespace

json::object RemoteSet::json() const {
  json::array list;
  for (const RemoteField& f : fields) list.push_back(json::object{{"name", f.name}, {"type", f.type}});
  return {{"set", set}, {"key", key}, {"fields", std::move(list)}, {"note", note}};
}

const RemoteField* RemoteSet::field(std::string_view name) const {
  const auto at = std::find_if(fields.begin(), fields.end(), [&](const RemoteField& f) { return f.name == name; });
  return at == fields.end() ? nullptr : &*at;
}

RemoteSet read_sample(const std::string& set, const json::value& answer, const Path* configured) {
  RemoteSet out;
  out.set = set;
  const json::array* rows = nullptr;
  if (configured != nullptr) {
    out.rows = *configured;
    const json::value* v = at_path(answer, out.rows);
    rows = v == nullptr ? nullptr : v->if_array();
  } else {
    rows = rows_of(answer, out.rows);
    out.bare = rows != nullptr && out.rows.empty();
  }
  if (rows == nullptr || rows->empty()) {
    out.note = rows == nullptr ? "the answer holds no list that can be recognised"
                               : "there are no rows, so no columns can be seen";
    return out;
  }
  for (std::size_t i = 0; i < rows->size() && i < rows_looked_at; ++i)
    if (const json::object* row = (*rows)[i].if_object())
      for (const auto& member : *row)
        if (member.key().find('@') == json::string_view::npos) add(out, std::string(member.key()), member.value(), 0);
  for (const char* place :
       {"@odata.nextLink", "next", "links.next", "_links.next.href", "paging.next.link", "meta.next"}) {
    const Path path = place[0] == '@' ? Path{place} : split(place, '.');
    if (const json::value* v = at_path(answer, path); v != nullptr && v->is_string() && out.next.empty())
      out.next = path;
  }
  out.key = key_of(out);
  return out;
}

std::vector<RemoteSet> remote_sets(Web& web, const Host& host, const Call& call,
                                   std::span<const std::string_view> wanted) {
  std::vector<RemoteSet> out;
  if (web.mapping().odata) {
    for (RemoteSet& s : read_metadata(web.text(host, call, "$metadata")))
      if (wanted.empty() || std::find(wanted.begin(), wanted.end(), s.set) != wanted.end()) out.push_back(std::move(s));
    if (out.empty()) throw Error(SY_CONFIG, "crm: $metadata names no such entity set; leave --set out to see all");
    return out;
  }
  std::vector<std::string> names(wanted.begin(), wanted.end());
  const bool named = !names.empty() || !web.mapping().records.empty();
  if (names.empty())
    for (const RecordMap& r : web.mapping().records) names.push_back(r.set);
  if (names.empty()) names.assign(usual_sets.begin(), usual_sets.end());
  for (const std::string& name : names) {
    call.check();
    if (auto one = sampled(web, host, call, name, named)) out.push_back(std::move(*one));
  }
  if (out.empty())
    throw Error(SY_CONFIG,
                "crm: the server has no collection with a usual name below this address; name them with --set, and "
                "set base in the mapping");
  return out;
}

}  // namespace syncline::crm
