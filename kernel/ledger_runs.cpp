// The run log, and the requests of all pairs.
#include <algorithm>

#include "ledger.hpp"
#include "ledger_json.hpp"

namespace syncline {

namespace {

json::object to_json(const RunEntry& v) {
  json::object o{{"number", v.number},     {"start", v.start_ms},      {"end", v.end_ms},
                 {"bytes_in", v.bytes_in}, {"bytes_out", v.bytes_out}, {"result", v.good ? 1 : 0}};
  if (!v.error_code.empty()) o["error_code"] = v.error_code;
  o["counts"] = v.counts;
  return o;
}

RunEntry entry_from(const json::object& o) {
  const auto number = [&](std::string_view name) {
    const auto* v = o.if_contains(name);
    return v != nullptr && v->is_number() ? v->to_number<std::int64_t>() : 0;
  };
  RunEntry v;
  v.number = number("number");
  v.start_ms = number("start");
  v.end_ms = number("end");
  v.bytes_in = number("bytes_in");
  v.bytes_out = number("bytes_out");
  v.good = number("result") == 1;
  if (const auto* code = o.if_contains("error_code"); code != nullptr && code->is_string())
    v.error_code = std::string(code->get_string());
  if (const auto* counts = o.if_contains("counts"); counts != nullptr && counts->is_object())
    v.counts = counts->get_object();
  return v;
}

}  // namespace

void Batch::put(const RunEntry& r) {
  writes_.push_back(
      {"run_log", {r.pair, r.number % run_entries_kept}, false, SY_ANY_REVISION, json::serialize(to_json(r)), {}});
}

std::vector<RunEntry> Ledger::run_log(std::int64_t pair_id) {
  std::vector<RunEntry> out;
  for (const StoredRow& row : rows_.scan({"run_log", {pair_id}}, {}, 0)) {
    out.push_back(entry_from(parse_object(row.doc, "a run log row")));
    out.back().pair = pair_id;
  }
  std::sort(out.begin(), out.end(), [](const RunEntry& l, const RunEntry& r) { return l.number < r.number; });
  return out;
}

std::vector<Request> Ledger::requests_of_all(std::size_t limit) {
  std::vector<Request> out;
  for (const StoredRow& row : rows_.scan({"request", {}}, {}, limit)) {
    Request r = request_from(parse_object(row.doc, "a request row"));
    r.pair = row.key[0];
    r.id = row.key[1];
    out.push_back(std::move(r));
  }
  return out;
}

}  // namespace syncline
