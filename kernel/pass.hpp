// pass.hpp: what one pass of one pair has in its hands, shared by its phases (recovery, capture, decision, writing),
// and what it reports. One thread.
#pragma once

#include <chrono>
#include <functional>

#include "host.hpp"
#include "ledger.hpp"
#include "match.hpp"
#include "reconcile.hpp"
#include "stages.hpp"

namespace syncline {

inline constexpr std::size_t trace_limit = 16;  ///< activity rows that a seen row points to

struct Gate {
  std::int64_t max_delete = 20, max_delete_percent = 10;
  std::int64_t max_create = 500, max_create_percent = 20;    ///< after a changed configuration
  std::int64_t max_rewrite = 100, max_rewrite_percent = 10;  ///< likewise
};

/// What happens to a linked item that no filter lets in any more, or that is out of sight.
enum class LeftPolicy {
  keep,    ///< a filter only decides what is made: what is linked goes on; what is out of sight is unlinked
  unlink,  ///< the link ends, both items stay; it is taken up again when the item matches again
  remove   ///< the other side's item is deleted, as the rules let it
};

/// What the configuration says of a pair, without the kernel's own types of TOML.
struct PairSettings {
  std::string name, kind, address;  ///< kind: user or queue
  std::vector<std::string> kinds;   ///< entities
  ConflictPolicy conflict = ConflictPolicy::last_writer;
  bool at_least_once = false;
  bool first_run_goes = false;
  Gate gate;
  LeftPolicy left = LeftPolicy::unlink;
  bool edit_outlives = false;                            ///< delete.vs_edit = edit_wins
  ConflictPolicy first_link = ConflictPolicy::crm_wins;  ///< of two items that existed before they were linked
  std::int64_t sweep_ms = 0;
  int retry_max = 5;                                     ///< attempts at an item before it goes into quarantine
  std::int64_t retry_ms = std::int64_t{15} * 60 * 1000;  ///< between attempts at what failed
  std::int64_t failure_keep_ms = std::int64_t{3} * 24 * 3600 * 1000;  ///< in quarantine; 0: for ever
  std::optional<std::int64_t> received_after_ms;
  json::object user;        ///< the fact `user`: address, kind, method, …
  std::string mailbox;      ///< identity of the mailbox: connection and name, without secrets
  std::string fingerprint;  ///< of what verdicts depend on
  std::int64_t history_keep_ms = std::int64_t{90} * 24 * 3600 * 1000;
  std::int64_t tombstone_keep_ms = std::int64_t{180} * 24 * 3600 * 1000;
};

struct PassCounts {
  std::int64_t looked_at = 0, created = 0, linked = 0, updated = 0, removed = 0, unlinked = 0, refused = 0, waiting = 0,
               quarantined = 0, failed = 0, recovered = 0, settled = 0;
  std::map<std::string, std::int64_t> refused_by;  ///< reason → count
  void add(const PassCounts& o);
  [[nodiscard]] bool moved() const { return settled + recovered != 0; }
};

/// A remote write that a plan would make.
struct PlannedOp {
  Side side = Side::crm;
  std::uint32_t verb = SY_CREATE;
  std::string kind, item, reason;
};

/// Answers shared by all pairs of an organization for a while: who is behind an address.
class PartyCache {
 public:
  explicit PartyCache(Clock clock, std::int64_t keep_ms = 600'000, std::size_t limit = 20'000)
      : clock_(std::move(clock)), keep_ms_(keep_ms), limit_(limit) {}
  [[nodiscard]] std::optional<json::value> find(const std::string& address);
  void put(const std::string& address, json::value candidates);
  void forget(const std::string& address);  ///< somebody was made who has it

 private:
  struct Entry {
    json::value candidates;
    std::int64_t at_ms = 0;
  };
  std::mutex mutex_;
  Clock clock_;
  std::int64_t keep_ms_;
  std::size_t limit_;
  std::map<std::string, Entry> entries_;
};

/// Feeds of the whole organization, captured once for all pairs.
class OrgFeeds;

struct PassContext {
  const PairSettings& settings;
  const std::vector<Stage>& stages;
  Ledger& ledger;
  Sides<const EndpointHandle*> endpoint;
  OrgFeeds& org_feeds;
  PartyCache& parties;
  Spool& spool;
  Clock clock;
  std::function<bool()> canceled;
  std::function<void()> renew{};  ///< renews the lease; throws when it is lost
  std::chrono::milliseconds call_budget{std::chrono::minutes(5)};
  Fence fence{};
  PairState state{};
  PassCounts counts{};
  /// Requests about single items that are still open.
  std::map<std::pair<Side, std::string>, Request> asked{};
  /// Only this item is worked on: the pass of a request.
  std::optional<std::pair<Side, std::string>> only{};
  bool planning = false;
  std::vector<PlannedOp> planned{};
  std::size_t planned_limit = 1000;      ///< operations kept for showing; the counts are always whole
  std::set<std::string> planned_keys{};  ///< of records that a plan has accepted
  Batch carried{};                       ///< record of the batch before: rides with the next intents (S15)
  /// Items whose link stands in `carried`: the store still has their match keys, and they are nobody's twin any more.
  Sides<std::set<std::string>> linked_in_carried{};
  std::vector<std::function<void()>> after_carried{};  ///< what may happen once it is durable: spooled parts go
  std::int64_t run = 0;
  std::function<void(const PassCounts&, std::size_t left)> progress{};
  bool crm_when_needed = false;  ///< an idle pass leaves the CRM's feeds to whoever walks them for all pairs
  bool asked_crm = false;        ///< whether this pass needed the CRM's feeds
  std::set<std::string, std::less<>> all_accepted{};  ///< one-way kinds of which a whole batch was just let in
  std::set<std::string> waits_for_move{};  ///< items of the mailbox that are gone and may be there under another id
  std::function<void()> before_work{};     ///< once everything is captured and something is to be decided; may throw

  [[nodiscard]] CallBudget budget() const { return CallBudget(call_budget, canceled); }
  void check() const {
    if (canceled && canceled()) throw Error(SY_CANCELED, "stopping");
  }
  [[nodiscard]] std::vector<Fence> fences() const {
    return planning ? std::vector<Fence>() : std::vector<Fence>{fence};
  }
  std::function<bool(std::int64_t pair)> configured{};  ///< whether this pair still stands in the configuration
  /// With the fence. A pending row that changed since it was read stays; rows of natural keys are merged with what
  /// others wrote. Throws ClaimTaken when a claim in `b` is somebody else's.
  void commit(Batch b);
  void flush();            ///< commits what is carried
  void carried_is_kept();  ///< it has been committed, here or with other rows
  /// Whether its time has come. A time that nobody would have chosen was written before the clock was set back.
  [[nodiscard]] bool due(const Pending& p) const;
};

/// Another pair has taken the claim first; `key` says which.
class ClaimTaken : public Error {
 public:
  explicit ClaimTaken(std::string key)
      : Error(SY_EXISTS, "another pair is creating this record"), key_(std::move(key)) {}
  [[nodiscard]] const std::string& key() const { return key_; }

 private:
  std::string key_;
};

/// One thing that a pass works on.
struct WorkItem {
  std::vector<std::size_t> ops;  ///< its operations in the intent
  Pending pending;
  std::optional<Seen> seen;
  std::optional<Link> link;
  std::optional<Link> ended;  ///< the link that it had and that has ended: it may be a new item
  bool resumed = false;       ///< that link goes on
  std::optional<Pending> other_pending;
  std::optional<Request> request;   ///< what a person asked of it
  Sides<std::optional<Item>> item;  ///< as read in this pass
  Sides<SideNow> now;
  FilterResult filtered;
  Decision decision;
  RulesResult ruled;
  std::string key;  ///< natural key
  std::int64_t generation = 0;
  std::vector<std::int64_t> journal;  ///< activity written before the effect: what a conflict replaces
  std::vector<std::string> waits;     ///< refused: under which natural keys it waits
  bool settled = false;

  [[nodiscard]] Side side() const { return pending.side; }
  [[nodiscard]] const std::string& kind() const { return pending.kind; }
  [[nodiscard]] const std::string& id() const { return pending.id; }
};

/// What an item says of itself now; nullopt: it was not read.
SideNow side_now(const std::optional<Item>& item);

/// Writes one activity row into `batch` and returns its number.
/// A text of an item's marks; empty: none.
std::string mark_of(const Item& item, std::string_view name);
/// All keys by which an unlinked item finds its twin: content and tokens.
std::vector<std::string> all_match_keys(std::string_view organization, std::string_view kind, Side side,
                                        const Item& item, const json::object& doc);

/// The keys by which a mailbox's item is known again after a move has given it another id: what its mailbox says lasts,
/// and our token. They stay on the row of a linked item; empty: it cannot be told.
std::vector<std::string> lasting_keys(const Item& item);

/// Puts the row of an unlinked item that nobody has judged yet, with the keys by which its twin finds it (S9). `seen`:
/// its row as it is, whose old keys go; nullopt: it has none.
void put_unjudged(Batch& batch, std::optional<Seen> seen, std::int64_t pair, std::string_view organization, Side side,
                  std::string_view kind, const Item& item);

/// Whether the mailbox wants its items deleted once the CRM has them for good.
bool consumes(const PassContext& ctx, std::string_view kind);

void add_known_link(PassContext& ctx, Batch& batch, Known k, KnownLink link);
/// The feed of a kind on a side: number of the last walk that began, and of the last that ended complete.
std::pair<std::int64_t, std::int64_t> walks_of(PassContext& ctx, Side side, std::string_view kind);
std::string mailbox_feed_key(std::int64_t pair, std::string_view feed);

std::int64_t note_activity(PassContext& ctx, Batch& batch, std::string_view kind, Side side, std::string_view item,
                           std::string_view event, json::object details);

/// The seen row of an item, with one more activity in its trace (bounded).
Seen seen_with(const WorkItem& w, std::int64_t pair, std::int64_t activity, std::string verdict, std::string reason,
               json::object args, std::string stage, const std::string& fingerprint);

void settle(PassContext& ctx, Batch& batch, WorkItem& w, std::string verdict, std::string stage, std::string reason,
            json::object args, json::object details = {});
/// `args`: what the stage's own sentence for the failure's code needs.
void put_in_quarantine(PassContext& ctx, Batch& batch, WorkItem& w, std::string stage, const Done& failure,
                       json::object args = {});
/// A link that had ended goes on.
void take_up(const PassContext& ctx, WorkItem& w, Link ended);
/// An item whose link ended earlier was looked at, and nothing follows from what has changed.
void stay_ended(PassContext& ctx, WorkItem& w, std::string stage, std::string reason, json::object args);
void postpone(PassContext& ctx, Batch& batch, WorkItem& w, std::string reason, std::int64_t not_before_ms, bool counts);

/// What a rule says cannot be carried as it is: tried again as a failed write is; then the rule's own words stand.
void fail_by_rule(PassContext& ctx, WorkItem& w);

// The phases, each in a file of its own.
void recover(PassContext& ctx);  // recover.cpp: leftovers of a pass that ended early
/// Whether anything is to be decided now; what waits for a later attempt is not.
bool anything_due(PassContext& ctx);                          // capture.cpp
void capture(PassContext& ctx);                               // capture.cpp: all pages of both sides
void decide(PassContext& ctx, std::vector<WorkItem>& batch);  // decide.cpp: up to each item's confirmed decision
void write(PassContext& ctx, std::vector<WorkItem>& batch);   // apply.cpp: intents, effects
void send(PassContext& ctx, Intent& intent,
          std::vector<WorkItem>& items);  // apply.cpp: items[i] belongs to ops of its index
void record(PassContext& ctx, Intent& intent, std::vector<WorkItem>& items,
            const std::vector<std::optional<Done>>& done);   // record.cpp
void record_without_writing(PassContext& ctx, WorkItem& w);  // record.cpp
Proposed proposed(const WorkItem& w);                        // decide.cpp: what the decision would write
/// Fields of a kind that a side carries; nullopt: all of the schema.
std::optional<std::set<std::string>> carried_fields(const EndpointHandle& endpoint, std::string_view kind);
/// Reads items of one side, as many a call as the side takes, and hands each to `give`; decide.cpp.
void read_items(PassContext& ctx, Side side, std::string_view kind, const std::vector<std::string>& ids, int depth,
                const std::function<void(const Item&)>& give);
void gather_facts(PassContext& ctx, std::vector<WorkItem*>& items,
                  std::map<const WorkItem*, json::object>& facts);  // facts.cpp
/// What needs no asking, about the item of that side.
json::object basic_facts(const PassContext& ctx, const WorkItem& w, Side side);  // facts.cpp
/// The directory's keys under which the record made of `doc` will be found; facts.cpp.
std::vector<std::string> record_keys(const json::object& doc);

}  // namespace syncline
