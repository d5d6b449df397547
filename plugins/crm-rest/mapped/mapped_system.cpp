#include "mapped/mapped_system.hpp"

#include "mapped/draft.hpp"
#include "mapped/mapped_probe.hpp"

namespace syncline::crm {

MappedSystem::MappedSystem(const Settings& settings, const Host& host)
    : host_(host),
      web_(settings,
           settings.mapping.empty() ? shipped_mapping(settings.profile) : load_mapping(settings.mapping, host), host),
      records_(web_),
      feeds_(records_, host) {}

std::unique_ptr<Endpoint> MappedSystem::open(const Host& host, const Principal& principal) {
  return std::make_unique<MappedEndpoint>(records_, host, principal);
}

std::string MappedSystem::probe(const Call& call) {
  call.check();
  return boost::json::serialize(MappedProbe(records_, host_, call).run());
}

std::vector<std::string> MappedSystem::discover(const Call& call, std::span<const std::string_view> sets) {
  std::vector<std::string> out;
  for (const RemoteSet& s : remote_sets(web_, host_, call, sets)) out.push_back(boost::json::serialize(s.json()));
  return out;
}

std::string MappedSystem::draft(const Call& call, std::span<const std::string_view> sets) {
  return draft_mapping(web_.mapping(), remote_sets(web_, host_, call, sets));
}

}  // namespace syncline::crm
