#include "ledger_json.hpp"

#include <charconv>

namespace syncline {

namespace {

std::string str(const json::object& o, std::string_view name) {
  const auto* v = o.if_contains(name);
  return v != nullptr && v->is_string() ? std::string(v->get_string()) : std::string();
}
std::int64_t num(const json::object& o, std::string_view name) {
  const auto* v = o.if_contains(name);
  return v != nullptr && v->is_number() ? v->to_number<std::int64_t>() : 0;
}
bool flag(const json::object& o, std::string_view name) {
  const auto* v = o.if_contains(name);
  return v != nullptr && v->is_bool() && v->get_bool();
}
json::object obj(const json::object& o, std::string_view name) {
  const auto* v = o.if_contains(name);
  return v != nullptr && v->is_object() ? v->get_object() : json::object();
}
const json::array& list(const json::object& o, std::string_view name) {
  static const json::array none;
  const auto* v = o.if_contains(name);
  return v != nullptr && v->is_array() ? v->get_array() : none;
}
std::vector<std::string> texts(const json::object& o, std::string_view name) {
  std::vector<std::string> out;
  for (const auto& v : list(o, name)) out.emplace_back(v.as_string());
  return out;
}
Side side_from(const json::object& o) { return str(o, "side") == "crm" ? Side::crm : Side::mailbox; }

/// Only what is set is written: rows stay short.
void set(json::object& o, std::string_view name, const std::string& v) {
  if (!v.empty()) o[name] = v;
}
void set(json::object& o, std::string_view name, std::int64_t v) {
  if (v != 0) o[name] = v;
}
void set(json::object& o, std::string_view name, bool v) {
  if (v) o[name] = true;
}
void set(json::object& o, std::string_view name, const json::object& v) {
  if (!v.empty()) o[name] = v;
}
void set(json::object& o, std::string_view name, const std::vector<std::string>& v) {
  if (!v.empty()) o[name] = json::array(v.begin(), v.end());
}

std::string hex(std::uint64_t v) {
  std::array<char, 17> buf{};
  const auto end = std::to_chars(buf.data(), buf.data() + buf.size(), v, 16).ptr;
  return {buf.data(), end};
}
std::uint64_t unhex(const std::string& s) {
  std::uint64_t v = 0;
  std::from_chars(s.data(), s.data() + s.size(), v, 16);
  return v;
}

json::object op_json(const IntentOp& v) {
  json::object o{{"side", name_of(v.side)}, {"verb", static_cast<std::int64_t>(v.op.verb)}, {"kind", v.op.kind}};
  set(o, "id", v.op.id);
  set(o, "if_version", v.op.if_version);
  set(o, "token", v.op.token);
  if (!v.op.doc.empty()) o["doc"] = parse_object(v.op.doc, "an operation's document");
  set(o, "fields", v.op.fields);
  if (!v.op.marks.empty()) o["marks"] = parse_object(v.op.marks, "an operation's marks");
  set(o, "source_id", v.source_id);
  set(o, "source_version", v.source_version);
  set(o, "source_doc", v.source_doc);
  set(o, "link", v.link);
  set(o, "key", v.key);
  set(o, "generation", v.generation);
  set(o, "reason", v.reason);
  set(o, "remade", v.remade);
  set(o, "helper", v.helper);
  set(o, "needs", v.needs);
  set(o, "attempts", std::int64_t{v.attempts});
  return o;
}

IntentOp op_from(const json::object& o) {
  IntentOp v;
  v.side = side_from(o);
  v.op.verb = static_cast<std::uint32_t>(num(o, "verb"));
  v.op.kind = str(o, "kind");
  v.op.id = str(o, "id");
  v.op.if_version = str(o, "if_version");
  v.op.token = str(o, "token");
  if (const auto* d = o.if_contains("doc")) v.op.doc = json::serialize(*d);
  v.op.fields = str(o, "fields");
  if (const auto* m = o.if_contains("marks")) v.op.marks = json::serialize(*m);
  v.source_id = str(o, "source_id");
  v.source_version = str(o, "source_version");
  v.source_doc = obj(o, "source_doc");
  v.link = num(o, "link");
  v.key = str(o, "key");
  v.generation = num(o, "generation");
  v.reason = str(o, "reason");
  v.remade = flag(o, "remade");
  v.helper = flag(o, "helper");
  v.needs = texts(o, "needs");
  v.attempts = static_cast<int>(num(o, "attempts"));
  return v;
}

}  // namespace

json::object to_json(const Link& v) {
  json::object o{{"pair", v.pair}, {"kind", v.kind}, {"state", name_of(v.state)}};
  for (const Side s : both_sides) {
    json::object side;
    set(side, "id", v.side[s].id);
    set(side, "version", v.side[s].version);
    if (v.side[s].hash != 0) side["hash"] = hex(v.side[s].hash);
    if (v.side[s].written != 0) side["written"] = hex(v.side[s].written);
    set(o, name_of(s), side);
  }
  set(o, "cause", v.cause);
  set(o, "owner", v.owner);
  set(o, "by_hand", v.by_hand);
  set(o, "key", v.key);
  set(o, "token", v.token);
  set(o, "generation", v.generation);
  set(o, "since", v.since_ms);
  set(o, "confirm_walk", v.confirm_walk);
  if (v.confirm_side == Side::mailbox) o["confirm_side"] = "mailbox";
  set(o, "never", v.never);
  return o;
}

Link link_from(const json::object& o) {
  Link v;
  v.pair = num(o, "pair");
  v.kind = str(o, "kind");
  const std::string state = str(o, "state");
  v.state = state == "live" ? LinkState::live : state == "tombstone" ? LinkState::tombstone : LinkState::unconfirmed;
  for (const Side s : both_sides) {
    const json::object side = obj(o, name_of(s));
    v.side[s] = {str(side, "id"), str(side, "version"), unhex(str(side, "hash")), unhex(str(side, "written"))};
  }
  v.cause = str(o, "cause");
  v.owner = str(o, "owner");
  v.by_hand = flag(o, "by_hand");
  v.key = str(o, "key");
  v.token = str(o, "token");
  v.generation = num(o, "generation");
  v.since_ms = num(o, "since");
  v.confirm_walk = num(o, "confirm_walk");
  v.confirm_side = str(o, "confirm_side") == "mailbox" ? Side::mailbox : Side::crm;
  v.never = texts(o, "never");
  return v;
}

json::object to_json(const Seen& v) {
  json::object o{{"id", v.id}, {"kind", v.kind}};
  set(o, "version", v.version);
  set(o, "link", v.link);
  set(o, "verdict", v.verdict);
  set(o, "reason", v.reason);
  set(o, "args", v.args);
  set(o, "stage", v.stage);
  set(o, "fingerprint", v.fingerprint);
  set(o, "keys", v.keys);
  set(o, "waits", v.waits);
  if (!v.trace.empty()) o["trace"] = json::array(v.trace.begin(), v.trace.end());
  return o;
}

Seen seen_from(const json::object& o) {
  Seen v;
  v.id = str(o, "id");
  v.kind = str(o, "kind");
  v.version = str(o, "version");
  v.link = num(o, "link");
  v.verdict = str(o, "verdict");
  v.reason = str(o, "reason");
  v.args = obj(o, "args");
  v.stage = str(o, "stage");
  v.fingerprint = str(o, "fingerprint");
  v.keys = texts(o, "keys");
  v.waits = texts(o, "waits");
  for (const auto& t : list(o, "trace")) v.trace.push_back(t.to_number<std::int64_t>());
  return v;
}

json::object to_json(const Pending& v) {
  json::object o{{"id", v.id}, {"kind", v.kind}};
  set(o, "version", v.version);
  set(o, "gone", v.gone);
  set(o, "waited", v.waited);
  set(o, "since", v.since_ms);
  set(o, "not_before", v.not_before_ms);
  set(o, "attempts", std::int64_t{v.attempts});
  set(o, "waits_for", v.waits_for);
  set(o, "stage", v.stage);
  set(o, "reason", v.reason);
  if (!v.args.empty()) o["args"] = v.args;
  return o;
}

Pending pending_from(const json::object& o) {
  Pending v;
  v.id = str(o, "id");
  v.kind = str(o, "kind");
  v.version = str(o, "version");
  v.gone = flag(o, "gone");
  v.waited = flag(o, "waited");
  v.since_ms = num(o, "since");
  v.not_before_ms = num(o, "not_before");
  v.attempts = static_cast<int>(num(o, "attempts"));
  v.waits_for = str(o, "waits_for");
  v.stage = str(o, "stage");
  v.reason = str(o, "reason");
  if (const auto* a = o.if_contains("args"); a != nullptr && a->is_object()) v.args = a->get_object();
  return v;
}

json::object to_json(const Intent& v) {
  json::array ops;
  for (const IntentOp& op : v.ops)
    if (!op.done) ops.emplace_back(op_json(op));
  return {{"ops", std::move(ops)}};
}

Intent intent_from(const json::object& o) {
  Intent v;
  for (const auto& op : list(o, "ops")) v.ops.push_back(op_from(op.as_object()));
  return v;
}

json::object to_json(const Claim& v) {
  json::object o{{"key", v.key}, {"pair", v.pair}, {"token", v.token}, {"since", v.since_ms}};
  set(o, "generation", v.generation);
  return o;
}
Claim claim_from(const json::object& o) {
  Claim v;
  v.key = str(o, "key");
  v.pair = num(o, "pair");
  v.token = str(o, "token");
  v.since_ms = num(o, "since");
  v.generation = num(o, "generation");
  return v;
}

json::object to_json(const Known& v) {
  json::object o{{"key", v.key}};
  json::array links, waiters;
  for (const KnownLink& l : v.links)
    links.emplace_back(json::object{{"pair", l.pair}, {"link", l.link}, {"record", l.record}});
  for (const Waiter& w : v.waiters)
    waiters.emplace_back(json::object{
        {"pair", w.pair}, {"side", name_of(w.side)}, {"id", w.id}, {"kind", w.kind}, {"version", w.version}});
  if (!links.empty()) o["links"] = std::move(links);
  if (!waiters.empty()) o["waiters"] = std::move(waiters);
  set(o, "generation", v.generation);
  return o;
}
Known known_from(const json::object& o) {
  Known v;
  v.key = str(o, "key");
  for (const auto& l : list(o, "links")) {
    const auto& i = l.as_object();
    v.links.push_back({num(i, "pair"), num(i, "link"), str(i, "record")});
  }
  for (const auto& w : list(o, "waiters")) {
    const auto& i = w.as_object();
    v.waiters.push_back({num(i, "pair"), side_from(i), str(i, "id"), str(i, "kind"), str(i, "version")});
  }
  v.generation = num(o, "generation");
  return v;
}

json::object to_json(const Quarantined& v) {
  json::object o{{"id", v.id}, {"kind", v.kind}, {"code", v.code}, {"reason", v.reason}};
  set(o, "version", v.version);
  set(o, "stage", v.stage);
  set(o, "fingerprint", v.fingerprint);
  set(o, "args", v.args);
  set(o, "since", v.since_ms);
  set(o, "attempts", std::int64_t{v.attempts});
  return o;
}
Quarantined quarantined_from(const json::object& o) {
  Quarantined v;
  v.id = str(o, "id");
  v.kind = str(o, "kind");
  v.version = str(o, "version");
  v.code = str(o, "code");
  v.reason = str(o, "reason");
  v.stage = str(o, "stage");
  v.fingerprint = str(o, "fingerprint");
  v.args = obj(o, "args");
  v.since_ms = num(o, "since");
  v.attempts = static_cast<int>(num(o, "attempts"));
  return v;
}

json::object to_json(const FeedState& v) {
  json::object o{{"name", v.name}};
  set(o, "walk", v.walk);
  set(o, "in_walk", v.in_walk);
  set(o, "listed_at", v.listed_ms);
  if (!v.pairs.empty()) o["pairs"] = json::array(v.pairs.begin(), v.pairs.end());
  set(o, "complete_walk", v.complete_walk);
  set(o, "complete_at", v.complete_at_ms);
  return o;
}
FeedState feed_from(const json::object& o) {
  FeedState v;
  v.name = str(o, "name");
  v.walk = num(o, "walk");
  v.in_walk = flag(o, "in_walk");
  v.listed_ms = num(o, "listed_at");
  for (const auto& p : list(o, "pairs")) v.pairs.push_back(p.to_number<std::int64_t>());
  v.complete_walk = num(o, "complete_walk");
  v.complete_at_ms = num(o, "complete_at");
  return v;
}

json::object to_json(const PairState& v) {
  json::object o{{"key", v.key}, {"name", v.name}, {"kind", v.kind}, {"org", v.org}};
  set(o, "address", v.address);
  set(o, "principal", v.principal);
  set(o, "organization", v.organization);
  set(o, "confirmed", v.confirmed);
  set(o, "confirmed_at", v.confirmed_ms);
  set(o, "fingerprint", v.fingerprint);
  set(o, "waiting", v.waiting);
  set(o, "allowed", v.allowed);
  set(o, "counters", v.counters);
  set(o, "mailbox", v.mailbox);
  if (!v.kinds.empty()) o["kinds"] = json::value_from(v.kinds);
  return o;
}
PairState pair_from(const json::object& o) {
  PairState v;
  v.key = str(o, "key");
  v.name = str(o, "name");
  v.kind = str(o, "kind");
  v.org = num(o, "org");
  v.address = str(o, "address");
  v.principal = str(o, "principal");
  v.organization = str(o, "organization");
  v.confirmed = flag(o, "confirmed");
  v.confirmed_ms = num(o, "confirmed_at");
  v.fingerprint = str(o, "fingerprint");
  v.waiting = obj(o, "waiting");
  v.allowed = obj(o, "allowed");
  v.counters = obj(o, "counters");
  v.mailbox = str(o, "mailbox");
  if (const auto* k = o.if_contains("kinds")) v.kinds = json::value_to<std::vector<std::string>>(*k);
  return v;
}

json::object to_json(const RunState& v) {
  json::object o{{"at", v.at_ms}};
  set(o, "success_at", v.success_ms);
  set(o, "error_code", v.error_code);
  set(o, "error", v.error_text);
  set(o, "waiting", v.waiting);
  set(o, "last", v.last);
  set(o, "next", v.next_ms);
  set(o, "interval", v.interval_ms);
  set(o, "passes", v.passes);
  return o;
}
RunState run_from(const json::object& o) {
  RunState v;
  v.at_ms = num(o, "at");
  v.success_ms = num(o, "success_at");
  v.error_code = str(o, "error_code");
  v.error_text = str(o, "error");
  v.waiting = num(o, "waiting");
  v.last = obj(o, "last");
  v.next_ms = num(o, "next");
  v.interval_ms = num(o, "interval");
  v.passes = num(o, "passes");
  return v;
}

json::object to_json(const Request& v) {
  json::object o{{"verb", v.verb}, {"args", v.args}};
  set(o, "at", v.at_ms);
  set(o, "done", v.done);
  return o;
}
Request request_from(const json::object& o) {
  Request v;
  v.verb = str(o, "verb");
  v.args = obj(o, "args");
  v.at_ms = num(o, "at");
  v.done = obj(o, "done");
  return v;
}

}  // namespace syncline
