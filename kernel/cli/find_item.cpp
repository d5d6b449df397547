#include "find_item.hpp"

#include <algorithm>

namespace syncline {

std::vector<FoundItem> find_item(Engine& engine, const std::string& wanted) {
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
      }
  }
  if (out.empty())
    throw Error(SY_GONE,
                "no pair knows an item " + wanted + "; give a mailbox id (POP3: the UIDL), a CRM id or a Message-ID");
  return out;
}

FoundItem find_item_of(Engine& engine, const std::string& wanted, const std::string& user) {
  std::vector<FoundItem> found = find_item(engine, wanted);
  if (!user.empty()) {
    const std::string name = engine.config().pair(user).name;
    std::erase_if(found, [&](const FoundItem& f) { return f.pair.name != name; });
    if (found.empty()) throw Error(SY_GONE, name + " knows no item " + wanted);
  }
  std::string names;
  for (const FoundItem& f : found) names += (names.empty() ? "" : ", ") + f.pair.name;
  if (found.size() > 1)
    throw Error(SY_CONFIG, "several know this item (" + names + "): say for whom you act with --as ADDRESS");
  return std::move(found.front());
}

}  // namespace syncline
