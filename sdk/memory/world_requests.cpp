// What the plugin asks of a world: every request meets the faults first, then is carried out whole or not at all.
#include <algorithm>

#include "record.hpp"
#include "world_meta.hpp"

namespace syncline::memory {
namespace {

std::string late_key(std::int64_t at, std::int64_t n) {
  const auto padded = [](std::int64_t v) {
    const std::string d = std::to_string(v);
    return std::string(d.size() < 12 ? 12 - d.size() : 0, '0') + d;
  };
  return "late/" + padded(at) + "/" + padded(n);
}

[[noreturn]] void refuse(const Fault& f, const Request& r) {
  const std::string what = r.verb + " " + r.kind + ": ";
  switch (f.mishap) {
    case Mishap::lost: throw Error(SY_RETRY, what + "the connection broke before the request was sent");
    case Mishap::answer_lost:
    case Mishap::late: throw Error(SY_RETRY, what + "the connection broke before the answer came");
    case Mishap::throttle: throw Error(SY_RETRY, what + "too many requests", f.retry_after_ms, "429");
    case Mishap::invalid: throw Error(SY_INVALID, what + "the server refuses this item as it is", 0, "400");
    case Mishap::gone: throw Error(SY_GONE, what + "the item does not exist", 0, "404");
    case Mishap::denied: throw Error(SY_DENIED, what + "no right to do this", 0, "403");
    case Mishap::auth: throw Error(SY_AUTH, what + "the credentials are refused", 0, "401");
    case Mishap::reset: throw Error(SY_RESET, what + "the cursor is not known any more", 0, "410");
    case Mishap::hang: throw Hang{};
    case Mishap::foreign_edit:
    case Mishap::broken: break;
  }
  throw Error(SY_BROKEN, what + "the server failed", 0, "500");
}

void apply_fields(json::object& doc, const Write& w) {
  if (w.whole) {
    doc = w.doc;
    return;
  }
  for (const std::string& f : w.fields) {
    if (const json::value* v = w.doc.if_contains(f))
      doc[f] = *v;
    else
      doc.erase(f);
  }
}

Error deleted_meanwhile() { return {SY_GONE, "the record was deleted by another person", 0, "404"}; }

}  // namespace

json::object Write::to_json() const {
  json::array names;
  for (const std::string& f : fields) names.emplace_back(f);
  return {{"side", request.side},     {"verb", request.verb}, {"kind", request.kind},
          {"id", request.id},         {"box", box},           {"if_version", if_version},
          {"token", token},           {"part", part},         {"doc", doc},
          {"fields", names},          {"keyed", keyed},       {"repeatable", repeatable},
          {"keep_token", keep_token}, {"whole", whole},       {"marks", marks}};
}

Write Write::from(const json::object& o) {
  Write w;
  w.request = {static_cast<int>(number_at(o, "side")), text_at(o, "verb"), text_at(o, "kind"), text_at(o, "id"), true};
  w.box = text_at(o, "box");
  w.if_version = text_at(o, "if_version");
  w.token = text_at(o, "token");
  w.part = text_at(o, "part");
  w.doc = o.at("doc").as_object();
  for (const json::value& f : o.at("fields").as_array()) w.fields.emplace_back(f.as_string());
  w.keyed = flag_at(o, "keyed");
  w.repeatable = flag_at(o, "repeatable");
  w.keep_token = flag_at(o, "keep_token");
  w.whole = flag_at(o, "whole");
  if (const json::value* v = o.if_contains("marks"); v != nullptr && v->is_object()) w.marks = v->get_object();
  return w;
}

void World::land_due(Rows::Session& s, Meta& m, bool all, std::size_t& n) const {
  std::vector<std::pair<std::string, json::object>> due;
  s.each("late/", [&](const std::string& key, const json::object& row) {
    if (all || number_at(row, "at") <= m.requests) due.emplace_back(key, row);
  });
  for (const auto& [key, row] : due) {
    s.erase(key);
    ++n;
    try {
      perform(s, m, Write::from(row.at("write").as_object()));
    } catch (const Error&) {  // refused, and nobody is there to hear it
    }
  }
}

std::size_t World::land() {
  Rows::Session s(rows_);
  Meta m = meta(s);
  std::size_t n = 0;
  land_due(s, m, true, n);
  save(s, m);
  s.commit();
  return n;
}

void World::read(const Request& r, std::int64_t now_ms) {
  Rows::Session s(rows_);
  Meta m = meta(s);
  ++m.requests;
  m.now = now_ms;
  std::size_t landed = 0;
  land_due(s, m, false, landed);
  const auto fault = meet(s, m, r);
  save(s, m);
  s.commit();
  if (fault && fault->mishap != Mishap::foreign_edit) refuse(*fault, r);
}

Record World::write(const Write& w, std::int64_t now_ms) {
  Rows::Session s(rows_);
  Meta m = meta(s);
  ++m.requests;
  ++m.effects;
  m.now = now_ms;
  std::size_t landed = 0;
  land_due(s, m, false, landed);
  const auto fault = meet(s, m, w.request);
  const auto end = [&] {
    save(s, m);
    s.commit();
  };
  if (fault && fault->mishap == Mishap::late) {
    const std::int64_t at = m.requests + std::max<std::int64_t>(fault->after, 1);
    s.put(late_key(at, m.requests), {{"at", at}, {"write", w.to_json()}});
  }
  if (fault && fault->mishap != Mishap::answer_lost && fault->mishap != Mishap::foreign_edit) {
    end();
    refuse(*fault, w.request);
  }
  if (fault && fault->mishap == Mishap::foreign_edit) {
    if (auto r = find_record(s, w.request.side, w.request.id); r && !r->gone) {
      if (fault->edit.empty())
        r->doc["notes"] = "edited by another person, version " + std::to_string(r->version + 1);
      else
        merge(r->doc, fault->edit);
      store(s, m, w.request.side, *r);
    }
  }
  try {
    Record done = perform(s, m, w);
    end();
    if (fault && fault->mishap == Mishap::answer_lost) refuse(*fault, w.request);
    return done;
  } catch (const Error&) {  // thrown before anything was stored; the counters and the foreign edit stay
    end();
    throw;
  }
}

Record World::perform(Rows::Session& s, Meta& m, const Write& w) const {
  const std::string& verb = w.request.verb;
  if (verb == "create" || verb == "draft") return perform_create(s, m, w);
  if (verb == "part" || verb == "final") return perform_part(s, m, w);
  auto r = find_record(s, w.request.side, w.request.id);
  if (!r || r->gone) throw Error(SY_GONE, "the item does not exist", 0, "404");
  if (!w.if_version.empty() && w.if_version != r->version_text())
    throw Error(SY_CONFLICT, "the item has moved on", 0, "412");
  if (verb == "delete")
    r->gone = true;
  else if (verb == "mark")
    for (const auto& mark : w.marks) r->marks[mark.key()] = mark.value();
  else
    apply_fields(r->doc, w);
  store(s, m, w.request.side, *r);
  return *r;
}

Record World::perform_create(Rows::Session& s, Meta& m, const Write& w) const {
  const int side = w.request.side;
  if (w.keyed && !w.token.empty())
    if (const json::object* known = s.get(token_key(side, w.token)))
      if (auto r = find_record(s, side, text_at(*known, "id")); r && !r->gone) {
        if (w.repeatable || r->partial) return *r;
        throw Error(SY_EXISTS, "a record with this key exists", 0, "412");
      }
  Record r;
  r.id = w.keyed && side == SY_CRM && !w.token.empty() ? w.token : new_id(m, side);
  if (const auto before = find_record(s, side, r.id)) r.version = before->version;  // versions of an id never repeat
  r.kind = w.request.kind;
  r.box = w.box;
  if (w.keep_token) r.token = w.token;
  r.doc = w.doc;
  r.marks = w.marks;
  r.partial = w.request.verb == "draft";
  r.born_seq = m.seq + 1;
  r.born_ms = m.now;
  store(s, m, side, r);
  return r;
}

Record World::perform_part(Rows::Session& s, Meta& m, const Write& w) const {
  auto r = find_record(s, w.request.side, w.request.id);
  if (!r || r->gone) throw deleted_meanwhile();
  if (!r->partial) return *r;  // a follow-up that came twice, or late
  if (w.request.verb == "final") {
    r->partial = false;
    r->doc = w.doc;
  } else {
    r->parts[w.part] = w.doc;
  }
  store(s, m, w.request.side, *r);
  return *r;
}

}  // namespace syncline::memory
