#include "directory.hpp"

#include <algorithm>

#include "email_lookup.hpp"
#include "odata.hpp"

namespace syncline::crm {
namespace json = boost::json;
namespace {

constexpr std::size_t longest_address = 320;  // RFC 5321: 64 + @ + 255

}  // namespace

CrmDirectory::Found CrmDirectory::principals(const Call& call, const PrincipalType& kind, std::string_view address) {
  const PartyType& type = *client_->profile().type(kind.kind);
  const std::string columns = column_list({type.key, type.title, kind.address, type.active.column, kind.approved.column,
                                           kind.incoming, kind.method_set.empty() ? kind.method : std::string{}});
  Found found;
  client_->rows(host_, call, Select{type.set, columns, kind.address + " eq " + literal(address), type.key, {}}.path(),
                page_preference(10), "GET " + type.set, [&](const json::object& row) {
                  if (lower(text_of(row, kind.address)) == lower(address)) found.push_back(row);
                  return found.size() < 10;
                });
  const bool any_active = std::any_of(
      found.begin(), found.end(), [&](const json::object& r) { return same(r, type.active.column, type.active.is); });
  if (any_active)  // a disabled namesake is of no interest
    std::erase_if(found, [&](const json::object& r) { return !same(r, type.active.column, type.active.is); });
  return found;
}

json::value CrmDirectory::method(const Call& call, const PrincipalType& kind, const json::object& row,
                                 const std::string& id) {
  const auto value = [&](const json::object& from) -> json::value {
    const auto n = number_of(from, kind.method);
    return n ? json::value(*n) : json::value(nullptr);
  };
  if (kind.method.empty()) return nullptr;
  if (kind.method_set.empty()) return value(row);
  try {
    return value(client_->get(host_, call, kind.method_set + "(" + id + ")?$select=" + kind.method, {},
                              "GET " + kind.method_set));
  } catch (const Refused& e) {  // a personal option that we may not be allowed to see
    if (e.of_the_call() || e.code() == SY_RETRY) throw;
    host_.log(SY_DEBUG, "", e.what());
    return nullptr;
  }
}

std::string CrmDirectory::identity(const Call& call, std::string_view address) {
  if (address.empty()) address = principal_.address;
  const OrganizationFacts facts = organization_->facts(host_, call);
  for (const PrincipalType& kind : client_->profile().principals) {
    if (!principal_.kind.empty() && principal_.kind != kind.kind && lower(address) == lower(principal_.address))
      continue;
    const PartyType& type = *client_->profile().type(kind.kind);
    const Found found = address.empty() || address.size() > longest_address ? Found{} : principals(call, kind, address);
    if (found.empty()) continue;
    if (found.size() > 1)
      throw Error(SY_CONFIG, "crm: " + std::to_string(found.size()) + " rows of " + type.set +
                                 " have this address; leave it to one of them in the CRM");
    const json::object& row = found.front();
    const std::string id = lower(text_of(row, type.key));
    const json::object principal{{"id", id},
                                 {"kind", kind.kind},
                                 {"address", text_of(row, kind.address)},
                                 {"name", text_of(row, type.title)},
                                 {"approved", same(row, kind.approved.column, kind.approved.is)},
                                 {"enabled", same(row, type.active.column, type.active.is)},
                                 {"incoming", number_of(row, kind.incoming).value_or(0)},
                                 {"method", method(call, kind, row, id)}};
    return json::serialize(
        json::object{{"organization", facts.id}, {"organization_name", facts.name}, {"principal", principal}});
  }
  throw Error(SY_GONE,
              "crm: the organization has no " +
                  (principal_.kind.empty() ? std::string("user or queue") : principal_.kind) +
                  " with this address that we may see; correct the address in the configuration or in the CRM");
}

void CrmDirectory::candidates(const Call& call, const PartyType& type, const std::vector<std::string>& literals,
                              const std::map<std::string, std::size_t, std::less<>>& wanted,
                              std::vector<json::array>& out) {
  const Profile& profile = client_->profile();
  std::string columns = column_list({type.key, type.title, type.active.column, type.owner});
  for (const std::string& a : type.addresses) columns += "," + a;
  for (const FilterPart& part : or_chains(type.addresses, literals, profile.max_url, profile.max_conditions)) {
    std::map<std::size_t, std::size_t> counts;
    client_->rows(host_, call, Select{type.set, columns, part.filter, type.key, {}}.path(),
                  page_preference(profile.directory_page), "GET " + type.set, [&](const json::object& row) {
                    const std::string owner = lower(text_of(row, type.owner));
                    std::vector<std::size_t> here;  // one row may stand for several addresses, and for each only once
                    for (const std::string& a : type.addresses) {
                      const auto at = wanted.find(lower(text_of(row, a)));
                      if (at == wanted.end() || std::find(here.begin(), here.end(), at->second) != here.end()) continue;
                      here.push_back(at->second);
                      if (++counts[at->second] > profile.max_candidates) continue;
                      out[at->second].push_back(
                          json::object{{"type", type.name},
                                       {"id", lower(text_of(row, type.key))},
                                       {"name", text_of(row, type.title)},
                                       {"active", same(row, type.active.column, type.active.is)},
                                       {"owner", owner.empty() ? json::value(nullptr) : json::value(owner)}});
                    }
                    const auto full = std::count_if(counts.begin(), counts.end(),
                                                    [&](const auto& c) { return c.second > profile.max_candidates; });
                    return static_cast<std::size_t>(full) < part.count;  // beyond that, more rows say nothing new
                  });
  }
}

std::vector<std::string> CrmDirectory::parties(const Call& call, std::span<const std::string_view> addresses) {
  std::map<std::string, std::size_t, std::less<>> wanted;  // lower case → index of its answer
  std::vector<std::string> literals;
  for (const std::string_view a : addresses)
    if (!a.empty() && a.size() <= longest_address && wanted.try_emplace(lower(a), literals.size()).second)
      literals.push_back(literal(a));
  std::vector<json::array> found(literals.size());
  if (!literals.empty())
    for (const PartyType& type : client_->profile().types) {
      if (std::find(absent_.begin(), absent_.end(), type.name) != absent_.end()) continue;
      try {
        candidates(call, type, literals, wanted, found);
      } catch (const Refused& e) {
        if (!type.optional || e.status() != 404) throw;
        host_.log(SY_INFO, "",
                  "crm: the organization has no table " + type.set + "; addresses are looked up without it");
        absent_.push_back(type.name);
      }
    }
  std::vector<std::string> out;
  for (const std::string_view a : addresses) {
    const auto at = wanted.find(lower(a));
    out.push_back(at == wanted.end() ? "[]" : json::serialize(found[at->second]));
  }
  return out;
}

std::vector<std::string> CrmDirectory::records(const Call& call, std::string_view kind,
                                               std::span<const std::string_view> keys) {
  if (kind != "email") throw Error(SY_UNSUPPORTED, "crm-rest carries no " + std::string(kind) + " yet");
  return EmailLookup(*client_, *organization_, host_).records(call, keys);
}

}  // namespace syncline::crm
