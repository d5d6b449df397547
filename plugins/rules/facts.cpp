#include "facts.hpp"

#include <algorithm>
#include <syncline/formats/time.hpp>

namespace syncline::rules {

namespace {
json::object parse(std::string_view text, const char* what) {
  json::error_code ec;
  json::value v = json::parse(text, ec);
  if (ec || !v.is_object()) throw Error(SY_BROKEN, std::string(what) + " is not a JSON object");
  return std::move(v.get_object());
}

/// The facts of a proposal are the same text for every rule that it passes: they are parsed for the first one.
std::shared_ptr<const json::object> parsed_facts(std::string_view text) {
  struct Last {
    std::string text;
    std::shared_ptr<const json::object> parsed;
  };
  thread_local Last last;
  if (last.parsed == nullptr || last.text != text) {
    last.parsed = std::make_shared<const json::object>(parse(text, "the facts"));
    last.text = text;
  }
  return last.parsed;
}
}  // namespace

Case::Case(const Proposal& p)
    : doc(parse(p.doc, "the proposal's document")), held(parsed_facts(p.facts)), facts(*held) {}

std::string text_of(const json::object& o, std::string_view name) {
  const auto* v = o.if_contains(name);
  return v != nullptr && v->is_string() ? std::string(v->get_string()) : std::string();
}

std::int64_t number_of(const json::object& o, std::string_view name, std::int64_t otherwise) {
  const auto* v = o.if_contains(name);
  return v != nullptr && v->is_number() ? v->to_number<std::int64_t>() : otherwise;
}

bool flag_of(const json::object& o, std::string_view name) {
  const auto* v = o.if_contains(name);
  return v != nullptr && v->is_bool() && v->get_bool();
}

std::string Case::text(std::string_view field) const { return text_of(doc, field); }

const json::object& Case::user() const {
  static const json::object none;
  const auto* u = facts.if_contains("user");
  return u != nullptr && u->is_object() ? u->get_object() : none;
}

const json::value* Case::setting(std::string_view dotted) const {
  const json::value* at = user().if_contains("settings");
  while (at != nullptr && at->is_object()) {
    const auto dot = dotted.find('.');
    at = at->get_object().if_contains(dotted.substr(0, dot));
    if (dot == std::string_view::npos) return at;
    dotted.remove_prefix(dot + 1);
  }
  return nullptr;
}

bool Case::enabled(std::string_view dotted, bool otherwise) const {
  const json::value* v = setting(dotted);
  return v != nullptr && v->is_bool() ? v->get_bool() : otherwise;
}

std::int64_t Case::number(std::string_view dotted, std::int64_t otherwise) const {
  const json::value* v = setting(dotted);
  return v != nullptr && v->is_number() ? v->to_number<std::int64_t>() : otherwise;
}

std::string Case::word(std::string_view dotted, std::string_view otherwise) const {
  const json::value* v = setting(dotted);
  return std::string(v != nullptr && v->is_string() ? std::string_view(v->get_string()) : otherwise);
}

std::vector<std::string> Case::words(std::string_view dotted) const {
  std::vector<std::string> out;
  if (const json::value* v = setting(dotted); v != nullptr && v->is_array())
    for (const json::value& e : v->get_array())
      if (e.is_string()) out.emplace_back(e.get_string());
  return out;
}

bool Case::asked() const { return facts.contains("request"); }

bool Case::of_queue() const { return text_of(user(), "kind") == "queue"; }

const json::array* Case::records(std::string_view key) const {
  const auto* all = facts.if_contains("records_by_key");
  if (all == nullptr || !all->is_object()) return nullptr;
  const auto* found = all->get_object().if_contains(key);
  static const json::array nothing;  // not asked for: an earlier rule has altered what the key is made of
  return found != nullptr && found->is_array() ? &found->get_array() : &nothing;
}

bool Case::in_page(std::string_view key) const {
  const auto* page = facts.if_contains("page");
  return page != nullptr && page->is_array() &&
         std::any_of(page->get_array().begin(), page->get_array().end(),
                     [&](const json::value& v) { return v.is_string() && std::string_view(v.get_string()) == key; });
}

bool Case::is(std::string_view address, std::string_view type) const {
  const json::array* who = candidates(address);
  return who != nullptr && std::any_of(who->begin(), who->end(), [&](const json::value& c) {
           return c.is_object() && text_of(c.get_object(), "type") == type;
         });
}

std::vector<json::object> Case::addresses(std::string_view field) const {
  std::vector<json::object> out;
  const auto* v = doc.if_contains(field);
  if (v == nullptr) return out;
  if (v->is_object())
    out.push_back(v->get_object());
  else if (v->is_array())
    for (const auto& a : v->get_array())
      if (a.is_object()) out.push_back(a.get_object());
  return out;
}

const json::array* Case::candidates(std::string_view address) const {
  const auto* all = facts.if_contains("parties");
  if (all == nullptr || !all->is_object()) return nullptr;
  const auto* v = all->get_object().if_contains(address);
  return v != nullptr && v->is_array() ? &v->get_array() : nullptr;
}

bool is_new_mail(const Proposal& p) { return p.verb == SY_CREATE && p.kind == "email" && p.side == SY_CRM; }

std::optional<std::int64_t> instant(const json::object& o, std::string_view name) {
  const std::string t = text_of(o, name);
  return t.empty() ? std::nullopt : formats::from_iso(t);
}

json::object reference(const std::string& type, const std::string& id) { return {{"type", type}, {"id", id}}; }

json::object with_code(Code code, json::object args) {
  args["code"] = static_cast<int>(code);
  return args;
}

Ruling say(int decision, std::string reason, const json::object& args) {
  Ruling r;
  r.decision = decision;
  r.reason = std::move(reason);
  if (!args.empty()) r.args = json::serialize(args);
  return r;
}

}  // namespace syncline::rules
