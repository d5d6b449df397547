#include "connector.hpp"

#include <Poco/Exception.h>
#include <Poco/Net/IPAddress.h>
#include <Poco/Net/SSLException.h>
#include <Poco/Net/SecureStreamSocket.h>
#include <openssl/err.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <string>
#include <system_error>

namespace syncline::net {

using Poco::Net::SecureStreamSocket;
using Poco::Net::SocketAddress;
using Poco::Net::StreamSocket;

namespace {

/// One attempt; the reason when it fails, empty when it is connected.
std::string try_address(StreamSocket& socket, const SocketAddress& address, const Patience& patience,
                        Clock::time_point until) {
  try {
    socket.connectNB(address);
    const int fd = socket.impl()->sockfd();
    if (!patience.ready(fd, POLLOUT, until, "connecting")) return "no answer in time";
    int error = 0;
    socklen_t size = sizeof error;
    if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0) return "the socket failed";
    if (error != 0) return std::generic_category().message(error);
    socket.setNoDelay(true);
    socket.setKeepAlive(true);
    return {};
  } catch (const Poco::Exception& e) {
    return e.displayText();
  }
}

bool contains(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

}  // namespace

Connector::Connector(Origin origin, const TlsOptions& tls, std::chrono::milliseconds timeout)
    : origin_(origin), timeout_(timeout), resolver_(origin) {
  if (origin_.tls()) context_ = make_tls_context(origin_, tls);
}

StreamSocket Connector::open(const Patience& patience, Clock::time_point until) {
  const std::vector<SocketAddress> addresses = resolver_.resolve(patience, until);
  std::string reason;
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    const auto now = Clock::now();
    if (i > 0 && now >= until) break;
    const auto share = (until - now) / static_cast<int>(addresses.size() - i);  // so that one dead address leaves time
    StreamSocket socket;
    reason = try_address(socket, addresses[i], patience, now + share);
    if (reason.empty()) return socket;
  }
  throw Error(SY_RETRY, patience.what() + ": no connection to " + origin_.text() + ": " + reason +
                            "; check that the server runs and that host and port are right");
}

std::unique_ptr<Wire> Connector::secure(const StreamSocket& socket, const Patience& patience, Clock::time_point until) {
  const CertificateVerdict verdict;
  std::string reason;
  bool lost = false;
  try {
    const NoSigpipe quietly;
    ERR_clear_error();
    Poco::Net::IPAddress literal;  // RFC 6066: an address is no server name
    const bool named = !Poco::Net::IPAddress::tryParse(origin_.host, literal);
    SecureStreamSocket tls = SecureStreamSocket::attach(socket, named ? origin_.host : std::string(), context_);
    for (int rc = tls.completeHandshake(); rc != 1; rc = tls.completeHandshake()) {
      if (rc == 0) throw Poco::Net::SSLConnectionUnexpectedlyClosedException("closed during the handshake");
      const bool want_write = rc == SecureStreamSocket::ERR_SSL_WANT_WRITE;
      const short events = want_write ? POLLOUT : POLLIN;
      if (!patience.ready(socket.impl()->sockfd(), events, until, "waiting for the TLS handshake"))
        throw Error(SY_RETRY, patience.what() + ": " + origin_.text() + " did not finish the TLS handshake in time");
      ERR_clear_error();
    }
    return std::make_unique<Wire>(std::move(tls), true);
  } catch (const Poco::Net::SSLConnectionUnexpectedlyClosedException& e) {
    lost = true;
    reason = e.displayText();
  } catch (const Poco::Net::SSLException& e) {
    reason = e.displayText();
    lost = contains(reason, "unexpected eof") || contains(reason, "BIO reported");
  } catch (const Poco::Exception& e) {  // reset by the peer, and the like
    lost = true;
    reason = e.displayText();
  }
  if (verdict.code() != 0)
    throw Error(SY_CONFIG, patience.what() + ": " + explain_certificate(origin_, verdict.code()));
  if (lost)
    throw Error(SY_RETRY,
                patience.what() + ": " + origin_.text() + " closed the connection during the TLS handshake: " + reason);
  throw Error(SY_CONFIG, patience.what() + ": no TLS with " + origin_.text() + ": " + reason +
                             "; check that this port speaks TLS 1.2 or later (https://, not http://)");
}

std::unique_ptr<Wire> Connector::connect(const Patience& patience) {
  const auto until = Clock::now() + timeout_;
  StreamSocket socket = open(patience, until);
  if (!context_) return std::make_unique<Wire>(socket, false);
  return secure(socket, patience, until);
}

}  // namespace syncline::net
