#include "schema_values.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <syncline/formats/smart_match.hpp>

#include "units.hpp"

namespace syncline {
namespace {

std::vector<std::string> split(std::string_view text, char by) {
  std::vector<std::string> out;
  while (true) {
    const std::size_t end = text.find(by);
    out.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return out;
    text.remove_prefix(end + 1);
  }
}

std::optional<std::int64_t> parse_number(std::string_view text) {
  std::int64_t out = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), out);
  return ec == std::errc() && end == text.data() + text.size() && !text.empty() ? std::optional(out) : std::nullopt;
}

std::optional<std::int64_t> parse_measure(std::uint32_t type, std::string_view text) {
  if (type == SY_DURATION) return parse_duration(text);
  if (type == SY_BYTES) return parse_bytes(text);
  return parse_number(text);
}

std::string quoted(const Node& n) {
  if (n.expanded) return "what the variable holds";
  return n.text.size() > 60 ? "this text" : "\"" + n.text + "\"";
}

/// Where a value is read and where its mistakes go.
struct Reading {
  const Node& node;
  const sy_option& option;
  std::string_view where;
  Faults& faults;

  [[nodiscard]] std::string what() const { return "\"" + std::string(option.name) + "\" in " + std::string(where); }
  std::nullopt_t wrong(std::string_view code, const std::string& text, std::string hint = {},
                       std::string help = {}) const {
    faults.add(code, node.at, what() + " " + text, std::move(hint), std::move(help));
    return std::nullopt;
  }
  std::nullopt_t wrong_type(std::string_view needed, std::string help = {}) const {
    const char* shown = option.example != nullptr ? option.example : option.fallback;
    if (help.empty() && shown != nullptr) help = "for instance " + std::string(option.name) + " = " + shown;
    return wrong("CFG010", "must be " + std::string(needed) + ", here is " + std::string(type_name(node.type)),
                 option.doc, std::move(help));
  }
};

using Read = std::optional<json::value>;

Read within_bounds(const Reading& r, std::int64_t value) {
  const Bounds b = bounds_of(r.option);
  if ((b.min && value < *b.min) || (b.max && value > *b.max))
    return r.wrong("CFG014", "is out of range", "allowed: " + std::string(r.option.allowed),
                   "choose a value within the range");
  return json::value(value);
}

Read read_int(const Reading& r) {
  if (r.node.type == Node::Type::integer) return within_bounds(r, r.node.integer);
  if (r.node.expanded)
    if (const auto n = parse_number(r.node.text)) return within_bounds(r, *n);
  return r.wrong_type("a whole number");
}

Read read_bool(const Reading& r) {
  if (r.node.type == Node::Type::boolean) return json::value(r.node.integer != 0);
  if (r.node.expanded && (r.node.text == "true" || r.node.text == "false")) return json::value(r.node.text == "true");
  return r.wrong_type("true or false");
}

Read read_duration(const Reading& r) {
  if (r.node.type != Node::Type::text)
    return r.wrong_type("a duration", "write it as a text with a unit: \"30s\", \"5m\", \"24h\", \"30d\"");
  if (const auto ms = parse_duration(r.node.text)) return within_bounds(r, *ms);
  return r.wrong("CFG013", "is not a duration: " + quoted(r.node), {},
                 "write a number and a unit (ms, s, m, h, d, w): \"30s\", \"5m\", \"1h30m\"");
}

Read read_bytes(const Reading& r) {
  if (r.node.type == Node::Type::integer) {
    if (r.node.integer < 0) return r.wrong("CFG014", "is negative", {}, "give a size such as \"64MiB\"");
    return within_bounds(r, r.node.integer);
  }
  if (r.node.type != Node::Type::text) return r.wrong_type("a size", "write it as \"64MiB\", or as a number of bytes");
  if (const auto n = parse_bytes(r.node.text)) return within_bounds(r, *n);
  return r.wrong("CFG013", "is not a size: " + quoted(r.node), {},
                 "write a number and a unit (B, KiB, MiB, GiB, kB, MB, GB): \"64MiB\"");
}

Read read_choice(const Reading& r) {
  const std::vector<std::string> allowed = allowed_words(r.option);
  if (r.node.type != Node::Type::text) return r.wrong_type("one of " + joined(allowed));
  if (std::find(allowed.begin(), allowed.end(), r.node.text) != allowed.end()) return json::value(r.node.text);
  const std::string near = r.node.expanded ? "" : nearest(r.node.text, allowed);
  return r.wrong("CFG015", "cannot be " + quoted(r.node), near.empty() ? "" : "did you mean \"" + near + "\"?",
                 "allowed: " + joined(allowed));
}

Read read_instant(const Reading& r) {
  if (r.node.type == Node::Type::instant) return json::value(r.node.integer);
  if (r.node.type == Node::Type::text)
    if (const auto ms = parse_instant(r.node.text)) return json::value(*ms);
  if (r.node.type == Node::Type::local_time || r.node.type == Node::Type::text)
    return r.wrong("CFG013", "is not an instant", "a date, a time and a zone are needed",
                   "write it as 2026-01-01T00:00:00Z");
  return r.wrong_type("an instant", "write it as 2026-01-01T00:00:00Z");
}

Read read_path(const Reading& r) {
  if (r.node.type != Node::Type::text) return r.wrong_type("a path");
  if (r.node.text.empty()) return r.wrong("CFG013", "is empty", {}, "give a path");
  namespace fs = std::filesystem;
  const fs::path folder = fs::absolute(r.faults.path(r.node.at)).parent_path();
  return json::value((folder / r.node.text).lexically_normal().string());
}

Read read_regex(const Reading& r) {
  if (r.node.type != Node::Type::text) return r.wrong_type("a regular expression");
  if (const auto fault = formats::fault_of_expression(r.node.text))
    return r.wrong("CFG013", "is not a regular expression: " + quoted(r.node), *fault, "write it as in ECMAScript");
  return json::value(r.node.text);
}

Read read_url(const Reading& r) {
  if (r.node.type != Node::Type::text) return r.wrong_type("a URL");
  const std::string_view text = r.node.text;
  const std::size_t colon = text.find("://");
  const std::string_view rest = colon == std::string_view::npos ? "" : text.substr(colon + 3);
  const std::string_view host = rest.substr(0, rest.find_first_of("/?#"));
  if (host.find('@') != std::string_view::npos) {
    r.faults.hide(r.node.at);
    return r.wrong("CFG013", "carries a user name or password", "credentials do not belong in a URL",
                   "give them as options of their own");
  }
  const auto scheme_char = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '-';
  };
  const bool fit = colon != std::string_view::npos && colon > 0 &&
                   std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(colon), scheme_char) &&
                   !host.empty() && host.front() != ':' && std::none_of(text.begin(), text.end(), [](char c) {
                     return static_cast<unsigned char>(c) <= ' ' || c == '"' || c == '<' || c == '>';
                   });
  if (fit) return json::value(r.node.text);
  return r.wrong("CFG013", "is not a URL", {}, "write it in full: https://host.example/path");
}

Read read_list(const Reading& r) {
  std::vector<std::string> allowed = r.option.allowed == nullptr ? std::vector<std::string>() : allowed_words(r.option);
  const bool texts = !allowed.empty();
  if (texts && allowed.front() == any_text) allowed.clear();
  json::array out;
  bool fit = true;
  const auto take = [&](const Node& item) {
    const Reading one{item, r.option, r.where, r.faults};
    if (!texts) {
      out.push_back(plain_json(item));
    } else if (item.type != Node::Type::text) {
      one.wrong("CFG010", "must hold texts, here is " + std::string(type_name(item.type)), {}, "put it in quotes");
      fit = false;
    } else if (!allowed.empty() && std::find(allowed.begin(), allowed.end(), item.text) == allowed.end()) {
      const std::string near = item.expanded ? "" : nearest(item.text, allowed);
      one.wrong("CFG015", "cannot hold " + quoted(item), near.empty() ? "" : "did you mean \"" + near + "\"?",
                "allowed: " + joined(allowed));
      fit = false;
    } else {
      out.push_back(json::value(item.text));
    }
  };
  if (r.node.type == Node::Type::list)
    for (const Node& item : r.node.items) take(item);
  else if (texts && r.node.type == Node::Type::text)
    take(r.node);  // one text is a list of one
  else
    return r.wrong_type("a list");
  return fit ? Read(std::move(out)) : std::nullopt;
}

Read read_text(const Reading& r) {
  if (r.node.type == Node::Type::text) return json::value(r.node.text);
  return r.wrong_type("a text");
}

Read read_table(const Reading& r) {
  if (r.node.type == Node::Type::table) return plain_json(r.node);
  return r.wrong_type("a table");
}

// --- secrets ---

bool others_may_read(const std::string& file) {
  struct stat info{};
  return ::stat(file.c_str(), &info) == 0 && (info.st_mode & 077U) != 0;
}

std::optional<SecretRef> inline_secret(const Reading& r) {
  r.faults.hide(r.node.at);
  if (r.node.text.empty())
    return r.wrong("CFG041", "is an empty secret", {},
                   "leave it out, or name its source: { file = \"…\" }, { env = \"…\" } or { command = [\"…\"] }");
  const std::string& file = r.faults.path(r.node.at);
  if (!r.node.from_environment && others_may_read(file))
    return r.wrong("CFG040", "is a secret, and other users may read this file", "masked here",
                   "chmod 600 " + file +
                       ", or keep the secret elsewhere: { file = \"…\" }, { env = \"…\" } or { command = [\"…\"] }");
  SecretRef ref;
  ref.text = SecretText(r.node.text);
  return ref;
}

std::optional<SecretRef> secret_source(const Reading& r, const Entry& e) {
  SecretRef ref;
  const bool texts =
      e.value.type == Node::Type::list && !e.value.items.empty() &&
      std::all_of(e.value.items.begin(), e.value.items.end(), [](const Node& n) { return n.type == Node::Type::text; });
  const bool text = e.value.type == Node::Type::text && !e.value.text.empty();
  if (e.key == "command" && texts) {
    ref.from = SecretRef::From::command;
    for (const Node& n : e.value.items) ref.command.push_back(n.text);
  } else if (e.key == "file" && text) {
    ref.from = SecretRef::From::file;
    ref.name =
        (std::filesystem::absolute(r.faults.path(e.at)).parent_path() / e.value.text).lexically_normal().string();
  } else if (e.key == "env" && text) {
    ref.from = SecretRef::From::environment;
    ref.name = e.value.text;
  } else {
    r.faults.hide(e.value.at);
    r.faults.add("CFG041", e.at, r.what() + " has no usable source",
                 e.key == "command" ? "a list of texts: program, arguments" : "",
                 "write one of { file = \"…\" }, { env = \"…\" } or { command = [\"…\"] }");
    return std::nullopt;
  }
  return ref;
}

std::optional<SecretRef> secret_of(const Reading& r) {
  std::optional<SecretRef> ref;
  if (r.node.type == Node::Type::text)
    ref = inline_secret(r);
  else if (r.node.type == Node::Type::table && r.node.entries.size() == 1)
    ref = secret_source(r, r.node.entries.front());
  else {
    r.faults.hide(r.node.at);
    ref = r.wrong("CFG041", "is a secret and needs exactly one source", {},
                  "write one of { file = \"…\" }, { env = \"…\" } or { command = [\"…\"] }");
  }
  if (ref) ref->where = r.faults.place(r.node.at);
  return ref;
}

}  // namespace

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& w : words) out += (out.empty() ? "" : ", ") + w;
  return out;
}

std::optional<SecretRef> read_secret(const Node& node, const sy_option& option, std::string_view where,
                                     Faults& faults) {
  return secret_of({node, option, where, faults});
}

std::optional<json::value> read_value(const Node& node, const sy_option& option, std::string_view where,
                                      Faults& faults) {
  const Reading r{node, option, where, faults};
  switch (option.type) {
    case SY_INT: return read_int(r);
    case SY_BOOL: return read_bool(r);
    case SY_DURATION: return read_duration(r);
    case SY_BYTES: return read_bytes(r);
    case SY_CHOICE: return read_choice(r);
    case SY_INSTANT: return read_instant(r);
    case SY_LIST: return read_list(r);
    case SY_TABLE: return read_table(r);
    case SY_PATH: return read_path(r);
    case SY_URL: return read_url(r);
    case SY_REGEX: return read_regex(r);
    default: return read_text(r);
  }
}

std::optional<json::value> default_of(const sy_option& option) {
  if (option.fallback == nullptr || option.type == SY_SECRET) return std::nullopt;
  Faults none;
  const bool texts = option.type == SY_TEXT || option.type == SY_DURATION || option.type == SY_CHOICE ||
                     option.type == SY_PATH || option.type == SY_URL || option.type == SY_REGEX;
  std::optional<Node> node = parse_value(option.fallback);
  if (!node || (texts && node->type != Node::Type::text)) {  // declared without its quotes
    node.emplace();
    node->type = Node::Type::text;
    node->text = option.fallback;
  }
  if (option.type == SY_PATH) return json::value(node->text);
  if (option.type == SY_BOOL || option.type == SY_INT) node->expanded = true;
  return read_value(*node, option, "the default", none);
}

std::vector<std::string> allowed_words(const sy_option& option) {
  return option.allowed == nullptr ? std::vector<std::string>() : split(option.allowed, '|');
}

Bounds bounds_of(const sy_option& option) {
  if (option.allowed == nullptr) return {};
  const std::string_view allowed(option.allowed);
  const std::size_t dots = allowed.find("..");
  if (dots == std::string_view::npos) return {};
  return {parse_measure(option.type, allowed.substr(0, dots)), parse_measure(option.type, allowed.substr(dots + 2))};
}

std::string type_words(const sy_option& option) {
  switch (option.type) {
    case SY_INT:
      return "whole number" + (option.allowed == nullptr ? std::string() : " " + std::string(option.allowed));
    case SY_BOOL: return "true or false";
    case SY_DURATION:
      return "duration" + (option.allowed == nullptr ? std::string() : " " + std::string(option.allowed));
    case SY_BYTES: return "size" + (option.allowed == nullptr ? std::string() : " " + std::string(option.allowed));
    case SY_CHOICE: return joined(allowed_words(option));
    case SY_SECRET: return "secret";
    case SY_INSTANT: return "instant";
    case SY_LIST: {
      const std::vector<std::string> of = allowed_words(option);
      return of.empty() ? "list" : of.front() == any_text ? "list of texts" : "list of " + joined(of);
    }
    case SY_TABLE: return "table";
    case SY_PATH: return "path";
    case SY_URL: return "URL";
    case SY_REGEX: return "regular expression";
    default: return "text";
  }
}

}  // namespace syncline
