// syncline run: the daemon.
#include <csignal>
#include <ctime>
#include <iostream>
#include <mutex>

#include "context.hpp"
#include "daemon.hpp"
#include "exit_code.hpp"
#include "notify.hpp"
#include "report.hpp"

namespace syncline {

namespace {

constexpr std::chrono::milliseconds tick{500};       ///< requests are noticed within it
constexpr std::chrono::seconds patience{8};          ///< with what is under way when it shall stop
constexpr std::chrono::seconds reload_patience{30};  ///< the same when the configuration changes

/// SIGTERM, SIGINT and SIGHUP as values. Blocked in every thread that is started afterwards; taken here one by one.
class Signals {
 public:
  Signals() {
    ::sigemptyset(&set_);
    for (const int s : {SIGTERM, SIGINT, SIGHUP}) ::sigaddset(&set_, s);
    ::pthread_sigmask(SIG_BLOCK, &set_, &before_);
  }
  ~Signals() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;
  /// 0: none came in that time.
  [[nodiscard]] int wait(std::chrono::milliseconds for_ms) const {
    const timespec t{for_ms.count() / 1000, (for_ms.count() % 1000) * 1'000'000};
    const int got = ::sigtimedwait(&set_, nullptr, &t);
    return got < 0 ? 0 : got;
  }

 private:
  sigset_t set_{}, before_{};
};

void log_as(const LogConfig& c) { set_up_log({c.level, c.format, c.file}); }

class Service {
 public:
  Service(Context& context, unsigned workers) : context_(context), workers_(workers) {}

  int run() {
    log_as(context_.loaded().config.log);
    begin(context_.loaded());
    notify_.ready(daemon_->summary());
    for (;;) {
      const int signal = signals_.wait(tick);
      if (signal == SIGTERM || signal == SIGINT) return stop();
      if (signal == SIGHUP) read_again();
      daemon_->tick();
      if (fresh_ && (daemon_->at_rest() || std::chrono::steady_clock::now() > reload_until_)) change_over();
      notify_.status(daemon_->summary());
      notify_.alive();
    }
  }

 private:
  void begin(const LoadedConfig& loaded) {
    daemon_ = std::make_unique<Daemon>(loaded, workers_);
    daemon_->start();
    log_item(SY_INFO, "", "",
             "running with " + std::to_string(loaded.config.pairs.size()) + " users and queues as instance " +
                 loaded.config.instance);
  }

  /// The file as a whole, or not at all.
  void read_again() {
    try {
      LoadedConfig loaded = load_config(context_.file(), context_.options());
      if (!context_.log_level.empty()) loaded.config.log.level = context_.log_level;
      fresh_ = std::move(loaded);
    } catch (const ConfigError& e) {
      const auto faults = e.faults().sorted();
      log_item(SY_ERROR, "", "",
               "the changed configuration is refused, the old one stays: " + std::to_string(faults.size()) +
                   (faults.size() == 1 ? " fault" : " faults"));
      for (const Fault& f : faults)
        log_item(SY_ERROR, "", "", e.faults().place(f.at) + ": " + f.text + (f.help.empty() ? "" : "; " + f.help));
      return;
    } catch (const Error& e) {
      return log_item(SY_ERROR, "", "",
                      std::string("the changed configuration is refused, the old one stays: ") + e.what());
    }
    notify_.reloading();
    daemon_->drain();  // what is under way ends by the old rules
    reload_until_ = std::chrono::steady_clock::now() + reload_patience;
  }

  void change_over() {
    const LoadedConfig old = daemon_->loaded();
    LoadedConfig loaded = std::move(*fresh_);
    fresh_.reset();
    end();
    log_as(loaded.config.log);
    try {
      begin(loaded);
      log_item(SY_INFO, "", "", "the changed configuration holds now");
    } catch (const Error& e) {
      log_as(old.config.log);
      log_item(SY_ERROR, "", "", std::string("the changed configuration cannot work, the old one stays: ") + e.what());
      begin(old);
    }
    notify_.ready(daemon_->summary());
  }

  /// What was done is in the store at every moment, so leaving is as safe as being killed.
  void end() {
    if (daemon_->stop(patience)) return daemon_.reset();
    log_item(SY_ERROR, "", "", "a plugin did not come back in time; leaving as after a kill, the next start goes on");
    std::_Exit(exit_code::try_again);
  }

  int stop() {
    notify_.stopping();
    end();
    log_item(SY_INFO, "", "", "stopped");
    return exit_code::ok;
  }

  Context& context_;
  unsigned workers_;
  Signals signals_;  // before any thread
  ServiceNotifier notify_;
  std::unique_ptr<Daemon> daemon_;
  std::optional<LoadedConfig> fresh_;
  std::chrono::steady_clock::time_point reload_until_{};
};

}  // namespace

void add_run(CLI::App& app, Context& context) {
  auto workers = std::make_shared<unsigned>(16);
  CLI::App* c = app.add_subcommand(
      "run", "Runs passes for as long as it is not stopped: SIGTERM ends it, SIGHUP reads the configuration again");
  c->add_option("--workers", *workers, "Pairs and feeds at work at the same time")
      ->default_val(16)
      ->check(CLI::Range(1, 128));
  c->callback([&context, workers] { context.exit_code = Service(context, *workers).run(); });
}

}  // namespace syncline
