#include "pop3.hpp"

#include "endpoint.hpp"
#include "oauth.hpp"
#include "probe.hpp"

namespace syncline::pop3 {

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

std::string Pop3::probe(const Call& call) { return pop3::probe(settings_, call, host_); }

}  // namespace syncline::pop3

SYNCLINE_PLUGIN("pop3", "0.1.0", "Apache-2.0", syncline::pop3::Pop3);
