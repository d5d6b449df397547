// syncline doctor: whether it can work: store, disk, clock, each server, each sign-in; every finding with its remedy.
#include <iostream>

#include "context.hpp"
#include "examination.hpp"
#include "exit_code.hpp"
#include "report.hpp"

namespace syncline {

namespace {

struct Options {
  std::vector<std::string> pairs;
  bool json = false;
};

int exit_code_of(const Finding& f) {
  if (f.state != Finding::State::error) return exit_code::ok;
  if (f.code != SY_OK) return exit_code::of(f.code);
  return f.check == "sign_in" || f.check == "permissions" ? exit_code::no_permission : exit_code::unavailable;
}

void print(const Finding& f) {
  constexpr std::array<std::string_view, 3> words{"ok      ", "warning ", "error   "};
  std::cout << words[static_cast<std::size_t>(f.state)] << f.subject << ", " << f.check << ": " << f.text << "\n";
  if (!f.remedy.empty() && f.state != Finding::State::ok) std::cout << "        → " << f.remedy << "\n";
  std::cout << std::flush;
}

void doctor(Context& context, const Options& o) {
  const LoadedConfig& loaded = context.loaded();
  set_up_log({"error", loaded.config.log.format, {}});
  for (const std::string& p : o.pairs) static_cast<void>(loaded.config.pair(p));
  ExaminationOptions options;
  options.pairs = o.pairs;
  if (!o.json) options.on_finding = print;
  json::array findings;
  std::size_t errors = 0, warnings = 0;
  for (const Finding& f : examine(loaded, options)) {
    context.exit_code = std::max(context.exit_code, exit_code_of(f));
    errors += f.state == Finding::State::error ? 1 : 0;
    warnings += f.state == Finding::State::warning ? 1 : 0;
    findings.emplace_back(json::object{{"subject", f.subject},
                                       {"check", f.check},
                                       {"state", name_of(f.state)},
                                       {"text", f.text},
                                       {"remedy", f.remedy}});
  }
  if (o.json)
    std::cout << json::serialize(json::object{{"findings", std::move(findings)}}) << "\n";
  else
    std::cout << errors << " error(s), " << warnings << " warning(s)\n";
}

}  // namespace

void add_doctor(CLI::App& app, Context& context) {
  auto o = std::make_shared<Options>();
  CLI::App* c = app.add_subcommand(
      "doctor",
      "Tries what a pass needs, each server and sign-in, and says what to do about what it finds; writes nothing");
  c->add_option("pair", o->pairs, "Sign in for these users or queues; for the first 25 if none is given");
  c->add_flag("--json", o->json, "As JSON");
  c->callback([&context, o] { doctor(context, *o); });
}

}  // namespace syncline
