// faults.hpp: what may go wrong with a request to a world, and when. A fault is armed in the world (and so survives a
// killed process) and is spent when a request meets it.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <string>
#include <string_view>

namespace syncline::memory {
namespace json = boost::json;

enum class Mishap {
  lost,          ///< the request never arrives: SY_RETRY, nothing done
  answer_lost,   ///< it is carried out and its answer is lost: SY_RETRY
  late,          ///< SY_RETRY now; carried out `after` requests later, even if the caller has died by then
  foreign_edit,  ///< another person edits the item just before the request
  throttle,      ///< SY_RETRY with retry_after_ms
  invalid,       ///< SY_INVALID
  gone,          ///< SY_GONE
  denied,        ///< SY_DENIED
  auth,          ///< SY_AUTH
  broken,        ///< SY_BROKEN
  reset,         ///< SY_RESET
  hang           ///< no answer until the call is canceled or its deadline has passed
};

/// Names as in files: "lost", "answer_lost", …; throws SY_CONFIG for another.
Mishap mishap_of(std::string_view name);
std::string_view name_of(Mishap);

/// What a request says of itself. Verbs: create, update, delete, draft, part, final, fetch, find, page, identity,
/// parties, records, probe.
struct Request {
  int side = 0;
  std::string verb, kind, id;
  bool writes = false;
};

struct Fault {
  Mishap mishap = Mishap::lost;
  std::int64_t effect = 0;     ///< the n-th write of the world, from 1; 0: any request that fits the rest
  int side = 0;                ///< SY_MAILBOX, SY_CRM; 0: both
  std::string verb, kind, id;  ///< empty: any
  std::int64_t skip = 0;       ///< so many that fit pass first
  std::int64_t times = 1;      ///< how often it strikes; < 0: always
  std::int64_t retry_after_ms = 0;
  std::int64_t after = 1;  ///< late: how many requests later it lands
  json::object edit;       ///< foreign_edit: a merge patch; empty: another value in `notes`

  [[nodiscard]] bool fits(const Request&, std::int64_t effect_number) const;
  [[nodiscard]] json::object to_json() const;
  static Fault from(const json::object&);
};

}  // namespace syncline::memory
