// feed_walk.hpp: one feed from its cursor to its end: what it reports becomes pending rows of the pairs that it
// concerns, in the transaction that moves the cursor (T1). The same for a mail folder and for a table of a CRM
// organization.
#pragma once

#include <functional>

#include "host.hpp"
#include "ledger.hpp"

namespace syncline {

/// A pair that a feed may be routed to.
struct RoutedPair {
  std::int64_t pair = 0;
  std::string principal;
  std::vector<std::string> kinds;
};

struct WalkSettings {
  Side side = Side::mailbox;
  std::string key;  ///< the feed's name in the store
  std::int64_t org = 0;
  std::string organization;
  std::vector<RoutedPair> pairs;
  std::vector<Fence> fences;
  std::function<void()> renew;  ///< called before each commit: keeps the lease alive; throws when it is lost
  std::int64_t sweep_ms = 0;    ///< a feed that reports no deletions is listed from the start this often; 0: never
  bool restart = false;         ///< from the start, whatever the cursor says; nothing is inferred
  bool infer_missing = true;    ///< a complete listing may say that an id is missing
};

class FeedWalk {
 public:
  FeedWalk(FeedsHandle feeds, Feed feed, WalkSettings settings, Ledger& ledger, Clock clock,
           std::function<bool()> canceled);
  /// Walks to the end; twice when it began in the middle of a walk, so that a complete one has begun now.
  void run();

 private:
  bool walk();  ///< true: it began at a cursor between walks
  void begin();
  void flush(std::optional<std::string> cursor, bool complete);
  void fill(Batch& batch);
  /// The pairs that it is settled for; nothing: it concerns no pair but those.
  std::optional<std::set<std::int64_t>> route(const Item& item, Batch& batch);
  void route_linked(Link link, const Item& item, Batch& batch);
  void route_unlinked(const RoutedPair& pair, std::span<const Item* const> items, Batch& batch);
  void infer(Batch& batch);
  void forget(const Seen& seen, Batch& batch);
  [[nodiscard]] Pending pending_of(std::int64_t pair, const Item& item) const;
  void note(std::int64_t pair, const Item& item, const Pending* known, Batch& batch);
  [[nodiscard]] bool concerns(const RoutedPair& pair, const Item& item) const;

  FeedsHandle feeds_;
  Feed feed_;
  WalkSettings settings_;
  Ledger& ledger_;
  Clock clock_;
  std::function<bool()> canceled_;
  FeedState state_;
  std::vector<Item> page_;
  std::vector<std::int64_t> listed_;  ///< sorted hashes of ids, while a listing without a cursor is read
  bool listing_ = false;
  bool numbered_ = false;  ///< this walk may say whether a link's echo was shown
};

}  // namespace syncline
