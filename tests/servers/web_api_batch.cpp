// $batch: several requests in one, change sets all or nothing.
#include "encode.hpp"
#include "multipart.hpp"
#include "web_api.hpp"

namespace syncline::sandbox {
namespace {

constexpr std::size_t kMost = 1000;
using Names = std::map<std::string, std::string>;  // Content-ID -> the address of what that member made

// "$1" at the start of an address or of a bound reference.
std::string with_names(std::string text, const Names& names, bool body) {
  std::size_t at = 0;
  while ((at = text.find('$', at)) != std::string::npos) {
    std::size_t end = at + 1;
    while (end < text.size() && std::isdigit(static_cast<unsigned char>(text[end])) != 0) ++end;
    const bool place = body ? at > 0 && (text[at - 1] == '"' || (text[at - 1] == '/' && at > 1 && text[at - 2] == '"'))
                            : at == 0 || (at == 1 && text[0] == '/');
    const bool ended = end == text.size() || text[end] == '"' || text[end] == '/' || text[end] == '?';
    if (end == at + 1 || !place || !ended) {
      ++at;
      continue;
    }
    const auto found = names.find(text.substr(at + 1, end - at - 1));
    if (found == names.end())
      throw ODataError(
          400, kBadQuery,
          "Content-ID Reference: '" + text.substr(at, end - at) + "' does not exist in the batch context.");
    const std::size_t start = text[at - (at > 0 ? 1 : 0)] == '/' ? at - 1 : at;
    text.replace(start, end - start, found->second);
    at = start + found->second.size();
  }
  return text;
}

std::string part_header(const Part& part, std::string_view name) {
  Call headers;
  headers.headers = part.headers;
  return headers.header(name);
}

}  // namespace

// One request inside, as if it had come alone, apart from the faults that close a connection.
Reply WebApi::run_member(const Call& call) {
  const Target target = parse_target(call.target);
  if (target.segments.empty() || target.segments[0].name == "$batch")
    throw ODataError(400, kBadQuery, "A batch cannot hold a batch.");
  auto reply = hooks_.before ? hooks_.before(call) : std::nullopt;
  if (!reply) reply = handle(call);
  if (hooks_.after) hooks_.after(call, *reply);
  return *reply;
}

Reply WebApi::member(Batch& batch, const Part& part, bool in_change_set) {
  try {
    Call inner = inner_call(part);
    const std::string id = part_header(part, "Content-ID");
    if (in_change_set && inner.method == "GET") throw ODataError(400, kBadQuery, "A change set cannot hold a GET.");
    if (in_change_set && id.empty()) throw ODataError(400, kBadQuery, "A member of a change set needs a Content-ID.");
    inner.target = with_names(inner.target, batch.names, false);
    inner.body = with_names(inner.body, batch.names, true);
    Reply reply = run_member(inner);
    if (const std::string made = reply.header("OData-EntityId"); !made.empty() && !id.empty()) batch.names[id] = made;
    return reply;
  } catch (const ODataError& failure) {
    return error(batch.call, failure);
  }
}

// All members or none; their answers, or the first error as the only one.
std::optional<Reply> WebApi::change_set(Batch& batch, const Part& part, std::string& out) {
  Organization::Transaction transaction(organization_);
  const auto names_before = batch.names;
  const std::string mark = "changesetresponse_" + new_guid();
  std::string inner;
  for (const Part& item : parts_of(part.body, boundary_of(part_header(part, "Content-Type")))) {
    const Reply reply = member(batch, item, true);
    if (reply.status >= 400) {
      batch.names = names_before;
      return reply;
    }
    inner += "--" + mark + "\r\n" + inner_reply(reply, part_header(item, "Content-ID"));
  }
  transaction.keep();
  out += "Content-Type: multipart/mixed; boundary=" + mark + "\r\n\r\n" + inner + "--" + mark + "--\r\n";
  return std::nullopt;
}

Reply WebApi::batch(const Call& call) {
  const std::string boundary = boundary_of(call.header("Content-Type"));
  if (boundary.empty())
    throw ODataError(400, kBadQuery, "A batch needs the content type multipart/mixed with a boundary.");
  const bool go_on = call.prefers("odata.continue-on-error");
  const std::string mark = "batchresponse_" + new_guid();
  const std::vector<Part> parts = parts_of(call.body, boundary);
  std::size_t members = 0;
  for (const Part& part : parts) {
    const std::string inner = boundary_of(part_header(part, "Content-Type"));
    members += inner.empty() ? 1 : parts_of(part.body, inner).size();
  }
  if (members > kMost) throw ODataError(400, kBadQuery, "A batch may hold 1000 requests at most.");
  Batch batch{call, {}};
  std::string out;
  int outer = 200;
  for (const Part& part : parts) {
    out += "--" + mark + "\r\n";
    const bool set = !boundary_of(part_header(part, "Content-Type")).empty();
    const std::optional<Reply> reply = set ? change_set(batch, part, out) : member(batch, part, false);
    if (!reply) continue;
    out += inner_reply(*reply, set ? std::string() : part_header(part, "Content-ID"));
    if (reply->status < 400 || go_on) continue;
    outer = reply->status;
    break;
  }
  out += "--" + mark + "--\r\n";
  return {outer, {{"Content-Type", "multipart/mixed; boundary=" + mark}}, out};
}

}  // namespace syncline::sandbox
