// node.hpp: a configuration file as a tree of values that know where they stand. The only door to the TOML reader.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "faults.hpp"

namespace syncline {

struct Entry;

struct Node {
  enum class Type { text, integer, real, boolean, instant, local_time, list, table };
  Type type = Type::table;
  std::string text;          ///< text; local_time as it was written
  std::int64_t integer = 0;  ///< integer; boolean as 0 or 1; instant in UTC milliseconds
  double real = 0;
  bool from_environment = false;  ///< the whole text was one ${VAR}: its value does not stand in the file
  bool expanded = false;          ///< some of the text came from outside: it is not quoted in messages
  Span at;
  std::vector<Node> items;     ///< list
  std::vector<Entry> entries;  ///< table, in the order of the file

  [[nodiscard]] const Entry* find(std::string_view key) const;
  /// A dotted way down through tables.
  [[nodiscard]] const Entry* find_dotted(std::string_view name) const;
};

struct Entry {
  std::string key;
  Span at;  ///< of the key
  Node value;
};

/// "a text", "a table", …
std::string_view type_name(Node::Type type);

using Environment = std::function<std::optional<std::string>(const std::string&)>;

/// Reads the file, and those that its `include` names, into one tree; expands ${VAR}, ${VAR:-default} and $$ in texts.
/// Mistakes go to `faults`; what could be read comes back all the same.
Node read_tree(const std::string& file, const Environment& environment, Faults& faults);

/// One value as it would be written in a file; nothing if it is not TOML.
std::optional<Node> parse_value(std::string_view toml);

}  // namespace syncline
