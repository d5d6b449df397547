#include "sign_in.hpp"

#include "syncline/net/url.hpp"

namespace syncline::crm {

void KeyParameter::authorize(const Host& /*host*/, const Call& /*call*/, net::Request& request) {
  const std::string key = key_();
  if (key.empty()) throw Error(SY_CONFIG, "the API key is empty; correct auth.secret");
  const std::size_t mark = request.path.find('?');
  std::string path = request.path.substr(0, mark), rest;
  if (mark != std::string::npos) {  // a request that is sent again bears it already
    std::size_t at = mark + 1;
    while (at <= request.path.size()) {
      const std::size_t end = std::min(request.path.find('&', at), request.path.size());
      const std::string pair = request.path.substr(at, end - at);
      if (!pair.empty() && pair.substr(0, pair.find('=')) != name_) rest += (rest.empty() ? "" : "&") + pair;
      at = end + 1;
    }
  }
  request.path = path + "?" + rest + (rest.empty() ? "" : "&") + name_ + "=" + net::encode(key);
}

}  // namespace syncline::crm
