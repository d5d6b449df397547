// preparation.hpp: a pair made ready for one pass: who it is in the CRM, its endpoints opened once, what the
// configuration says of it in the words of a pass. Nothing of it is kept when the pass has ended, but who the pair is.
#pragma once

#include "installation.hpp"

namespace syncline {

/// A pair with its endpoints open. One pass, one thread.
struct Prepared {
  explicit Prepared(Counts& all) : traffic(&all), crm_traffic(&traffic) {}
  const PairConfig* config = nullptr;
  PairSettings settings;
  std::vector<Stage> stages;
  Counts traffic, crm_traffic;  ///< of this pass alone
  Sides<std::unique_ptr<PluginHost>> host;
  Sides<EndpointHandle> endpoint;
  Organization* organization = nullptr;
  std::unique_ptr<Organization> own_organization;  ///< a plan has one of its own, over its own store
  PairState state;
};

/// What the configuration says of a pair, in the words of a pass. `configured`: all users and queues of its
/// organization.
PairSettings pair_settings(const Config& config, const PairConfig& pair, const PairState& state,
                           const std::vector<Stage>& stages, const json::array& configured);

/// Any thread.
class Preparation {
 public:
  explicit Preparation(Installation& installation) : installation_(installation) {}

  /// Asks the CRM who the pair is only when that is not known yet, or the last pass failed.
  std::unique_ptr<Prepared> prepare(const PairConfig& p, Ledger& ledger, bool planning);
  /// What a pass that will write needs: an answer about who the pair is that is not older than an hour. Throws when it
  /// may not be synchronized any more.
  void verify(Prepared& p);
  /// The next pass asks again.
  void forget(const PairConfig& p);

 private:
  struct Identity {
    std::string organization, principal;
    std::int64_t asked_ms = 0;
  };
  Identity identity(const PairConfig& p, const EndpointHandle& crm, std::int64_t max_age_ms);
  Identity ask(const PairConfig& p, const EndpointHandle& crm) const;
  void identify(Prepared& out, const Identity& who, Ledger& ledger) const;
  void choose_kinds(Prepared& out) const;

  Installation& installation_;
  std::mutex mutex_;
  std::map<std::string, Identity, std::less<>> known_;  ///< by the pair's name
};

}  // namespace syncline
