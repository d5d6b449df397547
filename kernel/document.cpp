#include "document.hpp"

#include <algorithm>
#include <map>
#include <syncline/plugin.hpp>

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace syncline {

namespace {

bool is_empty(const json::value& v) {
  switch (v.kind()) {
    case json::kind::null: return true;
    case json::kind::string: return v.get_string().empty();
    case json::kind::array: return v.get_array().empty();
    case json::kind::object: return v.get_object().empty();
    default: return false;
  }
}

std::string with_lf(std::string_view s) {
  std::string out;
  out.reserve(s.size());
  for (std::size_t i = 0; i < s.size(); ++i) {
    if (s[i] != '\r')
      out.push_back(s[i]);
    else if (i + 1 >= s.size() || s[i + 1] != '\n')
      out.push_back('\n');
  }
  return out;
}

void write_canonical(const json::value& v, std::string& out) {
  if (const auto* o = v.if_object()) {
    std::vector<const json::key_value_pair*> members;
    members.reserve(o->size());
    for (const auto& m : *o) members.push_back(&m);
    std::sort(members.begin(), members.end(), [](auto* l, auto* r) { return l->key() < r->key(); });
    out.push_back('{');
    for (std::size_t i = 0; i < members.size(); ++i) {
      if (i != 0) out.push_back(',');
      out += json::serialize(json::string_view(members[i]->key()));
      out.push_back(':');
      write_canonical(members[i]->value(), out);
    }
    out.push_back('}');
  } else if (const auto* a = v.if_array()) {
    out.push_back('[');
    for (std::size_t i = 0; i < a->size(); ++i) {
      if (i != 0) out.push_back(',');
      write_canonical((*a)[i], out);
    }
    out.push_back(']');
  } else {
    out += json::serialize(v);
  }
}

const json::value* field(const json::object& o, std::string_view name) { return o.if_contains(name); }

bool same(const json::value* l, const json::value* r) {
  if (l == nullptr || r == nullptr) return l == r;
  return *l == *r;
}

/// The record that an item is about is written when a person says so, and is no part of what both sides have.
constexpr std::string_view crm_only = "regarding";

bool carries(const std::optional<std::set<std::string>>& carried, std::string_view name) {
  if (name == crm_only) return false;
  return !carried || carried->contains(std::string(name));
}

std::set<std::string> fields_of(const json::object& l, const json::object& r) {
  std::set<std::string> names;
  for (const auto& m : l) names.insert(std::string(m.key()));
  for (const auto& m : r) names.insert(std::string(m.key()));
  return names;
}

}  // namespace

json::object parse_object(std::string_view text, std::string_view what) {
  json::error_code ec;
  json::value v = json::parse(text, ec);
  if (ec || !v.is_object()) throw Error(SY_BROKEN, std::string(what) + " is not a JSON object");
  return std::move(v.get_object());
}

json::object normalise(json::object doc) {
  json::object out;
  for (auto& m : doc) {
    if (is_empty(m.value())) continue;
    if (auto* s = m.value().if_string())
      out[m.key()] = with_lf(*s);
    else
      out[m.key()] = std::move(m.value());
  }
  return out;
}

std::string canonical_text(const json::value& v) {
  std::string out;
  write_canonical(v, out);
  return out;
}

std::uint64_t content_hash(const json::object& doc) {
  const std::string text = canonical_text(doc);
  return XXH3_64bits(text.data(), text.size());
}

std::int64_t key_hash(std::string_view text) {
  return static_cast<std::int64_t>(XXH3_64bits(text.data(), text.size()) >> 1);
}

std::string_view group_of(std::string_view kind, std::string_view field_name) {
  if (kind == "task" && (field_name == "status" || field_name == "percent" || field_name == "completed"))
    return "state";
  if (kind == "contact" && (field_name == "firstname" || field_name == "middlename" || field_name == "lastname" ||
                            field_name == "suffix" || field_name == "salutation"))
    return "name";
  return field_name;
}

std::set<std::string> changed_groups(std::string_view kind, const json::object& now, const json::object& base,
                                     const std::optional<std::set<std::string>>& carried) {
  std::set<std::string> out;
  for (const std::string& name : fields_of(now, base))
    if (carries(carried, name) && !same(field(now, name), field(base, name)))
      out.insert(std::string(group_of(kind, name)));
  return out;
}

namespace {

class Merger {
 public:
  explicit Merger(const MergeInput& in) : in_(in) {
    out_.wanted = in.now;
    for (const Side s : both_sides)
      for (const std::string& n : fields_of(in.now[s], in.base[s]))
        groups_[std::string(group_of(in.kind, n))].insert(n);
  }

  Merge run() {
    Sides<std::set<std::string>> changed;
    for (const Side s : both_sides) changed[s] = changed_groups(in_.kind, in_.now[s], in_.base[s], in_.carried[s]);
    std::set<std::string> names = changed.mailbox;
    names.insert(changed.crm.begin(), changed.crm.end());
    for (const std::string& g : names) {
      const bool m = changed.mailbox.contains(g), c = changed.crm.contains(g);
      if (m && c)
        both_changed(g);
      else
        carry(g, m ? Side::mailbox : Side::crm);
    }
    return std::move(out_);
  }

 private:
  bool equal(const std::string& g) const {
    return std::all_of(groups_.at(g).begin(), groups_.at(g).end(), [&](const std::string& n) {
      return !carries(in_.carried.mailbox, n) || !carries(in_.carried.crm, n) ||
             same(field(in_.now.mailbox, n), field(in_.now.crm, n));
    });
  }

  void both_changed(const std::string& g) {
    if (equal(g)) return;
    Side winner = Side::crm;
    switch (in_.policy) {
      case ConflictPolicy::manual: out_.open_conflicts.push_back(g); return;
      case ConflictPolicy::crm_wins: break;
      case ConflictPolicy::mailbox_wins: winner = Side::mailbox; break;
      case ConflictPolicy::last_writer: winner = in_.newer.value_or(Side::crm); break;
    }
    Loser lost{g, other(winner), {}};
    for (const std::string& n : groups_.at(g))
      if (const auto* v = field(in_.now[lost.side], n)) lost.value[n] = *v;
    out_.losers.push_back(std::move(lost));
    carry(g, winner);
  }

  void carry(const std::string& g, Side from) {
    const Side to = other(from);
    for (const std::string& n : groups_.at(g)) {
      if (!carries(in_.carried[from], n) || !carries(in_.carried[to], n)) continue;  // unknown is not empty
      const auto* v = field(in_.now[from], n);
      if (same(v, field(in_.now[to], n))) continue;
      if (v != nullptr)
        out_.wanted[to][n] = *v;
      else
        out_.wanted[to].erase(n);
      out_.fields[to].push_back(n);
    }
  }

  const MergeInput& in_;
  std::map<std::string, std::set<std::string>> groups_;
  Merge out_;
};

}  // namespace

Merge merge(const MergeInput& in) { return Merger(in).run(); }

std::string pack_base(const Sides<json::object>& base) {
  json::object differs;
  for (const std::string& n : fields_of(base.mailbox, base.crm)) {
    const auto* c = field(base.crm, n);
    if (!same(field(base.mailbox, n), c)) differs[n] = c == nullptr ? json::value(nullptr) : *c;
  }
  json::object out{{"doc", base.mailbox}};
  if (!differs.empty()) out["crm"] = std::move(differs);
  return canonical_text(out);
}

Sides<json::object> unpack_base(std::string_view payload) {
  Sides<json::object> out;
  if (payload.empty()) return out;
  json::object o = parse_object(payload, "a link's base");
  if (auto* d = o.if_contains("doc")) out.mailbox = d->as_object();
  out.crm = out.mailbox;
  if (auto* d = o.if_contains("crm"))
    for (auto& m : d->as_object()) {
      if (m.value().is_null())
        out.crm.erase(m.key());
      else
        out.crm[m.key()] = m.value();
    }
  return out;
}

}  // namespace syncline
