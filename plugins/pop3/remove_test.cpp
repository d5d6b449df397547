// Deletion after processing: against the sandbox's server, and against one whose answers the test writes.
#include "scripted_server.hpp"
#include "test_endpoint.hpp"
#include "tests/servers/pop3.hpp"

namespace syncline::pop3 {
namespace {

namespace json = boost::json;
using Codes = std::vector<sy_code>;
using sandbox::Pop3Faults;
using sandbox::Pop3Quit;
using sandbox::Pop3Server;

class Remove : public EndpointTest {
 protected:
  Remove() {
    server.add_mailbox("alice", "secret");
    for (const char* name : {"a", "b", "c"}) server.add("alice", mail(name), name);
  }
  EndpointHandle connect(bool deletes = true) {
    return open({{"host", server.host()}, {"port", server.port()}, {"tls", "none"}}, "alice", deletes);
  }
  [[nodiscard]] std::vector<std::string> left() const {
    std::vector<std::string> out;
    for (const auto& message : server.messages("alice")) out.push_back(message.uidl);
    return out;
  }
  Pop3Server server;
};

TEST_F(Remove, OffUnlessItIsSet) {
  const EndpointHandle endpoint = connect(false);
  EXPECT_EQ(endpoint.caps("email").flags & (SY_CAN_DELETE | SY_CONSUMES), 0u);
  EXPECT_EQ(error_of([&] { remove(endpoint, {"a"}); }).code(), SY_UNSUPPORTED);
  EXPECT_EQ(left().size(), 3u);
  EXPECT_EQ(connect().caps("email").flags & (SY_CAN_DELETE | SY_CONSUMES), SY_CAN_DELETE | SY_CONSUMES);
  EXPECT_EQ(connect().caps("contact").flags, 0u);
}

TEST_F(Remove, WhatIsNamedGoesAndNothingElse) {
  const EndpointHandle endpoint = connect();
  EXPECT_EQ(codes(remove(endpoint, {"c", "nobody", "a"})), (Codes{SY_OK, SY_GONE, SY_OK}));
  EXPECT_EQ(left(), (std::vector<std::string>{"b"}));
  EXPECT_EQ(server.sessions(), 1u) << "one session for all";
  EXPECT_EQ(codes(remove(endpoint, {"c"})), (Codes{SY_GONE}));
  EXPECT_EQ(host.effects().size(), 1u) << "the one QUIT that deleted";
}

TEST_F(Remove, TheNumbersAreThoseOfItsOwnSession) {
  const EndpointHandle endpoint = connect();
  ASSERT_EQ(list(endpoint).size(), 3u);
  server.remove("alice", "a");  // another client: every number moves
  EXPECT_EQ(codes(remove(endpoint, {"b"})), (Codes{SY_OK}));
  EXPECT_EQ(left(), (std::vector<std::string>{"c"}));
}

TEST_F(Remove, ARefusedQuitDeletesNothing) {
  Pop3Faults faults;
  faults.quit = Pop3Quit::REFUSED;
  server.set_faults(faults);
  const EndpointHandle endpoint = connect();
  const auto done = remove(endpoint, {"a", "nobody"});
  EXPECT_EQ(codes(done), (Codes{SY_RETRY, SY_GONE}));
  EXPECT_NE(done[0].text.find("not removed"), std::string::npos) << done[0].text;
  EXPECT_EQ(left().size(), 3u);
}

TEST_F(Remove, ALostAnswerIsTriedAgain) {
  Pop3Faults faults;
  faults.quit = Pop3Quit::LOST;
  server.set_faults(faults);
  const EndpointHandle endpoint = connect();
  EXPECT_EQ(error_of([&] { remove(endpoint, {"a"}); }).code(), SY_RETRY);
  EXPECT_EQ(left(), (std::vector<std::string>{"b", "c"}));
  server.set_faults({});
  EXPECT_EQ(codes(remove(endpoint, {"a"})), (Codes{SY_GONE})) << "it was carried out";
}

TEST_F(Remove, OtherOperationsAreRefused) {
  const EndpointHandle endpoint = connect();
  Operation create;
  create.verb = SY_CREATE;
  create.kind = "email";
  Operation contact;
  contact.verb = SY_DELETE;
  contact.kind = "contact";
  contact.id = "a";
  Operation moved = contact;
  moved.kind = "email";
  moved.if_version = "2";
  Codes got;
  endpoint.apply(host.call(), std::vector<Operation>{create, contact, moved},
                 [&](std::size_t, const Done& d) { got.push_back(d.code); });
  EXPECT_EQ(got, (Codes{SY_UNSUPPORTED, SY_UNSUPPORTED, SY_CONFLICT}));
  EXPECT_EQ(left().size(), 3u);
  EXPECT_EQ(server.sessions(), 0u);
}

TEST_F(Remove, SharedUidlsAreToldApartByTheirHeaders) {
  server.add("alice", mail("first"), "same");
  server.add("alice", mail("second"), "same");
  const EndpointHandle endpoint = connect();
  const std::vector<std::string> ids = list(endpoint);
  ASSERT_EQ(ids.size(), 5u);
  EXPECT_EQ(codes(remove(endpoint, {"same"})), (Codes{SY_DENIED})) << "which of them, nobody said";
  EXPECT_EQ(left().size(), 5u);
}

class RemoveScripted : public EndpointTest {
 protected:
  EndpointHandle start() {
    server.start();
    return open({{"host", "127.0.0.1"}, {"port", server.port()}, {"tls", "none"}, {"read_timeout", 5000}}, "alice",
                true);
  }
  ScriptedServer server;
};

TEST_F(RemoveScripted, AMarkedIdIsVerifiedByItsHeadersAnew) {
  server.messages = {{"same", mail("a")}, {"same", mail("b")}};
  std::vector<std::string> deleted;
  server.override = [&](const std::string& line, int) -> std::optional<std::string> {
    if (line.rfind("DELE", 0) != 0) return std::nullopt;
    deleted.push_back(line);
    return std::string("+OK\r\n");
  };
  const EndpointHandle endpoint = start();
  const std::vector<std::string> ids = list(endpoint);
  ASSERT_EQ(ids.size(), 2u);
  const std::size_t read = server.count("TOP");
  EXPECT_EQ(codes(remove(endpoint, {ids[1]})), (Codes{SY_OK}));
  EXPECT_EQ(deleted, (std::vector<std::string>{"DELE 2"}));
  EXPECT_GT(server.count("TOP"), read) << "the headers were read in the session that deletes";
  server.messages[1].bytes = mail("other");
  EXPECT_EQ(codes(remove(endpoint, {ids[1]})), (Codes{SY_GONE})) << "the number has another mail now";
  server.messages[1].bytes = server.messages[0].bytes;
  EXPECT_EQ(codes(remove(endpoint, {ids[0]})), (Codes{SY_DENIED})) << "twins: none is deleted";
  EXPECT_EQ(deleted.size(), 1u);
}

TEST_F(RemoveScripted, ARefusedDeleConcernsItsMessageOnly) {
  server.messages = {{"a", mail("a")}, {"b", mail("b")}, {"c", mail("c")}};
  server.override = [](const std::string& line, int) -> std::optional<std::string> {
    if (line == "DELE 2") return std::string("-ERR [SYS/PERM] read-only\r\n");
    if (line == "DELE 3") return std::string("-ERR busy\r\n");
    if (line == "DELE 1") return std::string("+OK\r\n");
    return std::nullopt;
  };
  EXPECT_EQ(codes(remove(start(), {"a", "b", "c"})), (Codes{SY_OK, SY_BROKEN, SY_RETRY}));
}

TEST_F(RemoveScripted, AConnectionLostBeforeQuitDeletesNothing) {
  server.messages = {{"a", mail("a")}, {"b", mail("b")}};
  server.override = [](const std::string& line, int) -> std::optional<std::string> {
    if (line == "DELE 2") return std::string(ScriptedServer::CLOSE);
    if (line.rfind("DELE", 0) == 0) return std::string("+OK\r\n");
    return std::nullopt;
  };
  const EndpointHandle endpoint = start();
  EXPECT_EQ(error_of([&] { remove(endpoint, {"a", "b"}); }).code(), SY_RETRY);
  EXPECT_EQ(server.count("QUIT"), 0u);
  EXPECT_TRUE(host.effects().empty());
}

}  // namespace
}  // namespace syncline::pop3
