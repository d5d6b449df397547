// All pages of both sides, ids and versions, before anything is decided (S1).
#include <algorithm>

#include "feed_walk.hpp"
#include "org_feeds.hpp"
#include "record.hpp"

namespace syncline {

namespace {

/// Rows that one transaction of this phase takes: what it does is small, and each commit costs a flush of the disk.
constexpr std::size_t rows_a_commit = 1000;

bool wants(const PassContext& ctx, const std::string& kind) {
  return std::find(ctx.settings.kinds.begin(), ctx.settings.kinds.end(), kind) != ctx.settings.kinds.end();
}

void capture_mailbox(PassContext& ctx) {
  const FeedsHandle feeds = ctx.endpoint.mailbox->feeds();
  if (!feeds) throw Error(SY_CONFIG, "the mailbox's plugin offers no feeds, so nothing can be read from it");
  const bool moved = !ctx.state.mailbox.empty() && ctx.state.mailbox != ctx.settings.mailbox;
  for (Feed& feed : feeds.list(ctx.budget())) {
    if (!wants(ctx, feed.kind)) continue;
    WalkSettings w;
    w.side = Side::mailbox;
    w.key = mailbox_feed_key(ctx.state.id, feed.name);
    w.org = ctx.state.org;
    w.organization = ctx.state.organization;
    w.pairs = {{ctx.state.id, ctx.state.principal, ctx.settings.kinds}};
    w.fences = ctx.fences();
    w.renew = ctx.renew;
    w.sweep_ms = ctx.settings.sweep_ms;
    w.restart = moved;  // another mailbox is listed anew; nothing is inferred from what it lacks
    w.infer_missing = !moved;
    FeedWalk(feeds, std::move(feed), std::move(w), ctx.ledger, ctx.clock, ctx.canceled).run();
  }
  if (ctx.state.mailbox == ctx.settings.mailbox) return;
  ctx.state.mailbox = ctx.settings.mailbox;
  Batch batch;
  batch.put(ctx.state);
  ctx.commit(std::move(batch));
}

/// Unlinked items of kinds that are matched need their keys in the store before anything is decided (S9).
void learn_keys(PassContext& ctx) {
  for (const Side side : both_sides) {
    std::vector<std::int64_t> after;
    for (auto page = ctx.ledger.pending_page(ctx.state.id, side, after, rows_a_commit); !page.empty();
         page = ctx.ledger.pending_page(ctx.state.id, side, after, rows_a_commit)) {
      std::map<std::string, std::vector<std::string>> ask;
      for (const Pending& p : page) {
        if (p.gone || one_way(p.kind) || ctx.ledger.link_of_item(ctx.state.id, side, ctx.state.org, p.kind, p.id))
          continue;
        const auto seen = ctx.ledger.seen(ctx.state.id, side, p.id);
        if (!seen || seen->version != p.version) ask[p.kind].push_back(p.id);
      }
      Batch batch;
      for (const auto& [kind, ids] : ask)
        read_items(ctx, side, kind, ids, SY_WHOLE, [&](const Item& i) {
          if (i.gone() || i.invisible()) return;
          put_unjudged(batch, ctx.ledger.seen(ctx.state.id, side, i.id), ctx.state.id, ctx.state.organization, side,
                       kind, i);
        });
      ctx.commit(std::move(batch));
    }
  }
}

/// Whether a fetch that finds the item is no proof: this feed reports deletions, but only of what it showed, and its
/// cursor may lie before the item's birth. A day later it does not.
bool needs_echo(PassContext& ctx, const Link& l) {
  constexpr std::int64_t day = std::int64_t{24} * 3600 * 1000;
  constexpr std::uint32_t all = SY_FEED_CURSOR | SY_FEED_TOMBSTONES | SY_FEED_FOREIGN_TOMBSTONES;
  if (l.token.empty() || ctx.clock() - l.since_ms > day) return false;  // what stood there long since has no echo
  std::uint32_t flags = ctx.org_feeds.flags(l.kind);
  if (l.confirm_side == Side::mailbox) {
    flags = 0;
    for (const Feed& f : ctx.endpoint.mailbox->feeds().list(ctx.budget()))
      if (f.kind == l.kind) flags = f.flags;
  }
  return (flags & all) == (SY_FEED_CURSOR | SY_FEED_TOMBSTONES);
}

/// What a look at the side that must show the echo makes of a created link. True: something of it is to be recorded.
bool confirm(PassContext& ctx, Link& l, const Item* found, Batch& batch) {
  const bool gone = found == nullptr || found->gone() || found->invisible();
  const bool waits = !gone && needs_echo(ctx, l);
  const bool moved = gone || found->version != l.side[l.confirm_side].version;
  if (!one_way(l.kind) && moved) {
    Pending p = look_again(ctx, l.confirm_side, l.side[l.confirm_side].id, l.kind,
                           found == nullptr ? std::string() : found->version);
    p.gone = gone;
    batch.put(p);
  }
  if (waits) return !one_way(l.kind) && moved;
  if (gone && one_way(l.kind)) {
    l.state = LinkState::tombstone;
    l.cause = "deleted_in_crm";
  } else {
    l.state = LinkState::live;
  }
  l.since_ms = ctx.clock();
  batch.put(l, ctx.state.org);
  return true;
}

/// A created link whose echo a complete walk did not show is fetched and looked at (repair 2).
void confirm_links(PassContext& ctx) {
  std::map<std::pair<Side, std::string>, std::vector<Link>> unseen;  // by where and of what kind
  for (Link& l : ctx.ledger.unconfirmed(ctx.state.id)) {
    if (l.state != LinkState::unconfirmed) continue;
    const auto [begun, complete] = walks_of(ctx, l.confirm_side, l.kind);
    if (begun != 0 && complete <= l.confirm_walk) continue;  // no walk that began after the record has ended yet
    unseen[{l.confirm_side, l.kind}].push_back(std::move(l));
  }
  for (auto& [where, links] : unseen) {
    const auto& [side, kind] = where;
    for (std::size_t at = 0; at < links.size(); at += rows_a_commit) {
      const std::span<Link> some = std::span(links).subspan(at, std::min(rows_a_commit, links.size() - at));
      std::vector<std::string> ids;
      for (const Link& l : some) ids.push_back(l.side[side].id);
      std::map<std::string, Item> found;
      read_items(ctx, side, kind, ids, SY_HEAD, [&](const Item& i) { found[i.id] = i; });
      Batch batch;
      for (Link& l : some) {
        const auto it = found.find(l.side[side].id);
        if (confirm(ctx, l, it == found.end() ? nullptr : &it->second, batch)) ++ctx.counts.settled;
      }
      ctx.commit(std::move(batch));
    }
  }
}

}  // namespace

bool anything_due(PassContext& ctx) {
  for (const Side side : both_sides) {
    std::vector<std::int64_t> after;
    for (auto page = ctx.ledger.pending_page(ctx.state.id, side, after, 100); !page.empty();
         page = ctx.ledger.pending_page(ctx.state.id, side, after, 100))
      if (std::any_of(page.begin(), page.end(), [&](const Pending& p) { return ctx.due(p); })) return true;
  }
  return false;
}

void capture(PassContext& ctx) {
  const auto since = std::chrono::steady_clock::now();
  capture_mailbox(ctx);
  ctx.check();
  ctx.renew();
  // Nothing may be decided before the CRM's side is known too (S1); where nothing is to be decided, nobody asks.
  const bool due = anything_due(ctx);
  if (due && ctx.before_work) ctx.before_work();
  if (due || !ctx.crm_when_needed) {
    ctx.asked_crm = true;
    ctx.org_feeds.capture(ctx.settings.kinds, since);
  }
  if (ctx.planning) return learn_keys(ctx);
  confirm_links(ctx);
  learn_keys(ctx);
}

}  // namespace syncline
