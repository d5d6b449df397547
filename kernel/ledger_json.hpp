// ledger_json.hpp: rows as JSON documents: what an administrator reads with sqlite3. Absent members are defaults, so an
// older row is read by a newer program.
#pragma once

#include "ledger.hpp"

namespace syncline {

json::object to_json(const Link& v);
json::object to_json(const Seen& v);
json::object to_json(const Pending& v);
json::object to_json(const Intent& v);
json::object to_json(const Claim& v);
json::object to_json(const Known& v);
json::object to_json(const Quarantined& v);
json::object to_json(const FeedState& v);
json::object to_json(const PairState& v);
json::object to_json(const RunState& v);
json::object to_json(const Request& v);

Link link_from(const json::object& o);
Seen seen_from(const json::object& o);
Pending pending_from(const json::object& o);
Intent intent_from(const json::object& o);
Claim claim_from(const json::object& o);
Known known_from(const json::object& o);
Quarantined quarantined_from(const json::object& o);
FeedState feed_from(const json::object& o);
PairState pair_from(const json::object& o);
RunState run_from(const json::object& o);
Request request_from(const json::object& o);

}  // namespace syncline
