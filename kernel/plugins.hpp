// plugins.hpp: finds, judges and loads plugin libraries. A file is judged by its exported symbols before it is loaded,
// loaded only when the configuration names it, and never unloaded. Any thread.
#pragma once

#include <filesystem>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <syncline/plugin.hpp>
#include <vector>

namespace syncline {

/// A file that bears a plugin's name. The first folder that has the name wins.
struct PluginFile {
  std::string name;
  std::filesystem::path path;
};

class PluginRegistry {
 public:
  explicit PluginRegistry(std::vector<std::filesystem::path> folders) : folders_(std::move(folders)) {}

  [[nodiscard]] const std::vector<std::filesystem::path>& folders() const { return folders_; }
  /// All <folder>/<name>.so, sorted by name; nothing is opened.
  [[nodiscard]] std::vector<PluginFile> present() const;

  /// Loads <folder>/<name>.so once and checks what it declares. Throws Error(SY_CONFIG): path, reason, remedy.
  const sy_plugin& load(std::string_view name);
  /// The class of that role: connection, store, filter or rule. Without a class name the plugin must have exactly one.
  const sy_class& find(std::string_view plugin, std::string_view role, std::string_view class_name = {});

 private:
  std::vector<std::filesystem::path> folders_;
  std::mutex mutex_;
  std::map<std::string, const sy_plugin*, std::less<>> loaded_;
};

/// Why this file cannot be a plugin, seen from outside, without running any of its code; empty: it can.
std::string judge_plugin_file(const std::filesystem::path& file);

/// What is wrong with a plugin's declaration; empty: nothing. `name`: of its file.
std::string judge_plugin(const sy_plugin& plugin, std::string_view name);

/// Where plugins are looked for: --plugin-dir, else SYNCLINE_PLUGIN_PATH (colon-separated), else `configured`, else
/// the folder that belongs to this program: <prefix>/lib/syncline/plugins or the build tree's plugins/.
std::vector<std::filesystem::path> plugin_folders(const std::vector<std::string>& command_line,
                                                  const std::vector<std::string>& configured);

}  // namespace syncline
