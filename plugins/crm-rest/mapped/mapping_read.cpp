// From the tree of a mapping file to its values; whatever is wrong is told with its place, all of it in one go.
#include <algorithm>

#include "mapped/mapping.hpp"
#include "mapped/section.hpp"
#include "profile.hpp"

namespace syncline::crm {
namespace json = boost::json;
namespace {

using Words = std::initializer_list<std::string_view>;

std::string date_format(Section& s, std::string_view key) {
  return s.choice(key, {"iso", "epoch", "epoch_ms", "dd.mm.yyyy", "mm/dd/yyyy", "yyyymmdd", "sql"}, "iso");
}

/// An annotation's name ("@odata.etag") holds dots of its own.
Path path(std::string_view text) { return text.starts_with('@') ? Path{std::string(text)} : split(text, '.'); }

sy_code code_named(std::string_view word) {
  for (sy_code c = SY_RETRY; c <= SY_CONFIG; ++c)
    if (code_name(c) == word) return c;
  return SY_OK;
}

std::map<std::string, sy_code, std::less<>> codes(Section& s, std::string_view key) {
  std::map<std::string, sy_code, std::less<>> out;
  std::vector<std::string> known;
  for (sy_code c = SY_RETRY; c <= SY_CONFIG; ++c) known.emplace_back(code_name(c));
  for (const Tree::Member& m : s.members(key)) {
    const std::string word = m.value.scalar.is_string() ? std::string(m.value.scalar.get_string()) : std::string();
    if (const sy_code code = code_named(word); code != SY_OK) {
      out.emplace(m.key, code);
      continue;
    }
    const std::string near = nearest(word, known);
    s.mistake(m.value.at, "\"" + m.key + "\" must name a class of error, such as \"invalid\" or \"exists\"" +
                              (near.empty() ? "" : "; did you mean \"" + near + "\"?"));
  }
  return out;
}

void read_list(Section s, Mapping& m) {
  ListMap& l = m.list;
  l.rows = path(s.text("rows"));
  const std::string paging = s.choice("paging", {"none", "link", "page", "offset", "cursor"}, "none");
  l.paging = paging == "link"     ? Paging::link
             : paging == "page"   ? Paging::page
             : paging == "offset" ? Paging::offset
             : paging == "cursor" ? Paging::cursor
                                  : Paging::none;
  const std::string next = s.text("next");
  l.next_in_header = next == "header:Link";
  l.next = l.next_in_header ? Path{} : path(next);
  l.delta = path(s.text("delta"));
  l.param = s.text("param");
  l.size = s.text("size");
  l.first = s.number("first", 1, 0, 1);
  l.empty_status = static_cast<int>(s.number("empty_status", 0, 0, 599));
  l.prefer = s.texts("prefer");
  if (s.there()) {
    const bool by_place = l.paging == Paging::link || l.paging == Paging::cursor;
    const bool by_param = l.paging == Paging::page || l.paging == Paging::offset || l.paging == Paging::cursor;
    if (by_place && l.next.empty() && !l.next_in_header)
      s.mistake(s.tree()->at, "\"list.next\" is missing: where an answer names the next page; add it");
    if (by_param && l.param.empty())
      s.mistake(s.tree()->at, "\"list.param\" is missing: the parameter that asks for a page; add it");
  }
  s.finish();
}

void read_query(Section s, Mapping& m) {
  QueryMap& q = m.query;
  q.odata = s.choice("style", {"odata", "plain"}, "plain") == "odata";
  q.select = s.flag("select", false);
  q.equal = s.text("equal");
  q.many = s.text("many");
  q.since = s.text("since");
  q.since_format = date_format(s, "since_format");
  q.order = s.text("order");
  const auto holds = [&](const std::string& text, std::string_view key, std::string_view what) {
    if (!text.empty() && text.find(what) == std::string::npos)
      s.mistake(s.tree()->find(key)->at,
                "\"query." + std::string(key) + "\" holds no " + std::string(what) + "; say where it stands");
  };
  holds(q.equal, "equal", "{value}");
  holds(q.many, "many", "{values}");
  holds(q.since, "since", "{instant}");
  s.finish();
}

RequestMap read_request(Section& s, Words methods, std::string_view method, std::string_view fallback_path) {
  RequestMap out;
  out.method = s.choice("method", methods, method);
  out.path = s.text("path", fallback_path);
  if (out.path.find("{set}") == std::string::npos)
    s.mistake(s.there() && s.tree()->find("path") != nullptr ? s.tree()->find("path")->at : Spot{},
              "\"" + s.path() + ".path\" holds no {set}; say where the collection stands");
  out.row = path(s.text("row"));
  return out;
}

void read_requests(Section& root, Mapping& m) {
  Section one = root.section("one");
  m.one = read_request(one, {"GET"}, "GET", "{set}/{id}");
  m.missing_is_gone = one.choice("missing", {"gone", "invisible"}, "invisible") == "gone";
  one.finish();
  Section create = root.section("create");
  m.create = read_request(create, {"POST", "PUT", "PATCH"}, "POST", "{set}");
  m.create.only_new = create.flag("only_new", false);
  m.create.wants_row = create.flag("wants_row", false);
  create.finish();
  Section update = root.section("update");
  m.update = read_request(update, {"PATCH", "PUT", "POST"}, "PATCH", m.one.path);
  m.update.whole = update.flag("whole", m.update.method == "PUT");
  m.update.wants_row = update.flag("wants_row", false);
  m.clear_with_empty = update.choice("clear", {"null", "empty"}, "null") == "empty";
  m.read_only = update.texts("read_only");
  update.finish();
  Section remove = root.section("delete");
  m.remove = read_request(remove, {"DELETE", "POST"}, "DELETE", m.one.path);
  remove.finish();
}

void read_capabilities(Section s, Mapping& m) {
  const std::string etag = s.choice("etag", {"none", "row", "header"}, "none");
  m.etag = etag == "row" ? Etag::row : etag == "header" ? Etag::header : Etag::none;
  m.etag_column = path(s.text("etag_column", "@odata.etag"));
  const std::string delta = s.choice("delta", {"none", "since", "links"}, "none");
  m.delta = delta == "links" ? Delta::links : delta == "since" ? Delta::since : Delta::none;
  m.overlap_ms = s.number("overlap_seconds", 60, 0, 86400) * 1000;
  m.many = s.flag("many", false);
  m.client_id = s.flag("client_id", false);
  if (s.there()) {
    if (m.delta == Delta::since && !m.query.odata && m.query.since.empty())
      s.mistake(s.tree()->find("delta")->at,
                "\"capabilities.delta\" is \"since\", but \"query.since\" does not say how to ask");
    if (m.delta == Delta::links && m.list.delta.empty())
      s.mistake(s.tree()->find("delta")->at,
                "\"capabilities.delta\" is \"links\", but \"list.delta\" does not say where they stand");
    if (m.many && !m.query.odata && m.query.many.empty())
      s.mistake(s.tree()->find("many")->at,
                "\"capabilities.many\" is true, but \"query.many\" does not say how to ask");
  }
  s.finish();
}

void read_choices(Section& f, FieldMap& out) {
  const std::vector<std::string> known = split(out.field.choices, '|');
  for (const Tree::Member& v : f.members("values")) {
    if (std::find(known.begin(), known.end(), v.key) == known.end())
      f.unknown(v, known, std::string(out.field.name));
    else
      out.values.emplace_back(v.key, v.value.value());
  }
}

void read_field(const std::string& kind, const std::string& where, const Tree::Member& m, RecordMap& record,
                Mistakes& mistakes) {
  FieldMap out;
  const CanonicalField* field = canonical_field(kind, m.key);
  if (field == nullptr) {
    std::vector<std::string> known;
    for (const CanonicalField& f : canonical_fields(kind)) known.emplace_back(f.name);
    const std::string near = nearest(m.key, known);
    mistakes.push_back(
        {m.at, "a " + kind + " has no field \"" + m.key + "\"" +
                   (near.empty() ? "; docs/mapping.md lists them" : "; did you mean \"" + near + "\"?")});
    return;
  }
  out.field = *field;
  const bool dated = field->value == Value::DATE || field->value == Value::INSTANT;
  out.format = field->value == Value::INTEGER ? "number" : field->value == Value::LIST ? "array" : "iso";
  if (m.value.scalar.is_string()) {
    out.column = path(std::string_view(m.value.scalar.get_string()));
    if (out.column.empty())
      mistakes.push_back({m.value.at, "\"" + where + "\" names no column; write its name or take the line out"});
  } else {
    Section f(&m.value, where, mistakes);
    out.column = path(f.required("column", "the remote column"));
    if (dated) out.format = date_format(f, "format");
    if (field->value == Value::INTEGER) out.format = f.choice("format", {"number", "text"}, "number");
    if (field->value == Value::LIST) out.format = f.choice("format", {"array", "text"}, "array");
    out.max = static_cast<std::size_t>(f.number("max", 0, 0, 1 << 30));
    out.written = f.flag("write", true);
    if (field->value == Value::CHOICE) read_choices(f, out);
    f.finish();
  }
  record.fields.push_back(std::move(out));
}

void read_record(const Tree::Member& member, Mapping& m, Mistakes& mistakes) {
  RecordMap r;
  r.kind = member.key;
  const std::string where = "records." + member.key;
  Section s(&member.value, where, mistakes);
  if (!s.there()) return;
  r.set = s.required("set", "the collection's path, such as \"contacts\"");
  r.query = s.text("query");
  r.key = path(s.required("key", "the column that holds a record's id"));
  r.text_key = s.choice("key_type", {"plain", "text"}, "plain") == "text";
  r.changed = path(s.text("changed"));
  r.created = path(s.text("created"));
  r.token = path(s.text("token"));
  r.text_token = s.choice("token_type", {"plain", "text"}, "text") == "text";
  r.owner = path(s.text("owner"));
  r.constants = s.object("constants");
  r.settle_ms = s.number("settle_seconds", 0, 0, 3600) * 1000;
  for (const Tree::Member& l : s.members("links")) {
    if (l.value.scalar.is_string())
      r.links.emplace_back(l.key, path(std::string_view(l.value.scalar.get_string())));
    else
      s.mistake(l.value.at, "\"" + where + ".links." + l.key + "\" must name a column, in quotes");
  }
  const bool given = member.value.find("write") != nullptr;
  std::vector<std::string> writes = s.choices("write", {"create", "update", "delete"});
  if (!given)
    writes =
        r.kind == "email" ? std::vector<std::string>{"create"} : std::vector<std::string>{"create", "update", "delete"};
  const auto has = [&](std::string_view w) { return std::find(writes.begin(), writes.end(), w) != writes.end(); };
  r.creates = has("create");
  r.updates = has("update") && r.kind != "email";
  r.deletes = has("delete") && r.kind != "email";
  for (const Tree::Member& f : s.members("fields")) read_field(r.kind, where + ".fields." + f.key, f, r, mistakes);
  if (r.fields.empty() && member.value.find("fields") == nullptr)
    s.mistake(member.at, "\"" + where + ".fields\" is missing: which column is which field; add it");
  if (r.kind == "email" && r.token.empty() && r.field("message_id") == nullptr && r.creates)
    s.mistake(member.at,
              "\"" + where + "\" maps neither message_id nor a token: a mail could be made twice; map one of them");
  if (m.delta == Delta::since && r.changed.empty())
    s.mistake(member.at,
              "\"" + where + ".changed\" is missing: with delta \"since\" it names the column of the last change");
  s.finish();
  m.records.push_back(std::move(r));
}

PeopleMap read_people(const Tree::Member& member, const std::string& where, Mistakes& mistakes) {
  PeopleMap p;
  p.type = member.key;
  Section s(&member.value, where, mistakes);
  p.set = s.required("set", "the collection's path");
  p.key = path(s.required("key", "the column that holds the id"));
  p.name = path(s.text("name"));
  p.owner = path(s.text("owner"));
  for (const std::string& a : s.texts("addresses")) p.addresses.push_back(path(a));
  if (s.there() && p.addresses.empty())
    s.mistake(member.at, "\"" + where + ".addresses\" is missing: the columns that hold e-mail addresses; add it");
  Section active = s.section("active");
  if (active.there()) {
    p.active = path(active.required("column", "the column that tells whether a row is in use"));
    const Tree* is = active.ask("is");
    p.active_is = is == nullptr ? json::value(true) : is->value();
    active.finish();
  }
  s.finish();
  return p;
}

std::shared_ptr<Mapping> read_tree_as_mapping(const Tree& tree, Mistakes& mistakes) {
  auto m = std::make_shared<Mapping>();
  Section root(&tree, "", mistakes);
  m->name = root.text("profile");
  root.ask("extends");
  m->odata = m->name == "odata";
  m->base = root.text("base");
  while (m->base.starts_with('/')) m->base.erase(0, 1);
  while (m->base.ends_with('/')) m->base.pop_back();
  for (const Tree::Member& h : root.members("headers")) {
    if (h.value.scalar.is_string())
      m->headers.emplace_back(h.key, std::string(h.value.scalar.get_string()));
    else
      root.mistake(h.value.at, "\"headers." + h.key + "\" must be a text in quotes");
  }
  read_list(root.section("list"), *m);
  read_query(root.section("query"), *m);
  read_requests(root, *m);
  read_capabilities(root.section("capabilities"), *m);
  Section errors = root.section("errors");
  m->error_code = path(errors.text("code"));
  m->error_message = path(errors.text("message"));
  m->error_inside = path(errors.text("inside"));
  m->by_status = codes(errors, "status");
  m->by_code = codes(errors, "codes");
  errors.finish();
  Section organization = root.section("organization");
  m->organization = organization.text("id");
  m->organization_name = organization.text("name");
  organization.finish();
  const std::vector<std::string> principals{"user", "queue"}, kinds{"contact", "task", "email"};
  for (const Tree::Member& p : root.members("principals")) {
    if (std::find(principals.begin(), principals.end(), p.key) == principals.end())
      root.unknown(p, principals, "principal");
    else
      m->principals.push_back(read_people(p, "principals." + p.key, mistakes));
  }
  for (const Tree::Member& p : root.members("people")) m->people.push_back(read_people(p, "people." + p.key, mistakes));
  for (const Tree::Member& r : root.members("records")) {
    if (std::find(kinds.begin(), kinds.end(), r.key) == kinds.end())
      root.unknown(r, kinds, "kind");
    else
      read_record(r, *m, mistakes);
  }
  root.finish();
  return m;
}

}  // namespace

bool is_mapped_profile(std::string_view profile) { return profile == "odata" || profile == "rest"; }

std::shared_ptr<const Mapping> shipped_mapping(std::string_view profile) {
  Mistakes mistakes;
  const Tree tree = read_tree("profile " + std::string(profile), shipped_profile(profile), mistakes);
  auto out = read_tree_as_mapping(tree, mistakes);
  if (!mistakes.empty()) throw Error(SY_BROKEN, mistakes.front().line());
  return out;
}

std::shared_ptr<const Mapping> read_mapping(const std::string& file, std::string_view text, Mistakes& mistakes) {
  const Tree own = read_tree(file, text, mistakes);
  if (!mistakes.empty()) return nullptr;
  const Tree* extends = own.find("extends");
  std::string base;
  if (extends == nullptr) {
    mistakes.push_back({own.at, "\"extends\" is missing: write \"extends\": \"odata\" or \"extends\": \"rest\""});
  } else if (!extends->scalar.is_string() || !is_mapped_profile(std::string_view(extends->scalar.get_string()))) {
    const std::string near =
        extends->scalar.is_string() ? nearest(std::string_view(extends->scalar.get_string()), {"odata", "rest"}) : "";
    mistakes.push_back({extends->at, "\"extends\" must be \"odata\" or \"rest\"" +
                                         (near.empty() ? std::string() : "; did you mean \"" + near + "\"?")});
    base = near;
  } else {
    base = std::string(extends->scalar.get_string());
  }
  if (base.empty()) base = "rest";  // the rest of the file is checked all the same
  Mistakes none;
  const Tree shipped = read_tree("profile " + base, shipped_profile(base), none);
  auto out = read_tree_as_mapping(laid_over(shipped, own), mistakes);
  out->file = file;
  out->own = own.value().as_object();
  out->own.erase("records");
  return out;
}

}  // namespace syncline::crm
