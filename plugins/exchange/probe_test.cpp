// What `doctor` shows of a server.
#include "test_ews.hpp"

namespace syncline::exchange::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Doctor : public EwsTest {
 protected:
  Doctor() {
    ews.on("", Reply{401, "", "WWW-Authenticate: Basic realm=\"x\"\r\n"});
    config["probe_mailbox"] = "test@contoso.test";
  }
  json::object facts() {
    mailbox();
    return json::parse(connection->probe(call)).as_object();
  }
  static std::vector<std::string> findings(const json::object& facts) {
    std::vector<std::string> out;
    for (const json::value& f : facts.at("findings").as_array())
      out.push_back(std::string(f.at("check").as_string()) + " " + std::string(f.at("state").as_string()));
    return out;
  }
};

TEST_F(Doctor, AGoodServerIsGoodInEveryStep) {
  const json::object f = facts();
  EXPECT_THAT(findings(f), ElementsAre("dns ok", "tls ok", "sign-in ok", "impersonation ok", "folders ok", "folders ok",
                                       "folders ok", "folders ok", "version ok"));
  EXPECT_EQ(f.at("build"), "15.2.2562.17");
  EXPECT_EQ(f.at("version"), "Exchange2016");
  EXPECT_TRUE(host.effects().empty()) << "it changes nothing";
}

TEST_F(Doctor, WithoutAMailboxNobodyIsSignedIn) {
  config.erase("probe_mailbox");
  EXPECT_THAT(findings(facts()), ElementsAre("dns ok", "tls ok", "sign-in ok"));
  EXPECT_EQ(ews.asked().size(), 1u);
}

TEST_F(Doctor, AMissingRightIsFoundWithItsRemedy) {
  ews.forget("GetFolder");
  ews.on("GetFolder", fault("ErrorImpersonateUserDenied"));
  const json::object f = facts();
  EXPECT_THAT(findings(f), ElementsAre("dns ok", "tls ok", "impersonation error"));
  EXPECT_THAT(std::string(f.at("findings").as_array().back().at("remedy").as_string()),
              HasSubstr("ApplicationImpersonation"));
}

TEST_F(Doctor, AMissingFolderIsAWarning) {
  ews.forget("GetFolder");
  ews.on("GetFolder", [](const net::test::Received& r) {
    if (r.body.find("Id=\"tasks\"") != std::string::npos)
      return answer("GetFolder", bad("GetFolder", "ErrorFolderNotFound"));
    return answer("GetFolder", good("GetFolder", "<m:Folders><t:Folder><t:FolderId Id=\"f\"/></t:Folder></m:Folders>"));
  });
  EXPECT_THAT(findings(facts()), ElementsAre("dns ok", "tls ok", "sign-in ok", "impersonation ok", "folders ok",
                                             "folders warning", "folders ok", "folders ok", "version ok"));
}

TEST_F(Doctor, WrongCredentialsAreASignInThatFailed) {
  ews.forget("GetFolder");
  ews.on("GetFolder", Reply{401, "", "WWW-Authenticate: Basic realm=\"x\"\r\n"});
  EXPECT_THAT(findings(facts()), ElementsAre("dns ok", "tls ok", "sign-in error"));
}

TEST_F(Doctor, AnAddressWithoutEwsIsSaid) {
  ews.forget("");
  ews.on("", Reply{404, "", ""});
  EXPECT_THAT(findings(facts()), ElementsAre("dns ok", "tls ok", "url error"));
}

TEST_F(Doctor, AServerThatIsAwayIsAFindingAndNoError) {
  config["url"] = "http://127.0.0.1:1/EWS/Exchange.asmx";
  const json::object f = facts();
  EXPECT_THAT(findings(f), ElementsAre("tcp error"));
  EXPECT_FALSE(f.at("findings").as_array().front().at("remedy").as_string().empty());
}

}  // namespace
}  // namespace syncline::exchange::test
