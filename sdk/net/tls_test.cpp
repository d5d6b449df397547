#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <fstream>

#include "syncline/handles.hpp"
#include "syncline/net/auth.hpp"
#include "syncline/net/http.hpp"
#include "test_certificates.hpp"
#include "test_server.hpp"

namespace syncline::net {
namespace {

using namespace std::chrono_literals;
using test::CertificateFiles;
using test::each;
using test::make_certificate;
using test::Peer;
using test::Received;
using test::Server;
using test::server_context;
using testing::HasSubstr;

constexpr const char* kLocal = "DNS:localhost,IP:127.0.0.1";

class Tls : public testing::Test {
 protected:
  Response send(const std::string& url, const std::string& ca_file, bool verify = true) {
    SessionOptions options;
    options.base_url = url;
    options.ca_file = ca_file;
    options.verify = verify;
    HttpSession session(options, nullptr, nullptr);
    const CallBudget budget(60s);
    Request request;
    request.method = "POST";
    request.path = "/x";
    request.body = std::string(200'000, 'b');
    Response first = session.send(host.host(), budget.call(), request);
    EXPECT_EQ(session.send(host.host(), budget.call(), request).body, first.body);
    return first;
  }
  Error refused(const std::string& url, const std::string& ca_file) {
    try {
      static_cast<void>(send(url, ca_file));
    } catch (const Error& e) {
      return e;
    }
    return {SY_OK, "nothing was thrown"};
  }
  std::unique_ptr<Server> serve(const CertificateFiles& files) {
    return std::make_unique<Server>(
        each([](Peer& peer, const Received& r) { peer.answer(200, std::to_string(r.body.size())); }),
        server_context(files));
  }

  test::TemporaryFolder folder;
  test::TestHost host;
  CertificateFiles ca = make_certificate(folder.path(), "ca", nullptr, "", 30);
};

TEST_F(Tls, ATrustedServerByNameAndByAddress) {
  const auto server = serve(make_certificate(folder.path(), "good", &ca, kLocal, 30));
  EXPECT_EQ(send(server->url(), ca.certificate).body, "200000");
  EXPECT_EQ(server->connections(), 1);  // kept and used again
  EXPECT_EQ(send("https://127.0.0.1:" + std::to_string(server->port()), ca.certificate).body, "200000");
}

TEST_F(Tls, AnUnknownAuthority) {
  const CertificateFiles other = make_certificate(folder.path(), "other-ca", nullptr, "", 30);
  const auto server = serve(make_certificate(folder.path(), "good", &ca, kLocal, 30));
  for (const std::string& trusted : {other.certificate, std::string()}) {
    const Error e = refused(server->url(), trusted);
    EXPECT_EQ(e.code(), SY_CONFIG);
    EXPECT_THAT(e.what(), HasSubstr("unknown certificate authority"));
    EXPECT_THAT(e.what(), HasSubstr("ca_file"));
    EXPECT_THAT(e.what(), HasSubstr("localhost:" + std::to_string(server->port())));
  }
  EXPECT_EQ(host.counted("requests"), 0);
}

TEST_F(Tls, ASelfSignedServer) {
  const CertificateFiles self = make_certificate(folder.path(), "self", nullptr, kLocal, 30);
  const auto server = serve(self);
  EXPECT_EQ(refused(server->url(), ca.certificate).code(), SY_CONFIG);
  EXPECT_EQ(send(server->url(), self.certificate).status, 200);
}

TEST_F(Tls, AnExpiredCertificate) {
  const auto server = serve(make_certificate(folder.path(), "old", &ca, kLocal, -1));
  const Error e = refused(server->url(), ca.certificate);
  EXPECT_EQ(e.code(), SY_CONFIG);
  EXPECT_THAT(e.what(), HasSubstr("expired"));
}

TEST_F(Tls, ACertificateOfAnotherHost) {
  const auto server = serve(make_certificate(folder.path(), "elsewhere", &ca, "DNS:elsewhere.test", 30));
  for (const std::string& url : {server->url(), "https://127.0.0.1:" + std::to_string(server->port())}) {
    const Error e = refused(url, ca.certificate);
    EXPECT_EQ(e.code(), SY_CONFIG);
    EXPECT_THAT(e.what(), HasSubstr("another host"));
  }
}

TEST_F(Tls, WithoutVerificationAnyCertificateWill) {
  const auto server = serve(make_certificate(folder.path(), "old", &ca, "DNS:elsewhere.test", -1));
  EXPECT_EQ(send(server->url(), "", false).status, 200);
}

TEST_F(Tls, TheHostNameIsNamedInTheHandshake) {
  const auto context = server_context(make_certificate(folder.path(), "good", &ca, kLocal, 30));
  std::string named;
  SSL_CTX_set_tlsext_servername_arg(context->sslContext(), &named);
  int (*remember)(SSL*, int*, void*) = [](SSL* ssl, int*, void* to) {
    const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    *static_cast<std::string*>(to) = name == nullptr ? "" : name;
    return SSL_TLSEXT_ERR_OK;
  };
  SSL_CTX_set_tlsext_servername_callback(context->sslContext(), remember);
  {
    const Server server(each([](Peer& peer, const Received&) { peer.answer(200, ""); }), context);
    send(server.url(), ca.certificate);
  }
  EXPECT_EQ(named, "localhost");
}

TEST_F(Tls, APortThatDoesNotSpeakTls) {
  Server plain([](Peer& peer) {
    peer.send("HTTP/1.1 400 Bad Request\r\n\r\n");
    static_cast<void>(peer.request());
  });
  const Error e = refused("https://127.0.0.1:" + std::to_string(plain.port()), ca.certificate);
  EXPECT_EQ(e.code(), SY_CONFIG);
  EXPECT_THAT(e.what(), HasSubstr("speaks TLS"));
}

TEST_F(Tls, AServerThatHangsUpDuringTheHandshakeMayBeTriedAgain) {
  Server plain([](Peer& peer) { peer.close(); });
  EXPECT_EQ(refused("https://127.0.0.1:" + std::to_string(plain.port()), ca.certificate).code(), SY_RETRY);
}

TEST_F(Tls, CancelEndsTheHandshake) {
  std::atomic<bool> connected{false};
  Server plain([&](Peer& peer) {
    connected = true;
    while (peer.request()) {}
  });
  SessionOptions options;
  options.base_url = "https://127.0.0.1:" + std::to_string(plain.port());
  HttpSession session(options, nullptr, nullptr);
  const CallBudget budget(600s, [&] { return connected.load(); });
  try {
    static_cast<void>(session.send(host.host(), budget.call(), {}));
    FAIL() << "nobody answers there";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), SY_CANCELED);
  }
}

TEST_F(Tls, ACaFileThatCannotBeUsed) {
  const std::string junk = (folder.path() / "junk.pem").string();
  std::ofstream(junk) << "not a certificate";
  for (const std::string& file : {junk, (folder.path() / "absent.pem").string()}) {
    SessionOptions options;
    options.base_url = "https://localhost";
    options.ca_file = file;
    try {
      const HttpSession session(options, nullptr, nullptr);
      FAIL() << file;
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), SY_CONFIG);
      EXPECT_THAT(e.what(), HasSubstr(file));
    }
  }
}

TEST_F(Tls, AConnectionClosedInTheMiddleOfABodyRaisesNoSignal) {
  // Poco blocks the signal on the main thread when it is loaded; other threads of a program have it as it comes.
  sigset_t pipe;
  sigset_t before;
  ASSERT_EQ(sigpending(&before), 0);
  EXPECT_EQ(sigismember(&before, SIGPIPE), 0);  // nor has an earlier request left one behind
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  ASSERT_EQ(pthread_sigmask(SIG_UNBLOCK, &pipe, &before), 0);
  const Server server([](Peer& peer) { static_cast<void>(peer.request_head()); },
                      server_context(make_certificate(folder.path(), "good", &ca, kLocal, 30)));
  SessionOptions options;
  options.base_url = server.url();
  options.ca_file = ca.certificate;
  HttpSession session(options, nullptr, nullptr);
  const CallBudget budget(60s);
  Request request;
  request.method = "POST";
  request.path = "/x";
  request.body = std::string(20'000'000, 'b');
  try {
    static_cast<void>(session.send(host.host(), budget.call(), request));
    FAIL() << "the server hung up";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), SY_RETRY);
  }
  sigset_t after;
  ASSERT_EQ(pthread_sigmask(SIG_SETMASK, &before, &after), 0);
  EXPECT_EQ(sigismember(&after, SIGPIPE), 0);  // left as it was found
}

}  // namespace
}  // namespace syncline::net
