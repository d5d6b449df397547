#include "syncline/net/http.hpp"

#include "syncline/net/auth.hpp"
#include "syncline/net/throttle.hpp"
#include "syncline/net/url.hpp"
#include "transport.hpp"

namespace syncline::net {

namespace {

constexpr int kMaxPauses = 100;  // the deadline ends it earlier; this stops a server that asks for pauses of nothing

bool asks_for_pause(const Response& response) {
  return response.status == 429 || (response.status == 503 && response.headers.has("Retry-After"));
}

std::optional<std::int64_t> pause_of(const Host& host, const Response& response) {
  const auto server_now = parse_http_date(response.headers.get("Date"));
  return parse_retry_after(response.headers.get("Retry-After"), server_now.value_or(host.now_ms()));
}

}  // namespace

class HttpSession::Impl {
 public:
  Impl(const SessionOptions& options, std::shared_ptr<Authenticator> auth, std::shared_ptr<ThrottleGate> gate)
      : base_(parse_url(options.base_url)),
        transport_(base_.origin, options),
        auth_(auth ? std::move(auth) : std::make_shared<NoAuth>()),
        gate_(gate ? std::move(gate) : std::make_shared<ThrottleGate>(options.max_connections)) {}

  Response send(const Host& host, const Call& call, const Request& original, const BodySink* on_body) {
    Request request = original;
    request.path = target_below(base_, original.path);
    auth_->authorize(host, call, request);
    bool renewed = false;
    for (int pauses = 0;;) {
      Response response = pass(host, call, request, on_body);
      if (response.status == 401 && !renewed && repeatable(request)) {
        renewed = true;
        if (!auth_->renew_after(host, call, request)) return response;
        auth_->authorize(host, call, request);
      } else if (asks_for_pause(response)) {
        pause(host, call, request, response, ++pauses);
      } else {
        if (response.status < 500) gate_->accepted();
        return response;
      }
      host.count("retries");
      rewind(request);
    }
  }

 private:
  Response pass(const Host& host, const Call& call, const Request& request, const BodySink* on_body) {
    const ThrottleGate::Permit permit = gate_->enter(call);
    if (permit.closed_ms() > 0) host.count("throttled_ms", permit.closed_ms());
    return transport_.run(host, call, request, on_body, true);
  }

  /// Closes the gate for everybody; entering it again is the wait.
  void pause(const Host& host, const Call& call, const Request& request, const Response& response, int pauses) {
    const std::int64_t wait = gate_->refused(pause_of(host, response));
    const std::string text = request.method + ' ' + base_.origin.text() + harmless_path(request.path) +
                             ": the server answered " + std::to_string(response.status) + " and wants a pause of " +
                             std::to_string(wait) + " ms";
    if (wait >= call.remaining_ms() || pauses > kMaxPauses || !repeatable(request))
      throw Error(SY_RETRY, text, wait, std::to_string(response.status));
    host.log(SY_INFO, {}, text);
  }

  const Url base_;
  Transport transport_;
  std::shared_ptr<Authenticator> auth_;
  std::shared_ptr<ThrottleGate> gate_;
};

HttpSession::HttpSession(SessionOptions options, std::shared_ptr<Authenticator> auth,
                         std::shared_ptr<ThrottleGate> gate)
    : impl_(std::make_unique<Impl>(options, std::move(auth), std::move(gate))) {}

HttpSession::~HttpSession() = default;

Response HttpSession::send(const Host& host, const Call& call, const Request& request) {
  return impl_->send(host, call, request, nullptr);
}

Response HttpSession::send(const Host& host, const Call& call, const Request& request,
                           const std::function<void(std::string_view)>& on_body) {
  return impl_->send(host, call, request, &on_body);
}

}  // namespace syncline::net
