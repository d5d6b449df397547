#include "ews_xml.hpp"

#include <algorithm>

namespace syncline::sandbox::exchange {

std::string_view plain_name(const pugi::xml_node& node) {
  const std::string_view name = node.name();
  return name.substr(name.find(':') + 1);  // npos + 1 is 0
}

pugi::xml_node element(const pugi::xml_node& parent, std::string_view name) {
  for (const pugi::xml_node& node : parent.children())
    if (node.type() == pugi::node_element && plain_name(node) == name) return node;
  return {};
}

std::vector<pugi::xml_node> elements(const pugi::xml_node& parent, std::string_view name) {
  std::vector<pugi::xml_node> out;
  for (const pugi::xml_node& node : parent.children())
    if (node.type() == pugi::node_element && (name.empty() || plain_name(node) == name)) out.push_back(node);
  return out;
}

std::string text_in(const pugi::xml_node& parent, std::string_view name) { return element(parent, name).text().get(); }

std::string attribute_of(const pugi::xml_node& node, std::string_view name) {
  return node.attribute(std::string(name).c_str()).value();
}

std::string xml_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\r': out += "&#xD;"; break;
      default:
        if (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t')
          out += "&#x" + std::to_string(static_cast<int>(c)) + ";";  // forbidden, and servers send it
        else
          out += c;
    }
  }
  return out;
}

void demand_order(const pugi::xml_node& node, const std::vector<std::string_view>& order) {
  auto at = order.begin();
  for (const pugi::xml_node& child : elements(node)) {
    const auto found = std::find(at, order.end(), plain_name(child));
    if (found == order.end())
      throw EwsFaultError("ErrorSchemaValidation", "The request failed schema validation: The element '" +
                                                       std::string(plain_name(node)) + "' has invalid child element '" +
                                                       std::string(plain_name(child)) + "'.");
    at = found;  // an element may repeat where the schema says so, which is judged where it is read
  }
}

}  // namespace syncline::sandbox::exchange
