#include <algorithm>
#include <boost/json.hpp>
#include <condition_variable>
#include <mutex>
#include <optional>

#include "syncline/net/auth.hpp"
#include "syncline/net/throttle.hpp"
#include "syncline/net/url.hpp"
#include "transport.hpp"

namespace syncline::net {

namespace {

namespace json = boost::json;

constexpr std::string_view kHeader = "Authorization";
constexpr std::string_view kPrefix = "Bearer ";
constexpr std::int64_t kUnknownLifeS = 300;  // a server that does not say how long a token lives
constexpr std::chrono::seconds kNextTry{10};

struct Token {
  std::string value;
  std::chrono::seconds life{};
};

SessionOptions session_options(const ClientCredentialsOptions& options) {
  SessionOptions out;
  out.ca_file = options.ca_file;
  out.verify = options.verify;
  out.connect_timeout = options.connect_timeout;
  out.read_timeout = options.read_timeout;
  out.max_connections = 1;
  out.max_body = std::size_t{1024} * 1024;
  return out;
}

Url token_url(const std::string& text) {
  Url url = parse_url(text);
  const std::string& host = url.origin.host;
  const bool loopback = host == "localhost" || host == "::1" || host.starts_with("127.");
  if (!url.origin.tls() && !loopback)
    throw Error(SY_CONFIG, "token_url must begin with https://: the client's secret is sent to it");
  return url;
}

/// What may stand in a text: a code, never a sentence of the server, which could repeat what was sent to it.
std::string plain_code(const json::value* value) {
  if (value == nullptr || !value->is_string()) return {};
  const json::string& text = value->get_string();
  const bool code =
      text.size() <= 48 && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
      });
  return code ? std::string(text) : std::string();
}

/// Entra puts its own number in front of the description: "AADSTS7000215: …".
std::string entra_code(const json::value* value) {
  if (value == nullptr || !value->is_string()) return {};
  const std::string_view text(value->get_string());
  constexpr std::string_view prefix = "AADSTS";
  if (!text.starts_with(prefix)) return {};
  const auto end = std::min(text.find_first_not_of("0123456789", prefix.size()), text.size());
  return std::string(text.substr(0, std::min<std::size_t>(end, 20)));
}

std::int64_t life_of(const json::object& answer) {
  const json::value* value = answer.if_contains("expires_in");
  if (value == nullptr) return kUnknownLifeS;
  if (value->is_string()) {  // some servers write it as a text
    std::int64_t seconds = 0;
    for (const char c : value->get_string()) {
      if (c < '0' || c > '9' || seconds > 10'000'000) return kUnknownLifeS;
      seconds = seconds * 10 + (c - '0');
    }
    return seconds;
  }
  json::error_code failure;
  const auto seconds = value->to_number<std::int64_t>(failure);
  return failure ? kUnknownLifeS : std::clamp<std::int64_t>(seconds, 0, 10'000'000);
}

[[noreturn]] void refuse(const std::string& who, const Response& response, const json::object& answer,
                         std::int64_t now_ms) {
  if (response.status == 429 || response.status >= 500) {
    const auto wait = parse_retry_after(response.headers.get("Retry-After"), now_ms);
    throw Error(SY_RETRY, who + " is not available now (status " + std::to_string(response.status) + ")",
                wait.value_or(0), std::to_string(response.status));
  }
  std::string code = plain_code(answer.if_contains("error"));
  const std::string number = entra_code(answer.if_contains("error_description"));
  if (code.empty() && response.status != 401 && response.status != 403)
    throw Error(
        SY_CONFIG,
        who + " answered with status " + std::to_string(response.status) + " and no OAuth error; check token_url", 0,
        std::to_string(response.status));
  if (code.empty()) code = std::to_string(response.status);
  const std::string named = number.empty() ? code : code + ", " + number;
  if (code == "temporarily_unavailable" || code == "server_error")
    throw Error(SY_RETRY, who + " is not available now (" + named + ")", 0, code);
  if (code == "invalid_scope" || code == "invalid_resource" || code == "unsupported_grant_type" ||
      code == "invalid_request")
    throw Error(SY_CONFIG, who + " refused the request (" + named + "); check token_url and scope", 0, code);
  throw Error(SY_AUTH,
              who + " refused the client (" + named + "); check client_id and its secret, which may have expired", 0,
              code);
}

Token token_of(const std::string& who, const Response& response, std::int64_t now_ms) {
  json::error_code failure;
  const json::value parsed = json::parse(response.body, failure);
  const json::object none;
  const json::object& answer = !failure && parsed.is_object() ? parsed.get_object() : none;
  if (response.status != 200) refuse(who, response, answer, now_ms);
  const json::value* value = answer.if_contains("access_token");
  if (value == nullptr || !value->is_string() || value->get_string().empty())
    throw Error(SY_CONFIG, who + " answered without an access_token; check token_url");
  if (const json::value* type = answer.if_contains("token_type"))
    if (type->is_string() && !equal_without_case(std::string_view(type->get_string()), "bearer"))
      throw Error(SY_CONFIG, who + " gives tokens of another type than bearer; check token_url");
  return {std::string(value->get_string()), std::chrono::seconds(life_of(answer))};
}

}  // namespace

std::string token_endpoint(std::string given, std::string_view tenant, std::string_view options) {
  if (!given.empty()) return given;
  const std::string o(options);
  if (tenant.empty()) throw Error(SY_CONFIG, o + "tenant is missing (or give " + o + "token_url)");
  return "https://login.microsoftonline.com/" + encode(tenant) + "/oauth2/v2.0/token";
}

class ClientCredentials::Impl {
 public:
  explicit Impl(ClientCredentialsOptions options)
      : options_(std::move(options)),
        url_(token_url(options_.token_url)),
        transport_(url_.origin, session_options(options_)) {}

  /// A token that is not `refused`, and that does not end at once.
  std::string obtain(const Host& host, const Call& call, std::string_view refused) {
    std::unique_lock lock(mutex_);
    for (;;) {
      call.check();
      if (usable(refused) && (Clock::now() < renew_at_ || fetching_)) return token_;
      if (!fetching_) break;
      const std::uint64_t attempt = attempt_;
      changed_.wait_for(lock, std::chrono::milliseconds(200));
      if (attempt_ != attempt && failure_) throw Error(*failure_);  // it would be the same for us
    }
    fetching_ = true;
    const bool fallback = usable(refused);
    lock.unlock();
    try {
      Token fresh = fetch(host, call);
      lock.lock();
      keep(std::move(fresh));
      finished(std::nullopt);
      return token_;
    } catch (const Error& e) {
      if (!lock.owns_lock()) lock.lock();
      // The end of one caller's time is no answer for the others: the next one asks again.
      finished(e.code() == SY_CANCELED ? std::nullopt : std::optional(e));
      if (!fallback || e.code() != SY_RETRY || Clock::now() >= ends_at_) throw;
      renew_at_ = Clock::now() + kNextTry;
      host.log(SY_WARN, {}, std::string("the token is kept for now: ") + e.what());
      return token_;
    } catch (...) {
      if (!lock.owns_lock()) lock.lock();
      finished(std::nullopt);
      throw;
    }
  }

  std::string current() {
    const std::lock_guard lock(mutex_);
    return token_;
  }

 private:
  bool usable(std::string_view refused) const {
    return !token_.empty() && token_ != refused && Clock::now() < ends_at_;
  }

  void keep(Token fresh) {
    token_ = std::move(fresh.value);
    const auto now = Clock::now();
    ends_at_ = now + fresh.life;
    renew_at_ = ends_at_ - std::min<std::chrono::seconds>(fresh.life / 5, std::chrono::minutes(5));
  }

  void finished(std::optional<Error> failure) {
    fetching_ = false;
    ++attempt_;
    failure_ = std::move(failure);
    changed_.notify_all();
  }

  Token fetch(const Host& host, const Call& call) {
    std::vector<std::pair<std::string, std::string>> fields{
        {"grant_type", "client_credentials"}, {"client_id", options_.client_id}, {"client_secret", options_.secret()}};
    if (!options_.scope.empty()) fields.emplace_back("scope", options_.scope);
    Request request;
    request.method = "POST";
    request.path = url_.path;
    request.headers = {{"Content-Type", "application/x-www-form-urlencoded"}, {"Accept", "application/json"}};
    request.body = form(fields);
    request.idempotent = true;  // a second token does no harm
    const Response response = transport_.run(host, call, request, nullptr, false);
    return token_of("the token server " + url_.origin.text(), response, host.now_ms());
  }

  const ClientCredentialsOptions options_;
  const Url url_;
  Transport transport_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::string token_;
  Clock::time_point renew_at_{}, ends_at_{};
  bool fetching_ = false;
  std::uint64_t attempt_ = 0;
  std::optional<Error> failure_;
};

ClientCredentials::ClientCredentials(ClientCredentialsOptions options)
    : impl_(std::make_unique<Impl>(std::move(options))) {}
ClientCredentials::~ClientCredentials() = default;

void ClientCredentials::authorize(const Host& host, const Call& call, Request& request) {
  set_header(request, std::string(kHeader), std::string(kPrefix) + impl_->obtain(host, call, {}));
}

bool ClientCredentials::renew(const Host& host, const Call& call) {
  static_cast<void>(impl_->obtain(host, call, impl_->current()));
  return true;
}

bool ClientCredentials::renew_after(const Host& host, const Call& call, const Request& refused) {
  const std::string value = header_of(refused, std::string(kHeader));
  const std::string used = value.starts_with(kPrefix) ? value.substr(kPrefix.size()) : std::string();
  static_cast<void>(impl_->obtain(host, call, used));
  return true;
}

}  // namespace syncline::net
