#include "envelope.hpp"

#include <algorithm>
#include <charconv>

namespace syncline::exchange {
namespace {

constexpr std::int64_t kLongestPauseMs = 3'600'000;

std::optional<std::int64_t> back_off(const pugi::xml_node& node) {
  for (const pugi::xml_node& value : children(child(node, "MessageXml"), "Value")) {
    if (attribute(value, "Name") != "BackOffMilliseconds") continue;
    const std::string text = text_of(value);
    std::int64_t ms = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), ms);
    if (failure == std::errc{} && end == text.data() + text.size() && ms > 0) return std::min(ms, kLongestPauseMs);
  }
  return std::nullopt;
}

/// "a:ErrorServerBusy"
std::string without_prefix(const std::string& name) { return name.substr(name.rfind(':') + 1); }

ResponseMessage read_fault(const pugi::xml_node& fault) {
  ResponseMessage out;
  out.node = fault;
  out.error = true;
  const pugi::xml_node detail = child(fault, "detail");
  out.code = child_text(detail, "ResponseCode");
  out.back_off_ms = back_off(detail);
  if (!out.code.starts_with("Error")) out.code = without_prefix(child_text(fault, "faultcode"));
  if (!out.code.starts_with("Error"))
    out.code = child_text(fault, "faultstring").find("server version is invalid") == std::string::npos
                   ? std::string()
                   : "ErrorInvalidServerVersion";
  return out;
}

ResponseMessage read_message(const pugi::xml_node& node) {
  ResponseMessage out;
  out.node = node;
  out.error = attribute(node, "ResponseClass") == "Error";
  out.code = child_text(node, "ResponseCode");
  if (!out.error) return out;
  out.back_off_ms = back_off(node);
  // An internal error may wrap the real one.
  for (const pugi::xml_node& value : children(child(node, "MessageXml"), "Value"))
    if (attribute(value, "Name").starts_with("InnerErrorResponseCode")) out.code = text_of(value);
  return out;
}

std::string build_of(const pugi::xml_node& header) {
  const pugi::xml_node info = child(header, "ServerVersionInfo");
  const std::string major = attribute(info, "MajorVersion");
  if (major.empty()) return {};
  return major + "." + attribute(info, "MinorVersion") + "." + attribute(info, "MajorBuildNumber") + "." +
         attribute(info, "MinorBuildNumber");
}

}  // namespace

std::string envelope(std::string_view version, std::string_view impersonate, std::string_view body) {
  std::string out =
      "<?xml version=\"1.0\" encoding=\"utf-8\"?>"
      "<soap:Envelope xmlns:soap=\"http://schemas.xmlsoap.org/soap/envelope/\""
      " xmlns:t=\"http://schemas.microsoft.com/exchange/services/2006/types\""
      " xmlns:m=\"http://schemas.microsoft.com/exchange/services/2006/messages\">"
      "<soap:Header><t:RequestServerVersion Version=\"";
  out.append(escape(version)).append("\"/>");
  if (!impersonate.empty())
    out.append("<t:ExchangeImpersonation><t:ConnectingSID><t:PrimarySmtpAddress>")
        .append(escape(impersonate))
        .append("</t:PrimarySmtpAddress></t:ConnectingSID></t:ExchangeImpersonation>");
  out.append("</soap:Header><soap:Body>").append(body).append("</soap:Body></soap:Envelope>");
  return out;
}

Answer::Answer(std::string_view body) : document_(body) {
  const pugi::xml_node root = document_.root();
  if (local_name(root) != "Envelope" || !child(root, "Body")) throw Error(SY_INVALID, "the answer is no SOAP envelope");
  build_ = build_of(child(root, "Header"));
  const pugi::xml_node content = child(root, "Body").first_child();
  if (local_name(content) == "Fault") {
    fault_ = read_fault(content);
    return;
  }
  const pugi::xml_node list = child(content, "ResponseMessages");
  for (const pugi::xml_node& node : list.children())
    if (node.type() == pugi::node_element) messages_.push_back(read_message(node));
  if (messages_.empty()) throw Error(SY_INVALID, "the answer holds no response message");
}

}  // namespace syncline::exchange
