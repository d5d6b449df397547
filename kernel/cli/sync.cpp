// syncline sync: passes until nothing can move.
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <iostream>
#include <map>
#include <mutex>

#include "context.hpp"
#include "output.hpp"
#include "report.hpp"

namespace syncline {

namespace {

std::atomic<bool> stop{false};
void on_signal(int) { stop = true; }

struct Options {
  std::vector<std::string> pairs;
  std::string user;
  unsigned workers = 4;
  bool yes = false, json = false;
};

/// How far a pair is: a line that is rewritten on a terminal, now and then a line of the log elsewhere.
class Progress {
 public:
  explicit Progress(bool on) : on_(on), terminal_(::isatty(STDERR_FILENO) != 0) {}
  void show(const std::string& pair, const PassCounts& c, std::size_t left) {
    if (!on_) return;
    const std::lock_guard lock(mutex_);
    const auto now = std::chrono::steady_clock::now();
    const auto [it, fresh] = began_.try_emplace(pair, Began{now, c.looked_at, now});
    Began& b = it->second;
    if (fresh || c.looked_at < b.done) b = {now, c.looked_at, now};  // a new pass counts from its start
    if (!terminal_ && now - b.told < std::chrono::seconds(10)) return;
    b.told = now;
    const std::string line = text(c, left, b, now);
    if (!terminal_) return log_item(SY_INFO, pair, "", line);
    std::cerr << "\r\x1b[K" << pair << ": " << line << std::flush;
    shown_ = true;
  }
  ~Progress() {
    if (shown_) std::cerr << "\r\x1b[K" << std::flush;
  }

 private:
  struct Began {
    std::chrono::steady_clock::time_point at;
    std::int64_t done = 0;
    std::chrono::steady_clock::time_point told;
  };
  static std::string text(const PassCounts& c, std::size_t left, const Began& b,
                          std::chrono::steady_clock::time_point now) {
    std::string out = std::to_string(c.looked_at) + " looked at, " + std::to_string(c.created + c.linked + c.updated) +
                      " carried, " + std::to_string(c.refused) + " refused, " + std::to_string(left) + " left";
    const double seconds = std::chrono::duration<double>(now - b.at).count();
    const auto done = static_cast<double>(c.looked_at - b.done);
    if (seconds < 1 || done < 1) return out;
    const double rate = done / seconds;
    const auto eta = static_cast<std::int64_t>(static_cast<double>(left) / rate);
    out += rate < 10 ? ", " + std::to_string(static_cast<std::int64_t>(rate * 60)) + "/min"
                     : ", " + std::to_string(static_cast<std::int64_t>(rate)) + "/s";
    if (left != 0)
      out += ", " + (eta < 120 ? std::to_string(eta) + " s" : std::to_string(eta / 60) + " min") + " to go";
    return out;
  }

  bool on_, terminal_, shown_ = false;
  std::mutex mutex_;
  std::map<std::string, Began> began_;
};

bool yes() {
  std::string answer;
  return std::getline(std::cin, answer) && (answer == "y" || answer == "Y" || answer == "yes");
}

bool ask(const PairReport& plan) {
  std::cout << "First run of this pair. ";
  print_plan(plan);
  std::cout << "Go on? [y/N] " << std::flush;
  return yes();
}

bool ask_to_take_over(const std::string& pair, const std::string& holder) {
  std::cout << pair << " is being synchronized by instance " << holder << ". Take it over? [y/N] " << std::flush;
  return yes();
}

/// Passes are the owner's: a delegate may ask for single items only.
void judge_user(const Config& config, const Options& o) {
  for (const std::string& name : o.pairs) {
    const PairConfig& pair = config.pair(name);
    if (&pair == config.find_pair(o.user)) continue;
    if (is_delegate(pair, o.user))
      throw Error(SY_DENIED, o.user + " is a delegate of " + pair.name +
                                 ": delegates may track, set regarding and untrack; passes are run as the owner");
    throw Error(SY_DENIED, o.user + " may not run passes of " + pair.name + ": they are run as the owner");
  }
}

void run(Context& context, Options o) {
  const LoadedConfig& loaded = context.loaded();
  if (!o.user.empty()) {
    judge_user(loaded.config, o);
    if (o.pairs.empty()) o.pairs = {loaded.config.pair(o.user).name};
  }
  set_up_log({loaded.config.log.level, loaded.config.log.format, loaded.config.log.file});
  for (const std::string& p : o.pairs) static_cast<void>(loaded.config.pair(p));
  std::signal(SIGINT, on_signal);
  std::signal(SIGTERM, on_signal);
  EngineOptions e;
  e.canceled = [] { return stop.load(); };
  Engine engine(loaded, e);
  SyncOptions s;
  s.pairs = o.pairs;
  s.workers = o.workers;
  s.yes = o.yes;
  if (::isatty(STDIN_FILENO) != 0 && ::isatty(STDOUT_FILENO) != 0 && !o.json) {
    s.confirm = ask;
    s.take_over = ask_to_take_over;
  }
  std::vector<PairReport> reports;
  {
    Progress progress(!o.json);
    s.progress = [&](const std::string& pair, const PassCounts& c, std::size_t left) { progress.show(pair, c, left); };
    reports = engine.sync(s);
  }
  context.exit_code = exit_code_of(reports);
  if (o.json) {
    json::array pairs;
    for (const PairReport& r : reports) pairs.emplace_back(report_json(r));
    json::object requests;
    for (const auto& [what, n] : engine.counts()) requests[what] = n;
    std::cout << json::serialize(json::object{{"pairs", std::move(pairs)}, {"traffic", std::move(requests)}}) << "\n";
    return;
  }
  for (const PairReport& r : reports) {
    std::cout << r.name << ": "
              << (r.end == PairEnd::failed                   ? "failed: " + r.error
                  : r.end == PairEnd::held_elsewhere         ? r.error
                  : r.end == PairEnd::waits_for_confirmation ? "nothing was done"
                                                             : counts_line(r.counts))
              << "\n";
    for (const auto& [reason, n] : r.counts.refused_by) std::cout << "    refused " << n << " × " << reason << "\n";
    if (r.end == PairEnd::waits_for_confirmation)
      std::cout << "    waits for a person (" << json::serialize(r.waiting) << "): look with `syncline plan " << r.name
                << "`, then `syncline confirm " << r.name << "`\n";
  }
}

}  // namespace

void add_sync(CLI::App& app, Context& context) {
  auto o = std::make_shared<Options>();
  CLI::App* c = app.add_subcommand("sync", "Runs passes until nothing can move, then ends");
  c->add_option("pair", o->pairs, "Users or queues by address; all if none is given");
  c->add_option("--as", o->user, "The user as whom you act, by address: only that user's own pair is run");
  c->add_option("--workers", o->workers, "Pairs at work at the same time")->default_val(4)->check(CLI::Range(1, 128));
  c->add_flag("--yes", o->yes, "First runs go without being confirmed");
  c->add_flag("--json", o->json, "The result as JSON");
  c->callback([&context, o] { run(context, *o); });
}

}  // namespace syncline
