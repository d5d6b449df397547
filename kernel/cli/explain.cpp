// syncline explain: every step of an item, the verdict and its reason in words, from the store alone.
#include <iostream>

#include "context.hpp"
#include "items.hpp"
#include "output.hpp"

namespace syncline {

namespace {

json::object describe(Engine& engine, const FoundItem& f) {
  json::object o{{"pair", f.pair.name},
                 {"item", f.seen.id},
                 {"side", name_of(f.seen.side)},
                 {"kind", f.seen.kind},
                 {"verdict", f.seen.verdict},
                 {"stage", f.seen.stage},
                 {"reason", f.seen.reason},
                 {"args", f.seen.args},
                 {"words", words_of(engine, f.seen.stage, f.seen.reason, f.seen.args)}};
  if (f.link)
    o["link"] = json::object{{"id", f.link->id},           {"state", name_of(f.link->state)},
                             {"cause", f.link->cause},     {"mailbox", f.link->side.mailbox.id},
                             {"crm", f.link->side.crm.id}, {"key", f.link->key}};
  if (auto q = engine.ledger().quarantined(f.pair.id, f.seen.side, f.seen.id))
    o["quarantine"] =
        json::object{{"code", q->code}, {"reason", q->reason}, {"attempts", q->attempts}, {"since", q->since_ms}};
  if (auto p = engine.ledger().pending(f.pair.id, f.seen.side, f.seen.id)) {
    o["pending"] = json::object{{"since", p->since_ms},
                                {"not_before", p->not_before_ms},
                                {"attempts", p->attempts},
                                {"waits_for", p->waits_for}};
    if (!p->reason.empty() && f.seen.verdict.empty()) {
      o["verdict"] = "waits";
      o["stage"] = p->stage;
      o["reason"] = p->reason;
      o["args"] = p->args;
      o["words"] = words_of(engine, p->stage, p->reason, p->args);
    }
  }
  json::array steps;
  for (json::object& step : engine.ledger().activity(f.pair.id, f.seen.trace)) {
    steps.emplace_back(step_with_words(engine, std::move(step)));
  }
  o["steps"] = std::move(steps);
  return o;
}

void print(const json::object& o) {
  const auto text = [&](std::string_view name) { return std::string_view(o.at(name).as_string()); };
  std::cout << text("kind") << " " << text("item") << " in the " << text("side") << " of " << text("pair") << "\n  "
            << text("verdict");
  if (!text("stage").empty()) std::cout << " by " << text("stage");
  if (!text("words").empty()) std::cout << ": " << text("words");
  std::cout << "\n";
  if (const auto* l = o.if_contains("link"))
    std::cout << "  linked to " << std::string_view(l->at("crm").as_string()) << " ("
              << std::string_view(l->at("state").as_string()) << ", link " << l->at("id") << ")\n";
  if (const auto* q = o.if_contains("quarantine"))
    std::cout << "  in quarantine: " << std::string_view(q->at("reason").as_string())
              << "; `syncline quarantine retry` tries again\n";
  if (const auto* p = o.if_contains("pending"))
    std::cout << "  pending since " << instant_text(p->at("since").to_number<std::int64_t>()) << ", attempts "
              << p->at("attempts") << "\n";
  for (const auto& v : o.at("steps").as_array()) print_step(v.as_object());
}

void explain(Context& context, const std::string& item, bool as_json) {
  EngineOptions e;
  e.read_only = true;
  Engine engine(context.loaded(), e);
  const auto found = need_items(engine, item);
  json::array out;
  for (const FoundItem& f : found) {
    json::object o = describe(engine, f);
    if (!as_json) print(o);
    out.emplace_back(std::move(o));
  }
  if (as_json) std::cout << json::serialize(json::object{{"items", std::move(out)}}) << "\n";
}

}  // namespace

void add_explain(CLI::App& app, Context& context) {
  auto item = std::make_shared<std::string>();
  auto as_json = std::make_shared<bool>(false);
  CLI::App* c = app.add_subcommand(
      "explain", "Shows each step of an item: what was decided, by which stage, why, and what was done");
  c->add_option("item", *item, "Its id in the mailbox (POP3: the UIDL), its id in the CRM, or a mail's Message-ID")
      ->required();
  c->add_flag("--json", *as_json, "As JSON");
  c->callback([&context, item, as_json] { explain(context, *item, *as_json); });
}

}  // namespace syncline
