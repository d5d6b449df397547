#include "connection.hpp"

#include "endpoint.hpp"
#include "organization.hpp"
#include "probe.hpp"

namespace syncline::exchange {

Exchange::Exchange(Host host, std::string_view config)
    : Connection(SY_MAILBOX),
      host_(host),
      organization_(std::make_shared<Organization>(Settings::read(config), host)) {}

Exchange::~Exchange() = default;

std::unique_ptr<Endpoint> Exchange::open(Host host, std::string_view settings) {
  return std::make_unique<Mailbox>(organization_, MailboxSettings::read(settings), host);
}

std::string Exchange::probe(const Call& call) { return exchange::probe(*organization_, host_, call); }

}  // namespace syncline::exchange
