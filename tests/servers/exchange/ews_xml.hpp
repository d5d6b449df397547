// XML of EWS on the server's side: names without prefixes, texts escaped, and the errors that a request can meet.
#pragma once
#include <pugixml.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace syncline::sandbox::exchange {

std::string_view plain_name(const pugi::xml_node& node);  // without its prefix
pugi::xml_node element(const pugi::xml_node& parent, std::string_view name);
std::vector<pugi::xml_node> elements(const pugi::xml_node& parent, std::string_view name = {});  // empty: all
std::string text_in(const pugi::xml_node& parent, std::string_view name);
std::string attribute_of(const pugi::xml_node& node, std::string_view name);
std::string xml_text(std::string_view text);  // escaped, also for attributes; what XML cannot hold as a reference

// One message of an answer that is an error.
struct EwsError : std::runtime_error {
  EwsError(std::string code_of, const std::string& text) : std::runtime_error(text), code(std::move(code_of)) {}
  std::string code;
};
// The whole request is refused: HTTP 500 with a SOAP fault.
struct EwsFaultError : EwsError {
  using EwsError::EwsError;
};

// Throws EwsFaultError(ErrorSchemaValidation) if the children are not among `order`, or not in this order.
void demand_order(const pugi::xml_node& node, const std::vector<std::string_view>& order);

}  // namespace syncline::sandbox::exchange
