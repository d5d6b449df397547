// main: the command line's frame. Commands register themselves; what they throw is printed here, once.
#include <sys/prctl.h>
#include <sys/resource.h>

#include <cstdlib>
#include <iostream>

#include "cli/context.hpp"
#include "cli/exit_code.hpp"
#include "report.hpp"

namespace {

/// Passwords, tokens and people's mail are in memory: a crash leaves no picture of it on a disk, nor does another
/// process of this user read it.
void keep_memory_private() {
  const char* allowed = std::getenv("SYNCLINE_ALLOW_CORE");
  if (allowed != nullptr && std::string_view(allowed) == "1") return;
  constexpr rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
#ifndef __SANITIZE_ADDRESS__    // the search for leaks at the end traces the process, which this forbids
  ::prctl(PR_SET_DUMPABLE, 0);  // a core handler of the system is not bound by the limit
#endif
}

std::string exit_codes() {
  std::string out = "Exit codes:\n";
  for (const auto& [code, words] : syncline::exit_code::meanings)
    out += "  " + std::to_string(code) + "  " + std::string(words) + "\n";
  return out;
}

int run(int argc, char** argv) {
  using namespace syncline;
  CLI::App app("Keeps mailboxes and CRMs in step.", "syncline");
  Context context;
  app.add_option("--config", context.config_file,
                 "configuration file; default: /etc/syncline/syncline.toml, else ./syncline.toml");
  app.add_option("--plugin-dir", context.plugin_dirs, "look for plugins here (may be repeated)")
      ->allow_extra_args(false);
  app.add_option("--log-level", context.log_level, "instead of the configured one")
      ->check(CLI::IsMember({"trace", "debug", "info", "warn", "error"}));
  app.require_subcommand(1);
  app.footer(exit_codes());
  add_init(app, context);
  add_doctor(app, context);
  add_run(app, context);
  add_sync(app, context);
  add_plan(app, context);
  add_confirm(app, context);
  add_status(app, context);
  add_explain(app, context);
  add_history(app, context);
  add_quarantine(app, context);
  add_requests(app, context);
  add_config(app, context);
  add_plugin(app, context);
  add_discover(app, context);
  add_version(app, context);
  try {
    app.parse(argc, argv);
    return context.exit_code;
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? exit_code::ok : exit_code::usage;
  } catch (const ConfigError& e) {
    std::cerr << e.faults().print();
    return exit_code::config;
  } catch (const Error& e) {
    std::cerr << "syncline: error[" << code_name(e.code()) << "]: " << hide_secrets(e.what()) << "\n";
    return exit_code::of(e.code());
  }
}

}  // namespace

int main(int argc, char** argv) {
  keep_memory_private();
  try {
    return run(argc, argv);
  } catch (const std::exception& e) {
    std::cerr << "syncline: error[internal]: " << syncline::hide_secrets(e.what()) << "; please report it\n";
    return syncline::exit_code::internal;
  }
}
