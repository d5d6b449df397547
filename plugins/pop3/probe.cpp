#include "probe.hpp"

#include <boost/json.hpp>
#include <syncline/formats/time.hpp>

#include "session.hpp"
#include "tls.hpp"

namespace syncline::pop3 {

namespace json = boost::json;

namespace {

constexpr std::int64_t day_ms = std::int64_t{24} * 3600 * 1000;
constexpr std::int64_t certificate_warning_days = 14;

class Probe {
 public:
  Probe(const Settings& settings, const Call& call, const Host& host)
      : settings_(settings), call_(call), host_(host), out_{{"server", settings.where()}} {}

  std::string run() {
    if (reach() && secure()) converse();
    out_["findings"] = std::move(findings_);
    return json::serialize(out_);
  }

 private:
  void say(std::string_view check, std::string_view state, std::string_view text, std::string_view remedy = {}) {
    json::object f{{"check", check}, {"state", state}, {"text", text}};
    if (!remedy.empty()) f["remedy"] = remedy;
    findings_.push_back(std::move(f));
  }

  /// False: `step` failed, and a finding says how.
  template <class Step>
  bool step(std::string_view check, std::string_view remedy, Step&& body) {
    try {
      body();
      return true;
    } catch (const Error& e) {
      if (e.code() == SY_CANCELED) throw;
      const bool name = std::string_view(e.what()).find("the name ") != std::string_view::npos;
      if (check == "tcp" && name)
        say("dns", "error", e.what(), "correct `host`, or the name service of this machine");
      else
        say(check, "error", e.what(), remedy);
      return false;
    }
  }

  bool reach() {
    return step("tcp", "see whether the server runs, a firewall is between, and `host` and `port` are right", [&] {
      const Transport transport(settings_, call_, host_);
      say("dns", "ok", settings_.host + " has an address");
      say("tcp", "ok", settings_.where() + " takes connections");
    });
  }

  bool secure() {
    if (settings_.tls == Tls::NONE) {
      if (is_loopback(settings_.host))
        say("tls", "ok", "none; nothing leaves this machine");
      else
        say("tls", "warning", "none: password and mail travel in clear", "use tls = \"implicit\" or \"starttls\"");
      return true;
    }
    return step("tls", "install the right certificate, or name its authority in `ca_file` or its name in `server_name`",
                [&] {
                  context_ = make_context(settings_);
                  if (settings_.tls != Tls::IMPLICIT) return;
                  Transport transport(settings_, call_, host_);
                  transport.secure(context_);
                });
  }

  void converse() {
    step(settings_.tls == Tls::STARTTLS ? "tls" : "greeting",
         "see in the server's log why it refuses; with STLS, whether it offers that on this port", [&] {
           Session session(settings_, context_, call_, host_);
           const Capabilities capabilities = session.capabilities();
           const PeerFacts peer = session.peer();
           session.quit();
           say("greeting", "ok", "it answers as a POP3 server");
           certificate(peer);
           json::array words;
           for (const std::string& line : capabilities.lines) words.emplace_back(line);
           out_["capabilities"] = std::move(words);
           out_["tls"] = peer.version.empty() ? json::value(nullptr) : json::value(peer.version);
           if (!peer.not_after.empty()) out_["certificate_end"] = peer.not_after;
           out_["pipelining"] = capabilities.has("PIPELINING");
           abilities(capabilities);
         });
  }

  void certificate(const PeerFacts& peer) {
    if (peer.version.empty()) return;
    if (!settings_.verify) {
      say("tls", "warning",
          peer.version + "; the certificate is not checked, so anybody on the way can pose as the server",
          "take `verify = false` out, and set `ca_file` or `server_name` if need be");
      return;
    }
    const std::string text = peer.version + ", the certificate is good for " + settings_.certificate_name();
    const auto end = formats::from_iso(peer.not_after);
    if (!end) return say("tls", "ok", text);
    const std::int64_t days = (*end - host_.now_ms()) / day_ms;
    const std::string until = text + " until " + peer.not_after + " (" + std::to_string(days) + " days)";
    if (days < certificate_warning_days)
      say("tls", "warning", until, "have it renewed before then");
    else
      say("tls", "ok", until);
  }

  void abilities(const Capabilities& capabilities) {
    if (capabilities.known && !capabilities.has("UIDL"))
      say("capabilities", "warning",
          "the server does not say that it has UIDL, without which mail cannot be told apart",
          "enable UIDL at the server");
    else if (!capabilities.has("PIPELINING"))
      say("capabilities", "ok", "no PIPELINING: a first retrieval takes one round trip a message");
    else
      say("capabilities", "ok", "UIDL and PIPELINING");
  }

  const Settings& settings_;
  const Call& call_;
  const Host& host_;
  Poco::Net::Context::Ptr context_;
  json::object out_;
  json::array findings_;
};

}  // namespace

std::string probe(const Settings& settings, const Call& call, const Host& host) {
  return Probe(settings, call, host).run();
}

}  // namespace syncline::pop3
