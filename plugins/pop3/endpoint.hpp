// endpoint.hpp: one mailbox on a POP3 server, as a pair sees it: mail to be read, and to be
// deleted once it has been processed, if that is wanted.
#pragma once

#include <memory>
#include <syncline/endpoint.hpp>

#include "settings.hpp"

namespace syncline::pop3 {

class Tokens;

/// `tokens`: the connection's, null where it has none.
[[nodiscard]] std::unique_ptr<Endpoint> make_endpoint(const Settings& settings, const Host& host,
                                                      MailboxSettings mailbox, std::shared_ptr<Tokens> tokens);

}  // namespace syncline::pop3
