#include "installation.hpp"

#include "config_values.hpp"

#include <algorithm>

#include "report.hpp"

namespace syncline {

SecretSource secrets_from(const SecretRefs& refs) {
  return [&refs](std::string_view option) {
    const auto it = refs.find(option);
    if (it == refs.end()) throw Error(SY_CONFIG, "the configuration has no secret " + std::string(option));
    const SecretText value = resolve(it->second);
    add_secret_to_hide(value.reveal());
    return value.reveal();
  };
}

std::string safe_name(std::string_view name) {
  std::string out;
  for (const char c : name)
    out.push_back(std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '.' ? c : '_');
  return out.empty() ? "instance" : out;
}

Installation::Installation(const Config& config, const StoreHandle& store, Spool& spool, Counts& counts, Clock clock,
                           std::function<bool()> canceled)
    : config_(config),
      store_(store),
      spool_(spool),
      counts_(counts),
      clock_(std::move(clock)),
      canceled_(std::move(canceled)) {}

ConnectionHandle& Installation::connection(std::string_view name) {
  const ConnectionConfig* c = config_.connection(name);
  if (c == nullptr) throw Error(SY_CONFIG, "the configuration has no connection " + std::string(name));
  const std::lock_guard lock(mutex_);
  auto& slot = connections_[c->name];
  if (!slot) {
    auto made = std::make_unique<Connected>();
    made->host = std::make_unique<PluginHost>(c->name, clock_, secrets_from(c->secrets), counts_, nullptr, 0);
    made->handle =
        ConnectionHandle(Instance(*c->type, made->host->raw(), c->json), std::make_shared<const std::string>(c->name));
    slot = std::move(made);
  }
  return slot->handle;
}

std::vector<Stage> Installation::stages_of(const PairConfig& p) {
  const std::lock_guard lock(mutex_);
  std::vector<Stage> out;
  for (const auto& config : p.stages) {
    if (!config->enabled) continue;
    if (!config->users.empty() &&
        std::find(config->users.begin(), config->users.end(), p.address) == config->users.end())
      continue;
    auto it = stages_.find(config.get());
    if (it == stages_.end()) {
      stage_hosts_.push_back(
          std::make_unique<PluginHost>(config->name, clock_, secrets_from(config->secrets), counts_, nullptr, 0));
      Stage s;
      s.name = config->name;
      s.kinds = config->entities;
      s.instance = std::make_shared<Instance>(*config->type, stage_hosts_.back()->raw(), config->json);
      s.filter = s.instance->table<sy_filter>("sy.filter/1");
      s.rule = s.instance->table<sy_rule>("sy.rule/1");
      if (s.filter == nullptr && s.rule == nullptr)
        throw Error(SY_BROKEN, "stage " + s.name + " offers neither sy.filter/1 nor sy.rule/1");
      it = stages_.emplace(config.get(), std::move(s)).first;
    }
    out.push_back(it->second);
  }
  return out;
}

std::unique_ptr<Organization> Installation::make_organization(const std::string& connection_name, const std::string& id,
                                                              Ledger& ledger, bool planning) {
  OrgFeeds::Settings s{id, config_.instance, config_.lease_ttl_ms, planning, config_.sweep_ms};
  auto out = std::make_unique<Organization>();
  out->id = id;
  out->connection = connection_name;
  out->feeds =
      std::make_unique<OrgFeeds>(connection(connection_name).feeds(), std::move(s), ledger, &store_, clock_, canceled_);
  out->parties = std::make_unique<PartyCache>(clock_);
  std::map<std::string_view, const PairConfig*> ours;
  for (const PairConfig& p : config_.pairs)
    if (p.organization == connection_name) ours[p.name] = &p;
  for (const PairState& s_pair : ledger.pairs())
    if (s_pair.organization == id && ours.contains(s_pair.name))
      out->feeds->route_to({s_pair.id, s_pair.principal, s_pair.kinds});
  return out;
}

Organization& Installation::organization(const std::string& connection_name, const std::string& id, Ledger& ledger) {
  {
    const std::lock_guard lock(mutex_);
    if (const auto it = organizations_.find(id); it != organizations_.end()) return *it->second;
  }
  auto made = make_organization(connection_name, id, ledger, false);
  const std::lock_guard lock(mutex_);
  auto& slot = organizations_[id];  // the first of two that made it at once stays
  if (!slot) slot = std::move(made);
  return *slot;
}

std::unique_ptr<Organization> Installation::planned_organization(const std::string& connection_name,
                                                                 const std::string& id, Ledger& ledger) {
  return make_organization(connection_name, id, ledger, true);
}

Organization* Installation::known_organization(std::string_view connection_name) {
  const std::lock_guard lock(mutex_);
  for (const auto& [id, o] : organizations_)
    if (o->connection == connection_name) return o.get();
  return nullptr;
}

const json::array& Installation::configured(const std::string& connection_name) {
  const std::lock_guard lock(mutex_);
  const auto [it, fresh] = configured_.try_emplace(connection_name);
  if (fresh)
    for (const PairConfig& p : config_.pairs)
      if (p.organization == connection_name)
        it->second.emplace_back(json::object{{"address", p.address},
                                             {"kind", p.kind == PairConfig::Kind::queue ? "queue" : "user"},
                                             {"method", number(p.rules, "email.method")}});
  return it->second;
}

}  // namespace syncline
