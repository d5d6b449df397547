#include "preparation.hpp"

#include <limits>

namespace syncline {

namespace {

constexpr std::int64_t identity_keep_ms = 3'600'000;

std::string text_of(const json::object& o, std::string_view name) {
  const auto* v = o.if_contains(name);
  return v != nullptr && v->is_string() ? std::string(v->get_string()) : std::string();
}

bool is_false(const json::object& o, std::string_view name) {
  const auto* v = o.if_contains(name);
  return v != nullptr && v->is_bool() && !v->get_bool();
}

ConflictPolicy policy_of(Conflict c) {
  switch (c) {
    case Conflict::crm_wins: return ConflictPolicy::crm_wins;
    case Conflict::mailbox_wins: return ConflictPolicy::mailbox_wins;
    case Conflict::manual: return ConflictPolicy::manual;
    case Conflict::last_writer: break;
  }
  return ConflictPolicy::last_writer;
}

LeftPolicy left_policy_of(LeftFilter f) {
  switch (f) {
    case LeftFilter::keep: return LeftPolicy::keep;
    case LeftFilter::remove: return LeftPolicy::remove;
    case LeftFilter::unlink: break;
  }
  return LeftPolicy::unlink;
}

}  // namespace

PairSettings pair_settings(const Config& c, const PairConfig& p, const PairState& s, const std::vector<Stage>& stages,
                           const json::array& configured) {
  PairSettings set;
  set.name = p.name;
  set.kind = s.kind;
  set.address = p.address;
  set.conflict = policy_of(p.conflict);
  set.at_least_once = p.at_least_once;
  set.first_run_goes = c.first_run_goes;
  set.gate = {c.gate.max_delete.count,   c.gate.max_delete.percent, c.gate.max_create.count,
              c.gate.max_create.percent, c.gate.max_rewrite.count,  c.gate.max_rewrite.percent};
  set.first_link = policy_of(p.first_link);
  set.edit_outlives = p.edit_outlives;
  set.left = left_policy_of(p.left_filter);
  set.sweep_ms = c.sweep_ms;
  set.received_after_ms = p.received_after_ms;
  set.history_keep_ms = c.history_keep_ms;
  set.retry_max = c.retry.max;
  set.retry_ms = c.retry.interval_ms;
  set.failure_keep_ms = c.failure_keep_days * 24 * 3600 * 1000;
  set.tombstone_keep_ms = c.tombstone_keep_days * 24 * 3600 * 1000;
  set.mailbox = p.mailbox_json;
  set.user = {{"address", p.address},
              {"kind", s.kind},
              {"principal", s.principal},
              {"organization", s.organization},
              {"settings", p.rules}};
  set.user["configured"] = configured;
  std::string print = fingerprint(p);
  for (const Stage& st : stages) print += "/" + st.name + std::to_string(st.instance->type().revision);
  set.fingerprint = std::to_string(key_hash(print));
  return set;
}

Preparation::Identity Preparation::ask(const PairConfig& p, const EndpointHandle& crm) const {
  const DirectoryHandle directory = crm.directory();
  json::object identity;
  if (directory) try {
      identity =
          parse_object(directory.identity(CallBudget(std::chrono::minutes(2), installation_.canceled()), p.address),
                       "the directory's identity");
    } catch (const Error& e) {
      if (e.code() != SY_UNSUPPORTED || p.id.empty()) throw;  // it knows parties, and not who owns a mailbox
    }
  else if (p.id.empty())
    throw Error(SY_CONFIG, "the CRM of " + p.name +
                               " cannot tell who that is: set id = \"…\" there, so that its links survive a renaming");
  json::object principal;
  if (const auto* v = identity.if_contains("principal"); v != nullptr && v->is_object()) principal = v->get_object();
  if (is_false(principal, "enabled"))
    throw Error(SY_DENIED, p.name + " is disabled in the CRM: nothing is synchronized until it is enabled there");
  if (p.approval_required && is_false(principal, "approved"))
    throw Error(SY_DENIED,
                "the address of " + p.name +
                    " is not approved in the CRM: approve its mailbox there (approval.required = false would "
                    "take it as it is)");
  Identity out;
  out.organization = text_of(identity, "organization");
  if (out.organization.empty()) out.organization = p.organization;
  out.principal = p.id.empty() ? text_of(principal, "id") : p.id;
  out.asked_ms = installation_.clock()();
  return out;
}

Preparation::Identity Preparation::identity(const PairConfig& p, const EndpointHandle& crm, std::int64_t max_age_ms) {
  {
    const std::lock_guard lock(mutex_);
    if (const auto it = known_.find(p.name); it != known_.end()) {
      const std::int64_t age = installation_.clock()() - it->second.asked_ms;
      if (age >= 0 && age <= max_age_ms) return it->second;
    }
  }
  Identity asked = ask(p, crm);
  const std::lock_guard lock(mutex_);
  return known_[p.name] = asked;
}

void Preparation::forget(const PairConfig& p) {
  const std::lock_guard lock(mutex_);
  known_.erase(p.name);
}

void Preparation::verify(Prepared& p) {
  const Identity who = identity(*p.config, p.endpoint.crm, identity_keep_ms);
  if (who.organization == p.state.organization && who.principal == p.state.principal) return;
  forget(*p.config);
  throw Error(SY_RETRY, p.config->name + " is somebody else in the CRM now: the next pass begins as that one");
}

void Preparation::identify(Prepared& out, const Identity& who, Ledger& ledger) const {
  PairState& s = out.state;
  s.organization = who.organization;
  s.principal = who.principal;
  s.key = s.organization + "/" + s.principal;
  s.id = key_hash(s.key);
  s.org = key_hash(s.organization);
  if (auto known = ledger.pair(s.id)) {
    if (known->key != s.key) throw Error(SY_BROKEN, "two pairs share one key hash in the store");
    s = std::move(*known);
    s.organization = who.organization;
    s.principal = who.principal;
  }
  s.name = out.config->name;
  s.address = out.config->address;
  s.kind = out.config->kind == PairConfig::Kind::queue ? "queue" : "user";
}

/// A kind is carried when its mailbox feed exists and the CRM can take it; who asks for more is told.
void Preparation::choose_kinds(Prepared& out) const {
  static const std::vector<std::string> all_kinds{"contact", "task", "appointment", "email"};
  const PairConfig& p = *out.config;
  std::set<std::string> offered;
  if (const FeedsHandle feeds = out.endpoint.mailbox.feeds())
    for (const Feed& f : feeds.list(CallBudget(std::chrono::seconds(30), installation_.canceled())))
      offered.insert(f.kind);
  for (const std::string& kind : p.entities.empty() ? all_kinds : p.entities) {
    if (kind == "email" && p.no_mail) continue;  // nor is its folder asked for changes
    const bool both = offered.contains(kind) && out.endpoint.crm.caps(kind).flags != 0;
    if (both)
      out.settings.kinds.push_back(kind);
    else if (!p.entities.empty())
      throw Error(SY_CONFIG, p.name + ": entity " + kind + " is not offered by " +
                                 (offered.contains(kind) ? "the CRM" : "the mailbox") +
                                 "; take it out of `entities` at " + p.entities_at);
  }
  out.state.kinds = out.settings.kinds;
}

std::unique_ptr<Prepared> Preparation::prepare(const PairConfig& p, Ledger& ledger, bool planning) {
  auto out = std::make_unique<Prepared>(installation_.counts());
  out->config = &p;
  out->stages = installation_.stages_of(p);
  ConnectionHandle& crm = installation_.connection(p.organization);
  ConnectionHandle& mailbox = installation_.connection(p.mailbox);
  if (crm.side() != SY_CRM)
    throw Error(SY_CONFIG,
                "connection " + p.organization + " is no CRM: `organization` of " + p.name + " must name one");
  if (mailbox.side() != SY_MAILBOX)
    throw Error(SY_CONFIG,
                "connection " + p.mailbox + " is no mailbox system: `mailbox` of " + p.name + " must name one");
  static const SecretRefs none;
  const Clock& clock = installation_.clock();
  Spool* spool = &installation_.spool();
  out->host.crm = std::make_unique<PluginHost>(p.name, clock, secrets_from(none), out->crm_traffic, spool, 0);
  out->endpoint.crm = crm.open(out->host.crm->raw(), crm_settings(p));
  identify(*out, identity(p, out->endpoint.crm, std::numeric_limits<std::int64_t>::max()), ledger);
  out->host.crm->belongs_to(out->state.id);
  out->settings =
      pair_settings(installation_.config(), p, out->state, out->stages, installation_.configured(p.organization));
  out->host.mailbox =
      std::make_unique<PluginHost>(p.name, clock, secrets_from(p.mailbox_secrets), out->traffic, spool, out->state.id);
  out->endpoint.mailbox = mailbox.open(out->host.mailbox->raw(), mailbox_settings(p));
  choose_kinds(*out);
  if (planning) {
    out->own_organization = installation_.planned_organization(p.organization, out->state.organization, ledger);
    out->organization = out->own_organization.get();
  } else {
    out->organization = &installation_.organization(p.organization, out->state.organization, ledger);
  }
  out->organization->feeds->route_to({out->state.id, out->state.principal, out->settings.kinds});
  return out;
}

}  // namespace syncline
