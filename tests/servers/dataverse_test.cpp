// Records one by one: tokens, creating, conditions, lookups, errors.
#include "dataverse.hpp"

#include <gtest/gtest.h>

#include "encode.hpp"
#include "raw_client.hpp"

namespace syncline::sandbox {
namespace {
namespace json = boost::json;

const std::string kOwnId = "11111111-2222-4333-8444-555555555555";

class DataverseTest : public ::testing::Test {
 protected:
  Dataverse server_;
  RawClient client_{server_};
};

TEST_F(DataverseTest, TokenNeedsTheSecretTheScopeAndTheGrant) {
  const Answer good = client_.token(client_.good_form());
  EXPECT_EQ(good.status, 200);
  EXPECT_EQ(good.json().at("expires_in").as_int64(), 3600);
  std::string wrong = client_.good_form();
  wrong.replace(wrong.find("sandbox-secret"), 14, "wrong-secret");
  EXPECT_EQ(client_.token(wrong).status, 401);
  EXPECT_EQ(client_.token(wrong).json().at("error").as_string(), "invalid_client");
  EXPECT_EQ(client_.token("grant_type=password").json().at("error").as_string(), "unsupported_grant_type");
  std::string scope = client_.good_form();
  scope.resize(scope.size() - 9);
  EXPECT_EQ(client_.token(scope).json().at("error").as_string(), "invalid_scope");
}

TEST_F(DataverseTest, EveryRequestNeedsAValidToken) {
  EXPECT_EQ(client_.send("GET", "/api/data/v9.2/contacts", {}, "").status, 401);
  EXPECT_EQ(client_.send("GET", "/api/data/v9.2/contacts", {{"Authorization", "Bearer nonsense"}}, "").status, 401);
  EXPECT_EQ(client_.get("WhoAmI").status, 200);
  server_.expire_tokens();
  const Answer expired = client_.get("WhoAmI");
  EXPECT_EQ(expired.status, 401);
  EXPECT_EQ(expired.code(), "0x8005F101");
  EXPECT_TRUE(expired.header("WWW-Authenticate").starts_with("Bearer"));
  client_.log_in();
  EXPECT_EQ(client_.get("WhoAmI").status, 200);
}

TEST_F(DataverseTest, TokensExpireByThemselves) {
  Dataverse server(DataverseOptions{.token_lifetime = std::chrono::seconds(0)});
  RawClient client(server);
  EXPECT_EQ(client.get("WhoAmI").status, 401);
}

TEST_F(DataverseTest, CreateAnswersWithTheAddressOrTheRepresentation) {
  const Answer plain = client_.write("POST", "contacts", {{"firstname", "Ann"}, {"lastname", "Lee"}});
  EXPECT_EQ(plain.status, 204);
  EXPECT_TRUE(plain.header("OData-EntityId").starts_with(server_.api() + "/contacts("));
  const Answer shown = client_.write("POST", "contacts?$select=fullname", {{"firstname", "Ann"}, {"lastname", "Lee"}},
                                     {{"Prefer", "return=representation"}});
  EXPECT_EQ(shown.status, 201);
  EXPECT_EQ(shown.header("OData-EntityId"), "");
  EXPECT_EQ(shown.json().at("fullname").as_string(), "Ann Lee");
  EXPECT_TRUE(shown.json().contains("contactid"));
  EXPECT_FALSE(shown.json().contains("firstname"));
}

TEST_F(DataverseTest, OwnIdsAreTakenOnceOnly) {
  EXPECT_EQ(client_.create("contacts", {{"contactid", kOwnId}, {"lastname", "Lee"}}), kOwnId);
  const Answer again = client_.write("POST", "contacts", {{"contactid", kOwnId}, {"lastname", "Other"}});
  EXPECT_EQ(again.status, 412);
  EXPECT_EQ(again.code(), "0x80040237");
  EXPECT_EQ(server_.row("contacts", kOwnId)->at("lastname").as_string(), "Lee");
}

TEST_F(DataverseTest, UpsertFollowsItsConditions) {
  const std::string path = "contacts(" + kOwnId + ")";
  const Answer absent = client_.write("PATCH", path, {{"lastname", "A"}}, {{"If-Match", "*"}});
  EXPECT_EQ(absent.status, 404);
  EXPECT_EQ(absent.code(), "0x80040217");
  const HeaderList create_only{{"If-None-Match", "*"}, {"Prefer", "return=representation"}};
  EXPECT_EQ(client_.write("PATCH", path, {{"lastname", "A"}}, create_only).status, 201);
  const Answer there = client_.write("PATCH", path, {{"lastname", "B"}}, create_only);
  EXPECT_EQ(there.status, 412);
  EXPECT_EQ(there.code(), "0x80040237");
  EXPECT_EQ(client_.write("PATCH", path, {{"lastname", "C"}}, {{"Prefer", "return=representation"}}).status, 200);
  EXPECT_EQ(client_.write("PATCH", path, {{"lastname", "D"}}, {{"If-Match", "*"}}).status, 204);
  EXPECT_EQ(server_.row("contacts", kOwnId)->at("lastname").as_string(), "D");
}

TEST_F(DataverseTest, VersionsRiseAndAreChecked) {
  const std::string id = client_.create("contacts", {{"lastname", "Lee"}});
  const std::string path = "contacts(" + id + ")";
  const std::string first = client_.get(path).header("ETag");
  EXPECT_TRUE(first.starts_with("W/\""));
  EXPECT_EQ(client_.get(path, {{"If-None-Match", first}}).status, 304);
  EXPECT_EQ(client_.get(path, {{"If-None-Match", "null"}}).status, 200);
  EXPECT_EQ(client_.write("PATCH", path, {{"lastname", "Lea"}}, {{"If-Match", first}}).status, 204);
  const Answer stale = client_.write("PATCH", path, {{"lastname", "Leo"}}, {{"If-Match", first}});
  EXPECT_EQ(stale.status, 412);
  EXPECT_EQ(stale.code(), "0x80060882");
  EXPECT_EQ(client_.call("DELETE", path, {{"If-Match", first}}).status, 412);
  const std::string second = client_.get(path).header("ETag");
  EXPECT_GT(std::stol(second.substr(3)), std::stol(first.substr(3)));
  EXPECT_EQ(client_.call("DELETE", path, {{"If-Match", second}}).status, 204);
  EXPECT_EQ(client_.get(path).status, 404);
  EXPECT_EQ(client_.call("DELETE", path).status, 404);
}

TEST_F(DataverseTest, LookupsAreBoundByAddressAndReadAsValues) {
  const std::string account = client_.create("accounts", {{"name", "Northwind"}});
  const std::string id = client_.create(
      "contacts",
      {{"lastname", "Lee"}, {"parentcustomerid_account@odata.bind", server_.api() + "/accounts(" + account + ")"}});
  const std::string path = "contacts(" + id + ")";
  const json::object row =
      client_.get(path + "?$select=_parentcustomerid_value", {{"Prefer", "odata.include-annotations=\"*\""}}).json();
  EXPECT_EQ(row.at("_parentcustomerid_value").as_string(), account);
  EXPECT_EQ(row.at("_parentcustomerid_value@Microsoft.Dynamics.CRM.lookuplogicalname").as_string(), "account");
  EXPECT_EQ(row.at("_parentcustomerid_value@Microsoft.Dynamics.CRM.associatednavigationproperty").as_string(),
            "parentcustomerid_account");
  EXPECT_EQ(row.at("_parentcustomerid_value@OData.Community.Display.V1.FormattedValue").as_string(), "Northwind");
  EXPECT_EQ(client_.get(path + "?$expand=parentcustomerid_account($select=name)")
                .json()
                .at("parentcustomerid_account")
                .as_object()
                .at("name")
                .as_string(),
            "Northwind");
  EXPECT_EQ(client_.call("DELETE", path + "/parentcustomerid_account/$ref").status, 204);
  EXPECT_TRUE(server_.row("contacts", id)->at("_parentcustomerid_value").is_null());
  EXPECT_EQ(client_.write("PATCH", path, {{"parentcustomerid_account@odata.bind", "/accounts(" + kOwnId + ")"}}).status,
            404);
  EXPECT_EQ(client_.write("PATCH", path, {{"parentcustomerid_account@odata.bind", "/contacts(" + id + ")"}}).status,
            400);
  EXPECT_EQ(client_.write("PATCH", path, {{"_parentcustomerid_value", account}}).status, 400);
}

TEST_F(DataverseTest, SingleColumnsAreSetAndCleared) {
  const std::string path = "contacts(" + client_.create("contacts", {{"lastname", "Lee"}}) + ")";
  EXPECT_EQ(client_.write("PUT", path + "/jobtitle", {{"value", "Buyer"}}).status, 204);
  EXPECT_EQ(client_.get(path + "/jobtitle").json().at("value").as_string(), "Buyer");
  EXPECT_EQ(client_.get(path + "/jobtitle/$value").body, "Buyer");
  EXPECT_EQ(client_.call("DELETE", path + "/jobtitle").status, 204);
  EXPECT_EQ(client_.get(path + "/jobtitle").status, 204);
}

TEST_F(DataverseTest, WrongContentIsRefusedWithItsCode) {
  const Answer unknown = client_.write("POST", "contacts", {{"nosuchcolumn", 1}});
  EXPECT_EQ(unknown.status, 400);
  EXPECT_EQ(unknown.code(), "0x80048d19");
  const Answer length = client_.write("POST", "contacts", {{"lastname", std::string(51, 'x')}});
  EXPECT_EQ(length.status, 400);
  EXPECT_EQ(length.code(), "0x80044331");
  EXPECT_EQ(client_
                .create("contacts", {{"lastname", std::string(100, 'x').replace(
                                                      0, 100, "ääääääääääääääääääääääääääääääääääääääääääääääääää")}})
                .size(),
            36U);
  EXPECT_EQ(client_.write("POST", "contacts", {{"birthdate", "1.2.2000"}}).status, 400);
  EXPECT_EQ(client_.write("POST", "contacts", json::array{}).status, 400);
  EXPECT_EQ(client_.call("POST", "contacts", {{"Content-Type", "text/plain"}}, "{}").status, 415);
  EXPECT_EQ(client_.get("contacts(email='a@b')").status, 400);
  EXPECT_EQ(client_.get("nosuchset").status, 404);
  EXPECT_EQ(client_.call("PUT", "contacts").status, 405);
  EXPECT_EQ(client_.send("GET", "/elsewhere", {}, "").status, 401);
}

TEST_F(DataverseTest, TimesAreStoredInUtcWithoutFractions) {
  const std::string id = client_.create("tasks", {{"subject", "T"}, {"scheduledend", "2026-03-01T10:00:00.500+02:00"}});
  EXPECT_EQ(server_.row("tasks", id)->at("scheduledend").as_string(), "2026-03-01T08:00:00Z");
}

TEST_F(DataverseTest, ActingForAnotherUserIsRecorded) {
  const std::string alice = guid_of("alice@contoso.test");
  const Answer made = client_.write("POST", "contacts", {{"lastname", "Lee"}},
                                    {{"MSCRMCallerID", alice}, {"Prefer", "return=representation"}});
  EXPECT_EQ(made.json().at("_createdby_value").as_string(), alice);
  EXPECT_EQ(made.json().at("_ownerid_value").as_string(), alice);
  EXPECT_FALSE(made.json().at("_createdonbehalfby_value").is_null());
  EXPECT_EQ(client_.write("POST", "contacts", {{"lastname", "Lee"}}, {{"MSCRMCallerID", kOwnId}}).status, 403);
}

TEST_F(DataverseTest, DeletingARecordClearsLookupsToIt) {
  const std::string account = server_.add("accounts", {{"name", "Gone"}});
  const std::string contact = server_.add(
      "contacts", {{"lastname", "L"}, {"parentcustomerid_account@odata.bind", "/accounts(" + account + ")"}});
  server_.remove("accounts", account);
  EXPECT_TRUE(server_.row("contacts", contact)->at("_parentcustomerid_value").is_null());
}

TEST_F(DataverseTest, AnotherPersonMeetsTheSameRules) {
  const std::string id = server_.add("contacts", {{"lastname", "Lee"}});
  server_.edit("contacts", id, {{"lastname", "Lea"}});
  EXPECT_EQ(client_.get("contacts(" + id + ")").json().at("lastname").as_string(), "Lea");
  EXPECT_THROW(server_.edit("contacts", id, {{"nosuchcolumn", 1}}), std::runtime_error);
  EXPECT_THROW(server_.add("nosuchset", {}), std::invalid_argument);
  server_.remove("contacts", id);
  EXPECT_FALSE(server_.row("contacts", id));
}

TEST_F(DataverseTest, EntityDefinitionsNameSetsAndNavigationProperties) {
  const Answer one = client_.get(
      "EntityDefinitions(LogicalName='email')?$select=EntitySetName,ChangeTrackingEnabled&$expand="
      "ManyToOneRelationships("
      "$select=ReferencingAttribute,ReferencedEntity,ReferencingEntityNavigationPropertyName)");
  EXPECT_EQ(one.json().at("EntitySetName").as_string(), "emails");
  EXPECT_TRUE(one.json().at("ChangeTrackingEnabled").as_bool());
  bool found = false;
  const json::object definition = one.json();
  for (const auto& relation : definition.at("ManyToOneRelationships").as_array())
    found |= relation.as_object().at("ReferencingEntityNavigationPropertyName").as_string() ==
             "regardingobjectid_contact_email";
  EXPECT_TRUE(found);
  EXPECT_EQ(client_.get("EntityDefinitions(LogicalName='nothing')").status, 404);
  const std::string metadata = client_.get("$metadata").body;
  EXPECT_NE(metadata.find("<NavigationProperty Name=\"ownerid_email\""), std::string::npos);
}

TEST_F(DataverseTest, ResetForgetsEverything) {
  client_.create("contacts", {{"lastname", "Lee"}});
  server_.set_behaviour({.empty_codes = true});
  server_.reset();
  EXPECT_EQ(server_.count("contacts"), 0U);
  EXPECT_EQ(server_.count("systemusers"), 3U);
  EXPECT_FALSE(server_.behaviour().empty_codes);
  EXPECT_EQ(client_.get("WhoAmI").status, 401);
}

}  // namespace
}  // namespace syncline::sandbox
