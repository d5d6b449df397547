#include "multipart.hpp"

#include <Poco/Net/HTTPResponse.h>

#include "encode.hpp"
#include "odata_error.hpp"

namespace syncline::sandbox {
namespace {

[[noreturn]] void malformed(const std::string& what) {
  throw ODataError(400, kBadQuery, "The batch is malformed: " + what + ".");
}

// Takes a line off the front; ends at LF, a CR before it is dropped.
std::string_view take_line(std::string_view& text) {
  const auto end = text.find('\n');
  std::string_view line = text.substr(0, end);
  text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

HeaderList take_headers(std::string_view& text) {
  HeaderList out;
  while (!text.empty()) {
    const std::string_view line = take_line(text);
    if (line.empty()) break;
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) malformed("a header has no colon");
    out.emplace_back(trimmed(line.substr(0, colon)), trimmed(line.substr(colon + 1)));
  }
  return out;
}

}  // namespace

std::string boundary_of(const std::string& content_type) {
  if (!lower(content_type).starts_with("multipart/mixed")) return {};
  const auto at = lower(content_type).find("boundary=");
  if (at == std::string::npos) return {};
  std::string value = trimmed(std::string_view(content_type).substr(at + 9));
  value = value.substr(0, value.find(';'));
  if (value.size() > 1 && value.front() == '"') value = value.substr(1, value.find('"', 1) - 1);
  return value;
}

std::vector<Part> parts_of(std::string_view body, const std::string& boundary) {
  std::vector<Part> out;
  const std::string mark = "--" + boundary;
  auto at = body.find(mark);
  if (at == std::string_view::npos) malformed("its boundary does not occur");
  while (true) {
    body.remove_prefix(at + mark.size());
    if (body.starts_with("--")) return out;
    take_line(body);
    at = body.find("\n" + mark);
    if (at == std::string_view::npos) malformed("the closing boundary is missing");
    std::string_view text = body.substr(0, at);
    if (text.ends_with('\r')) text.remove_suffix(1);
    Part part;
    part.headers = take_headers(text);
    part.body = std::string(text);
    out.push_back(std::move(part));
    ++at;
  }
}

Call inner_call(const Part& part) {
  Call call;
  call.headers = part.headers;
  if (lower(call.header("Content-Type")).find("application/http") == std::string::npos)
    malformed("a part is no application/http");
  call.headers.clear();
  std::string_view text = part.body;
  while (text.starts_with("\r") || text.starts_with("\n")) text.remove_prefix(1);
  const std::string line(take_line(text));
  const auto first = line.find(' ');
  const auto last = line.rfind(' ');
  if (first == std::string::npos || last == first) malformed("a request line is none");
  call.method = line.substr(0, first);
  call.target = line.substr(first + 1, last - first - 1);
  call.headers = take_headers(text);
  call.body = trimmed(text);
  return call;
}

std::string inner_reply(const Reply& reply, const std::string& content_id) {
  std::string out = "Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n";
  if (!content_id.empty()) out += "Content-ID: " + content_id + "\r\n";
  const auto status = static_cast<Poco::Net::HTTPResponse::HTTPStatus>(reply.status);
  out += "\r\nHTTP/1.1 " + std::to_string(reply.status) + " " + Poco::Net::HTTPResponse::getReasonForStatus(status) +
         "\r\n";
  for (const auto& [name, value] : reply.headers) out += name + ": " + value + "\r\n";
  return out + "\r\n" + reply.body + "\r\n";
}

}  // namespace syncline::sandbox
