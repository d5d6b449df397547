#include "feed_walk.hpp"

#include <algorithm>

#include "pass.hpp"

namespace syncline {

namespace {
constexpr std::size_t chunk = 500;
constexpr std::chrono::minutes page_budget{10};
}  // namespace

FeedWalk::FeedWalk(FeedsHandle feeds, Feed feed, WalkSettings settings, Ledger& ledger, Clock clock,
                   std::function<bool()> canceled)
    : feeds_(feeds),
      feed_(std::move(feed)),
      settings_(std::move(settings)),
      ledger_(ledger),
      clock_(std::move(clock)),
      canceled_(std::move(canceled)) {}

void FeedWalk::run() {
  while (!walk()) {}
}

/// Only a walk that began after a link was recorded may say that its echo is missing (repair 2). So the number is
/// durable before the first page: what somebody else records meanwhile bears it, and waits for the next walk. While
/// nothing waits to be confirmed there is nothing to number, and an idle feed costs no write.
void FeedWalk::begin() {
  numbered_ = state_.revision == 0 || ledger_.any_unconfirmed();
  if (!numbered_) return;
  ++state_.walk;
  if (settings_.side == Side::mailbox) return;  // only the pair that walks it records links to it
  Batch batch;
  batch.put(state_);
  ledger_.commit(batch, settings_.fences);
}

bool FeedWalk::walk() {
  state_ = ledger_.feed(settings_.key);
  // A new pair has missed what the cursor has passed. Of a one-way kind the CRM tells a pair nothing but what became of
  // its own links, so it has missed nothing.
  const bool tells_new_pairs = settings_.side == Side::mailbox || !one_way(feed_.kind);
  for (const RoutedPair& p : settings_.pairs)
    if (tells_new_pairs && std::find(state_.pairs.begin(), state_.pairs.end(), p.pair) == state_.pairs.end()) {
      state_.pairs.push_back(p.pair);
      settings_.restart = true;
    }
  const bool blind = (feed_.flags & SY_FEED_CURSOR) != 0 && (feed_.flags & SY_FEED_TOMBSTONES) == 0;
  const std::int64_t age = clock_() - state_.listed_ms;  // below 0: the clock was set back, nobody knows
  if (blind && settings_.sweep_ms != 0 && (age < 0 || age >= settings_.sweep_ms)) settings_.restart = true;
  if (settings_.restart) {
    state_.cursor.clear();
    state_.in_walk = false;
    settings_.restart = false;
  }
  const bool whole = !state_.in_walk;
  begin();
  const bool keeps_cursor = (feed_.flags & SY_FEED_CURSOR) != 0;
  listing_ = state_.cursor.empty();
  listed_.clear();
  for (;;) {
    PageEnd end;
    try {
      const CallBudget budget(page_budget, canceled_);
      end = feeds_.page(budget, feed_.name, keeps_cursor ? state_.cursor : std::string(), [&](const Item& item) {
        if (listing_) listed_.push_back(key_hash(item.id));
        page_.push_back(item);
        if (page_.size() >= chunk) flush(std::nullopt, false);
        return true;
      });
    } catch (const Error& e) {
      if (e.code() != SY_RESET || state_.cursor.empty()) throw;
      state_.cursor.clear();  // the server has forgotten it: list everything, infer nothing but what a fetch confirms
      state_.in_walk = false;
      listing_ = true;
      listed_.clear();
      page_.clear();
      continue;
    }
    const bool more = end.end == SY_PAGE_MORE;
    state_.in_walk = more;
    listing_ = listing_ && end.end != SY_PAGE_DELTA_COMPLETE;
    if (!more && whole) {
      if (numbered_) state_.complete_walk = state_.walk;
      state_.complete_at_ms = clock_();
      if (listing_) state_.listed_ms = state_.complete_at_ms;
    }
    flush(end.next.value_or(std::string()), !more);
    if (!more) return whole;
  }
}

void FeedWalk::flush(std::optional<std::string> cursor, bool complete) {
  if (settings_.renew) settings_.renew();
  // Who changed a link between our reading and this commit wins; the page is then routed once more.
  for (int attempt = 0;; ++attempt) {
    Batch batch;
    fill(batch);
    if (complete && listing_ && settings_.infer_missing) infer(batch);
    if (cursor) {
      const bool moved = (feed_.flags & SY_FEED_CURSOR) != 0 && state_.cursor != *cursor;
      if (moved) state_.cursor = *cursor;
      if (moved || !batch.empty() || numbered_) batch.put(state_);
    }
    try {
      if (!batch.empty()) ledger_.commit(batch, settings_.fences);
      break;
    } catch (const CommitConflict& e) {
      if (attempt == 20 || e.at() >= batch.writes().size()) throw;
    }
  }
  page_.clear();
}

void FeedWalk::fill(Batch& batch) {
  std::set<std::string_view> done;
  std::vector<std::pair<const Item*, std::set<std::int64_t>>> open;
  for (auto it = page_.rbegin(); it != page_.rend(); ++it) {  // an item put twice: the last one counts
    if (!done.insert(it->id).second) continue;
    if (auto settled = route(*it, batch)) open.emplace_back(&*it, std::move(*settled));
  }
  for (const RoutedPair& p : settings_.pairs) {
    std::vector<const Item*> items;
    for (const auto& [item, settled] : open)
      if (!settled.contains(p.pair) && (item->gone() || item->invisible() || concerns(p, *item))) items.push_back(item);
    route_unlinked(p, items, batch);
  }
}

Pending FeedWalk::pending_of(std::int64_t pair, const Item& item) const {
  Pending p;
  p.pair = pair;
  p.side = settings_.side;
  p.id = item.id;
  p.kind = feed_.kind;
  p.version = item.version;
  p.gone = item.gone() || item.invisible();
  p.since_ms = clock_();
  return p;
}

/// An item that is listed again as it was keeps its row: when it is tried next, and how often it was. A mailbox without
/// a cursor lists it in every walk, and would have it tried anew at once and for ever.
void FeedWalk::note(std::int64_t pair, const Item& item, const Pending* known, Batch& batch) {
  const Pending p = pending_of(pair, item);
  if (known == nullptr || known->version != p.version || known->gone != p.gone) batch.put(p);
}

bool FeedWalk::concerns(const RoutedPair& pair, const Item& item) const {
  if (std::find(pair.kinds.begin(), pair.kinds.end(), feed_.kind) == pair.kinds.end()) return false;
  if (item.marks.empty() || settings_.side == Side::mailbox) return true;
  const json::object marks = parse_object(item.marks, "an item's marks");
  const auto* owner = marks.if_contains("owner");
  return owner == nullptr || !owner->is_string() || owner->get_string().empty() ||
         std::string_view(owner->get_string()) == pair.principal;
}

std::optional<std::set<std::int64_t>> FeedWalk::route(const Item& item, Batch& batch) {
  std::set<std::int64_t> linked_pairs;
  if (settings_.side == Side::crm) {
    for (Link& l : ledger_.links_of_record(settings_.org, feed_.kind, item.id)) {
      linked_pairs.insert(l.pair);
      route_linked(std::move(l), item, batch);
    }
  } else if (auto l = ledger_.link_of_item(settings_.pairs.front().pair, Side::mailbox, settings_.org, feed_.kind,
                                           item.id)) {
    linked_pairs.insert(l->pair);
    route_linked(std::move(*l), item, batch);
  }
  if (settings_.side == Side::crm)
    if (const auto pair = ledger_.pair_of_token(settings_.org, item.id); pair && !linked_pairs.contains(*pair)) {
      batch.put(pending_of(*pair, item));  // our own create, captured before its record
      if (linked_pairs.empty()) return std::nullopt;
      linked_pairs.insert(*pair);
    }
  // The company's mail is not copied into our store.
  if (settings_.side == Side::crm && one_way(feed_.kind)) return std::nullopt;
  return linked_pairs;
}

void FeedWalk::route_linked(Link link, const Item& item, Batch& batch) {
  const bool gone = item.gone() || item.invisible();
  LinkSide& mine = link.side[settings_.side];
  if (link.state == LinkState::tombstone) {
    if (gone || one_way(feed_.kind)) return;
    // Listed as it was, and it had vanished: somebody has restored it.
    if (item.version != mine.version || !ledger_.seen(link.pair, settings_.side, item.id))
      batch.put(pending_of(link.pair, item));
    return;
  }
  const bool confirms = link.state == LinkState::unconfirmed && link.confirm_side == settings_.side;
  if (one_way(feed_.kind)) {
    if (gone && settings_.side == Side::crm) {
      link.state = LinkState::tombstone;
      link.cause = "deleted_in_crm";
      link.since_ms = clock_();
      batch.put(link, settings_.org, link.revision);
    } else if (confirms && !gone) {
      link.state = LinkState::live;
      link.since_ms = clock_();
      batch.put(link, settings_.org, link.revision);
    }
    return;
  }
  if (confirms && !gone) {
    link.state = LinkState::live;
    link.since_ms = clock_();
    batch.put(link, settings_.org, link.revision);
  }
  if (!gone && item.version == mine.version) return;
  const auto known = ledger_.pending(link.pair, settings_.side, item.id);
  note(link.pair, item, known ? &*known : nullptr, batch);
}

void FeedWalk::route_unlinked(const RoutedPair& pair, std::span<const Item* const> items, Batch& batch) {
  std::vector<std::string> ids;
  ids.reserve(items.size());
  for (const Item* item : items) ids.push_back(item->id);
  auto seen = ledger_.seen(pair.pair, settings_.side, ids);
  const auto pending = ledger_.pending(pair.pair, settings_.side, ids);
  for (const Item* item : items) {
    const auto judged = seen.find(item->id);
    const auto waits = pending.find(item->id);
    if (item->gone() || item->invisible()) {
      if (judged == seen.end()) continue;
      batch.remove(judged->second);
      if (waits != pending.end()) batch.remove(waits->second);
      continue;
    }
    if (judged != seen.end() && judged->second.version == item->version && !judged->second.verdict.empty()) continue;
    if (!item->doc.empty() && !one_way(feed_.kind))
      put_unjudged(batch, judged == seen.end() ? std::nullopt : std::optional(std::move(judged->second)), pair.pair,
                   settings_.organization, settings_.side, feed_.kind, *item);
    note(pair.pair, *item, waits == pending.end() ? nullptr : &waits->second, batch);
  }
}

void FeedWalk::forget(const Seen& seen, Batch& batch) {
  batch.remove(seen);
  if (seen.link != 0) batch.put_expiry(seen.pair, clock_(), seen.link);
  for (const std::string& key : seen.waits) {
    Known k = ledger_.known(settings_.org, key);
    std::erase_if(k.waiters, [&](const Waiter& w) { return w.pair == seen.pair && w.id == seen.id; });
    batch.put(k);
  }
}

void FeedWalk::infer(Batch& batch) {
  std::sort(listed_.begin(), listed_.end());
  for (const RoutedPair& p : settings_.pairs) {
    std::vector<std::int64_t> after;
    for (auto page = ledger_.seen_page(p.pair, settings_.side, after, 1000); !page.empty();
         page = ledger_.seen_page(p.pair, settings_.side, after, 1000))
      for (Seen& s : page) {
        if (s.kind != feed_.kind || std::binary_search(listed_.begin(), listed_.end(), key_hash(s.id))) continue;
        if (one_way(s.kind)) {  // people and we ourselves empty mailboxes: the row ends, the link stays for a while
          forget(s, batch);
          if (auto pending = ledger_.pending(p.pair, s.side, s.id)) batch.remove(*pending);
          continue;
        }
        Item missing;
        missing.id = s.id;
        missing.kind = s.kind;
        missing.version = s.version;
        missing.flags = SY_ITEM_INVISIBLE;
        if (s.link == 0)
          batch.remove(s);
        else if (const auto known = ledger_.pending(p.pair, s.side, s.id); !known || !known->gone)
          batch.put(pending_of(p.pair, missing));  // one that is there already may have waited a pass for this listing
      }
  }
}

}  // namespace syncline
