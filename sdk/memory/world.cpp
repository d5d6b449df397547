#include "world.hpp"

#include <fstream>
#include <sstream>

#include "record.hpp"
#include "world_meta.hpp"

namespace syncline::memory {
namespace {

struct Registry {
  std::mutex mutex;
  std::map<std::string, std::pair<std::filesystem::path, std::shared_ptr<World>>> worlds;
};

Registry& registry() {
  static Registry r;
  return r;
}

std::string fault_key(std::int64_t n) {
  const std::string digits = std::to_string(n);
  return "fault/" + std::string(digits.size() < 9 ? 9 - digits.size() : 0, '0') + digits;
}

}  // namespace

std::shared_ptr<World> World::named(const std::string& name, const std::filesystem::path& path) {
  Registry& r = registry();
  const std::lock_guard lock(r.mutex);
  auto& [known_path, world] = r.worlds[name];
  if (!world) {
    try {
      world = std::make_shared<World>(path);
    } catch (...) {
      r.worlds.erase(name);
      throw;
    }
    known_path = path;
  } else if (known_path != path) {
    throw Error(SY_CONFIG,
                "the world \"" + name + "\" is already open with another path: give each path its own world");
  }
  return world;
}

void World::forget(const std::string& name) {
  Registry& r = registry();
  const std::lock_guard lock(r.mutex);
  r.worlds.erase(name);
}

World::Meta World::meta(const Rows::Session& s) const {
  Meta m;
  if (const json::object* row = s.get("meta")) {
    m.seq = number_at(*row, "seq");
    m.epoch = number_at(*row, "epoch");
    m.requests = number_at(*row, "requests");
    m.effects = number_at(*row, "effects");
    m.now = number_at(*row, "now");
    m.last = number_at(*row, "last");
  }
  return m;
}

void World::save(Rows::Session& s, const Meta& m) const {
  s.put("meta", {{"seq", m.seq},
                 {"epoch", m.epoch},
                 {"requests", m.requests},
                 {"effects", m.effects},
                 {"now", m.now},
                 {"last", m.last}});
}

std::string World::add(int side, std::string_view box, std::string_view kind, json::object doc, std::int64_t at_ms) {
  Rows::Session s(rows_);
  Meta m = meta(s);
  if (at_ms != 0) m.now = at_ms;
  Record r;
  r.id = new_id(m, side);
  r.kind = kind;
  r.box = side == SY_MAILBOX ? lower(box) : std::string(box);
  r.doc = std::move(doc);
  store(s, m, side, r);
  save(s, m);
  s.commit();
  return r.id;
}

void World::edit(int side, const std::string& id, const json::object& merge_patch, std::int64_t at_ms) {
  change(side, id, at_ms, [&](Record& r) {
    if (r.gone) throw Error(SY_GONE, "there is no such item to edit");
    merge(r.doc, merge_patch);
  });
}

void World::remove(int side, const std::string& id, std::int64_t at_ms) {
  change(side, id, at_ms, [&](Record& r) {
    if (r.gone) throw Error(SY_GONE, "there is no such item to remove");
    r.gone = true;
  });
}

void World::change(int side, const std::string& id, std::int64_t at_ms, const std::function<void(Record&)>& how) {
  Rows::Session s(rows_);
  Meta m = meta(s);
  if (at_ms != 0) m.now = at_ms;
  auto r = find_record(s, side, id);
  if (!r) throw Error(SY_GONE, "there is no such item");
  how(*r);
  store(s, m, side, *r);
  save(s, m);
  s.commit();
}

void World::mark(int side, const std::string& id, const json::object& merge_patch) {
  change(side, id, 0, [&](Record& r) {
    merge(r.marks, merge_patch);
    if (const std::string owner = text_at(merge_patch, "owner"); side == SY_CRM && !owner.empty()) r.box = owner;
    r.marks.erase("owner");
  });
}

void World::hide(int side, const std::string& id, bool hidden) {
  change(side, id, 0, [&](Record& r) { r.hidden = hidden; });
}

std::string World::move(int side, const std::string& id) {
  Rows::Session s(rows_);
  Meta m = meta(s);
  auto old = find_record(s, side, id);
  if (!old || old->gone) throw Error(SY_GONE, "there is no such item to move");
  Record moved = *old;
  moved.id = new_id(m, side);
  moved.version = 0;
  old->gone = true;
  store(s, m, side, *old);
  store(s, m, side, moved);
  save(s, m);
  s.commit();
  return moved.id;
}

void World::restore(int side, const std::string& id) {
  change(side, id, 0, [&](Record& r) { r.gone = false; });
}

void World::store(Rows::Session& s, Meta& m, int side, Record& r) const {
  r.seq = ++m.seq;
  r.changed_ms = m.now;
  if (++r.version == 1) {
    r.born_seq = r.seq;
    r.born_ms = m.now;
  }
  if (r.gone) {
    r.parts.clear();
    if (!r.token.empty()) s.erase(token_key(side, r.token));
  } else if (!r.token.empty()) {
    s.put(token_key(side, r.token), {{"id", r.id}});
  }
  s.put(item_key(side, r.id), row_of(r));
}

std::optional<Record> World::record(int side, const std::string& id) {
  const Rows::Session s(rows_);
  return find_record(s, side, id);
}

std::vector<Record> World::records(int side, std::string_view kind) {
  const Rows::Session s(rows_);
  std::vector<Record> out;
  s.each(item_key(side, ""), [&](const std::string&, const json::object& row) {
    if (text_at(row, "kind") == kind && !flag_at(row, "gone")) out.push_back(record_of(row));
  });
  return out;
}

std::optional<std::string> World::content(int side, const std::string& id, const std::string& part) {
  const auto r = record(side, id);
  if (!r) return std::nullopt;
  const json::value* found = r->parts.if_contains(part);
  return found == nullptr || !found->is_object() ? std::nullopt : std::optional(bytes_of(found->get_object()));
}

std::int64_t World::effects() {
  const Rows::Session s(rows_);
  return meta(s).effects;
}

std::int64_t World::requests() {
  const Rows::Session s(rows_);
  return meta(s).requests;
}

json::object World::state() {
  const Rows::Session s(rows_);
  json::object out;
  for (const int side : {SY_MAILBOX, SY_CRM}) {
    json::object items;
    s.each(item_key(side, ""), [&](const std::string&, const json::object& row) {
      const Record r = record_of(row);
      json::object shown{{"kind", r.kind}, {"box", r.box}, {"doc", r.doc}, {"gone", r.gone}};
      if (r.partial) shown["partial"] = true;
      if (!r.parts.empty()) shown["parts"] = r.parts;
      items[r.id] = std::move(shown);
    });
    out[side_name(side)] = std::move(items);
  }
  return out;
}

void World::organization(std::string_view id, std::string_view name) {
  Rows::Session s(rows_);
  s.put("organization", {{"id", id}, {"name", name}});
  s.commit();
}

void World::principal(const json::object& who) {
  Rows::Session s(rows_);
  s.put("principal/" + lower(text_at(who, "address")), who);
  s.commit();
}

void World::party(const json::object& who) {
  Rows::Session s(rows_);
  s.put("party/" + lower(text_at(who, "address")) + "/" + text_at(who, "type") + "/" + text_at(who, "id"), who);
  s.commit();
}

void World::arm(const Fault& f) {
  Rows::Session s(rows_);
  Meta m = meta(s);
  s.put(fault_key(++m.last), f.to_json());
  save(s, m);
  s.commit();
}

void World::arm_from(const std::filesystem::path& file) {
  std::ifstream in(file);
  if (!in) throw Error(SY_CONFIG, "faults: " + file.string() + " cannot be read");
  std::ostringstream content_of_file;
  content_of_file << in.rdbuf();
  boost::system::error_code failed;
  const json::value list = json::parse(content_of_file.str(), failed);
  if (failed || !list.is_array()) throw Error(SY_CONFIG, "faults: " + file.string() + " is not a JSON array of faults");
  Rows::Session s(rows_);
  Meta m = meta(s);
  const std::string armed_key = "armed/" + file.string();
  if (s.get(armed_key) != nullptr) return;
  for (const json::value& v : list.get_array()) {
    if (!v.is_object()) throw Error(SY_CONFIG, "faults: " + file.string() + " is not a JSON array of faults");
    s.put(fault_key(++m.last), Fault::from(v.get_object()).to_json());
  }
  s.put(armed_key, {});
  save(s, m);
  s.commit();
}

void World::disarm() {
  Rows::Session s(rows_);
  std::vector<std::string> keys;
  s.each("fault/", [&](const std::string& key, const json::object&) { keys.push_back(key); });
  for (const std::string& key : keys) s.erase(key);
  s.commit();
}

std::size_t World::armed() {
  const Rows::Session s(rows_);
  std::size_t n = 0;
  s.each("fault/", [&](const std::string&, const json::object&) { ++n; });
  return n;
}

void World::reset_cursors() {
  Rows::Session s(rows_);
  Meta m = meta(s);
  ++m.epoch;
  save(s, m);
  s.commit();
}

// The first fault that fits strikes; one that still lets requests pass is counted down, and so is the one that strikes.
std::optional<Fault> World::meet(Rows::Session& s, Meta& m, const Request& r) const {
  std::vector<std::pair<std::string, Fault>> armed_now;
  s.each("fault/",
         [&](const std::string& key, const json::object& row) { armed_now.emplace_back(key, Fault::from(row)); });
  for (auto& [key, f] : armed_now) {
    if (!f.fits(r, m.effects)) continue;
    if (f.skip > 0) {
      --f.skip;
      s.put(key, f.to_json());
      continue;
    }
    const bool last = f.times == 1;
    if (f.times > 0) --f.times;
    if (last)
      s.erase(key);
    else
      s.put(key, f.to_json());
    return f;
  }
  return std::nullopt;
}

}  // namespace syncline::memory
