#include "org_feeds.hpp"

#include <algorithm>
#include <thread>

namespace syncline {

OrgFeeds::OrgFeeds(FeedsHandle feeds, Settings settings, Ledger& ledger, const StoreHandle* leases, Clock clock,
                   std::function<bool()> canceled)
    : feeds_(feeds),
      settings_(std::move(settings)),
      org_(key_hash(settings_.organization)),
      ledger_(ledger),
      leases_(leases),
      clock_(std::move(clock)),
      canceled_(std::move(canceled)) {
  if (feeds_) list_ = feeds_.list(CallBudget(std::chrono::seconds(10)));
}

void OrgFeeds::route_to(RoutedPair pair) {
  const std::lock_guard lock(routes_mutex_);
  const auto it = std::find_if(pairs_.begin(), pairs_.end(), [&](const RoutedPair& p) { return p.pair == pair.pair; });
  if (it == pairs_.end())
    pairs_.push_back(std::move(pair));
  else
    *it = std::move(pair);
}

bool OrgFeeds::offers(std::string_view kind) const {
  return std::any_of(list_.begin(), list_.end(), [&](const Feed& f) { return f.kind == kind; });
}

std::uint32_t OrgFeeds::flags(std::string_view kind) const {
  const auto it = std::find_if(list_.begin(), list_.end(), [&](const Feed& f) { return f.kind == kind; });
  return it == list_.end() ? 0 : it->flags;
}

std::pair<std::int64_t, std::int64_t> OrgFeeds::walks(std::string_view kind) {
  for (const Feed& f : list_)
    if (f.kind == kind) {
      const FeedState s = ledger_.feed(key(f));
      return {s.walk, s.complete_walk};
    }
  return {0, 0};
}

bool OrgFeeds::capture(const std::vector<std::string>& kinds, std::chrono::steady_clock::time_point since) {
  const std::lock_guard lock(mutex_);
  for (const Feed& f : list_) {
    if (std::find(kinds.begin(), kinds.end(), f.kind) == kinds.end()) continue;
    if (const auto it = walked_.find(f.name); it != walked_.end() && it->second >= since) continue;
    const auto began = std::chrono::steady_clock::now();
    walk(f);
    walked_[f.name] = began;
  }
  return true;
}

void OrgFeeds::capture_for_all(std::int64_t fresh_ms) {
  const std::lock_guard lock(mutex_);
  for (const Feed& f : list_) {
    const bool wanted = [&] {
      const std::lock_guard routes(routes_mutex_);
      return std::any_of(pairs_.begin(), pairs_.end(), [&](const RoutedPair& p) {
        return std::find(p.kinds.begin(), p.kinds.end(), f.kind) != p.kinds.end();
      });
    }();
    if (!wanted) continue;
    // A walk that found nothing leaves no trace in the store, so our own are remembered here.
    const auto own = completed_ms_.find(f.name);
    const std::int64_t age =
        clock_() - std::max(ledger_.feed(key(f)).complete_at_ms, own == completed_ms_.end() ? 0 : own->second);
    if (age >= 0 && age < fresh_ms) continue;
    const auto began = std::chrono::steady_clock::now();
    walk(f);
    walked_[f.name] = began;
    completed_ms_[f.name] = clock_();
  }
}

std::optional<std::int64_t> OrgFeeds::lease(const std::string& name) {
  const auto ask = [&](int force) {
    return leases_->lease(CallBudget(std::chrono::seconds(30), canceled_), name, settings_.owner, clock_(),
                          settings_.lease_ms, force);
  };
  LeaseAnswer a = ask(0);
  if (!a.taken && a.holder.until_ms - clock_() > 2 * settings_.lease_ms) a = ask(1);  // the clock was set back
  return a.taken ? std::optional(a.holder.fence) : std::nullopt;
}

void OrgFeeds::walk(const Feed& feed) {
  WalkSettings w;
  w.side = Side::crm;
  w.key = key(feed);
  w.org = org_;
  w.organization = settings_.organization;
  {
    const std::lock_guard lock(routes_mutex_);
    w.pairs = pairs_;
  }
  w.sweep_ms = settings_.sweep_ms;
  std::string name = "feed/" + w.key;
  if (!settings_.planning) {
    std::optional<std::int64_t> fence;
    for (int i = 0; !(fence = lease(name)); ++i) {  // another process walks it now: it ends soon, or its lease does
      if (canceled_ && canceled_()) throw Error(SY_CANCELED, "stopping");
      if (i == 600)
        throw Error(SY_RETRY, "another process holds the feed " + feed.name + " of this organization", 5000);
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
    w.fences = {{name, *fence}};
    w.renew = [this, name] {
      if (!lease(name)) throw Error(SY_CONFLICT, "the lease of this organization's feed was lost");
    };
  }
  FeedWalk(feeds_, feed, std::move(w), ledger_, clock_, canceled_).run();
  if (!settings_.planning)
    static_cast<void>(leases_->lease(CallBudget(std::chrono::seconds(30)), name, settings_.owner, clock_(), 0, 0));
}

}  // namespace syncline
