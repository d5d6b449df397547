// syncline track, regarding, untrack, tracking: what a person asks of one item. The request is a row in the store
// first; whoever may run the pair's passes carries it out: this command when nobody else does, else the one that runs.
#include <iostream>
#include <thread>

#include "context.hpp"
#include "exit_code.hpp"
#include "items.hpp"
#include "output.hpp"
#include "report.hpp"

namespace syncline {

namespace {

struct Options {
  std::string item, user, record;
  bool remove = false, json = false;
  int wait_s = 60;
};

json::object record_of(const std::string& text) {
  const auto at = text.find_first_of(":/");
  if (at == std::string::npos || at == 0 || at + 1 == text.size())
    throw Error(SY_CONFIG, "\"" + text + "\" is no record: write TYPE:ID, for example opportunity:6f0c…");
  return {{"type", text.substr(0, at)}, {"id", text.substr(at + 1)}};
}

std::string sentence(Engine& engine, const json::object& done) {
  return words_of(engine, std::string_view(done.at("stage").as_string()),
                  std::string_view(done.at("reason").as_string()), done.at("args").as_object());
}

/// The request's row, once it is answered.
std::optional<Request> answered(Engine& engine, const Request& asked) {
  for (Request& r : engine.ledger().requests(asked.pair))
    if (r.id == asked.id && !r.done.empty()) return std::move(r);
  return std::nullopt;
}

/// A pass for this item alone, when nobody else runs this pair. False: somebody does.
bool carry_out(Context& context, const FoundItem& found) {
  try {
    Engine engine(context.loaded(), EngineOptions{});
    SyncOptions s;
    s.only = {found.seen.side, found.seen.id};
    const PairReport r = engine.pass(engine.config().pair(found.pair.name), s);
    if (r.end == PairEnd::failed) throw Error(r.code, r.error);
    return r.end != PairEnd::held_elsewhere;
  } catch (const Error& e) {
    if (e.server_code() == "instance_busy") return false;
    throw;
  }
}

int code_of(const json::object& done) {
  const std::string_view verdict = done.at("verdict").as_string(), reason = done.at("reason").as_string();
  if (reason == "gone_in_crm" || reason == "update_refused" || reason == "delete_unsupported" ||
      reason == "not_offered" || reason == "source_gone")
    return exit_code::items_failed;
  return verdict == "refused" || verdict == "quarantined" ? exit_code::items_failed : exit_code::ok;
}

void ask(Context& context, const std::string& verb, const Options& o) {
  const LoadedConfig& loaded = context.loaded();
  set_up_log(
      {context.log_level.empty() ? "warn" : loaded.config.log.level, loaded.config.log.format, loaded.config.log.file});
  Request r;
  FoundItem found;
  {
    EngineOptions e;
    e.requests_only = true;
    Engine engine(loaded, e);
    found = need_item_of(engine, o.item, o.user);
    r.pair = found.pair.id;
    r.id = engine.ledger().next_id();
    r.at_ms = system_clock()();
    r.verb = verb;
    r.args = {{"side", name_of(found.seen.side)},
              {"item", found.seen.id},
              {"kind", found.seen.kind},
              {"by", found.delegate.empty() ? found.pair.address : found.delegate}};
    if (!o.record.empty()) r.args["regarding"] = record_of(o.record);
    if (o.remove) r.args["delete"] = true;
    Batch b;
    b.put(r);
    engine.ledger().commit(b, {});
  }
  // A delegate asks; the record is made when the owner's own instance runs.
  const bool ours = found.delegate.empty() && carry_out(context, found);
  EngineOptions e;
  e.requests_only = true;
  Engine engine(loaded, e);
  std::optional<Request> done = answered(engine, r);
  const auto until =
      std::chrono::steady_clock::now() + std::chrono::seconds(ours || !found.delegate.empty() ? 0 : o.wait_s);
  while (!done && std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(std::chrono::milliseconds(250));
    done = answered(engine, r);
  }
  if (!done && !found.delegate.empty()) {
    const std::string words = "asked for " + found.pair.name + "; its next pass carries it out";
    if (o.json)
      std::cout << json::serialize(json::object{{"pair", found.pair.name}, {"item", found.seen.id}, {"words", words}})
                << "\n";
    else
      std::cout << found.seen.kind << " " << found.seen.id << ": " << words << "\n";
    return;
  }
  if (!done)
    throw Error(SY_RETRY, found.pair.name + ": the request stands and is not carried out yet; `syncline explain " +
                              found.seen.id + "` tells when it is");
  Batch b;
  b.remove(*done);
  engine.ledger().commit(b, {});
  context.exit_code = code_of(done->done);
  const std::string words = sentence(engine, done->done);
  if (o.json) {
    json::object out = done->done;
    out["pair"] = found.pair.name;
    out["item"] = found.seen.id;
    out["words"] = words;
    std::cout << json::serialize(out) << "\n";
  } else {
    std::cout << found.seen.kind << " " << found.seen.id << " of " << found.pair.name << ": "
              << std::string_view(done->done.at("verdict").as_string()) << ": " << words << "\n";
  }
}

/// What stands and what may be asked for.
void tracking(Context& context, const Options& o) {
  EngineOptions e;
  e.read_only = true;
  Engine engine(context.loaded(), e);
  const FoundItem f = need_item_of(engine, o.item, o.user);
  const bool linked = f.link && f.link->state != LinkState::tombstone;
  json::object out{{"pair", f.pair.name},
                   {"item", f.seen.id},
                   {"kind", f.seen.kind},
                   {"tracked", linked},
                   {"state", f.link ? std::string(name_of(f.link->state)) : "absent"}};
  if (f.link) {
    out["record"] = f.link->side.crm.id;
    if (!f.link->cause.empty()) out["cause"] = f.link->cause;
  }
  json::array open;
  for (const Request& r : engine.ledger().requests(f.pair.id))
    if (const auto* item = r.args.if_contains("item");
        r.done.empty() && item != nullptr && item->is_string() && std::string_view(item->get_string()) == f.seen.id)
      open.emplace_back(r.verb);
  if (!open.empty()) out["asked"] = std::move(open);
  json::array actions;
  const auto action = [&](std::string_view name, bool enabled) {
    actions.emplace_back(json::object{{"action", name}, {"enabled", enabled}});
  };
  action("track", !linked);
  action("regarding", true);
  action("untrack", linked);
  out["actions"] = std::move(actions);
  if (o.json) {
    std::cout << json::serialize(out) << "\n";
    return;
  }
  std::cout << f.seen.kind << " " << f.seen.id << " of " << f.pair.name << ": "
            << (linked ? "tracked as " + f.link->side.crm.id : "not tracked");
  if (!linked && f.link) std::cout << " (" << kernel_words(f.link->cause, {}) << ")";
  std::cout << "\n";
  if (out.contains("asked")) std::cout << "  asked for and not carried out yet: " << out.at("asked") << "\n";
}

CLI::App* command(CLI::App& app, const char* name, const char* text, const std::shared_ptr<Options>& o) {
  CLI::App* c = app.add_subcommand(name, text);
  c->add_option("item", o->item, "Its id in the mailbox (POP3: the UIDL), its id in the CRM, or a mail's Message-ID")
      ->required();
  c->add_option("--as", o->user,
                "The user or queue as whom you act, or the delegate, by address; needed when several know the item");
  c->add_flag("--json", o->json, "As JSON");
  return c;
}

void waits(CLI::App* c, const std::shared_ptr<Options>& o) {
  c->add_option("--wait", o->wait_s, "Seconds to wait when another syncline runs this pair")
      ->default_val(60)
      ->check(CLI::Range(0, 3600));
}

}  // namespace

void add_requests(CLI::App& app, Context& context) {
  auto t = std::make_shared<Options>();
  CLI::App* track = command(app, "track", "Has an item carried into the CRM, whatever the filters and methods say", t);
  track->add_option("--regarding", t->record, "The record it is about, as TYPE:ID");
  waits(track, t);
  track->callback([&context, t] { ask(context, "track", *t); });
  auto r = std::make_shared<Options>();
  CLI::App* regarding = command(app, "regarding", "Says which record an item is about; tracks it if need be", r);
  regarding->add_option("record", r->record, "The record, as TYPE:ID")->required();
  waits(regarding, r);
  regarding->callback([&context, r] { ask(context, "regarding", *r); });
  auto u = std::make_shared<Options>();
  CLI::App* untrack = command(app, "untrack", "Ends the link of an item; both sides keep what they have", u);
  untrack->add_flag("--delete", u->remove, "Deletes the CRM's record, where the rules let it");
  waits(untrack, u);
  untrack->callback([&context, u] { ask(context, "untrack", *u); });
  auto s = std::make_shared<Options>();
  CLI::App* state = command(app, "tracking", "Shows whether an item is tracked, and what may be asked for", s);
  state->callback([&context, s] { tracking(context, *s); });
}

}  // namespace syncline
