// Items read in batches, and written one at a time.
#include "test_ews.hpp"

namespace syncline::exchange::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

std::vector<std::string> ids_of(const std::string& body) {
  std::vector<std::string> out;
  for (std::size_t at = body.find("ItemId Id=\""); at != std::string::npos; at = body.find("ItemId Id=\"", at + 1))
    out.push_back(body.substr(at + 11, body.find('"', at + 11) - at - 11));
  return out;
}

Reply each_contact(const net::test::Received& r) {
  std::string all;
  for (const std::string& id : ids_of(r.body)) all += good("GetItem", items(contact(id, "k-" + id)));
  return answer("GetItem", all);
}

class Reading : public EwsTest {};

TEST_F(Reading, H06_H07_OneItemsFailureIsItsOwn) {
  ews.on("GetItem",
         answer("GetItem", good("GetItem", items(contact("a", "k1"))) + bad("GetItem", "ErrorItemNotFound") +
                               bad("GetItem", "ErrorItemCorrupt") + bad("GetItem", "ErrorInvalidIdMalformed") +
                               good("GetItem", items(contact("e", "k5")))));
  const auto got = fetch({"a", "b", "c", "d", "e"});
  ASSERT_EQ(got.size(), 5u);
  EXPECT_EQ(got[0].version, "k1");
  EXPECT_TRUE(got[1].gone());
  EXPECT_TRUE(got[2].invisible()) << "a corrupt item is no deleted one";
  EXPECT_TRUE(got[3].invisible()) << "after a move of the mailbox, ids mean nothing";
  EXPECT_EQ(got[4].version, "k5");
  EXPECT_EQ(json::parse(got[0].doc).at("firstname"), "Ann");
}

TEST_F(Reading, H14_AnItemAmongTheDeletedOnesIsGone) {
  std::string moved = contact("a", "k1");
  moved.replace(moved.find("folder-contacts"), 15, "folder-deleteditems");
  ews.on("GetItem", answer("GetItem", good("GetItem", items(moved))));
  EXPECT_TRUE(fetch({"a"}).front().gone());
}

TEST_F(Reading, BatchesGrowWhileAnswersAreSmall) {
  ews.on("GetItem", each_contact);
  std::vector<std::string> ids;
  for (int i = 0; i < 200; ++i) ids.push_back("id" + std::to_string(i));
  EXPECT_EQ(fetch(ids).size(), 200u);
  std::vector<std::size_t> sizes;
  for (const auto& r : ews.asked("GetItem")) sizes.push_back(ids_of(r.body).size());
  EXPECT_THAT(sizes, ElementsAre(25u, 50u, 75u, 50u));
}

TEST_F(Reading, ABatchThatIsTooMuchIsHalvedUntilEachIsAlone) {
  ews.on("GetItem", [](const net::test::Received& r) {
    const auto ids = ids_of(r.body);
    if (ids.size() > 3)
      return answer("GetItem", [&] {
        std::string all;
        for (std::size_t i = 0; i < ids.size(); ++i) all += bad("GetItem", "ErrorTimeoutExpired");
        return all;
      }());
    return each_contact(r);
  });
  std::vector<std::string> ids;
  for (int i = 0; i < 30; ++i) ids.push_back("id" + std::to_string(i));
  const auto got = fetch(ids);
  ASSERT_EQ(got.size(), 30u);
  for (const Item& i : got) EXPECT_EQ(i.version, "k-" + i.id);
}

TEST_F(Reading, AnItemThatIsTooMuchAloneDoesNotHoldUpTheOthers) {
  config["max_batch"] = 1;
  ews.on("GetItem", [](const net::test::Received& r) {
    if (ids_of(r.body).front() == "huge") return answer("GetItem", bad("GetItem", "ErrorDataSizeLimitExceeded"));
    return each_contact(r);
  });
  const auto got = fetch({"huge", "small"});
  ASSERT_EQ(got.size(), 2u);
  EXPECT_TRUE(got[0].invisible());
  EXPECT_EQ(got[1].version, "k-small");
}

TEST_F(Reading, WhatWasStoppedInABatchIsAskedForAgain) {
  ews.on("GetItem", answer("GetItem", good("GetItem", items(contact("a", "k-a"))) +
                                          bad("GetItem", "ErrorBatchProcessingStopped")));
  ews.on("GetItem", each_contact);
  const auto got = fetch({"a", "b"});
  ASSERT_EQ(got.size(), 2u);
  EXPECT_EQ(got[1].version, "k-b");
  EXPECT_THAT(ids_of(ews.asked("GetItem")[1].body), ElementsAre("b"));
}

TEST_F(Reading, H73_DirectoryNamesAreResolvedOnce) {
  const std::string named =
      "<t:Contact>" + item_id_xml("a", "k1") +
      "<t:ItemClass>IPM.Contact</t:ItemClass><t:GivenName>Ann</t:GivenName><t:EmailAddresses><t:Entry "
      "Key=\"EmailAddress1\" RoutingType=\"EX\">/o=Contoso/ou=x/cn=ann</t:Entry></t:EmailAddresses></t:Contact>";
  ews.on("GetItem", answer("GetItem", good("GetItem", items(named))));
  ews.on("ResolveNames", answer("ResolveNames", good("ResolveNames",
                                                     "<m:ResolutionSet><t:Resolution><t:Mailbox>"
                                                     "<t:EmailAddress>ann@contoso.test</t:EmailAddress>"
                                                     "<t:RoutingType>SMTP</t:RoutingType></t:Mailbox>"
                                                     "</t:Resolution></m:ResolutionSet>")));
  EXPECT_EQ(json::parse(fetch({"a"}).front().doc).at("email1"), "ann@contoso.test");
  fetch({"a"});
  EXPECT_EQ(ews.asked("ResolveNames").size(), 1u);
}

class Writing : public EwsTest {
 protected:
  Operation op(std::uint32_t verb) {
    Operation o;
    o.verb = verb;
    o.kind = "contact";
    o.doc = R"({"firstname": "Anna"})";
    if (verb == SY_CREATE) {
      o.token = "5c0ffee0-0000-4000-8000-000000000001";
    } else {
      o.id = "one";
      o.if_version = "k1";
      o.fields = R"(["firstname"])";
    }
    return o;
  }
  void there(const std::string& key, const std::string& name = "Ann") {
    ews.on("GetItem", answer("GetItem", good("GetItem", items(contact("one", key, name)))));
  }
};

TEST_F(Writing, ACreateBearsItsTokenAndIsReadBack) {
  ews.on("CreateItem",
         answer("CreateItem", good("CreateItem", items("<t:Contact>" + item_id_xml("one", "k0") + "</t:Contact>"))));
  there("k1", "Anna");
  const Done done = apply(op(SY_CREATE));
  ASSERT_EQ(done.code, SY_OK) << done.text;
  EXPECT_EQ(done.id, "one");
  EXPECT_EQ(done.version, "k1") << "as it is now, whatever the answer to the create said";
  EXPECT_EQ(json::parse(done.doc).at("firstname"), "Anna");
  const std::string body = ews.asked("CreateItem").front().body;
  EXPECT_THAT(body, HasSubstr("5c0ffee0-0000-4000-8000-000000000001"));
  EXPECT_THAT(body, HasSubstr("folder-contacts"));
  EXPECT_EQ(host.effects().size(), 1u) << "one request changes the mailbox";
}

TEST_F(Writing, NeighboursShareTheirRequestsAndOneRefusalIsItsOwn) {
  ews.on(
      "CreateItem",
      answer("CreateItem", good("CreateItem", items("<t:Contact>" + item_id_xml("one", "k0") + "</t:Contact>")) +
                               bad("CreateItem", "ErrorInvalidPropertySet") +
                               good("CreateItem", items("<t:Contact>" + item_id_xml("three", "k0") + "</t:Contact>"))));
  ews.on("GetItem", answer("GetItem", good("GetItem", items(contact("one", "k1", "Anna"))) +
                                          good("GetItem", items(contact("three", "k3", "Anna")))));
  const std::vector<Operation> ops(3, op(SY_CREATE));
  std::vector<Done> done(3);
  mailbox().apply(call, ops, [&](std::size_t i, const Done& d) { done[i] = d; });
  EXPECT_EQ(done[0].version, "k1");
  EXPECT_NE(done[1].code, SY_OK);
  EXPECT_EQ(done[1].server_code, "ErrorInvalidPropertySet");
  EXPECT_EQ(done[2].version, "k3");
  EXPECT_EQ(ews.asked("CreateItem").size(), 1u);
  EXPECT_EQ(ews.asked("GetItem").size(), 1u);
}

TEST_F(Writing, WhatWasMadeIsToldBeforeTheCallEnds) {
  ews.on("CreateItem",
         answer("CreateItem", good("CreateItem", items("<t:Contact>" + item_id_xml("one", "k0") + "</t:Contact>")) +
                                  bad("CreateItem", "ErrorQuotaExceeded") + bad("CreateItem", "ErrorServerBusy")));
  const std::vector<Operation> ops(3, op(SY_CREATE));
  std::vector<std::optional<Done>> done(3);
  EXPECT_THROW(mailbox().apply(call, ops, [&](std::size_t i, const Done& d) { done[i] = d; }), Error);
  ASSERT_TRUE(done[0]) << "it exists, and nobody has to look for it";
  EXPECT_EQ(done[0]->id, "one");
  EXPECT_FALSE(done[2]) << "not known";
}

TEST_F(Writing, H29_ALostCreateIsNotSentTwiceByUs) {
  ews.on("CreateItem", Reply{0, "", ""});
  try {
    apply(op(SY_CREATE));
    ADD_FAILURE() << "it must not pass for a success";
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), SY_RETRY);
  }
  EXPECT_EQ(ews.asked("CreateItem").size(), 1u);
}

TEST_F(Writing, H29_TheTokenFindsWhatWasMade) {
  ews.on("FindItem", answer("FindItem", good("FindItem", "<m:RootFolder IncludesLastItemInRange=\"true\"><t:Items>" +
                                                             contact("one", "k1") + "</t:Items></m:RootFolder>")));
  there("k1");
  const auto found = mailbox().find(call, op(SY_CREATE));
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->id, "one");
  EXPECT_FALSE(found->partial());
  EXPECT_THAT(ews.asked("FindItem").front().body, HasSubstr("5c0ffee0-0000-4000-8000-000000000001"));
}

TEST_F(Writing, H35_AnItemThatMovedOnIsNotOverwrittenAlthoughTheServerWould) {
  there("k2");
  EXPECT_EQ(apply(op(SY_UPDATE)).code, SY_CONFLICT);
  EXPECT_EQ(apply(op(SY_DELETE)).code, SY_CONFLICT);
  EXPECT_TRUE(ews.asked("UpdateItem").empty());
  EXPECT_TRUE(ews.asked("DeleteItem").empty());
}

TEST_F(Writing, H33_AServerThatChecksTheVersionMaySayNoToo) {
  there("k1");
  ews.on("UpdateItem", answer("UpdateItem", bad("UpdateItem", "ErrorIrresolvableConflict")));
  const Done done = apply(op(SY_UPDATE));
  EXPECT_EQ(done.code, SY_CONFLICT);
  EXPECT_EQ(done.server_code, "ErrorIrresolvableConflict");
}

TEST_F(Writing, AnUpdateNamesTheVersionThatWasReadAndIsReadBack) {
  there("k1");
  there("k2", "Anna");
  ews.on("UpdateItem",
         answer("UpdateItem", good("UpdateItem", items("<t:Contact>" + item_id_xml("one", "k2") + "</t:Contact>"))));
  const Done done = apply(op(SY_UPDATE));
  ASSERT_EQ(done.code, SY_OK) << done.text;
  EXPECT_EQ(done.version, "k2");
  EXPECT_EQ(json::parse(done.doc).at("firstname"), "Anna");
  const std::string body = ews.asked("UpdateItem").front().body;
  EXPECT_THAT(body, HasSubstr("ConflictResolution=\"NeverOverwrite\""));
  EXPECT_THAT(body, HasSubstr("ChangeKey=\"k1\""));
}

TEST_F(Writing, ADeletedItemIsMovedToTheDeletedOnes) {
  there("k1");
  ews.on("DeleteItem", answer("DeleteItem", good("DeleteItem", "")));
  EXPECT_EQ(apply(op(SY_DELETE)).code, SY_OK);
  EXPECT_THAT(ews.asked("DeleteItem").front().body, HasSubstr("DeleteType=\"MoveToDeletedItems\""));
  EXPECT_THAT(ews.asked("DeleteItem").front().body, Not(HasSubstr("AffectedTaskOccurrences")));
}

TEST_F(Writing, ADeletedTaskSaysWhatBecomesOfItsOccurrences) {
  Operation o = op(SY_DELETE);
  o.kind = "task";
  const std::string task =
      "<t:Task>" + item_id_xml("one", "k1") + "<t:ItemClass>IPM.Task</t:ItemClass><t:Subject>Call</t:Subject></t:Task>";
  ews.on("GetItem", answer("GetItem", good("GetItem", items(task))));
  ews.on("DeleteItem", answer("DeleteItem", good("DeleteItem", "")));
  EXPECT_EQ(apply(o).code, SY_OK);
  EXPECT_THAT(ews.asked("DeleteItem").front().body, HasSubstr("AffectedTaskOccurrences=\"AllOccurrences\""));
}

TEST_F(Writing, H42_WhatIsGoneIsGoneForWritesToo) {
  ews.on("GetItem", answer("GetItem", bad("GetItem", "ErrorItemNotFound")));
  EXPECT_EQ(apply(op(SY_UPDATE)).code, SY_GONE);
  EXPECT_EQ(apply(op(SY_DELETE)).code, SY_GONE);
}

TEST_F(Writing, MailIsNotWritten) {
  Operation o = op(SY_CREATE);
  o.kind = "email";
  EXPECT_EQ(apply(o).code, SY_UNSUPPORTED);
  EXPECT_EQ(mailbox().caps("email").flags & (SY_CAN_CREATE | SY_CAN_UPDATE | SY_CAN_DELETE), 0u);
}

}  // namespace
}  // namespace syncline::exchange::test
