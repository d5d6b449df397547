#include "refusal.hpp"

#include <boost/json.hpp>
#include <cctype>

#include "syncline/net/throttle.hpp"

namespace syncline::crm {
namespace json = boost::json;
namespace {

struct ServerError {
  std::string code, message;
};

ServerError read_error(const std::string& body) {
  boost::system::error_code failed;
  const json::value root = json::parse(body, failed);
  if (failed || !root.is_object()) return {};
  const json::value* error = root.get_object().if_contains("error");
  const json::object* object = error == nullptr ? nullptr : error->if_object();
  if (object == nullptr) return {};
  ServerError out;
  if (const auto* v = object->if_contains("code"); v != nullptr && v->is_string())
    out.code = std::string(v->get_string());
  if (const auto* v = object->if_contains("message"); v != nullptr && v->is_string())
    out.message = std::string(v->get_string());
  return out;
}

std::string_view remedy(sy_code code) {
  switch (code) {
    case SY_AUTH:
      return "check auth.client_id, auth.secret and that the application user is enabled in the organization";
    case SY_DENIED: return "give the application user's role organization-wide rights on this table";
    case SY_CONFIG: return "check url, api_version and profile against the organization";
    case SY_RESET: return "a full listing follows";
    case SY_RETRY: return "it is tried again";
    case SY_INVALID: return "the item waits in quarantine; correct it or the organization's settings, then retry it";
    default: return {};
  }
}

std::int64_t retry_after(const net::Response& response) {
  const std::string value = response.headers.get("Retry-After");
  if (value.empty()) return 0;
  const auto date = net::parse_http_date(response.headers.get("Date"));
  return net::parse_retry_after(value, date.value_or(0)).value_or(0);
}

/// "prvCreateContact" as the message names it; empty: it names none.
std::string privilege_in(std::string_view message) {
  for (std::size_t at = message.find("prv"); at != std::string_view::npos; at = message.find("prv", at + 3)) {
    std::size_t end = at + 3;
    while (end < message.size() && end - at < 64 && std::isalnum(static_cast<unsigned char>(message[end])) != 0) ++end;
    if (end - at > 5) return std::string(message.substr(at, end - at));
  }
  return {};
}

bool quote(char c) { return c == '\'' || c == '"' || c == '`'; }

}  // namespace

std::string harmless(std::string_view message) {
  std::string out, word;
  char open = 0;
  const auto flush = [&] {
    if (word.empty()) return;
    if (!out.empty()) out += ' ';
    out += word.find('@') != std::string::npos ? "<address>" : word.size() > 60 ? "<...>" : word;
    word.clear();
  };
  for (const char c : message) {
    if (out.size() > 160) break;
    if (open != 0) {
      if (c == open) {
        word += "<...>";
        open = 0;
      }
    } else if (quote(c) && word.empty()) {
      open = c;
    } else if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7f) {
      flush();
    } else {
      word += c;
    }
  }
  flush();
  if (out.size() > 160) out.resize(160);
  while (!out.empty() && (static_cast<unsigned char>(out.back()) & 0x80u) != 0) out.pop_back();  // no half characters
  return out;
}

Refused refusal(const Profile& profile, std::string_view what, const net::Response& response) {
  const ServerError said = read_error(response.body);
  const sy_code code = profile.classify(response.status, said.code);
  std::string text = "crm: " + std::string(what) + ": HTTP " + std::to_string(response.status);
  if (!said.code.empty()) text += " " + harmless(said.code);
  if (const std::string m = harmless(said.message); !m.empty()) text += " (" + m + ")";
  if (const std::string privilege = privilege_in(said.message); code == SY_DENIED && !privilege.empty())
    text += "; the application user lacks the privilege " + privilege;
  if (const std::string_view r = remedy(code); !r.empty()) text += "; " + std::string(r);
  return {response.status, code, std::move(text), retry_after(response), harmless(said.code)};
}

}  // namespace syncline::crm
