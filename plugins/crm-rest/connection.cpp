#include "connection.hpp"

#include "organization_probe.hpp"

namespace syncline::crm {

CrmRest::Dataverse::Dataverse(const Settings& settings, const Host& host)
    : client(settings, Profile::load(settings.profile, settings.profile_dir), host),
      organization(client),
      feeds(client, organization, host) {}

CrmRest::CrmRest(Host host, std::string_view config) : Connection(SY_CRM), host_(host) {
  const Settings settings = Settings::read(config);
  if (settings.mapped())
    mapped_ = std::make_unique<MappedSystem>(settings, host);
  else
    dataverse_ = std::make_unique<Dataverse>(settings, host);
}

std::unique_ptr<Endpoint> CrmRest::open(Host host, std::string_view settings) {
  const Principal principal = Principal::read(settings);
  if (mapped_) return mapped_->open(host, principal);
  return std::make_unique<CrmEndpoint>(dataverse_->client, dataverse_->organization, host, principal);
}

Feeds* CrmRest::feeds() { return mapped_ ? &mapped_->feeds() : &dataverse_->feeds; }

std::string CrmRest::probe(const Call& call) {
  if (mapped_) return mapped_->probe(call);
  return boost::json::serialize(probe_organization(dataverse_->client, dataverse_->organization, host_, call));
}

}  // namespace syncline::crm
