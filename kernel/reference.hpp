// reference.hpp: what is made from the option tables besides the validator: JSON Schema for editors, the reference
// page, the commented example, and the effective configuration as it is shown.
#pragma once

#include "config.hpp"
#include "settings.hpp"

namespace syncline {

/// A class that the configuration may name, with its plugin.
struct KnownClass {
  const sy_plugin* plugin = nullptr;
  const sy_class* type = nullptr;
};

/// All classes of the plugins in the folders; those that are refused are passed over.
std::vector<KnownClass> known_classes(PluginRegistry& plugins);

/// JSON Schema (2020-12; only keywords that draft 7 has too) for the configuration file.
json::object json_schema(const std::vector<KnownClass>& classes);

/// The reference page: one table per section and class, and the fault codes.
std::string reference_page(const std::vector<KnownClass>& classes);
/// The option table of one class as it stands on that page.
std::string option_table(const OptionTable& options);

/// A file to start from: every option with its default, in comments; what is required, with example values.
std::string example_config(const std::vector<KnownClass>& classes);

/// A value as it would be written in the file.
std::string toml_value(const sy_option& option, const json::value& value);

/// The tables that hold, as TOML or JSON; secrets by their source only.
std::string show_toml(const std::vector<EffectiveTable>& tables);
json::object show_json(const std::vector<EffectiveTable>& tables);

}  // namespace syncline
