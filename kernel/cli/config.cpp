// config: check, schema, example, show. Nothing here touches the network.
#include <iostream>

#include "connected.hpp"
#include "exit_code.hpp"
#include "reference.hpp"
#include "report.hpp"
#include "trial.hpp"

namespace syncline {
namespace {

void check_file(Context& context, const std::string& file, bool as_json) {
  LoadedConfig loaded = read_config(file.empty() ? context.file() : file, context.options());
  if (loaded.faults.empty()) check_connections(loaded);
  if (loaded.faults.empty() && !loaded.config.tests.empty()) {
    set_up_log({"error", "plain", {}});  // what the tests' passes carry is nobody's business
    try_tests(loaded);
  }
  const Config& c = loaded.config;
  const bool fine = loaded.faults.empty();
  if (!as_json)
    for (const std::string& note : loaded.notes) std::cerr << "note: " << note << "\n";
  if (as_json) {
    std::cout << json::serialize(json::object{{"file", c.file},
                                              {"ok", fine},
                                              {"connections", c.connections.size()},
                                              {"pairs", c.pairs.size()},
                                              {"tests", c.tests.size()},
                                              {"notes", json::value_from(loaded.notes)},
                                              {"faults", json::parse(loaded.faults.json())}})
              << "\n";
  } else if (fine) {
    std::cout << c.file << ": ok, " << c.connections.size() << " connections, " << c.pairs.size() << " users and queues"
              << (c.tests.empty() ? "" : ", " + std::to_string(c.tests.size()) + " tests hold") << "\n";
  } else {
    std::cerr << loaded.faults.print();
  }
  context.exit_code = fine ? exit_code::ok : exit_code::config;
}

}  // namespace

void add_config(CLI::App& app, Context& context) {
  CLI::App* config = app.add_subcommand("config", "Check, describe and show the configuration");
  config->require_subcommand(1);

  CLI::App* check = config->add_subcommand(
      "check", "Validate a configuration file and run its tests, offline; exit code 78 if it has faults");
  auto file = std::make_shared<std::string>();
  auto check_json = std::make_shared<bool>(false);
  check->add_option("FILE", *file, "the file; default: the one that --config names");
  check->add_flag("--json", *check_json, "print the result as JSON");
  check->callback([&context, file, check_json] { check_file(context, *file, *check_json); });

  CLI::App* schema = config->add_subcommand(
      "schema", "Print the JSON Schema of the file, for editors, with the plugins that are installed");
  auto page = std::make_shared<bool>(false);
  schema->add_flag("--page", *page, "print the reference page in Markdown instead");
  schema->callback([&context, page] {
    const std::vector<KnownClass> classes = known_classes(context.plugins());
    if (*page)
      std::cout << reference_page(classes);
    else
      std::cout << json::serialize(json_schema(classes)) << "\n";
  });

  CLI::App* example =
      config->add_subcommand("example", "Print a commented file to start from, with the plugins that are installed");
  example->callback([&context] { std::cout << example_config(known_classes(context.plugins())); });

  CLI::App* show = config->add_subcommand("show", "Print what holds after defaults; secrets are masked");
  auto show_as_json = std::make_shared<bool>(false);
  show->add_flag("--json", *show_as_json, "print it as JSON");
  show->callback([&context, show_as_json] {
    const LoadedConfig& loaded = context.loaded();
    if (*show_as_json)
      std::cout << json::serialize(show_json(loaded.effective)) << "\n";
    else
      std::cout << show_toml(loaded.effective);
  });
}

}  // namespace syncline
