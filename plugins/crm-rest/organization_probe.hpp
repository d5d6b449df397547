// organization_probe.hpp: looks at a Dataverse organization with read-only requests, for `plugin info` and `doctor`.
#pragma once

#include "mapped/findings.hpp"
#include "organization.hpp"

namespace syncline::crm {

boost::json::object probe_organization(Client& client, Organization& organization, const Host& host, const Call& call);

}  // namespace syncline::crm
