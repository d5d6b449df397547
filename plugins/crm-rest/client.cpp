#include "client.hpp"

#include <algorithm>

#include "syncline/net/url.hpp"

namespace syncline::crm {
namespace json = boost::json;
namespace {

net::SessionOptions session_options(const Settings& s, const Profile& profile) {
  net::SessionOptions o;
  o.base_url = s.url + "/" + replaced(profile.api, "{api_version}", s.api_version);
  o.ca_file = s.ca_file;
  o.verify = s.verify;
  o.connect_timeout = s.connect_timeout;
  o.read_timeout = s.read_timeout;
  o.max_connections = s.max_concurrent;
  o.max_body = Client::max_answer;
  return o;
}

}  // namespace

Client::Client(const Settings& settings, std::shared_ptr<const Profile> profile, const Host& host)
    : settings_(settings),
      profile_(std::move(profile)),
      gate_(std::make_shared<net::ThrottleGate>(settings_.max_concurrent)),
      session_(session_options(settings_, *profile_), authenticator(settings_, host), gate_) {}

net::Response Client::send(const Host& host, const Call& call, net::Request request) {
  request.headers.emplace_back("Accept", "application/json");
  request.headers.emplace_back("OData-MaxVersion", "4.0");
  request.headers.emplace_back("OData-Version", "4.0");
  if (request.method == "GET") request.headers.emplace_back("If-None-Match", "null");  // beats cached $expand data
  const bool typed = std::any_of(request.headers.begin(), request.headers.end(),
                                 [](const auto& header) { return header.first == "Content-Type"; });
  if (!typed && (!request.body.empty() || request.body_stream))
    request.headers.emplace_back("Content-Type", "application/json; charset=utf-8");
  return session_.send(host, call, request);
}

json::object Client::object_of(const net::Response& response, std::string_view what) {
  boost::system::error_code failed;
  std::string_view body = response.body;
  if (body.starts_with("\xEF\xBB\xBF")) body.remove_prefix(3);
  json::value value = json::parse(body, failed);
  if (failed || !value.is_object())
    throw Error(SY_CONFIG, "crm: " + std::string(what) +
                               ": the answer is not a JSON object; check that url is the organization's address");
  return std::move(value.get_object());
}

json::object Client::get(const Host& host, const Call& call, std::string path, std::string_view prefer,
                         std::string_view what) {
  net::Request request;
  request.path = std::move(path);
  if (!prefer.empty()) request.headers.emplace_back("Prefer", std::string(prefer));
  const net::Response response = send(host, call, std::move(request));
  if (!response.ok()) throw refusal(*profile_, what, response);
  return object_of(response, what);
}

void Client::rows(const Host& host, const Call& call, const std::string& path, std::string_view prefer,
                  std::string_view what, const std::function<bool(const json::object&)>& on_row) {
  std::string next = path;
  while (!next.empty()) {
    const json::object page = get(host, call, next, prefer, what);
    const json::value* value = page.if_contains("value");
    if (value == nullptr || !value->is_array())
      throw Error(SY_BROKEN, "crm: " + std::string(what) + ": the answer holds no list; check profile and api_version");
    for (const json::value& row : value->get_array())
      if (const json::object* object = row.if_object(); object != nullptr && !on_row(*object)) return;
    std::string link;
    if (const json::value* l = page.if_contains("@odata.nextLink"); l != nullptr && l->is_string())
      link = std::string(l->get_string());
    if (link == next) throw Error(SY_BROKEN, "crm: " + std::string(what) + ": a page names itself as the next one");
    next = std::move(link);
  }
}

bool Client::own(std::string_view link) const {
  if (!net::is_absolute(link)) return true;
  return net::parse_url(link).origin == net::parse_url(settings_.url).origin;
}

std::string page_preference(std::size_t rows) { return "odata.maxpagesize=" + std::to_string(rows); }

}  // namespace syncline::crm
