// connected.hpp: one connection of the configuration by itself, without store and passes, for commands that look at it.
#pragma once

#include <syncline/handles.hpp>

#include "context.hpp"
#include "host.hpp"

namespace syncline {

class Connected {
 public:
  /// Throws SY_CONFIG when there is no such connection, and what the plugin refuses.
  Connected(const Config& config, const std::string& name);
  explicit Connected(const ConnectionConfig& connection);
  [[nodiscard]] const ConnectionHandle& handle() const { return handle_; }
  [[nodiscard]] const ConnectionConfig& config() const { return *config_; }

 private:
  const ConnectionConfig* config_;
  Counts counts_;
  std::unique_ptr<PluginHost> host_;
  ConnectionHandle handle_;
};

/// The findings of a probe for people, one line each with its remedy below.
void print_probe(const json::object& facts);
json::object probe(const Connected& connected);

/// Makes each connection as a pass would, without its network, and reports what its plugin refuses. Used by `config
/// check` for a file that has no other faults.
void check_connections(LoadedConfig& loaded);

}  // namespace syncline
