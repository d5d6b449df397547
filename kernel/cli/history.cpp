// syncline history: everything that is remembered of an item, or of the last passes; from the store alone.
#include <iostream>

#include "context.hpp"
#include "items.hpp"
#include "output.hpp"

namespace syncline {

namespace {

struct Options {
  std::string item, pair;
  std::size_t limit = 20;
  bool json = false;
};

std::int64_t count(const json::object& counts, std::string_view name) {
  const auto* v = counts.if_contains(name);
  return v != nullptr && v->is_number() ? v->to_number<std::int64_t>() : 0;
}

json::object entry_json(const std::string& pair, const RunEntry& r) {
  json::object o{{"pair", pair},
                 {"start", r.start_ms},
                 {"end", r.end_ms},
                 {"bytes_in", r.bytes_in},
                 {"bytes_out", r.bytes_out},
                 {"inserted", count(r.counts, "created")},
                 {"updated", count(r.counts, "updated")},
                 {"deleted", count(r.counts, "deleted")},
                 {"result", r.good ? 1 : 0}};
  if (!r.error_code.empty()) o["error_code"] = r.error_code;
  return o;
}

void passes(Engine& engine, const Options& options) {
  json::array out;
  for (const PairState& p : engine.ledger().pairs()) {
    if (!options.pair.empty() && engine.config().pair(options.pair).name != p.name) continue;
    const auto log = engine.ledger().run_log(p.id);
    for (std::size_t i = log.size() > options.limit ? log.size() - options.limit : 0; i < log.size(); ++i)
      out.emplace_back(entry_json(p.name, log[i]));
  }
  if (options.json) {
    std::cout << json::serialize(json::object{{"passes", std::move(out)}}) << "\n";
    return;
  }
  for (const auto& v : out) {
    const auto& o = v.as_object();
    std::cout << instant_text(o.at("start").to_number<std::int64_t>()) << "  "
              << std::string_view(o.at("pair").as_string()) << "  "
              << o.at("end").to_number<std::int64_t>() - o.at("start").to_number<std::int64_t>() << " ms, "
              << o.at("bytes_in") << " bytes in, " << o.at("bytes_out") << " out, " << o.at("inserted") << " inserted, "
              << o.at("updated") << " updated, " << o.at("deleted") << " deleted, result " << o.at("result");
    if (const auto* code = o.if_contains("error_code")) std::cout << " (" << std::string_view(code->as_string()) << ")";
    std::cout << "\n";
  }
  if (out.empty()) std::cout << "no pass is remembered\n";
}

/// Every step of an item's two sides; `explain` shows only those that its verdict rests on.
json::array steps_of(Engine& engine, const FoundItem& f) {
  json::array out;
  std::int64_t after = 0;
  for (auto page = engine.ledger().activity_page(f.pair.id, after, 1000); !page.empty();
       page = engine.ledger().activity_page(f.pair.id, after, 1000))
    for (auto& [seq, step] : page) {
      after = seq;
      const std::string_view item = step.at("item").as_string(), side = step.at("side").as_string();
      const bool mine = item == f.seen.id && side == name_of(f.seen.side);
      const bool linked = f.link && ((side == name_of(Side::crm) && item == f.link->side.crm.id) ||
                                     (side == name_of(Side::mailbox) && item == f.link->side.mailbox.id));
      if (mine || linked) out.emplace_back(step_with_words(engine, std::move(step)));
    }
  return out;
}

void item(Engine& engine, const Options& options) {
  json::array out;
  for (const FoundItem& f : need_items(engine, options.item)) {
    if (!options.pair.empty() && engine.config().pair(options.pair).name != f.pair.name) continue;
    json::array steps = steps_of(engine, f);
    if (!options.json) {
      std::cout << f.seen.kind << " " << f.seen.id << " of " << f.pair.name << ", now " << f.seen.verdict << "\n";
      for (const auto& s : steps) print_step(s.as_object());
    }
    out.emplace_back(json::object{
        {"pair", f.pair.name}, {"item", f.seen.id}, {"verdict", f.seen.verdict}, {"steps", std::move(steps)}});
  }
  if (options.json) std::cout << json::serialize(json::object{{"items", std::move(out)}}) << "\n";
}

void history(Context& context, const Options& options) {
  EngineOptions e;
  e.read_only = true;
  Engine engine(context.loaded(), e);
  if (options.item.empty())
    passes(engine, options);
  else
    item(engine, options);
}

}  // namespace

void add_history(CLI::App& app, Context& context) {
  auto o = std::make_shared<Options>();
  CLI::App* c = app.add_subcommand(
      "history", "Shows all that is remembered of an item; without one, the last passes and what each moved");
  c->add_option("item", o->item, "Its id in the mailbox (POP3: the UIDL), its id in the CRM, or a mail's Message-ID");
  c->add_option("--pair", o->pair, "Only this user or queue");
  c->add_option("--limit", o->limit, "Passes of each pair that are shown")->default_val(20)->check(CLI::Range(1, 100));
  c->add_flag("--json", o->json, "As JSON");
  c->callback([&context, o] { history(context, *o); });
}

}  // namespace syncline
