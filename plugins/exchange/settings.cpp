#include "settings.hpp"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <charconv>

#include "connection.hpp"
#include "syncline/formats/ascii.hpp"
#include "syncline/net/url.hpp"

namespace syncline::exchange {
namespace json = boost::json;
namespace {

Error bad(std::string_view option, std::string_view expected) {
  return {SY_CONFIG, std::string(option) + " is not " + std::string(expected)};
}

/// A duration in milliseconds or a size in bytes, as TOML has it.
std::uint64_t scaled(std::string_view option, std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, std::uint64_t>, 9> units{{{"ms", 1},
                                                                                    {"s", 1000},
                                                                                    {"m", 60'000},
                                                                                    {"h", 3'600'000},
                                                                                    {"B", 1},
                                                                                    {"kB", 1000},
                                                                                    {"MB", 1'000'000},
                                                                                    {"MiB", 1'048'576},
                                                                                    {"GB", 1'000'000'000}}};
  std::uint64_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  for (const auto& [name, factor] : units)
    if (failure == std::errc{} && unit == name && number <= 1'000'000'000'000 / factor) return number * factor;
  throw bad(option, "a number with a unit");
}

/// The values given, or the table's defaults.
class Values {
 public:
  explicit Values(std::string_view text) {
    boost::system::error_code failed;
    json::value value = json::parse(text.empty() ? std::string_view("{}") : text, failed);
    if (failed || !value.is_object()) throw Error(SY_CONFIG, "the configuration of exchange is not a JSON object");
    object_ = std::move(value.get_object());
  }

  [[nodiscard]] std::string text(std::string_view name) const {
    const json::value v = value(name);
    if (v.is_null()) return {};
    if (!v.is_string()) throw bad(name, "a text");
    return std::string(v.get_string());
  }
  [[nodiscard]] bool flag(std::string_view name) const {
    const json::value v = value(name);
    if (!v.is_bool()) throw bad(name, "true or false");
    return v.get_bool();
  }
  [[nodiscard]] std::uint64_t number(std::string_view name) const {
    const json::value v = value(name);
    if (v.is_string()) return scaled(name, std::string_view(v.get_string()));
    boost::system::error_code failed;
    const auto n = v.to_number<std::uint64_t>(failed);
    if (failed) throw bad(name, "a whole number");
    return n;
  }
  [[nodiscard]] std::size_t bounded(std::string_view name, std::size_t least, std::size_t most) const {
    const std::uint64_t n = number(name);
    if (n < least || n > most) throw bad(name, std::to_string(least) + " to " + std::to_string(most));
    return static_cast<std::size_t>(n);
  }
  [[nodiscard]] std::vector<std::string> list(std::string_view name) const {
    const json::value v = value(name);
    if (!v.is_array()) throw bad(name, "a list");
    std::vector<std::string> out;
    for (const json::value& each : v.get_array()) {
      if (!each.is_string()) throw bad(name, "a list of texts");
      out.emplace_back(each.get_string());
    }
    return out;
  }
  [[nodiscard]] const json::object& object() const { return object_; }

 private:
  /// "auth.scope" is `scope` in the table `auth`. Defaults are written as TOML, of which ours are JSON as well.
  [[nodiscard]] json::value value(std::string_view name) const {
    const std::size_t dot = name.find('.');
    const json::value* v = object_.if_contains(name.substr(0, dot));
    if (dot != std::string_view::npos && v != nullptr)
      v = v->is_object() ? v->get_object().if_contains(name.substr(dot + 1)) : nullptr;
    if (v != nullptr && !v->is_null()) return *v;
    for (const sy_option& o : Exchange::options)
      if (name == o.name) return o.fallback == nullptr ? json::value() : json::parse(o.fallback);
    throw Error(SY_BROKEN, "no option " + std::string(name));
  }
  json::object object_;
};

bool loopback(const std::string& host) { return host == "localhost" || host == "::1" || host.starts_with("127."); }

/// A credential goes with every request.
void judge_url(const std::string& url) {
  const net::Url parsed = net::parse_url(url);
  if (!parsed.origin.tls() && !loopback(parsed.origin.host))
    throw Error(SY_CONFIG, "url must begin with https://: the credentials are sent with every request");
}

Method method_of(const std::string& name) {
  if (name == "basic") return Method::BASIC;
  if (name == "oauth2-client-credentials") return Method::OAUTH;
  if (name == "ntlm" || name == "negotiate")
    throw Error(SY_CONFIG, "auth.method = \"" + name +
                               "\" is not offered yet; use basic over TLS (switched on for EWS in IIS), or "
                               "oauth2-client-credentials");
  throw Error(SY_CONFIG, "auth.method must be basic or oauth2-client-credentials");
}

bool sendable(std::string_view text) {
  return std::none_of(text.begin(), text.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

struct Root {
  std::string_view name, kind;
  bool outgoing;
};
/// The default folders that people fill. Those in which Exchange keeps what it made up itself are not among them.
constexpr std::array<Root, 10> roots{{{"contacts", "contact", false},
                                      {"tasks", "task", false},
                                      {"inbox", "email", false},
                                      {"sentitems", "email", true},
                                      {"archivemsgfolderroot", "email", false},
                                      {"archiveinbox", "email", false},
                                      {"junkemail", "email", false},
                                      {"msgfolderroot", "email", false},
                                      {"publicfoldersroot", "", false},
                                      {"calendar", "", false}}};

}  // namespace

const std::vector<std::string>& versions() {
  static const std::vector<std::string> all{"Exchange2016", "Exchange2015", "Exchange2013_SP1", "Exchange2013",
                                            "Exchange2010_SP2"};
  return all;
}

Settings Settings::read(std::string_view text) {
  const Values v(text);
  Settings s;
  s.url = v.text("url");
  if (!s.url.empty()) judge_url(s.url);
  for (const std::string& host : v.list("trusted_hosts")) s.trusted_hosts.push_back(formats::lower(host));
  s.ca_file = v.text("ca_file");
  s.verify = v.flag("verify");
  s.method = method_of(v.text("auth.method"));
  s.user = v.text("auth.user");
  s.tenant = v.text("auth.tenant");
  s.client_id = v.text("auth.client_id");
  s.token_url = v.text("auth.token_url");
  s.scope = v.text("auth.scope");
  s.crm_marks = v.flag("interop.ms_properties");
  s.impersonate = v.flag("impersonate") || s.method == Method::OAUTH;
  s.anchor_mailbox = v.text("anchor_mailbox");
  s.version = v.text("version");
  if (s.version == "auto") s.version.clear();
  if (!s.version.empty() && std::find(versions().begin(), versions().end(), s.version) == versions().end())
    throw Error(SY_CONFIG, "version is none that can be asked for; leave it out");
  s.probe_mailbox = v.text("probe_mailbox");
  s.max_concurrent = v.bounded("max_concurrent", 1, 100);
  s.mailbox_concurrent = v.bounded("mailbox_concurrent", 1, 10);
  s.max_batch = v.bounded("max_batch", 1, 500);
  s.sync_page = v.bounded("sync_page", 1, 512);
  s.max_message_size = v.number("max_message_size");
  s.connect_timeout = std::chrono::milliseconds(v.number("connect_timeout"));
  s.read_timeout = std::chrono::milliseconds(v.number("read_timeout"));
  if (!sendable(s.anchor_mailbox) || !sendable(s.user))
    throw Error(SY_CONFIG, "auth.user or anchor_mailbox holds a line break");
  return s;
}

std::string FolderName::text() const {
  std::string out = root;
  for (const std::string& part : path) out += "/" + part;
  return out;
}

FolderName FolderName::read(std::string_view text) {
  FolderName out;
  std::vector<std::string> parts;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find('/', at), text.size());
    parts.emplace_back(text.substr(at, end - at));
    at = end + 1;
  }
  const std::string root = formats::lower(parts.front());
  const auto* found = std::find_if(roots.begin(), roots.end(), [&](const Root& r) { return r.name == root; });
  const std::string shown = "folders: \"" + std::string(text.substr(0, 60)) + "\"";
  if (found == roots.end())
    throw Error(SY_CONFIG, shown +
                               " does not begin with contacts, tasks, inbox, sentitems, junkemail, msgfolderroot, "
                               "archiveinbox or archivemsgfolderroot");
  if (found->kind.empty()) throw Error(SY_CONFIG, shown + " cannot be synchronized yet; take it out");
  out.root = root;
  out.kind = found->kind;
  out.outgoing = found->outgoing;
  out.path.assign(parts.begin() + 1, parts.end());
  if (std::any_of(out.path.begin(), out.path.end(), [](const std::string& p) { return p.empty(); }))
    throw Error(SY_CONFIG, shown + " has an empty part");
  if (root.ends_with("msgfolderroot") && out.path.empty())
    throw Error(SY_CONFIG, shown + " is the root of all folders; name one below it");
  return out;
}

MailboxSettings MailboxSettings::read(std::string_view text) {
  const Values v(text);
  MailboxSettings m;
  m.address = v.text("address");
  m.username = v.text("username");
  if (const json::value* p = v.object().if_contains("principal"); m.address.empty() && p != nullptr && p->is_object())
    if (const json::value* a = p->get_object().if_contains("address"); a != nullptr && a->is_string())
      m.address = std::string(a->get_string());
  if (m.address.find('@') == std::string::npos || !sendable(m.address))
    throw Error(SY_CONFIG, "address is missing: set it to the mailbox's primary SMTP address");
  for (const std::string& folder : v.list("folders")) {
    FolderName name = FolderName::read(folder);
    const bool twice =
        std::any_of(m.folders.begin(), m.folders.end(), [&](const FolderName& f) { return f.text() == name.text(); });
    if (!twice) m.folders.push_back(std::move(name));
  }
  if (m.folders.empty()) throw Error(SY_CONFIG, "folders is empty: name at least one");
  return m;
}

std::shared_ptr<net::Authenticator> authenticator(const Settings& s, const Host& host) {
  const net::SecretSource secret = [host] { return host.secret("auth.secret"); };
  if (s.method == Method::BASIC) {
    if (s.user.empty())
      throw Error(SY_CONFIG,
                  "auth.user is missing: the account that opens the mailboxes (or username in each mailbox)");
    return std::make_shared<net::BasicAuth>(s.user, secret);
  }
  if (s.client_id.empty()) throw Error(SY_CONFIG, "auth.client_id is missing: the application's id");
  net::ClientCredentialsOptions o;
  o.token_url = net::token_endpoint(s.token_url, s.tenant, "auth.");
  o.client_id = s.client_id;
  o.secret = secret;
  o.scope = s.scope;
  o.ca_file = s.ca_file;
  o.verify = s.verify;
  o.connect_timeout = s.connect_timeout;
  o.read_timeout = s.read_timeout;
  return std::make_shared<net::ClientCredentials>(std::move(o));
}

std::shared_ptr<net::Authenticator> authenticator(const MailboxSettings& m, const Host& host) {
  return std::make_shared<net::BasicAuth>(m.username, [host] { return host.secret("password"); });
}

}  // namespace syncline::exchange
