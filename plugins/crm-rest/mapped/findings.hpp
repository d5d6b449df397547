// findings.hpp: what a probe found: what was checked, how it stands, what follows and what to do.
#pragma once

#include <boost/json.hpp>
#include <string>

#include "syncline/plugin.hpp"

namespace syncline::crm {

class Findings {
 public:
  void ok(std::string check, std::string text) { add(std::move(check), "ok", std::move(text), {}); }
  void warning(std::string check, std::string text, std::string remedy) {
    add(std::move(check), "warning", std::move(text), std::move(remedy));
  }
  void error(std::string check, std::string text, std::string remedy) {
    add(std::move(check), "error", std::move(text), std::move(remedy));
  }
  /// What a request ended with. Throws it again when the call itself was canceled.
  void failed(std::string check, const Error& e);
  /// How far the server's clock and ours are apart.
  void clock(std::int64_t server_ms, std::int64_t our_ms);
  /// Whether the server is who it says, by its address.
  void tls(const std::string& url, bool verify);

  [[nodiscard]] boost::json::array json() const { return list_; }

 private:
  void add(std::string check, std::string state, std::string text, std::string remedy);
  boost::json::array list_;
};

}  // namespace syncline::crm
