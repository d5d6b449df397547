// Laws of the mapping: what is created is read back; an update leads from any document to any other, and touches
// nothing else.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "test_items.hpp"

namespace syncline::exchange::testing {
namespace {

constexpr std::int64_t now_ms = 1'772'366'400'000;  // 2026-03-01T12:00:00Z

WriteContext context(bool derives) {
  WriteContext out;
  out.now_ms = now_ms;
  out.derives_task_state = derives;
  return out;
}

/// A text that is one for every program: no control characters, no blanks at the ends.
std::string some_text(const char* separator) {
  static const std::vector<std::string> pieces{"a", "B",   "7",    "&",      "<",          ">",      "\"", "'",
                                               ";", "]]>", "&#0;", "\u00E4", "\U0001F600", "\u202E", "\\", "%20"};
  std::string out = *rc::gen::elementOf(pieces);
  for (int n = *rc::gen::inRange(0, 5); n > 0; --n) {
    if (*rc::gen::inRange(0, 3) == 0) out += separator;
    out += *rc::gen::elementOf(pieces);
  }
  return out;
}

std::string some_day() {
  char text[16];
  const int n = std::snprintf(text, sizeof text, "%04d-%02d-%02d", *rc::gen::inRange(1605, 2025),
                              *rc::gen::inRange(1, 13), *rc::gen::inRange(1, 29));
  return {text, static_cast<std::size_t>(n)};
}

bool maybe() { return *rc::gen::inRange(0, 2) == 0; }

json::array some_categories() {
  json::array out;
  for (int n = *rc::gen::inRange(1, 4); n > 0; --n) out.emplace_back(some_text(", "));
  return out;
}

json::object some_address() {
  json::object out;
  for (const char* part : {"street", "city", "state", "postal_code", "country"})
    if (maybe()) out[part] = some_text(part == std::string_view("street") ? "\n" : " ");
  if (out.empty()) out["city"] = "X";
  return out;
}

json::object some_contact() {
  json::object out;
  const json::value names = json::parse(fields("contact"));
  for (const json::value& each : names.as_array()) {
    const std::string name(each.as_string());
    if (!maybe()) continue;
    if (name == "birthday" || name == "anniversary")
      out[name] = some_day();
    else if (name == "categories")
      out[name] = some_categories();
    else if (name.ends_with("_address"))
      out[name] = some_address();
    else
      out[name] = some_text(name == "notes" ? "\n" : name == "children" ? ", " : name.starts_with("email") ? "@" : " ");
  }
  return out;
}

json::object some_task() {
  const std::string status = *rc::gen::elementOf(
      std::vector<std::string>{"not_started", "in_progress", "waiting", "completed", "canceled", "deferred"});
  const bool done = status == "completed" || status == "canceled";
  json::object out{{"importance", *rc::gen::elementOf(std::vector<std::string>{"low", "normal", "high"})},
                   {"status", status}};
  out["percent"] = done ? 100 : status == "not_started" ? 0 : *rc::gen::inRange(0, 100);
  if (status == "completed") out["completed"] = some_day();
  if (maybe()) out["subject"] = some_text(" ");
  if (maybe()) out["notes"] = some_text("\n");
  if (maybe()) out["categories"] = some_categories();
  if (maybe()) out["start"] = some_day();
  if (maybe()) out["due"] = some_day();
  return out;
}

json::object some_document(const std::string& kind) { return kind == "contact" ? some_contact() : some_task(); }

std::vector<std::string> all_fields(const std::string& kind) {
  std::vector<std::string> out;
  const json::value names = json::parse(fields(kind));
  for (const json::value& each : names.as_array()) out.emplace_back(each.as_string());
  return out;
}

void created_is_read_back(const std::string& kind) {
  const bool derives = maybe();
  const json::object document = some_document(kind);
  const Created created = create(kind, document, context(derives));
  RC_ASSERT(created.never.empty());
  RC_ASSERT(StoredItem(created.xml, "2026-03-01", derives).read(kind).document == document);
}

void update_leads_there(const std::string& kind) {
  const bool derives = maybe();
  const json::object from = some_document(kind);
  const json::object to = some_document(kind);
  StoredItem item(create(kind, from, context(derives)).xml, "2026-03-01", derives);
  const Updated updated = update(kind, to, all_fields(kind), item.read(kind), context(derives));
  RC_ASSERT(updated.never.empty());
  item.apply(updated.changes);
  RC_ASSERT(item.read(kind).document == to);
}

/// Groups of a task are written as one, by the kernel's order.
void update_touches_what_is_named(const std::string& kind) {
  const json::object from = some_document(kind);
  const json::object other = some_document(kind);
  json::object wanted = from;
  std::vector<std::string> named;
  const bool state = maybe();
  for (const std::string& name : all_fields(kind)) {
    const bool is_state = name == "status" || name == "percent" || name == "completed";
    if (is_state ? !state : !maybe()) continue;
    named.push_back(name);
    wanted.erase(name);
    if (other.contains(name)) wanted[name] = other.at(name);
  }
  StoredItem item(create(kind, from, context(true)).xml, "2026-03-01", true);
  item.apply(update(kind, wanted, named, item.read(kind), context(true)).changes);
  RC_ASSERT(item.read(kind).document == wanted);
}

RC_GTEST_PROP(ExchangeItemLaws, a_created_contact_is_read_back, ()) { created_is_read_back("contact"); }
RC_GTEST_PROP(ExchangeItemLaws, a_created_task_is_read_back, ()) { created_is_read_back("task"); }
RC_GTEST_PROP(ExchangeItemLaws, an_update_leads_from_any_contact_to_any, ()) { update_leads_there("contact"); }
RC_GTEST_PROP(ExchangeItemLaws, an_update_leads_from_any_task_to_any, ()) { update_leads_there("task"); }
RC_GTEST_PROP(ExchangeItemLaws, H38_an_update_of_a_contact_touches_what_it_names, ()) {
  update_touches_what_is_named("contact");
}
RC_GTEST_PROP(ExchangeItemLaws, H38_an_update_of_a_task_touches_what_it_names, ()) {
  update_touches_what_is_named("task");
}

}  // namespace
}  // namespace syncline::exchange::testing
