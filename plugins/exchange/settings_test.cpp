#include "settings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "connection.hpp"

namespace syncline::exchange {
namespace {

using ::testing::HasSubstr;

template <class F>
std::string refused(F&& f) {
  try {
    f();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), SY_CONFIG);
    return e.what();
  }
  ADD_FAILURE() << "it must be refused";
  return {};
}

TEST(Settings, DefaultsAreThoseOfTheTable) {
  const Settings s = Settings::read("{}");
  EXPECT_EQ(s.max_concurrent, 20u);
  EXPECT_EQ(s.mailbox_concurrent, 2u);
  EXPECT_EQ(s.max_batch, 100u);
  EXPECT_EQ(s.max_message_size, 100'000'000u);
  EXPECT_EQ(s.read_timeout, std::chrono::minutes(2));
  EXPECT_EQ(s.scope, "https://outlook.office365.com/.default");
  EXPECT_TRUE(s.verify);
  EXPECT_FALSE(s.impersonate);
  EXPECT_TRUE(s.version.empty());
}

TEST(Settings, CredentialsDoNotTravelInClear) {
  EXPECT_THAT(refused([] { Settings::read(R"({"url": "http://mail.contoso.test/EWS/Exchange.asmx"})"); }),
              HasSubstr("https://"));
  EXPECT_NO_THROW(Settings::read(R"({"url": "http://127.0.0.1/EWS/Exchange.asmx"})"));
}

TEST(Settings, WaysThatAreNotOfferedYetAreRefused) {
  for (const char* method : {"ntlm", "negotiate"})
    EXPECT_THAT(refused([&] { Settings::read("{\"auth\": {\"method\": \"" + std::string(method) + "\"}}"); }),
                HasSubstr("not offered yet"));
}

TEST(Settings, AnApplicationAlwaysActsForSomebody) {
  EXPECT_TRUE(Settings::read(R"({"auth": {"method": "oauth2-client-credentials"}})").impersonate);
}

TEST(MailboxSettings, TheAddressIsThePrincipalsUnlessGiven) {
  const char* both =
      R"({"principal": {"kind": "user", "address": "ann@contoso.test"}, "address": "a.ames@contoso.test"})";
  EXPECT_EQ(MailboxSettings::read(R"({"principal": {"address": "ann@contoso.test"}})").address, "ann@contoso.test");
  EXPECT_EQ(MailboxSettings::read(both).address, "a.ames@contoso.test");
  EXPECT_THAT(refused([] { MailboxSettings::read("{}"); }), HasSubstr("primary SMTP"));
}

TEST(MailboxSettings, FoldersNameADefaultFolderAndWhatIsBelowIt) {
  const auto m = MailboxSettings::read(
      R"({"address": "a@b.test", "folders": ["Contacts", "contacts/Key Customers", "sentitems/2026", "contacts"]})");
  ASSERT_EQ(m.folders.size(), 3u) << "the same folder twice is one";
  EXPECT_EQ(m.folders[0].kind, "contact");
  EXPECT_EQ(m.folders[1].path, (std::vector<std::string>{"Key Customers"}));
  EXPECT_EQ(m.folders[2].kind, "email");
  EXPECT_TRUE(m.folders[2].outgoing);
}

TEST(MailboxSettings, FoldersOfExchangeItselfAreRefused) {
  for (const char* name :
       {"recipientcache", "Recipient Cache", "conflicts", "calendar", "contacts//x", "msgfolderroot", ""})
    EXPECT_THAT(refused([&] {
                  MailboxSettings::read("{\"address\": \"a@b.test\", \"folders\": [\"" + std::string(name) + "\"]}");
                }),
                HasSubstr("folders: "))
        << name;
}

}  // namespace
}  // namespace syncline::exchange
