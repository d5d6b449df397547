// check.hpp: what can be said of a plugin without a server: its constants, its option tables, and whether its instances
// are made and end as they should.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "syncline/plugin.h"

namespace syncline::conformance {

/// What is wrong with the description of a plugin; empty: nothing. Reads no field that its `size` does not cover.
std::vector<std::string> problems_of(const sy_plugin& plugin);
std::vector<std::string> problems_of(const sy_class& cls);
std::vector<std::string> problems_of(const sy_option& option);

/// Makes an instance of each class with its default options, in a child process each: it must be made or refused with a
/// text, offer its role's table and no other, and end.
std::vector<std::string> problems_of_instances(const sy_plugin& plugin);

/// Loads a library after it was seen to export the symbol. Throws Error with the reason.
const sy_plugin& load_plugin(const std::filesystem::path& file);

}  // namespace syncline::conformance
