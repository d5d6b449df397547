// rule.hpp: base classes over filter.h and rule.h. Pure: const, no I/O, no clock but the facts; any thread.
#pragma once

#include "connection.h"
#include "endpoint.h"
#include "filter.h"
#include "plugin.hpp"
#include "rule.h"

namespace syncline {

struct Change {
  std::string_view kind, doc, facts;
  int side = SY_MAILBOX;
  std::uint32_t flags = 0;
};

struct Verdict {
  int decision = SY_PASS;
  std::string reason, args, doc;
};

struct Proposal {
  std::uint32_t verb = SY_CREATE;
  std::string_view kind, doc, facts;
  int side = SY_CRM;
  std::uint32_t flags = 0;
};

struct Ruling {
  int decision = SY_NO_OPINION;
  std::string reason, args, doc, looked_for, needs;
};

/// T has, beside what class_of wants: static constexpr kinds (JSON array or "") and reasons (JSON object).
template <class T>
class Filter {
 public:
  using Base = T;
  static constexpr const char* role = "filter";
  [[nodiscard]] static const void* table(const char* id) {
    static constexpr sy_filter made = {sizeof(sy_filter),
                                       {T::kinds, std::char_traits<char>::length(T::kinds)},
                                       {T::reasons, std::char_traits<char>::length(T::reasons)},
                                       [](void* self, const sy_change* c, const sy_verdict_sink* out, sy_error* e) {
                                         return guard(e, [&] {
                                           const Verdict v = static_cast<const T*>(self)->run(
                                               Change{view(c->kind), view(c->doc), view(c->facts), c->side, c->flags});
                                           const sy_verdict raw{sizeof(sy_verdict), v.decision, borrow(v.reason),
                                                                borrow(v.args), borrow(v.doc)};
                                           out->put(out, &raw);
                                         });
                                       }};
    return std::string_view(id) == "sy.filter/1" ? &made : nullptr;
  }
};

/// As Filter, and static constexpr wants (JSON array). A rule that looks records up also has
/// `std::vector<std::string> keys(const Proposal&) const`.
template <class T>
class Rule {
 public:
  using Base = T;
  static constexpr const char* role = "rule";
  [[nodiscard]] static const void* table(const char* id) {
    static constexpr sy_rule made = {sizeof(sy_rule),
                                     {T::kinds, std::char_traits<char>::length(T::kinds)},
                                     {T::wants, std::char_traits<char>::length(T::wants)},
                                     {T::reasons, std::char_traits<char>::length(T::reasons)},
                                     [](void* self, const sy_proposal* p, const sy_ruling_sink* out, sy_error* e) {
                                       return guard(e, [&] {
                                         const Ruling r = static_cast<const T*>(self)->judge(proposal(*p));
                                         const sy_ruling raw{sizeof(sy_ruling), r.decision,    borrow(r.reason),
                                                             borrow(r.args),    borrow(r.doc), borrow(r.looked_for),
                                                             borrow(r.needs)};
                                         out->put(out, &raw);
                                       });
                                     },
                                     keys_function()};
    return std::string_view(id) == "sy.rule/1" ? &made : nullptr;
  }

 private:
  static Proposal proposal(const sy_proposal& p) {
    return {p.verb, view(p.kind), view(p.doc), view(p.facts), p.side, p.flags};
  }
  static constexpr auto keys_function() -> decltype(sy_rule::keys) {
    if constexpr (requires(const T& t, const Proposal& p) { t.keys(p); })
      return [](void* self, const sy_proposal* p, const sy_texts* out, sy_error* e) {
        return guard(e, [&] {
          for (const std::string& key : static_cast<const T*>(self)->keys(proposal(*p)))
            if (out->put(out, borrow(key)) == 0) return;
        });
      };
    else
      return nullptr;
  }
};

}  // namespace syncline
