// How the plugin signs in: what it chooses, what it sends, and what it makes of a refusal.
#include "sign_in.hpp"

#include <syncline/formats/base64.hpp>

#include "scripted_server.hpp"
#include "test_endpoint.hpp"
#include "tests/servers/dataverse.hpp"
#include "tests/servers/pop3.hpp"

namespace syncline::pop3 {
namespace {

namespace json = boost::json;
using sandbox::Pop3Options;
using sandbox::Pop3Server;

Offer offer(std::set<std::string> sasl, bool user = true, std::string timestamp = {}) {
  return {true, user, std::move(sasl), std::move(timestamp)};
}

Method chosen(const Offer& offered, bool clear = false, Method wanted = Method::AUTO) {
  return choose_method(wanted, offered, Credentials("ann", "secret"), clear, "pop.test:995");
}

TEST(SignIn, TheStrongestThatIsOffered) {
  const std::string stamp = "<1896.697170952@dbc.mtview.ca.us>";
  EXPECT_EQ(chosen(offer({"PLAIN", "LOGIN", "XOAUTH2"})), Method::PLAIN) << "there is no token";
  EXPECT_EQ(chosen(offer({"LOGIN"})), Method::LOGIN);
  EXPECT_EQ(chosen(offer({})), Method::USER);
  EXPECT_EQ(chosen(Offer{}), Method::USER) << "no CAPA";
  EXPECT_EQ(chosen(offer({"PLAIN"}, true, stamp)), Method::PLAIN) << "within TLS";
  EXPECT_EQ(chosen(offer({"PLAIN"}, true, stamp), true), Method::APOP) << "in clear";
  EXPECT_EQ(chosen(offer({}, false, stamp)), Method::APOP) << "nothing else is offered";
  EXPECT_EQ(chosen(offer({}, false), false, Method::USER), Method::USER);
  const Credentials token("ann", "", "tok");
  EXPECT_EQ(choose_method(Method::AUTO, offer({"PLAIN", "XOAUTH2"}), token, false, "x"), Method::XOAUTH2);
  EXPECT_EQ(choose_method(Method::AUTO, Offer{}, token, false, "x"), Method::XOAUTH2);
  EXPECT_THROW(static_cast<void>(choose_method(Method::AUTO, offer({"PLAIN"}), token, false, "x")), Error);
}

TEST(SignIn, WhatIsWantedAndNotOfferedIsSaid) {
  for (const Method method : {Method::XOAUTH2, Method::PLAIN, Method::APOP}) {
    try {
      static_cast<void>(chosen(offer({"LOGIN"}), false, method));
      ADD_FAILURE() << method_name(method);
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), SY_CONFIG);
      EXPECT_NE(std::string(e.what()).find("it offers LOGIN, USER"), std::string::npos) << e.what();
    }
  }
}

TEST(SignIn, Apop) {
  EXPECT_EQ(apop_timestamp("+OK POP3 server ready <1896.697170952@dbc.mtview.ca.us> hi"),
            "<1896.697170952@dbc.mtview.ca.us>");
  EXPECT_EQ(apop_digest("<1896.697170952@dbc.mtview.ca.us>", "tanstaaf"), "c4c9334bac560ecc979e58001b3e22fb");
  for (const char* none : {"+OK ready", "+OK <>", "+OK <no-at>", "+OK <a@>", "+OK <@b>", "+OK <a b@c>", "+OK <a@b@c>",
                           "+OK <a@\x80>", "+OK <a@b"})
    EXPECT_EQ(apop_timestamp(none), "") << none;
}

TEST(SignIn, WhatTheMechanismsSend) {
  const auto decoded = [](Method method, std::size_t i) {
    return formats::base64_decode(sasl_script(method, Credentials("ann", "p\xC3\xA4ss", "tok")).responses.at(i));
  };
  EXPECT_EQ(decoded(Method::PLAIN, 0), std::string("\0ann\0p\xC3\xA4ss", 10));
  EXPECT_EQ(decoded(Method::LOGIN, 0), "ann");
  EXPECT_EQ(decoded(Method::LOGIN, 1), "p\xC3\xA4ss");
  EXPECT_EQ(decoded(Method::XOAUTH2, 0),
            "user=ann\x01"
            "auth=Bearer tok\x01\x01");
}

class SignInSandbox : public EndpointTest {
 protected:
  void start(Pop3Options options, const std::string& password = "secret", const std::string& token = {}) {
    server = std::make_unique<Pop3Server>(std::move(options));
    server->add_mailbox("alice", password, token);
    server->add("alice", mail("a"), "a");
  }
  EndpointHandle connect(json::object more = {}) {
    json::object config{{"host", server->host()}, {"port", server->port()}, {"tls", "none"}};
    for (const auto& option : more) config[option.key()] = option.value();
    return open(config);
  }
  bool used(const std::string& command) const {
    const auto log = server->log();
    return std::any_of(log.begin(), log.end(), [&](const std::string& line) { return line.rfind(command, 0) == 0; });
  }
  std::unique_ptr<Pop3Server> server;
};

TEST_F(SignInSandbox, EachWay) {
  const std::vector<std::pair<const char*, const char*>> ways{{"user", "PASS"},
                                                              {"plain", "AUTH PLAIN"},
                                                              {"login", "AUTH LOGIN"},
                                                              {"apop", "APOP"},
                                                              {"xoauth2", "AUTH XOAUTH2"}};
  host.secret("token", "tok");
  for (const auto& [way, command] : ways) {
    start({.apop = true, .sasl = "PLAIN LOGIN XOAUTH2"}, "secret", "tok");
    EXPECT_EQ(list(connect({{"auth", way}})).size(), 1u) << way;
    EXPECT_TRUE(used(command)) << way;
  }
}

TEST_F(SignInSandbox, AutoTakesWhatIsThere) {
  start({.user = false, .sasl = "LOGIN"});
  EXPECT_EQ(list(connect()).size(), 1u);
  start({.apop = true, .sasl = "PLAIN"});
  EXPECT_EQ(list(connect()).size(), 1u);
  EXPECT_TRUE(used("APOP")) << "without TLS the password does not travel where that can be";
}

TEST_F(SignInSandbox, AResponseThatIsAskedForAgain) {
  for (const char* way : {"plain", "xoauth2"}) {
    start({.sasl = "PLAIN XOAUTH2"}, "secret", "tok");
    host.secret("token", "tok");
    server->set_faults({.late_response = true});
    EXPECT_EQ(list(connect({{"auth", way}})).size(), 1u) << way;
  }
}

TEST_F(SignInSandbox, ALongTokenDoesNotStandInTheCommand) {
  const std::string token(4000, 't');
  start({.sasl = "XOAUTH2"}, "secret", token);
  host.secret("token", token);
  EXPECT_EQ(list(connect({{"auth", "xoauth2"}})).size(), 1u);
  const std::string longer(10'000, 't');
  host.secret("token", longer);
  const EndpointHandle endpoint = connect({{"auth", "xoauth2"}});
  const Error e = error_of([&] { list(endpoint); });
  EXPECT_EQ(e.code(), SY_CONFIG);
  EXPECT_TRUE(says(e, "12 KiB")) << e.what();
}

TEST_F(SignInSandbox, WrongCredentials) {
  host.secret("password", "wrong-as-can-be");
  host.secret("token", "expired-token");
  for (const char* way : {"user", "plain", "login", "apop", "xoauth2"}) {
    start({.apop = true, .sasl = "PLAIN LOGIN XOAUTH2"}, "right", "tok");
    const EndpointHandle endpoint = connect({{"auth", way}});
    const Error e = error_of([&] { list(endpoint); });
    EXPECT_EQ(e.code(), SY_AUTH) << way << e.what();
    for (const char* secret : {"wrong-as-can-be", "expired-token"}) {
      EXPECT_FALSE(says(e, secret)) << e.what();
      EXPECT_FALSE(says(e, formats::base64_encode(secret))) << e.what();
    }
    EXPECT_EQ(says(e, "\"status\":\"401\""), std::string(way) == "xoauth2") << e.what();
  }
}

TEST_F(SignInSandbox, TheConnectionsOwnTokensAreRenewed) {
  sandbox::Dataverse issuer;
  host.secret("oauth.secret", issuer.options().client_secret);
  start({.user = false, .sasl = "PLAIN XOAUTH2"}, "secret", "what no issuer gives");
  const EndpointHandle endpoint = connect(json::object{{"oauth", json::object{{"client_id", issuer.options().client_id},
                                                                              {"token_url", issuer.token_url()},
                                                                              {"scope", issuer.scope()}}}});
  const Error e = error_of([&] { list(endpoint); });
  EXPECT_EQ(e.code(), SY_AUTH) << e.what();
  EXPECT_EQ(server->sessions(), 2u) << "a refused token is renewed once";
  host.secret("oauth.secret", "not-this-one");
  const EndpointHandle other = connect(json::object{{"oauth", json::object{{"client_id", issuer.options().client_id},
                                                                           {"token_url", issuer.token_url()},
                                                                           {"scope", issuer.scope()}}}});
  EXPECT_EQ(error_of([&] { list(other); }, "not-this-one").code(), SY_AUTH);
  EXPECT_EQ(server->sessions(), 2u) << "no session without a token";
}

class SignInScripted : public EndpointTest {
 protected:
  EndpointHandle start(const json::object& more = {}) {
    server.messages = {{"a", mail("a")}};
    server.start();
    json::object config{{"host", "127.0.0.1"}, {"port", server.port()}, {"tls", "none"}, {"read_timeout", 5000}};
    for (const auto& option : more) config[option.key()] = option.value();
    return open(config);
  }
  ScriptedServer server;
};

TEST_F(SignInScripted, ATokenOpensTheMailboxThatHasNoPassword) {
  server.capabilities = "TOP\r\nUIDL\r\nSASL PLAIN XOAUTH2\r\n";
  server.override = [](const std::string& line, int) -> std::optional<std::string> {
    if (line == "AUTH XOAUTH2 " + formats::base64_encode("user=alice\x01"
                                                         "auth=Bearer tok\x01\x01"))
      return std::string("+OK\r\n");
    return std::nullopt;
  };
  host.forget_secret("password");
  const EndpointHandle endpoint = start();
  const Error e = error_of([&] { list(endpoint); }, "\n");
  EXPECT_EQ(e.code(), SY_CONFIG);
  EXPECT_TRUE(says(e, "neither a password nor a token")) << e.what();
  host.secret("token", "tok");
  EXPECT_EQ(list(endpoint).size(), 1u);
}

TEST_F(SignInScripted, AServerThatNeverStopsAsking) {
  server.capabilities = "TOP\r\nUIDL\r\nSASL PLAIN\r\n";
  server.override = [](const std::string& line, int) -> std::optional<std::string> {
    if (line == "CAPA" || line == "QUIT") return std::nullopt;
    return std::string("+ bW9yZQ==\r\n");
  };
  const EndpointHandle endpoint = start();
  const Error e = error_of([&] { list(endpoint); });
  EXPECT_EQ(e.code(), SY_BROKEN) << e.what();
}

TEST_F(SignInScripted, WhatTheServerEchoesIsNotRepeated) {
  server.capabilities = "TOP\r\nUIDL\r\nRESP-CODES\r\nSASL PLAIN\r\n";
  server.override = [](const std::string& line, int) -> std::optional<std::string> {
    if (line.rfind("AUTH", 0) == 0) return "-ERR [AUTH] not " + line + " for secret\r\n";
    return std::nullopt;
  };
  const EndpointHandle endpoint = start();
  const Error e = error_of([&] { list(endpoint); });
  EXPECT_EQ(e.code(), SY_AUTH);
  EXPECT_FALSE(says(e, sasl_script(Method::PLAIN, Credentials("alice", "secret")).responses.front())) << e.what();
}

struct Refusal {
  const char* answer;
  sy_code code;
};
class SignInRefused : public SignInScripted, public testing::WithParamInterface<Refusal> {};

TEST_P(SignInRefused, ToEachWay) {
  server.greeting = "+OK <1.2@test>\r\n";
  server.capabilities = "TOP\r\nUIDL\r\nRESP-CODES\r\nSASL PLAIN LOGIN XOAUTH2\r\n";
  server.override = [](const std::string& line, int) -> std::optional<std::string> {
    if (line == "CAPA") return std::nullopt;
    return std::string(GetParam().answer) + "\r\n";
  };
  host.secret("token", "tok");
  server.start();
  for (const char* way : {"plain", "login", "apop", "user", "xoauth2"}) {
    const EndpointHandle endpoint =
        open({{"host", "127.0.0.1"}, {"port", server.port()}, {"tls", "none"}, {"auth", way}});
    EXPECT_EQ(error_of([&] { list(endpoint); }).code(), GetParam().code) << way;
  }
}
INSTANTIATE_TEST_SUITE_P(Codes, SignInRefused,
                         testing::Values(Refusal{"-ERR [AUTH] no", SY_AUTH}, Refusal{"-ERR no", SY_AUTH},
                                         Refusal{"-ERR [IN-USE] busy", SY_RETRY},
                                         Refusal{"-ERR [LOGIN-DELAY] wait", SY_RETRY},
                                         Refusal{"-ERR [SYS/TEMP] later", SY_RETRY},
                                         Refusal{"-ERR [SYS/PERM] broken", SY_BROKEN}));

}  // namespace
}  // namespace syncline::pop3
