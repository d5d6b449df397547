#include "organization_probe.hpp"

#include "odata.hpp"
#include "syncline/net/throttle.hpp"

namespace syncline::crm {
namespace json = boost::json;
namespace {

/// Whether a table's rows may be read; one row is asked for.
void table(Client& client, const Host& host, const Call& call, const PartyType& type, Findings& findings) {
  try {
    client.get(host, call, Select{type.set, type.key, {}, {}, {}}.path(), page_preference(1), "GET " + type.set);
    findings.ok("permissions", type.set + " can be read");
  } catch (const Refused& e) {
    if (type.optional && e.status() == 404)
      findings.ok("permissions", "there is no table " + type.set + "; addresses are looked up without it");
    else
      findings.failed("permissions", e);
  } catch (const Error& e) {
    findings.failed("permissions", e);
  }
}

std::string tracking(Client& client, const Host& host, const Call& call, const std::string& set, const std::string& key,
                     Findings& findings) {
  try {
    const json::object page = client.get(host, call, Select{set, key, {}, {}, {}}.path(),
                                         "odata.track-changes," + page_preference(1), "GET " + set);
    if (page.contains("@odata.deltaLink") || page.contains("@odata.nextLink")) {
      findings.ok("delta", "changes of " + set + " are tracked");
      return "yes";
    }
  } catch (const Refused& e) {
    if (e.code() != SY_UNSUPPORTED) {
      findings.failed("delta", e);
      return e.what();
    }
  } catch (const Error& e) {
    findings.failed("delta", e);
    return e.what();
  }
  findings.warning("delta",
                   "changes of " + set + " are not tracked: it is listed in full each time, and deletions are not seen",
                   "switch on change tracking for this table");
  return "no";
}

/// What is not carried since it cannot be told from what is empty.
void secured(Organization& organization, const Host& host, const Call& call, const ItemTable& t, Findings& findings) {
  const auto facts = organization.table(host, call, t.table);
  for (const ItemField& f : t.fields)
    for (const std::string& c : f.columns)
      if (facts->secured.contains(c))
        findings.warning("permissions",
                         "the column " + c + " of " + t.set + " is under field security: " + std::string(f.top()) +
                             " is not carried",
                         "switch field security off for this column, if it shall be carried");
}

void reach(Client& client, const Host& host, const Call& call, Findings& findings) {
  net::Request request;
  request.path = client.profile().organization.who;
  const net::Response answer = client.send(host, call, std::move(request));
  findings.ok("reachable", "the organization answers (HTTP " + std::to_string(answer.status) + ")");
  if (const auto date = net::parse_http_date(answer.headers.get("Date"))) findings.clock(*date, host.now_ms());
}

}  // namespace

json::object probe_organization(Client& client, Organization& organization, const Host& host, const Call& call) {
  call.check();
  const Profile& profile = client.profile();
  Findings findings;
  json::object out{
      {"profile", profile.name}, {"url", client.settings().url}, {"api_version", client.settings().api_version}};
  findings.tls(client.settings().url, client.settings().verify);
  try {
    reach(client, host, call, findings);
    const OrganizationFacts facts = organization.facts(host, call);
    findings.ok("sign-in", "the credentials (" + client.settings().method + ") are accepted");
    out["organization"] = facts.id;
    out["organization_name"] = facts.name;
    out["user"] = facts.user;
    out["attachment_limit"] = facts.attachment_limit;
    for (const PartyType& type : profile.types) table(client, host, call, type, findings);
    json::object tracked{
        {profile.email.feed, tracking(client, host, call, profile.email.set, profile.email.key, findings)}};
    for (const ItemKind& kind : profile.items)
      for (const ItemTable& t : kind.tables) {
        tracked[t.set] = tracking(client, host, call, t.set, t.key, findings);
        secured(organization, host, call, t, findings);
      }
    out["change_tracking"] = std::move(tracked);
  } catch (const Error& e) {
    findings.failed("reachable", e);
  }
  out["findings"] = findings.json();
  return out;
}

}  // namespace syncline::crm
