// endpoint.hpp: one mailbox on a POP3 server, as a pair sees it: mail to be read, and nothing to be written.
#pragma once

#include <memory>
#include <string>
#include <syncline/endpoint.hpp>

#include "settings.hpp"

namespace syncline::pop3 {

[[nodiscard]] std::unique_ptr<Endpoint> make_endpoint(const Settings& settings, const Host& host, std::string username);

}  // namespace syncline::pop3
