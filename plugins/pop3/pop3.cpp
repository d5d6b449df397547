#include "pop3.hpp"

#include <boost/json.hpp>

#include "endpoint.hpp"
#include "oauth.hpp"
#include "session.hpp"
#include "tls.hpp"

namespace syncline::pop3 {

namespace json = boost::json;

Pop3::Pop3(Host host, std::string_view config) : Connection(SY_MAILBOX), host_(host), settings_(read_settings(config)) {
  if (settings_.tls != Tls::NONE && !settings_.verify)
    host_.log(SY_WARN, {},
              settings_.where() +
                  ": verify = false: the server's certificate is not checked, so anybody on the way can "
                  "pose as the server; set ca_file or server_name instead");
  if (settings_.tls == Tls::NONE && !is_loopback(settings_.host))
    host_.log(SY_WARN, {},
              settings_.where() + ": tls = \"none\": mail travels unprotected" +
                  (settings_.method == Method::APOP ? "" : ", and password or token with it"));
  if (!settings_.oauth.client_id.empty()) tokens_ = std::make_shared<Tokens>(settings_, host_);
}

std::unique_ptr<Endpoint> Pop3::open(Host host, std::string_view settings) {
  return make_endpoint(settings_, host, read_mailbox(settings), tokens_);
}

std::string Pop3::probe(const Call& call) {
  Poco::Net::Context::Ptr context;
  if (settings_.tls != Tls::NONE) context = make_context(settings_);
  Session session(settings_, context, call, host_);
  const Capabilities capabilities = session.capabilities();
  const PeerFacts peer = session.peer();
  session.quit();
  json::array words;
  for (const std::string& line : capabilities.lines) words.emplace_back(line);
  json::object out{{"server", settings_.where()}, {"capabilities", std::move(words)}};
  out["tls"] = peer.version.empty() ? json::value(nullptr) : json::value(peer.version);
  if (!peer.not_after.empty()) out["certificate_end"] = peer.not_after;
  out["pipelining"] = capabilities.has("PIPELINING");
  return json::serialize(out);
}

}  // namespace syncline::pop3

SYNCLINE_PLUGIN("pop3", "0.1.0", "Apache-2.0", syncline::pop3::Pop3);
