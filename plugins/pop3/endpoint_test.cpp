// The endpoint against a server whose answers the test writes.
#include <sys/resource.h>

#include "scripted_server.hpp"
#include "test_endpoint.hpp"

namespace syncline::pop3 {
namespace {

namespace json = boost::json;

class Scripted : public EndpointTest {
 protected:
  EndpointHandle start(const json::object& more = {}) {
    server.start();
    json::object config{{"host", "127.0.0.1"}, {"port", server.port()}, {"tls", "none"}, {"read_timeout", 5000}};
    for (const auto& option : more) config[option.key()] = option.value();
    return open(config);
  }
  void add(const std::string& uidl, const std::string& bytes) { server.messages.push_back({uidl, bytes}); }
  void three() {
    for (const char* name : {"a", "b", "c"}) add(name, mail(name));
  }

  ScriptedServer server;
};

TEST_F(Scripted, ListsAndReads) {
  three();
  const EndpointHandle endpoint = start();
  EXPECT_EQ(endpoint.caps("email").flags & (SY_CAN_CREATE | SY_CAN_UPDATE | SY_CAN_DELETE), 0u);
  EXPECT_NE(endpoint.caps("email").flags, 0u);
  EXPECT_EQ(endpoint.caps("contact").flags, 0u);
  ASSERT_EQ(endpoint.feeds().list(host.call()).size(), 1u);
  EXPECT_EQ(list(endpoint), (std::vector<std::string>{"a", "b", "c"}));
  const auto heads = fetch(endpoint, {"c", "a"}, SY_HEAD);
  EXPECT_EQ(server.count("RETR"), 0u);
  EXPECT_TRUE(heads.at("a").head());
  EXPECT_EQ(doc(heads.at("a")).at("message_id"), "a@test");
  EXPECT_EQ(doc(heads.at("a")).at("size").to_number<std::size_t>(), mail("a").size());
  EXPECT_FALSE(doc(heads.at("a")).contains("body"));
  const auto whole = fetch(endpoint, {"b"}, SY_WHOLE);
  EXPECT_FALSE(whole.at("b").head());
  EXPECT_EQ(host.read_blob(doc(whole.at("b")).at("body").at("blob").as_string()), "text\r\n");
  EXPECT_EQ(server.count("DELE"), 0u);
  EXPECT_EQ(host.effects().size(), 0u);
}

TEST_F(Scripted, WithoutTopTheHeadComesFromTheWholeMessage) {
  server.capabilities = "UIDL\r\n";
  three();
  const auto heads = fetch(start(), {"a", "b", "c"}, SY_HEAD);
  EXPECT_EQ(server.count("TOP"), 0u);
  EXPECT_EQ(doc(heads.at("b")).at("subject"), "b");
  EXPECT_TRUE(heads.at("b").head());
  EXPECT_EQ(host.spool().files(), 0u);
}

TEST_F(Scripted, PipelinesOnlyWhenOffered) {
  for (int i = 0; i < 20; ++i) add("m" + std::to_string(i), mail("m" + std::to_string(i)));
  server.capabilities = "TOP\r\nUIDL\r\n";
  const EndpointHandle endpoint = start();
  std::vector<std::string> ids = list(endpoint);
  fetch(endpoint, ids, SY_WHOLE);
  EXPECT_EQ(server.most_ahead(), 1u);
}

TEST_F(Scripted, PipelinesInAWindow) {
  for (int i = 0; i < 50; ++i) add("m" + std::to_string(i), mail("m" + std::to_string(i)));
  const EndpointHandle endpoint = start();
  fetch(endpoint, list(endpoint), SY_WHOLE);
  EXPECT_GT(server.most_ahead(), 1u);
  EXPECT_LE(server.most_ahead(), 32u);
}

TEST_F(Scripted, DotsAreUnstuffed) {
  const std::string body = ".\r\n..\r\n.a\r\n\r\n...\r\n.\r.\r\nend\r\n";
  add("a", mail("a", body));
  const auto whole = fetch(start(), {"a"}, SY_WHOLE);
  EXPECT_EQ(host.read_blob(doc(whole.at("a")).at("body").at("blob").as_string()), body);
}

TEST_F(Scripted, SessionsAreShort) {
  for (int i = 0; i < 7; ++i) add("m" + std::to_string(i), mail("m" + std::to_string(i)));
  const EndpointHandle endpoint = start({{"session_messages", 3}});
  fetch(endpoint, {"m0", "m1", "m2", "m3", "m4", "m5", "m6"}, SY_WHOLE);
  EXPECT_EQ(server.sessions(), 3);
  EXPECT_EQ(server.count("QUIT"), 3u);
}

TEST_F(Scripted, SessionsAreBoundedInBytes) {
  for (int i = 0; i < 4; ++i)
    add("m" + std::to_string(i), mail("m" + std::to_string(i), std::string(1500, 'x') + "\r\n"));
  fetch(start({{"session_bytes", 3500}}), {"m0", "m1", "m2", "m3"}, SY_WHOLE);
  EXPECT_EQ(server.sessions(), 2);
}

TEST_F(Scripted, TheNextSessionWaitsForTheLock) {
  three();
  server.override = [n = 0](const std::string& line, int session) mutable -> std::optional<std::string> {
    if (line.rfind("PASS", 0) == 0 && session > 1 && n++ < 2) return std::string("-ERR [IN-USE] wait\r\n");
    return std::nullopt;
  };
  fetch(start({{"session_messages", 2}}), {"a", "b", "c"}, SY_WHOLE);
  EXPECT_EQ(server.sessions(), 4);
}

TEST_F(Scripted, ALockThatABrokenOffSessionLeftIsWaitedFor) {
  three();
  server.override = [n = 0](const std::string& line, int session) mutable -> std::optional<std::string> {
    if (line.rfind("PASS", 0) == 0 && session > 1 && n++ < 2) return std::string("-ERR [IN-USE] wait\r\n");
    return std::nullopt;
  };
  const EndpointHandle endpoint = start();
  endpoint.fetch(host.call(), "email", std::vector<std::string>{"a", "b", "c"}, SY_HEAD,
                 [](const Item&) { return false; });  // no QUIT
  EXPECT_EQ(server.count("QUIT"), 0u);
  EXPECT_EQ(list(endpoint).size(), 3u);
  EXPECT_EQ(server.sessions(), 4);
}

TEST_F(Scripted, ALockThatStaysIsSomebodyElses) {
  three();
  server.override = [](const std::string& line, int session) -> std::optional<std::string> {
    if (line.rfind("PASS", 0) == 0 && session > 1) return std::string("-ERR [IN-USE] wait\r\n");
    return std::nullopt;
  };
  const EndpointHandle endpoint = start();
  list(endpoint);
  EXPECT_EQ(error_of([&] { list(endpoint); }).server_code(), "IN-USE");
  EXPECT_EQ(server.sessions(), 6);
  EXPECT_EQ(error_of([&] { list(endpoint); }).code(), SY_RETRY);
  EXPECT_EQ(server.sessions(), 7) << "not waited for again";
}

TEST_F(Scripted, TheWaitForALockDoesNotOutlastTheCall) {
  three();
  server.override = [](const std::string& line, int session) -> std::optional<std::string> {
    if (line.rfind("PASS", 0) == 0 && session > 1) return std::string("-ERR [IN-USE] wait\r\n");
    return std::nullopt;
  };
  const EndpointHandle endpoint = start();
  list(endpoint);
  const conformance::TestCall hasty(50);
  const Error e = error_of([&] { endpoint.feeds().page(hasty, "inbox", "", [](const Item&) { return true; }); });
  EXPECT_EQ(e.code(), SY_RETRY) << e.what();
  EXPECT_EQ(e.server_code(), "IN-USE");
}

TEST_F(Scripted, WhatIsMissingIsGone) {
  three();
  const auto items = fetch(start(), {"a", "nobody"}, SY_HEAD);
  EXPECT_TRUE(items.at("nobody").gone());
  EXPECT_FALSE(items.at("a").gone());
}

TEST_F(Scripted, RemovedBetweenUidlAndRetr) {
  three();
  server.override = [&](const std::string& line, int session) -> std::optional<std::string> {
    if (line == "RETR 2" && session == 1) {
      server.messages.erase(server.messages.begin() + 1);  // on the server's own thread
      return std::string("-ERR removed\r\n");
    }
    if (line == "RETR 3" && session == 1)
      return "+OK\r\n" + ScriptedServer::stuffed(server.messages[1].bytes) + ".\r\n";
    return std::nullopt;
  };
  const auto items = fetch(start(), {"a", "b", "c"}, SY_WHOLE);
  EXPECT_TRUE(items.at("b").gone());
  EXPECT_EQ(doc(items.at("c")).at("subject"), "c");
}

TEST_F(Scripted, ListedButNeverGivenIsNoDeletion) {
  three();
  server.override = [](const std::string& line, int) -> std::optional<std::string> {
    if (line == "RETR 2") return std::string("-ERR I/O error\r\n");
    return std::nullopt;
  };
  const auto items = fetch(start(), {"a", "b", "c"}, SY_WHOLE);
  EXPECT_FALSE(items.at("b").gone());
  EXPECT_TRUE(items.at("b").invisible());
  EXPECT_TRUE(host.logged("does not give it"));
}

TEST_F(Scripted, TemporaryRefusalOfAMessage) {
  three();
  server.override = [](const std::string& line, int) -> std::optional<std::string> {
    if (line == "RETR 2") return std::string("-ERR [SYS/TEMP] later\r\n");
    return std::nullopt;
  };
  const EndpointHandle endpoint = start();
  const Error e = error_of([&] { fetch(endpoint, {"a", "b"}, SY_WHOLE); });
  EXPECT_EQ(e.code(), SY_RETRY);
  EXPECT_EQ(e.server_code(), "SYS/TEMP");
  EXPECT_EQ(seen.count("a"), 1u);
}

TEST_F(Scripted, ClosedInAMessage) {
  three();
  server.override = [](const std::string& line, int) -> std::optional<std::string> {
    if (line == "RETR 2") return std::string("+OK\r\nSubject: b\r\n\r\nhal") + ScriptedServer::CLOSE;
    return std::nullopt;
  };
  const EndpointHandle endpoint = start();
  const Error e = error_of([&] { fetch(endpoint, {"a", "b", "c"}, SY_WHOLE); });
  EXPECT_EQ(e.code(), SY_RETRY);
  EXPECT_TRUE(says(e, "closed the connection")) << e.what();
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_EQ(host.spool().files(), 1u);  // the body of a, and nothing of b
}

TEST_F(Scripted, RepeatedUidls) {
  add("same", mail("a"));
  add("other", mail("b"));
  add("same", "Status: RO\r\n" + mail("c"));
  add("same", mail("a"));  // the first one once more
  const EndpointHandle endpoint = start();
  const std::vector<std::string> ids = list(endpoint);
  ASSERT_EQ(ids.size(), 3u);
  EXPECT_EQ(ids[1], "other");
  EXPECT_EQ(ids[0].rfind("same#", 0), 0u);
  EXPECT_NE(ids[0], ids[2]);
  EXPECT_TRUE(host.logged("1 UIDL(s) to 3 messages; by their headers they are 2 different ones"));
  const auto items = fetch(endpoint, ids, SY_WHOLE);
  EXPECT_EQ(doc(items.at(ids[0])).at("subject"), "a");
  EXPECT_EQ(doc(items.at(ids[2])).at("subject"), "c");
  EXPECT_TRUE(fetch(endpoint, {"same"}, SY_HEAD).at("same").invisible());
  EXPECT_TRUE(fetch(endpoint, {"same#0123456789abcdef"}, SY_HEAD).at("same#0123456789abcdef").gone());
}

TEST_F(Scripted, TheMarkOutlivesItsTwinAndTheServersNotes) {
  add("same", mail("a"));
  add("same", mail("b"));
  const EndpointHandle endpoint = start();
  const std::vector<std::string> ids = list(endpoint);
  ASSERT_EQ(ids.size(), 2u);
  server.messages.pop_back();
  server.messages[0].bytes = "X-UIDL: 7\r\n more\r\nStatus: RO\r\n" + server.messages[0].bytes;
  const auto items = fetch(endpoint, ids, SY_HEAD);
  EXPECT_EQ(doc(items.at(ids[0])).at("subject"), "a");
  EXPECT_TRUE(items.at(ids[1]).gone());
}

TEST_F(Scripted, ChangedUidls) {
  three();
  const EndpointHandle endpoint = start();
  const std::vector<std::string> ids = list(endpoint);
  for (auto& message : server.messages) message.uidl += "-new";
  for (const auto& [id, item] : fetch(endpoint, ids, SY_HEAD)) EXPECT_TRUE(item.gone());
  EXPECT_TRUE(host.logged("new UIDLs in every session"));
}

TEST_F(Scripted, ListingsThatCannotBeTrusted) {
  three();
  std::string listing = "+OK\r\n1 a\r\n!! what\r\n2 b\r\n3 c\r\n.\r\n";
  server.override = [&](const std::string& line, int) -> std::optional<std::string> {
    if (line == "UIDL") return listing;
    return std::nullopt;
  };
  const EndpointHandle endpoint = start();
  EXPECT_EQ(list(endpoint).size(), 3u);
  EXPECT_TRUE(host.logged("1 lines that name no message"));
  listing = "+OK\r\n1 a\r\n3 c\r\n.\r\n";
  EXPECT_EQ(error_of([&] { list(endpoint); }).code(), SY_BROKEN);
  listing = "-ERR unknown\r\n";
  const Error e = error_of([&] { list(endpoint); });
  EXPECT_EQ(e.code(), SY_CONFIG);
  EXPECT_TRUE(says(e, "no UIDL")) << e.what();
}

TEST_F(Scripted, Oversize) {
  add("small", mail("small"));
  add("big", mail("big", std::string(4000, 'x') + "\r\n"));
  const EndpointHandle endpoint = start({{"max_message_size", 2000}});
  const auto items = fetch(endpoint, {"small", "big"}, SY_WHOLE);
  EXPECT_EQ(server.count("RETR 2"), 0u);
  EXPECT_TRUE(items.at("big").head());
  EXPECT_EQ(doc(items.at("big")).at("oversize"), true);
  EXPECT_EQ(doc(items.at("big")).at("subject"), "big");
  EXPECT_FALSE(items.at("small").head());
}

TEST_F(Scripted, OversizeThatListHides) {
  for (const char* name : {"a", "big", "c"})
    add(name, mail(name, name == std::string("big") ? std::string(400'000, 'x') + "\r\n" : "y\r\n"));
  server.override = [](const std::string& line, int) -> std::optional<std::string> {
    if (line == "LIST") return std::string("+OK\r\n1 10\r\n2 10\r\n3 10\r\n.\r\n");
    return std::nullopt;
  };
  const auto items = fetch(start({{"max_message_size", 200'000}}), {"a", "big", "c"}, SY_WHOLE);
  EXPECT_EQ(doc(items.at("big")).at("oversize"), true);
  EXPECT_TRUE(items.at("big").head());
  EXPECT_FALSE(items.at("c").head());
  EXPECT_EQ(host.spool().files(), 2u);
}

TEST_F(Scripted, AMessageTheReaderRefusesDoesNotHoldUpTheOthers) {
  std::string parts = "Content-Type: multipart/mixed; boundary=x\r\nSubject: bomb\r\n\r\n";
  for (int i = 0; i < 2500; ++i) parts += "--x\r\n\r\np\r\n";
  add("a", parts + "--x--\r\n");
  add("b", mail("b"));
  const auto items = fetch(start(), {"a", "b"}, SY_WHOLE);
  EXPECT_TRUE(doc(items.at("a")).contains("unreadable"));
  EXPECT_TRUE(items.at("a").head());
  EXPECT_EQ(doc(items.at("b")).at("subject"), "b");
  EXPECT_EQ(host.spool().files(), 1u);
}

TEST_F(Scripted, AFullSpoolEndsTheCallAndLeavesNothingOfTheItem) {
  const std::string attachment =
      "--x\r\nContent-Type: application/octet-stream\r\n\r\n" + std::string(5000, 'y') + "\r\n";
  add("a", "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nbody\r\n" + attachment + "--x--\r\n");
  host.spool().limits({1u << 20u, 2000});
  const EndpointHandle endpoint = start();
  EXPECT_EQ(error_of([&] { fetch(endpoint, {"a"}, SY_WHOLE); }).code(), SY_FULL);
  EXPECT_EQ(host.spool().files(), 0u);
}

TEST_F(Scripted, LargeMessageInBoundedMemory) {
  const std::string head =
      "Message-ID: <big@test>\r\nContent-Type: multipart/mixed; "
      "boundary=x\r\n\r\n--x\r\n\r\nbody\r\n--x\r\nContent-Type: application/zip\r\n"
      "Content-Disposition: attachment; filename=big.zip\r\nContent-Transfer-Encoding: base64\r\n\r\n";
  std::string block;
  for (int i = 0; i < 1000; ++i) block += std::string(76, 'A') + "\r\n";
  constexpr int kBlocks = 400;  // 31 MB of base64
  server.stream = [&](const std::string& line, const std::function<void(const std::string&)>& send) {
    if (line != "RETR 2") return false;
    send("+OK\r\n" + head);
    for (int i = 0; i < kBlocks; ++i) send(block);
    send("--x--\r\n.\r\n");
    return true;
  };
  add("small", mail("small"));
  add("big", head);  // what TOP gives
  server.override = [&](const std::string& line, int) -> std::optional<std::string> {
    if (line == "LIST")
      return "+OK\r\n1 100\r\n2 " + std::to_string(head.size() + kBlocks * block.size() + 7) + "\r\n.\r\n";
    return std::nullopt;
  };
  const EndpointHandle endpoint = start();
  fetch(endpoint, {"small"}, SY_WHOLE);  // so that everything that is loaded once has been
  rusage before{}, after{};
  ::getrusage(RUSAGE_SELF, &before);
  const auto items = fetch(endpoint, {"big"}, SY_WHOLE);
  ::getrusage(RUSAGE_SELF, &after);
  const json::object attachment = doc(items.at("big")).at("attachments").at(0).as_object();
  EXPECT_EQ(attachment.at("size").to_number<std::size_t>(), std::size_t{kBlocks} * 1000 * 57);
#ifndef __SANITIZE_ADDRESS__                                 // it holds freed memory back
  EXPECT_LT(after.ru_maxrss - before.ru_maxrss, 12 * 1024);  // KiB, for a message of 31 MB
#endif
}

TEST_F(Scripted, ALargeMailboxIsNotListedForEverySession) {
  for (int i = 0; i < 3000; ++i) add("m" + std::to_string(i), mail("m" + std::to_string(i)));
  const EndpointHandle endpoint = start();
  ASSERT_EQ(list(endpoint).size(), 3000u);
  const auto heads = fetch(endpoint, {"m7", "m2999", "m1500"}, SY_HEAD);
  EXPECT_EQ(doc(heads.at("m2999")).at("subject"), "m2999");
  EXPECT_EQ(doc(heads.at("m7")).at("size").to_number<std::size_t>(), mail("m7").size());
  EXPECT_EQ(server.count_exactly("UIDL"), 1u) << "confirmed one by one";
  EXPECT_EQ(server.count_exactly("LIST"), 0u);
  server.messages.erase(server.messages.begin());   // the count tells
  server.messages.push_back({"new", mail("new")});  // or, where it does not, the ids themselves
  EXPECT_EQ(doc(fetch(endpoint, {"m7", "new"}, SY_HEAD).at("m7")).at("subject"), "m7");
  EXPECT_EQ(server.count_exactly("UIDL"), 2u);
  EXPECT_EQ(doc(fetch(endpoint, {"new"}, SY_HEAD).at("new")).at("subject"), "new") << "the new listing is kept";
  EXPECT_EQ(server.count_exactly("UIDL"), 2u);
  server.messages.pop_back();
  EXPECT_TRUE(fetch(endpoint, {"new"}, SY_HEAD).at("new").gone());
  EXPECT_EQ(server.count_exactly("UIDL"), 3u);
}

TEST_F(Scripted, AHangingServer) {
  three();
  server.override = [](const std::string& line, int) -> std::optional<std::string> {
    if (line == "UIDL") return std::string(ScriptedServer::HANG);
    return std::nullopt;
  };
  const EndpointHandle endpoint = start({{"read_timeout", 300}});
  const Error e = error_of([&] { list(endpoint); });
  EXPECT_EQ(e.code(), SY_RETRY);
  EXPECT_TRUE(says(e, "waiting for the answer to UIDL: the server was silent")) << e.what();
}

TEST_F(Scripted, CancelIsNoticedWhileWaiting) {
  three();
  server.override = [](const std::string& line, int) -> std::optional<std::string> {
    if (line == "UIDL") return std::string(ScriptedServer::HANG);
    return std::nullopt;
  };
  const EndpointHandle endpoint = start({{"read_timeout", 600'000}});
  conformance::TestCall call;
  call.cancel_at_poll(25);
  const Error e = error_of([&] { endpoint.feeds().page(call, "inbox", "", [](const Item&) { return true; }); });
  EXPECT_EQ(e.code(), SY_CANCELED);
}

TEST_F(Scripted, TheDeadlineEndsTheCall) {
  const EndpointHandle endpoint = start();
  conformance::TestCall call(0);
  EXPECT_EQ(error_of([&] { endpoint.feeds().page(call, "inbox", "", [](const Item&) { return true; }); }).code(),
            SY_CANCELED);
  EXPECT_EQ(server.count("USER"), 0u);
}

struct Refusal {
  const char* answer;
  sy_code code;
  std::int64_t retry_after_ms;
};
class Refused : public Scripted, public testing::WithParamInterface<Refusal> {};

TEST_P(Refused, ToPass) {
  server.capabilities += "LOGIN-DELAY 90\r\n";
  server.override = [](const std::string& line, int) -> std::optional<std::string> {
    if (line.rfind("PASS", 0) == 0) return std::string(GetParam().answer) + "\r\n";
    return std::nullopt;
  };
  const EndpointHandle endpoint = start();
  const Error e = error_of([&] { list(endpoint); });
  EXPECT_EQ(e.code(), GetParam().code) << e.what();
  EXPECT_EQ(e.retry_after_ms(), GetParam().retry_after_ms);
  EXPECT_TRUE(says(e, "alice")) << e.what();
}
INSTANTIATE_TEST_SUITE_P(Answers, Refused,
                         testing::Values(Refusal{"-ERR [AUTH] no", SY_AUTH, 0},
                                         Refusal{"-ERR bad password secret", SY_AUTH, 0},
                                         Refusal{"-ERR [in-use] busy", SY_RETRY, 30'000},
                                         Refusal{"-ERR [LOGIN-DELAY] wait", SY_RETRY, 90'000},
                                         Refusal{"-ERR [SYS/TEMP] later", SY_RETRY, 60'000},
                                         Refusal{"-ERR [SYS/PERM] broken", SY_BROKEN, 0}));

TEST_F(Scripted, ALockWithoutACode) {
  server.capabilities = "TOP\r\nUIDL\r\n";
  server.override = [](const std::string& line, int) -> std::optional<std::string> {
    if (line.rfind("PASS", 0) == 0) return std::string("-ERR maildrop already locked\r\n");
    return std::nullopt;
  };
  const EndpointHandle endpoint = start();
  EXPECT_EQ(error_of([&] { list(endpoint); }).code(), SY_RETRY);
}

TEST_F(Scripted, NotPop3) {
  server.greeting = "220 smtp.test ESMTP\r\n";
  const EndpointHandle endpoint = start();
  const Error e = error_of([&] { list(endpoint); });
  EXPECT_EQ(e.code(), SY_BROKEN);
  EXPECT_TRUE(says(e, "does not speak POP3")) << e.what();
}

TEST_F(Scripted, StartTlsThatIsNotOfferedSendsNoPassword) {
  const EndpointHandle endpoint = start({{"tls", "starttls"}});
  const Error e = error_of([&] { list(endpoint); });
  EXPECT_EQ(e.code(), SY_CONFIG);
  EXPECT_EQ(server.count("USER") + server.count("PASS"), 0u);
}

TEST_F(Scripted, NothingMayStandBetweenStlsAndTls) {
  server.capabilities += "STLS\r\n";
  server.override = [](const std::string& line, int) -> std::optional<std::string> {
    if (line == "STLS") return std::string("+OK go\r\n+OK injected\r\n");
    return std::nullopt;
  };
  const EndpointHandle endpoint = start({{"tls", "starttls"}});
  EXPECT_EQ(error_of([&] { list(endpoint); }).code(), SY_BROKEN);
}

TEST_F(Scripted, TlsAgainstAPlainPort) {
  const EndpointHandle endpoint = start({{"tls", "implicit"}});
  const Error e = error_of([&] { list(endpoint); });
  EXPECT_EQ(e.code(), SY_CONFIG);
  EXPECT_TRUE(says(e, "starttls")) << e.what();
}

TEST_F(Scripted, NobodyListens) {
  int port = 0;
  {
    const Poco::Net::ServerSocket free(Poco::Net::SocketAddress("127.0.0.1", 0));
    port = free.address().port();
  }
  const EndpointHandle endpoint = open({{"host", "127.0.0.1"}, {"port", port}, {"tls", "none"}});
  EXPECT_EQ(error_of([&] { list(endpoint); }).code(), SY_RETRY);
}

TEST_F(Scripted, Probe) {
  const EndpointHandle endpoint = start();
  const json::object facts = json::parse(connection.probe(host.call())).as_object();
  EXPECT_TRUE(facts.at("tls").is_null());
  EXPECT_EQ(facts.at("capabilities").as_array().size(), 4u);
  EXPECT_EQ(server.count("USER"), 0u);
}

}  // namespace
}  // namespace syncline::pop3
