#include "settings.hpp"

#include <Poco/Net/IPAddress.h>

#include <array>
#include <boost/json.hpp>
#include <charconv>
#include <limits>
#include <syncline/net/auth.hpp>
#include <utility>

#include "pop3.hpp"

namespace syncline::pop3 {

namespace json = boost::json;

namespace {

Error bad(std::string_view option, std::string_view text, std::string_view expected) {
  return Error(SY_CONFIG,
               std::string(option) + " = " + std::string(text.substr(0, 40)) + " is not " + std::string(expected));
}

/// A whole number with a unit; the units' factors are given by the caller.
template <std::size_t N>
std::uint64_t parse_scaled(std::string_view option, std::string_view text, std::string_view expected,
                           const std::array<std::pair<std::string_view, std::uint64_t>, N>& units) {
  std::uint64_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failure != std::errc{}) throw bad(option, text, expected);
  std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  while (!unit.empty() && unit.front() == ' ') unit.remove_prefix(1);
  for (const auto& [name, factor] : units) {
    if (unit != name) continue;
    if (number > std::numeric_limits<std::int64_t>::max() / factor) throw bad(option, text, expected);
    return number * factor;
  }
  throw bad(option, text, expected);
}

const sy_option& option(std::string_view name) {
  for (const sy_option& o : Pop3::options)
    if (name == o.name) return o;
  throw Error(SY_BROKEN, "no option " + std::string(name));
}

/// The value given, or the table's default without its TOML quotes.
class Values {
 public:
  explicit Values(std::string_view text) : object_(json::parse({text.data(), text.size()}).as_object()) {}

  [[nodiscard]] std::string text(std::string_view name) const {
    const json::value* v = find(name);
    if (v != nullptr && v->is_string()) return std::string(v->get_string());
    if (v != nullptr && !v->is_null()) throw bad(name, json::serialize(*v), "a text");
    return std::string(fallback(name));
  }
  [[nodiscard]] std::int64_t number(std::string_view name, std::int64_t otherwise = 0) const {
    const json::value* v = find(name);
    std::string written(fallback(name));
    if (v != nullptr && !v->is_null()) {
      if (!v->is_string()) {
        json::error_code failure;
        const auto n = v->to_number<std::int64_t>(failure);
        if (failure || n < 0) throw bad(name, json::serialize(*v), "a number that is not negative");
        return n;  // duration in milliseconds, size in bytes, or just a number
      }
      written = std::string(v->get_string());
    }
    if (written.empty()) return otherwise;
    if (option(name).type == SY_DURATION) return parse_duration(name, written);
    return static_cast<std::int64_t>(parse_bytes(name, written));
  }
  [[nodiscard]] bool flag(std::string_view name) const {
    const json::value* v = find(name);
    if (v == nullptr || v->is_null()) return fallback(name) == "true";
    if (!v->is_bool()) throw bad(name, json::serialize(*v), "true or false");
    return v->get_bool();
  }

 private:
  /// "oauth.scope" is `scope` in the table `oauth`.
  [[nodiscard]] const json::value* find(std::string_view name) const {
    const std::size_t dot = name.find('.');
    const std::string_view head = name.substr(0, dot);
    const json::value* v = object_.if_contains({head.data(), head.size()});
    if (dot == std::string_view::npos || v == nullptr) return v;
    const std::string_view rest = name.substr(dot + 1);
    return v->is_object() ? v->get_object().if_contains({rest.data(), rest.size()}) : nullptr;
  }
  static std::string_view fallback(std::string_view name) {
    const char* written = option(name).fallback;
    std::string_view t = written == nullptr ? std::string_view{} : std::string_view(written);
    if (t.size() >= 2 && t.front() == '"') t = t.substr(1, t.size() - 2);
    return t;
  }
  json::object object_;
};

Tls tls_of(const std::string& name) {
  if (name == "implicit") return Tls::IMPLICIT;
  if (name == "starttls") return Tls::STARTTLS;
  if (name == "none") return Tls::NONE;
  throw bad("tls", name, "implicit, starttls or none");
}

Method method_of(const std::string& name) {
  static constexpr std::array<std::pair<std::string_view, Method>, 6> kMethods{{{"auto", Method::AUTO},
                                                                                {"xoauth2", Method::XOAUTH2},
                                                                                {"plain", Method::PLAIN},
                                                                                {"login", Method::LOGIN},
                                                                                {"apop", Method::APOP},
                                                                                {"user", Method::USER}}};
  for (const auto& [word, method] : kMethods)
    if (name == word) return method;
  throw bad("auth", name, "auto, xoauth2, plain, login, apop or user");
}

bool sendable(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

/// Throws SY_CONFIG when it is there and cannot work.
OAuth oauth_of(const Values& v) {
  OAuth out{v.text("oauth.client_id"), v.text("oauth.token_url"), v.text("oauth.scope")};
  const std::string tenant = v.text("oauth.tenant");
  if (out.client_id.empty()) {
    if (!tenant.empty() || !out.token_url.empty())
      throw Error(SY_CONFIG, "oauth.client_id is missing: set it to the id of the application that reads the mail");
    return out;
  }
  out.token_url = net::token_endpoint(std::move(out.token_url), tenant, "oauth.");
  return out;
}

/// What would send a secret in clear over the network.
void judge_clear(const Settings& s) {
  if (s.tls != Tls::NONE || s.allow_cleartext || s.method == Method::APOP || is_loopback(s.host)) return;
  throw Error(SY_CONFIG, s.where() +
                             ": tls = \"none\" would send the password in clear over the network; set tls to "
                             "\"implicit\" or \"starttls\", or allow_cleartext = true if that is really "
                             "meant");
}

template <class F>
auto as_config(F&& read) {
  try {
    return read();
  } catch (const Error&) {
    throw;
  } catch (const std::exception& e) {  // Boost.JSON: no JSON, or no object
    throw Error(SY_CONFIG, std::string("the configuration is not the JSON object that was expected: ") + e.what());
  }
}

}  // namespace

std::int64_t parse_duration(std::string_view option, std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, std::uint64_t>, 6> kUnits{
      {{"", 1}, {"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};
  return static_cast<std::int64_t>(parse_scaled(option, text, "a duration such as 30s", kUnits));
}

std::uint64_t parse_bytes(std::string_view option, std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, std::uint64_t>, 10> kUnits{{{"", 1},
                                                                                      {"B", 1},
                                                                                      {"kB", 1000},
                                                                                      {"KB", 1000},
                                                                                      {"KiB", 1024},
                                                                                      {"MB", 1'000'000},
                                                                                      {"MiB", 1'048'576},
                                                                                      {"GB", 1'000'000'000},
                                                                                      {"GiB", 1'073'741'824},
                                                                                      {"TB", 1'000'000'000'000}}};
  return parse_scaled(option, text, "a size such as 100MB", kUnits);
}

bool is_loopback(const std::string& host) {
  if (host == "localhost" || host == "localhost.") return true;
  Poco::Net::IPAddress address;
  return Poco::Net::IPAddress::tryParse(host, address) && address.isLoopback();
}

Settings read_settings(std::string_view config) {
  return as_config([&] {
    const Values v(config);
    Settings s;
    s.host = v.text("host");
    if (s.host.empty() || !sendable(s.host))
      throw Error(SY_CONFIG, "host is missing: set it to the name of the POP3 server");
    s.tls = tls_of(v.text("tls"));
    const std::int64_t port = v.number("port", s.tls == Tls::IMPLICIT ? 995 : 110);
    if (port < 1 || port > 65535) throw bad("port", std::to_string(port), "between 1 and 65535");
    s.port = static_cast<std::uint16_t>(port);
    s.ca_file = v.text("ca_file");
    s.verify = v.flag("verify");
    s.server_name = v.text("server_name");
    s.allow_cleartext = v.flag("allow_cleartext");
    s.connect_timeout = std::chrono::milliseconds(v.number("connect_timeout"));
    s.read_timeout = std::chrono::milliseconds(v.number("read_timeout"));
    s.max_message_size = static_cast<std::uint64_t>(v.number("max_message_size"));
    s.session_messages = static_cast<std::size_t>(v.number("session_messages"));
    s.session_bytes = static_cast<std::uint64_t>(v.number("session_bytes"));
    s.session_time = std::chrono::milliseconds(v.number("session_time"));
    if (s.connect_timeout.count() < 1 || s.read_timeout.count() < 1 || s.session_messages < 1)
      throw Error(SY_CONFIG, "connect_timeout, read_timeout and session_messages must be above zero");
    s.method = method_of(v.text("auth"));
    s.oauth = oauth_of(v);
    judge_clear(s);
    return s;
  });
}

MailboxSettings read_mailbox(std::string_view settings) {
  return as_config([&] {
    const Values v(settings);
    MailboxSettings out{v.text("username"), v.flag("delete_after_processing")};
    if (out.username.empty())
      throw Error(SY_CONFIG, "username is missing: set it in the mailbox of this user or queue");
    if (!sendable(out.username))
      throw Error(SY_CONFIG, "username contains a line break or a zero byte, which POP3 cannot send");
    return out;
  });
}

}  // namespace syncline::pop3
