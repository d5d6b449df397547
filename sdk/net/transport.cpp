#include "transport.hpp"

#include <algorithm>
#include <array>
#include <optional>

#include "malformed.hpp"

namespace syncline::net {

namespace {

bool reads_only(const Request& request) {
  return request.reads || request.method == "GET" || request.method == "HEAD" || request.method == "OPTIONS";
}

bool idempotent(const Request& request) {
  return request.idempotent || reads_only(request) || request.method == "PUT" || request.method == "DELETE";
}

bool token(std::string_view text) {
  constexpr std::string_view others = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           others.find(c) != std::string_view::npos;
  });
}

/// A line break in a value would begin a header, or a request, of its own.
void require_clean(const std::string& name, const std::string& value) {
  if (!token(name)) throw Error(SY_BROKEN, "a request header without a proper name is refused");
  const bool clean = std::none_of(value.begin(), value.end(), [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
  });
  if (!clean) throw Error(SY_BROKEN, "the value of request header " + name + " holds a control character");
  constexpr std::array<std::string_view, 6> own{"Host",       "Content-Length",  "Transfer-Encoding",
                                                "Connection", "Accept-Encoding", "Expect"};
  for (const std::string_view reserved : own)
    if (equal_without_case(name, reserved))
      throw Error(SY_BROKEN, "request header " + name + " is set by the session itself");
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

}  // namespace

bool repeatable(const Request& request) { return !request.body_stream || request.body_restart; }

void rewind(const Request& request) {
  if (request.body_stream && request.body_restart) request.body_restart();
}

/// What has become of one attempt; counted whatever way it ends.
struct Transport::Attempt {
  Attempt(const Host& to, bool on_new_connection) : host(to), fresh(on_new_connection) {}
  Attempt(const Attempt&) = delete;
  Attempt& operator=(const Attempt&) = delete;
  ~Attempt() {
    if (!begun) return;
    host.count("requests");
    host.count("bytes_out", static_cast<std::int64_t>(sent));
    host.count("bytes_in", static_cast<std::int64_t>(received));
  }
  Host host;
  bool fresh;
  bool begun = false;
  std::uint64_t sent = 0, received = 0;
};

Transport::Transport(Origin origin, const SessionOptions& options)
    : user_agent_(options.user_agent.empty() ? "syncline" : options.user_agent),
      gzip_(options.gzip),
      limits_{options.max_body, options.read_timeout},
      connector_(std::move(origin), {options.ca_file, options.verify}, options.connect_timeout),
      pool_(connector_, options.max_connections, options.idle_keepalive) {}

std::string Transport::head_text(const Request& request) const {
  if (!token(request.method)) throw Error(SY_BROKEN, "a request without a proper method is refused");
  std::string out = request.method + ' ' + request.path + " HTTP/1.1\r\n";
  append_field(out, "Host", origin().host_field());
  bool agent = false;
  for (const auto& [name, value] : request.headers) {
    require_clean(name, value);
    agent = agent || equal_without_case(name, "User-Agent");
    append_field(out, name, value);
  }
  if (!agent) {
    require_clean("User-Agent", user_agent_);
    append_field(out, "User-Agent", user_agent_);
  }
  append_field(out, "Accept-Encoding", gzip_ ? "gzip" : "identity");
  const bool wants_body = request.method == "POST" || request.method == "PUT" || request.method == "PATCH";
  if (request.body_stream && request.body_length < 0)
    append_field(out, "Transfer-Encoding", "chunked");
  else if (request.body_stream)
    append_field(out, "Content-Length", std::to_string(request.body_length));
  else if (wants_body || !request.body.empty())
    append_field(out, "Content-Length", std::to_string(request.body.size()));
  return out.append("\r\n");
}

Response Transport::once(const Host& host, const Patience& patience, const Request& request, const BodySink* on_body,
                         bool effects, Attempt& attempt) {
  const std::string head = head_text(request);
  Pool::Lease lease = pool_.take(patience, attempt.fresh);
  attempt.begun = true;
  std::optional<Effect> effect;
  if (effects && !reads_only(request))
    effect.emplace(host, request.method + ' ' + request.path.substr(0, request.path.find('?')));
  Exchange exchange(lease.wire(), patience, limits_);
  struct Tally {  // also when it throws
    Exchange& from;
    Attempt& to;
    ~Tally() {
      to.sent += from.sent();
      to.received += from.received();
    }
  };
  Response response;
  {
    const Tally tally{exchange, attempt};
    std::optional<Lost> cut;
    try {
      exchange.send(head, request);
    } catch (const Lost& lost) {
      if (exchange.sent() == 0 || lost.silent()) throw;
      cut = lost;  // the server may have answered before it had read everything
    }
    try {
      response = exchange.receive(request.method, on_body);
    } catch (const Lost&) {
      if (cut && exchange.received() == 0) throw Lost(*cut);
      throw;
    }
    if (cut) return response;
  }
  if (exchange.reusable()) pool_.give_back(std::move(lease), std::chrono::seconds(exchange.server_idle_seconds()));
  return response;
}

Response Transport::run(const Host& host, const Call& call, const Request& request, const BodySink* on_body,
                        bool effects) {
  const Patience patience(call, request.method + ' ' + origin().text() + harmless_path(request.path));
  bool again = false;
  for (;;) {
    Attempt attempt(host, again);
    try {
      return once(host, patience, request, on_body, effects, attempt);
    } catch (const Malformed& e) {
      throw Error(SY_BROKEN, patience.what() + ": " + e.what());
    } catch (const Lost& lost) {
      // Nothing was taken by the server, or taking it twice does no harm.
      const bool harmless = attempt.received == 0 && (attempt.sent == 0 || idempotent(request));
      if (again || lost.silent() || !harmless || !repeatable(request)) {
        const bool open = attempt.sent > 0 && !idempotent(request);
        throw Error(SY_RETRY, patience.what() + ": no answer: " + lost.what() +
                                  (open ? "; whether the server took the request is not known" : ""));
      }
      host.log(SY_DEBUG, {}, patience.what() + ": sent again on a new connection: " + lost.what());
    }
    host.count("retries");
    rewind(request);
    again = true;
  }
}

}  // namespace syncline::net
