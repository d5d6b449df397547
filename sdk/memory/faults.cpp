#include "faults.hpp"

#include <array>
#include <utility>

#include "syncline/connection.h"
#include "syncline/plugin.hpp"

namespace syncline::memory {
namespace {

constexpr std::array<std::pair<std::string_view, Mishap>, 12> names{{{"lost", Mishap::lost},
                                                                     {"answer_lost", Mishap::answer_lost},
                                                                     {"late", Mishap::late},
                                                                     {"foreign_edit", Mishap::foreign_edit},
                                                                     {"throttle", Mishap::throttle},
                                                                     {"invalid", Mishap::invalid},
                                                                     {"gone", Mishap::gone},
                                                                     {"denied", Mishap::denied},
                                                                     {"auth", Mishap::auth},
                                                                     {"broken", Mishap::broken},
                                                                     {"reset", Mishap::reset},
                                                                     {"hang", Mishap::hang}}};

std::string text_of(const json::object& o, std::string_view key) {
  const json::value* v = o.if_contains(key);
  return v != nullptr && v->is_string() ? std::string(v->get_string()) : std::string();
}

std::int64_t number_of(const json::object& o, std::string_view key, std::int64_t fallback) {
  const json::value* v = o.if_contains(key);
  if (v == nullptr) return fallback;
  boost::system::error_code failed;
  const auto n = v->to_number<std::int64_t>(failed);
  if (failed) throw Error(SY_CONFIG, "faults: " + std::string(key) + " is not a whole number");
  return n;
}

}  // namespace

Mishap mishap_of(std::string_view name) {
  for (const auto& [n, m] : names)
    if (n == name) return m;
  throw Error(SY_CONFIG, "faults: there is no mishap called \"" + std::string(name) + "\"");
}

std::string_view name_of(Mishap m) {
  for (const auto& [n, mishap] : names)
    if (mishap == m) return n;
  return "lost";
}

bool Fault::fits(const Request& r, std::int64_t effect_number) const {
  if (effect != 0 && (!r.writes || effect != effect_number)) return false;
  return (side == 0 || side == r.side) && (verb.empty() || verb == r.verb) && (kind.empty() || kind == r.kind) &&
         (id.empty() || id == r.id);
}

json::object Fault::to_json() const {
  return {
      {"do", name_of(mishap)}, {"effect", effect}, {"side", side == 0 ? "" : side == SY_MAILBOX ? "mailbox" : "crm"},
      {"verb", verb},          {"kind", kind},     {"id", id},
      {"skip", skip},          {"times", times},   {"retry_after_ms", retry_after_ms},
      {"after", after},        {"edit", edit}};
}

Fault Fault::from(const json::object& o) {
  Fault f;
  f.mishap = mishap_of(text_of(o, "do"));
  f.effect = number_of(o, "effect", 0);
  const std::string side = text_of(o, "side");
  if (!side.empty() && side != "mailbox" && side != "crm")
    throw Error(SY_CONFIG, "faults: side must be \"mailbox\" or \"crm\"");
  f.side = side.empty() ? 0 : side == "mailbox" ? SY_MAILBOX : SY_CRM;
  f.verb = text_of(o, "verb");
  f.kind = text_of(o, "kind");
  f.id = text_of(o, "id");
  f.skip = number_of(o, "skip", 0);
  f.times = number_of(o, "times", 1);
  f.retry_after_ms = number_of(o, "retry_after_ms", 0);
  f.after = number_of(o, "after", 1);
  if (const json::value* edit = o.if_contains("edit"); edit != nullptr && edit->is_object())
    f.edit = edit->get_object();
  return f;
}

}  // namespace syncline::memory
