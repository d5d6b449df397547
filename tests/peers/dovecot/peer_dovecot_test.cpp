// The plugin's endpoint against a real server.
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <filesystem>
#include <map>
#include <syncline/conformance/test_host.hpp>
#include <syncline/handles.hpp>

#include "dovecot.hpp"
#include "plugins/pop3/pop3.hpp"
#include "plugins/pop3/session.hpp"
#include "plugins/pop3/tls.hpp"

namespace {

namespace json = boost::json;
using namespace syncline;

std::string mail(const std::string& subject, const std::string& body) {
  return "Message-ID: <" + subject +
         "@peer.test>\r\nDate: Mon, 02 Mar 2026 10:00:00 +0100\r\nFrom: Ann <ann@customer.test>\r\n"
         "To: alice@contoso.test\r\nSubject: " +
         subject + "\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n" + body;
}

class PeerDovecot : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    try {
      std::vector<std::string> users;  // one for each test, named like it
      const testing::TestSuite& suite = *testing::UnitTest::GetInstance()->current_test_suite();
      for (int i = 0; i < suite.total_test_count(); ++i) users.emplace_back(suite.GetTestInfo(i)->name());
      server = std::make_unique<peers::Dovecot>(users, "s3cret word");
    } catch (const std::exception& e) {
      why = e.what();
    }
  }
  static void TearDownTestSuite() { server.reset(); }

  void SetUp() override {
    ASSERT_NE(server, nullptr) << why;
    host.secret("password", "s3cret word");
  }
  void TearDown() override {
    if (HasFailure() && server) std::cerr << server->log();
    EXPECT_EQ(host.spool().open_handles(), 0u);
  }

  static std::string user() { return testing::UnitTest::GetInstance()->current_test_info()->name(); }
  json::object config(const std::string& tls) const {
    return {{"host", "localhost"},
            {"port", tls == "implicit" ? server->tls_port() : server->starttls_port()},
            {"tls", tls},
            {"ca_file", server->ca().string()}};
  }
  EndpointHandle open(const json::object& config, bool deletes = false) {
    connection = ConnectionHandle(Instance(class_of<pop3::Pop3>, host, json::serialize(config)));
    return connection.open(host,
                           json::serialize(json::object{{"username", user()}, {"delete_after_processing", deletes}}));
  }
  std::vector<std::string> ids(const EndpointHandle& endpoint) {
    std::vector<std::string> out;
    const PageEnd end = endpoint.feeds().page(host.call(), "inbox", "", [&](const Item& i) {
      out.push_back(i.id);
      return true;
    });
    EXPECT_EQ(end.end, SY_PAGE_LISTING_COMPLETE);
    return out;
  }
  Error error_of(const std::function<void()>& call) {
    try {
      call();
    } catch (const Error& e) {
      return e;
    }
    ADD_FAILURE() << "no error";
    return {SY_OK, ""};
  }
  /// Two messages, listed and read over this kind of TLS.
  void read_over(const std::string& tls) {
    server->deliver(user(), mail("first", "line\r\n.dot\r\n..\r\nend\r\n"));
    server->deliver(user(), mail("second", "other\r\n"));
    const EndpointHandle endpoint = open(config(tls));
    const std::vector<std::string> listed = ids(endpoint);
    ASSERT_EQ(listed.size(), 2u);
    std::map<std::string, json::object> seen;
    for (const int depth : {SY_HEAD, SY_WHOLE})
      endpoint.fetch(host.call(), "email", listed, depth, [&](const Item& i) {
        EXPECT_EQ(i.head(), depth == SY_HEAD);
        seen[i.id] = json::parse(i.doc).as_object();
        return true;
      });
    EXPECT_EQ(seen.at(listed[0]).at("subject"), "first");
    EXPECT_EQ(seen.at(listed[1]).at("message_id"), "second@peer.test");
    EXPECT_EQ(host.read_blob(seen.at(listed[0]).at("body").at("blob").as_string()), "line\r\n.dot\r\n..\r\nend\r\n");
    const json::object facts = json::parse(connection.probe(host.call())).as_object();
    EXPECT_EQ(facts.at("tls"), "TLSv1.3");
    EXPECT_TRUE(facts.contains("certificate_end"));
    EXPECT_EQ(facts.at("pipelining"), true);
  }

  inline static std::unique_ptr<peers::Dovecot> server;
  inline static std::string why;
  conformance::TestHost host;
  ConnectionHandle connection;
};

TEST_F(PeerDovecot, ImplicitTls) { read_over("implicit"); }
TEST_F(PeerDovecot, StartTls) { read_over("starttls"); }

TEST_F(PeerDovecot, WrongPassword) {
  host.secret("password", "wrong-as-can-be");
  const EndpointHandle endpoint = open(config("implicit"));
  const Error e = error_of([&] { ids(endpoint); });
  EXPECT_EQ(e.code(), SY_AUTH) << e.what();
  EXPECT_EQ(std::string(e.what()).find("wrong-as-can-be"), std::string::npos);
}

TEST_F(PeerDovecot, EachWayToSignIn) {
  server->deliver(user(), mail("one", "x\r\n"));
  for (const char* tls : {"implicit", "starttls"})
    for (const char* way : {"auto", "user", "plain", "login", "apop"}) {
      json::object with = config(tls);
      with["auth"] = way;
      host.secret("password", "s3cret word");
      EXPECT_EQ(ids(open(with)).size(), 1u) << tls << " " << way;
      host.secret("password", "wrong-as-can-be");
      const EndpointHandle wrong = open(with);
      EXPECT_EQ(error_of([&] { ids(wrong); }).code(), SY_AUTH) << tls << " " << way;
    }
  json::object apop{{"host", "127.0.0.1"}, {"port", server->starttls_port()}, {"tls", "none"}};
  host.secret("password", "s3cret word");
  EXPECT_EQ(ids(open(apop)).size(), 1u) << "without TLS";
  json::object with = config("implicit");
  with["auth"] = "xoauth2";
  host.secret("token", "tok");
  const EndpointHandle none = open(with);
  EXPECT_EQ(error_of([&] { ids(none); }).code(), SY_CONFIG) << "this server does not offer it";
}

TEST_F(PeerDovecot, DeletesWhatWasProcessed) {
  for (const char* name : {"first", "second", "third"}) server->deliver(user(), mail(name, "x\r\n"));
  const EndpointHandle endpoint = open(config("implicit"), true);
  const std::vector<std::string> listed = ids(endpoint);
  ASSERT_EQ(listed.size(), 3u);
  const auto remove = [&](const std::vector<std::string>& which) {
    std::vector<Operation> ops(which.size());
    std::vector<sy_code> codes;
    for (std::size_t i = 0; i < which.size(); ++i) {
      ops[i].verb = SY_DELETE;
      ops[i].kind = "email";
      ops[i].id = which[i];
    }
    endpoint.apply(host.call(), ops, [&](std::size_t, const Done& d) { codes.push_back(d.code); });
    return codes;
  };
  EXPECT_EQ(remove({listed[2], listed[0]}), (std::vector<sy_code>{SY_OK, SY_OK}));
  EXPECT_EQ(ids(endpoint), (std::vector<std::string>{listed[1]}));
  std::size_t files = 0;
  for (const auto& file : std::filesystem::directory_iterator(server->maildir(user()) / "cur")) files += file.exists();
  EXPECT_EQ(files, 1u) << "gone from the disk";
  EXPECT_EQ(remove({listed[0]}), (std::vector<sy_code>{SY_GONE}));
}

TEST_F(PeerDovecot, WrongHostName) {
  json::object other = config("starttls");
  other["server_name"] = "elsewhere.test";
  const EndpointHandle endpoint = open(other);
  const Error e = error_of([&] { ids(endpoint); });
  EXPECT_EQ(e.code(), SY_CONFIG);
  EXPECT_NE(std::string(e.what()).find("it says localhost, wanted was elsewhere.test"), std::string::npos) << e.what();
}

TEST_F(PeerDovecot, UnknownAuthority) {
  json::object other = config("implicit");
  other.erase("ca_file");
  const EndpointHandle endpoint = open(other);
  const Error e = error_of([&] { ids(endpoint); });
  EXPECT_EQ(e.code(), SY_CONFIG);
  EXPECT_NE(std::string(e.what()).find("unknown authority"), std::string::npos) << e.what();
}

TEST_F(PeerDovecot, MailboxLocked) {
  server->deliver(user(), mail("locked", "x\r\n"));
  const EndpointHandle endpoint = open(config("implicit"));
  const pop3::Settings settings = pop3::read_settings(json::serialize(config("implicit")));
  const Poco::Net::Context::Ptr context = pop3::make_context(settings);
  const Call call(*host.call());
  const Host own = host.host();
  {
    pop3::Session other(settings, context, call, own);
    other.login(pop3::Credentials(user(), "s3cret word"));
    const Error e = error_of([&] { ids(endpoint); });
    EXPECT_EQ(e.code(), SY_RETRY) << e.what();
    EXPECT_EQ(e.server_code(), "IN-USE") << e.what();
    EXPECT_GT(e.retry_after_ms(), 0);
    other.quit();
  }
  EXPECT_EQ(ids(endpoint).size(), 1u);
}

TEST_F(PeerDovecot, DeletedBetweenUidlAndRetr) {
  // The first message is larger than what is asked for ahead, so the second is asked for after the first was read.
  std::string body;
  while (body.size() < 6u << 20u) body += "0123456789 0123456789 0123456789 0123456789 0123456789 0123456789\r\n";
  server->deliver(user(), mail("large", body));
  const auto victim = server->deliver(user(), mail("victim", "x\r\n"));
  const EndpointHandle endpoint = open(config("implicit"));
  const std::vector<std::string> listed = ids(endpoint);
  ASSERT_EQ(listed.size(), 2u);
  std::map<std::string, Item> seen;
  endpoint.fetch(host.call(), "email", listed, SY_WHOLE, [&](const Item& i) {
    if (i.id == listed[0]) std::filesystem::remove(victim);  // another client
    seen[i.id] = i;
    return true;
  });
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_FALSE(seen.at(listed[0]).gone());
  EXPECT_TRUE(seen.at(listed[1]).gone());
}

}  // namespace
