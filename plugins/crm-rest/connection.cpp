#include "connection.hpp"

#include "odata.hpp"

namespace syncline::crm {
namespace json = boost::json;
namespace {

Client make_client(const Host& host, std::string_view config) {
  const Settings settings = Settings::read(config);
  return {settings, Profile::load(settings.profile, settings.profile_dir), host};
}

}  // namespace

CrmRest::CrmRest(Host host, std::string_view config)
    : Connection(SY_CRM),
      host_(host),
      client_(make_client(host, config)),
      organization_(client_),
      feeds_(client_, host) {}

std::unique_ptr<Endpoint> CrmRest::open(Host host, std::string_view settings) {
  return std::make_unique<CrmEndpoint>(client_, organization_, host, Principal::read(settings));
}

std::string CrmRest::probe(const Call& call) {
  const Profile& profile = client_.profile();
  const OrganizationFacts facts = organization_.facts(host_, call);
  json::object out{{"profile", profile.name},
                   {"url", client_.settings().url},
                   {"api_version", client_.settings().api_version},
                   {"organization", facts.id},
                   {"organization_name", facts.name},
                   {"user", facts.user},
                   {"attachment_limit", facts.attachment_limit}};
  std::string tracking = "yes";
  try {
    const json::object page = client_.get(host_, call, Select{profile.email.set, profile.email.key, {}, {}, {}}.path(),
                                          "odata.track-changes," + page_preference(1), "GET " + profile.email.set);
    if (!page.contains("@odata.deltaLink") && !page.contains("@odata.nextLink")) tracking = "no";
  } catch (const Refused& e) {
    if (e.of_the_call()) throw;
    tracking = e.code() == SY_UNSUPPORTED ? "no" : e.what();
  }
  out["change_tracking"] = json::object{{profile.email.feed, tracking}};
  return json::serialize(out);
}

}  // namespace syncline::crm
