#include "ews/autodiscover.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <mutex>

#include "sdk/net/test_server.hpp"
#include "syncline/conformance/test_host.hpp"

namespace syncline::exchange {
namespace {

using net::test::Peer;
using net::test::Received;
using ::testing::HasSubstr;

constexpr const char* kEws = "https://mail.contoso.test/EWS/Exchange.asmx";

std::string pox(const std::string& account) {
  return "<Autodiscover xmlns=\"http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006\"><Response>"
         "<Account>" +
         account + "</Account></Response></Autodiscover>";
}
std::string protocol(const std::string& type, const std::string& url) {
  return "<Protocol><Type>" + type + "</Type><EwsUrl>" + url + "</EwsUrl></Protocol>";
}

struct Answer {
  int status = 404;
  std::string body, headers;
};

/// All hosts are this server; it knows which one is meant by the path that the test's `base` puts in front.
class Autodiscover : public ::testing::Test {
 protected:
  Autodiscover() : server(net::test::each([this](Peer& peer, const Received& r) { serve(peer, r); })) {
    host.secret("auth.secret", "hunter2");
    what.address = "ann@contoso.test";
    what.auth = std::make_shared<net::BasicAuth>("service", [] { return std::string("hunter2"); });
    what.base = [this](const std::string& name, bool tls) {
      const std::lock_guard lock(mutex);
      current = (tls ? "" : "http:") + name;
      return server.url();
    };
  }
  void serve(Peer& peer, const Received& r) {
    const std::lock_guard lock(mutex);
    const std::string method = r.method == "GET" && r.target.find(".json") != std::string::npos ? "json" : "pox";
    const std::string key = method + " " + current;
    asked.push_back(key);
    if (!r.headers.get("Authorization").empty()) credentials.push_back(current);
    const Answer& a = answers[key];
    peer.answer(a.status, a.body, a.headers);
  }
  std::string found() { return discover(what, host.host(), call.call()); }
  Error refused() {
    try {
      found();
    } catch (const Error& e) {
      return e;
    }
    ADD_FAILURE() << "it must not be found";
    return {SY_OK, ""};
  }

  conformance::TestHost host;
  conformance::TestCall call;
  std::mutex mutex;
  std::string current;
  std::map<std::string, Answer> answers;
  std::vector<std::string> asked, credentials;
  Discovery what;
  net::test::Server server;
};

TEST_F(Autodiscover, TheJsonServiceIsAskedFirstAndWithoutCredentials) {
  answers["json autodiscover.contoso.test"] = {200, std::string("{\"Protocol\":\"Ews\",\"Url\":\"") + kEws + "\"}", ""};
  EXPECT_EQ(found(), kEws);
  EXPECT_TRUE(credentials.empty());
  EXPECT_EQ(asked.size(), 1u);
}

TEST_F(Autodiscover, OfSeveralProtocolsTheOneForClientsOutsideCounts) {
  answers["pox autodiscover.contoso.test"] = {
      200, pox(protocol("EXCH", "https://inside.contoso.test/EWS/Exchange.asmx") + protocol("EXPR", kEws)), ""};
  EXPECT_EQ(found(), kEws);
}

TEST_F(Autodiscover, AnotherAddressOfTheMailboxIsFollowed) {
  answers["pox autodiscover.contoso.test"] = {200, pox("<RedirectAddr>ann@mail.contoso.test</RedirectAddr>"), ""};
  answers["json mail.contoso.test"] = {200, std::string("{\"Url\":\"") + kEws + "\"}", ""};
  EXPECT_EQ(found(), kEws);
}

TEST_F(Autodiscover, AnAddressThatLeadsToItselfIsNotFollowedForEver) {
  answers["pox autodiscover.contoso.test"] = {200, pox("<RedirectAddr>ANN@contoso.test</RedirectAddr>"), ""};
  EXPECT_EQ(refused().code(), SY_CONFIG);
}

TEST_F(Autodiscover, H82_CredentialsGoToTrustedHostsOnly) {
  answers["pox http:autodiscover.contoso.test"] = {302, "",
                                                   "Location: https://evil.test/autodiscover/autodiscover.xml\r\n"};
  answers["pox evil.test"] = {200, pox(protocol("EXPR", "https://evil.test/EWS/Exchange.asmx")), ""};
  const Error e = refused();
  EXPECT_EQ(e.code(), SY_CONFIG);
  EXPECT_THAT(e.what(), HasSubstr("evil.test"));
  EXPECT_THAT(e.what(), HasSubstr("trusted_hosts"));
  for (const std::string& name : credentials) EXPECT_NE(name, "evil.test");
  what.trusted_hosts = {"evil.test"};
  EXPECT_EQ(found(), "https://evil.test/EWS/Exchange.asmx");
}

TEST_F(Autodiscover, CredentialsNeverGoOverPlainHttp) {
  answers["pox http:autodiscover.contoso.test"] = {302, "",
                                                   "Location: http://contoso.test/autodiscover/autodiscover.xml\r\n"};
  EXPECT_EQ(refused().code(), SY_CONFIG);
  for (const std::string& name : credentials) EXPECT_EQ(name.find("http:"), std::string::npos) << name;
}

TEST_F(Autodiscover, OneRefusalIsNotTheEnd) {
  answers["pox autodiscover.contoso.test"] = {401, "", ""};
  answers["pox contoso.test"] = {200, pox(protocol("EXPR", kEws)), ""};
  EXPECT_EQ(found(), kEws);
}

TEST_F(Autodiscover, WhenAllRefuseTheCredentialsAreWrong) {
  answers["pox autodiscover.contoso.test"] = {401, "", ""};
  answers["pox contoso.test"] = {401, "", ""};
  const Error e = refused();
  EXPECT_EQ(e.code(), SY_AUTH);
  EXPECT_EQ(std::string(e.what()).find("ann@"), std::string::npos) << "no address in a text";
}

TEST_F(Autodiscover, WhatAnswersSomethingElseIsNoAutodiscover) {
  answers["json contoso.test"] = {200, "<html>welcome</html>", ""};
  answers["pox contoso.test"] = {200, "<html>welcome</html>", ""};
  EXPECT_EQ(refused().code(), SY_CONFIG);
}

}  // namespace
}  // namespace syncline::exchange
