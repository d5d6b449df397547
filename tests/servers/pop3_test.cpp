#include "pop3.hpp"

#include <Poco/Net/Context.h>
#include <Poco/Net/NetSSL.h>
#include <Poco/Net/SecureStreamSocket.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <memory>
#include <thread>

#include "certificates.hpp"
#include "raw_client.hpp"

namespace syncline::sandbox {
namespace {

const std::string kMail = "Subject: Hi\r\n\r\nfirst\r\n.dot\r\nthird\r\n";

Poco::Net::StreamSocket connect(const Pop3Server& server) {
  return Poco::Net::StreamSocket(Poco::Net::SocketAddress("127.0.0.1", server.port()));
}

void fill(Pop3Server& server) {
  server.add_mailbox("alice", "secret");
  server.add("alice", kMail, "uid-1");
  server.add("alice", "Subject: Second\n\nbody\n", "uid-2");
}

bool good(const std::string& answer) { return answer.starts_with("+OK"); }

void log_in(RawPop3& client) {
  ASSERT_TRUE(good(client.ask("USER alice")));
  ASSERT_TRUE(good(client.ask("PASS secret")));
}

class Pop3Test : public ::testing::Test {
 protected:
  void SetUp() override { fill(server_); }
  Pop3Server server_;
};

TEST_F(Pop3Test, AMailboxIsReadAsTheProtocolSays) {
  RawPop3 client(connect(server_));
  EXPECT_TRUE(good(client.greeting));
  EXPECT_FALSE(good(client.ask("STAT"))) << "not before the login";
  log_in(client);
  EXPECT_EQ(client.ask("STAT"), "+OK 2 " + std::to_string(kMail.size() + 25));
  client.ask("UIDL");
  EXPECT_EQ(client.text(), "1 uid-1\r\n2 uid-2\r\n");
  client.ask("LIST");
  EXPECT_EQ(client.text(), "1 " + std::to_string(kMail.size()) + "\r\n2 25\r\n");
  EXPECT_EQ(client.ask("UIDL 2"), "+OK 2 uid-2");
  client.ask("RETR 1");
  EXPECT_EQ(client.text(), kMail) << "dots at the start of a line come through";
  client.ask("TOP 1 1");
  EXPECT_EQ(client.text(), "Subject: Hi\r\n\r\nfirst\r\n");
  client.ask("RETR 2");
  EXPECT_EQ(client.text(), "Subject: Second\r\n\r\nbody\r\n") << "bare LF became CRLF";
  EXPECT_FALSE(good(client.ask("RETR 3")));
  EXPECT_FALSE(good(client.ask("RETR x")));
  EXPECT_FALSE(good(client.ask("NONSENSE")));
  EXPECT_TRUE(good(client.ask("NOOP")));
  EXPECT_TRUE(good(client.ask("QUIT")));
  EXPECT_EQ(server_.messages("alice").size(), 2U);
}

TEST_F(Pop3Test, DeletionsCountAtQuitOnly) {
  {
    RawPop3 client(connect(server_));
    log_in(client);
    EXPECT_TRUE(good(client.ask("DELE 1")));
    EXPECT_FALSE(good(client.ask("RETR 1")));
    EXPECT_TRUE(good(client.ask("RSET")));
    EXPECT_TRUE(good(client.ask("DELE 2")));
    client.socket().shutdown();  // gone without QUIT
    client.line();
  }
  EXPECT_EQ(server_.messages("alice").size(), 2U);
  RawPop3 client(connect(server_));
  ASSERT_TRUE(good(client.ask("USER alice")));
  std::string answer = client.ask("PASS secret");
  for (int i = 0; i < 1000 && answer.find("IN-USE") != std::string::npos; ++i) {  // until the first session has ended
    client.ask("USER alice");
    answer = client.ask("PASS secret");
  }
  ASSERT_TRUE(good(answer));
  EXPECT_TRUE(good(client.ask("DELE 1")));
  EXPECT_TRUE(good(client.ask("QUIT")));
  ASSERT_EQ(server_.messages("alice").size(), 1U);
  EXPECT_EQ(server_.messages("alice")[0].uidl, "uid-2");
}

TEST_F(Pop3Test, OneSessionPerMailbox) {
  RawPop3 first(connect(server_));
  log_in(first);
  EXPECT_TRUE(server_.locked("alice"));
  RawPop3 second(connect(server_));
  second.ask("USER alice");
  EXPECT_TRUE(second.ask("PASS secret").starts_with("-ERR [IN-USE]"));
  first.ask("QUIT");
  EXPECT_FALSE(server_.locked("alice"));
  log_in(second);
}

TEST_F(Pop3Test, WrongPasswordsAreRefusedAndNeverLogged) {
  RawPop3 client(connect(server_));
  client.ask("USER alice");
  EXPECT_TRUE(client.ask("PASS wrong-one").starts_with("-ERR [AUTH]"));
  server_.set_faults({.refuse_login = true});
  client.ask("USER alice");
  EXPECT_TRUE(client.ask("PASS secret").starts_with("-ERR [AUTH]"));
  for (const auto& line : server_.log()) EXPECT_EQ(line.find("secret"), std::string::npos);
}

TEST_F(Pop3Test, CapabilitiesCanBeSwitchedOff) {
  RawPop3 client(connect(server_));
  client.ask("CAPA");
  const std::string all = client.text();
  for (const char* name : {"TOP\r\n", "UIDL\r\n", "PIPELINING\r\n"})
    EXPECT_NE(all.find(name), std::string::npos) << name;
  EXPECT_EQ(all.find("STLS"), std::string::npos);
  Pop3Server poor(Pop3Options{.top = false, .uidl = false, .pipelining = false});
  fill(poor);
  RawPop3 other(connect(poor));
  other.ask("CAPA");
  EXPECT_EQ(other.text().find("TOP"), std::string::npos);
  log_in(other);
  EXPECT_FALSE(good(other.ask("UIDL")));
  EXPECT_FALSE(good(other.ask("TOP 1 0")));
}

TEST(Pop3Auth, EachMechanismOpensTheMailbox) {
  Pop3Server server(Pop3Options{.user = false, .apop = true, .sasl = "PLAIN LOGIN XOAUTH2"});
  server.add_mailbox("alice", "secret", "tok");
  const auto opened = [&](const std::vector<std::string>& lines) {
    RawPop3 client(connect(server));
    client.ask("CAPA");
    EXPECT_NE(client.text().find("SASL PLAIN LOGIN XOAUTH2\r\n"), std::string::npos);
    std::string last;
    for (const std::string& line : lines) last = client.ask(line);
    const bool in = good(last);
    client.ask("QUIT");
    return in;
  };
  EXPECT_FALSE(opened({"USER alice"})) << "switched off";
  EXPECT_TRUE(opened({"AUTH PLAIN AGFsaWNlAHNlY3JldA=="}));
  EXPECT_TRUE(opened({"AUTH PLAIN", "AGFsaWNlAHNlY3JldA=="}));
  EXPECT_FALSE(opened({"AUTH PLAIN AGFsaWNlAHdyb25n"}));
  EXPECT_FALSE(opened({"AUTH PLAIN", "*"}));
  EXPECT_TRUE(opened({"AUTH LOGIN", "YWxpY2U=", "c2VjcmV0"}));
  EXPECT_FALSE(opened({"AUTH LOGIN", "YWxpY2U=", "d3Jvbmc="}));
  EXPECT_TRUE(opened({"AUTH XOAUTH2 dXNlcj1hbGljZQFhdXRoPUJlYXJlciB0b2sBAQ=="}));
  EXPECT_FALSE(opened({"AUTH XOAUTH2 dXNlcj1hbGljZQFhdXRoPUJlYXJlciBvbGQBAQ==", ""}));
  EXPECT_FALSE(opened({"APOP alice 0123456789abcdef0123456789abcdef"}));
  EXPECT_FALSE(opened({"AUTH NTLM"}));
  for (const auto& line : server.log()) EXPECT_EQ(line.find("c2VjcmV0"), std::string::npos) << line;
}

TEST_F(Pop3Test, QuitFailsAsItIsTold) {
  server_.set_faults({.quit = Pop3Quit::REFUSED});
  {
    RawPop3 client(connect(server_));
    log_in(client);
    client.ask("DELE 1");
    EXPECT_FALSE(good(client.ask("QUIT")));
  }
  EXPECT_EQ(server_.messages("alice").size(), 2U);
  server_.set_faults({.quit = Pop3Quit::LOST});
  RawPop3 client(connect(server_));
  log_in(client);
  client.ask("DELE 1");
  EXPECT_EQ(client.ask("QUIT"), "");
  EXPECT_EQ(server_.messages("alice").size(), 1U);
}

TEST_F(Pop3Test, PipelinedCommandsAreAnsweredInOrder) {
  RawPop3 client(connect(server_));
  client.say("USER alice\r\nPASS secret\r\nUIDL 1\r\nUIDL 2\r\nQUIT");
  client.line();
  client.line();
  EXPECT_EQ(client.line(), "+OK 1 uid-1");
  EXPECT_EQ(client.line(), "+OK 2 uid-2");
}

TEST_F(Pop3Test, FaultsInMessages) {
  server_.set_faults({.close_in_message = 1, .count = 1});
  RawPop3 broken(connect(server_));
  log_in(broken);
  broken.ask("RETR 1");
  EXPECT_LT(broken.text().size(), kMail.size());
  EXPECT_TRUE(broken.closed);

  server_.set_faults({.no_terminator = 2, .vanish = "uid-1", .drip = std::chrono::milliseconds(1)});
  RawPop3 client(connect(server_));
  std::string answer;
  do {
    client.ask("USER alice");
    answer = client.ask("PASS secret");
  } while (answer.find("IN-USE") != std::string::npos);
  client.ask("UIDL");
  EXPECT_EQ(client.text(), "1 uid-1\r\n2 uid-2\r\n");
  EXPECT_FALSE(good(client.ask("RETR 1"))) << "gone between UIDL and RETR";
  EXPECT_TRUE(good(client.ask("RETR 2")));
  for (const char* line : {"Subject: Second", "", "body"}) EXPECT_EQ(client.line(), line);
  client.socket().shutdownSend();
  EXPECT_EQ(client.line(), "") << "the last line does not come";
  EXPECT_TRUE(client.closed);
}

TEST_F(Pop3Test, FaultsInListings) {
  const auto listing = [&] {
    RawPop3 client(connect(server_));
    log_in(client);
    client.ask("UIDL");
    const std::string out = client.text();
    client.ask("QUIT");
    return out;
  };
  server_.set_faults({.repeat_uidls = true});
  EXPECT_EQ(listing(), "1 uid-1\r\n2 uid-1\r\n");
  server_.set_faults({.change_uidls = true});
  const std::string once = listing();
  EXPECT_NE(once, listing());
  server_.set_faults({.garbage_in_uidl = 2});
  EXPECT_NE(listing().find("this is no line of a listing"), std::string::npos);
  server_.set_faults({});
  EXPECT_EQ(listing(), "1 uid-1\r\n2 uid-2\r\n");
}

TEST_F(Pop3Test, AHangingServerEndsAllTheSame) {
  auto server = std::make_unique<Pop3Server>();
  fill(*server);
  server->set_faults({.hang_on_retr = 1});
  RawPop3 client(connect(*server));
  log_in(client);
  client.say("RETR 1");
  while (server->log().back() != "RETR 1") std::this_thread::yield();
  server.reset();  // must not wait for the client
  EXPECT_EQ(client.line(), "");
  EXPECT_TRUE(client.closed);
}

class Pop3TlsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    Poco::Net::initializeSSL();
    folder_ = std::filesystem::temp_directory_path() / ("pop3-tls-" + std::to_string(::getpid()));
    made_ = make_certificates(folder_);
    trusting_ = new Poco::Net::Context(Poco::Net::Context::TLS_CLIENT_USE, "", "", made_.ca.string(),
                                       Poco::Net::Context::VERIFY_STRICT);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  Pop3Options options(Pop3Tls tls, const Certificate& certificate) const {
    return {.tls = tls,
            .certificate = certificate.certificate.string(),
            .key = certificate.key.string(),
            .require_tls = true};
  }
  // Whether a client that checks names and dates accepts the server.
  bool accepted(const Certificate& certificate) {
    Pop3Server server(options(Pop3Tls::IMPLICIT, certificate));
    try {
      Poco::Net::SecureStreamSocket socket(Poco::Net::SocketAddress("127.0.0.1", server.port()), "localhost",
                                           trusting_);
      return socket.completeHandshake() >= 0 && good(RawPop3(socket).greeting);
    } catch (const Poco::Exception&) {
      return false;
    }
  }

  std::filesystem::path folder_;
  Certificates made_;
  Poco::Net::Context::Ptr trusting_;
};

TEST_F(Pop3TlsTest, OnlyTheGoodCertificateIsAccepted) {
  EXPECT_TRUE(accepted(made_.good));
  EXPECT_FALSE(accepted(made_.expired));
  EXPECT_FALSE(accepted(made_.wrong_host));
  const auto mode = std::filesystem::status(made_.good.key).permissions();
  EXPECT_EQ(mode & std::filesystem::perms::others_read, std::filesystem::perms::none);
}

TEST_F(Pop3TlsTest, StlsSwitchesTheConnection) {
  Pop3Server server(options(Pop3Tls::STLS, made_.good));
  fill(server);
  RawPop3 plain(connect(server));
  plain.ask("CAPA");
  EXPECT_NE(plain.text().find("STLS"), std::string::npos);
  EXPECT_FALSE(good(plain.ask("USER alice"))) << "not in plain";
  ASSERT_TRUE(good(plain.ask("STLS")));
  Poco::Net::SecureStreamSocket secure = Poco::Net::SecureStreamSocket::attach(plain.socket(), "localhost", trusting_);
  const std::string capa = "CAPA\r\n";  // the greeting is not repeated
  secure.sendBytes(capa.data(), static_cast<int>(capa.size()));
  RawPop3 client(secure);
  EXPECT_TRUE(good(client.greeting));
  EXPECT_EQ(client.text().find("STLS"), std::string::npos);
  log_in(client);
  EXPECT_TRUE(good(client.ask("QUIT")));
}

TEST_F(Pop3TlsTest, TheOrganizationSpeaksHttpsToo) {
  Dataverse server(DataverseOptions{.certificate = made_.good.certificate.string(), .key = made_.good.key.string()});
  EXPECT_TRUE(server.url().starts_with("https://localhost:"));
  Poco::Net::SecureStreamSocket socket(Poco::Net::SocketAddress("127.0.0.1", server.port()), "localhost", trusting_);
  const std::string request = "GET /api/data/v9.2/WhoAmI HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  socket.sendBytes(request.data(), static_cast<int>(request.size()));
  std::array<char, 64> piece{};
  ASSERT_GT(socket.receiveBytes(piece.data(), static_cast<int>(piece.size())), 12);
  EXPECT_TRUE(std::string(piece.data(), 12) == "HTTP/1.1 401");
}

}  // namespace
}  // namespace syncline::sandbox
