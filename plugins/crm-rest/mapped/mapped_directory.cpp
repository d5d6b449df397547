// The directory of a mapped CRM: one query per address and column, each answer checked, since a server may ignore a
// filter that it does not know.
#include <algorithm>

#include "mapped/mapped_endpoint.hpp"
#include "odata.hpp"
#include "syncline/net/url.hpp"

namespace syncline::crm {
namespace json = boost::json;
namespace {

constexpr std::size_t longest_address = 320, most_candidates = 101;

bool active(const PeopleMap& p, const json::value& row) {
  if (p.active.empty()) return true;
  const json::value* v = at_path(row, p.active);
  return v != nullptr && same_value(*v, p.active_is);
}

std::vector<Path> columns(const PeopleMap& p) {
  std::vector<Path> out{p.key, p.name, p.active, p.owner};
  out.insert(out.end(), p.addresses.begin(), p.addresses.end());
  return out;
}

}  // namespace

void MappedDirectory::candidates(const Call& call, const PeopleMap& p, const std::string& address, json::array& out) {
  if (!records_->mapping().can_query())
    throw Error(SY_CONFIG, "crm: the mapping names people but not how to look one up; set query.equal");
  std::vector<std::string> shown;
  for (const Path& column : p.addresses)
    records_->web().rows(
        host_, call, records_->web().equal(p.set, {}, columns(p), column, address), "GET " + p.set,
        [&](const json::value& row) {
          const std::string id = id_of(row, p.key);
          if (id.empty() || lower(text_at(row, column)) != lower(address)) return true;
          if (std::find(shown.begin(), shown.end(), id) != shown.end()) return true;
          shown.push_back(id);
          const std::string owner = text_at(row, p.owner);
          out.push_back(json::object{{"type", p.type},
                                     {"id", id},
                                     {"name", text_at(row, p.name)},
                                     {"active", active(p, row)},
                                     {"owner", owner.empty() ? json::value(nullptr) : json::value(owner)}});
          return shown.size() < most_candidates;
        });
}

std::string MappedDirectory::identity(const Call& call, std::string_view address) {
  const Mapping& m = records_->mapping();
  if (address.empty()) address = principal_.address;
  if (m.principals.empty())
    throw Error(SY_UNSUPPORTED,
                "crm: the mapping names no principals; add them, or set id = \"…\" for this user or queue");
  for (const PeopleMap& p : m.principals) {
    if (!principal_.kind.empty() && p.type != principal_.kind && lower(address) == lower(principal_.address)) continue;
    json::array found;
    if (!address.empty() && address.size() <= longest_address) candidates(call, p, std::string(address), found);
    const auto in_use = [](const json::value& c) { return c.at("active").as_bool(); };
    if (std::any_of(found.begin(), found.end(), in_use))
      found.erase(std::remove_if(found.begin(), found.end(), [&](const json::value& c) { return !in_use(c); }),
                  found.end());
    if (found.empty()) continue;
    if (found.size() > 1)
      throw Error(SY_CONFIG, "crm: " + std::to_string(found.size()) + " rows of " + p.set +
                                 " have this address; leave it to one of them in the CRM");
    const json::object& c = found.front().as_object();
    const std::string organization =
        m.organization.empty() ? net::parse_url(records_->web().settings().url).origin.host_field() : m.organization;
    const json::object who{{"id", c.at("id")},     {"kind", p.type},   {"address", address},
                           {"name", c.at("name")}, {"approved", true}, {"enabled", c.at("active")},
                           {"incoming", 0},        {"method", nullptr}};
    return json::serialize(
        json::object{{"organization", organization},
                     {"organization_name", m.organization_name.empty() ? organization : m.organization_name},
                     {"principal", who}});
  }
  throw Error(SY_GONE,
              "crm: there is no " + (principal_.kind.empty() ? std::string("user or queue") : principal_.kind) +
                  " with this address that we may see; correct the address in the configuration or in the CRM");
}

const std::string& MappedDirectory::owner(const Call& call) {
  if (owner_) return *owner_;
  std::string id;
  if (!records_->mapping().principals.empty())
    id = std::string(json::parse(identity(call, principal_.address)).at("principal").at("id").as_string());
  owner_ = std::move(id);
  return *owner_;
}

std::vector<std::string> MappedDirectory::parties(const Call& call, std::span<const std::string_view> addresses) {
  const Mapping& m = records_->mapping();
  std::map<std::string, json::array, std::less<>> known;
  std::vector<std::string> out;
  for (const std::string_view a : addresses) {
    auto [at, fresh] = known.try_emplace(lower(a));
    if (fresh && !a.empty() && a.size() <= longest_address)
      for (const auto* group : {&m.principals, &m.people})
        for (const PeopleMap& p : *group) candidates(call, p, std::string(a), at->second);
    out.push_back(json::serialize(at->second));
  }
  return out;
}

std::vector<std::string> MappedDirectory::records(const Call& call, std::string_view kind,
                                                  std::span<const std::string_view> keys) {
  const Mapping& m = records_->mapping();
  const RecordMap* r = m.record(kind);
  if (r == nullptr) throw Error(SY_UNSUPPORTED, "crm: the mapping carries no " + std::string(kind));
  const FieldMap *by = r->field("message_id"), *way = r->field("direction");
  std::vector<std::string> out;
  for (const std::string_view key : keys) {
    json::array found;
    std::vector<std::string> shown;
    const bool odd = key.starts_with("token:") || key.starts_with("conversation:") || key.starts_with("words:");
    if (by != nullptr && m.can_query() && !key.empty() && !odd)
      for (const std::string& form : {std::string(key), "<" + std::string(key) + ">"})
        records_->web().rows(host_, call, records_->web().equal(r->set, r->query, columns_of(*r), by->column, form),
                             "GET " + r->set, [&](const json::value& row) {
                               const std::string id = id_of(row, r->key);
                               if (without_brackets(text_at(row, by->column)) != key ||
                                   std::find(shown.begin(), shown.end(), id) != shown.end())
                                 return true;
                               shown.push_back(id);
                               bool outgoing = false;
                               if (const json::value* v = way == nullptr ? nullptr : at_path(row, way->column)) {
                                 outgoing = text_at(row, way->column) == "outgoing";
                                 for (const auto& [word, value] : way->values)
                                   if (word == "outgoing") outgoing = same_value(*v, value);
                               }
                               found.push_back(json::object{{"id", id},
                                                            {"version", version_of(m, *r, row)},
                                                            {"direction", outgoing ? "outgoing" : "incoming"},
                                                            {"regarding", nullptr},
                                                            {"state", "completed"},
                                                            {"created_ms", instant_at(row, r->created).value_or(0)}});
                               return shown.size() < most_candidates;
                             });
    out.push_back(json::serialize(found));
  }
  return out;
}

}  // namespace syncline::crm
