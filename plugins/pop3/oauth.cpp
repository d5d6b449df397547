#include "oauth.hpp"

#include <string_view>

namespace syncline::pop3 {

namespace {

constexpr std::string_view kBearer = "Bearer ";

net::ClientCredentialsOptions options_of(const Settings& settings, const Host& host) {
  net::ClientCredentialsOptions out;
  out.token_url = settings.oauth.token_url;
  out.client_id = settings.oauth.client_id;
  out.scope = settings.oauth.scope;
  out.secret = [host] { return host.secret("oauth.secret"); };
  return out;
}

}  // namespace

Tokens::Tokens(const Settings& settings, const Host& host) : host_(host), client_(options_of(settings, host)) {}

std::string Tokens::token(const Call& call) {
  net::Request request;
  client_.authorize(host_, call, request);
  return net::header_of(request, "Authorization").substr(kBearer.size());
}

bool Tokens::renew(const Call& call, const std::string& refused) {
  net::Request request;
  net::set_header(request, "Authorization", std::string(kBearer) + refused);
  return client_.renew_after(host_, call, request);
}

}  // namespace syncline::pop3
