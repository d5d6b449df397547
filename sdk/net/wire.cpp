#include "wire.hpp"

#include <Poco/Exception.h>
#include <Poco/Net/SecureStreamSocket.h>
#include <openssl/err.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>
#include <ctime>
#include <system_error>

namespace syncline::net {

using Poco::Net::SecureStreamSocket;

namespace {

constexpr int kWantRead = -1;
constexpr int kWantWrite = -2;
static_assert(kWantRead == SecureStreamSocket::ERR_SSL_WANT_READ &&
              kWantWrite == SecureStreamSocket::ERR_SSL_WANT_WRITE);

int in_int(std::size_t size) { return static_cast<int>(std::min<std::size_t>(size, INT_MAX)); }

sigset_t sigpipe_set() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGPIPE);
  return set;
}

[[noreturn]] void lost(int error) { throw Lost(std::generic_category().message(error)); }

bool again(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

}  // namespace

NoSigpipe::NoSigpipe() {
  sigset_t pending;
  sigpending(&pending);
  if (sigismember(&pending, SIGPIPE) == 1) return;  // somebody else's, and blocked: one more changes nothing
  const sigset_t pipe = sigpipe_set();
  sigset_t before;
  if (pthread_sigmask(SIG_BLOCK, &pipe, &before) != 0) return;
  active_ = true;
  unblock_ = sigismember(&before, SIGPIPE) == 0;
}

NoSigpipe::~NoSigpipe() {
  if (!active_) return;
  const sigset_t pipe = sigpipe_set();
  const timespec at_once{};
  while (sigtimedwait(&pipe, nullptr, &at_once) == -1 && errno == EINTR) {}
  if (unblock_) pthread_sigmask(SIG_UNBLOCK, &pipe, nullptr);
}

Wire::~Wire() {
  try {
    const NoSigpipe quietly;
    ERR_clear_error();
    socket_.close();
  } catch (const Poco::Exception&) {  // the peer was faster
  }
}

int Wire::read_once(char* into, std::size_t size) {
  if (tls_) {
    const NoSigpipe quietly;  // reading TLS can write: an alert, a key update
    ERR_clear_error();
    return socket_.receiveBytes(into, in_int(size));
  }
  const ssize_t n = ::recv(socket_.impl()->sockfd(), into, size, 0);
  if (n >= 0) return static_cast<int>(n);
  if (!again(errno)) lost(errno);
  return kWantRead;
}

int Wire::write_once(std::string_view bytes) {
  if (tls_) {
    const NoSigpipe quietly;
    ERR_clear_error();
    return socket_.sendBytes(bytes.data(), in_int(bytes.size()));
  }
  const ssize_t n =
      ::send(socket_.impl()->sockfd(), bytes.data(), static_cast<std::size_t>(in_int(bytes.size())), MSG_NOSIGNAL);
  if (n >= 0) return static_cast<int>(n);
  if (!again(errno)) lost(errno);
  return kWantWrite;
}

void Wire::wait(short events, const Patience& patience, std::chrono::milliseconds silence,
                std::string_view doing) const {
  if (!patience.ready(socket_.impl()->sockfd(), events, Clock::now() + silence, doing))
    throw Lost("nothing moved for " + std::to_string(silence.count()) + " ms while " + std::string(doing), true);
}

std::size_t Wire::read(char* into, std::size_t size, const Patience& patience, std::chrono::milliseconds silence) {
  constexpr std::string_view doing = "waiting for the answer";
  size = std::min<std::size_t>(size, INT_MAX);
  try {
    for (;;) {
      patience.check(doing);  // also when bytes keep coming: a server that drips must not outlast the deadline
      const int n = read_once(into, size);
      if (n >= 0) return static_cast<std::size_t>(n);
      wait(n == kWantWrite ? POLLOUT : POLLIN, patience, silence, doing);
    }
  } catch (const Poco::Exception& e) {
    throw Lost(e.displayText());
  }
}

std::size_t Wire::write(std::string_view bytes, const Patience& patience, std::chrono::milliseconds silence) {
  constexpr std::string_view doing = "sending the request";
  try {
    for (;;) {
      patience.check(doing);
      const int n = write_once(bytes);
      if (n > 0) return static_cast<std::size_t>(n);
      if (n == 0) throw Lost("the server closed the connection");
      wait(n == kWantRead ? POLLIN : POLLOUT, patience, silence, doing);
    }
  } catch (const Poco::Exception& e) {
    throw Lost(e.displayText());
  }
}

bool Wire::quiet() const {
  try {
    if (tls_ && socket_.available() > 0) return false;
  } catch (const Poco::Exception&) {
    return false;
  }
  pollfd entry{socket_.impl()->sockfd(), POLLIN, 0};
  return ::poll(&entry, 1, 0) == 0;
}

}  // namespace syncline::net
