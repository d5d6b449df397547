// version: what this program is.
#include <iostream>

#include "context.hpp"

namespace syncline {

void add_version(CLI::App& app, Context&) {
  CLI::App* version = app.add_subcommand("version", "Print the version and the plugin ABI");
  auto as_json = std::make_shared<bool>(false);
  version->add_flag("--json", *as_json, "print it as JSON");
  version->callback([as_json] {
    const std::string abi = std::to_string(SY_ABI_MAJOR) + "." + std::to_string(SY_ABI_MINOR);
    if (*as_json)
      std::cout << json::serialize(json::object{{"version", SYNCLINE_VERSION}, {"abi", abi}}) << "\n";
    else
      std::cout << "syncline " << SYNCLINE_VERSION << ", plugin ABI " << abi << "\n";
  });
}

}  // namespace syncline
