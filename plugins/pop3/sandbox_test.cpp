// The endpoint against the sandbox's POP3 server: TLS in its kinds, certificates, and the server's faults.
#include "test_endpoint.hpp"
#include "tests/servers/certificates.hpp"
#include "tests/servers/pop3.hpp"

namespace syncline::pop3 {
namespace {

namespace json = boost::json;
using sandbox::Pop3Faults;
using sandbox::Pop3Options;
using sandbox::Pop3Server;
using sandbox::Pop3Tls;

class Sandbox : public EndpointTest {
 protected:
  static void SetUpTestSuite() {
    folder = std::make_unique<conformance::TemporaryFolder>();
    certificates = sandbox::make_certificates(folder->path());
  }
  static void TearDownTestSuite() { folder.reset(); }

  /// A server with three messages in alice's mailbox.
  void start(Pop3Tls tls, const sandbox::Certificate& certificate = certificates.good, Pop3Options options = {}) {
    options.tls = tls;
    options.certificate = certificate.certificate.string();
    options.key = certificate.key.string();
    server = std::make_unique<Pop3Server>(options);
    server->add_mailbox("alice", "secret");
    for (const char* name : {"a", "b", "c"}) server->add("alice", mail(name), name);
  }
  EndpointHandle connect(const char* tls, const json::object& more = {}) {
    json::object config{{"host", std::string(tls) == "none" ? "127.0.0.1" : "localhost"},
                        {"port", server->port()},
                        {"tls", tls},
                        {"ca_file", certificates.ca.string()},
                        {"read_timeout", 5000}};
    for (const auto& option : more) config[option.key()] = option.value();
    return open(config);
  }
  Error refused(const char* tls, const json::object& more = {}) {
    const EndpointHandle endpoint = connect(tls, more);
    return error_of([&] { list(endpoint); });
  }
  std::size_t passwords() const {
    std::size_t n = 0;
    for (const std::string& line : server->log()) n += line.rfind("PASS", 0) == 0 ? 1 : 0;
    return n;
  }

  inline static std::unique_ptr<conformance::TemporaryFolder> folder;
  inline static sandbox::Certificates certificates;
  std::unique_ptr<Pop3Server> server;
};

TEST_F(Sandbox, ImplicitTlsAndStls) {
  for (const auto& [kind, name] :
       {std::pair{Pop3Tls::IMPLICIT, "implicit"}, {Pop3Tls::STLS, "starttls"}, {Pop3Tls::NONE, "none"}}) {
    start(kind);
    const EndpointHandle endpoint = connect(name);
    const std::vector<std::string> ids = list(endpoint);
    EXPECT_EQ(ids, (std::vector<std::string>{"a", "b", "c"})) << name;
    for (const auto& [id, item] : fetch(endpoint, ids, SY_WHOLE))
      EXPECT_EQ(std::string(doc(item).at("subject").as_string()), id) << name;
    const json::object facts = json::parse(connection.probe(host.call())).as_object();
    EXPECT_EQ(facts.at("tls").is_null(), kind == Pop3Tls::NONE);
    EXPECT_EQ(facts.contains("certificate_end"), kind != Pop3Tls::NONE);
    EXPECT_FALSE(server->locked("alice"));
    EXPECT_EQ(server->messages("alice").size(), 3u);
  }
}

TEST_F(Sandbox, ServerThatWantsTlsFirst) {
  Pop3Options options;
  options.require_tls = true;
  start(Pop3Tls::STLS, certificates.good, options);
  EXPECT_EQ(list(connect("starttls")).size(), 3u);
  const Error e = refused("none");
  EXPECT_EQ(e.code(), SY_CONFIG) << e.what();
  EXPECT_TRUE(says(e, "starttls")) << e.what();
}

TEST_F(Sandbox, ExpiredCertificate) {
  start(Pop3Tls::IMPLICIT, certificates.expired);
  const Error e = refused("implicit");
  EXPECT_EQ(e.code(), SY_CONFIG);
  EXPECT_TRUE(says(e, "expired at 20")) << e.what();
  EXPECT_EQ(passwords(), 0u);
}

TEST_F(Sandbox, CertificateForAnotherHost) {
  start(Pop3Tls::STLS, certificates.wrong_host);
  const Error e = refused("starttls");
  EXPECT_EQ(e.code(), SY_CONFIG);
  EXPECT_TRUE(says(e, "it says elsewhere.test, wanted was localhost")) << e.what();
  EXPECT_TRUE(says(e, "server_name")) << e.what();
  EXPECT_EQ(passwords(), 0u);
  EXPECT_EQ(list(connect("starttls", {{"server_name", "elsewhere.test"}})).size(), 3u);
}

TEST_F(Sandbox, UnknownAuthority) {
  start(Pop3Tls::IMPLICIT);
  const Error e = refused("implicit", {{"ca_file", ""}});
  EXPECT_EQ(e.code(), SY_CONFIG);
  EXPECT_TRUE(says(e, "unknown authority")) << e.what();
  EXPECT_TRUE(says(e, "ca_file")) << e.what();
  const Error missing = refused("implicit", {{"ca_file", "/nowhere/ca.pem"}});
  EXPECT_EQ(missing.code(), SY_CONFIG);
  EXPECT_TRUE(says(missing, "/nowhere/ca.pem")) << missing.what();
  EXPECT_EQ(passwords(), 0u);
}

TEST_F(Sandbox, AnAddressIsCheckedAsAnAddress) {
  start(Pop3Tls::IMPLICIT);
  EXPECT_EQ(list(connect("implicit", {{"host", "127.0.0.1"}})).size(), 3u);
}

TEST_F(Sandbox, VerifyOffIsSaidInTheLog) {
  start(Pop3Tls::IMPLICIT, certificates.expired);
  EXPECT_EQ(list(connect("implicit", {{"verify", false}, {"ca_file", ""}})).size(), 3u);
  EXPECT_TRUE(host.logged("verify = false"));
}

TEST_F(Sandbox, WrongPassword) {
  start(Pop3Tls::IMPLICIT);
  host.secret("password", "secretly-wrong");
  const Error e = refused("implicit");
  EXPECT_EQ(e.code(), SY_AUTH) << e.what();
}

TEST_F(Sandbox, MailboxInUse) {
  start(Pop3Tls::NONE);
  const EndpointHandle first = connect("none");
  const EndpointHandle second = connection.open(host, R"({"username": "alice"})");
  bool tried = false;
  first.fetch(host.call(), "email", std::vector<std::string>{"a", "b"}, SY_WHOLE, [&](const Item&) {
    if (!tried) {
      tried = true;
      const Error e = error_of([&] { list(second); });
      EXPECT_EQ(e.code(), SY_RETRY);
      EXPECT_EQ(e.server_code(), "IN-USE");
      EXPECT_EQ(e.retry_after_ms(), 30'000);
    }
    return true;
  });
  EXPECT_TRUE(tried);
  EXPECT_EQ(list(second).size(), 3u);
}

TEST_F(Sandbox, HangsInAMessage) {
  start(Pop3Tls::IMPLICIT);
  Pop3Faults faults;
  faults.hang_on_retr = 2;
  server->set_faults(faults);
  const EndpointHandle endpoint = connect("implicit", {{"read_timeout", 300}});
  EXPECT_EQ(error_of([&] { fetch(endpoint, {"a", "b", "c"}, SY_WHOLE); }).code(), SY_RETRY);
  EXPECT_EQ(seen.count("b"), 0u);
}

TEST_F(Sandbox, ClosesInAMessage) {
  start(Pop3Tls::IMPLICIT);
  Pop3Faults faults;
  faults.close_in_message = 2;
  faults.count = 1;
  server->set_faults(faults);
  const EndpointHandle endpoint = connect("implicit");
  EXPECT_EQ(error_of([&] { fetch(endpoint, {"a", "b", "c"}, SY_WHOLE); }).code(), SY_RETRY);
  EXPECT_EQ(seen.size(), 1u);
  EXPECT_EQ(host.spool().files(), 1u);
  fetch(endpoint, {"b", "c"}, SY_WHOLE);  // the fault is over
}

TEST_F(Sandbox, TheEndOfAMessageNeverComes) {
  start(Pop3Tls::NONE);
  Pop3Faults faults;
  faults.no_terminator = 1;
  server->set_faults(faults);
  const EndpointHandle endpoint = connect("none", {{"read_timeout", 300}});
  EXPECT_EQ(error_of([&] { fetch(endpoint, {"a"}, SY_WHOLE); }).code(), SY_RETRY);
  EXPECT_TRUE(seen.empty());
  EXPECT_EQ(host.spool().files(), 0u);
}

TEST_F(Sandbox, RepeatedUidls) {
  start(Pop3Tls::NONE);
  Pop3Faults faults;
  faults.repeat_uidls = true;
  server->set_faults(faults);
  const EndpointHandle endpoint = connect("none");
  const std::vector<std::string> ids = list(endpoint);
  ASSERT_EQ(ids.size(), 3u);
  std::vector<std::string> subjects;
  const auto items = fetch(endpoint, ids, SY_HEAD);
  for (const std::string& id : ids) subjects.emplace_back(doc(items.at(id)).at("subject").as_string());
  EXPECT_EQ(subjects, (std::vector<std::string>{"a", "b", "c"}));
}

TEST_F(Sandbox, ChangedUidls) {
  start(Pop3Tls::NONE);
  Pop3Faults faults;
  faults.change_uidls = true;
  server->set_faults(faults);
  const EndpointHandle endpoint = connect("none");
  for (const auto& [id, item] : fetch(endpoint, list(endpoint), SY_HEAD)) EXPECT_TRUE(item.gone());
  EXPECT_TRUE(host.logged("new UIDLs in every session"));
}

TEST_F(Sandbox, GarbageInTheListing) {
  start(Pop3Tls::NONE);
  Pop3Faults faults;
  faults.garbage_in_uidl = 2;
  server->set_faults(faults);
  EXPECT_EQ(list(connect("none")).size(), 3u);
  EXPECT_TRUE(host.logged("name no message"));
}

TEST_F(Sandbox, RemovedByAnotherClientBetweenUidlAndRetr) {
  start(Pop3Tls::IMPLICIT);
  Pop3Faults faults;
  faults.vanish = "b";
  server->set_faults(faults);
  const EndpointHandle endpoint = connect("implicit");
  const auto items = fetch(endpoint, {"a", "b", "c"}, SY_WHOLE);
  EXPECT_TRUE(items.at("b").gone() || items.at("b").invisible());
  EXPECT_FALSE(items.at("a").gone());
  EXPECT_FALSE(items.at("c").gone());
}

TEST_F(Sandbox, PoorServers) {
  for (const bool pipelining : {true, false})
    for (const bool top : {true, false})
      for (const bool capa : {true, false}) {
        Pop3Options options;
        options.pipelining = pipelining;
        options.top = top;
        options.capa = capa;
        start(Pop3Tls::NONE, certificates.good, options);
        const EndpointHandle endpoint = connect("none");
        for (const int depth : {SY_HEAD, SY_WHOLE}) EXPECT_EQ(fetch(endpoint, list(endpoint), depth).size(), 3u);
      }
  Pop3Options options;
  options.uidl = false;
  start(Pop3Tls::NONE, certificates.good, options);
  EXPECT_EQ(refused("none").code(), SY_CONFIG);
}

TEST_F(Sandbox, ADrippingServerIsStillReadInTime) {
  start(Pop3Tls::IMPLICIT);
  Pop3Faults faults;
  faults.drip = std::chrono::milliseconds(5);
  server->set_faults(faults);
  EXPECT_EQ(fetch(connect("implicit"), {"a", "b", "c"}, SY_WHOLE).size(), 3u);
}

}  // namespace
}  // namespace syncline::pop3
