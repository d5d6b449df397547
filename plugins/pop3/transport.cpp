#include "transport.hpp"

#include <Poco/Exception.h>
#include <Poco/Net/DNS.h>
#include <Poco/Net/HostEntry.h>
#include <Poco/Net/IPAddress.h>
#include <Poco/Net/SSLException.h>
#include <openssl/err.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <system_error>
#include <thread>

#include "reply.hpp"

namespace syncline::pop3 {

using Poco::Net::SecureStreamSocket;
using Poco::Net::SocketAddress;
using std::chrono::milliseconds;

namespace {

constexpr milliseconds kSlice{200};
constexpr int kWantRead = SecureStreamSocket::ERR_SSL_WANT_READ;
constexpr int kWantWrite = SecureStreamSocket::ERR_SSL_WANT_WRITE;

bool again(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

/// A name look-up cannot be interrupted: it runs by itself and is left behind when nobody wants its answer any more.
struct Lookup {
  std::mutex mutex;
  std::condition_variable done;
  bool ready = false;
  std::vector<Poco::Net::IPAddress> addresses;
  std::string failure;
};

std::shared_ptr<Lookup> start_lookup(const std::string& name) {
  auto lookup = std::make_shared<Lookup>();
  std::thread([lookup, name] {
    std::vector<Poco::Net::IPAddress> found;
    std::string failure;
    try {
      found = Poco::Net::DNS::hostByName(name).addresses();
    } catch (const std::exception&) {
      failure = "the name " + name + " cannot be resolved";
    }
    const std::lock_guard lock(lookup->mutex);
    lookup->addresses = std::move(found);
    lookup->failure = std::move(failure);
    lookup->ready = true;
    lookup->done.notify_all();
  }).detach();
  return lookup;
}

}  // namespace

Transport::Transport(const Settings& settings, const Call& call, const Host& host)
    : settings_(settings), call_(call), host_(host), doing_("connecting") {
  const auto until = Clock::now() + settings_.connect_timeout;
  const std::vector<SocketAddress> addresses = resolve(until);
  std::string reason;
  for (std::size_t i = 0; i < addresses.size(); ++i) {
    const auto now = Clock::now();
    if (i > 0 && now >= until) break;
    reason = try_address(addresses[i], now + (until - now) / static_cast<int>(addresses.size() - i));
    if (reason.empty()) return;
  }
  throw lost("no connection: " + reason + "; check that the server runs and that host and port are right");
}

Transport::~Transport() {
  try {
    const NoSigpipe quietly;
    ERR_clear_error();
    socket_.close();
  } catch (const std::exception&) {  // the peer was faster
  }
}

Error Transport::lost(const std::string& reason) const {
  return {SY_RETRY, settings_.where() + ": " + doing_ + ": " + reason};
}

std::vector<SocketAddress> Transport::resolve(Clock::time_point until) {
  Poco::Net::IPAddress literal;
  if (Poco::Net::IPAddress::tryParse(settings_.host, literal)) return {SocketAddress(literal, settings_.port)};
  const auto lookup = start_lookup(settings_.host);
  std::unique_lock lock(lookup->mutex);
  while (!lookup->ready) {
    call_.check();
    if (Clock::now() >= until) throw lost("the name " + settings_.host + " was not resolved in time");
    lookup->done.wait_for(lock, kSlice);
  }
  if (lookup->addresses.empty()) throw lost(lookup->failure.empty() ? "the host has no address" : lookup->failure);
  std::vector<SocketAddress> out;
  for (const auto& address : lookup->addresses) out.emplace_back(address, settings_.port);
  return out;
}

std::string Transport::try_address(const SocketAddress& address, Clock::time_point until) {
  try {
    socket_ = Poco::Net::StreamSocket();
    socket_.connectNB(address);
    if (!wait(POLLOUT, until)) return "no answer in time";
    int error = 0;
    socklen_t size = sizeof error;
    if (::getsockopt(socket_.impl()->sockfd(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) return "the socket failed";
    if (error != 0) return std::generic_category().message(error);
    socket_.setNoDelay(true);
    return {};
  } catch (const Poco::Exception& e) {
    return one_line(e.displayText());
  }
}

bool Transport::wait(short events, Clock::time_point until) const {
  for (;;) {
    call_.check();
    const auto left = std::chrono::ceil<milliseconds>(until - Clock::now());
    pollfd entry{socket_.impl()->sockfd(), events, 0};
    const int n = ::poll(&entry, 1, static_cast<int>(std::clamp(left, milliseconds(1), kSlice).count()));
    if (n > 0) return true;
    if (n < 0 && errno != EINTR) throw Error(SY_BROKEN, settings_.where() + ": poll failed");
    if (Clock::now() >= until) return false;
  }
}

void Transport::handshake(const Poco::Net::Context::Ptr& context, Clock::time_point until) {
  const NoSigpipe quietly;
  ERR_clear_error();
  Poco::Net::IPAddress literal;  // RFC 6066: an address is no server name
  const std::string& name = settings_.certificate_name();
  const bool named = !Poco::Net::IPAddress::tryParse(name, literal);
  SecureStreamSocket tls = SecureStreamSocket::attach(socket_, named ? name : std::string(), context);
  for (int rc = tls.completeHandshake(); rc != 1; rc = tls.completeHandshake()) {
    if (rc == 0) throw Poco::Net::SSLConnectionUnexpectedlyClosedException("closed");
    if (!wait(rc == kWantWrite ? POLLOUT : POLLIN, until)) throw lost("not finished in time");
    ERR_clear_error();
  }
  peer_ = peer_facts(tls);
  socket_ = tls;
  tls_ = true;
}

void Transport::secure(const Poco::Net::Context::Ptr& context) {
  doing_ = "the TLS handshake";
  const Verdict verdict;
  std::string reason;
  bool closed = true;
  try {
    handshake(context, Clock::now() + settings_.connect_timeout);
    return;
  } catch (const Poco::Net::SSLConnectionUnexpectedlyClosedException&) {
    reason = "the server closed the connection";
  } catch (const Poco::Net::SSLException& e) {
    reason = one_line(e.displayText());
    closed = reason.find("unexpected eof") != std::string::npos || reason.find("BIO reported") != std::string::npos;
  } catch (const Poco::Exception& e) {  // reset by the peer, and the like
    reason = one_line(e.displayText());
  }
  if (verdict.refused()) throw Error(SY_CONFIG, verdict.explain(settings_));
  if (closed) throw lost(reason);
  throw Error(SY_CONFIG, settings_.where() + ": no TLS: " + reason +
                             "; check that this port speaks TLS 1.2 or later, or set tls to \"starttls\"");
}

int Transport::read_once(char* into, std::size_t size) {
  if (tls_) {
    ERR_clear_error();
    return socket_.receiveBytes(into, static_cast<int>(size));
  }
  const ssize_t n = ::recv(socket_.impl()->sockfd(), into, size, 0);
  if (n < 0 && !again(errno)) throw lost(std::generic_category().message(errno));
  return n < 0 ? kWantRead : static_cast<int>(n);
}

int Transport::write_once(std::string_view bytes) {
  if (tls_) {
    const NoSigpipe quietly;
    ERR_clear_error();
    return socket_.sendBytes(bytes.data(), static_cast<int>(bytes.size()));
  }
  const ssize_t n = ::send(socket_.impl()->sockfd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (n < 0 && !again(errno)) throw lost(std::generic_category().message(errno));
  return n < 0 ? kWantWrite : static_cast<int>(n);
}

std::size_t Transport::read(char* into, std::size_t size) {
  try {
    for (;;) {
      call_.check();  // also while bytes keep coming: a server that drips must not outlast the deadline
      const int n = read_once(into, size);
      if (n >= 0) {
        host_.count("bytes_in", n);
        return static_cast<std::size_t>(n);
      }
      if (!wait(n == kWantWrite ? POLLOUT : POLLIN, Clock::now() + settings_.read_timeout))
        throw lost("the server was silent for " + std::to_string(settings_.read_timeout.count()) + " ms");
    }
  } catch (const Poco::Exception& e) {
    throw lost(one_line(e.displayText()));
  }
}

void Transport::write(std::string_view bytes) {
  try {
    while (!bytes.empty()) {
      call_.check();
      const int n = write_once(bytes);
      if (n > 0) {
        host_.count("bytes_out", n);
        bytes.remove_prefix(static_cast<std::size_t>(n));
      } else if (n == 0) {
        throw lost("the server closed the connection");
      } else if (!wait(n == kWantRead ? POLLIN : POLLOUT, Clock::now() + settings_.read_timeout)) {
        throw lost("the server took nothing for " + std::to_string(settings_.read_timeout.count()) + " ms");
      }
    }
  } catch (const Poco::Exception& e) {
    throw lost(one_line(e.displayText()));
  }
}

}  // namespace syncline::pop3
