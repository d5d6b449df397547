// report.hpp: logs (plain on a terminal, JSON otherwise; each line about an item carries its id; secrets are cut out
// wherever they would stand) and progress.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace syncline {

struct LogOptions {
  std::string level = "info";
  std::string format = "auto";  ///< auto, plain, json
  std::string file;             ///< empty: stderr; else a file that rotates at 10 MiB, five are kept
};

void set_up_log(const LogOptions& options);

/// A text that must never be printed; lines that would contain it get *** instead.
void add_secret_to_hide(std::string_view secret);
std::string hide_secrets(std::string_view line);

void log_item(int level, std::string_view pair, std::string_view item, std::string_view line);
void log_plugin_line(int level, std::string_view label, std::string_view item, std::string_view line);

}  // namespace syncline
