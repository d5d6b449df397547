#include "dataverse.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <stdexcept>

#include "encode.hpp"
#include "faults.hpp"
#include "http_server.hpp"
#include "tokens.hpp"
#include "web_api.hpp"

namespace syncline::sandbox {
namespace json = boost::json;
namespace {

constexpr std::size_t kLogLimit = 200000;

Actor another_person(const Organization& organization) {
  const std::string alice = guid_of("alice@contoso.test");
  return {organization.find(*table_of("systemuser"), alice) ? alice : organization.application_user(), {}};
}

void seed(Organization& organization) {
  const Actor actor{organization.application_user(), {}};
  struct User {
    const char *first, *last, *address;
  };
  for (const User& user : {User{"Alice", "Baker", "alice@contoso.test"}, User{"Bob", "Keller", "bob@contoso.test"}})
    organization.create(*table_of("systemuser"),
                        {{"firstname", user.first},
                         {"lastname", user.last},
                         {"fullname", std::string(user.first) + " " + user.last},
                         {"internalemailaddress", user.address},
                         {"domainname", user.address},
                         {"isdisabled", false},
                         {"accessmode", 0},
                         {"incomingemaildeliverymethod", 0},
                         {"emailrouteraccessapproval", 1},
                         {"azureactivedirectoryobjectid", guid_of(std::string("directory ") + user.address)}},
                        guid_of(user.address), actor);
  organization.create(*table_of("queue"),
                      {{"name", "Support"},
                       {"emailaddress", "support@contoso.test"},
                       {"incomingemaildeliverymethod", 0},
                       {"emailrouteraccessapproval", 1},
                       {"incomingemailfilteringmethod", 0}},
                      guid_of("support@contoso.test"), actor);
}

const Table& table_for(const std::string& set) {
  const Table* table = table_of_set(set);
  if (table == nullptr) throw std::invalid_argument("the sandbox has no entity set '" + set + "'");
  return *table;
}

std::string matchable(const Call& call) {
  try {
    return parse_target(call.target).path;
  } catch (const ODataError&) {
    return call.target;
  }
}

}  // namespace

struct Dataverse::Impl {
  struct Held {
    Call call;
    int remaining = 0;  // 0: waits for land()
  };

  explicit Impl(DataverseOptions options_)
      : options(std::move(options_)),
        server({options.port, options.certificate, options.key, options.max_request}),
        tokens(options) {
    const std::string scheme = options.certificate.empty() ? "http://127.0.0.1:" : "https://localhost:";
    url = scheme + std::to_string(server.port());
    fresh();
    server.start([this](const Call& call) { return answer(call); });
  }

  ~Impl() {
    {
      const std::lock_guard lock(mutex);
      stopping = true;
    }
    stop_wait.notify_all();
    server.stop();
  }

  void fresh() {
    held.clear();
    log.clear();
    faults.clear();
    tokens.expire();
    organization = std::make_unique<Organization>(options.max_upload, options.organization);
    if (options.seed_users) seed(*organization);
    const int generation = settings.delta_generation + 1;
    settings = {};
    settings.url = url;
    settings.max_page = options.max_page;
    settings.delta_generation = generation;
    api = std::make_unique<WebApi>(
        *organization, settings,
        BatchHooks{[this](const Call& call) { return instead(call); },
                   [this](const Call& call, const Reply& reply) { note(call, reply.status, true, false); }});
  }

  void follow_behaviour() {
    const Behaviour& b = faults.behaviour;
    settings.refuse_nested_upsert = b.refuse_nested_upsert;
    settings.empty_codes = b.empty_codes;
    settings.duplicate_rule = b.duplicate_rule;
    settings.server_owned_correlation = b.server_owned_correlation;
    settings.missing_privileges = {b.missing_privileges.begin(), b.missing_privileges.end()};
    settings.secured = {b.secured.begin(), b.secured.end()};
  }

  void note(const Call& call, int status, bool inner, bool landed) {
    log.push_back({++number, call.method, call.target, status, inner, landed});
    if (log.size() > kLogLimit) log.pop_front();
  }

  // For members of a batch: only faults that answer make sense there.
  std::optional<Reply> instead(const Call& call) {
    const auto fault = faults.meet(call, matchable(call));
    if (!fault || fault->action != Fault::Action::ANSWER) return std::nullopt;
    return fault_reply(fault->status, fault->code, fault->message, fault->retry_after);
  }

  std::optional<Reply> answer(const Call& call) {
    if (call.target.starts_with("/_sandbox/")) return control(call);
    std::unique_lock lock(mutex);
    if (faults.behaviour.latency.count() > 0)
      stop_wait.wait_for(lock, faults.behaviour.latency, [this] { return stopping; });
    if (stopping) return std::nullopt;
    const bool token = call.target.find("/oauth2/") != std::string::npos && !call.target.starts_with("/api/");
    follow_behaviour();
    std::optional<Reply> reply = token ? serve_token(call) : serve(call);
    if (reply && reply->status >= 400 && faults.behaviour.empty_codes && !token) blank_code(*reply);
    return reply;
  }

  std::optional<Reply> serve_token(const Call& call) {
    const auto fault = faults.meet(call, "oauth2/v2.0/token");
    std::optional<Reply> reply;
    if (fault && fault->action == Fault::Action::ANSWER) {
      reply = fault_reply(fault->status, fault->code, fault->message, fault->retry_after);
    } else if (!fault) {
      reply = call.method == "POST" ? tokens.issue(call) : Reply{405, {}, {}};
    }
    note(call, reply ? reply->status : 0, false, false);
    return reply;
  }

  std::optional<Reply> serve(const Call& call) {
    if (auto refused = unauthorized(call)) {
      note(call, refused->status, false, false);
      return refused;
    }
    if (faults.throttled()) {
      note(call, 429, false, false);
      return fault_reply(429, "0x80072322",
                         "Number of requests exceeded the limit of 6000 over time window of 300 seconds.",
                         faults.behaviour.retry_after);
    }
    const auto fault = faults.meet(call, matchable(call));
    std::optional<Reply> reply;
    if (fault && fault->action == Fault::Action::ANSWER) {
      reply = fault_reply(fault->status, fault->code, fault->message, fault->retry_after);
    } else if (!fault || fault->action == Fault::Action::DROP_AFTER) {
      reply = api->handle(call);
    }
    if (fault && fault->action == Fault::Action::DROP_AFTER) reply.reset();
    note(call, reply ? reply->status : 0, false, false);
    count_down();
    if (fault && fault->action == Fault::Action::LAND_LATER) held.push_back({call, fault->land_after});
    return reply;
  }

  std::optional<Reply> unauthorized(const Call& call) const {
    const auto state = tokens.check(call.header("Authorization"));
    if (state == Tokens::State::VALID) return std::nullopt;
    const bool expired = state == Tokens::State::EXPIRED;
    Reply reply = fault_reply(
        401, expired ? "0x8005F101" : "0x80072560",
        expired ? "The access token has expired." : "The request needs a bearer token of this organization.", -1);
    reply.headers.emplace_back("WWW-Authenticate",
                               "Bearer authorization_uri=" + url + "/" + options.tenant + "/oauth2/authorize");
    return reply;
  }

  void count_down() {
    std::deque<Held> due;
    std::erase_if(held, [&](Held& one) {
      if (one.remaining == 0 || --one.remaining > 0) return false;
      due.push_back(one);
      return true;
    });
    for (const auto& one : due) note(one.call, api->handle(one.call).status, false, true);
  }

  std::size_t land() {
    const std::deque<Held> due = std::exchange(held, {});
    for (const auto& one : due) note(one.call, api->handle(one.call).status, false, true);
    return due.size();
  }

  static void blank_code(Reply& reply) {
    boost::system::error_code error;
    json::value body = json::parse(reply.body, error);
    if (error || !body.is_object() || !body.as_object().contains("error")) return;
    body.as_object()["error"].as_object()["code"] = "";
    reply.body = json::serialize(body);
  }

  json::object state() const {
    json::object out;
    for (const Table& table : tables()) {
      json::array rows;
      for (const auto& [id, row] : organization->rows(table)) {
        json::object shown = api->everything(table, *row);
        if (table.logical == "activitymimeattachment") {
          const std::string bytes = from_base64(row->text("body")).value_or("");
          shown.erase("body");
          shown["body_sha256"] = sha256(bytes);
          shown["body_size"] = bytes.size();
        }
        rows.push_back(std::move(shown));
      }
      out[table.set] = std::move(rows);
    }
    return out;
  }

  json::array log_json() const {
    json::array out;
    for (const auto& entry : log)
      out.push_back(json::object{{"number", entry.number},
                                 {"method", entry.method},
                                 {"path", entry.path},
                                 {"status", entry.status},
                                 {"inner", entry.inner},
                                 {"landed", entry.landed}});
    return out;
  }

  void apply(const json::object& body) {
    static const std::vector<std::string> kKnown{"clear",         "behaviour",           "faults",
                                                 "expire_tokens", "expire_delta_tokens", "land"};
    for (const auto& [key, value] : body) {
      if (std::find(kKnown.begin(), kKnown.end(), std::string_view(key)) == kKnown.end())
        throw std::invalid_argument("faults have no \"" + std::string(key) + "\"");
    }
    const auto set = [&](const char* name) {
      const auto* value = body.if_contains(name);
      return value != nullptr && value->is_bool() && value->as_bool();
    };
    std::vector<Fault> more;
    if (const auto* list = body.if_contains("faults"))
      for (const auto& one : list->as_array()) more.push_back(fault_from(one.as_object()));
    Behaviour behaviour = set("clear") ? Behaviour() : faults.behaviour;
    if (const auto* changes = body.if_contains("behaviour")) change_behaviour(behaviour, changes->as_object());
    if (set("clear")) faults.clear();
    faults.behaviour = behaviour;
    for (auto& one : more) faults.add(std::move(one));
    if (set("expire_tokens")) tokens.expire();
    if (set("expire_delta_tokens")) ++settings.delta_generation;
    if (set("land")) land();
  }

  Reply control(const Call& call) {
    const std::lock_guard lock(mutex);
    try {
      const std::string what = call.method + " " + call.target;
      if (what == "GET /_sandbox/state") return json_reply(200, state());
      if (what == "GET /_sandbox/log") return json_reply(200, log_json());
      if (what == "POST /_sandbox/reset") return fresh(), Reply{204, {}, {}};
      if (what == "POST /_sandbox/faults") return apply(json::parse(call.body).as_object()), Reply{204, {}, {}};
      return json_reply(404, json::object{{"error", "the sandbox knows GET state, GET log, POST faults, POST reset"}});
    } catch (const std::exception& failure) {
      return json_reply(400, json::object{{"error", failure.what()}});
    }
  }

  template <class Work>
  auto work(Work&& write) {
    const std::lock_guard lock(mutex);
    try {
      return write(*organization, another_person(*organization));
    } catch (const ODataError& failure) {
      throw std::runtime_error(std::to_string(failure.status) + " " + failure.code + ": " + failure.what());
    }
  }

  DataverseOptions options;
  HttpServer server;
  mutable std::mutex mutex;
  std::condition_variable stop_wait;
  bool stopping = false;
  std::string url;
  Tokens tokens;
  Faults faults;
  ApiSettings settings;
  std::unique_ptr<Organization> organization;
  std::unique_ptr<WebApi> api;
  std::deque<RequestEntry> log;
  std::deque<Held> held;
  std::uint64_t number = 0;
};

Dataverse::Dataverse(DataverseOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
Dataverse::~Dataverse() = default;

const DataverseOptions& Dataverse::options() const { return impl_->options; }
std::uint16_t Dataverse::port() const { return impl_->server.port(); }
std::string Dataverse::url() const { return impl_->url; }
std::string Dataverse::api() const { return impl_->url + "/api/data/v9.2"; }
std::string Dataverse::token_url() const { return impl_->url + "/" + impl_->options.tenant + "/oauth2/v2.0/token"; }
std::string Dataverse::scope() const { return impl_->url + "/.default"; }

std::string Dataverse::add(const std::string& set, const json::object& fields) {
  return impl_->work([&](Organization& organization, const Actor& actor) {
    return organization.create(table_for(set), fields, std::nullopt, actor);
  });
}

void Dataverse::edit(const std::string& set, const std::string& id, const json::object& changes) {
  impl_->work([&](Organization& organization, const Actor& actor) {
    organization.update(table_for(set), lower(id), changes, actor);
  });
}

void Dataverse::remove(const std::string& set, const std::string& id) {
  impl_->work([&](Organization& organization, const Actor&) { organization.remove(table_for(set), lower(id)); });
}

std::optional<json::object> Dataverse::row(const std::string& set, const std::string& id) const {
  const std::lock_guard lock(impl_->mutex);
  const RowPtr found = impl_->organization->find(table_for(set), lower(id));
  if (!found) return std::nullopt;
  return impl_->api->everything(table_for(set), *found);
}

std::vector<json::object> Dataverse::rows(const std::string& set) const {
  const std::lock_guard lock(impl_->mutex);
  std::vector<json::object> out;
  for (const auto& [id, row] : impl_->organization->rows(table_for(set)))
    out.push_back(impl_->api->everything(table_for(set), *row));
  return out;
}

std::size_t Dataverse::count(const std::string& set) const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->organization->rows(table_for(set)).size();
}

std::string Dataverse::attachment(const std::string& id) const {
  const std::lock_guard lock(impl_->mutex);
  const RowPtr found = impl_->organization->find(*table_of("activitymimeattachment"), lower(id));
  if (!found) throw std::runtime_error("there is no attachment " + id);
  return from_base64(found->text("body")).value_or("");
}

json::object Dataverse::state() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->state();
}

std::vector<RequestEntry> Dataverse::log() const {
  const std::lock_guard lock(impl_->mutex);
  return {impl_->log.begin(), impl_->log.end()};
}

void Dataverse::clear_log() {
  const std::lock_guard lock(impl_->mutex);
  impl_->log.clear();
}

void Dataverse::add_fault(Fault fault) {
  const std::lock_guard lock(impl_->mutex);
  impl_->faults.add(std::move(fault));
}

void Dataverse::clear_faults() {
  const std::lock_guard lock(impl_->mutex);
  impl_->faults.clear();
}

void Dataverse::set_behaviour(const Behaviour& behaviour) {
  const std::lock_guard lock(impl_->mutex);
  impl_->faults.behaviour = behaviour;
}

Behaviour Dataverse::behaviour() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->faults.behaviour;
}

void Dataverse::expire_tokens() {
  const std::lock_guard lock(impl_->mutex);
  impl_->tokens.expire();
}

void Dataverse::expire_delta_tokens() {
  const std::lock_guard lock(impl_->mutex);
  ++impl_->settings.delta_generation;
}

std::size_t Dataverse::land() {
  const std::lock_guard lock(impl_->mutex);
  return impl_->land();
}

std::size_t Dataverse::pending() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->held.size();
}

void Dataverse::reset() {
  const std::lock_guard lock(impl_->mutex);
  impl_->fresh();
}

void Dataverse::apply_faults(const json::object& body) {
  const std::lock_guard lock(impl_->mutex);
  impl_->apply(body);
}

}  // namespace syncline::sandbox
