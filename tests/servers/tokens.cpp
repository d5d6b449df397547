#include "tokens.hpp"

#include <algorithm>

#include "encode.hpp"
#include "web_api.hpp"

namespace syncline::sandbox {
namespace json = boost::json;
namespace {

constexpr std::size_t kMost = 10000;  // tokens remembered; older ones count as unknown

Reply refused(int status, const std::string& error, const std::string& description) {
  Reply reply = json_reply(status, json::object{{"error", error}, {"error_description", description}});
  reply.headers = {{"Content-Type", "application/json; charset=utf-8"}, {"Cache-Control", "no-store"}};
  return reply;
}

std::map<std::string, std::string> form_of(const std::string& body) {
  std::map<std::string, std::string> out;
  std::size_t start = 0;
  while (start < body.size()) {
    const auto end = std::min(body.find('&', start), body.size());
    std::string pair = body.substr(start, end - start);
    std::replace(pair.begin(), pair.end(), '+', ' ');
    const auto equals = std::min(pair.find('='), pair.size());
    out[percent_decoded(pair.substr(0, equals))] = percent_decoded(pair.substr(std::min(equals + 1, pair.size())));
    start = end + 1;
  }
  return out;
}

}  // namespace

Tokens::Tokens(const DataverseOptions& options) : options_(options) {}

Reply Tokens::issue(const Call& call) {
  if (call.target.substr(0, call.target.find('?')) != "/" + options_.tenant + "/oauth2/v2.0/token")
    return refused(400, "invalid_request", "AADSTS90002: The tenant was not found.");
  if (lower(call.header("Content-Type")).find("application/x-www-form-urlencoded") == std::string::npos)
    return refused(400, "invalid_request", "AADSTS900144: The request body has to be a form.");
  auto form = form_of(call.body);
  if (const std::string basic = call.header("Authorization"); basic.starts_with("Basic ")) {
    const std::string pair = from_base64(basic.substr(6)).value_or("");
    form["client_id"] = percent_decoded(pair.substr(0, pair.find(':')));
    form["client_secret"] = percent_decoded(pair.substr(std::min(pair.find(':'), pair.size() - 1) + 1));
  }
  if (form["grant_type"] != "client_credentials")
    return refused(400, "unsupported_grant_type", "AADSTS70003: The app requested an unsupported grant type.");
  if (form["client_id"] != options_.client_id)
    return refused(400, "unauthorized_client", "AADSTS700016: The application was not found in the tenant.");
  if (form["client_secret"] != options_.client_secret)
    return refused(401, "invalid_client", "AADSTS7000215: Invalid client secret provided.");
  if (!form["scope"].ends_with("/.default"))
    return refused(400, "invalid_scope",
                   "AADSTS1002012: The provided value for scope is not valid: it ends in /.default.");
  if (until_.size() >= kMost) until_.clear();
  const std::string token = "sandbox." + base64(new_guid() + new_guid());
  until_[token] = Clock::now() + options_.token_lifetime;
  Reply reply = json_reply(200, json::object{{"token_type", "Bearer"},
                                             {"expires_in", options_.token_lifetime.count()},
                                             {"ext_expires_in", options_.token_lifetime.count()},
                                             {"access_token", token}});
  reply.headers = {{"Content-Type", "application/json; charset=utf-8"}, {"Cache-Control", "no-store"}};
  return reply;
}

Tokens::State Tokens::check(const std::string& authorization) const {
  if (!authorization.starts_with("Bearer ")) return State::UNKNOWN;
  const auto found = until_.find(authorization.substr(7));
  if (found == until_.end()) return State::UNKNOWN;
  return found->second > Clock::now() ? State::VALID : State::EXPIRED;
}

void Tokens::expire() {
  for (auto& [token, until] : until_) until = Clock::time_point::min();
}

}  // namespace syncline::sandbox
