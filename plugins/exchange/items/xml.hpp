// xml.hpp: XML as Exchange sends it and as we send it. Reading is lenient with characters that XML forbids, since
// servers send what people's programs have stored, and strict with size and depth. Writing never emits such a
// character.
#pragma once

#include <cstddef>
#include <pugixml.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace syncline::exchange {

struct XmlLimits {
  std::size_t bytes = std::size_t{64} << 20;
  std::size_t nodes = 1'000'000;
  std::size_t depth = 200;
};

/// A parsed answer. Characters that XML forbids, written plainly or as a reference, are replaced; bytes that are no
/// UTF-8 become U+FFFD. Throws Error(SY_INVALID) for what is no XML, has a DTD, or is beyond the limits.
class XmlDocument {
 public:
  explicit XmlDocument(std::string_view bytes, const XmlLimits& limits = {});
  /// The outermost element.
  [[nodiscard]] pugi::xml_node root() const { return document_.document_element(); }

 private:
  pugi::xml_document document_;
};

/// The name without its prefix: servers choose their own.
[[nodiscard]] std::string_view local_name(const pugi::xml_node& node);
/// The first child element of this name, without regard to its prefix; a null node: none.
[[nodiscard]] pugi::xml_node child(const pugi::xml_node& node, std::string_view name);
[[nodiscard]] std::vector<pugi::xml_node> children(const pugi::xml_node& node, std::string_view name);
/// The text of the element, line ends as LF; empty: no element or no text.
[[nodiscard]] std::string text_of(const pugi::xml_node& node);
[[nodiscard]] std::string child_text(const pugi::xml_node& node, std::string_view name);
[[nodiscard]] std::string attribute(const pugi::xml_node& node, std::string_view name);

/// For text between tags and within double quotes. What XML 1.0 forbids is replaced as in reading: control characters
/// are left out, all else becomes U+FFFD.
[[nodiscard]] std::string escape(std::string_view text);

}  // namespace syncline::exchange
