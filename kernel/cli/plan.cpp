// syncline plan, syncline confirm: what a pass would do, and a person's yes to it.
#include <iostream>

#include "context.hpp"
#include "exit_code.hpp"
#include "output.hpp"
#include "report.hpp"

namespace syncline {

namespace {

/// A store that does not exist yet is planned over an empty one in memory only when reading it says so.
void plan(Context& context, const std::vector<std::string>& pairs, bool as_json) {
  const LoadedConfig& loaded = context.loaded();
  set_up_log({loaded.config.log.level, loaded.config.log.format, loaded.config.log.file});
  EngineOptions e;
  e.planning = true;
  Engine engine(loaded, e);
  const auto reports = engine.plan(pairs);
  bool writes = false, failed = false;
  json::array out;
  for (const PairReport& r : reports) {
    writes = writes || r.counts.created + r.counts.updated + r.counts.removed + r.counts.linked != 0;
    failed = failed || r.end == PairEnd::failed;
    if (as_json)
      out.emplace_back(report_json(r));
    else
      print_plan(r);
  }
  if (as_json)
    std::cout << json::serialize(json::object{{"pairs", std::move(out)}}) << "\n";
  else
    std::cout << "Nothing was written on either side. Reading alone may have marked mail as seen on some servers.\n";
  context.exit_code = failed ? exit_code_of(reports) : writes ? exit_code::changes_pending : exit_code::ok;
}

void confirm(Context& context, const std::string& name) {
  const LoadedConfig& loaded = context.loaded();
  const PairConfig& p = loaded.config.pair(name);
  EngineOptions e;
  e.requests_only = true;
  Engine engine(loaded, e);
  const auto state = engine.find_pair(p);
  if (!state)
    throw Error(SY_CONFIG,
                p.name + " has had no pass yet: run `syncline sync " + p.name + "` first, it says what waits");
  if (state->waiting.empty()) throw Error(SY_CONFIG, p.name + " waits for nothing");
  Request r;
  r.pair = state->id;
  r.id = engine.ledger().next_id();
  r.verb = "confirm";
  if (const auto* counts = state->waiting.if_contains("counts"); counts != nullptr && counts->is_object())
    r.args = counts->get_object();
  Batch b;
  b.put(r);
  engine.ledger().commit(b, {});
  std::cout << p.name << ": confirmed " << json::serialize(r.args) << "; the next pass goes on\n";
}

}  // namespace

void add_plan(CLI::App& app, Context& context) {
  auto pairs = std::make_shared<std::vector<std::string>>();
  auto as_json = std::make_shared<bool>(false);
  CLI::App* c = app.add_subcommand("plan", "Shows what a pass would do; writes nothing anywhere");
  c->add_option("pair", *pairs, "Users or queues by address; all if none is given");
  c->add_flag("--json", *as_json, "As JSON, with every operation");
  c->callback([&context, pairs, as_json] { plan(context, *pairs, *as_json); });
}

void add_confirm(CLI::App& app, Context& context) {
  auto name = std::make_shared<std::string>();
  CLI::App* c = app.add_subcommand(
      "confirm", "Says yes to what a pair waits for: its first run, or a mass change; once, for the counts shown");
  c->add_option("pair", *name, "User or queue by address")->required();
  c->callback([&context, name] { confirm(context, *name); });
}

}  // namespace syncline
