// transport.hpp: requests to one origin over its pool, with the one safe retry. Knows nothing of statuses.
#pragma once

#include <string>
#include <string_view>

#include "connector.hpp"
#include "exchange.hpp"
#include "pool.hpp"
#include "syncline/net/http.hpp"

namespace syncline::net {

class Transport {
 public:
  /// Throws SY_CONFIG when ca_file cannot be used.
  Transport(Origin origin, const SessionOptions& options);

  /// `request.path` is a target already ("/…"). `effects`: name requests that can change something to the host.
  [[nodiscard]] Response run(const Host& host, const Call& call, const Request& request, const BodySink* on_body,
                             bool effects);
  [[nodiscard]] const Origin& origin() const { return connector_.origin(); }

 private:
  struct Attempt;
  [[nodiscard]] Response once(const Host& host, const Patience& patience, const Request& request,
                              const BodySink* on_body, bool effects, Attempt& attempt);
  [[nodiscard]] std::string head_text(const Request& request) const;

  const std::string user_agent_;
  const bool gzip_;
  const Exchange::Limits limits_;
  Connector connector_;
  Pool pool_;
};

/// The request can be sent again: its body is at hand, or its stream can begin anew.
[[nodiscard]] bool repeatable(const Request& request);
/// Puts a stream back to its beginning.
void rewind(const Request& request);

}  // namespace syncline::net
