#include "pop3.hpp"

#include <Poco/Net/SecureServerSocket.h>
#include <Poco/Net/TCPServer.h>
#include <Poco/Net/TCPServerConnectionFactory.h>
#include <Poco/ThreadPool.h>

#include <algorithm>
#include <stdexcept>

#include "encode.hpp"
#include "pop3_session.hpp"
#include "stopping.hpp"
#include "tls_context.hpp"

namespace syncline::sandbox {
namespace {

constexpr int kThreads = 64;

class Connection : public Poco::Net::TCPServerConnection {
 public:
  Connection(const Poco::Net::StreamSocket& socket, Pop3World& world)
      : Poco::Net::TCPServerConnection(socket), world_(world) {}
  void run() override { Pop3Session(world_, socket()).run(); }

 private:
  Pop3World& world_;
};

class ConnectionFactory : public Poco::Net::TCPServerConnectionFactory {
 public:
  explicit ConnectionFactory(Pop3World& world) : world_(world) {}
  Poco::Net::TCPServerConnection* createConnection(const Poco::Net::StreamSocket& socket) override {
    return std::make_unique<Connection>(socket, world_).release();
  }

 private:
  Pop3World& world_;
};

Poco::Net::ServerSocket listen(const Pop3Options& options) {
  const Poco::Net::SocketAddress address("127.0.0.1", options.port);
  if (options.tls != Pop3Tls::NONE && (options.certificate.empty() || options.key.empty()))
    throw std::invalid_argument("a POP3 server with TLS needs a certificate and a key");
  if (options.tls != Pop3Tls::IMPLICIT) return Poco::Net::ServerSocket(address);
  return Poco::Net::SecureServerSocket(address, 64, server_context(options.certificate, options.key));
}

std::string with_crlf(const std::string& bytes) {
  std::string out;
  out.reserve(bytes.size());
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (bytes[i] == '\n' && (i == 0 || bytes[i - 1] != '\r')) out += '\r';
    out += bytes[i];
  }
  return out;
}

}  // namespace

struct Pop3Server::Impl {
  explicit Impl(Pop3Options options) : socket(listen(options)) {
    world.options = std::move(options);
    Poco::Net::TCPServerParams::Ptr params = new Poco::Net::TCPServerParams;  // shared by reference count
    params->setMaxThreads(kThreads);
    params->setMaxQueued(64);
    Poco::Net::TCPServerConnectionFactory::Ptr factory = new ConnectionFactory(world);
    server = std::make_unique<Poco::Net::TCPServer>(factory, pool, socket, params);
    server->start();
  }
  ~Impl() {
    {
      const std::lock_guard lock(world.mutex);
      world.stopping = true;
    }
    world.wake.notify_all();
    stop_at_once(socket.address(), [&] { server->stop(); });
    pool.joinAll();
  }
  Pop3World::Mailbox& mailbox(const std::string& user) {
    const auto found = world.mailboxes.find(user);
    if (found == world.mailboxes.end()) throw std::invalid_argument("the POP3 server has no mailbox '" + user + "'");
    return found->second;
  }

  Pop3World world;
  Poco::Net::ServerSocket socket;
  Poco::ThreadPool pool{2, kThreads};
  std::unique_ptr<Poco::Net::TCPServer> server;
  std::size_t made = 0;
};

Pop3Server::Pop3Server(Pop3Options options) : impl_(std::make_unique<Impl>(std::move(options))) {}
Pop3Server::~Pop3Server() = default;

std::string Pop3Server::host() const { return impl_->world.options.tls == Pop3Tls::NONE ? "127.0.0.1" : "localhost"; }
std::uint16_t Pop3Server::port() const { return impl_->socket.address().port(); }

void Pop3Server::add_mailbox(const std::string& user, const std::string& password, const std::string& token) {
  const std::lock_guard lock(impl_->world.mutex);
  impl_->world.mailboxes[user].password = password;
  impl_->world.mailboxes[user].token = token;
}

std::string Pop3Server::add(const std::string& user, const std::string& bytes, const std::string& uidl) {
  const std::lock_guard lock(impl_->world.mutex);
  Pop3World::Mailbox& mailbox = impl_->mailbox(user);
  std::string id = uidl;
  if (id.empty()) id = sha256(user + "/" + std::to_string(++impl_->made)).substr(0, 24);
  mailbox.messages.push_back({id, with_crlf(bytes)});
  return id;
}

void Pop3Server::remove(const std::string& user, const std::string& uidl) {
  const std::lock_guard lock(impl_->world.mutex);
  std::erase_if(impl_->mailbox(user).messages, [&](const Pop3Message& message) { return message.uidl == uidl; });
}

std::vector<Pop3Message> Pop3Server::messages(const std::string& user) const {
  const std::lock_guard lock(impl_->world.mutex);
  return impl_->mailbox(user).messages;
}

bool Pop3Server::locked(const std::string& user) const {
  const std::lock_guard lock(impl_->world.mutex);
  return impl_->mailbox(user).locked;
}

void Pop3Server::set_faults(const Pop3Faults& faults) {
  const std::lock_guard lock(impl_->world.mutex);
  impl_->world.faults = faults;
  impl_->world.fault_count = faults.count;
}

std::vector<std::string> Pop3Server::log() const {
  const std::lock_guard lock(impl_->world.mutex);
  return impl_->world.log;
}

std::size_t Pop3Server::sessions() const {
  const std::lock_guard lock(impl_->world.mutex);
  return impl_->world.sessions;
}

}  // namespace syncline::sandbox
