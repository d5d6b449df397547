#include "faults.hpp"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <map>
#include <numeric>
#include <tuple>

namespace syncline {
namespace {

constexpr std::array<FaultCode, 25> codes{{
    {"CFG001", "the file is not TOML"},
    {"CFG002", "a file cannot be read"},
    {"CFG003", "an include cannot be followed"},
    {"CFG004", "a key, a name or an address is given twice"},
    {"CFG010", "a value of another type is needed"},
    {"CFG011", "a required option is missing"},
    {"CFG012", "there is no such option"},
    {"CFG013", "a value is not written as it has to be"},
    {"CFG014", "a number, duration or size is out of range"},
    {"CFG015", "a value is not among those allowed"},
    {"CFG016", "a variable cannot be expanded"},
    {"CFG020", "a name refers to nothing in this configuration"},
    {"CFG021", "a connection is used on the wrong side"},
    {"CFG022", "a mailbox belongs to two users or queues"},
    {"CFG023", "a queue with other entities than email"},
    {"CFG024", "a filter or rule cannot be placed"},
    {"CFG025", "a filter or rule is incomplete"},
    {"CFG026", "an option that queues have and users do not"},
    {"CFG030", "a plugin is missing"},
    {"CFG031", "a plugin is refused"},
    {"CFG032", "a plugin has no such class"},
    {"CFG033", "a plugin refuses its settings"},
    {"CFG040", "a secret stands in a file that others may read"},
    {"CFG041", "a secret is not given as it has to be"},
    {"CFG050", "a test of the configuration fails"},
}};

// Columns are code points, as the reader counts them.
bool is_start(char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }

std::vector<std::string> characters(std::string_view line) {
  std::vector<std::string> out;
  for (const char c : line) {
    if (is_start(c) || out.empty()) out.emplace_back();
    out.back() += c == '\t' || static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return out;
}

struct Token {
  std::uint32_t begin = 0, end = 0;  ///< columns, [begin, end)
  bool comment = false;
};

/// Finds the values and comments of a file line by line: enough TOML to know what must not be shown, also in a file
/// that has mistakes.
class ValueScanner {
 public:
  std::vector<std::vector<Token>> scan(const std::vector<std::string>& lines) {
    std::vector<std::vector<Token>> out;
    out.reserve(lines.size());
    for (const std::string& l : lines) {
      text_ = characters(l);
      tokens_.clear();
      line();
      out.push_back(tokens_);
    }
    return out;
  }

 private:
  [[nodiscard]] std::string_view at(std::size_t i) const {
    return i < text_.size() ? std::string_view(text_[i]) : std::string_view();
  }
  [[nodiscard]] bool triple(std::size_t i, std::string_view q) const {
    return at(i) == q && at(i + 1) == q && at(i + 2) == q;
  }
  void mark(std::size_t from, std::size_t to, bool comment = false) {
    tokens_.push_back({static_cast<std::uint32_t>(from + 1), static_cast<std::uint32_t>(to + 1), comment});
  }

  void line() {
    std::size_t i = 0;
    if (!open_.empty()) {
      const std::size_t end = close_multi(0);
      mark(0, end);
      i = end;
    } else if (depth_ == 0) {
      in_value_ = false;
      while (at(i) == " ") ++i;
      header_ = at(i) == "[";
    }
    while (i < text_.size()) i = token(i);
  }

  std::size_t token(std::size_t i) {
    const std::string_view c = at(i);
    if (c == "#") {
      mark(i, text_.size(), true);
      return text_.size();
    }
    if (c == "\"" || c == "'") return quoted(i);
    if (header_ && depth_ == 0) return i + 1;
    if (c == "=")
      in_value_ = true;
    else if (in_value_ && (c == "[" || c == "{"))
      ++depth_;
    else if (in_value_ && (c == "]" || c == "}"))
      depth_ -= depth_ > 0 ? 1 : 0;
    else if (c != " " && c != ",")
      return bare(i);
    return i + 1;
  }

  std::size_t bare(std::size_t i) {
    std::size_t end = i;
    while (end < text_.size() && std::string_view(" ,[]{}=#").find(text_[end]) == std::string_view::npos) ++end;
    if (end == i) ++end;
    if (in_value_ && !is_key(end)) mark(i, end);
    return end;
  }

  std::size_t quoted(std::size_t i) {
    const std::string q(at(i));
    if (triple(i, q)) {
      open_ = q;
      const std::size_t end = close_multi(i + 3);
      if (in_value_) mark(i, end);
      return end;
    }
    std::size_t end = i + 1;
    while (end < text_.size() && text_[end] != q) end += q == "\"" && text_[end] == "\\" ? 2 : 1;
    end = std::min(end + 1, text_.size());
    if (in_value_ && !is_key(end)) mark(i, end);
    return end;
  }

  std::size_t close_multi(std::size_t i) {
    for (; i < text_.size(); ++i) {
      if (open_ == "\"" && text_[i] == "\\")
        ++i;
      else if (triple(i, open_)) {
        open_.clear();
        return i + 3;
      }
    }
    return text_.size();
  }

  [[nodiscard]] bool is_key(std::size_t after) const {
    while (at(after) == " ") ++after;
    return depth_ > 0 && (at(after) == "=" || at(after) == ".");
  }

  std::vector<std::string> text_;
  std::vector<Token> tokens_;
  std::string open_;  ///< the quote of an open multi-line text
  int depth_ = 0;
  bool in_value_ = false, header_ = false;
};

bool sounds_secret(std::string_view line) {
  std::string lower(line.substr(0, line.find('=')));
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  constexpr std::array<std::string_view, 9> words{"pass", "pwd",  "secret", "token", "key",
                                                  "cred", "auth", "pin",    "login"};
  return std::any_of(words.begin(), words.end(),
                     [&](std::string_view w) { return lower.find(w) != std::string::npos; });
}

constexpr std::size_t window = 120;

std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  std::iota(d[0].begin(), d[0].end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i)
    for (std::size_t j = 1; j <= b.size(); ++j) {
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0U : 1U)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
    }
  return d[a.size()][b.size()];
}

std::string lower_case(std::string_view s) {
  std::string out(s);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

/// A line as it may be shown, and where the caret stands below it.
struct Shown {
  std::vector<std::string> text;
  std::size_t caret = 0, width = 1;
};

Shown masked(const std::string& raw, const std::vector<Token>& tokens, const Fault& f, bool hidden) {
  const std::vector<std::string> text = characters(raw);
  const bool syntax = !sounds_secret(raw);  // where the reader gave up, nobody knows what is a value
  Shown out;
  std::vector<std::string>& shown = out.text;
  for (std::uint32_t column = 1; column <= text.size() + 1;) {
    const auto token =
        std::find_if(tokens.begin(), tokens.end(), [&](const Token& t) { return t.begin == column && t.end > column; });
    const std::size_t before = shown.size();
    std::uint32_t next = column + 1;
    if (token == tokens.end()) {
      if (column <= text.size()) shown.push_back(text[column - 1]);
    } else {
      next = token->end;
      const bool asked =
          f.code == "CFG001" ? syntax && f.at.column >= column && f.at.column <= next : column == f.at.column;
      if (!token->comment && asked && !hidden)
        shown.insert(shown.end(), text.begin() + column - 1, text.begin() + next - 1);
      else if (!token->comment)
        shown.emplace_back("…");
    }
    if (column <= f.at.column && f.at.column < next) {
      out.caret = before + (shown.size() - before == next - column ? f.at.column - column : 0);
      out.width = shown.size() - before == next - column ? std::max<std::size_t>(1, f.at.width) : 1;
    }
    column = next;
  }
  while (!shown.empty() && shown.back() == " " && shown.size() > out.caret + 1) shown.pop_back();
  if (f.at.column > text.size()) out.caret = shown.size();
  return out;
}

std::string excerpt(const Fault& f, const std::string& raw, const std::vector<Token>& tokens, bool hidden) {
  const Shown line = masked(raw, tokens, f, hidden);
  const std::size_t size = line.text.size();
  const std::size_t from =
      line.caret > window / 2 && size > window ? std::min(line.caret - window / 2, size - window) : 0;
  const std::size_t to = std::min(size, from + window);
  const std::string number = std::to_string(f.at.line);
  std::string out = std::string(5 - std::min<std::size_t>(number.size(), 5), ' ') + number + " | ";
  for (std::size_t i = from; i < to; ++i) out += line.text[i];
  const std::size_t width = std::max<std::size_t>(1, std::min(line.width, to > line.caret ? to - line.caret : 1));
  out += "\n      | " + std::string(line.caret - from, ' ') + std::string(width, '^');
  if (!f.hint.empty()) out += " " + f.hint;
  return out + "\n";
}

}  // namespace

std::uint32_t Faults::add_source(std::string path, std::string_view text) {
  SourceText source{std::move(path), {}};
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    std::string line(text.substr(0, end));
    if (!line.empty() && line.back() == '\r') line.pop_back();
    source.lines.push_back(std::move(line));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  sources_.push_back(std::move(source));
  return static_cast<std::uint32_t>(sources_.size() - 1);
}

const std::string& Faults::path(const Span& at) const {
  static const std::string none;
  return at.file < sources_.size() ? sources_[at.file].path : none;
}

std::string Faults::place(const Span& at) const {
  if (at.line == 0) return path(at);
  return path(at) + ":" + std::to_string(at.line) + ":" + std::to_string(at.column);
}

void Faults::add(std::string_view code, Span at, std::string text, std::string hint, std::string help) {
  list_.push_back({std::string(code), at, std::move(text), std::move(hint), std::move(help)});
}

std::vector<Fault> Faults::sorted() const {
  std::vector<Fault> out = list_;
  const auto key = [](const Fault& f) { return std::tie(f.at.file, f.at.line, f.at.column, f.code, f.text); };
  std::stable_sort(out.begin(), out.end(), [&](const Fault& a, const Fault& b) { return key(a) < key(b); });
  out.erase(std::unique(out.begin(), out.end(), [&](const Fault& a, const Fault& b) { return key(a) == key(b); }),
            out.end());
  return out;
}

std::string Faults::print() const {
  std::string out;
  std::map<std::uint32_t, std::vector<std::vector<Token>>> tokens;  // each file is scanned once
  for (const Fault& f : sorted()) {
    out += place(f.at) + ": error[" + f.code + "]: " + f.text + "\n";
    if (f.at.file < sources_.size() && f.at.line != 0 && f.at.line <= sources_[f.at.file].lines.size()) {
      const std::vector<std::string>& lines = sources_[f.at.file].lines;
      if (!tokens.contains(f.at.file)) tokens[f.at.file] = ValueScanner().scan(lines);
      const bool hidden = std::any_of(hidden_.begin(), hidden_.end(), [&](const Span& h) {
        return h.file == f.at.file && h.line == f.at.line && h.column == f.at.column;
      });
      out += excerpt(f, lines[f.at.line - 1], tokens[f.at.file][f.at.line - 1], hidden);
    }
    if (!f.help.empty()) out += "   help: " + f.help + "\n";
  }
  return out;
}

std::string Faults::json() const {
  boost::json::array out;
  for (const Fault& f : sorted())
    out.push_back(boost::json::object{{"file", path(f.at)},
                                      {"line", f.at.line},
                                      {"column", f.at.column},
                                      {"code", f.code},
                                      {"message", f.text},
                                      {"hint", f.hint},
                                      {"help", f.help}});
  return boost::json::serialize(out);
}

std::string nearest(std::string_view word, const std::vector<std::string>& candidates) {
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (const std::string& c : candidates) {
    if (c.size() > 200 || word.size() > 200) continue;
    const std::size_t d = distance(lower_case(word), lower_case(c));
    if (d < best_distance) {
      best_distance = d;
      best = c;
    }
  }
  return best;
}

std::span<const FaultCode> fault_codes() { return codes; }

}  // namespace syncline
