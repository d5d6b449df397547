#include "ledger.hpp"

#include <array>

#include "ledger_json.hpp"
#include "ledger_rows.hpp"

namespace syncline {

namespace {

constexpr sy_table table(const char* name, std::uint32_t flags, const char* a, const char* b = nullptr,
                         const char* c = nullptr, const char* d = nullptr) {
  return {sizeof(sy_table), flags, name, {a, b, c, d}};
}

constexpr std::array tables{
    table("meta", 0, "id"),
    table("sequence", 0, "id"),
    table("pair", 0, "pair"),
    table("feed", 0, "feed"),
    table("seen", 0, "pair", "side", "item"),
    table("seen_by_key", SY_TABLE_SMALL, "pair", "side", "match", "item"),
    table("link", 0, "id"),
    table("link_by_id", SY_TABLE_SMALL, "scope", "item", "link"),
    table("unconfirmed", SY_TABLE_SMALL, "pair", "link"),
    table("expiry", SY_TABLE_SMALL, "pair", "at", "link"),
    table("pending", 0, "pair", "side", "item"),
    table("intent", 0, "pair", "id"),
    table("intent_by_token", SY_TABLE_SMALL, "org", "token"),
    table("claim", 0, "org", "natural"),
    table("known", 0, "org", "natural"),
    table("mark", 0, "pair", "side", "item"),
    table("quarantine", 0, "pair", "side", "item"),
    table("request", 0, "pair", "id"),
    table("activity", 0, "pair", "seq"),
    table("run", 0, "pair"),
    table("run_log", 0, "pair", "slot"),
};

constexpr auto table_pointers = [] {
  std::array<const sy_table*, tables.size()> out{};
  for (std::size_t i = 0; i < tables.size(); ++i) out[i] = &tables[i];
  return out;
}();

/// A row found by a hashed key counts only when the full value agrees. Two values with one hash (1 in 2^63) would share
/// a row; that is noticed here and said, never taken for the other.
void verify(std::string_view stored, std::string_view wanted) {
  if (stored != wanted)
    throw Error(SY_INVALID, "two ids share one key hash in the store; this item cannot be kept beside the other");
}

}  // namespace

std::span<const sy_table* const> ledger_tables() { return table_pointers; }

std::int64_t id_scope(Side side, std::int64_t pair, std::int64_t org) { return side == Side::mailbox ? pair : org; }

std::string_view name_of(LinkState s) {
  switch (s) {
    case LinkState::unconfirmed: return "unconfirmed";
    case LinkState::live: return "live";
    case LinkState::tombstone: return "tombstone";
  }
  return "live";
}

void Ledger::open() {
  const RowKey key{"meta", {1}};
  const auto row = rows_.get(key);
  if (!row) {
    rows_.commit({write("meta", {1}, {{"format", ledger_format}, {"what", "Syncline state"}})}, {});
    return;
  }
  const auto format = parse_object(row->doc, "the store's meta row").at("format").to_number<std::int64_t>();
  if (format > ledger_format)
    throw Error(SY_CONFIG, "the state was written by a newer Syncline (row format " + std::to_string(format) +
                               ", this one knows " + std::to_string(ledger_format) +
                               "): install that version or newer; nothing was changed");
}

namespace {
std::optional<Link> read_link(const std::optional<StoredRow>& row) {
  if (!row) return std::nullopt;
  Link l = link_from(parse_object(row->doc, "a link row"));
  l.id = row->key[0];
  l.revision = row->revision;
  l.base = unpack_base(row->payload);
  return l;
}
}  // namespace

std::optional<Link> Ledger::link(std::int64_t id) { return read_link(rows_.get({"link", {id}})); }

std::optional<Link> Ledger::link_of_item(std::int64_t pair, Side side, std::int64_t org, std::string_view kind,
                                         std::string_view id) {
  std::optional<Link> tombstone;
  for (const StoredRow& r :
       rows_.scan({"link_by_id", {id_scope(side, pair, org), key_hash(item_key(kind, id))}}, {}, 0)) {
    auto l = link(r.key[2]);
    if (!l || l->pair != pair || l->side[side].id != id) continue;
    if (l->state != LinkState::tombstone) return l;
    if (!tombstone || tombstone->id < l->id) tombstone = std::move(l);
  }
  return tombstone;
}

std::vector<Link> Ledger::links_of_record(std::int64_t org, std::string_view kind, std::string_view id) {
  std::vector<Link> out;
  for (const StoredRow& r : rows_.scan({"link_by_id", {org, key_hash(item_key(kind, id))}}, {}, 0))
    if (auto l = link(r.key[2]); l && l->side.crm.id == id) out.push_back(std::move(*l));
  return out;
}

std::vector<Link> Ledger::unconfirmed(std::int64_t pair) {
  std::vector<Link> out;
  for (const StoredRow& r : rows_.scan({"unconfirmed", {pair}}, {}, 0))
    if (auto l = link(r.key[1])) out.push_back(std::move(*l));
  return out;
}

bool Ledger::any_unconfirmed() { return !rows_.scan({"unconfirmed", {}}, {}, 1).empty(); }

namespace {
template <class T, class F>
std::optional<T> read_item(const std::optional<StoredRow>& row, std::string_view id, F from) {
  if (!row) return std::nullopt;
  T t = from(parse_object(row->doc, "a row"));
  verify(t.id, id);
  t.pair = row->key[0];
  t.side = row->key[1] == SY_CRM ? Side::crm : Side::mailbox;
  t.revision = row->revision;
  return t;
}
template <class T, class F>
std::vector<T> read_page(std::vector<StoredRow> rows, F from) {
  std::vector<T> out;
  out.reserve(rows.size());
  for (const StoredRow& r : rows) {
    T t = from(parse_object(r.doc, "a row"));
    t.pair = r.key[0];
    t.side = r.key[1] == SY_CRM ? Side::crm : Side::mailbox;
    t.revision = r.revision;
    out.push_back(std::move(t));
  }
  return out;
}
}  // namespace

namespace {
template <class T, class F>
std::map<std::string, T, std::less<>> read_items(Rows& rows, const char* table, std::int64_t pair, Side side,
                                                 std::span<const std::string> ids, F from) {
  std::vector<RowKey> keys;
  std::map<std::vector<std::int64_t>, const std::string*> wanted;
  for (const std::string& id : ids) {
    keys.push_back({table, item_row(pair, side, id)});
    wanted.emplace(keys.back().parts, &id);
  }
  std::map<std::string, T, std::less<>> out;
  for (StoredRow& row : rows.get_all(keys)) {
    const std::string& id = *wanted.at(row.key);
    out.emplace(id, *read_item<T>(std::move(row), id, from));
  }
  return out;
}
}  // namespace

std::map<std::string, Seen, std::less<>> Ledger::seen(std::int64_t pair, Side side, std::span<const std::string> ids) {
  return read_items<Seen>(rows_, "seen", pair, side, ids, seen_from);
}

std::map<std::string, Pending, std::less<>> Ledger::pending(std::int64_t pair, Side side,
                                                            std::span<const std::string> ids) {
  return read_items<Pending>(rows_, "pending", pair, side, ids, pending_from);
}

std::vector<Ledger::Expiry> Ledger::expiries(std::int64_t pair_id, std::size_t limit) {
  std::vector<Expiry> out;
  for (const StoredRow& r : rows_.scan({"expiry", {pair_id}}, {}, limit)) out.push_back({r.key[1], r.key[2]});
  return out;
}

std::optional<Seen> Ledger::seen(std::int64_t pair, Side side, std::string_view id) {
  return read_item<Seen>(rows_.get({"seen", item_row(pair, side, id)}), id, seen_from);
}

std::vector<Seen> Ledger::seen_page(std::int64_t pair, Side side, std::vector<std::int64_t>& after, std::size_t limit) {
  auto rows = rows_.scan({"seen", {pair, number_of(side)}}, after, limit);
  if (!rows.empty()) after = rows.back().key;
  return read_page<Seen>(std::move(rows), seen_from);
}

std::vector<Seen> Ledger::seen_by_key(std::int64_t pair, Side side, std::string_view kind, std::string_view k) {
  std::vector<Seen> out;
  for (const StoredRow& r : rows_.scan({"seen_by_key", {pair, number_of(side), key_hash(item_key(kind, k))}}, {}, 0)) {
    const json::object o = parse_object(r.doc, "a match key row");
    if (std::string_view(o.at("key").as_string()) != k) continue;
    if (auto s = seen(pair, side, std::string_view(o.at("id").as_string()))) out.push_back(std::move(*s));
  }
  return out;
}

std::optional<Pending> Ledger::pending(std::int64_t pair, Side side, std::string_view id) {
  return read_item<Pending>(rows_.get({"pending", item_row(pair, side, id)}), id, pending_from);
}

std::vector<Pending> Ledger::pending_page(std::int64_t pair, Side side, std::vector<std::int64_t>& after,
                                          std::size_t limit) {
  auto rows = rows_.scan({"pending", {pair, number_of(side)}}, after, limit);
  if (!rows.empty()) after = rows.back().key;
  return read_page<Pending>(std::move(rows), pending_from);
}

std::vector<Intent> Ledger::intents(std::int64_t pair) {
  std::vector<Intent> out;
  for (const StoredRow& r : rows_.scan({"intent", {pair}}, {}, 0)) {
    Intent i = intent_from(parse_object(r.doc, "an intent row"));
    i.pair = pair;
    i.id = r.key[1];
    i.revision = r.revision;
    out.push_back(std::move(i));
  }
  return out;
}

std::optional<std::int64_t> Ledger::pair_of_token(std::int64_t org, std::string_view token) {
  const auto row = rows_.get({"intent_by_token", {org, key_hash(token)}});
  if (!row) return std::nullopt;
  const json::object o = parse_object(row->doc, "a token row");
  if (std::string_view(o.at("token").as_string()) != token) return std::nullopt;
  return o.at("pair").to_number<std::int64_t>();
}

std::optional<Claim> Ledger::claim(std::int64_t org, std::string_view k) {
  const auto row = rows_.get({"claim", {org, key_hash(k)}});
  if (!row) return std::nullopt;
  Claim c = claim_from(parse_object(row->doc, "a claim row"));
  verify(c.key, k);
  c.org = org;
  c.revision = row->revision;
  return c;
}

Known Ledger::known(std::int64_t org, std::string_view k) {
  Known out;
  if (const auto row = rows_.get({"known", {org, key_hash(k)}})) {
    out = known_from(parse_object(row->doc, "a known-key row"));
    verify(out.key, k);
    out.revision = row->revision;
  }
  out.org = org;
  out.key = std::string(k);
  return out;
}

std::vector<Quarantined> Ledger::quarantine(std::int64_t pair) {
  return read_page<Quarantined>(rows_.scan({"quarantine", {pair}}, {}, 0), quarantined_from);
}
std::optional<Quarantined> Ledger::quarantined(std::int64_t pair, Side side, std::string_view id) {
  return read_item<Quarantined>(rows_.get({"quarantine", item_row(pair, side, id)}), id, quarantined_from);
}

FeedState Ledger::feed(std::string_view name) {
  FeedState f;
  f.id = key_hash(name);
  if (const auto row = rows_.get({"feed", {f.id}})) {
    f = feed_from(parse_object(row->doc, "a feed row"));
    verify(f.name, name);
    f.id = row->key[0];
    f.cursor = row->payload;
    f.revision = row->revision;
  }
  f.name = std::string(name);
  return f;
}

namespace {
PairState read_pair(const StoredRow& row) {
  PairState p = pair_from(parse_object(row.doc, "a pair row"));
  p.id = row.key[0];
  p.revision = row.revision;
  return p;
}
}  // namespace

std::optional<PairState> Ledger::pair(std::int64_t id) {
  const auto row = rows_.get({"pair", {id}});
  return row ? std::optional(read_pair(*row)) : std::nullopt;
}

std::vector<PairState> Ledger::pairs() {
  std::vector<PairState> out;
  for (const StoredRow& r : rows_.scan({"pair", {}}, {}, 0)) out.push_back(read_pair(r));
  return out;
}

RunState Ledger::run(std::int64_t pair_id) {
  RunState r;
  if (const auto row = rows_.get({"run", {pair_id}})) r = run_from(parse_object(row->doc, "a run row"));
  r.pair = pair_id;
  return r;
}

std::vector<Request> Ledger::requests(std::int64_t pair_id) {
  std::vector<Request> out;
  for (const StoredRow& row : rows_.scan({"request", {pair_id}}, {}, 0)) {
    Request r = request_from(parse_object(row.doc, "a request row"));
    r.pair = pair_id;
    r.id = row.key[1];
    out.push_back(std::move(r));
  }
  return out;
}

std::vector<WantedMark> Ledger::wanted_marks(std::int64_t pair_id, std::vector<std::int64_t>& after,
                                             std::size_t limit) {
  std::vector<WantedMark> out;
  for (const StoredRow& row : rows_.scan({"mark", {pair_id}}, after, limit)) {
    const json::object o = parse_object(row.doc, "a mark row");
    out.push_back({pair_id, std::string(o.at("id").as_string()), std::string(o.at("kind").as_string())});
    after = row.key;
  }
  return out;
}

std::vector<json::object> Ledger::activity(std::int64_t pair, std::span<const std::int64_t> seqs) {
  std::vector<json::object> out;
  for (const std::int64_t s : seqs)
    if (const auto row = rows_.get({"activity", {pair, s}})) out.push_back(parse_object(row->doc, "an activity row"));
  return out;
}

std::vector<std::pair<std::int64_t, json::object>> Ledger::activity_page(std::int64_t pair, std::int64_t after,
                                                                         std::size_t limit) {
  std::vector<std::pair<std::int64_t, json::object>> out;
  for (const StoredRow& r : rows_.scan({"activity", {pair}}, {pair, after}, limit))
    out.emplace_back(r.key[1], parse_object(r.doc, "an activity row"));
  return out;
}

std::int64_t Ledger::next_id() {
  constexpr std::int64_t block = 4096;
  const std::lock_guard lock(ids_mutex_);
  while (next_ == until_) {
    const auto row = rows_.get({"sequence", {1}});
    const std::int64_t from = row ? parse_object(row->doc, "the sequence row").at("next").to_number<std::int64_t>() : 1;
    try {
      rows_.commit({write("sequence", {1}, {{"next", from + block}}, row ? row->revision : std::int64_t{SY_ABSENT})},
                   {});
    } catch (const CommitConflict&) {
      continue;  // another process took this block
    }
    next_ = from;
    until_ = from + block;
  }
  return next_++;
}

}  // namespace syncline
