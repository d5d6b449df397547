#include "batch.hpp"

#include <algorithm>
#include <charconv>

namespace syncline::crm {
namespace {

// JSON on one line holds no line that could be taken for a boundary.
constexpr std::string_view outer_mark = "batch_syncline", inner_mark = "changeset_syncline";

std::string request_text(const Member& m, std::string_view base, std::size_t content_id) {
  std::string out = "Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n";
  if (content_id != 0) out += "Content-ID: " + std::to_string(content_id) + "\r\n";
  out += "\r\n" + m.method + " " + std::string(base) + m.path + " HTTP/1.1\r\nAccept: application/json\r\n";
  for (const auto& [name, value] : m.headers) out += name + ": " + value + "\r\n";
  if (!m.body.empty()) out += "Content-Type: application/json; charset=utf-8\r\n";
  return out + "\r\n" + m.body + "\r\n";
}

std::string batch_text(const std::vector<BatchPart>& parts, std::string_view base) {
  std::string out;
  std::size_t id = 0, set = 0;
  for (const BatchPart& part : parts) {
    out += "--" + std::string(outer_mark) + "\r\n";
    if (part.size() == 1 && part.front().method == "GET") {
      out += request_text(part.front(), base, 0);
      continue;
    }
    const std::string mark = std::string(inner_mark) + std::to_string(++set);
    out += "Content-Type: multipart/mixed; boundary=" + mark + "\r\n\r\n";
    for (const Member& m : part) out += "--" + mark + "\r\n" + request_text(m, base, ++id);
    out += "--" + mark + "--\r\n";
  }
  return out + "--" + std::string(outer_mark) + "--\r\n";
}

/// Headers and what follows the empty line; line ends of either kind.
struct Piece {
  net::Headers headers;
  std::string_view rest;
};

std::string_view next_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

Piece piece_of(std::string_view text) {
  Piece out;
  while (!text.empty()) {
    const std::string_view line = next_line(text);
    if (line.empty()) break;
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    std::string_view value = line.substr(colon + 1);
    while (value.starts_with(' ')) value.remove_prefix(1);
    out.headers.add(std::string(line.substr(0, colon)), std::string(value));
  }
  out.rest = text;
  return out;
}

std::string boundary_of(std::string_view content_type) {
  const std::string small = lower(content_type);
  const std::size_t at = small.find("boundary=");
  if (!small.starts_with("multipart/") || at == std::string::npos) return {};
  std::string_view value = content_type.substr(at + 9);
  if (value.starts_with('"')) return std::string(value.substr(1, value.find('"', 1) - 1));
  return std::string(value.substr(0, value.find_first_of("; ")));
}

std::vector<std::string_view> split_parts(std::string_view body, const std::string& boundary) {
  const std::string mark = "--" + boundary;
  std::vector<std::string_view> out;
  std::size_t begin = std::string_view::npos;
  for (std::size_t at = body.find(mark); at != std::string_view::npos; at = body.find(mark, at + mark.size())) {
    if (at != 0 && body[at - 1] != '\n') continue;
    const std::string_view after = body.substr(at + mark.size());
    if (!after.starts_with("\r") && !after.starts_with("\n") && !after.starts_with("--")) continue;  // a longer one
    if (begin != std::string_view::npos) out.push_back(body.substr(begin, at - begin));
    if (after.starts_with("--")) break;
    begin = std::min(body.find('\n', at) + 1, body.size());
  }
  return out;
}

net::Response response_of(std::string_view text) {
  net::Response out;
  std::string_view line = next_line(text);
  const std::size_t space = line.find(' ');
  if (!line.starts_with("HTTP/") || space == std::string_view::npos)
    throw Error(SY_BROKEN, "crm: POST $batch: a part of the answer is no HTTP answer; check api_version");
  std::from_chars(line.data() + space + 1, line.data() + line.size(), out.status);
  Piece piece = piece_of(text);
  out.headers = std::move(piece.headers);
  std::string_view body = piece.rest;
  while (body.ends_with('\n') || body.ends_with('\r')) body.remove_suffix(1);
  out.body = std::string(body);
  return out;
}

/// What a part is refused with for now holds for the organization, not for the part alone.
void heed_pauses(Client& client, const Host& host, const std::vector<net::Response>& answers) {
  bool refused = false;
  std::optional<std::int64_t> longest;
  for (const net::Response& r : answers) {
    const std::string asked = r.headers.get("Retry-After");
    if (r.status != 429 && (r.status != 503 || asked.empty())) continue;
    refused = true;
    if (const auto wait = net::parse_retry_after(asked, host.now_ms())) longest = std::max(longest.value_or(0), *wait);
  }
  if (refused) client.pause(longest);
}

}  // namespace

std::vector<net::Response> read_batch(std::string_view body, std::string_view content_type) {
  const std::string boundary = boundary_of(content_type);
  if (boundary.empty())
    throw Error(SY_CONFIG,
                "crm: POST $batch: the answer is not multipart/mixed; check that url is the organization's address");
  std::vector<net::Response> out;
  for (const std::string_view part : split_parts(body, boundary)) {
    const Piece piece = piece_of(part);
    const std::string type = piece.headers.get("Content-Type");
    if (boundary_of(type).empty()) {
      out.push_back(response_of(piece.rest));
      continue;
    }
    std::vector<net::Response> members = read_batch(piece.rest, type);
    if (members.empty()) throw Error(SY_BROKEN, "crm: POST $batch: the answer to a change set is empty");
    const auto bad =
        std::find_if(members.begin(), members.end(), [](const net::Response& r) { return r.status >= 400; });
    out.push_back(std::move(bad == members.end() ? members.back() : *bad));
  }
  return out;
}

std::vector<net::Response> run_batch(Client& client, const Host& host, const Call& call,
                                     const std::vector<BatchPart>& parts) {
  net::Request request;
  request.method = "POST";
  request.path = "$batch";
  request.idempotent = true;  // every member is: reads, keyed creates, and writes that bear the version
  request.reads = std::all_of(parts.begin(), parts.end(), [](const BatchPart& p) {
    return std::all_of(p.begin(), p.end(), [](const Member& m) { return m.method == "GET"; });
  });
  request.headers = {{"Content-Type", "multipart/mixed; boundary=" + std::string(outer_mark)},
                     {"Prefer", "odata.continue-on-error"}};
  const Settings& s = client.settings();
  request.body = batch_text(parts, s.url + "/" + replaced(client.profile().api, "{api_version}", s.api_version) + "/");
  const net::Response answer = client.send(host, call, std::move(request));
  const std::string type = answer.headers.get("Content-Type");
  if (!answer.ok() && boundary_of(type).empty()) throw refusal(client.profile(), "POST $batch", answer);
  std::vector<net::Response> out = read_batch(answer.body, type);
  if (out.size() > parts.size())
    throw Error(SY_BROKEN, "crm: POST $batch: more answers than requests; nothing of it is believed");
  heed_pauses(client, host, out);
  out.resize(parts.size());  // a server that stops at the first error leaves the rest undone
  return out;
}

}  // namespace syncline::crm
