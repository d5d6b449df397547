#include "items.hpp"

#include <iostream>

#include "output.hpp"

namespace syncline {

std::vector<FoundItem> find_items(Engine& engine, const std::string& wanted) {
  std::vector<FoundItem> out;
  Ledger& ledger = engine.ledger();
  std::string mid = wanted;
  if (mid.size() > 2 && mid.front() == '<' && mid.back() == '>') mid = mid.substr(1, mid.size() - 2);
  for (const PairState& p : ledger.pairs()) {
    std::vector<Link> links;
    for (const std::string_view kind : {"contact", "task", "appointment", "email"})
      for (Link& l : ledger.links_of_record(p.org, kind, wanted))
        if (l.pair == p.id) links.push_back(std::move(l));
    const Known known = ledger.known(p.org, message_key(mid));
    for (const KnownLink& k : known.links)
      if (k.pair == p.id)
        if (auto l = ledger.link(k.link)) links.push_back(std::move(*l));
    for (const Waiter& w : known.waiters)
      if (w.pair == p.id)
        if (auto s = ledger.seen(p.id, w.side, w.id)) out.push_back({p, std::move(*s), std::nullopt});
    for (Link& l : links)
      if (auto s = ledger.seen(p.id, Side::mailbox, l.side.mailbox.id)) out.push_back({p, std::move(*s), std::move(l)});
    for (const Side side : both_sides)
      if (auto s = ledger.seen(p.id, side, wanted)) {
        auto l = s->link != 0 ? ledger.link(s->link) : std::nullopt;
        if (std::none_of(out.begin(), out.end(),
                         [&](const FoundItem& f) { return f.pair.id == p.id && f.seen.id == s->id; }))
          out.push_back({p, std::move(*s), std::move(l)});
      } else if (const auto waits = ledger.pending(p.id, side, wanted)) {  // seen, and not judged yet
        Seen unjudged;
        unjudged.pair = p.id;
        unjudged.side = side;
        unjudged.id = waits->id;
        unjudged.kind = waits->kind;
        out.push_back({p, std::move(unjudged), std::nullopt});
      }
  }
  return out;
}

std::vector<FoundItem> need_items(Engine& engine, const std::string& wanted) {
  auto found = find_items(engine, wanted);
  if (found.empty())
    throw Error(SY_GONE,
                "no pair knows an item " + wanted + "; give a mailbox id (POP3: the UIDL), a CRM id or a Message-ID");
  return found;
}

namespace {

/// The user's own items; else those of whoever has named this user a delegate.
void keep_those_of(const Config& config, const std::string& user, const std::string& wanted,
                   std::vector<FoundItem>& found) {
  const PairConfig* own = config.find_pair(user);
  std::vector<FoundItem> mine, theirs;
  std::string others;
  for (FoundItem& f : found) {
    const auto owner = std::find_if(config.pairs.begin(), config.pairs.end(),
                                    [&](const PairConfig& p) { return p.name == f.pair.name; });
    others += (others.empty() ? "" : ", ") + f.pair.name;
    if (own != nullptr && own->name == f.pair.name) {
      mine.push_back(std::move(f));
    } else if (owner != config.pairs.end() && is_delegate(*owner, user)) {
      f.delegate = user;
      theirs.push_back(std::move(f));
    }
  }
  found = std::move(mine.empty() ? theirs : mine);
  if (!found.empty()) return;
  const PairConfig& pair = own != nullptr ? *own : config.pair(user);  // throws, and says which name may be meant
  throw Error(SY_DENIED, "item " + wanted + " is not of " + pair.name + " but of " + others + ", who has not named " +
                             pair.address + " in `delegates`");
}

}  // namespace

FoundItem need_item_of(Engine& engine, const std::string& wanted, const std::string& user) {
  std::vector<FoundItem> found = need_items(engine, wanted);
  if (!user.empty()) keep_those_of(engine.config(), user, wanted, found);
  std::string names;
  for (const FoundItem& f : found) names += (names.empty() ? "" : ", ") + f.pair.name;
  if (found.size() > 1)
    throw Error(SY_CONFIG, "several know this item (" + names + "): say for whom you act with --as ADDRESS");
  return std::move(found.front());
}

std::string words_of(Engine& engine, std::string_view stage, std::string_view reason, const json::object& args) {
  const std::string w = engine.words(stage, reason, args);
  return w == reason ? kernel_words(reason, args) : w;
}

json::object step_with_words(Engine& engine, json::object step) {
  const json::object args = step.contains("args") ? step.at("args").as_object() : json::object();
  step["words"] = words_of(engine, std::string_view(step.at("stage").as_string()),
                           std::string_view(step.at("reason").as_string()), args);
  if (auto* rules = step.if_contains("rules"))
    for (auto& r : rules->as_array()) {
      auto& rule = r.as_object();
      rule["words"] = words_of(engine, std::string_view(rule.at("stage").as_string()),
                               std::string_view(rule.at("reason").as_string()), rule.at("args").as_object());
    }
  return step;
}

void print_step(const json::object& s) {
  std::cout << "  " << instant_text(s.at("at").to_number<std::int64_t>()) << "  "
            << std::string_view(s.at("event").as_string());
  if (const auto* op = s.if_contains("operation")) std::cout << " (" << std::string_view(op->as_string()) << ")";
  std::cout << ": " << std::string_view(s.at("words").as_string()) << "\n";
  if (const auto* rules = s.if_contains("rules"))
    for (const auto& r : rules->as_array())
      std::cout << "      " << std::string_view(r.at("stage").as_string()) << ": "
                << std::string_view(r.at("words").as_string()) << "\n";
  if (const auto* lost = s.if_contains("replaced")) std::cout << "      replaced: " << json::serialize(*lost) << "\n";
  if (const auto* never = s.if_contains("never_stored"))
    std::cout << "      never stored by the other side: " << json::serialize(*never) << "\n";
}

}  // namespace syncline
