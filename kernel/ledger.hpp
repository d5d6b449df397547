// ledger.hpp: what the kernel remembers, over the store's rows: which tables there are, what stands in a row, how rows
// are found. It owns their meaning; the store owns durability. Values in, values out; a Batch collects the writes of
// one transaction. Any thread.
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <span>

#include "document.hpp"
#include "rows.hpp"

namespace syncline {

std::span<const sy_table* const> ledger_tables();

/// Row formats carry this number; a store with a higher one is refused, a lower one migrated (meta row 1).
inline constexpr std::int64_t ledger_format = 1;

struct LinkSide {
  std::string id, version;
  std::uint64_t hash = 0;     ///< of the side's own last seen content
  std::uint64_t written = 0;  ///< of what an update is about to write, until it is recorded
};

enum class LinkState { unconfirmed, live, tombstone };
std::string_view name_of(LinkState s);

struct Link {
  std::int64_t id = 0, pair = 0, revision = 0;
  std::string kind;
  Sides<LinkSide> side;
  LinkState state = LinkState::unconfirmed;
  std::string cause;     ///< tombstone: why
  std::string owner;     ///< whose the CRM's record was when it was last seen; empty: the pair's own, or not known
  bool by_hand = false;  ///< a person tracked it: no filter lets go of it
  std::string key;       ///< natural key, if the kind has one
  std::string token;     ///< of the create that made it, if we made it
  std::int64_t generation = 0;
  std::int64_t since_ms = 0;       ///< of the present state
  Side confirm_side = Side::crm;   ///< unconfirmed: where the echo must show
  std::int64_t confirm_walk = 0;   ///< unconfirmed: a complete walk with a higher number must have shown the echo
  std::vector<std::string> never;  ///< fields that the other side never stores
  Sides<json::object> base;
};

struct Seen {
  std::int64_t pair = 0, revision = 0, link = 0;
  Side side = Side::mailbox;
  std::string id, kind, version;
  std::string verdict;  ///< "": not judged yet; linked, refused, waiting, quarantined, removed
  std::string reason;
  json::object args;
  std::string stage;  ///< the filter or rule that spoke
  std::string fingerprint;
  std::vector<std::string> keys;  ///< match keys of an unlinked two-way item; of a linked one those that outlast a move
  std::vector<std::string> waits;   ///< refused: natural keys under which it waits (S7)
  std::vector<std::int64_t> trace;  ///< activity rows, oldest first, bounded
};

struct Pending {
  std::int64_t pair = 0, revision = 0;
  Side side = Side::mailbox;
  std::string id, kind, version;
  bool gone = false;    ///< the feed said so; read once more before anything is proposed
  bool waited = false;  ///< gone, and yet it was there when it was read: the feed has been given a pass to say so too
  std::int64_t since_ms = 0, not_before_ms = 0;
  int attempts = 0;
  std::string waits_for;      ///< a claim's key
  std::string stage, reason;  ///< why it waits; reason: a code of that stage, or a sentence of ours
  json::object args;
};

/// One remote write about to be made.
struct IntentOp {
  Side side = Side::crm;  ///< where it is written
  Operation op;
  std::string source_id, source_version;
  json::object source_doc;  ///< two-way kinds: the source side's document, for the base of an adopted create
  std::int64_t link = 0;    ///< the link it belongs to; 0: a new one
  std::string key;          ///< natural key
  std::int64_t generation = 0;
  std::string reason;
  bool helper = false;             ///< a create that others of this intent need: it belongs to no link
  std::vector<std::string> needs;  ///< keys of the helpers that must be settled before this one is sent
  bool repeated = false;  ///< recovery sends it again: its answer may show somebody's edit of what it made before
  bool remade = false;    ///< a create that brings a deleted item back on purpose
  int attempts = 0;
  std::int64_t activity = 0;  ///< helper: where its outcome is told, in memory only
  bool done = false;          ///< its outcome is recorded; it stays in the row only until the row goes
};

struct Intent {
  std::int64_t id = 0, pair = 0, revision = 0;
  std::vector<IntentOp> ops;
};

struct Claim {
  std::int64_t org = 0, pair = 0, revision = 0;
  std::string key, token;
  std::int64_t generation = 0, since_ms = 0;
};

struct KnownLink {
  std::int64_t pair = 0, link = 0;
  std::string record;  ///< CRM id
};
struct Waiter {
  std::int64_t pair = 0;
  Side side = Side::mailbox;
  std::string id, kind, version;
};
/// Who bears a natural key in this organization, and who waits for somebody to bear it (S7).
struct Known {
  std::int64_t org = 0, revision = 0;
  std::string key;
  std::vector<KnownLink> links;
  std::vector<Waiter> waiters;
  std::int64_t generation = 0;  ///< how often a record with this key was made anew on purpose
};

struct Quarantined {
  std::int64_t pair = 0, revision = 0;
  Side side = Side::mailbox;
  std::string id, kind, version, code, reason, stage, fingerprint;
  json::object args;
  std::int64_t since_ms = 0;
  int attempts = 0;
};

struct FeedState {
  std::int64_t id = 0, revision = 0;
  std::string name, cursor;
  bool in_walk = false;             ///< the cursor stands in the middle of a walk
  std::int64_t listed_ms = 0;       ///< when the last walk from the start ended
  std::vector<std::int64_t> pairs;  ///< whom its walks were routed to: a new pair needs a walk from the start
  std::int64_t walk = 0;            ///< number of the last walk that began
  std::int64_t complete_walk = 0;   ///< number of the last walk that ended complete
  std::int64_t complete_at_ms = 0;
};

struct PairState {
  std::int64_t id = 0, revision = 0, org = 0;
  std::string key, name, address, kind, principal, organization;
  bool confirmed = false;
  std::int64_t confirmed_ms = 0;  ///< the watermark's default (S8)
  std::string fingerprint;
  json::object waiting;            ///< what waits for `confirm`: {"for": "first_run"|"mass_change", "counts": …}
  json::object allowed;            ///< counts that `confirm` allowed, once
  json::object counters;           ///< by name; kept in the same transaction as what they count
  std::string mailbox;             ///< which mailbox was listed last: another one is re-listed, nothing is inferred
  std::vector<std::string> kinds;  ///< what its last pass carried: walks before its next one are routed by it
};

/// How a pair's last passes went: rewritten by every pass, so it is a row of its own.
struct RunState {
  std::int64_t pair = 0, at_ms = 0, success_ms = 0;
  std::string error_code, error_text;
  std::int64_t waiting = 0;      ///< items that wait for a later attempt
  json::object last;             ///< counts of the last pass
  std::int64_t next_ms = 0;      ///< when the daemon means to run the next pass; 0: nobody has planned one
  std::int64_t interval_ms = 0;  ///< how long the daemon waits between passes at present
  std::int64_t passes = 0;       ///< so many so far; the run log's slots follow from it
};

/// One pass in the run log, of which the latest few are kept.
struct RunEntry {
  std::int64_t pair = 0, number = 0, start_ms = 0, end_ms = 0;
  std::int64_t bytes_in = 0, bytes_out = 0;
  bool good = false;       ///< PER-09's result: 1 or 0
  std::string error_code;  ///< not good: why
  json::object counts;
};
inline constexpr std::int64_t run_entries_kept = 100;  ///< per pair

/// What a person or a program asks of a pair: a row first, an operation afterwards.
struct Request {
  std::int64_t pair = 0, id = 0, at_ms = 0;
  std::string verb;   ///< confirm, retry, drop; of one item: track, regarding, untrack
  json::object args;  ///< of one item: {"side", "item", "kind", "by", "regarding"?, "delete"?}
  json::object done;  ///< what became of it, for who waits: {"at", "verdict", "stage", "reason", "args"}; empty: open
};

/// A mailbox item whose mark has to follow its link.
struct WantedMark {
  std::int64_t pair = 0;
  std::string id, kind;
};

/// The writes of one transaction. A batch that was refused is built anew from what is then true, never patched.
class Batch {
 public:
  void put(const Link& l, std::int64_t org, std::int64_t expect = SY_ANY_REVISION);
  void drop_index(const Link& l, std::int64_t org);
  void put(const Seen& s);
  void remove(const Seen& s);
  /// Remembers when a link that has ended, or whose mailbox item is no longer listed, may be forgotten.
  void put_expiry(std::int64_t pair, std::int64_t at_ms, std::int64_t link);
  void put(const Pending& p, std::int64_t expect = SY_ANY_REVISION);
  void remove(const Pending& p);  ///< expects the revision that was read: a newer change stays
  void put(const Intent& i);
  void remove(const Intent& i);
  void put_token(std::int64_t org, const std::string& token, std::int64_t pair);
  void remove_token(std::int64_t org, const std::string& token);
  void put(const Claim& c, std::int64_t expect = SY_ANY_REVISION);
  void remove(const Claim& c);
  void put(const Known& k);  ///< expects the revision that was read
  void put(const Quarantined& q);
  void remove(const Quarantined& q);
  void put(const FeedState& f);
  void put(const PairState& p);
  void put(const RunState& r);
  void put(const RunEntry& r);
  void put(const Request& r);
  void put(const WantedMark& m);
  void remove(const WantedMark& m);
  void remove(const Request& r);
  void put_activity(std::int64_t pair, std::int64_t seq, const json::object& doc);
  void put_row(RowWrite w) { writes_.push_back(std::move(w)); }
  void append(const Batch& b) { writes_.insert(writes_.end(), b.writes_.begin(), b.writes_.end()); }
  [[nodiscard]] const std::vector<RowWrite>& writes() const { return writes_; }
  [[nodiscard]] std::vector<RowWrite>& writes() { return writes_; }
  [[nodiscard]] bool empty() const { return writes_.empty(); }
  void clear() { writes_.clear(); }

 private:
  std::vector<RowWrite> writes_;
};

class Ledger {
 public:
  explicit Ledger(Rows& rows) : rows_(rows) {}

  /// Writes the format row of a new store, migrates an older one, refuses a newer one with SY_CONFIG.
  void open();

  [[nodiscard]] std::optional<Link> link(std::int64_t id);
  [[nodiscard]] std::optional<Link> link_of_item(std::int64_t pair, Side side, std::int64_t org, std::string_view kind,
                                                 std::string_view id);
  [[nodiscard]] std::vector<Link> links_of_record(std::int64_t org, std::string_view kind, std::string_view id);
  [[nodiscard]] std::vector<Link> unconfirmed(std::int64_t pair);
  [[nodiscard]] bool any_unconfirmed();  ///< of any pair
  struct Expiry {
    std::int64_t at_ms = 0, link = 0;
  };
  /// The oldest first.
  [[nodiscard]] std::vector<Expiry> expiries(std::int64_t pair, std::size_t limit);
  [[nodiscard]] std::optional<Seen> seen(std::int64_t pair, Side side, std::string_view id);
  /// Those of these items that have a row, by their ids.
  [[nodiscard]] std::map<std::string, Seen, std::less<>> seen(std::int64_t pair, Side side,
                                                              std::span<const std::string> ids);
  [[nodiscard]] std::vector<Seen> seen_page(std::int64_t pair, Side side, std::vector<std::int64_t>& after,
                                            std::size_t limit);
  [[nodiscard]] std::vector<Seen> seen_by_key(std::int64_t pair, Side side, std::string_view kind,
                                              std::string_view key);
  [[nodiscard]] std::optional<Pending> pending(std::int64_t pair, Side side, std::string_view id);
  [[nodiscard]] std::map<std::string, Pending, std::less<>> pending(std::int64_t pair, Side side,
                                                                    std::span<const std::string> ids);
  [[nodiscard]] std::vector<Pending> pending_page(std::int64_t pair, Side side, std::vector<std::int64_t>& after,
                                                  std::size_t limit);
  [[nodiscard]] std::vector<Intent> intents(std::int64_t pair);
  [[nodiscard]] std::optional<std::int64_t> pair_of_token(std::int64_t org, std::string_view token);
  [[nodiscard]] std::optional<Claim> claim(std::int64_t org, std::string_view key);
  [[nodiscard]] Known known(std::int64_t org, std::string_view key);
  [[nodiscard]] std::vector<Quarantined> quarantine(std::int64_t pair);
  [[nodiscard]] std::optional<Quarantined> quarantined(std::int64_t pair, Side side, std::string_view id);
  [[nodiscard]] FeedState feed(std::string_view name);
  [[nodiscard]] std::optional<PairState> pair(std::int64_t id);
  [[nodiscard]] std::vector<PairState> pairs();
  [[nodiscard]] RunState run(std::int64_t pair);
  /// The run log of a pair, the oldest first.
  [[nodiscard]] std::vector<RunEntry> run_log(std::int64_t pair);
  [[nodiscard]] std::vector<Request> requests(std::int64_t pair);
  [[nodiscard]] std::vector<WantedMark> wanted_marks(std::int64_t pair, std::vector<std::int64_t>& after,
                                                     std::size_t limit);
  /// Of all pairs; at most `limit`.
  [[nodiscard]] std::vector<Request> requests_of_all(std::size_t limit);
  [[nodiscard]] std::vector<json::object> activity(std::int64_t pair, std::span<const std::int64_t> seqs);
  [[nodiscard]] std::vector<std::pair<std::int64_t, json::object>> activity_page(std::int64_t pair, std::int64_t after,
                                                                                 std::size_t limit);
  [[nodiscard]] Rows& rows() { return rows_; }

  /// Ascending, unique over all processes; numbers may be skipped.
  [[nodiscard]] std::int64_t next_id();

  void commit(const Batch& b, const std::vector<Fence>& fences) { rows_.commit(b.writes(), fences); }

 private:
  [[nodiscard]] std::optional<Link> match_link(const RowKey& prefix, std::int64_t pair, std::string_view id, Side side);
  Rows& rows_;
  std::mutex ids_mutex_;
  std::int64_t next_ = 0, until_ = 0;
};

/// What a link index row is looked up by: mailbox items per pair, CRM records per organization.
std::int64_t id_scope(Side side, std::int64_t pair, std::int64_t org);

}  // namespace syncline
