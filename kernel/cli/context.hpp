// context.hpp: what the commands share: the options before the command, and the configuration and plugins once they are
// asked for. A command is one file: void add_x(CLI::App&, Context&) registers it; its callback throws, or sets
// exit_code.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "config.hpp"

namespace syncline {

struct Context {
  std::string config_file;               ///< --config; empty: the usual places
  std::vector<std::string> plugin_dirs;  ///< --plugin-dir
  std::string log_level;                 ///< --log-level; empty: as configured
  int exit_code = 0;

  [[nodiscard]] std::string file() const {
    if (!config_file.empty()) return config_file;
    constexpr const char* usual = "/etc/syncline/syncline.toml";
    std::error_code ec;
    return !std::filesystem::exists(usual, ec) && std::filesystem::exists("syncline.toml", ec) ? "syncline.toml"
                                                                                               : usual;
  }
  [[nodiscard]] ConfigOptions options() const { return {plugin_dirs, {}}; }

  /// Read once. Throws ConfigError with all faults.
  const LoadedConfig& loaded() {
    if (!loaded_) {
      loaded_ = load_config(file(), options());
      if (!log_level.empty()) loaded_->config.log.level = log_level;
    }
    return *loaded_;
  }
  const Config& config() { return loaded().config; }

  /// The configuration's plugins; without a configuration, those of the usual folders.
  PluginRegistry& plugins() {
    if (loaded_) return *loaded_->plugins;
    if (!plugins_) {
      std::error_code ec;
      plugins_ = std::filesystem::exists(file(), ec)
                     ? read_config(file(), options()).plugins
                     : std::make_shared<PluginRegistry>(plugin_folders(plugin_dirs, {}));
    }
    return *plugins_;
  }

 private:
  std::optional<LoadedConfig> loaded_;
  std::shared_ptr<PluginRegistry> plugins_;
};

void add_run(CLI::App& app, Context& context);
void add_sync(CLI::App& app, Context& context);
void add_plan(CLI::App& app, Context& context);
void add_confirm(CLI::App& app, Context& context);
void add_status(CLI::App& app, Context& context);
void add_explain(CLI::App& app, Context& context);
void add_history(CLI::App& app, Context& context);
void add_doctor(CLI::App& app, Context& context);
void add_init(CLI::App& app, Context& context);
void add_quarantine(CLI::App& app, Context& context);
void add_requests(CLI::App& app, Context& context);
void add_config(CLI::App& app, Context& context);
void add_plugin(CLI::App& app, Context& context);
void add_discover(CLI::App& app, Context& context);
void add_version(CLI::App& app, Context& context);

}  // namespace syncline
