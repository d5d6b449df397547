// syncline status: how each pair stands, from the store alone.
#include <iostream>

#include "context.hpp"
#include "exit_code.hpp"
#include "output.hpp"

namespace syncline {

namespace {

constexpr std::int64_t late_after_intervals = 3;

struct Options {
  bool json = false;
  std::int64_t max_age_s = 0;
};

/// From which age on the last success is too old; nullopt: nobody has said how often there should be one.
std::optional<std::int64_t> freshness(const RunState& run, const Options& o) {
  if (o.max_age_s != 0) return o.max_age_s * 1000;
  if (run.interval_ms != 0) return run.interval_ms * late_after_intervals;
  return std::nullopt;
}

json::object pair_status(Engine& engine, const PairConfig& p, const PairState* state, const Options& options,
                         std::int64_t now) {
  json::object o{{"pair", p.name}, {"kind", p.kind == PairConfig::Kind::queue ? "queue" : "user"}};
  if (state == nullptr) {
    o["state"] = "never_run";
    return o;
  }
  const RunState run = engine.ledger().run(state->id);
  const auto limit = freshness(run, options);
  const std::int64_t age = std::max<std::int64_t>(now - run.success_ms, 0);
  const bool late = limit && age > *limit;
  o["state"] = !state->waiting.empty()   ? "waits_for_confirmation"
               : !run.error_code.empty() ? "failing"
               : late                    ? "late"
                                         : "ok";
  o["last_pass"] = run.at_ms;
  o["last_success"] = run.success_ms;
  if (run.success_ms != 0) o["age"] = age;
  if (limit) o["late"] = late;
  if (run.next_ms != 0) o["next_pass"] = run.next_ms;
  if (run.interval_ms != 0) o["interval"] = run.interval_ms;
  if (!run.error_code.empty()) o["error"] = json::object{{"code", run.error_code}, {"text", run.error_text}};
  if (!state->waiting.empty()) o["waiting_for"] = state->waiting;
  o["waiting_items"] = run.waiting;
  o["quarantined"] = engine.ledger().quarantine(state->id).size();
  o["totals"] = state->counters;
  o["last"] = run.last;
  if (const auto holder = engine.store().holder(CallBudget(std::chrono::seconds(10)), Engine::lease_name(state->id)))
    o["instance"] = json::object{{"name", holder->owner}, {"fence", holder->fence}, {"until", holder->until_ms}};
  return o;
}

void print(const json::object& o) {
  const std::string name(o.at("pair").as_string());
  const std::string_view state = o.at("state").as_string();
  std::cout << name << ": " << state;
  if (state == "never_run")
    std::cout << ", no pass has reached both its sides yet: see `syncline doctor " << name << "`";
  if (const auto* at = o.if_contains("last_success"))
    std::cout << ", last success " << instant_text(at->to_number<std::int64_t>());
  if (const auto* at = o.if_contains("next_pass"))
    std::cout << ", next pass " << instant_text(at->to_number<std::int64_t>());
  if (const auto* q = o.if_contains("quarantined"); q != nullptr && q->to_number<std::int64_t>() != 0)
    std::cout << ", " << *q << " in quarantine";
  if (const auto* t = o.if_contains("totals"); t != nullptr && !t->as_object().empty())
    for (const char* before = ", so far "; const auto& [what, n] : t->as_object()) {
      std::cout << before << n << " " << std::string_view(what);
      before = ", ";
    }
  if (const auto* w = o.if_contains("waiting_for"))
    std::cout << "\n    waits for a person: " << json::serialize(*w) << " → syncline confirm " << name;
  if (const auto* x = o.if_contains("error")) std::cout << "\n    " << std::string_view(x->at("text").as_string());
  std::cout << "\n";
}

void status(Context& context, const Options& options) {
  EngineOptions e;
  e.read_only = true;
  Engine engine(context.loaded(), e);
  const std::int64_t now = system_clock()();
  std::map<std::string, PairState, std::less<>> states;
  for (PairState& s : engine.ledger().pairs()) states[s.name] = std::move(s);
  json::array pairs;
  for (const PairConfig& p : engine.config().pairs) {
    const auto state = states.find(p.name);
    json::object o = pair_status(engine, p, state == states.end() ? nullptr : &state->second, options, now);
    const std::string_view word = o.at("state").as_string();
    // A pair that no pass has ever reached is as silent as one that fails: whoever watches must hear of it.
    if (word == "failing" || word == "late" || word == "never_run")
      context.exit_code = std::max(context.exit_code, static_cast<int>(exit_code::items_failed));
    if (word == "waits_for_confirmation")
      context.exit_code = std::max(context.exit_code, static_cast<int>(exit_code::stopped));
    if (!options.json) print(o);
    pairs.emplace_back(std::move(o));
  }
  if (options.json) std::cout << json::serialize(json::object{{"pairs", std::move(pairs)}}) << "\n";
}

}  // namespace

void add_status(CLI::App& app, Context& context) {
  auto o = std::make_shared<Options>();
  CLI::App* c = app.add_subcommand("status",
                                   "Shows how each pair stands; takes no lease and asks no server. Exit code 1: "
                                   "failing, late or never run, 2: waits");
  c->add_flag("--json", o->json, "As JSON");
  c->add_option("--max-age", o->max_age_s,
                "Seconds after which a last success is late; else three times the pause that the daemon makes")
      ->check(CLI::PositiveNumber);
  c->callback([&context, o] { status(context, *o); });
}

}  // namespace syncline
