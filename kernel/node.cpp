#include "node.hpp"

#include <glob.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

// The reader's own doubts, too, are mistakes of the file and not the end of the program.
namespace {
[[noreturn]] void give_up() { throw std::runtime_error("unexpected characters"); }
}  // namespace
#undef NDEBUG  // with it, the reader drops its checks, and a malformed file would be undefined behaviour
#define TOML_ASSERT(condition) ((condition) ? void() : give_up())
#include <toml++/toml.h>

namespace syncline {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t max_file = std::uintmax_t{16} << 20;
constexpr std::size_t max_included = 1000;

Span span_of(const toml::source_region& region, std::uint32_t file) {
  Span s;
  s.file = file;
  s.line = region.begin.line;
  s.column = region.begin.column;
  const bool one_line = region.end.line == region.begin.line && region.end.column > region.begin.column;
  s.width = one_line ? region.end.column - region.begin.column : 1;
  return s;
}

std::int64_t days_from_civil(std::int64_t y, unsigned m, unsigned d) {
  return std::chrono::sys_days(std::chrono::year(static_cast<int>(y)) / std::chrono::month(m) / std::chrono::day(d))
      .time_since_epoch()
      .count();
}

void take_instant(const toml::date_time& t, Node& out) {
  if (!t.offset) {
    std::ostringstream words;
    words << t;
    out.type = Node::Type::local_time;
    out.text = words.str();
    return;
  }
  const std::int64_t seconds = days_from_civil(t.date.year, t.date.month, t.date.day) * 86'400 +
                               std::int64_t{t.time.hour} * 3'600 + std::int64_t{t.time.minute} * 60 + t.time.second -
                               std::int64_t{t.offset->minutes} * 60;
  out.type = Node::Type::instant;
  out.integer = seconds * 1'000 + t.time.nanosecond / 1'000'000;
}

template <class T>
void take_local(const T& value, Node& out) {
  std::ostringstream words;
  words << value;
  out.type = Node::Type::local_time;
  out.text = words.str();
}

Node convert(const toml::node& from, std::uint32_t file);

void take_table(const toml::table& table, std::uint32_t file, Node& out) {
  out.type = Node::Type::table;
  for (const auto& [key, value] : table)
    out.entries.push_back({std::string(key.str()), span_of(key.source(), file), convert(value, file)});
  std::sort(out.entries.begin(), out.entries.end(), [](const Entry& a, const Entry& b) {
    return std::pair(a.at.line, a.at.column) < std::pair(b.at.line, b.at.column);
  });
}

Node convert(const toml::node& from, std::uint32_t file) {
  Node out;
  out.at = span_of(from.source(), file);
  switch (from.type()) {
    case toml::node_type::table: take_table(*from.as_table(), file, out); break;
    case toml::node_type::array:
      out.type = Node::Type::list;
      for (const toml::node& item : *from.as_array()) out.items.push_back(convert(item, file));
      break;
    case toml::node_type::string:
      out.type = Node::Type::text;
      out.text = from.as_string()->get();
      break;
    case toml::node_type::integer:
      out.type = Node::Type::integer;
      out.integer = from.as_integer()->get();
      break;
    case toml::node_type::boolean:
      out.type = Node::Type::boolean;
      out.integer = from.as_boolean()->get() ? 1 : 0;
      break;
    case toml::node_type::floating_point:
      out.type = Node::Type::real;
      out.real = from.as_floating_point()->get();
      break;
    case toml::node_type::date_time: take_instant(from.as_date_time()->get(), out); break;
    case toml::node_type::date: take_local(from.as_date()->get(), out); break;
    default: take_local(from.as_time()->get(), out); break;
  }
  return out;
}

std::optional<std::string> read_text(const std::string& file, std::string& why) {
  std::error_code ec;
  if (!fs::exists(file, ec))
    why = "there is no such file";
  else if (!fs::is_regular_file(file, ec))
    why = "it is not a regular file";
  else if (fs::file_size(file, ec) > max_file)
    why = "it is larger than 16 MiB";
  if (!why.empty()) return std::nullopt;
  std::ifstream in(file, std::ios::binary);
  std::string text(static_cast<std::size_t>(fs::file_size(file, ec)), '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!in || ec) {
    why = "it cannot be read; check its owner and mode";
    return std::nullopt;
  }
  return text;
}

/// The first character that no TOML file holds; the reader cannot be trusted with them.
std::optional<Span> control_character(std::string_view text, std::uint32_t file) {
  Span at{file, 1, 0, 1};
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    at.column += (byte & 0xC0U) != 0x80U ? 1U : 0U;
    if ((byte < 0x20 && c != '\t' && c != '\n' && c != '\r') || byte == 0x7F) return at;
    if (c == '\n') at = {file, at.line + 1, 0, 1};
  }
  return std::nullopt;
}

/// One file; `at`: who asked for it.
std::optional<Node> read_one(const std::string& file, Span at, Faults& faults) {
  std::string why;
  const std::optional<std::string> text = read_text(file, why);
  if (!text) {
    const bool asked = at.line != 0;
    if (!asked) at.file = faults.add_source(file, "");
    faults.add("CFG002", at, "cannot read " + file + ": " + why, {},
               asked ? "name files that exist, or remove the entry"
                     : "name the file with --config FILE; `syncline config example` prints one to start from");
    return std::nullopt;
  }
  const std::uint32_t source = faults.add_source(file, *text);
  if (const auto wrong = control_character(*text, source)) {
    faults.add("CFG001", *wrong, "not TOML: a control character", {}, "is this the right file?");
    return std::nullopt;
  }
  try {
    const toml::table table = toml::parse(*text, file);
    Node root;
    root.at = {source, 1, 1, 1};
    take_table(table, source, root);
    return root;
  } catch (const toml::parse_error& e) {
    std::string words(e.description());
    std::replace(words.begin(), words.end(), '\n', ' ');
    if (words.starts_with("Error while parsing ")) words.erase(0, std::min(words.size(), words.find(": ") + 2));
    const bool twice = words.find("redefine") != std::string::npos;
    faults.add(twice ? "CFG004" : "CFG001", span_of(e.source(), source),
               twice ? "given twice: " + words : "not TOML: " + words, {},
               twice ? "keep one of them" : "texts need quotes, durations too: \"5m\"; tables are written [name]");
    return std::nullopt;
  } catch (const std::exception& e) {
    faults.add("CFG001", {source, 1, 1, 1}, std::string("not TOML: ") + e.what(), {}, "is this the right file?");
    return std::nullopt;
  }
}

bool is_table_list(const Node& n) {
  return n.type == Node::Type::list && !n.items.empty() &&
         std::all_of(n.items.begin(), n.items.end(), [](const Node& i) { return i.type == Node::Type::table; });
}

void merge(Node& into, Node&& more, Faults& faults) {
  for (Entry& e : more.entries) {
    const auto same =
        std::find_if(into.entries.begin(), into.entries.end(), [&](const Entry& x) { return x.key == e.key; });
    if (same == into.entries.end())
      into.entries.push_back(std::move(e));
    else if (same->value.type == Node::Type::table && e.value.type == Node::Type::table)
      merge(same->value, std::move(e.value), faults);
    else if (is_table_list(same->value) && is_table_list(e.value))
      std::move(e.value.items.begin(), e.value.items.end(), std::back_inserter(same->value.items));
    else
      faults.add("CFG004", e.at, "\"" + e.key + "\" is given twice: it also stands at " + faults.place(same->at), {},
                 "keep one of them");
  }
}

std::vector<std::string> matches(const fs::path& folder, const std::string& pattern) {
  const fs::path full = fs::path(pattern).is_absolute() ? fs::path(pattern) : folder / pattern;
  std::vector<std::string> out;
  glob_t found{};
  if (::glob(full.c_str(), 0, nullptr, &found) == 0)
    for (std::size_t i = 0; i < found.gl_pathc && i < max_included; ++i) out.emplace_back(found.gl_pathv[i]);
  ::globfree(&found);
  return out;
}

void read_included(const Node& include, const fs::path& folder, Node& root, Faults& faults) {
  for (const Node& item : include.items) {
    if (item.type != Node::Type::text) continue;  // its type is judged with all the others
    const std::vector<std::string> files = matches(folder, item.text);
    const bool pattern = item.text.find_first_of("*?[") != std::string::npos;
    if (files.empty() && !pattern)
      faults.add("CFG003", item.at, "cannot include \"" + item.text + "\": there is no such file", {},
                 "paths are relative to " + folder.string());
    for (const std::string& file : files) {
      std::optional<Node> more = read_one(file, item.at, faults);
      if (!more) continue;
      if (const Entry* nested = more->find("include")) {
        faults.add("CFG003", nested->at, "an included file cannot include others", {},
                   "name them in the main file's include");
        std::erase_if(more->entries, [](const Entry& e) { return e.key == "include"; });
      }
      merge(root, std::move(*more), faults);
    }
  }
}

bool is_name(char c) { return c == '_' || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

/// Puts the value of the ${…} that begins at `i` to `out`; returns where it ends.
std::size_t expand_one(const Node& node, std::size_t i, const Environment& environment, std::string& out,
                       Faults& faults) {
  const std::string& raw = node.text;
  const std::size_t end = raw.find('}', i);
  const std::string inside = end == std::string::npos ? "" : raw.substr(i + 2, end - i - 2);
  const std::size_t mark = inside.find(":-");
  const std::string name = inside.substr(0, mark);
  if (name.empty() || !std::all_of(name.begin(), name.end(), is_name)) {
    faults.add("CFG016", node.at, "a variable is written ${NAME} or ${NAME:-default}", {},
               "a dollar sign itself is written $$");
    return end == std::string::npos ? raw.size() : end + 1;
  }
  const std::optional<std::string> value = environment(name);
  if (value && !(value->empty() && mark != std::string::npos))
    out += *value;
  else if (mark != std::string::npos)
    out += inside.substr(mark + 2);
  else
    faults.add("CFG016", node.at, "the environment variable " + name + " is not set", {},
               "set it for the service, or give a default: ${" + name + ":-…}");
  return end + 1;
}

void expand(Node& node, const Environment& environment, Faults& faults) {
  for (Node& item : node.items) expand(item, environment, faults);
  for (Entry& e : node.entries) expand(e.value, environment, faults);
  if (node.type != Node::Type::text || node.text.find('$') == std::string::npos) return;
  std::string out;
  const std::string& raw = node.text;
  node.from_environment =
      raw.starts_with("${") && raw.find('}') == raw.size() - 1 && raw.find(":-") == std::string::npos;
  for (std::size_t i = 0; i < raw.size();) {
    if (raw.compare(i, 2, "$$") == 0) {
      out += '$';
      i += 2;
    } else if (raw.compare(i, 2, "${") == 0) {
      node.expanded = true;
      i = expand_one(node, i, environment, out, faults);
    } else {
      out += raw[i++];
    }
  }
  node.text = std::move(out);
}

}  // namespace

const Entry* Node::find(std::string_view key) const {
  const auto it = std::find_if(entries.begin(), entries.end(), [&](const Entry& e) { return e.key == key; });
  return it == entries.end() ? nullptr : &*it;
}

const Entry* Node::find_dotted(std::string_view name) const {
  const std::size_t dot = name.find('.');
  const Entry* e = find(name.substr(0, dot));
  if (e == nullptr || dot == std::string_view::npos) return e;
  return e->value.type == Type::table ? e->value.find_dotted(name.substr(dot + 1)) : nullptr;
}

std::string_view type_name(Node::Type type) {
  switch (type) {
    case Node::Type::text: return "a text";
    case Node::Type::integer: return "a whole number";
    case Node::Type::real: return "a number with a fraction";
    case Node::Type::boolean: return "true or false";
    case Node::Type::instant: return "a date with time and zone";
    case Node::Type::local_time: return "a date or time without a zone";
    case Node::Type::list: return "a list";
    case Node::Type::table: return "a table";
  }
  return "something else";
}

std::optional<Node> parse_value(std::string_view toml) {
  try {
    const toml::table table = toml::parse("value = " + std::string(toml));
    const toml::node* value = table.get("value");
    return value == nullptr || table.size() != 1 ? std::nullopt : std::optional(convert(*value, 0));
  } catch (const std::exception&) {  // toml::parse_error is one
    return std::nullopt;
  }
}

Node read_tree(const std::string& file, const Environment& environment, Faults& faults) {
  std::optional<Node> root = read_one(file, {}, faults);
  if (!root) return {};
  if (const Entry* include = root->find("include"); include != nullptr && include->value.type == Node::Type::list) {
    const Node list = include->value;
    read_included(list, fs::absolute(file).parent_path(), *root, faults);
  }
  expand(*root, environment, faults);
  return std::move(*root);
}

}  // namespace syncline
