#include "settings.hpp"

#include <boost/json.hpp>

#include "mapped/mapping.hpp"
#include "profile.hpp"
#include "sign_in.hpp"
#include "syncline/net/url.hpp"

namespace syncline::crm {
namespace json = boost::json;
namespace {

json::object parse_object(std::string_view text, std::string_view what) {
  boost::system::error_code failed;
  json::value value = json::parse(text.empty() ? std::string_view("{}") : text, failed);
  if (failed || !value.is_object()) throw Error(SY_CONFIG, std::string(what) + " is not a JSON object");
  return std::move(value.get_object());
}

void take(const json::object& from, std::string_view key, std::string& to) {
  if (const json::value* v = from.if_contains(key); v != nullptr && v->is_string()) to = std::string(v->get_string());
}

std::optional<std::uint64_t> number(const json::object& from, std::string_view key) {
  const json::value* v = from.if_contains(key);
  if (v == nullptr || v->is_null()) return std::nullopt;
  if (const auto* n = v->if_uint64()) return *n;
  if (const auto* n = v->if_int64(); n != nullptr && *n >= 0) return static_cast<std::uint64_t>(*n);
  throw Error(SY_CONFIG, std::string(key) + " is not a whole number");
}

std::size_t bounded(const json::object& from, std::string_view key, std::size_t fallback, std::size_t least,
                    std::size_t most) {
  const auto n = number(from, key);
  if (!n) return fallback;
  if (*n < least || *n > most)
    throw Error(SY_CONFIG, std::string(key) + " must be " + std::to_string(least) + " to " + std::to_string(most));
  return static_cast<std::size_t>(*n);
}

}  // namespace

Settings Settings::read(std::string_view json_text) {
  const json::object config = parse_object(json_text, "the configuration of crm-rest");
  Settings s;
  take(config, "url", s.url);
  take(config, "profile", s.profile);
  take(config, "profile_dir", s.profile_dir);
  take(config, "mapping", s.mapping);
  take(config, "api_version", s.api_version);
  take(config, "ca_file", s.ca_file);
  if (const json::value* v = config.if_contains("verify"); v != nullptr && v->is_bool()) s.verify = v->get_bool();
  s.max_concurrent = bounded(config, "max_concurrent", s.max_concurrent, 1, 50);
  s.page_size = bounded(config, "page_size", s.page_size, 1, 5000);
  s.addresses = bounded(config, "addresses", s.addresses, 1, 3);
  constexpr std::size_t longest_ms = 600'000;
  s.connect_timeout = std::chrono::milliseconds(
      bounded(config, "connect_timeout", static_cast<std::size_t>(s.connect_timeout.count()), 1, longest_ms));
  s.read_timeout = std::chrono::milliseconds(
      bounded(config, "read_timeout", static_cast<std::size_t>(s.read_timeout.count()), 1, longest_ms));
  s.attachment_limit = number(config, "attachment_limit");
  if (const json::value* v = config.if_contains("auth"); v != nullptr && v->is_object()) {
    const json::object& auth = v->get_object();
    take(auth, "method", s.method);
    take(auth, "tenant", s.tenant);
    take(auth, "client_id", s.client_id);
    take(auth, "token_url", s.token_url);
    take(auth, "scope", s.scope);
    take(auth, "header", s.key_header);
    take(auth, "parameter", s.key_parameter);
  }
  if (s.url.empty())
    throw Error(SY_CONFIG, "url is missing: the organization's address, such as https://contoso.crm4.dynamics.com");
  while (s.url.ends_with('/')) s.url.pop_back();
  static_cast<void>(net::parse_url(s.url));
  if (!s.mapped() && s.url.find("/api/data") != std::string::npos)
    throw Error(SY_CONFIG, "url names the Web API itself; give the organization's address and api_version apart");
  if (s.api_version.empty() || s.api_version.find_first_not_of("v.0123456789") != std::string::npos)
    throw Error(SY_CONFIG, "api_version must look like v9.2");
  return s;
}

bool Settings::mapped() const { return !mapping.empty() || (profile_dir.empty() && is_mapped_profile(profile)); }

std::shared_ptr<net::Authenticator> authenticator(const Settings& s, const Host& host) {
  const net::SecretSource secret = [host] { return host.secret("auth.secret"); };
  if (s.method == "none") return std::make_shared<net::NoAuth>();
  if (s.method == "bearer") return std::make_shared<net::ApiKey>("Authorization", secret, "Bearer ");
  if (s.method == "api-key" && !s.key_parameter.empty()) return std::make_shared<KeyParameter>(s.key_parameter, secret);
  if (s.method == "api-key") return std::make_shared<net::ApiKey>(s.key_header, secret);
  if (s.client_id.empty())
    throw Error(SY_CONFIG, "auth.client_id is missing: the application's id (for basic: the user name)");
  if (s.method == "basic") return std::make_shared<net::BasicAuth>(s.client_id, secret);
  if (s.method != "oauth2-client-credentials")
    throw Error(SY_CONFIG, "auth.method must be oauth2-client-credentials, basic, api-key, bearer or none");
  net::ClientCredentialsOptions o;
  o.token_url = net::token_endpoint(s.token_url, s.tenant, "auth.");
  o.client_id = s.client_id;
  o.secret = secret;
  o.scope = s.scope;
  if (o.scope.empty() && !s.mapped()) {
    const net::Origin origin = net::parse_url(s.url).origin;
    o.scope = origin.scheme + "://" + origin.host_field() + "/.default";
  }
  o.ca_file = s.ca_file;
  o.verify = s.verify;
  o.connect_timeout = s.connect_timeout;
  o.read_timeout = s.read_timeout;
  return std::make_shared<net::ClientCredentials>(std::move(o));
}

Principal Principal::read(std::string_view json_text) {
  const json::object settings = parse_object(json_text, "the settings of a crm-rest endpoint");
  Principal p;
  if (const json::value* v = settings.if_contains("principal"); v != nullptr && v->is_object()) {
    take(v->get_object(), "kind", p.kind);
    take(v->get_object(), "address", p.address);
  }
  return p;
}

}  // namespace syncline::crm
