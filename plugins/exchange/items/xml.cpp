#include "xml.hpp"

#include <cstdint>
#include <optional>

#include "syncline/plugin.hpp"

namespace syncline::exchange {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";
constexpr char32_t no_character = 0xFFFFFFFF;

unsigned byte_of(char c) { return static_cast<unsigned char>(c); }

/// The characters of XML 1.0. U+FFFE and U+FFFF are none.
bool is_legal(char32_t c) {
  if (c < 0x20) return c == '\t' || c == '\n' || c == '\r';
  return c < 0xD800 || (c >= 0xE000 && c < 0xFFFE) || (c >= 0x10000 && c <= 0x10FFFF);
}

/// Takes one character from the front; one byte and `no_character` where there is none.
char32_t take_utf8(std::string_view& s) {
  const unsigned lead = byte_of(s[0]);
  const std::size_t length = lead < 0x80   ? 1
                             : lead < 0xC2 ? 0
                             : lead < 0xE0 ? 2
                             : lead < 0xF0 ? 3
                             : lead < 0xF5 ? 4
                                           : 0;
  char32_t code = length == 1 ? lead : lead & (0x7FU >> length);
  bool good = length != 0 && length <= s.size();
  for (std::size_t i = 1; good && i < length; ++i) {
    good = (byte_of(s[i]) & 0xC0U) == 0x80U;
    code = code << 6U | (byte_of(s[i]) & 0x3FU);
  }
  if (length == 3 && code < 0x800) good = false;  // shorter forms exist
  if (length == 4 && (code < 0x10000 || code > 0x10FFFF)) good = false;
  s.remove_prefix(good ? length : 1);
  return good ? code : no_character;
}

void put_utf8(char32_t c, std::string& out) {
  const auto put = [&](unsigned byte) { out += static_cast<char>(byte); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0U | c >> 6U);
    put(0x80U | (c & 0x3FU));
  } else if (c < 0x10000) {
    put(0xE0U | c >> 12U);
    put(0x80U | (c >> 6U & 0x3FU));
    put(0x80U | (c & 0x3FU));
  } else {
    put(0xF0U | c >> 18U);
    put(0x80U | (c >> 12U & 0x3FU));
    put(0x80U | (c >> 6U & 0x3FU));
    put(0x80U | (c & 0x3FU));
  }
}

/// What stands for a character that may not be. Vertical tab and form feed part lines in what people type.
std::string_view instead_of(char32_t c) {
  if (c == 0x0B || c == 0x0C) return "\n";
  return c < 0x20 ? std::string_view{} : replacement;
}

struct Reference {
  char32_t code = no_character;
  std::size_t length = 0;  ///< from & to ;
};

/// A numeric reference at the front ("&#x1A;", "&#26;").
std::optional<Reference> numeric_reference(std::string_view s) {
  if (s.size() < 4 || s[0] != '&' || s[1] != '#') return std::nullopt;
  const bool hex = s[2] == 'x' || s[2] == 'X';
  std::uint32_t value = 0;
  std::size_t at = hex ? 3 : 2;
  const std::size_t first = at;
  for (; at < s.size() && s[at] != ';'; ++at) {
    const char c = s[at];
    std::uint32_t digit = 0;
    if (c >= '0' && c <= '9')
      digit = static_cast<std::uint32_t>(c - '0');
    else if (hex && c >= 'a' && c <= 'f')
      digit = static_cast<std::uint32_t>(c - 'a') + 10;
    else if (hex && c >= 'A' && c <= 'F')
      digit = static_cast<std::uint32_t>(c - 'A') + 10;
    else
      return std::nullopt;
    if (value < 0x1000000) value = value * (hex ? 16 : 10) + digit;  // beyond that it stays no character
  }
  if (at == first || at >= s.size()) return std::nullopt;
  return Reference{value, at + 1};
}

/// Characters that may stand in XML, and what stands for the others.
std::string legal_text(std::string_view in) {
  std::string out;
  out.reserve(in.size());
  while (!in.empty()) {
    const std::string_view before = in;
    const char32_t c = take_utf8(in);
    if (c != no_character && is_legal(c))
      out.append(before.substr(0, before.size() - in.size()));
    else
      out.append(instead_of(c));
  }
  return out;
}

/// Makes references of legal text harmless, and counts what a parser would have to build. It comes second: what is left
/// out of a text must not put together a reference that nobody looked at.
class References {
 public:
  explicit References(const XmlLimits& limits) : limits_(limits) {}

  std::string clean(std::string_view in) {
    out_.reserve(in.size());
    while (!in.empty()) {
      if (in.front() == '<' && copy_section(in)) continue;
      count(in.front());
      if (in.front() == '&' && reference(in)) continue;
      out_ += in.front();
      in.remove_prefix(1);
    }
    return std::move(out_);
  }

 private:
  /// CDATA is text without references; a DTD could define entities, and no SOAP answer has one.
  bool copy_section(std::string_view& in) {
    constexpr std::string_view cdata = "<![CDATA[";
    if (in.starts_with("<!DOCTYPE")) throw Error(SY_INVALID, "the XML has a document type, which is not read");
    if (!in.starts_with(cdata)) return false;
    const std::size_t end = std::min(in.find("]]>"), in.size());
    count('<');
    in_tag_ = false;
    out_.append(in.substr(0, end));
    in.remove_prefix(end);
    return true;
  }
  void count(char c) {
    if (c == '<') in_tag_ = true;
    if (c == '>') in_tag_ = false;
    if (c == '<' || (c == '=' && in_tag_))
      if (++nodes_ > 2 * limits_.nodes) throw Error(SY_INVALID, "the XML has more elements than are read");
  }
  bool reference(std::string_view& in) {
    const auto first = numeric_reference(in);
    if (!first) return sign(in);
    const std::string_view rest = in.substr(first->length);
    if (first->code >= 0xD800 && first->code < 0xDC00) {  // some write a character as its two UTF-16 halves
      const auto second = numeric_reference(rest);
      if (second && second->code >= 0xDC00 && second->code < 0xE000) {
        put_utf8(0x10000 + ((first->code - 0xD800) << 10U) + (second->code - 0xDC00), out_);
        in = rest.substr(second->length);
        return true;
      }
    }
    if (is_legal(first->code))
      out_.append(in.substr(0, first->length));
    else
      out_.append(instead_of(first->code));
    in = rest;
    return true;
  }
  /// A sign that begins no reference stands for itself.
  bool sign(std::string_view& in) {
    for (const std::string_view name : {"&amp;", "&lt;", "&gt;", "&quot;", "&apos;"})
      if (in.starts_with(name)) return false;
    out_ += "&amp;";
    in.remove_prefix(1);
    return true;
  }

  const XmlLimits& limits_;
  std::string out_;
  std::size_t nodes_ = 0;
  bool in_tag_ = false;
};

/// Walks without recursion: the depth is the server's to choose.
void check_depth(const pugi::xml_node& root, std::size_t limit) {
  std::size_t depth = 0;
  for (pugi::xml_node node = root; node;) {
    if (depth > limit) throw Error(SY_INVALID, "the XML is nested more deeply than is read");
    if (node.first_child()) {
      node = node.first_child();
      ++depth;
      continue;
    }
    while (node && node != root && !node.next_sibling()) {
      node = node.parent();
      --depth;
    }
    if (!node || node == root) return;
    node = node.next_sibling();
  }
}

std::string with_lf(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\r')
      out += text[i];
    else if (i + 1 == text.size() || text[i + 1] != '\n')
      out += '\n';
  }
  return out;
}

}  // namespace

XmlDocument::XmlDocument(std::string_view bytes, const XmlLimits& limits) {
  if (bytes.size() > limits.bytes) throw Error(SY_INVALID, "the XML is larger than is read");
  if (bytes.starts_with("\xEF\xBB\xBF")) bytes.remove_prefix(3);
  const std::string clean = References(limits).clean(legal_text(bytes));
  // A text of blanks alone is a text; blanks between elements are not.
  const unsigned options = pugi::parse_default | pugi::parse_ws_pcdata_single;
  const pugi::xml_parse_result result = document_.load_buffer(clean.data(), clean.size(), options, pugi::encoding_utf8);
  if (!result || !document_.document_element())
    throw Error(SY_INVALID, "what was received is not XML, or not all of it: " + std::string(result.description()) +
                                " at byte " + std::to_string(result.offset));
  check_depth(document_.document_element(), limits.depth);
}

std::string_view local_name(const pugi::xml_node& node) {
  const std::string_view name = node.name();
  const std::size_t colon = name.rfind(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

pugi::xml_node child(const pugi::xml_node& node, std::string_view name) {
  for (const pugi::xml_node& each : node.children())
    if (each.type() == pugi::node_element && local_name(each) == name) return each;
  return {};
}

std::vector<pugi::xml_node> children(const pugi::xml_node& node, std::string_view name) {
  std::vector<pugi::xml_node> found;
  for (const pugi::xml_node& each : node.children())
    if (each.type() == pugi::node_element && local_name(each) == name) found.push_back(each);
  return found;
}

std::string text_of(const pugi::xml_node& node) {
  std::string out;
  for (const pugi::xml_node& each : node.children())
    if (each.type() == pugi::node_pcdata || each.type() == pugi::node_cdata) out += each.value();
  return with_lf(out);
}

std::string child_text(const pugi::xml_node& node, std::string_view name) { return text_of(child(node, name)); }

std::string attribute(const pugi::xml_node& node, std::string_view name) {
  for (const pugi::xml_attribute& each : node.attributes())
    if (name == each.name()) return each.value();
  return {};
}

std::string escape(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 8);
  while (!text.empty()) {
    const std::string_view before = text;
    const char32_t c = take_utf8(text);
    if (c == no_character || !is_legal(c)) {
      out += instead_of(c);
      continue;
    }
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\r': out += "&#xD;"; break;
      default: out.append(before.substr(0, before.size() - text.size()));
    }
  }
  return out;
}

}  // namespace syncline::exchange
