// plugin: list what the folders hold, without loading it; describe one.
#include <iostream>

#include "connected.hpp"
#include "exit_code.hpp"
#include "reference.hpp"

namespace syncline {
namespace {

void list_plugins(PluginRegistry& plugins, bool as_json) {
  json::array out;
  for (const PluginFile& f : plugins.present()) {
    const std::string wrong = judge_plugin_file(f.path);
    if (as_json)
      out.push_back(
          json::object{{"name", f.name}, {"path", f.path.string()}, {"usable", wrong.empty()}, {"reason", wrong}});
    else
      std::cout << f.name << "  " << f.path.string() << (wrong.empty() ? "" : "  refused: " + wrong) << "\n";
  }
  if (as_json) {
    std::cout << json::serialize(out) << "\n";
    return;
  }
  if (plugins.present().empty()) {
    std::cout << "no plugins in";
    for (const auto& folder : plugins.folders()) std::cout << " " << folder.string();
    std::cout << "\n";
  }
}

json::object option_json(const sy_option& o) {
  json::object out{{"name", o.name},
                   {"type", type_words(o)},
                   {"required", (o.flags & SY_REQUIRED) != 0},
                   {"place", (o.flags & SY_PER_ENDPOINT) != 0 ? "mailbox" : "instance"},
                   {"queues_only", (o.flags & SY_QUEUE_ONLY) != 0},
                   {"doc", o.doc}};
  if (o.fallback != nullptr) out["default"] = o.fallback;
  return out;
}

/// What the servers of its connections really offer, and what follows.
json::array probed(Context& context, const std::string& plugin, const std::vector<std::string>& connections,
                   bool as_json) {
  json::array out;
  for (const std::string& name : connections) {
    const Connected connected(context.config(), name);
    if (connected.config().plugin != plugin)
      throw Error(SY_CONFIG, "connection " + name + " uses plugin " + connected.config().plugin + ", not " + plugin);
    json::object facts = probe(connected);
    if (!as_json) {
      std::cout << "\nConnection " << name << ":\n\n";
      print_probe(facts);
    }
    out.push_back(json::object{{"connection", name}, {"facts", std::move(facts)}});
  }
  return out;
}

void describe_plugin(Context& context, const std::string& name, const std::vector<std::string>& connections,
                     bool as_json) {
  const sy_plugin& p = context.plugins().load(name);
  json::object out{{"name", p.name},
                   {"version", p.version},
                   {"licence", p.licence},
                   {"abi", std::to_string(p.abi_major) + "." + std::to_string(p.abi_minor)}};
  std::string page = std::string(p.name) + " " + p.version + ", " + p.licence + ", ABI " + std::to_string(p.abi_major) +
                     "." + std::to_string(p.abi_minor) + "\n";
  json::array classes;
  for (std::size_t i = 0; i < p.n_classes; ++i) {
    const sy_class& c = *p.classes[i];
    json::array options;
    for (std::size_t k = 0; k < c.n_options; ++k) options.push_back(option_json(*c.options[k]));
    classes.push_back(json::object{{"role", c.role},
                                   {"name", c.name},
                                   {"summary", c.summary == nullptr ? "" : c.summary},
                                   {"revision", c.revision},
                                   {"options", std::move(options)}});
    page += "\n" + std::string(c.role) + " " + c.name + ": " + (c.summary == nullptr ? "" : c.summary) + "\n";
    if (const OptionTable own = own_options(c); !own.empty()) page += "\n" + option_table(own);
    if (const OptionTable mailbox = endpoint_options(c); !mailbox.empty())
      page += "\nIn a user's or queue's `mailbox`:\n\n" + option_table(mailbox);
  }
  out["classes"] = std::move(classes);
  if (!as_json) std::cout << page;
  json::array found = probed(context, name, connections, as_json);
  if (!connections.empty()) out["connections"] = std::move(found);
  if (as_json) std::cout << json::serialize(out) << "\n";
}

}  // namespace

void add_plugin(CLI::App& app, Context& context) {
  CLI::App* plugin = app.add_subcommand("plugin", "List and describe plugins");
  plugin->require_subcommand(1);

  CLI::App* list = plugin->add_subcommand("list", "List the plugins in the configured folders, without loading them");
  auto list_json = std::make_shared<bool>(false);
  list->add_flag("--json", *list_json, "print it as JSON");
  list->callback([&context, list_json] { list_plugins(context.plugins(), *list_json); });

  CLI::App* info = plugin->add_subcommand("info", "Describe one plugin: version, ABI, classes, options");
  auto name = std::make_shared<std::string>();
  auto info_json = std::make_shared<bool>(false);
  info->add_option("NAME", *name, "the plugin")->required();
  info->add_flag("--json", *info_json, "print it as JSON");
  auto connections = std::make_shared<std::vector<std::string>>();
  info->add_option("--connection", *connections, "also ask this connection's server what it offers; reads only");
  info->callback([=, &context] { describe_plugin(context, *name, *connections, *info_json); });
}

}  // namespace syncline
