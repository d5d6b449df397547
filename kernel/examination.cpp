#include "examination.hpp"

#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>

#include <algorithm>

#include "report.hpp"

namespace syncline {

namespace fs = std::filesystem;

std::string_view name_of(Finding::State s) {
  switch (s) {
    case Finding::State::ok: return "ok";
    case Finding::State::warning: return "warning";
    case Finding::State::error: break;
  }
  return "error";
}

namespace {

using State = Finding::State;
constexpr std::uint64_t mebibyte = std::uint64_t{1024} * 1024;
constexpr std::uint64_t little_space = 256 * mebibyte;

std::string remedy_of(sy_code code) {
  switch (code) {
    case SY_RETRY: return "see whether the server runs and can be reached from here, then try again";
    case SY_AUTH: return "correct the user name or the secret; an account may be locked";
    case SY_DENIED: return "grant the right that is named, or enable and approve the user in the CRM";
    case SY_CONFIG: return "correct the configuration as the text says";
    case SY_GONE: return "see whether the address is written as the CRM has it";
    case SY_FULL: return "make room";
    case SY_CANCELED: return "the server did not answer in time: see whether it is overloaded";
    default: return "the server does not keep to its protocol: compare its version with the plugin's page";
  }
}

std::string text_of(const json::object& o, std::string_view name) {
  const auto* v = o.if_contains(name);
  return v != nullptr && v->is_string() ? std::string(v->get_string()) : std::string();
}

class Examiner {
 public:
  Examiner(const LoadedConfig& loaded, const ExaminationOptions& options) : loaded_(loaded), options_(options) {}

  std::vector<Finding> run() {
    installation();
    if (store()) {
      disk();
      for (const ConnectionConfig& c : loaded_.config.connections) connection(c);
      pairs();
    }
    return std::move(found_);
  }

 private:
  void add(State state, std::string subject, std::string check, std::string text, std::string remedy = {},
           sy_code code = SY_OK) {
    Finding f{state, std::move(subject), std::move(check), hide_secrets(text), std::move(remedy), code};
    if (options_.on_finding) options_.on_finding(f);
    found_.push_back(std::move(f));
  }
  void failed(const std::string& subject, const std::string& check, const Error& e) {
    add(State::error, subject, check, e.what(), remedy_of(e.code()), e.code());
  }

  void installation() {
    const Config& c = loaded_.config;
    add(State::ok, "configuration", "config",
        c.file + ": " + std::to_string(c.connections.size()) + " connections, " + std::to_string(c.pairs.size()) +
            " users and queues");
    for (const PluginFile& f : loaded_.plugins->present()) {
      const bool used = std::any_of(c.connections.begin(), c.connections.end(),
                                    [&](const ConnectionConfig& x) { return x.plugin == f.name; });
      if (!used && f.name != c.store.plugin) continue;
      const sy_plugin& p = loaded_.plugins->load(f.name);
      add(State::ok, "plugin " + f.name, "plugin", std::string(p.version) + " from " + f.path.string());
    }
    timex clock{};
    if (::adjtimex(&clock) == TIME_ERROR)
      add(State::warning, "this machine", "clock", "the system says that its clock is not kept in time",
          "run a time service (systemd-timesyncd, chrony): tokens and leases depend on the clock");
    else
      add(State::ok, "this machine", "clock", "the system's clock is kept in time");
  }

  bool store() {
    EngineOptions o;
    o.planning = true;
    try {
      engine_ = std::make_unique<Engine>(loaded_, o);
      const std::size_t pairs = engine_->ledger().pairs().size();
      add(State::ok, "store", "integrity",
          pairs == 0 ? "there is no state yet; the first pass makes it"
                     : std::to_string(pairs) + " pairs; its own check found nothing wrong");
    } catch (const Error& e) {
      failed("store", "integrity", e);
      return false;
    }
    const Config& c = loaded_.config;
    const bool runs = InstanceLock::held(c.spool_path, safe_name(c.instance));
    add(State::ok, "store", "instance",
        runs ? "instance " + c.instance + " is running passes" : "no process runs passes as instance " + c.instance);
    return true;
  }

  void disk() {
    const Config& c = loaded_.config;
    fs::path state;
    for (const sy_option* o : own_options(*c.store.type))
      if (o->type == SY_PATH && state.empty())
        state = fs::path(text_of(parse_object(c.store.json, "the store's options"), o->name)).parent_path();
    if (!state.empty()) space("store", state, little_space);
    // The spool is made when it is needed; until then the folder above it counts.
    fs::path spool = c.spool_path;
    std::error_code ec;
    while (!fs::exists(spool, ec) && spool.has_relative_path()) spool = spool.parent_path();
    space("spool", spool, std::min<std::uint64_t>(static_cast<std::uint64_t>(c.spool_limit), 1024 * mebibyte));
  }

  void space(const std::string& subject, const fs::path& folder, std::uint64_t wanted) {
    struct statvfs fs_state{};
    if (::statvfs(folder.c_str(), &fs_state) != 0)
      return add(State::error, subject, "disk", "the folder " + folder.string() + " cannot be looked at",
                 "make it, owned by the user who runs this", SY_CONFIG);
    if (::access(folder.c_str(), W_OK) != 0)
      return add(State::error, subject, "disk", "the folder " + folder.string() + " cannot be written to",
                 "give it to the user who runs this", SY_CONFIG);
    const std::uint64_t free = std::uint64_t{fs_state.f_bavail} * fs_state.f_frsize;
    const std::string text = std::to_string(free / mebibyte) + " MiB free in " + folder.string();
    if (free < wanted)
      add(State::warning, subject, "disk", text + ", less than " + std::to_string(wanted / mebibyte) + " MiB",
          "make room, or move it (store path, spool.path) to a larger disk");
    else
      add(State::ok, subject, "disk", text);
  }

  void connection(const ConnectionConfig& c) {
    try {
      const json::object facts = parse_object(engine_->connection(c.name).probe(CallBudget(std::chrono::minutes(2))),
                                              "what the plugin says of its server");
      const auto* list = facts.if_contains("findings");
      if (list == nullptr || !list->is_array() || list->get_array().empty())
        return add(State::ok, c.name, "answers", "the server answers");
      for (const auto& v : list->get_array())
        if (const auto* f = v.if_object()) plugin_finding(c.name, *f);
    } catch (const Error& e) {
      failed(c.name, "answers", e);
    }
  }

  void plugin_finding(const std::string& subject, const json::object& f) {
    const std::string state = text_of(f, "state");
    add(state == "ok"        ? State::ok
        : state == "warning" ? State::warning
                             : State::error,
        subject, text_of(f, "check"), text_of(f, "text"), text_of(f, "remedy"));
  }

  void pairs() {
    std::vector<const PairConfig*> all;
    for (const PairConfig& p : loaded_.config.pairs)
      if (options_.pairs.empty() ||
          std::any_of(options_.pairs.begin(), options_.pairs.end(),
                      [&](const std::string& n) { return loaded_.config.pair(n).name == p.name; }))
        all.push_back(&p);
    const std::size_t n = options_.pairs.empty() ? std::min(all.size(), options_.most_pairs) : all.size();
    for (std::size_t i = 0; i < n; ++i) pair(*all[i]);
    if (n < all.size())
      add(State::ok, "users and queues", "sign_in",
          std::to_string(all.size() - n) + " more were not looked at; name those that shall be");
  }

  void pair(const PairConfig& p) {
    try {
      const SignIn in = engine_->sign_in(p);
      add(State::ok, p.name, "sign_in",
          "known to the CRM as " + in.principal + "; the mailbox lists " + std::to_string(in.listed) +
              (in.more ? " items and more" : " items"));
    } catch (const Error& e) {
      failed(p.name, "sign_in", e);
    }
  }

  const LoadedConfig& loaded_;
  const ExaminationOptions& options_;
  std::unique_ptr<Engine> engine_;
  std::vector<Finding> found_;
};

}  // namespace

std::vector<Finding> examine(const LoadedConfig& loaded, const ExaminationOptions& options) {
  return Examiner(loaded, options).run();
}

}  // namespace syncline
