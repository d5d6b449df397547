#include "session.hpp"

#include <algorithm>

#include "syncline/formats/ascii.hpp"
#include "syncline/formats/uuid.hpp"
#include "syncline/net/url.hpp"

namespace syncline::exchange {
namespace {

constexpr std::size_t kLargestXml = std::size_t{32} << 20;
constexpr int kMostAttempts = 50;  // the deadline ends it earlier; this stops a server that asks for pauses of nothing
constexpr std::int64_t kDoubtfulSignInMs = 1'000;

bool html(const net::Response& response, std::string_view body) {
  if (formats::lower(response.headers.get("Content-Type")).starts_with("text/html")) return true;
  const std::size_t first = body.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return false;
  const std::string start = formats::lower(body.substr(first, 15));
  return start.starts_with("<!doctype html") || start.starts_with("<html");
}

std::optional<std::int64_t> retry_after(const net::Response& response, const Host& host) {
  const auto date = net::parse_http_date(response.headers.get("Date"));
  return net::parse_retry_after(response.headers.get("Retry-After"), date.value_or(host.now_ms()));
}

/// "Negotiate, NTLM": the ways in that the server names, without their parameters.
std::string offered(const net::Response& response) {
  std::string out;
  for (const std::string& field : response.headers.all("WWW-Authenticate"))
    out.append(out.empty() ? "" : ", ").append(field.substr(0, std::min(field.find_first_of(" ,"), std::size_t{30})));
  return out;
}

std::string host_of(const std::string& url) {
  return net::is_absolute(url) ? net::parse_url(url).origin.text() : std::string("the same host");
}

/// Whether the error is not the message's own, but of everything that is asked for.
bool stops_all(const ResponseMessage& message) {
  const Scope scope = meaning_of(message.code).scope;
  return message.error && scope != Scope::ITEM && scope != Scope::SHRINK && scope != Scope::FOLDER;
}

bool online(const std::string& url) { return net::parse_url(url).origin.host.ends_with("office365.com"); }

}  // namespace

/// One query on its way, until it is answered.
struct Session::Attempt {
  const Query& query;
  Server server;
  std::string version;
  bool doubted = false, relocated = false;
};

Session::Session(std::shared_ptr<Locator> locator, std::shared_ptr<MailboxState> state, Account account, Host host)
    : locator_(std::move(locator)), state_(std::move(state)), account_(std::move(account)), host_(host) {}

std::string Session::about(const std::string& what) const {
  return "exchange: " + what + " (request " + request_id_ + ")";
}

Refused Session::refused(const std::string& what, const ResponseMessage& message) const {
  return refusal(what, message.code, request_id_, message.back_off_ms.value_or(0));
}

Answer Session::send(const Call& call, const Query& query) { return run(call, query, nullptr); }
Answer Session::send(const Call& call, const Query& query, BodyFilter& filter) { return run(call, query, &filter); }

Answer Session::run(const Call& call, const Query& query, BodyFilter* filter) {
  Attempt attempt{query, {}, {}};
  for (int n = 0; n < kMostAttempts; ++n) {
    call.check();
    attempt.server = locator_->locate(host_, call);
    attempt.version = state_->version();
    std::string kept;
    const net::Response response = post(call, attempt, filter, kept);
    if (auto answer = judge(call, attempt, response, response.ok() ? kept : response.body)) return std::move(*answer);
    host_.count("retries");
  }
  throw Error(SY_RETRY, about(query.name) + ": the server goes on asking for pauses");
}

net::Response Session::post(const Call& call, Attempt& attempt, BodyFilter* filter, std::string& kept) {
  std::optional<net::ThrottleGate::Permit> sync;
  if (attempt.query.syncs) sync.emplace(state_->sync().enter(call));
  const net::ThrottleGate::Permit permit = state_->gate().enter(call);
  if (permit.closed_ms() > 0) host_.count("throttled_ms", permit.closed_ms());
  request_id_ = formats::to_string(formats::uuid_v4());
  net::Request request;
  request.method = "POST";
  request.path = attempt.server.url;
  request.headers = {{"Content-Type", "text/xml; charset=utf-8"},
                     {"Accept", "text/xml"},
                     {"client-request-id", request_id_},
                     {"return-client-request-id", "true"}};
  if (!account_.anchor.empty()) request.headers.emplace_back("X-AnchorMailbox", account_.anchor);
  if (const std::string cookies = state_->cookies(); !cookies.empty()) request.headers.emplace_back("Cookie", cookies);
  request.body = envelope(attempt.version, account_.impersonate ? account_.address : std::string(), attempt.query.body);
  request.reads = attempt.query.reads;
  if (filter != nullptr) filter->begin();
  net::Response response = attempt.server.http->send(host_, call, request, [&](std::string_view piece) {
    if (filter != nullptr)
      filter->piece(piece, kept);
    else
      kept.append(piece);
    if (kept.size() > kLargestXml)
      throw Refused(SY_RETRY, Scope::SHRINK, about(attempt.query.name) + ": the answer is too large", 0, {});
  });
  state_->keep_cookies(response.headers);
  return response;
}

std::optional<Answer> Session::judge(const Call& call, Attempt& attempt, const net::Response& response,
                                     const std::string& body) {
  if (response.status != 200 && response.status != 500) {
    judge_status(call, attempt, response);
    return std::nullopt;
  }
  if (html(response, body)) {
    if (response.status == 500 || state_->worked())
      throw Error(SY_RETRY, about(attempt.query.name) + ": a page for people came instead of an answer");
    throw Error(SY_CONFIG,
                about(attempt.query.name) +
                    ": a page for people came instead of an answer; check that url is the address of EWS, and "
                    "that no gateway with a sign-in page stands before it");
  }
  try {
    return judge_answer(call, attempt, Answer(body));
  } catch (const Refused&) {
    throw;
  } catch (const Error& e) {
    if (e.code() != SY_INVALID) throw;
    // Cut off, or not XML: nothing is concluded from what it does not hold.
    throw Error(SY_RETRY, about(attempt.query.name) + ": the answer (status " + std::to_string(response.status) +
                              ") cannot be read: " + e.what());
  }
}

std::optional<Answer> Session::judge_answer(const Call& call, Attempt& attempt, Answer answer) {
  if (!answer.build().empty()) build_ = answer.build();
  if (answer.fault()) {
    judge_error(call, attempt, answer.refused());
    return std::nullopt;
  }
  const auto& messages = answer.messages();
  if (std::all_of(messages.begin(), messages.end(), stops_all)) {
    judge_error(call, attempt, messages.front());
    return std::nullopt;
  }
  state_->took();
  return answer;
}

void Session::judge_error(const Call& call, Attempt& attempt, const ResponseMessage& message) {
  const Scope scope = meaning_of(message.code).scope;
  const bool negotiating = !state_->worked() && (message.code == "ErrorInvalidRequest" || message.code.empty());
  if ((scope == Scope::VERSION || negotiating) && state_->step_down(attempt.version)) return;
  if (scope == Scope::MAILBOX) return pause(call, attempt.query.name, message.code, message.back_off_ms);
  if (scope == Scope::RELOCATE && !attempt.relocated && locator_->forget()) {
    attempt.relocated = true;
    return;
  }
  throw refused(attempt.query.name, message);
}

void Session::judge_status(const Call& call, Attempt& attempt, const net::Response& response) {
  const std::string what = about(attempt.query.name);
  const std::string status = std::to_string(response.status);
  switch (response.status) {
    case 401: return unauthorized(call, attempt, response);
    case 429:
    case 503: return pause(call, attempt.query.name, "status " + status, retry_after(response, host_));
    case 403:
      throw Error(SY_DENIED,
                  what + ": the server forbids EWS for this account; " +
                      (online(attempt.server.url)
                           ? "in Exchange Online EWS ends in 2027 and is blocked unless the application's id stands in "
                             "EwsAllowedAppIDs"
                           : "see EwsEnabled, EwsAllowList and EwsBlockList of the mailbox and the organization"),
                  0, status);
    case 404:
      if (!attempt.relocated && locator_->forget()) {
        attempt.relocated = true;
        return;
      }
      throw Error(SY_CONFIG, what + ": there is no EWS at this address; correct url", 0, status);
    case 413:
      throw Refused(attempt.query.reads ? SY_RETRY : SY_INVALID, attempt.query.reads ? Scope::SHRINK : Scope::ITEM,
                    what + ": the request is larger than the server takes; raise maxRequestLength there", 0, status);
    case 408:
    case 502:
    case 504:  // a write may have been carried out: whoever asked has to look
      throw Error(SY_RETRY, what + ": the server gave no answer in time (status " + status + ")",
                  state_->busy(retry_after(response, host_)), status);
    default: break;
  }
  if ((response.status >= 300 && response.status < 400) || response.status == 451) judge_redirect(attempt, response);
  if (response.status > 500) throw Error(SY_RETRY, what + ": the server answered with status " + status, 0, status);
  throw Error(SY_BROKEN, what + ": the server answered with status " + status + "; see its log, by the request's id", 0,
              status);
}

void Session::unauthorized(const Call& call, Attempt& attempt, const net::Response& response) {
  if (state_->worked() && !attempt.doubted) {  // a busy server may say this too
    attempt.doubted = true;
    return pause(call, attempt.query.name, "status 401", kDoubtfulSignInMs);
  }
  const std::string ways = offered(response);
  const std::string all = formats::lower(ways);
  const bool no_way =
      !ways.empty() && all.find("basic") == std::string::npos && all.find("bearer") == std::string::npos;
  if (no_way)
    throw Error(SY_CONFIG,
                about(attempt.query.name) + ": the server takes " + ways +
                    " only, which is not offered yet; switch Basic authentication on for EWS, over TLS",
                0, "401");
  throw Error(SY_AUTH,
              about(attempt.query.name) +
                  ": the credentials were refused; check auth.user and auth.secret (a mailbox's username and "
                  "password), and whether the account is locked",
              0, "401");
}

void Session::judge_redirect(const Attempt& attempt, const net::Response& response) {
  const std::string to = response.headers.get("Location");
  const std::string low = formats::lower(to);
  const std::string status = std::to_string(response.status);
  if (low.find("genericerrorpage") != std::string::npos)
    throw Error(SY_RETRY, about(attempt.query.name) + ": the server has an internal error and shows its page", 0,
                status);
  if (low.find("/internalsite/") != std::string::npos)
    throw Error(SY_CONFIG, about(attempt.query.name) + ": a gateway wants a person to sign in; let EWS pass there", 0,
                status);
  if (locator_->forget())
    throw Error(SY_RETRY, about(attempt.query.name) + ": the mailbox is served elsewhere by now", 0, status);
  throw Error(SY_CONFIG,
              about(attempt.query.name) + ": the server sends us to " + host_of(to) +
                  "; the credentials are not sent after a redirection: set url to the address itself",
              0, status);
}

void Session::pause(const Call& call, const std::string& what, const std::string& why,
                    std::optional<std::int64_t> hint) {
  const std::int64_t wait = state_->busy(hint);
  const std::string text = about(what) + ": the server is busy (" + why + "); nothing is sent to this mailbox for " +
                           std::to_string(wait) + " ms";
  if (wait >= call.remaining_ms()) throw Error(SY_RETRY, text, wait, why.starts_with("Error") ? why : std::string());
  host_.log(SY_INFO, {}, text);
}

void Session::wait(const Call& call, const std::string& what, const ResponseMessage& message) {
  pause(call, what, message.code, message.back_off_ms);
}

}  // namespace syncline::exchange
