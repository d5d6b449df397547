#include "mapped/tree.hpp"

#include <algorithm>
#include <numeric>

namespace syncline::crm {
namespace json = boost::json;
namespace {

constexpr int deepest = 40;

/// The first mistake ends the reading: what follows it has no sure meaning.
class Scanner {
 public:
  Scanner(const std::string& file, std::string_view text) : file_(std::make_shared<std::string>(file)), text_(text) {
    if (text_.starts_with("\xEF\xBB\xBF")) text_.remove_prefix(3);
  }

  Tree document() {
    Tree out = value(0);
    skip();
    if (at_ < text_.size()) fail("something stands after the document's end; remove it");
    return out;
  }

 private:
  [[noreturn]] void fail(std::string what) const { throw Mistake{spot(), std::move(what)}; }
  [[nodiscard]] Spot spot() const { return {file_, line_, column_}; }
  [[nodiscard]] char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  char take() {
    const char c = text_[at_++];
    if (c == '\n') {
      ++line_;
      column_ = 1;
    } else if ((static_cast<unsigned char>(c) & 0xC0u) != 0x80u) {
      ++column_;
    }
    return c;
  }
  void skip() {
    while (at_ < text_.size()) {
      if (text_.substr(at_).starts_with("//")) {
        while (at_ < text_.size() && peek() != '\n') take();
      } else if (std::string_view(" \t\r\n").find(peek()) != std::string_view::npos) {
        take();
      } else {
        return;
      }
    }
  }

  Tree value(int depth) {
    skip();
    if (depth > deepest) fail("objects and lists are nested too deeply");
    Tree out;
    out.at = spot();
    if (peek() == '{') return object(std::move(out), depth);
    if (peek() == '[') return list(std::move(out), depth);
    out.scalar = peek() == '"' ? json::value(text()) : word();
    return out;
  }

  Tree object(Tree out, int depth) {
    out.object = true;
    take();
    for (skip(); peek() != '}'; skip()) {
      if (peek() != '"') fail("a key in quotes is expected here");
      Tree::Member member{{}, spot(), {}};
      member.key = text();
      if (out.find(member.key) != nullptr)
        throw Mistake{member.at, "\"" + member.key + "\" is given twice; remove one of them"};
      skip();
      if (peek() != ':') fail("a colon is expected after the key \"" + member.key + "\"");
      take();
      member.value = value(depth + 1);
      out.members.push_back(std::move(member));
      if (!more('}')) break;
    }
    take();
    return out;
  }

  Tree list(Tree out, int depth) {
    out.list = true;
    take();
    for (skip(); peek() != ']'; skip()) {
      out.items.push_back(value(depth + 1));
      if (!more(']')) break;
    }
    take();
    return out;
  }

  /// After a member or an item: true for a comma; false: the end is next.
  bool more(char end) {
    skip();
    if (peek() == end) return false;
    if (peek() != ',') fail(std::string("a comma or ") + end + " is expected here");
    take();
    return true;
  }

  std::string text() {
    const Spot begin = spot();
    std::string raw(1, take());
    while (peek() != '"') {
      if (at_ >= text_.size() || static_cast<unsigned char>(peek()) < 0x20)
        throw Mistake{begin, "this text has no end"};
      if (peek() == '\\') raw += take();
      if (at_ < text_.size()) raw += take();
    }
    raw += take();
    boost::system::error_code failed;
    const json::value read = json::parse(raw, failed);
    if (failed || !read.is_string()) throw Mistake{begin, "this text holds an escape that does not exist, or no UTF-8"};
    return std::string(read.get_string());
  }

  json::value word() {
    const Spot begin = spot();
    std::string raw;
    while (at_ < text_.size() && std::string_view(" \t\r\n,:{}[]\"").find(peek()) == std::string_view::npos)
      raw += take();
    boost::system::error_code failed;
    json::value read = json::parse(raw, failed);
    if (raw.empty() || failed)
      throw Mistake{begin, "a value is expected here: a text in quotes, a number, true, false, null"};
    return read;
  }

  std::shared_ptr<const std::string> file_;
  std::string_view text_;
  std::size_t at_ = 0;
  std::uint32_t line_ = 1, column_ = 1;
};

}  // namespace

std::string Spot::text() const {
  if (file == nullptr) return "?";
  return *file + ":" + std::to_string(line) + ":" + std::to_string(column);
}

const Tree* Tree::find(std::string_view key) const {
  const auto found = std::find_if(members.begin(), members.end(), [&](const Member& m) { return m.key == key; });
  return found == members.end() ? nullptr : &found->value;
}

json::value Tree::value() const {
  if (list) {
    json::array out;
    for (const Tree& t : items) out.push_back(t.value());
    return out;
  }
  if (!object) return scalar;
  json::object out;
  for (const Member& m : members) out[m.key] = m.value.value();
  return out;
}

std::string_view Tree::type() const {
  if (object) return "an object";
  if (list) return "a list";
  if (scalar.is_string()) return "a text";
  if (scalar.is_bool()) return "true or false";
  return scalar.is_null() ? "null" : "a number";
}

Tree read_tree(const std::string& file, std::string_view text, Mistakes& mistakes) {
  try {
    return Scanner(file, text).document();
  } catch (const Mistake& m) {
    mistakes.push_back(m);
    Tree empty;
    empty.object = true;
    empty.at = m.at;
    return empty;
  }
}

Tree laid_over(Tree base, const Tree& over) {
  if (!base.object || !over.object) return over;
  for (const Tree::Member& m : over.members) {
    const auto at =
        std::find_if(base.members.begin(), base.members.end(), [&](const auto& b) { return b.key == m.key; });
    if (m.value.null()) {
      if (at != base.members.end()) base.members.erase(at);
    } else if (at == base.members.end()) {
      base.members.push_back(m);
    } else {
      at->at = m.at;
      at->value = laid_over(std::move(at->value), m.value);
    }
  }
  base.at = over.at;
  return base;
}

std::string nearest(std::string_view word, const std::vector<std::string>& candidates) {
  std::string best;
  std::size_t least = word.size() / 3 + 2;  // one slip in a short word, some more in a long one
  for (const std::string& c : candidates) {
    std::vector<std::size_t> row(c.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 1; i <= word.size(); ++i) {
      std::size_t diagonal = row[0];
      row[0] = i;
      for (std::size_t k = 1; k <= c.size(); ++k) {
        const std::size_t change = diagonal + (word[i - 1] == c[k - 1] ? 0 : 1);
        diagonal = row[k];
        row[k] = std::min({row[k] + 1, row[k - 1] + 1, change});
      }
    }
    if (row.back() < least) {
      least = row.back();
      best = c;
    }
  }
  return best;
}

}  // namespace syncline::crm
