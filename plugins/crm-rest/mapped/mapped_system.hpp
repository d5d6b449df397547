// mapped_system.hpp: a CRM that a mapping describes, as a connection: what its endpoints, feeds and commands share.
#pragma once

#include "mapped/mapped_endpoint.hpp"
#include "mapped/mapped_feeds.hpp"
#include "syncline/connection.hpp"

namespace syncline::crm {

class MappedSystem final : public Discovery {
 public:
  MappedSystem(const Settings& settings, const Host& host);

  std::unique_ptr<Endpoint> open(const Host& host, const Principal& principal);
  std::string probe(const Call& call);
  Feeds& feeds() { return feeds_; }
  std::vector<std::string> discover(const Call& call, std::span<const std::string_view> sets) override;
  std::string draft(const Call& call, std::span<const std::string_view> sets) override;

 private:
  Host host_;
  Web web_;
  Records records_;
  MappedFeeds feeds_;
};

}  // namespace syncline::crm
