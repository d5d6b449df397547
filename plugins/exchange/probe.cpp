#include "probe.hpp"

#include <boost/json.hpp>

#include "folders.hpp"
#include "syncline/net/url.hpp"

namespace syncline::exchange {
namespace json = boost::json;
namespace {

class Probe {
 public:
  Probe(Organization& organization, const Host& host, const Call& call)
      : organization_(organization), settings_(organization.settings()), host_(host), call_(call) {}

  std::string run() {
    if (!settings_.url.empty()) out_["url"] = settings_.url;
    if (reach()) open();
    out_["findings"] = std::move(findings_);
    return json::serialize(out_);
  }

 private:
  void say(std::string_view check, std::string_view state, std::string_view text, std::string_view remedy = {}) {
    findings_.push_back(json::object{{"check", check}, {"state", state}, {"text", text}, {"remedy", remedy}});
  }

  void failed(std::string check, const Error& e) {
    if (e.code() == SY_CANCELED) throw e;
    std::string text = e.what(), remedy;
    if (const std::size_t at = text.find("; "); at != std::string::npos) {  // our texts end with the remedy
      remedy = text.substr(at + 2);
      text.resize(at);
    }
    if (remedy.empty()) remedy = "check url, the network and whether the server is up";
    if (text.find("the name ") != std::string::npos) check = "dns";
    if (e.code() == SY_AUTH) check = "sign-in";
    if (e.server_code().starts_with("ErrorImpersonat")) check = "impersonation";
    say(check, "error", text, remedy);
  }

  /// The server, without credentials: any HTTP answer will do.
  bool reach() {
    if (settings_.url.empty()) {
      say("dns", "ok", "no url: each mailbox's server is found by autodiscover");
      return true;
    }
    try {
      net::SessionOptions o;
      o.base_url = settings_.url;
      o.ca_file = settings_.ca_file;
      o.verify = settings_.verify;
      o.max_connections = 1;
      o.connect_timeout = settings_.connect_timeout;
      o.read_timeout = std::chrono::seconds(20);
      net::HttpSession session(o, nullptr, nullptr);
      net::Request request;
      request.path = settings_.url;
      const net::Response r = session.send(host_, call_, request);
      say("dns", "ok", net::parse_url(settings_.url).origin.text() + " answers");
      tls();
      if (r.status == 404) {
        say("url", "error", "there is no EWS at this address", "correct url; it ends with /EWS/Exchange.asmx");
        return false;
      }
      return true;
    } catch (const Error& e) {
      failed(e.code() == SY_CONFIG ? "tls" : "tcp", e);
      return false;
    }
  }

  void tls() {
    if (!net::parse_url(settings_.url).origin.tls())
      say("tls", "ok", "none; nothing leaves this machine");
    else if (!settings_.verify)
      say("tls", "warning", "the server's certificate is not checked, so anybody on the way can pose as the server",
          "set verify = true, and ca_file where the authority is your own");
    else
      say("tls", "ok", "encrypted, and the server's certificate is trusted");
  }

  void open() {
    if (settings_.probe_mailbox.empty()) {
      say("sign-in", "ok", "not tried: there is no probe_mailbox; each user's mailbox is opened by its own check");
      return;
    }
    try {
      const MailboxSettings mailbox =
          MailboxSettings::read(json::serialize(json::object{{"address", settings_.probe_mailbox}}));
      Session session = organization_.session(mailbox, host_);
      Folders folders(mailbox.folders);
      bool signed_in = false;
      for (const FolderName& name : mailbox.folders) folder(session, folders, name, signed_in);
      if (!session.build().empty()) version(session);
    } catch (const Error& e) {
      failed("sign-in", e);
    }
  }

  void folder(Session& session, Folders& folders, const FolderName& name, bool& signed_in) {
    try {
      static_cast<void>(folders.id_of(session, call_, name));
    } catch (const Error& e) {
      if (!session.state().worked()) throw;
      if (e.server_code().empty()) {
        say("folders", "warning", "folder \"" + name.text() + "\" is not in the mailbox",
            "name the folders that are to be synchronized in folders");
        return;
      }
      throw;
    }
    if (!signed_in) {
      say("sign-in", "ok", "the credentials are accepted");
      if (session.account().impersonate) say("impersonation", "ok", "the account may act for this mailbox");
    }
    signed_in = true;
    say("folders", "ok", "folder \"" + name.text() + "\" can be read");
  }

  void version(Session& session) {
    const std::string asked = session.state().version();
    out_["build"] = session.build();
    out_["version"] = asked;
    if (session.build().starts_with("15.0.847."))
      say("version", "warning",
          "build " + session.build() + ", schema " + asked + ": it may not check the version of what is written",
          "nothing to do: we compare it ourselves just before each write");
    else
      say("version", "ok", "build " + session.build() + ", schema " + asked);
  }

  Organization& organization_;
  const Settings& settings_;
  const Host& host_;
  const Call& call_;
  json::object out_;
  json::array findings_;
};

}  // namespace

std::string probe(Organization& organization, const Host& host, const Call& call) {
  return Probe(organization, host, call).run();
}

}  // namespace syncline::exchange
