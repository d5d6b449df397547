// What EWS's answers as a whole mean: busy in its seven shapes, versions, redirections, pages for people, half answers.
#include "ews/response_codes.hpp"
#include "organization.hpp"
#include "syncline/formats/base64.hpp"
#include "test_ews.hpp"

namespace syncline::exchange::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Reply one_contact() { return answer("GetItem", good("GetItem", items(contact("one", "k1")))); }

class Session : public EwsTest {};

TEST_F(Session, EveryRequestSaysWhoAsksForWhom) {
  ews.on("GetItem", one_contact());
  ASSERT_EQ(fetch({"one"}).size(), 1u);
  const auto r = ews.asked("GetItem").front();
  EXPECT_THAT(r.body, HasSubstr("RequestServerVersion Version=\"Exchange2016\""));
  EXPECT_THAT(r.body, HasSubstr("<t:PrimarySmtpAddress>ann@contoso.test</t:PrimarySmtpAddress>"));
  EXPECT_EQ(r.headers.get("X-AnchorMailbox"), "ann@contoso.test");
  EXPECT_EQ(r.headers.get("return-client-request-id"), "true");
  EXPECT_EQ(r.headers.get("client-request-id").size(), 36u);
  EXPECT_TRUE(host.effects().empty()) << "a question is no effect";
}

TEST_F(Session, AnErrorNamesTheRequestAndTheRemedy) {
  ews.on("GetItem", answer("GetItem", bad("GetItem", "ErrorImpersonateUserDenied")));
  const Error e = refused();
  EXPECT_EQ(e.code(), SY_DENIED);
  EXPECT_EQ(e.server_code(), "ErrorImpersonateUserDenied");
  EXPECT_THAT(e.what(), HasSubstr(ews.asked("GetItem").front().headers.get("client-request-id")));
  EXPECT_THAT(e.what(), HasSubstr("ApplicationImpersonation"));
}

TEST_F(Session, H87_AnAddressThatIsNotThePrimaryOneIsAMatterOfConfiguration) {
  ews.on("GetItem", fault("ErrorNonExistentMailbox"));
  const Error e = refused();
  EXPECT_EQ(e.code(), SY_CONFIG);
  EXPECT_THAT(e.what(), HasSubstr("primary SMTP"));
}

/// Busy: an answer, and for how long the mailbox is left alone. What the call could wait for is less.
struct Busy {
  const char* name;
  Reply reply;
  std::int64_t least_ms, most_ms;
};

void PrintTo(const Busy& busy, std::ostream* out) { *out << busy.name; }

class BusySession : public EwsTest, public ::testing::WithParamInterface<Busy> {};

TEST_P(BusySession, H76_IsLeftAloneAsLongAsItWants) {
  ews.on("GetItem", GetParam().reply);
  const Error e = refused(1'000);
  EXPECT_EQ(e.code(), SY_RETRY);
  EXPECT_GE(e.retry_after_ms(), GetParam().least_ms);
  EXPECT_LE(e.retry_after_ms(), GetParam().most_ms);
  EXPECT_EQ(ews.asked("GetItem").size(), 1u);
  EXPECT_EQ(refused(1'000).code(), SY_RETRY) << "nothing is sent within the pause";
  EXPECT_EQ(ews.asked("GetItem").size(), 1u);
}

const std::vector<Busy> shapes{
    {"fault_with_a_time", fault("ErrorServerBusy", back_off("7000")), 6'000, 7'000},
    {"fault_without_a_time", fault("ErrorServerBusy", "<t:Value Name=\"Policy\">EWSMaxConcurrency</t:Value>"), 9'000,
     10'000},
    {"nothing_at_all", fault("ErrorServerBusy", back_off("0")), 9'000, 10'000},
    {"negative", fault("ErrorServerBusy", back_off("-5")), 9'000, 10'000},
    {"no_number", fault("ErrorServerBusy", back_off("soon")), 9'000, 10'000},
    {"one_hour", fault("ErrorServerBusy", back_off("3600000")), 3'590'000, 3'600'000},
    {"a_day", fault("ErrorServerBusy", back_off("86400000")), 3'590'000, 3'600'000},
    {"message", answer("GetItem", bad("GetItem", "ErrorServerBusy", back_off("7000"))), 6'000, 7'000},
    {"within_an_internal_error",
     answer("GetItem", bad("GetItem", "ErrorInternalServerError",
                           "<t:Value Name=\"InnerErrorResponseCode\">ErrorServerBusy</t:Value>" + back_off("7000"))),
     6'000, 7'000},
    {"queue_without_a_time", {503, "busy", ""}, 9'000, 10'000},
    {"queue_with_a_time", {503, "busy", "Retry-After: 7\r\n"}, 6'000, 7'000},
    {"too_many_requests", {429, "busy", "Retry-After: 7\r\n"}, 6'000, 7'000}};

INSTANTIATE_TEST_SUITE_P(Shapes, BusySession, ::testing::ValuesIn(shapes),
                         [](const auto& each) { return std::string(each.param.name); });

TEST_F(Session, H76_AShortPauseIsWaitedForWithinTheCall) {
  ews.on("GetItem", fault("ErrorServerBusy", back_off("20")));
  ews.on("GetItem", one_contact());
  EXPECT_EQ(fetch({"one"}).front().version, "k1");
  EXPECT_EQ(ews.asked("GetItem").size(), 2u);
}

TEST_F(Session, H76_AConnectionThatBreaksIsTriedAgainLater) {
  ews.on("GetItem", Reply{0, "", ""});
  EXPECT_EQ(refused().code(), SY_RETRY);
}

TEST_F(Session, H79_OneRefusedSignInInAGoodSessionIsNotTheEnd) {
  ews.on("GetItem", one_contact());
  ews.on("GetItem", Reply{401, "", "WWW-Authenticate: Basic realm=\"x\"\r\n"});
  ews.on("GetItem", one_contact());
  fetch({"one"});
  EXPECT_EQ(fetch({"one"}).front().version, "k1");
}

TEST_F(Session, H79_RefusedCredentialsAreForAPerson) {
  ews.on("GetItem", Reply{401, "", "WWW-Authenticate: Basic realm=\"x\"\r\n"});
  const Error e = refused();
  EXPECT_EQ(e.code(), SY_AUTH);
  EXPECT_EQ(ews.asked("GetItem").size(), 1u) << "a wrong password is not tried until the account is locked";
}

TEST_F(Session, H80_AServerThatTakesNtlmOnlyIsNamed) {
  ews.on("GetItem", Reply{401, "", "WWW-Authenticate: Negotiate\r\nWWW-Authenticate: NTLM\r\n"});
  const Error e = refused();
  EXPECT_EQ(e.code(), SY_CONFIG);
  EXPECT_THAT(e.what(), HasSubstr("Negotiate, NTLM"));
}

TEST_F(Session, H81_TheVersionIsLoweredUntilTheServerTakesIt) {
  ews.on("GetItem", fault("ErrorInvalidServerVersion"));
  ews.on("GetItem", answer("GetItem", bad("GetItem", "ErrorIncorrectSchemaVersion")));
  ews.on("GetItem", one_contact());
  EXPECT_EQ(fetch({"one"}).size(), 1u);
  fetch({"one"});
  const auto asked = ews.asked("GetItem");
  EXPECT_THAT(asked[1].body, HasSubstr("Exchange2015"));
  EXPECT_THAT(asked[2].body, HasSubstr("Exchange2013_SP1"));
  EXPECT_THAT(asked[3].body, HasSubstr("Exchange2013_SP1")) << "what it takes is remembered";
}

TEST_F(Session, H81_AConfiguredVersionIsNotExchangedForAnother) {
  config["version"] = "Exchange2016";
  ews.on("GetItem", fault("ErrorInvalidServerVersion"));
  EXPECT_EQ(refused().code(), SY_CONFIG);
  EXPECT_EQ(ews.asked("GetItem").size(), 1u);
}

TEST_F(Session, H82_CredentialsDoNotFollowARedirection) {
  Ews foreign;
  foreign.on("GetItem", one_contact());
  ews.on("GetItem", Reply{302, "", "Location: " + foreign.url() + "\r\n"});
  const Error e = refused();
  EXPECT_EQ(e.code(), SY_CONFIG);
  EXPECT_THAT(e.what(), HasSubstr("set url"));
  EXPECT_TRUE(foreign.asked().empty());
}

TEST_F(Session, H82_TheServersErrorPageIsForLaterAndAGatewaysIsForAPerson) {
  ews.on("GetItem", Reply{302, "", "Location: /ews/genericerrorpage.htm?aspxerrorpath=/ews/exchange.asmx\r\n"});
  ews.on("GetItem", Reply{302, "", "Location: /internalsite/login\r\n"});
  EXPECT_EQ(refused().code(), SY_RETRY);
  EXPECT_EQ(refused().code(), SY_CONFIG);
}

TEST_F(Session, H86_APageForPeopleIsNoAnswer) {
  ews.on("GetItem", Reply{200, "<!DOCTYPE html><html><body>Sign in</body></html>", "Content-Type: text/html\r\n"});
  const Error e = refused();
  EXPECT_EQ(e.code(), SY_CONFIG);
  EXPECT_THAT(e.what(), HasSubstr("page for people"));
}

TEST_F(Session, H86_HalfAnAnswerIsNotAnEmptyOne) {
  const std::string whole = one_contact().body;
  for (const std::size_t n : {std::size_t{0}, std::size_t{1}, whole.size() / 3, whole.size() - 3}) {
    ews.on("GetItem", Reply{200, whole.substr(0, n)});
    ews.on("GetItem", Reply{200, whole.substr(0, n)});
    EXPECT_EQ(refused().code(), SY_RETRY) << n;
  }
}

TEST_F(Session, H83_ForbiddenEwsIsSaidToBe) {
  ews.on("GetItem", Reply{403, "", ""});
  const Error e = refused();
  EXPECT_EQ(e.code(), SY_DENIED);
  EXPECT_THAT(e.what(), HasSubstr("EwsAllowList"));
}

TEST_F(Session, CookiesAreKeptForTheirMailboxOnly) {
  ews.on("GetItem", Reply{200, one_contact().body, "Set-Cookie: X-BackEndCookie=abc; path=/EWS; secure\r\n"});
  fetch({"one"});
  fetch({"one"});
  EXPECT_EQ(ews.asked("GetItem")[1].headers.get("Cookie"), "X-BackEndCookie=abc");
  const auto other = connection->open(host.raw(), R"({"address": "ben@contoso.test"})");
  other.fetch(call, "contact", std::vector<std::string>{"one"}, SY_WHOLE, [](const Item&) { return true; });
  EXPECT_EQ(ews.asked("GetItem")[2].headers.get("Cookie"), "");
}

TEST_F(Session, AnApplicationSignsInByATokenAndIsRenewedOnce) {
  std::atomic<int> tokens{0};
  net::test::Server entra(net::test::each([&](net::test::Peer& peer, const net::test::Received&) {
    peer.answer(
        200, "{\"access_token\":\"t" + std::to_string(++tokens) + "\",\"token_type\":\"Bearer\",\"expires_in\":3600}");
  }));
  config["auth"] =
      json::object{{"method", "oauth2-client-credentials"}, {"client_id", "app"}, {"token_url", entra.url("/token")}};
  config.erase("impersonate");
  ews.on("GetItem", [](const net::test::Received& r) {
    if (r.headers.get("Authorization") != "Bearer t2") return Reply{401, "", "WWW-Authenticate: Bearer\r\n"};
    return one_contact();
  });
  EXPECT_EQ(fetch({"one"}).front().version, "k1");
  EXPECT_EQ(tokens, 2);
  EXPECT_THAT(ews.asked("GetItem").back().body, HasSubstr("ExchangeImpersonation"));
}

TEST_F(Session, AMailboxMayHaveCredentialsOfItsOwn) {
  settings["username"] = "CONTOSO\\ann";
  host.secret("password", "own");
  ews.on("GetItem", one_contact());
  fetch({"one"});
  const auto r = ews.asked("GetItem").front();
  EXPECT_EQ(r.headers.get("Authorization"), "Basic " + formats::base64_encode("CONTOSO\\ann:own"));
  EXPECT_THAT(r.body, Not(HasSubstr("ExchangeImpersonation")));
}

TEST(Budget, H77_OneSyncAtATimeAndTwoRequestsForAMailboxWhoeverAsks) {
  const TestHost host;
  const auto organization = std::make_shared<Organization>(Settings::read("{}"), host.host());
  const auto state = organization->mailbox("ann@contoso.test");
  EXPECT_EQ(state->sync().max_concurrent(), 1u);
  EXPECT_EQ(state->gate().max_concurrent(), 2u);
  EXPECT_EQ(organization->mailbox("Ann@Contoso.test"), state) << "H-90: the same mailbox, whatever the case";
  EXPECT_NE(organization->mailbox("ben@contoso.test"), state);
}

TEST(Budget, H76_PausesDoubleUntilFiveMinutesAndBeginAnew) {
  MailboxState state(2, {}, 100);
  EXPECT_LE(state.busy(std::nullopt), 10'000);
  EXPECT_LE(state.busy(std::nullopt), 10'000) << "refused together counts once";
  EXPECT_GT(state.busy(11'000), 19'000) << "at least twice the last one";
  EXPECT_EQ(state.batch(), 6u) << "25, halved twice";
  state.took();
  state.grow(1'000, 10);
  EXPECT_EQ(state.batch(), 31u);
}

TEST(ResponseCodes, AnUnknownCodeConcernsTheItemAlone) {
  EXPECT_EQ(meaning_of("ErrorOfTomorrow").scope, Scope::ITEM);
  EXPECT_EQ(meaning_of("ErrorOfTomorrow").what, SY_BROKEN);
  const Refused e = refusal("GetItem", "Error <b>Ann</b>", "id");
  EXPECT_THAT(e.what(), Not(HasSubstr("Ann"))) << "what is no code is not repeated";
}

TEST(ResponseCodes, OnlyNotFoundMeansGone) {
  for (const char* code :
       {"ErrorInvalidId", "ErrorInvalidIdMalformed", "ErrorFolderNotFound", "ErrorNonExistentMailbox",
        "ErrorAccessDenied", "ErrorItemCorrupt", "ErrorMailboxMoveInProgress"})
    EXPECT_NE(meaning_of(code).what, SY_GONE) << code;
  EXPECT_EQ(meaning_of("ErrorItemNotFound").what, SY_GONE);
}

TEST(ResponseCodes, H44_AFullMailboxHoldsUpWritesForAnHour) {
  const Refused e = refusal("CreateItem", "ErrorQuotaExceeded", "id");
  EXPECT_EQ(e.code(), SY_RETRY);
  EXPECT_EQ(e.scope(), Scope::ITEM);
  EXPECT_EQ(e.retry_after_ms(), 3'600'000);
}

}  // namespace
}  // namespace syncline::exchange::test
