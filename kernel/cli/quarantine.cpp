// syncline quarantine list, retry: what waits for a person.
#include <iostream>

#include "context.hpp"
#include "output.hpp"

namespace syncline {

namespace {

void list(Context& context, bool as_json) {
  EngineOptions e;
  e.read_only = true;
  Engine engine(context.loaded(), e);
  json::array out;
  for (const PairState& p : engine.ledger().pairs())
    for (const Quarantined& q : engine.ledger().quarantine(p.id)) {
      json::object o{{"pair", p.name},   {"item", q.id},        {"side", name_of(q.side)},
                     {"kind", q.kind},   {"code", q.code},      {"reason", q.reason},
                     {"stage", q.stage}, {"since", q.since_ms}, {"attempts", q.attempts}};
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
}

}  // namespace syncline
