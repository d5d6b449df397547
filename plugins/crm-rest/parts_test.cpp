// The pieces that need no server: profile, filters, cleaning of texts, settings.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "mail.hpp"
#include "odata.hpp"
#include "refusal.hpp"
#include "settings.hpp"

namespace syncline::crm {
namespace {

using ::testing::HasSubstr;
namespace json = boost::json;

template <class F>
std::string config_error(F&& f) {
  try {
    f();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), SY_CONFIG);
    return e.what();
  }
  return {};
}

TEST(Profile, TheShippedOneLoads) {
  const auto p = Profile::load("dataverse", "");
  EXPECT_EQ(p->name, "dataverse");
  EXPECT_EQ(p->types.size(), 5u);
  EXPECT_EQ(p->type("user")->table, "systemuser");
  EXPECT_EQ(p->type_of_table("systemuser")->name, "user");
  EXPECT_EQ(p->type("stranger"), nullptr);
}

TEST(Profile, AMistakeIsNamedByItsPath) {
  std::string text(shipped_profile("dataverse"));
  const std::size_t at = text.find("\"email_activity_parties\"");
  EXPECT_THAT(config_error([&] { Profile(text.substr(0, at) + "7" + text.substr(at + 24)); }),
              HasSubstr("kinds.email.parties.navigation"));
  EXPECT_THAT(config_error([] { Profile("{}"); }), HasSubstr("profile is missing"));
  EXPECT_THAT(config_error([] { Profile("{"); }), HasSubstr("not JSON"));
  EXPECT_THAT(config_error([] { Profile::load("nothing", ""); }), HasSubstr("profile_dir"));
  EXPECT_THAT(config_error([] { Profile::load("../etc", "/tmp"); }), HasSubstr("name"));
  EXPECT_THAT(config_error([] { Profile::load("absent", "/nonexistent"); }), HasSubstr("cannot read"));
}

TEST(Profile, AFileReplacesTheShippedOne) {
  const std::filesystem::path dir = std::filesystem::path(::testing::TempDir()) / "crm-rest-profile";
  std::filesystem::create_directories(dir);
  std::ofstream(dir / "dataverse.json") << replaced(shipped_profile("dataverse"), "api/data/{api_version}", "v1");
  EXPECT_EQ(Profile::load("dataverse", dir.string())->api, "v1");
  std::filesystem::remove_all(dir);
}

TEST(Profile, StatusFirstThenCode) {
  const auto p = Profile::load("dataverse", "");
  EXPECT_EQ(p->classify(404, ""), SY_GONE);
  EXPECT_EQ(p->classify(412, ""), SY_CONFLICT);
  EXPECT_EQ(p->classify(412, "0x80040237"), SY_EXISTS);
  EXPECT_EQ(p->classify(500, "0x80040237"), SY_EXISTS);
  EXPECT_EQ(p->classify(500, "0x80040333"), SY_INVALID);
  EXPECT_EQ(p->classify(500, "500"), SY_RETRY);
  EXPECT_EQ(p->classify(401, "0x80040220"), SY_AUTH);
  EXPECT_EQ(p->classify(429, "0x80040265"), SY_RETRY);
  EXPECT_EQ(p->classify(403, "0x8004F504"), SY_DENIED);
  EXPECT_EQ(p->classify(400, "0x8004E1A0"), SY_INVALID);
  EXPECT_EQ(p->classify(400, "0x8004E113"), SY_RETRY);
  EXPECT_EQ(p->classify(302, ""), SY_CONFIG);
  EXPECT_EQ(p->classify(418, ""), SY_INVALID);
}

TEST(Odata, QuotesAndChains) {
  EXPECT_EQ(literal("it's"), "'it''s'");
  std::vector<std::string> literals;
  for (int i = 0; i < 100; ++i) literals.push_back(literal("address" + std::to_string(i) + "@x.test"));
  const std::vector<std::string> columns{"a", "b"};
  const auto parts = or_chains(columns, literals, 500, 1000);
  std::size_t seen = 0;
  for (const FilterPart& p : parts) {
    EXPECT_EQ(p.first, seen);
    EXPECT_LE(p.filter.size(), 500u);
    seen += p.count;
  }
  EXPECT_EQ(seen, 100u);
  EXPECT_EQ(or_chains(columns, literals, 100000, 20).size(), 10u);
  EXPECT_EQ(or_chains(columns, {}, 100, 20).size(), 0u);
  const std::vector<std::string> one{"'x'"};
  EXPECT_EQ(or_chains(columns, one, 1, 1).at(0).filter, "a eq 'x' or b eq 'x'");
}

TEST(Odata, QueriesAreEscapedOnce) {
  EXPECT_EQ((Select{"contacts", "contactid", "emailaddress1 eq 'a+b&c d%@x'", {}, {}}.path()),
            "contacts?$select=contactid&$filter=emailaddress1%20eq%20'a%2Bb%26c%20d%25@x'");
}

TEST(Odata, Guids) {
  EXPECT_EQ(guid_at_end("https://x/api/emails(6F1C6E0E-5B0A-5D7E-9D59-3F8F3A1C2B10)"),
            "6f1c6e0e-5b0a-5d7e-9d59-3f8f3a1c2b10");
  EXPECT_EQ(guid_at_end("6f1c6e0e-5b0a-5d7e-9d59-3f8f3a1c2b10"), "6f1c6e0e-5b0a-5d7e-9d59-3f8f3a1c2b10");
  EXPECT_EQ(guid_at_end(")"), std::nullopt);
  EXPECT_EQ(guid_at_end("emails(1)"), std::nullopt);
}

TEST(Clean, KeepsTextAndMendsTheRest) {
  EXPECT_EQ(clean("Gr\u00fc\u00dfe \U0001F642\t\r\n", 0), "Gr\u00fc\u00dfe \U0001F642\t\r\n");
  EXPECT_EQ(clean(std::string_view("a\0b\x01\x1f", 5), 0), "ab");
  EXPECT_EQ(clean("a\xFF\xC3z\xED\xA0\x80", 0), "a\uFFFD\uFFFDz\uFFFD\uFFFD\uFFFD");
  EXPECT_EQ(clean("\xC0\xAF\xF8", 0), "\uFFFD\uFFFD\uFFFD");
  bool cut = false;
  EXPECT_EQ(clean("ab\U0001F642", 3, &cut), "ab");
  EXPECT_TRUE(cut);
  EXPECT_EQ(clean("ab\U0001F642", 4, &cut), "ab\U0001F642");
  EXPECT_FALSE(cut);
}

TEST(Refusal, MessagesAreHarmless) {
  EXPECT_EQ(harmless("The value 'my secret' of ann@x.test\r\nis \"wrong\""), "The value <...> of <address> is <...>");
  EXPECT_EQ(harmless(std::string(100, 'k')), "<...>");
  EXPECT_LE(harmless(std::string(5000, 'a') + " b").size(), 160u);
  std::string many;
  for (int i = 0; i < 100; ++i) many += "w\u00fcrd ";
  EXPECT_LE(harmless(many).size(), 160u);
  EXPECT_EQ(harmless("an 'open quotation"), "an");
}

TEST(Settings, MistakesNameTheOption) {
  EXPECT_THAT(config_error([] { Settings::read("{}"); }), HasSubstr("url"));
  EXPECT_THAT(config_error([] { Settings::read(R"({"url":"ftp://x"})"); }), ::testing::Not(::testing::IsEmpty()));
  EXPECT_THAT(config_error([] { Settings::read(R"({"url":"https://x.test/api/data/v9.2"})"); }), HasSubstr("url"));
  EXPECT_THAT(config_error([] { Settings::read(R"({"url":"https://x.test","page_size":0})"); }),
              HasSubstr("page_size"));
  EXPECT_THAT(config_error([] { Settings::read(R"({"url":"https://x.test","api_version":"../x"})"); }),
              HasSubstr("api_version"));
  const Settings s = Settings::read(R"({"url":"https://x.test/","attachment_limit":7,"auth":{"method":"none"}})");
  EXPECT_EQ(s.url, "https://x.test");
  EXPECT_EQ(s.attachment_limit, 7u);
  EXPECT_EQ(s.method, "none");
}

TEST(Mail, RefusesWhatIsNoMail) {
  const std::string token = "6f1c6e0e-5b0a-5d7e-9d59-3f8f3a1c2b10";
  for (const char* doc : {"", "[]", R"({"attachments":1})", R"({"attachments":[{}]})", R"({"attachments":[null]})"})
    EXPECT_THROW(Mail::read(token, doc), Error) << doc;
  const auto p = Profile::load("dataverse", "");
  const SetOf sets = [&](const std::string& t) { return std::optional<std::string>(t + "s"); };
  for (const char* doc : {R"({"parties":[1]})", R"({"parties":[{"role":"reader","address":"a@b"}]})"}) {
    Losses losses;
    EXPECT_THROW(draft(*p, Mail::read(token, doc), "", sets, TableFacts{}, "", losses), Error) << doc;
  }
}

TEST(Mail, RecipientsAreCutAtWholeAddresses) {
  const auto p = Profile::load("dataverse", "");
  json::array parties;
  for (int i = 0; i < 60; ++i)
    parties.push_back(json::object{{"role", "to"}, {"address", "recipient" + std::to_string(i) + "@x.test"}});
  const Mail mail =
      Mail::read("6f1c6e0e-5b0a-5d7e-9d59-3f8f3a1c2b10", json::serialize(json::object{{"parties", parties}}));
  Losses losses;
  const json::object out =
      draft(*p, mail, "", [](const std::string&) { return std::nullopt; }, TableFacts{}, "", losses);
  const std::string text = text_of(out, "torecipients");
  EXPECT_LE(text.size(), 500u);
  EXPECT_TRUE(text.ends_with("@x.test;"));
  EXPECT_EQ(out.at("email_activity_parties").as_array().size(), 60u);
}

}  // namespace
}  // namespace syncline::crm
