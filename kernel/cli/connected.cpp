#include "connected.hpp"

#include <iostream>
#include <sstream>

#include "report.hpp"

namespace syncline {
namespace {

SecretSource secrets_of(const ConnectionConfig& c) {
  return [&c](std::string_view option) {
    const auto it = c.secrets.find(option);
    if (it == c.secrets.end()) throw Error(SY_CONFIG, "the configuration has no secret " + std::string(option));
    const SecretText value = resolve(it->second);
    add_secret_to_hide(value.reveal());
    return value.reveal();
  };
}

const ConnectionConfig& named(const Config& config, const std::string& name) {
  if (const ConnectionConfig* c = config.connection(name)) return *c;
  std::vector<std::string> names;
  for (const ConnectionConfig& c : config.connections) names.push_back(c.name);
  const std::string near = nearest(name, names);
  throw Error(SY_CONFIG,
              "the configuration has no connection " + name +
                  (near.empty() ? "; `syncline config show` lists them" : "; did you mean \"" + near + "\"?"));
}

/// A host that keeps what a plugin says instead of logging it.
class Listener {
 public:
  Listener() {
    raw_.host = {sizeof(sy_host),
                 SY_ABI_MAJOR,
                 SY_ABI_MINOR,
                 [](const sy_host* h, int level, sy_str, sy_str line) {
                   if (level >= SY_ERROR) self(h).lines.push_back(text(line));
                 },
                 [](const sy_host*) -> std::int64_t { return system_clock()(); },
                 [](const sy_host*, sy_str, const sy_texts*, sy_error* e) {
                   return fill(e, SY_AUTH, "secrets are not read by a check", 0, {});
                 },
                 [](const sy_host*, int, sy_str) {},
                 [](const sy_host*, sy_str, std::int64_t) {},
                 [](const sy_host*, const char*) -> const void* { return nullptr; }};
    raw_.owner = this;
  }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  [[nodiscard]] const sy_host& host() const { return raw_.host; }
  std::vector<std::string> lines;

 private:
  struct Raw {  // standard layout with sy_host first: the pointer that comes back leads to the owner
    sy_host host;
    Listener* owner;
  };
  static Listener& self(const sy_host* h) { return *reinterpret_cast<const Raw*>(h)->owner; }
  Raw raw_{};
};

}  // namespace

Connected::Connected(const ConnectionConfig& connection)
    : config_(&connection),
      host_(std::make_unique<PluginHost>(connection.name, system_clock(), secrets_of(connection), counts_, nullptr, 0)),
      handle_(Instance(*connection.type, host_->raw(), connection.json)) {}

Connected::Connected(const Config& config, const std::string& name) : Connected(named(config, name)) {}

json::object probe(const Connected& connected) {
  const std::string facts = connected.handle().probe(CallBudget(std::chrono::minutes(2)));
  boost::system::error_code failed;
  json::value v = json::parse(facts, failed);
  if (failed || !v.is_object()) throw Error(SY_BROKEN, "the plugin's facts are not a JSON object");
  return std::move(v.get_object());
}

void print_probe(const json::object& facts) {
  for (const auto& fact : facts)
    if (fact.key() != "findings")
      std::cout << "  " << std::string_view(fact.key()) << ": "
                << (fact.value().is_string() ? std::string(fact.value().get_string()) : json::serialize(fact.value()))
                << "\n";
  const json::value* findings = facts.if_contains("findings");
  if (findings == nullptr || !findings->is_array()) return;
  const auto text = [](const json::object& o, std::string_view name) {
    const json::value* v = o.if_contains(name);
    return v != nullptr && v->is_string() ? std::string(v->get_string()) : std::string();
  };
  for (const json::value& v : findings->get_array()) {
    const json::object* f = v.if_object();
    if (f == nullptr) continue;
    std::cout << "  " << text(*f, "state") << "  " << text(*f, "check") << ": " << text(*f, "text") << "\n";
    if (const std::string remedy = text(*f, "remedy"); !remedy.empty()) std::cout << "      → " << remedy << "\n";
  }
}

void check_connections(LoadedConfig& loaded) {
  for (const ConnectionConfig& c : loaded.config.connections) {
    Listener listener;
    try {
      const Instance made(*c.type, listener.host(), c.json);
    } catch (const Error& e) {
      if (e.code() != SY_CONFIG) continue;  // it needs what only a run has
      if (listener.lines.empty()) listener.lines.emplace_back(e.what());
      for (const std::string& line : listener.lines)
        loaded.faults.add("CFG033", c.at, "connection " + c.name + ": " + line, {}, {});
    }
  }
}

}  // namespace syncline
