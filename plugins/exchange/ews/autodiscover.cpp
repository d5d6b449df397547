#include "autodiscover.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <optional>
#include <set>

#include "items/xml.hpp"
#include "syncline/formats/ascii.hpp"
#include "syncline/net/url.hpp"

namespace syncline::exchange {
namespace json = boost::json;
namespace {

constexpr int kMostSteps = 10;
constexpr std::string_view kOnline = "outlook.office365.com";
constexpr std::size_t kLargestAnswer = std::size_t{1} << 20;

std::string domain_of(const std::string& address) { return formats::lower(address.substr(address.rfind('@') + 1)); }

/// What a POX answer says.
struct Account {
  std::string url, redirect_url, redirect_address;
};

Account read_pox(std::string_view body) {
  Account out;
  const XmlDocument document(body);
  const pugi::xml_node account = child(child(document.root(), "Response"), "Account");
  out.redirect_url = child_text(account, "RedirectUrl");
  out.redirect_address = child_text(account, "RedirectAddr");
  for (const std::string_view wanted : {"EXPR", "EXCH", "EXHTTP", "WEB"})  // the first: for clients outside
    for (const pugi::xml_node& protocol : children(account, "Protocol")) {
      std::string url = child_text(protocol, "EwsUrl");
      if (url.empty()) url = child_text(protocol, "ASUrl");
      if (out.url.empty() && child_text(protocol, "Type") == wanted) out.url = std::move(url);
    }
  return out;
}

std::string pox_request(const std::string& address) {
  return "<?xml version=\"1.0\" encoding=\"utf-8\"?>"
         "<Autodiscover "
         "xmlns=\"http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006\"><Request>"
         "<EMailAddress>" +
         escape(address) +
         "</EMailAddress><AcceptableResponseSchema>"
         "http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"
         "</AcceptableResponseSchema></Request></Autodiscover>";
}

class Search {
 public:
  Search(const Discovery& what, const Host& host, const Call& call)
      : what_(what), host_(host), call_(call), address_(what.address) {}

  std::string run() {
    for (std::optional<std::string> redirected = round(); !found_ && redirected; redirected = round()) {
      if (formats::same_but_case(*redirected, address_) || ++steps_ > kMostSteps) break;
      address_ = *redirected;  // the mailbox has another address for this
    }
    if (found_) return *found_;
    throw failure();
  }

 private:
  std::vector<std::string> hosts() const {
    const std::string domain = domain_of(address_);
    std::vector<std::string> out{"autodiscover." + domain, domain};
    if (what_.online) out.emplace_back(kOnline);
    return out;
  }

  /// Whether the host may be sent credentials.
  bool trusted(const std::string& name) const {
    const std::string host = formats::lower(name), domain = domain_of(what_.address);
    if (host == domain || host.ends_with("." + domain)) return true;
    if (what_.online && (host == kOnline || host.ends_with(".office365.com") || host.ends_with(".outlook.com")))
      return true;
    return std::find(what_.trusted_hosts.begin(), what_.trusted_hosts.end(), host) != what_.trusted_hosts.end();
  }

  /// Looks everywhere once; the address under which to look again, if a server says one.
  std::optional<std::string> round() {
    for (const std::string& name : hosts())
      if (by_json(name)) return std::nullopt;
    for (const std::string& name : hosts()) {
      redirected_.reset();
      if (by_pox(name, "/autodiscover/autodiscover.xml")) return std::nullopt;
      if (redirected_) return redirected_;
    }
    redirected_.reset();
    by_plain_redirect("autodiscover." + domain_of(address_));
    return redirected_;
  }

  net::HttpSession session(const std::string& name, bool tls, bool signed_in) const {
    net::SessionOptions o;
    o.base_url = what_.base ? what_.base(name, tls) : (tls ? "https://" : "http://") + name;
    o.ca_file = what_.ca_file;
    o.verify = what_.verify;
    o.max_connections = 1;
    o.max_body = kLargestAnswer;
    o.read_timeout = std::chrono::seconds(20);
    return net::HttpSession(o, signed_in ? what_.auth : nullptr, nullptr);
  }

  /// nullopt: nobody answers there.
  std::optional<net::Response> ask(const std::string& name, bool tls, bool signed_in, const net::Request& request) {
    try {
      net::Response r = session(name, tls, signed_in).send(host_, call_, request);
      reached_ = true;
      if (r.status == 401) refused_ = true;  // one server's 401 says little: the next one is asked
      return r;
    } catch (const Error& e) {
      if (e.code() == SY_CANCELED || (signed_in && e.code() == SY_AUTH)) throw;
      last_ = e.what();
      return std::nullopt;
    }
  }

  bool take(const std::string& url, const std::string& said_by) {
    if (url.empty()) return false;
    const net::Url parsed = net::parse_url(url);
    if (!parsed.origin.tls() && !what_.base) return refuse(said_by, "names an address without https");
    found_ = url;
    return true;
  }
  bool refuse(const std::string& name, const std::string& why) {
    last_ = name + " " + why;
    return false;
  }

  /// No credentials: what it says is believed because TLS says that the domain's own server said it.
  bool by_json(const std::string& name) {
    net::Request request;
    request.path =
        "/autodiscover/autodiscover.json/v1.0/" + net::encode_except(address_, "@") + "?Protocol=EWS&RedirectCount=0";
    const auto response = ask(name, true, false, request);
    if (!response || response->status != 200) return false;
    boost::system::error_code failed;
    const json::value value = json::parse(response->body, failed);
    if (failed || !value.is_object()) return false;
    const json::value* url = value.get_object().if_contains("Url");
    return url != nullptr && url->is_string() && take(std::string(url->get_string()), name);
  }

  bool by_pox(const std::string& name, const std::string& path) {
    if (!trusted(name))
      return refuse(
          name, "is where autodiscover leads, and not of the mailbox's domain; add it to trusted_hosts, or set url");
    if (++steps_ > kMostSteps || !asked_.insert(name + path + address_).second) return false;
    net::Request request;
    request.method = "POST";
    request.path = path;
    request.headers = {{"Content-Type", "text/xml; charset=utf-8"}};
    request.body = pox_request(address_);
    request.reads = true;
    const auto response = ask(name, true, true, request);
    if (!response) return false;
    if (response->status >= 300 && response->status < 400) return follow(response->headers.get("Location"));
    if (response->status != 200) return false;
    try {
      const Account account = read_pox(response->body);
      if (!account.redirect_url.empty()) return follow(account.redirect_url);
      if (!account.redirect_address.empty()) redirected_ = account.redirect_address;
      return take(account.url, name);
    } catch (const Error&) {
      return refuse(name, "gives an answer that is not of autodiscover");
    }
  }

  bool follow(const std::string& location) {
    if (!net::is_absolute(location)) return false;
    const net::Url to = net::parse_url(location);
    if (!to.origin.tls()) return refuse(to.origin.host, "is where autodiscover leads without https");
    return by_pox(to.origin.host, to.path);
  }

  void by_plain_redirect(const std::string& name) {
    net::Request request;
    request.path = "/autodiscover/autodiscover.xml";
    const auto response = ask(name, false, false, request);
    if (response && response->status >= 300 && response->status < 400) follow(response->headers.get("Location"));
  }

  Error failure() const {
    const std::string what = "exchange: autodiscover for " + domain_of(what_.address);
    if (refused_)
      return {SY_AUTH, what + ": the credentials were refused; check auth.user and auth.secret, or set url", 0, "401"};
    if (!reached_)
      return {SY_RETRY, what + ": no server can be reached (" + last_ + "); set url if there is no autodiscover"};
    return {SY_CONFIG,
            what + ": no server says where EWS is" + (last_.empty() ? "" : " (" + last_ + ")") + "; set url"};
  }

  const Discovery& what_;
  const Host& host_;
  const Call& call_;
  std::string address_, last_;
  std::optional<std::string> found_, redirected_;
  std::set<std::string> asked_;
  bool refused_ = false, reached_ = false;
  int steps_ = 0;
};

}  // namespace

std::string discover(const Discovery& what, const Host& host, const Call& call) {
  return Search(what, host, call).run();
}

}  // namespace syncline::exchange
