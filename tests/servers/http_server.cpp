#include "http_server.hpp"

#include <Poco/Net/HTTPRequestHandler.h>
#include <Poco/Net/HTTPRequestHandlerFactory.h>
#include <Poco/Net/HTTPServer.h>
#include <Poco/Net/HTTPServerRequest.h>
#include <Poco/Net/HTTPServerRequestImpl.h>
#include <Poco/Net/HTTPServerResponse.h>
#include <Poco/Net/SecureServerSocket.h>
#include <Poco/ThreadPool.h>

#include "stopping.hpp"
#include "tls_context.hpp"

namespace syncline::sandbox {
namespace {

constexpr int kThreads = 96;

class RequestHandler : public Poco::Net::HTTPRequestHandler {
 public:
  RequestHandler(const HttpServer::Handler& handler, std::size_t max_request)
      : handler_(handler), max_request_(max_request) {}

  void handleRequest(Poco::Net::HTTPServerRequest& request, Poco::Net::HTTPServerResponse& response) override {
    Call call{request.getMethod(), request.getURI(), {}, {}};
    for (const auto& [name, value] : request) call.headers.emplace_back(name, value);
    std::string piece(64UL * 1024, '\0');
    std::istream& in = request.stream();
    while (in.read(piece.data(), static_cast<std::streamsize>(piece.size())) || in.gcount() > 0) {
      call.body.append(piece, 0, static_cast<std::size_t>(in.gcount()));
      if (call.body.size() > max_request_) {
        response.setKeepAlive(false);
        send(response, {413, {}, {}});
        return;
      }
    }
    if (const auto reply = handler_(call)) {
      send(response, *reply);
      return;
    }
    response.setKeepAlive(false);
    static_cast<Poco::Net::HTTPServerRequestImpl&>(request).socket().shutdown();
  }

 private:
  static void send(Poco::Net::HTTPServerResponse& response, const Reply& reply) {
    response.setStatusAndReason(static_cast<Poco::Net::HTTPResponse::HTTPStatus>(reply.status));
    for (const auto& [name, value] : reply.headers) response.add(name, value);
    if (reply.stream) {
      response.setChunkedTransferEncoding(true);
      response.setKeepAlive(false);
      std::ostream& out = response.send();
      reply.stream([&](std::string_view piece) {
        out.write(piece.data(), static_cast<std::streamsize>(piece.size())).flush();
        return out.good();
      });
    } else if (reply.status == 204 || reply.status == 304) {
      response.send();
    } else {
      response.sendBuffer(reply.body.data(), reply.body.size());
    }
  }

  const HttpServer::Handler& handler_;
  std::size_t max_request_;
};

class Factory : public Poco::Net::HTTPRequestHandlerFactory {
 public:
  Factory(const HttpServer::Handler& handler, std::size_t max_request) : handler_(handler), max_request_(max_request) {}
  Poco::Net::HTTPRequestHandler* createRequestHandler(const Poco::Net::HTTPServerRequest&) override {
    return std::make_unique<RequestHandler>(handler_, max_request_).release();
  }

 private:
  const HttpServer::Handler& handler_;
  std::size_t max_request_;
};

Poco::Net::ServerSocket listen(const HttpServer::Options& options) {
  const Poco::Net::SocketAddress address("127.0.0.1", options.port);
  if (options.certificate.empty()) return Poco::Net::ServerSocket(address);
  return Poco::Net::SecureServerSocket(address, 64, server_context(options.certificate, options.key));
}

}  // namespace

struct HttpServer::Impl {
  explicit Impl(const Options& options_) : options(options_), socket(listen(options_)) {}
  Options options;
  Poco::Net::ServerSocket socket;
  Handler handler;
  Poco::ThreadPool pool{4, kThreads};
  std::unique_ptr<Poco::Net::HTTPServer> server;
};

HttpServer::HttpServer(const Options& options) : impl_(std::make_unique<Impl>(options)) {}

HttpServer::~HttpServer() { stop(); }

void HttpServer::start(Handler handler) {
  impl_->handler = std::move(handler);
  Poco::Net::HTTPServerParams::Ptr params = new Poco::Net::HTTPServerParams;  // shared by reference count
  params->setMaxThreads(kThreads);
  params->setMaxQueued(256);
  params->setKeepAliveTimeout(Poco::Timespan(30, 0));
  params->setTimeout(Poco::Timespan(60, 0));
  Poco::Net::HTTPRequestHandlerFactory::Ptr factory = new Factory(impl_->handler, impl_->options.max_request);
  impl_->server = std::make_unique<Poco::Net::HTTPServer>(factory, impl_->pool, impl_->socket, params);
  impl_->server->start();
}

void HttpServer::stop() {
  if (!impl_->server) return;
  stop_at_once(impl_->socket.address(), [&] { impl_->server->stopAll(true); });
  impl_->pool.joinAll();
  impl_->server.reset();
}

std::uint16_t HttpServer::port() const { return impl_->socket.address().port(); }

}  // namespace syncline::sandbox
