#include "organization.hpp"

#include "odata.hpp"

namespace syncline::crm {
namespace json = boost::json;
namespace {

constexpr std::int64_t keep_ms = 3'600'000;

/// ";ade;adp;.BAT" as lower-case extensions.
std::vector<std::string> extensions(std::string_view list) {
  std::vector<std::string> out;
  std::string one;
  for (const char c : list) {
    if (c == ';' || c == ',' || c == ' ') {
      if (!one.empty()) out.push_back(lower(one));
      one.clear();
    } else if (c != '.' || !one.empty()) {
      one += c;
    }
  }
  if (!one.empty()) out.push_back(lower(one));
  return out;
}

}  // namespace

OrganizationFacts Organization::facts(const Host& host, const Call& call) {
  const std::int64_t now = host.now_ms();
  {
    const std::lock_guard lock(mutex_);
    if (!facts_.id.empty() && now - read_at_ms_ < keep_ms && now >= read_at_ms_) return facts_;
  }
  OrganizationFacts fresh = read(host, call);  // two at once do no harm
  const std::lock_guard lock(mutex_);
  facts_ = fresh;
  read_at_ms_ = now;
  return fresh;
}

OrganizationFacts Organization::read(const Host& host, const Call& call) {
  const OrganizationMap& map = client_->profile().organization;
  OrganizationFacts out;
  try {
    const json::object who = client_->get(host, call, map.who, {}, "GET " + map.who);
    out.id = lower(text_of(who, "OrganizationId"));
    out.user = lower(text_of(who, "UserId"));
  } catch (const Refused& e) {
    if (e.status() != 404) throw;
    throw Error(SY_CONFIG, "crm: there is no Web API at " + client_->settings().url + "; check url and api_version");
  }
  out.attachment_limit = client_->profile().email.attachments.limit;
  std::string columns = map.key + "," + map.name;
  for (const std::string& c : {map.attachment_limit, map.blocked_types})
    if (!c.empty()) columns += "," + c;
  try {
    client_->rows(host, call, Select{map.set, columns, {}, {}, {}}.path(), page_preference(2), "GET " + map.set,
                  [&](const json::object& row) {
                    if (out.id.empty()) out.id = lower(text_of(row, map.key));
                    out.name = text_of(row, map.name);
                    if (const auto n = number_of(row, map.attachment_limit); n && *n > 0)
                      out.attachment_limit = static_cast<std::uint64_t>(*n);
                    out.blocked = extensions(text_of(row, map.blocked_types));
                    return false;
                  });
  } catch (const Refused& e) {  // name and limits are a convenience: the server enforces them anyway
    if (e.of_the_call() || e.code() == SY_RETRY) throw;
    host.log(SY_WARN, "", std::string(e.what()) + " (the limits of the profile are used)");
  }
  if (out.id.empty()) throw Error(SY_CONFIG, "crm: the organization does not tell its id; check url and profile");
  if (client_->settings().attachment_limit) out.attachment_limit = *client_->settings().attachment_limit;
  return out;
}

std::optional<std::string> Organization::set_of(const Host& host, const Call& call, const std::string& table) {
  const Profile& profile = client_->profile();
  if (const auto known = profile.sets.find(table); known != profile.sets.end()) return known->second;
  if (table.empty() || table.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") != std::string::npos)
    return std::nullopt;
  {
    const std::lock_guard lock(mutex_);
    if (const auto known = sets_.find(table); known != sets_.end()) return known->second;
  }
  std::optional<std::string> found;
  try {
    const json::object row =
        client_->get(host, call, "EntityDefinitions(LogicalName='" + table + "')?$select=EntitySetName", {},
                     "GET EntityDefinitions");
    if (std::string set = text_of(row, "EntitySetName"); !set.empty()) found = std::move(set);
  } catch (const Refused& e) {
    if (e.status() != 404 && e.code() != SY_INVALID && e.code() != SY_UNSUPPORTED) throw;
  }
  const std::lock_guard lock(mutex_);
  if (sets_.size() < 1000) sets_.emplace(table, found);
  return found;
}

std::string TableFacts::binds(const std::string& column, const std::string& table) const {
  const auto at = navigation.find({column, table});
  return at == navigation.end() || !takes(column) ? std::string() : at->second;
}

std::shared_ptr<const TableFacts> Organization::known_table(const std::string& name) {
  const std::lock_guard lock(mutex_);
  const auto known = tables_.find(name);
  return known == tables_.end() ? nullptr : known->second;
}

std::shared_ptr<const TableFacts> Organization::table(const Host& host, const Call& call, const std::string& name) {
  {
    const std::lock_guard lock(mutex_);
    if (const auto known = tables_.find(name); known != tables_.end()) return known->second;
  }
  auto found = std::make_shared<TableFacts>();
  const auto each = [](const json::object& o, std::string_view list, const auto& visit) {
    if (const json::value* v = o.if_contains(list); v != nullptr && v->is_array())
      for (const json::value& e : v->get_array())
        if (e.is_object()) visit(e.get_object());
  };
  try {
    const json::object row =
        client_->get(host, call,
                     "EntityDefinitions(LogicalName='" + name +
                         "')?$select=LogicalName&$expand=Attributes($select=LogicalName,IsValidForCreate,IsSecured),"
                         "ManyToOneRelationships($select=ReferencingAttribute,ReferencedEntity,"
                         "ReferencingEntityNavigationPropertyName)",
                     {}, "GET EntityDefinitions");
    each(row, "Attributes", [&](const json::object& a) {
      if (const auto* v = a.if_contains("IsValidForCreate"); v != nullptr && v->is_bool() && v->get_bool())
        found->creatable.insert(text_of(a, "LogicalName"));
      if (const auto* v = a.if_contains("IsSecured"); v != nullptr && v->is_bool() && v->get_bool())
        found->secured.insert(text_of(a, "LogicalName"));
    });
    each(row, "ManyToOneRelationships", [&](const json::object& r) {
      found->navigation[{text_of(r, "ReferencingAttribute"), text_of(r, "ReferencedEntity")}] =
          text_of(r, "ReferencingEntityNavigationPropertyName");
    });
  } catch (const Refused& e) {
    if (e.of_the_call() || e.code() == SY_RETRY) throw;
    host.log(SY_INFO, "", std::string(e.what()) + " (it is used without what depends on it)");
  }
  const std::lock_guard lock(mutex_);
  return tables_.emplace(name, std::move(found)).first->second;
}

}  // namespace syncline::crm
