// E-mails: parties, states, attachments.
#include <gtest/gtest.h>

#include "encode.hpp"
#include "raw_client.hpp"

namespace syncline::sandbox {
namespace {
namespace json = boost::json;

class EmailTest : public ::testing::Test {
 protected:
  std::string draft() {
    return client_.create("emails",
                          {{"subject", "Hi"},
                           {"messageid", "<a@b.test>"},
                           {"directioncode", false},
                           {"email_activity_parties",
                            {{{"addressused", "x@example.test"}, {"participationtypemask", 1}},
                             {{"partyid_systemuser@odata.bind", "/systemusers(" + guid_of("alice@contoso.test") + ")"},
                              {"participationtypemask", 2}}}}});
  }
  Answer attach(const std::string& email, const std::string& name, const std::string& bytes) {
    return client_.write("POST", "activitymimeattachments",
                         {{"objectid_email@odata.bind", "/emails(" + email + ")"},
                          {"objecttypecode", "email"},
                          {"filename", name},
                          {"body", base64(bytes)}});
  }
  Answer state(const std::string& id, int state, int status) {
    return client_.write("PATCH", "emails(" + id + ")", {{"statecode", state}, {"statuscode", status}});
  }
  json::array parties(const std::string& id) {
    return client_
        .get("emails(" + id +
             ")?$select=subject&$expand=email_activity_parties($select=participationtypemask,addressused,_partyid_"
             "value)")
        .json()
        .at("email_activity_parties")
        .as_array();
  }

  Dataverse server_{DataverseOptions{.max_upload = 1000}};
  RawClient client_{server_};
};

TEST_F(EmailTest, PartiesAreMadeWithTheEmail) {
  const json::array all = parties(draft());
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].as_object().at("addressused").as_string(), "x@example.test");
  EXPECT_TRUE(all[0].as_object().at("_partyid_value").is_null());
  EXPECT_EQ(all[1].as_object().at("addressused").as_string(), "alice@contoso.test") << "filled in from the user";
  EXPECT_EQ(all[2].as_object().at("participationtypemask").as_int64(), 9) << "the owner is a party, too";
}

TEST_F(EmailTest, ABadPartyLeavesNothingBehind) {
  const auto made = [&](const json::value& party) {
    return client_.write("POST", "emails", {{"subject", "Bad"}, {"email_activity_parties", json::array{party}}});
  };
  EXPECT_EQ(made({{"participationtypemask", 1}}).code(), "0x80043504");
  EXPECT_EQ(made({{"addressused", "x@y"}, {"participationtypemask", 5}}).code(), "0x80043506");
  EXPECT_EQ(made({{"addressused", "no address"}, {"participationtypemask", 1}}).code(), "0x80043518");
  EXPECT_EQ(server_.count("emails"), 0U);
  EXPECT_EQ(server_.count("activityparties"), 0U);
}

TEST_F(EmailTest, PartiesAreReplacedAsASetAndThatIsAChange) {
  const std::string id = draft();
  const std::string before = client_.get("emails(" + id + ")").header("ETag");
  EXPECT_EQ(client_
                .write("PUT", "emails(" + id + ")/email_activity_parties",
                       {{"value", {{{"addressused", "new@example.test"}, {"participationtypemask", 1}}}}})
                .status,
            204);
  EXPECT_EQ(parties(id)[0].as_object().at("addressused").as_string(), "new@example.test");
  EXPECT_EQ(parties(id).size(), 2U);
  EXPECT_NE(client_.get("emails(" + id + ")").header("ETag"), before);
}

TEST_F(EmailTest, UpsertWithPartiesCanBeSwitchedOff) {
  const json::value body{{"subject", "Up"},
                         {"email_activity_parties", {{{"addressused", "x@y"}, {"participationtypemask", 1}}}}};
  const HeaderList create_only{{"If-None-Match", "*"}};
  EXPECT_EQ(client_.write("PATCH", "emails(" + new_guid() + ")", body, create_only).status, 204);
  server_.set_behaviour({.refuse_nested_upsert = true});
  EXPECT_EQ(client_.write("PATCH", "emails(" + new_guid() + ")", body, create_only).status, 400);
  EXPECT_EQ(client_.write("PATCH", "emails(" + new_guid() + ")", {{"subject", "Up"}}, create_only).status, 204);
  EXPECT_EQ(server_.count("emails"), 2U);
}

TEST_F(EmailTest, StatesGoTheirWayOnly) {
  EXPECT_EQ(client_.write("POST", "emails", {{"subject", "x"}, {"statecode", 1}}).status, 400) << "created as a draft";
  const std::string id = draft();
  EXPECT_EQ(state(id, 1, 1).code(), "0x80048408") << "a status of another state";
  EXPECT_EQ(state(id, 1, 99).code(), "0x80048408");
  EXPECT_EQ(state(id, 1, 4).status, 204);
  EXPECT_EQ(state(id, 1, 4).status, 204) << "the same again changes nothing";
  EXPECT_EQ(state(id, 1, 3).code(), "0x80048408") << "received is final";
  EXPECT_EQ(state(id, 0, 1).status, 204) << "but it can be opened again";
  EXPECT_EQ(client_.write("PATCH", "emails(" + id + ")", {{"statecode", 1}}).status, 204);
  EXPECT_EQ(server_.row("emails", id)->at("statuscode").as_int64(), 2) << "the state's default";
}

TEST_F(EmailTest, CompletedIsReadOnly) {
  const std::string id = draft();
  EXPECT_EQ(attach(id, "a.txt", "text").status, 204);
  const std::string file(server_.rows("activitymimeattachments")[0].at("activitymimeattachmentid").as_string());
  ASSERT_EQ(state(id, 1, 4).status, 204);
  EXPECT_EQ(client_.write("PATCH", "emails(" + id + ")", {{"subject", "No"}}).status, 400);
  EXPECT_EQ(client_.write("PUT", "emails(" + id + ")/email_activity_parties", {{"value", json::array{}}}).status, 400);
  EXPECT_EQ(attach(id, "b.txt", "text").status, 400);
  EXPECT_EQ(client_.call("DELETE", "activitymimeattachments(" + file + ")").status, 400);
  EXPECT_EQ(server_.row("emails", id)->at("subject").as_string(), "Hi");
  EXPECT_EQ(client_.call("DELETE", "emails(" + id + ")").status, 204);
  EXPECT_EQ(server_.count("activitymimeattachments"), 0U) << "they go with the e-mail";
  EXPECT_EQ(server_.count("activityparties"), 0U);
}

TEST_F(EmailTest, AttachmentsAreCheckedAndCounted) {
  const std::string id = draft();
  std::string bytes(1000, '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i);
  EXPECT_EQ(attach(id, "data.bin", bytes).status, 204);
  const std::string file(server_.rows("activitymimeattachments")[0].at("activitymimeattachmentid").as_string());
  EXPECT_EQ(server_.attachment(file), bytes);
  EXPECT_EQ(server_.row("emails", id)->at("attachmentcount").as_int64(), 1);
  const json::object shown = server_.state().at("activitymimeattachments").as_array()[0].as_object();
  EXPECT_EQ(shown.at("body_sha256").as_string(), sha256(bytes));
  EXPECT_EQ(shown.at("body_size").to_number<int>(), 1000);
  EXPECT_FALSE(shown.contains("body"));
  EXPECT_EQ(attach(id, "data.bin", bytes + "x").code(), "0x80043E09");
  EXPECT_EQ(attach(id, "virus.exe", "x").code(), "0x80043E09");
  EXPECT_EQ(attach(id, "a/b.txt", "x").code(), "0x80044A08");
  EXPECT_EQ(attach(id, "", "x").code(), "0x80044A08");
  EXPECT_EQ(client_.write("POST", "activitymimeattachments", {{"filename", "a.txt"}, {"body", "AAAA"}}).code(),
            "0x80050006");
  EXPECT_EQ(
      client_
          .write("POST", "activitymimeattachments",
                 {{"objectid_email@odata.bind", "/emails(" + id + ")"}, {"filename", "a.txt"}, {"body", "no base64!"}})
          .status,
      400);
  EXPECT_EQ(server_.count("activitymimeattachments"), 1U);
}

TEST_F(EmailTest, QueueItemsAndAppointments) {
  const std::string item =
      client_.create("queueitems", {{"queueid@odata.bind", "/queues(" + guid_of("support@contoso.test") + ")"},
                                    {"objectid_email@odata.bind", "/emails(" + draft() + ")"}});
  EXPECT_EQ(server_.row("queueitems", item)->at("objecttypecode").as_string(), "email");
  EXPECT_EQ(client_.write("POST", "appointments", {{"subject", "A"}}).code(), "0x80040275");
  const std::string appointment = client_.create(
      "appointments",
      {{"subject", "A"}, {"scheduledstart", "2026-05-01T08:00:00Z"}, {"scheduledend", "2026-05-01T09:00:00Z"}});
  EXPECT_EQ(server_.row("appointments", appointment)->at("statecode").as_int64(), 3);
}

TEST_F(EmailTest, CorrelationIsTheServersOwnWhereTheSwitchSaysSo) {
  const json::object body{
      {"subject", "Hi"}, {"correlationmethod", 3}, {"inreplyto", "<x@y.test>"}, {"conversationindex", "AQ=="}};
  EXPECT_EQ(server_.row("emails", client_.create("emails", body))->at("inreplyto"), "<x@y.test>");
  Behaviour behaviour;
  behaviour.server_owned_correlation = true;
  server_.set_behaviour(behaviour);
  const json::object row = *server_.row("emails", client_.create("emails", body));
  EXPECT_EQ(row.at("correlationmethod").as_int64(), 0);
  EXPECT_FALSE(row.contains("inreplyto") && row.at("inreplyto").is_string());
  EXPECT_FALSE(row.contains("conversationindex") && row.at("conversationindex").is_string());
  const json::object table =
      client_.get("EntityDefinitions(LogicalName='email')?$expand=Attributes($select=LogicalName,IsValidForCreate)")
          .json();
  for (const json::value& a : table.at("Attributes").as_array())
    EXPECT_FALSE(a.at("LogicalName") == "inreplyto" && a.at("IsValidForCreate").as_bool());
}

TEST_F(EmailTest, ARecordIsInAQueueOnce) {
  const std::string mail = draft();
  const json::object item{{"queueid@odata.bind", "/queues(" + guid_of("support@contoso.test") + ")"},
                          {"objectid_email@odata.bind", "/emails(" + mail + ")"}};
  EXPECT_EQ(client_.write("POST", "queueitems", item).status, 204);
  EXPECT_EQ(client_.write("POST", "queueitems", item).status, 412);
  EXPECT_EQ(server_.count("queueitems"), 1U);
}

}  // namespace
}  // namespace syncline::sandbox
