// Mail that is made in several requests, and everything that can come between them.
#include "test_crm.hpp"

namespace syncline::crm {
namespace {

using sandbox::Fault;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

using EmailTest = CrmTest;

std::map<std::int64_t, int> masks(const json::object& row) {
  std::map<std::int64_t, int> out;
  for (const json::value& p : row.at("email_activity_parties").as_array())
    ++out[number_of(p.get_object(), "participationtypemask").value_or(0)];
  return out;
}

TEST_F(EmailTest, MakesTheWholeMailInOrder) {
  const Done d = create(create_op(document()));
  ASSERT_EQ(d.code, SY_OK) << d.text;
  EXPECT_EQ(d.id, token);
  EXPECT_EQ(d.version, text_of(mail(), "@odata.etag"));
  EXPECT_GT(d.changed_ms, 0);
  EXPECT_TRUE(d.never.empty()) << d.never;
  expect_whole();
  const std::string emails = "emails(" + token + ")", files = "activitymimeattachments(";
  EXPECT_THAT(requests(), ElementsAre("GET EntityDefinitions(LogicalName='email')", "POST emails", "GET WhoAmI",
                                      "GET organizations", "PATCH " + files + part_id("2.1") + ")",
                                      "PATCH " + files + part_id("2.2") + ")", "PATCH " + emails, "GET " + emails));
  const json::object row = mail();
  EXPECT_EQ(text_of(row, "messageid"), "<m1@customer.test>");
  EXPECT_EQ(text_of(row, "subject"), "Offer");
  EXPECT_EQ(text_of(row, "sender"), "ann@customer.test");
  EXPECT_EQ(text_of(row, "torecipients"), "alice@contoso.test;");
  EXPECT_EQ(number_of(row, "prioritycode"), 2);
  EXPECT_EQ(number_of(row, "statecode"), 1);
  EXPECT_TRUE(same(row, "directioncode", false));
  EXPECT_THAT(text_of(row, "actualend"), HasSubstr("2026-01-02T03:05:00"));
  EXPECT_TRUE(row.at("notifications").is_null());
  auto of = masks(row);
  EXPECT_EQ(of[1], 1);
  EXPECT_EQ(of[2], 1);
  EXPECT_EQ(of[3], 1);
  bool bound = false;
  for (const json::value& p : row.at("email_activity_parties").as_array())
    bound = bound || (number_of(p.get_object(), "participationtypemask") == 1 &&
                      text_of(p.get_object(), "_partyid_value") == contact);
  EXPECT_TRUE(bound);
}

TEST_F(EmailTest, SentMailBecomesSent) {
  json::object doc = document(0);
  doc["direction"] = "outgoing";
  ASSERT_EQ(create(create_op(doc)).code, SY_OK);
  EXPECT_EQ(status(), 3);
  EXPECT_TRUE(same(mail(), "directioncode", true));
  EXPECT_THAT(text_of(mail(), "actualend"), HasSubstr("2026-01-02T03:04:05"));
}

TEST_F(EmailTest, RegardingIsBound) {
  json::object doc = document(0);
  doc["regarding"] = {{"type", "contact"}, {"id", contact}};
  ASSERT_EQ(create(create_op(doc)).code, SY_OK);
  EXPECT_EQ(text_of(mail(), "_regardingobjectid_value"), contact);
}

TEST_F(EmailTest, ARegardingOfAnUnknownTableIsLeftOutAndSaid) {
  json::object doc = document(0);
  doc["regarding"] = {{"type", "new_thing"}, {"id", contact}};
  const Done d = create(create_op(doc));
  ASSERT_EQ(d.code, SY_OK) << d.text;
  EXPECT_EQ(d.never, R"(["regarding"])");
  EXPECT_EQ(status(), 4);
}

TEST_F(EmailTest, APartyThatIsGoneIsAConflictAndLeavesNothing) {
  json::object doc = document(0);
  doc["parties"].get_array().push_back(party("to", "x@y.test", "contact", "00000000-0000-4000-8000-000000000001"));
  const Done d = create(create_op(doc));
  EXPECT_EQ(d.code, SY_CONFLICT) << d.text;
  EXPECT_EQ(server.count("emails"), 0u);
}

/// Killed before the k-th write, for every k; then the same create again.
class Killed : public CrmTest, public ::testing::WithParamInterface<int> {};
TEST_P(Killed, AndRepeatedGoesOnWhereItStopped) {
  const Operation op = create_op(document());
  int n = 0;
  host.on_effect([&](int phase, std::string_view) {
    if (phase == SY_BEFORE && n++ == GetParam()) throw Error(SY_CANCELED, "killed");
  });
  EXPECT_EQ(code_of([&] { create(op); }), SY_CANCELED);
  host.on_effect({});
  const auto found = endpoint.find(host.call(), op);
  if (GetParam() == 0)
    EXPECT_FALSE(found.has_value());
  else {
    ASSERT_TRUE(found.has_value());
    EXPECT_TRUE(found->partial());
    EXPECT_EQ(found->id, token);
  }
  server.clear_log();
  const Done d = create(op);
  ASSERT_EQ(d.code, SY_OK) << d.text;
  expect_whole();
  const auto again = requests(true);  // POST is refused as existing; only what is missing follows
  EXPECT_EQ(again.size(), GetParam() == 0 ? 4u : 1u + 4u - static_cast<std::size_t>(GetParam()));
}
INSTANTIATE_TEST_SUITE_P(AtEachStep, Killed, ::testing::Range(0, 4));

struct Lost {
  Fault::Action action;
  const char *method, *path;
  int skip;
};
/// The connection dies at each inner request, before or after its effect, until the caller gives up.
class LostRequest : public CrmTest, public ::testing::WithParamInterface<Lost> {};
TEST_P(LostRequest, IsMadeGoodByTheNextCall) {
  const Operation op = create_op(document());
  Fault fault;
  fault.action = GetParam().action;
  fault.method = GetParam().method;
  fault.path = GetParam().path;
  fault.skip = GetParam().skip;
  fault.count = -1;
  server.add_fault(fault);
  const conformance::TestCall brief(20'000);
  std::vector<Operation> ops{op};
  const sy_code code = code_of([&] { endpoint.apply(brief, ops, [](std::size_t, const Done&) {}); });
  EXPECT_EQ(code, SY_RETRY);
  server.clear_faults();
  ASSERT_EQ(create(op).code, SY_OK);
  expect_whole();
  const auto found = endpoint.find(host.call(), op);
  ASSERT_TRUE(found.has_value());
  EXPECT_FALSE(found->partial());
}
TEST_P(LostRequest, OnceIsNotEvenNoticed) {
  Fault fault;
  fault.action = GetParam().action;
  fault.method = GetParam().method;
  fault.path = GetParam().path;
  fault.skip = GetParam().skip;
  server.add_fault(fault);
  const Operation op = create_op(document());
  const Done d = [&] {
    try {
      return create(op);
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), SY_RETRY);
      return create(op);
    }
  }();
  EXPECT_EQ(d.code, SY_OK) << d.text;
  expect_whole();
}
INSTANTIATE_TEST_SUITE_P(AtEachStep, LostRequest,
                         ::testing::Values(Lost{Fault::Action::DROP_BEFORE, "POST", "emails", 0},
                                           Lost{Fault::Action::DROP_AFTER, "POST", "emails", 0},
                                           Lost{Fault::Action::DROP_BEFORE, "PATCH", "activitymimeattachments", 0},
                                           Lost{Fault::Action::DROP_AFTER, "PATCH", "activitymimeattachments", 0},
                                           Lost{Fault::Action::DROP_BEFORE, "PATCH", "activitymimeattachments", 1},
                                           Lost{Fault::Action::DROP_AFTER, "PATCH", "activitymimeattachments", 1},
                                           Lost{Fault::Action::DROP_BEFORE, "PATCH", "emails", 0},
                                           Lost{Fault::Action::DROP_AFTER, "PATCH", "emails", 0},
                                           Lost{Fault::Action::DROP_BEFORE, "GET", "emails(", 0}));

TEST_F(EmailTest, ARequestThatLandsLateDoublesNothing) {
  Fault fault;
  fault.action = Fault::Action::LAND_LATER;
  fault.method = "PATCH";
  fault.path = "activitymimeattachments";
  server.add_fault(fault);
  const Operation op = create_op(document());
  if (code_of([&] { create(op); }) != SY_OK) create(op);
  server.land();
  EXPECT_EQ(create(op).code, SY_OK);
  expect_whole();
}

TEST_F(EmailTest, AFinishedMailIsNotTouchedAgain) {
  const Operation op = create_op(document());
  const Done first = create(op);
  server.clear_log();
  const Done second = create(op);
  EXPECT_EQ(second.code, SY_OK) << second.text;
  EXPECT_EQ(second.version, first.version);
  EXPECT_TRUE(second.never.empty()) << second.never;
  EXPECT_THAT(requests(true), ElementsAre("POST emails"));
  expect_whole();
}

/// Somebody deletes the draft before the k-th write: it is a deletion, and nothing makes it again.
class Deleted : public CrmTest, public ::testing::WithParamInterface<int> {};
TEST_P(Deleted, BetweenRequestsStaysDeleted) {
  const Operation op = create_op(document());
  int n = 0;
  host.on_effect([&](int phase, std::string_view) {
    if (phase == SY_BEFORE && n++ == GetParam()) server.remove("emails", token);
  });
  const Done d = create(op);
  host.rethrow();
  EXPECT_EQ(d.code, SY_GONE) << d.text;
  EXPECT_EQ(server.count("emails"), 0u);
  EXPECT_EQ(server.count("activitymimeattachments"), 0u);
}
INSTANTIATE_TEST_SUITE_P(AtEachStep, Deleted, ::testing::Range(1, 4));

TEST_F(EmailTest, AMailThatSomebodyClosedMeanwhileCountsAsFinishedWithoutTheRest) {
  int n = 0;
  host.on_effect([&](int phase, std::string_view) {
    if (phase == SY_BEFORE && n++ == 2) server.edit("emails", token, {{"statecode", 1}, {"statuscode", 2}});
  });
  const Done d = create(create_op(document()));
  host.rethrow();
  EXPECT_EQ(d.code, SY_OK) << d.text;
  EXPECT_EQ(d.never, R"(["attachments/2.2"])");
  EXPECT_EQ(status(), 2);
}

TEST_F(EmailTest, AFileThatTheServerBlocksIsLeftOutAndTheMailSaved) {
  json::object doc = document();
  doc["attachments"].at(0).get_object()["name"] = "setup.exe";
  const Done d = create(create_op(doc));
  ASSERT_EQ(d.code, SY_OK) << d.text;
  EXPECT_EQ(d.never, R"(["attachments/2.1"])");
  EXPECT_EQ(number_of(mail(), "notifications"), 1);
  EXPECT_EQ(status(), 4);
  EXPECT_EQ(server.count("activitymimeattachments"), 1u);
  EXPECT_TRUE(host.logged("attachments/2.1"));
}

TEST_F(EmailTest, AFileThatTheOrganizationListsAsBlockedIsNotEvenSent) {
  server.edit("organizations", text_of(server.rows("organizations").front(), "organizationid"),
              {{"blockedattachments", "ade;txt;bat"}});
  const Done d = create(create_op(document()));
  ASSERT_EQ(d.code, SY_OK) << d.text;
  EXPECT_EQ(d.never, R"(["attachments/2.1","attachments/2.2"])");
  EXPECT_EQ(requests(true).size(), 2u);
}

TEST_F(EmailTest, AFileThatIsTooLargeForTheServerIsLeftOut) {
  for (const auto& [status, code] : {std::pair{413, ""}, std::pair{400, "0x80043E09"}}) {
    Fault fault;
    fault.method = "PATCH";
    fault.path = "activitymimeattachments";
    fault.status = status;
    fault.code = code;
    server.add_fault(fault);
    token.back() = status == 413 ? '1' : '2';
    const Done d = create(create_op(document()));
    ASSERT_EQ(d.code, SY_OK) << d.text;
    EXPECT_EQ(d.never, R"(["attachments/2.1"])");
    EXPECT_EQ(number_of(mail(), "notifications"), 1);
  }
}

TEST_F(EmailTest, TheConfiguredLimitRulesOverTheOrganization) {
  json::object with = config();
  with["attachment_limit"] = 1000;
  connect(with, "user", "alice@contoso.test");
  const Done d = create(create_op(document()));
  EXPECT_EQ(d.code, SY_OK) << d.text;
  EXPECT_EQ(d.never, R"(["attachments/2.1","attachments/2.2"])");
  EXPECT_EQ(server.count("activitymimeattachments"), 0u);
}

class SmallOrganization : public CrmTest {
 protected:
  SmallOrganization()
      : CrmTest([] {
          sandbox::DataverseOptions o;
          o.max_upload = 40'001;
          return o;
        }()) {}
};
TEST_F(SmallOrganization, ItsLimitIsReadAndHeld) {
  const Done d = create(create_op(document()));  // 40,001 and 40,002 bytes
  ASSERT_EQ(d.code, SY_OK) << d.text;
  EXPECT_EQ(d.never, R"(["attachments/2.2"])");
  EXPECT_EQ(server.attachment(part_id("2.1")), payload(0));
}

TEST_F(EmailTest, AnEmptyAttachmentAndAHostileNameAreStored) {
  json::object doc = document(1);
  json::object& a = doc["attachments"].at(0).get_object();
  a["name"] = "..\\a/b:c\r\n\".txt";
  a["size"] = 0;
  a["blob"] = host.put_blob("mail", "empty", "");
  const Done d = create(create_op(doc));
  ASSERT_EQ(d.code, SY_OK) << d.text;
  EXPECT_TRUE(d.never.empty()) << d.never;
  EXPECT_EQ(server.attachment(part_id("2.1")), "");
}

TEST_F(EmailTest, ALongBodyIsCutAndSaid) {
  json::object doc = document(0);
  std::string body(1'048'575, 'x');
  body += "\xF0\x9F\x99\x82 and more";  // two units: does not fit whole
  doc["body"].get_object()["blob"] = host.put_blob("mail", "long", body);
  const Done d = create(create_op(doc));
  ASSERT_EQ(d.code, SY_OK) << d.text;
  EXPECT_EQ(d.never, R"(["body"])");
  EXPECT_EQ(number_of(mail(), "notifications"), 2);
  EXPECT_EQ(text_of(mail(), "description"), std::string(1'048'575, 'x'));
}

TEST_F(EmailTest, ALongSubjectIsCutAndALongMessageIdLeftOut) {
  json::object doc = document(0);
  doc["subject"] = std::string(2000, 's');
  doc["message_id"] = std::string(400, 'm') + "@x.test";
  const Done d = create(create_op(doc));
  ASSERT_EQ(d.code, SY_OK) << d.text;
  EXPECT_EQ(d.never, R"(["subject","message_id"])");
  EXPECT_EQ(text_of(mail(), "subject").size(), 800u);
  EXPECT_EQ(text_of(mail(), "messageid"), "");
  EXPECT_THAT(d.text, HasSubstr("subject"));
}

TEST_F(EmailTest, ARefusedRecordDoesNotBlockTheNext) {
  Fault fault;
  fault.method = "POST";
  fault.path = "emails";
  fault.message_id = "<m1@customer.test>";
  fault.status = 400;
  fault.code = "0x80044331";
  fault.message = "The value 'secret words' of ann@customer.test is too long";
  fault.count = -1;
  server.add_fault(fault);
  json::object second = document(0);
  second["message_id"] = "m2@customer.test";
  std::vector<Operation> ops{create_op(document()), create_op(second)};
  ops[1].token = "6f1c6e0e-5b0a-5d7e-9d59-3f8f3a1c2b11";
  std::vector<Done> done(2);
  endpoint.apply(host.call(), ops, [&](std::size_t i, const Done& d) { done[i] = d; });
  EXPECT_EQ(done[0].code, SY_INVALID);
  EXPECT_EQ(done[0].server_code, "0x80044331");
  EXPECT_EQ(done[0].text.find("secret"), std::string::npos) << done[0].text;
  EXPECT_EQ(done[0].text.find("ann@"), std::string::npos) << done[0].text;
  EXPECT_EQ(done[1].code, SY_OK) << done[1].text;
  EXPECT_EQ(server.count("emails"), 1u);
}

TEST_F(EmailTest, ErrorsHaveTheirClass) {
  struct Case {
    int status;
    const char* code;
    sy_code expected;
  };
  for (const Case& c : {Case{500, "0x80040333", SY_INVALID}, Case{500, "0x80040216", SY_RETRY}, Case{500, "", SY_RETRY},
                        Case{403, "0x80040220", SY_DENIED}, Case{403, "", SY_DENIED}, Case{400, "", SY_INVALID},
                        Case{501, "", SY_UNSUPPORTED}}) {
    Fault fault;
    fault.method = "POST";
    fault.path = "emails";
    fault.status = c.status;
    fault.code = c.code;
    server.add_fault(fault);
    EXPECT_EQ(create(create_op(document(0))).code, c.expected) << c.status << " " << c.code;
    server.clear_faults();
  }
}

TEST_F(EmailTest, ExistsWithoutBeingThereIsSaid) {
  for (const char* code : {"0x80040237", ""}) {
    Fault fault;
    fault.method = "POST";
    fault.path = "emails";
    fault.status = 412;
    fault.code = code;
    server.add_fault(fault);
    const Operation op = create_op(document(0));
    EXPECT_EQ(create(op).code, SY_EXISTS);
    EXPECT_FALSE(endpoint.find(host.call(), op).has_value());
  }
}

TEST_F(EmailTest, APauseIsKeptAndTheWorkDone) {
  Fault fault;
  fault.status = 429;
  fault.code = "0x80072322";
  fault.retry_after = 0;
  fault.skip = 1;
  fault.count = 2;
  server.add_fault(fault);
  EXPECT_EQ(create(create_op(document())).code, SY_OK);
  expect_whole();
  EXPECT_GE(host.counted("retries"), 2);
}

TEST_F(EmailTest, APauseLongerThanTheCallEndsTheCall) {
  ASSERT_EQ(create(create_op(document(0))).code, SY_OK);
  Fault fault;
  fault.method = "POST";
  fault.path = "emails";
  fault.status = 429;
  fault.code = "0x80072322";
  fault.retry_after = 300;
  server.add_fault(fault);
  try {
    create(create_op(document(0)));
    FAIL() << "the pause was ignored";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), SY_RETRY);
    EXPECT_GT(e.retry_after_ms(), 200'000);
  }
}

TEST_F(EmailTest, ATokenThatEndsMidwayIsRenewed) {
  int n = 0;
  host.on_effect([&](int phase, std::string_view what) {
    if (phase == SY_BEFORE && what.find("activitymime") != std::string_view::npos && n++ == 1) server.expire_tokens();
  });
  EXPECT_EQ(create(create_op(document())).code, SY_OK);
  host.rethrow();
  expect_whole();
  const auto log = server.log();
  EXPECT_TRUE(std::any_of(log.begin(), log.end(), [](const auto& e) { return e.status == 401; }));
}

TEST_F(EmailTest, APartThatLeftTheSpoolIsNotTakenForADeletion) {
  const json::object doc = document();
  remove_blob(host.host(), text_of(doc.at("attachments").at(1).get_object(), "blob"));
  const Done d = create(create_op(doc));
  EXPECT_EQ(d.code, SY_BROKEN);
  EXPECT_EQ(d.server_code, "source_gone");
  EXPECT_EQ(status(), 1);

  json::object rest = doc;  // what recovery says when the mail has left the mailbox
  rest.erase("body");
  rest.erase("attachments");
  rest["parts_lost"] = true;
  const Done last = create(create_op(rest));
  EXPECT_EQ(last.code, SY_OK) << last.text;
  EXPECT_EQ(last.never, R"(["attachments"])");
  EXPECT_EQ(number_of(mail(), "notifications"), 1);
  EXPECT_EQ(status(), 4);
  EXPECT_EQ(server.count("activitymimeattachments"), 1u);
}

TEST_F(EmailTest, NothingIsMadeOfAMailWhoseSourceIsGone) {
  json::object doc = document(0);
  doc.erase("body");
  doc["parts_lost"] = true;
  EXPECT_EQ(create(create_op(doc)).code, SY_GONE);
  remove_blob(host.host(), text_of(document(0).at("body").get_object(), "blob"));
  EXPECT_EQ(server.count("emails"), 0u);
}

TEST_F(EmailTest, FindTellsAbsentPartialAndComplete) {
  const Operation op = create_op(document());
  EXPECT_FALSE(endpoint.find(host.call(), op).has_value());
  server.add("emails", {{"activityid", token}, {"subject", "a draft"}});
  ASSERT_TRUE(endpoint.find(host.call(), op).has_value());
  EXPECT_TRUE(endpoint.find(host.call(), op)->partial());
  ASSERT_EQ(create(op).code, SY_OK);
  const auto found = endpoint.find(host.call(), op);
  ASSERT_TRUE(found.has_value());
  EXPECT_FALSE(found->partial());
  EXPECT_EQ(found->version, text_of(mail(), "@odata.etag"));
}

TEST_F(EmailTest, FetchTellsWhatIsThere) {
  ASSERT_EQ(create(create_op(document(0))).code, SY_OK);
  const std::vector<std::string> ids{"00000000-0000-4000-8000-00000000dead", token, "no id at all"};
  std::map<std::string, Item> got;
  endpoint.fetch(host.call(), "email", ids, SY_HEAD, [&](const Item& i) {
    got[i.id] = i;
    return true;
  });
  ASSERT_EQ(got.size(), 3u);
  EXPECT_TRUE(got[ids[0]].invisible());
  EXPECT_FALSE(got[ids[0]].gone());
  EXPECT_EQ(got[token].flags, 0u);
  EXPECT_EQ(got[token].version, text_of(mail(), "@odata.etag"));
  EXPECT_TRUE(got[ids[2]].invisible());
}

TEST_F(EmailTest, CapsSayWhatIsCarried) {
  const Caps caps = endpoint.caps("email");
  EXPECT_EQ(caps.flags, std::uint32_t{SY_CAN_CREATE | SY_CAN_UPDATE | SY_CAN_DELETE | SY_IF_VERSION | SY_TOKEN_KEYED |
                                      SY_TOKEN_FIND});
  EXPECT_THAT(caps.fields, HasSubstr("\"subject\""));
  EXPECT_EQ(endpoint.caps("lead").flags, std::uint32_t{SY_CAN_CREATE | SY_TOKEN_KEYED | SY_TOKEN_FIND});
  EXPECT_EQ(endpoint.caps("appointment").flags, 0u);
}

TEST_F(EmailTest, WhatIsNotOfferedIsRefusedPerItem) {
  Operation appointment = create_op({});
  appointment.kind = "appointment";
  EXPECT_EQ(create(appointment).code, SY_UNSUPPORTED);
  Operation bad = create_op(document(0));
  bad.token = "no uuid";
  EXPECT_EQ(create(bad).code, SY_INVALID);
  bad = create_op(document(0));
  bad.doc = "[1";
  EXPECT_EQ(create(bad).code, SY_INVALID);
  EXPECT_TRUE(server.log().empty());
}

TEST_F(EmailTest, ACanceledCallStopsBeforeTheNextRequest) {
  conformance::TestCall call;
  call.cancel();
  const std::vector<Operation> ops{create_op(document())};
  EXPECT_EQ(code_of([&] { endpoint.apply(call, ops, [](std::size_t, const Done&) {}); }), SY_CANCELED);
  EXPECT_EQ(server.count("emails"), 0u);
}

TEST_F(EmailTest, NoContentReachesTheLog) {
  create(create_op(document()));
  for (const conformance::LogLine& l : host.log()) {
    EXPECT_EQ(l.text.find("Offer"), std::string::npos) << l.text;
    EXPECT_EQ(l.text.find("@customer"), std::string::npos) << l.text;
    EXPECT_EQ(l.text.find("sandbox-secret"), std::string::npos) << l.text;
  }
}

}  // namespace
}  // namespace syncline::crm
