#include "moves.hpp"

#include <algorithm>

#include "record.hpp"
#include "report.hpp"

namespace syncline {

namespace {

constexpr std::size_t page_size = 100;

/// Rows of the mailbox that bear one of the keys which outlast a move, other than the item's own.
std::vector<Seen> same_item(PassContext& ctx, const WorkItem& w, const std::vector<std::string>& keys, bool linked) {
  std::vector<Seen> out;
  for (const std::string& key : keys)
    for (Seen& s : ctx.ledger.seen_by_key(ctx.state.id, Side::mailbox, w.kind(), key))
      if (s.id != w.id() && (s.link != 0) == linked &&
          std::none_of(out.begin(), out.end(), [&](const Seen& o) { return o.id == s.id; }))
        out.push_back(std::move(s));
  return out;
}

Presence presence_of(PassContext& ctx, std::string_view kind, const std::string& id) {
  Presence out = Presence::left;
  read_items(ctx, Side::mailbox, kind, {id}, SY_HEAD, [&](const Item& i) { out = side_now(i).presence; });
  return out;
}

/// The link of an item that a move has given another id goes on with the new one.
void take_over(PassContext& ctx, WorkItem& w, Link link, const Seen& old) {
  Batch batch;
  batch.drop_index(link, ctx.state.org);
  batch.remove(old);
  if (const auto p = ctx.ledger.pending(ctx.state.id, Side::mailbox, old.id)) batch.remove(*p);
  link.side.mailbox.id = w.id();
  link.side.mailbox.version.clear();  // what it says now is compared as any change
  batch.put(link, ctx.state.org);
  note_activity(ctx, batch, w.kind(), Side::mailbox, w.id(), "moved",
                {{"verdict", "linked"}, {"stage", "kernel"}, {"reason", "moved"}, {"args", {{"from", old.id}}}});
  ctx.carried.append(batch);
  w.resumed = true;
  w.link = std::move(link);
}

/// An item that is new under this id, and the row of the one that it may have been.
struct Candidate {
  WorkItem item;
  Link link;
  Seen old;
};

/// The new items of one kind on a page whose lasting keys are those of linked ones.
std::vector<Candidate> candidates(PassContext& ctx, std::string_view kind, const std::vector<Pending>& page) {
  std::vector<Candidate> out;
  std::map<std::string, const Pending*> by_id;
  std::vector<std::string> ids;
  for (const Pending& p : page) {
    if (p.kind != kind || p.gone || ctx.ledger.link_of_item(ctx.state.id, Side::mailbox, ctx.state.org, p.kind, p.id))
      continue;
    by_id[p.id] = &p;
    ids.push_back(p.id);
  }
  if (ids.empty()) return out;
  read_items(ctx, Side::mailbox, kind, ids, SY_HEAD, [&](const Item& i) {
    const auto at = by_id.find(i.id);
    if (at == by_id.end() || i.gone() || i.invisible()) return;
    WorkItem w;
    w.pending = *at->second;
    for (Seen& old : same_item(ctx, w, lasting_keys(i), true)) {
      auto link = ctx.ledger.link(old.link);
      if (!link || link->state == LinkState::tombstone || link->side.mailbox.id != old.id) continue;
      out.push_back({std::move(w), std::move(*link), std::move(old)});
      return;
    }
  });
  return out;
}

/// Those of these ids that the mailbox says are gone.
std::set<std::string> gone_of(PassContext& ctx, std::string_view kind, const std::vector<Candidate>& some) {
  std::set<std::string> out;
  std::vector<std::string> ids;
  for (const Candidate& c : some) ids.push_back(c.old.id);
  read_items(ctx, Side::mailbox, kind, ids, SY_HEAD, [&](const Item& i) {
    if (i.gone()) out.insert(i.id);
  });
  return out;
}

}  // namespace

void follow_move(PassContext& ctx, WorkItem& w) {
  if (w.settled || w.request) return;
  const Presence now = w.now.mailbox.presence;
  const bool linked = w.link && w.link->state != LinkState::tombstone;
  if (now == Presence::there && !w.link) {
    for (const Seen& old : same_item(ctx, w, lasting_keys(*w.item.mailbox), true)) {
      auto link = ctx.ledger.link(old.link);
      if (!link || link->state == LinkState::tombstone || link->side.mailbox.id != old.id) continue;
      if (presence_of(ctx, w.kind(), old.id) != Presence::gone) continue;  // a copy
      return take_over(ctx, w, std::move(*link), old);
    }
  } else if (now == Presence::gone && linked && w.seen && !w.seen->keys.empty() && !ctx.planning) {
    Batch batch;
    bool waits = false;
    for (const Seen& moved : same_item(ctx, w, w.seen->keys, false)) {
      if (ctx.ledger.link_of_item(ctx.state.id, Side::mailbox, ctx.state.org, w.kind(), moved.id)) continue;
      if (presence_of(ctx, w.kind(), moved.id) != Presence::there) continue;
      batch.put(look_again(ctx, Side::mailbox, moved.id, w.kind(), moved.version));  // that one takes the link over
      waits = true;
    }
    if (!waits && w.pending.waited) return;
    if (!waits) {  // the folder that it was moved to may have been walked before the one that it left
      w.pending.waited = true;
      batch.put(w.pending, w.pending.revision);
    }
    ctx.waits_for_move.insert(w.id());
    ctx.carried.append(batch);
    ++ctx.counts.settled;  // the next pass is due at once
    w.settled = true;
  }
}

bool item_may_have_moved(PassContext& ctx, WorkItem& w) {
  if (w.side() != Side::crm || one_way(w.kind()) || w.request || ctx.planning) return false;
  if (!w.link || w.link->state == LinkState::tombstone || w.now.mailbox.presence != Presence::gone) return false;
  const std::string& id = w.link->side.mailbox.id;
  if (!ctx.waits_for_move.contains(id)) {
    const auto seen = ctx.ledger.seen(ctx.state.id, Side::mailbox, id);
    if (!seen || seen->keys.empty() || (w.other_pending && w.other_pending->gone && w.other_pending->waited))
      return false;
    Pending p = look_again(ctx, Side::mailbox, id, w.kind(), "");
    p.gone = true;
    Batch batch;
    batch.put(p);
    ctx.carried.append(batch);
  }
  ++ctx.counts.settled;
  w.settled = true;
  return true;
}

void follow_moves(PassContext& ctx) {
  std::size_t moved = 0;
  std::set<std::int64_t> taken;  // two copies of one item: the first goes on with its link
  std::vector<std::int64_t> after;
  for (auto page = ctx.ledger.pending_page(ctx.state.id, Side::mailbox, after, page_size); !page.empty();
       page = ctx.ledger.pending_page(ctx.state.id, Side::mailbox, after, page_size)) {
    ctx.check();
    ctx.renew();
    std::set<std::string> kinds;
    for (const Pending& p : page)
      if (!one_way(p.kind)) kinds.insert(p.kind);
    for (const std::string& kind : kinds) {
      std::vector<Candidate> found = candidates(ctx, kind, page);
      if (found.empty()) continue;
      const std::set<std::string> gone = gone_of(ctx, kind, found);
      for (Candidate& c : found)
        if (gone.contains(c.old.id) && taken.insert(c.link.id).second) {
          take_over(ctx, c.item, std::move(c.link), c.old);
          ++moved;
        }
    }
    ctx.flush();
  }
  if (moved != 0)
    log_item(SY_WARN, ctx.settings.name, "",
             std::to_string(moved) +
                 " linked items have other ids in the mailbox, as after its move to another server; "
                 "their links go on");
}

}  // namespace syncline
