#include "test_server.hpp"

#include <Poco/Exception.h>
#include <Poco/Net/SecureStreamSocket.h>
#include <pthread.h>
#include <sys/socket.h>

#include <charconv>
#include <chrono>
#include <csignal>

#include "head.hpp"
#include "wire.hpp"

namespace syncline::net::test {

namespace {

/// The client must look after itself; the server's own writes to a closed connection are no concern of the tests.
void block_sigpipe() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

}  // namespace

bool Peer::fill() {
  try {
    char bytes[16 * 1024];
    const int n = socket_.receiveBytes(bytes, sizeof bytes);
    if (n <= 0) return false;
    buffer_.append(bytes, static_cast<std::size_t>(n));
    return true;
  } catch (const Poco::Exception&) {
    return false;
  }
}

std::optional<std::string> Peer::line() {
  for (;;) {
    if (const auto end = buffer_.find("\r\n"); end != std::string::npos) {
      std::string out = buffer_.substr(0, end);
      buffer_.erase(0, end + 2);
      return out;
    }
    if (!fill()) return std::nullopt;
  }
}

std::optional<Received> Peer::request_head() {
  const auto first = line();
  if (!first) return std::nullopt;
  Received out;
  const auto space = first->find(' ');
  out.method = first->substr(0, space);
  out.target = first->substr(space + 1, first->rfind(' ') - space - 1);
  for (auto field = line(); field && !field->empty(); field = line()) {
    const auto colon = field->find(": ");
    out.headers.add(field->substr(0, colon), field->substr(colon + 2));
  }
  return out;
}

std::optional<Received> Peer::request() {
  auto out = request_head();
  if (!out) return out;
  const auto take = [&](std::size_t n) {
    while (buffer_.size() < n)
      if (!fill()) return false;
    out->body.append(buffer_, 0, n);
    buffer_.erase(0, n);
    return true;
  };
  if (out->headers.has_token("Transfer-Encoding", "chunked")) {
    for (;;) {
      const auto size = line();
      if (!size) return std::nullopt;
      const auto n = static_cast<std::size_t>(parse_chunk_size(*size));
      if (n != 0 && !take(n)) return std::nullopt;
      if (!line()) return std::nullopt;
      if (n == 0) return out;
    }
  }
  const std::string length = out->headers.get("Content-Length");
  if (!length.empty() && !take(std::stoul(length))) return std::nullopt;
  return out;
}

bool Peer::send(std::string_view bytes) {
  try {
    while (!bytes.empty()) {
      const int n = socket_.sendBytes(bytes.data(), static_cast<int>(bytes.size()));
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  } catch (const Poco::Exception&) {
    return false;
  }
}

bool Peer::answer(int status, std::string_view body, std::string_view more_headers) {
  return send("HTTP/1.1 " + std::to_string(status) + " Whatever\r\n" + std::string(more_headers) +
              "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body));
}

void Peer::close() {
  try {
    socket_.shutdown();
  } catch (const Poco::Exception&) {}
}

void Peer::shutdown_socket() { ::shutdown(socket_.impl()->sockfd(), SHUT_RDWR); }

Server::Server(Script script, Poco::Net::Context::Ptr tls)
    : script_(std::move(script)),
      tls_(std::move(tls)),
      listener_(Poco::Net::SocketAddress("127.0.0.1", 0), 64),
      port_(listener_.address().port()),
      acceptor_([this] { accept_all(); }) {}

Server::~Server() {
  stop_ = true;
  acceptor_.join();
  {
    const std::lock_guard lock(mutex_);
    for (Peer& peer : peers_) peer.shutdown_socket();
  }
  for (std::thread& thread : threads_) thread.join();
  const NoSigpipe quietly;  // closing TLS writes
  peers_.clear();
}

std::string Server::url(std::string_view path) const {
  return (tls_ ? "https://localhost:" : "http://127.0.0.1:") + std::to_string(port_) + std::string(path);
}

void Server::accept_all() {
  block_sigpipe();
  while (!stop_) {
    if (!listener_.poll(Poco::Timespan(0, 20'000), Poco::Net::Socket::SELECT_READ)) continue;
    Poco::Net::StreamSocket socket = listener_.acceptConnection();
    socket.setNoDelay(true);
    // The handshake comes with the first read, on the connection's own thread.
    if (tls_) socket = Poco::Net::SecureStreamSocket::attach(socket, tls_);
    const std::lock_guard lock(mutex_);
    Peer& peer = peers_.emplace_back(std::move(socket), ++connections_);
    threads_.emplace_back([this, &peer] {
      try {
        script_(peer);
      } catch (const std::exception&) {  // the client is gone
      }
      const std::lock_guard inner(mutex_);
      peer.close();
      peer.shutdown_socket();
    });
  }
}

Server::Script each(std::function<void(Peer&, const Received&)> f) {
  return [f = std::move(f)](Peer& peer) {
    while (const auto request = peer.request()) f(peer, *request);
  };
}

TestHost::TestHost() {
  owned_.owner = this;
  sy_host& h = owned_.raw;
  h.size = sizeof h;
  h.abi_major = SY_ABI_MAJOR;
  h.log = [](const sy_host* self, int, sy_str, sy_str line) {
    TestHost& t = owner(self);
    const std::lock_guard lock(t.mutex_);
    t.log_ += text(line) + '\n';
  };
  h.now_ms = [](const sy_host*) {
    return std::int64_t{
        std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
            .count()};
  };
  h.secret = [](const sy_host*, sy_str, const sy_texts*, sy_error* e) {
    return fill(e, SY_CONFIG, "no secrets here", 0, {});
  };
  h.effect = [](const sy_host* self, int phase, sy_str what) {
    TestHost& t = owner(self);
    const std::lock_guard lock(t.mutex_);
    t.effects_.push_back((phase == SY_BEFORE ? "before " : "after ") + text(what));
  };
  h.count = [](const sy_host* self, sy_str what, std::int64_t n) {
    TestHost& t = owner(self);
    const std::lock_guard lock(t.mutex_);
    t.counts_[text(what)] += n;
  };
  h.extension = [](const sy_host*, const char*) -> const void* { return nullptr; };
}

std::int64_t TestHost::counted(const std::string& what) const {
  const std::lock_guard lock(mutex_);
  const auto found = counts_.find(what);
  return found == counts_.end() ? 0 : found->second;
}

std::vector<std::string> TestHost::effects() const {
  const std::lock_guard lock(mutex_);
  return effects_;
}

std::string TestHost::everything() const {
  const std::lock_guard lock(mutex_);
  std::string out = log_;
  for (const auto& [name, n] : counts_) out += name + '\n';
  for (const std::string& effect : effects_) out += effect + '\n';
  return out;
}

}  // namespace syncline::net::test
