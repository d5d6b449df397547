// org_feeds.hpp: the feeds of a CRM organization: captured once per connection under a lease and cursor of their own,
// and routed to pairs as pending rows in the transaction that moves the cursor. Any thread.
#pragma once

#include <chrono>
#include <mutex>

#include "feed_walk.hpp"

namespace syncline {

class OrgFeeds {
 public:
  struct Settings {
    std::string organization;  ///< its id: part of the feed's key, so that a renamed connection keeps its cursor
    std::string owner;         ///< this instance, for the feed's lease
    std::int64_t lease_ms = 120'000;
    bool planning = false;
    std::int64_t sweep_ms = 0;
  };
  OrgFeeds(FeedsHandle feeds, Settings settings, Ledger& ledger, const StoreHandle* leases, Clock clock,
           std::function<bool()> canceled);

  void route_to(RoutedPair pair);
  [[nodiscard]] bool any() const { return !list_.empty(); }
  [[nodiscard]] bool offers(std::string_view kind) const;
  [[nodiscard]] std::uint32_t flags(std::string_view kind) const;  ///< of the feed of a kind; 0: there is none

  /// Makes sure that every feed of these kinds has been walked to its end by a walk that began after `since`.
  /// False: another process is walking it now and none ended in time.
  bool capture(const std::vector<std::string>& kinds, std::chrono::steady_clock::time_point since);

  /// Walks what the routed pairs carry, but for a feed whose last complete walk ended less than `fresh_ms` ago, whoever
  /// made it.
  void capture_for_all(std::int64_t fresh_ms);

  /// Number of the last walk that began, and of the last that ended complete, for a kind's feed.
  [[nodiscard]] std::pair<std::int64_t, std::int64_t> walks(std::string_view kind);

 private:
  void walk(const Feed& feed);
  [[nodiscard]] std::optional<std::int64_t> lease(const std::string& name);
  [[nodiscard]] std::string key(const Feed& feed) const { return "org:" + settings_.organization + "/" + feed.name; }

  FeedsHandle feeds_;
  Settings settings_;
  std::int64_t org_;
  Ledger& ledger_;
  const StoreHandle* leases_;
  Clock clock_;
  std::function<bool()> canceled_;
  std::vector<Feed> list_;
  std::mutex routes_mutex_;  ///< of pairs_: apart, so that nobody waits for a walk's end to be routed to
  std::vector<RoutedPair> pairs_;
  std::mutex mutex_;                                                     ///< one walk at a time in this process
  std::map<std::string, std::chrono::steady_clock::time_point> walked_;  ///< when the last complete walk began
  std::map<std::string, std::int64_t> completed_ms_;
};

}  // namespace syncline
