// syncline status: how each pair stands, from the store alone.
#include <iostream>

#include "context.hpp"
#include "exit_code.hpp"
#include "output.hpp"

namespace syncline {

namespace {

json::object pair_status(Engine& engine, const PairConfig& p) {
  json::object o{{"pair", p.name}, {"kind", p.kind == PairConfig::Kind::queue ? "queue" : "user"}};
  const auto state = engine.find_pair(p);
  if (!state) {
    o["state"] = "never_run";
    return o;
  }
  const RunState run = engine.ledger().run(state->id);
  o["state"] = !run.error_code.empty() ? "failing" : !state->waiting.empty() ? "waits_for_confirmation" : "ok";
  o["last_pass"] = run.at_ms;
  o["last_success"] = run.success_ms;
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

void status(Context& context, bool as_json) {
  EngineOptions e;
  e.read_only = true;
  Engine engine(context.loaded(), e);
  json::array pairs;
  for (const PairConfig& p : engine.config().pairs) {
    json::object o = pair_status(engine, p);
    const std::string state(o.at("state").as_string());
    if (state == "failing") context.exit_code = std::max(context.exit_code, static_cast<int>(exit_code::items_failed));
    if (state == "waits_for_confirmation")
      context.exit_code = std::max(context.exit_code, static_cast<int>(exit_code::stopped));
    if (!as_json) {
      std::cout << p.name << ": " << state;
      if (const auto* at = o.if_contains("last_success"))
        std::cout << ", last success " << instant_text(at->to_number<std::int64_t>());
      if (const auto* q = o.if_contains("quarantined"); q != nullptr && q->to_number<std::int64_t>() != 0)
        std::cout << ", " << *q << " in quarantine";
      if (const auto* t = o.if_contains("totals"); t != nullptr && !t->as_object().empty())
        std::cout << ", so far " << json::serialize(*t);
      if (const auto* w = o.if_contains("waiting_for"))
        std::cout << "\n    waits for a person: " << json::serialize(*w) << " → syncline confirm " << p.name;
      if (const auto* x = o.if_contains("error")) std::cout << "\n    " << std::string_view(x->at("text").as_string());
      std::cout << "\n";
    }
    pairs.emplace_back(std::move(o));
  }
  if (as_json) std::cout << json::serialize(json::object{{"pairs", std::move(pairs)}}) << "\n";
}

}  // namespace

void add_status(CLI::App& app, Context& context) {
  auto as_json = std::make_shared<bool>(false);
  CLI::App* c = app.add_subcommand("status", "Shows how each pair stands; takes no lease and asks no server");
  c->add_flag("--json", *as_json, "As JSON");
  c->callback([&context, as_json] { status(context, *as_json); });
}

}  // namespace syncline
