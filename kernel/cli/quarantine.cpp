// syncline quarantine list, show, retry, drop: what waits for a person.
#include <unistd.h>

#include <cstdlib>
#include <iostream>

#include "context.hpp"
#include "items.hpp"
#include "output.hpp"

namespace syncline {

namespace {

json::object facts_of(const PairState& p, const Quarantined& q) {
  return {{"pair", p.name},   {"item", q.id},        {"side", name_of(q.side)},
          {"kind", q.kind},   {"code", q.code},      {"reason", q.reason},
          {"stage", q.stage}, {"since", q.since_ms}, {"attempts", q.attempts}};
}

void list(Context& context, bool as_json) {
  EngineOptions e;
  e.read_only = true;
  Engine engine(context.loaded(), e);
  json::array out;
  for (const PairState& p : engine.ledger().pairs())
    for (const Quarantined& q : engine.ledger().quarantine(p.id)) {
      json::object o = facts_of(p, q);
      if (!as_json)
        std::cout << p.name << ": " << q.kind << " " << q.id << " since " << instant_text(q.since_ms) << " by "
                  << q.stage << ": " << q.code << ": " << q.reason << "\n";
      out.emplace_back(std::move(o));
    }
  if (as_json)
    std::cout << json::serialize(json::object{{"items", std::move(out)}}) << "\n";
  else if (out.empty())
    std::cout << "nothing is in quarantine\n";
}

void retry(Context& context, const std::string& item) {
  EngineOptions e;
  e.requests_only = true;
  Engine engine(context.loaded(), e);
  std::size_t n = 0;
  for (const PairState& p : engine.ledger().pairs()) {
    bool any = false;
    for (const Quarantined& q : engine.ledger().quarantine(p.id))
      if (item.empty() || q.id == item) {
        any = true;
        ++n;
      }
    if (!any) continue;
    Request r;
    r.pair = p.id;
    r.id = engine.ledger().next_id();
    r.verb = "retry";
    if (!item.empty()) r.args["item"] = item;
    Batch b;
    b.put(r);
    engine.ledger().commit(b, {});
  }
  if (n == 0) throw Error(SY_GONE, item.empty() ? "nothing is in quarantine" : "no item " + item + " is in quarantine");
  std::cout << n << " item(s) will be tried again by the next pass\n";
}

/// Who asks, for the trace: whoever has logged in, also behind sudo.
std::string who_asks() {
  for (const char* name : {"SUDO_USER", "USER", "LOGNAME"})
    if (const char* value = std::getenv(name); value != nullptr && *value != '\0') return value;
  return "uid " + std::to_string(::getuid());
}

/// The quarantined items that are meant; throws SY_GONE when there is none.
std::vector<std::pair<PairState, Quarantined>> meant(Engine& engine, const std::string& item) {
  std::vector<std::pair<PairState, Quarantined>> out;
  for (const FoundItem& f : find_items(engine, item))
    if (auto q = engine.ledger().quarantined(f.pair.id, f.seen.side, f.seen.id))
      out.emplace_back(f.pair, std::move(*q));
  if (out.empty()) throw Error(SY_GONE, "no item " + item + " is in quarantine; `syncline quarantine list` shows them");
  return out;
}

void show(Context& context, const std::string& item, bool as_json) {
  EngineOptions e;
  e.read_only = true;
  Engine engine(context.loaded(), e);
  json::array out;
  for (const auto& [pair, q] : meant(engine, item)) {
    json::object o = facts_of(pair, q);
    json::array steps;
    if (const auto seen = engine.ledger().seen(q.pair, q.side, q.id))
      for (json::object& step : engine.ledger().activity(q.pair, seen->trace))
        steps.emplace_back(step_with_words(engine, std::move(step)));
    if (!as_json) {
      std::cout << q.kind << " " << q.id << " in the " << name_of(q.side) << " of " << pair.name << "\n  since "
                << instant_text(q.since_ms) << ", " << q.attempts << " attempt(s), by " << q.stage << "\n  " << q.code
                << ": " << q.reason << "\n";
      for (const auto& step : steps) print_step(step.as_object());
      std::cout << "  then: `syncline quarantine retry " << q.id
                << "` when its cause is mended, or `syncline quarantine "
                << "drop " << q.id << "`\n";
    }
    o["steps"] = std::move(steps);
    out.emplace_back(std::move(o));
  }
  if (as_json) std::cout << json::serialize(json::object{{"items", std::move(out)}}) << "\n";
}

void drop(Context& context, const std::string& item) {
  EngineOptions e;
  e.requests_only = true;
  Engine engine(context.loaded(), e);
  for (const auto& [pair, q] : meant(engine, item)) {
    Request r;
    r.pair = pair.id;
    r.id = engine.ledger().next_id();
    r.verb = "drop";
    r.args = {{"item", q.id}, {"by", who_asks()}};
    Batch b;
    b.put(r);
    engine.ledger().commit(b, {});
    std::cout << pair.name << ": " << q.kind << " " << q.id << " will be dropped by the next pass\n";
  }
}

}  // namespace

void add_quarantine(CLI::App& app, Context& context) {
  CLI::App* q = app.add_subcommand("quarantine", "Items that failed for good or that a person must look at");
  q->require_subcommand(1);
  auto as_json = std::make_shared<bool>(false);
  CLI::App* l = q->add_subcommand("list", "Shows them with their reasons");
  l->add_flag("--json", *as_json, "As JSON");
  l->callback([&context, as_json] { list(context, *as_json); });
  auto item = std::make_shared<std::string>();
  CLI::App* r = q->add_subcommand("retry", "Has them tried again by the next pass");
  r->add_option("item", *item, "One item by its id; all if none is given");
  r->callback([&context, item] { retry(context, *item); });
  auto shown = std::make_shared<std::string>();
  auto show_json = std::make_shared<bool>(false);
  CLI::App* sh = q->add_subcommand("show", "Shows one with every step that led there");
  sh->add_option("item", *shown, "Its id in the mailbox (POP3: the UIDL), its id in the CRM, or a mail's Message-ID")
      ->required();
  sh->add_flag("--json", *show_json, "As JSON");
  sh->callback([&context, shown, show_json] { show(context, *shown, *show_json); });
  auto dropped = std::make_shared<std::string>();
  CLI::App* d =
      q->add_subcommand("drop", "Gives one up: it is not tried again until it changes; its trace tells who did");
  d->add_option("item", *dropped, "Its id in the mailbox (POP3: the UIDL), its id in the CRM, or a mail's Message-ID")
      ->required();
  d->callback([&context, dropped] { drop(context, *dropped); });
}

}  // namespace syncline
