#include "plain_text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "syncline/formats/ascii.hpp"

namespace syncline::exchange {
namespace {

using formats::lower;
using formats::same_but_case;

constexpr std::string_view blanks = " \t\n\r";

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

struct Entity {
  std::string_view name, text;
};
/// Those that mail programs write; others stay as they are.
constexpr auto entities = std::to_array<Entity>(
    {{"amp", "&"},         {"lt", "<"},          {"gt", ">"},         {"quot", "\""},       {"apos", "'"},
     {"nbsp", " "},        {"auml", "\u00E4"},   {"ouml", "\u00F6"},  {"uuml", "\u00FC"},   {"Auml", "\u00C4"},
     {"Ouml", "\u00D6"},   {"Uuml", "\u00DC"},   {"szlig", "\u00DF"}, {"eacute", "\u00E9"}, {"egrave", "\u00E8"},
     {"agrave", "\u00E0"}, {"ccedil", "\u00E7"}, {"euro", "\u20AC"},  {"ndash", "\u2013"},  {"mdash", "\u2014"},
     {"lsquo", "\u2018"},  {"rsquo", "\u2019"},  {"ldquo", "\u201C"}, {"rdquo", "\u201D"},  {"bull", "\u2022"},
     {"hellip", "\u2026"}, {"copy", "\u00A9"},   {"reg", "\u00AE"},   {"trade", "\u2122"}});

bool starts_a_line(std::string_view tag) {
  constexpr auto names = std::to_array<std::string_view>(
      {"p", "div", "li", "tr", "ul", "ol", "table", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote", "pre", "hr"});
  return std::any_of(names.begin(), names.end(), [&](std::string_view name) { return same_but_case(tag, name); });
}

bool hides_content(std::string_view tag) {
  return same_but_case(tag, "script") || same_but_case(tag, "style") || same_but_case(tag, "head") ||
         same_but_case(tag, "title");
}

void put_code_point(std::uint32_t c, std::string& out) {
  if (c < 0x20 || (c >= 0xD800 && c < 0xE000) || c > 0x10FFFF) return;
  if (c == 0xA0) c = ' ';
  const auto put = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (c < 0x80) {
    put(c);
    return;
  }
  if (c < 0x800) {
    put(0xC0U | c >> 6U);
  } else {
    if (c < 0x10000) {
      put(0xE0U | c >> 12U);
    } else {
      put(0xF0U | c >> 18U);
      put(0x80U | (c >> 12U & 0x3FU));
    }
    put(0x80U | (c >> 6U & 0x3FU));
  }
  put(0x80U | (c & 0x3FU));
}

/// Goes through HTML once, from left to right; every step takes at least one byte.
class HtmlReader {
 public:
  explicit HtmlReader(std::string_view html) : rest_(html) {}

  std::string read() {
    while (!rest_.empty()) {
      if (rest_.front() == '<')
        tag();
      else if (rest_.front() == '&')
        entity();
      else
        character();
    }
    return std::move(out_);
  }

 private:
  void tag() {
    if (rest_.starts_with("<!--")) return skip_past("-->");
    if (no_more_tags_ || rest_.size() < 2 || blanks.find(rest_[1]) != std::string_view::npos)
      return take("<");  // a lone sign, not a tag
    const std::size_t end = rest_.find('>');
    if (end == std::string_view::npos) {
      no_more_tags_ = true;
      return take("<");
    }
    std::string_view name = rest_.substr(1, end - 1);
    rest_.remove_prefix(end + 1);
    const bool closing = name.starts_with("/");
    if (closing) name.remove_prefix(1);
    name = name.substr(0, name.find_first_of(" \t\r\n/>"));
    if (!closing && hides_content(name)) return skip_element(name);
    if (same_but_case(name, "br") || (starts_a_line(name) && !at_line_start()))
      new_line();
    else if (!closing && (same_but_case(name, "td") || same_but_case(name, "th")) && !at_line_start())
      put("\t");
  }
  void skip_element(std::string_view name) {
    for (std::size_t at = rest_.find("</"); at != std::string_view::npos; at = rest_.find("</", at + 2)) {
      if (!same_but_case(rest_.substr(at + 2, name.size()), name)) continue;
      rest_.remove_prefix(at);
      return skip_past(">");
    }
    rest_ = {};
  }
  void skip_past(std::string_view mark) {
    const std::size_t at = rest_.find(mark);
    rest_.remove_prefix(at == std::string_view::npos ? rest_.size() : at + mark.size());
  }
  void entity() {
    const std::size_t end = rest_.substr(0, 12).find(';');
    if (end == std::string_view::npos || end < 2) return take("&");
    const std::string_view name = rest_.substr(1, end - 1);
    if (name.front() == '#') {
      number(name.substr(1));
    } else {
      const auto known =
          std::find_if(entities.begin(), entities.end(), [&](const Entity& e) { return e.name == name; });
      if (known == entities.end()) return take("&");
      put(known->text);
    }
    rest_.remove_prefix(end + 1);
  }
  void number(std::string_view digits) {
    const bool hex = !digits.empty() && lower(digits.front()) == 'x';
    if (hex) digits.remove_prefix(1);
    std::uint32_t value = 0;
    for (const char c : digits) {
      const std::size_t digit = std::string_view("0123456789abcdef").find(lower(c));
      if (digit == std::string_view::npos || (!hex && digit > 9) || value > 0x10FFFF) return;
      value = value * (hex ? 16 : 10) + static_cast<std::uint32_t>(digit);
    }
    put_pending();
    put_code_point(value, out_);
  }
  void character() {
    const char c = rest_.front();
    rest_.remove_prefix(1);
    if (blanks.find(c) != std::string_view::npos)
      pending_ = !at_line_start();
    else
      put(std::string_view(&c, 1));
  }
  void take(std::string_view sign) {
    put(sign);
    rest_.remove_prefix(sign.size());
  }
  void put(std::string_view text) {
    put_pending();
    out_.append(text);
  }
  void put_pending() {
    if (pending_) out_ += ' ';
    pending_ = false;
  }
  void new_line() {
    pending_ = false;
    while (!out_.empty() && out_.back() == ' ') out_.pop_back();
    out_ += '\n';
  }
  [[nodiscard]] bool at_line_start() const { return out_.empty() || out_.back() == '\n'; }

  std::string_view rest_;
  std::string out_;
  bool no_more_tags_ = false;  ///< there is no '>' any more: not looked for again
  bool pending_ = false;       ///< blanks were met; one is written before the next character
};

}  // namespace

std::string one_line(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  return std::string(trim(out));
}

std::string notes_text(std::string_view text) {
  const std::size_t last = text.find_last_not_of(blanks);
  return last == std::string_view::npos ? std::string() : std::string(text.substr(0, last + 1));
}

std::string text_of_html(std::string_view html) { return HtmlReader(html).read(); }

}  // namespace syncline::exchange
