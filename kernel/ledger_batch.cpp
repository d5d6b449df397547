// Batch: which rows a fact is kept in.
#include "ledger_json.hpp"
#include "ledger_rows.hpp"

namespace syncline {

void Batch::put(const Link& l, std::int64_t org, std::int64_t expect) {
  const bool two_way = !l.base.mailbox.empty() || !l.base.crm.empty();
  writes_.push_back(write("link", {l.id}, to_json(l), expect, two_way ? pack_base(l.base) : std::string()));
  for (const Side s : both_sides)
    if (!l.side[s].id.empty())
      writes_.push_back(write("link_by_id", {id_scope(s, l.pair, org), key_hash(item_key(l.kind, l.side[s].id)), l.id},
                              {{"pair", l.pair}, {"side", name_of(s)}, {"id", l.side[s].id}}));
  if (l.state == LinkState::unconfirmed)
    writes_.push_back(write("unconfirmed", {l.pair, l.id}, {{"walk", l.confirm_walk}}));
  else
    writes_.push_back(erase("unconfirmed", {l.pair, l.id}));
  if (l.state == LinkState::tombstone) put_expiry(l.pair, l.since_ms, l.id);
}

void Batch::drop_index(const Link& l, std::int64_t org) {
  for (const Side s : both_sides)
    if (!l.side[s].id.empty())
      writes_.push_back(
          erase("link_by_id", {id_scope(s, l.pair, org), key_hash(item_key(l.kind, l.side[s].id)), l.id}));
}

void Batch::put_expiry(std::int64_t pair, std::int64_t at_ms, std::int64_t link) {
  writes_.push_back(write("expiry", {pair, at_ms, link}, {}));
}

void Batch::put(const Seen& s) {
  writes_.push_back(write("seen", item_row(s.pair, s.side, s.id), to_json(s)));
  for (const std::string& k : s.keys)
    writes_.push_back(write("seen_by_key", {s.pair, number_of(s.side), key_hash(item_key(s.kind, k)), key_hash(s.id)},
                            {{"key", k}, {"id", s.id}}));
}
void Batch::remove(const Seen& s) {
  writes_.push_back(erase("seen", item_row(s.pair, s.side, s.id)));
  for (const std::string& k : s.keys)
    writes_.push_back(erase("seen_by_key", {s.pair, number_of(s.side), key_hash(item_key(s.kind, k)), key_hash(s.id)}));
}
void Batch::put(const Pending& p, std::int64_t expect) {
  writes_.push_back(write("pending", item_row(p.pair, p.side, p.id), to_json(p), expect));
}
void Batch::remove(const Pending& p) {
  if (p.revision == 0) return;  // it never was in the store
  writes_.push_back({"pending", item_row(p.pair, p.side, p.id), true, p.revision, {}, {}});
}

void Batch::put(const Intent& i) { writes_.push_back(write("intent", {i.pair, i.id}, to_json(i))); }
void Batch::put_token(std::int64_t org, const std::string& token, std::int64_t pair) {
  writes_.push_back(write("intent_by_token", {org, key_hash(token)}, {{"token", token}, {"pair", pair}}));
}
void Batch::remove_token(std::int64_t org, const std::string& token) {
  writes_.push_back(erase("intent_by_token", {org, key_hash(token)}));
}
void Batch::remove(const Intent& i) { writes_.push_back(erase("intent", {i.pair, i.id})); }

void Batch::put(const Claim& c, std::int64_t expect) {
  writes_.push_back(write("claim", {c.org, key_hash(c.key)}, to_json(c), expect));
}
void Batch::remove(const Claim& c) { writes_.push_back(erase("claim", {c.org, key_hash(c.key)})); }
void Batch::put(const Known& k) {
  RowWrite w = write("known", {k.org, key_hash(k.key)}, to_json(k), k.revision);
  w.remove = k.links.empty() && k.waiters.empty() && k.generation == 0;
  if (!w.remove || k.revision != 0) writes_.push_back(std::move(w));
}
void Batch::put(const Quarantined& q) {
  writes_.push_back(write("quarantine", item_row(q.pair, q.side, q.id), to_json(q)));
}
void Batch::remove(const Quarantined& q) { writes_.push_back(erase("quarantine", item_row(q.pair, q.side, q.id))); }
void Batch::put(const FeedState& f) { writes_.push_back(write("feed", {f.id}, to_json(f), SY_ANY_REVISION, f.cursor)); }
void Batch::put(const PairState& p) { writes_.push_back(write("pair", {p.id}, to_json(p))); }
void Batch::put(const RunState& r) { writes_.push_back(write("run", {r.pair}, to_json(r))); }
void Batch::put(const Request& r) { writes_.push_back(write("request", {r.pair, r.id}, to_json(r))); }
void Batch::remove(const Request& r) { writes_.push_back(erase("request", {r.pair, r.id})); }
void Batch::put(const WantedMark& m) {
  writes_.push_back(write("mark", item_row(m.pair, Side::mailbox, m.id), {{"id", m.id}, {"kind", m.kind}}));
}
void Batch::remove(const WantedMark& m) { writes_.push_back(erase("mark", item_row(m.pair, Side::mailbox, m.id))); }
void Batch::put_activity(std::int64_t pair, std::int64_t seq, const json::object& doc) {
  writes_.push_back(write("activity", {pair, seq}, doc));
}

}  // namespace syncline
