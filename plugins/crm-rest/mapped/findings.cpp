#include "mapped/findings.hpp"

#include <cstdlib>

namespace syncline::crm {

void Findings::add(std::string check, std::string state, std::string text, std::string remedy) {
  list_.push_back(boost::json::object{{"check", std::move(check)},
                                      {"state", std::move(state)},
                                      {"text", std::move(text)},
                                      {"remedy", std::move(remedy)}});
}

void Findings::failed(std::string check, const Error& e) {
  if (e.code() == SY_CANCELED) throw e;
  std::string text = e.what(), remedy;
  if (const std::size_t at = text.find("; "); at != std::string::npos) {  // our texts end with the remedy
    remedy = text.substr(at + 2);
    text.resize(at);
  }
  if (remedy.empty() && e.code() == SY_RETRY) remedy = "check the address, the network and whether the server is up";
  if (e.code() == SY_AUTH) check = "sign-in";
  if (e.code() == SY_DENIED) check = "permissions";
  error(std::move(check), std::move(text), std::move(remedy));
}

void Findings::clock(std::int64_t server_ms, std::int64_t our_ms) {
  const std::int64_t seconds = std::abs(server_ms - our_ms) / 1000;
  const std::string apart = "the server's clock and ours are " + std::to_string(seconds) + " s apart";
  if (seconds <= 60)
    ok("clock", apart);
  else
    warning("clock", apart + ": conflicts are decided by the time of the last change",
            "let both machines take their time from the network (NTP)");
}

void Findings::tls(const std::string& url, bool verify) {
  if (!url.starts_with("https://"))
    warning("tls", "the connection is not encrypted: credentials and content can be read on the way",
            "use an https address");
  else if (!verify)
    warning("tls", "the server's certificate is not checked",
            "set verify = true, and ca_file where the authority is your own");
  else
    ok("tls", "encrypted, and the server's certificate is trusted");
}

}  // namespace syncline::crm
