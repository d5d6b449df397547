// $batch and faults.
#include <gtest/gtest.h>

#include "encode.hpp"
#include "raw_client.hpp"

namespace syncline::sandbox {
namespace {
namespace json = boost::json;

std::string part(const std::string& boundary, const std::string& request, const std::string& body = {},
                 const std::string& id = {}) {
  std::string out = "--" + boundary + "\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n";
  if (!id.empty()) out += "Content-ID: " + id + "\r\n";
  out += "\r\n" + request + " HTTP/1.1\r\n";
  if (!body.empty()) out += "Content-Type: application/json\r\n";
  return out + "\r\n" + body + "\r\n";
}

std::string change_set(const std::string& parts) {
  return "--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n" + parts + "--c--\r\n\r\n";
}

std::size_t times(const std::string& text, const std::string& what) {
  std::size_t count = 0;
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++count;
  return count;
}

class BatchTest : public ::testing::Test {
 protected:
  Answer batch(const std::string& parts, HeaderList headers = {}) {
    headers.emplace_back("Content-Type", "multipart/mixed; boundary=\"b\"");
    return client_.call("POST", "$batch", headers, parts + "--b--\r\n");
  }
  Dataverse server_;
  RawClient client_{server_};
};

TEST_F(BatchTest, ChangeSetsReferToTheirMembers) {
  const Answer answer = batch(change_set(
      part("c", "POST " + server_.api() + "/accounts", R"({"name":"A"})", "1") +
      part("c", "POST /api/data/v9.2/contacts", R"({"lastname":"L","parentcustomerid_account@odata.bind":"$1"})", "2") +
      part("c", "PATCH $2", R"({"jobtitle":"J"})", "3")));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(times(answer.body, "HTTP/1.1 204 No Content"), 3U);
  EXPECT_NE(answer.body.find("Content-ID: 2"), std::string::npos);
  ASSERT_EQ(server_.count("contacts"), 1U);
  const json::object contact = server_.rows("contacts")[0];
  EXPECT_EQ(contact.at("_parentcustomerid_value").as_string(), server_.rows("accounts")[0].at("accountid").as_string());
  EXPECT_EQ(contact.at("jobtitle").as_string(), "J");
}

TEST_F(BatchTest, AFailedChangeSetIsUndoneAndAnswersOnce) {
  const std::string id = server_.add("contacts", {{"lastname", "Old"}});
  const Answer answer = batch(change_set(part("c", "POST contacts", R"({"lastname":"New"})", "1") +
                                         part("c", "PATCH contacts(" + id + ")", R"({"lastname":"Changed"})", "2") +
                                         part("c", "DELETE contacts(" + new_guid() + ")", "", "3")));
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(times(answer.body, "HTTP/1.1 "), 1U);
  EXPECT_EQ(server_.count("contacts"), 1U);
  EXPECT_EQ(server_.row("contacts", id)->at("lastname").as_string(), "Old");
}

TEST_F(BatchTest, WithoutContinueTheFirstErrorEndsIt) {
  const std::string parts = part("b", "POST contacts", R"({"lastname":"One"})") +
                            part("b", "GET contacts(" + new_guid() + ")") +
                            part("b", "POST contacts", R"({"lastname":"Two"})");
  const Answer stopped = batch(parts);
  EXPECT_EQ(stopped.status, 404);
  EXPECT_EQ(times(stopped.body, "HTTP/1.1 "), 2U);
  EXPECT_EQ(server_.count("contacts"), 1U);
  const Answer through = batch(parts, {{"Prefer", "odata.continue-on-error"}});
  EXPECT_EQ(through.status, 200);
  EXPECT_EQ(times(through.body, "HTTP/1.1 "), 3U);
  EXPECT_EQ(server_.count("contacts"), 3U);
}

TEST_F(BatchTest, BadBatchesAreRefused) {
  EXPECT_EQ(batch(change_set(part("c", "POST contacts",
                                  R"({"lastname":"L","parentcustomerid_account@odata.bind":"$9"})", "1")))
                .status,
            400);
  EXPECT_EQ(batch(change_set(part("c", "GET contacts", "", "1"))).status, 400);
  EXPECT_EQ(batch(change_set(part("c", "POST contacts", R"({"lastname":"L"})"))).status, 400) << "no Content-ID";
  EXPECT_EQ(batch(part("b", "POST $batch", "{}")).status, 400);
  EXPECT_EQ(client_.call("POST", "$batch", {{"Content-Type", "application/json"}}, "{}").status, 400);
  EXPECT_EQ(client_.call("POST", "$batch", {{"Content-Type", "multipart/mixed; boundary=b"}}, "--b\r\nno end").status,
            400);
  std::string many;
  for (int i = 0; i < 1001; ++i) many += part("b", "GET WhoAmI");
  EXPECT_EQ(batch(many).status, 400);
  EXPECT_EQ(server_.count("contacts"), 0U);
}

TEST_F(BatchTest, MembersMeetFaultsAndAreLogged) {
  server_.add_fault({.method = "POST", .path = "contacts", .skip = 1, .status = 503, .code = "0x80044154"});
  const Answer answer =
      batch(part("b", "POST contacts", R"({"lastname":"One"})") + part("b", "POST contacts", R"({"lastname":"Two"})"),
            {{"Prefer", "odata.continue-on-error"}});
  EXPECT_NE(answer.body.find("HTTP/1.1 503"), std::string::npos);
  EXPECT_EQ(server_.count("contacts"), 1U);
  std::size_t inner = 0;
  for (const auto& entry : server_.log()) inner += entry.inner ? 1 : 0;
  EXPECT_EQ(inner, 2U);
}

class FaultTest : public BatchTest {};

TEST_F(FaultTest, NextRequestsFailAsToldAndNoMore) {
  server_.add_fault(
      {.method = "POST", .path = "contacts", .count = 2, .status = 500, .code = "0x80040216", .retry_after = 3});
  EXPECT_EQ(client_.get("contacts").status, 200);
  const Answer failed = client_.write("POST", "contacts", {{"lastname", "L"}});
  EXPECT_EQ(failed.status, 500);
  EXPECT_EQ(failed.code(), "0x80040216");
  EXPECT_EQ(failed.header("Retry-After"), "3");
  EXPECT_EQ(client_.write("POST", "contacts", {{"lastname", "L"}}).status, 500);
  EXPECT_EQ(client_.write("POST", "contacts", {{"lastname", "L"}}).status, 204);
  EXPECT_EQ(server_.count("contacts"), 1U);
}

TEST_F(FaultTest, LostRequestsAndLostAnswers) {
  server_.add_fault({.action = Fault::Action::DROP_BEFORE, .method = "POST", .path = "contacts"});
  EXPECT_EQ(client_.write("POST", "contacts", {{"lastname", "L"}}).status, 0);
  EXPECT_EQ(server_.count("contacts"), 0U);
  server_.add_fault({.action = Fault::Action::DROP_AFTER, .method = "POST", .path = "contacts"});
  EXPECT_EQ(client_.write("POST", "contacts", {{"lastname", "L"}}).status, 0);
  EXPECT_EQ(server_.count("contacts"), 1U);
  EXPECT_EQ(server_.log().back().status, 0);
}

TEST_F(FaultTest, RequestsLandLater) {
  server_.add_fault({.action = Fault::Action::LAND_LATER, .method = "POST", .path = "contacts", .land_after = 2});
  server_.add_fault({.action = Fault::Action::LAND_LATER, .method = "POST", .path = "accounts"});
  EXPECT_EQ(client_.write("POST", "contacts", {{"lastname", "Late"}}).status, 0);
  EXPECT_EQ(client_.write("POST", "accounts", {{"name", "Late"}}).status, 0);
  EXPECT_EQ(server_.count("contacts"), 0U);
  EXPECT_EQ(server_.pending(), 2U);
  EXPECT_EQ(client_.get("WhoAmI").status, 200);
  EXPECT_EQ(server_.count("contacts"), 1U) << "two requests came after it";
  EXPECT_EQ(server_.count("accounts"), 0U);
  EXPECT_EQ(server_.land(), 1U);
  EXPECT_EQ(server_.count("accounts"), 1U);
  EXPECT_TRUE(server_.log().back().landed);
}

TEST_F(FaultTest, ThrottlingHitsEveryKth) {
  server_.set_behaviour({.throttle_every = 3, .retry_after = 7});
  EXPECT_EQ(client_.get("WhoAmI").status, 200);
  EXPECT_EQ(client_.get("WhoAmI").status, 200);
  const Answer third = client_.get("WhoAmI");
  EXPECT_EQ(third.status, 429);
  EXPECT_EQ(third.code(), "0x80072322");
  EXPECT_EQ(third.header("Retry-After"), "7");
  EXPECT_EQ(client_.get("WhoAmI").status, 200);
}

TEST_F(FaultTest, OneRecordIsRefusedForGood) {
  server_.add_fault({.message_id = "<bad@b>", .count = -1, .status = 400, .code = "0x80040265"});
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(client_.write("POST", "emails", {{"messageid", "<bad@b>"}}).code(), "0x80040265");
  EXPECT_EQ(client_.write("POST", "emails", {{"messageid", "<good@b>"}}).status, 204);
}

TEST_F(FaultTest, CodesCanBeEmpty) {
  server_.set_behaviour({.empty_codes = true});
  const Answer gone = client_.get("contacts(" + new_guid() + ")");
  EXPECT_EQ(gone.status, 404);
  EXPECT_EQ(gone.code(), "");
}

TEST_F(FaultTest, FaultsAreSetOverHttp) {
  const auto post = [&](const std::string& body) { return client_.send("POST", "/_sandbox/faults", {}, body).status; };
  EXPECT_EQ(post(R"({"behaviour":{"throttle_every":1},"faults":[{"path":"contacts","status":418}]})"), 204);
  EXPECT_EQ(client_.get("contacts").status, 429);
  EXPECT_EQ(post(R"({"behaviour":{"throttle_every":0}})"), 204);
  EXPECT_EQ(client_.get("contacts").status, 418);
  EXPECT_EQ(post(R"({"faults":[{"path":"contacts","count":-1}]})"), 204);
  EXPECT_EQ(post(R"({"clear":true})"), 204);
  EXPECT_EQ(client_.get("contacts").status, 200);
  EXPECT_EQ(post(R"({"faults":[{"nosuch":1}]})"), 400);
  EXPECT_EQ(post(R"({"nosuch":1})"), 400);
  EXPECT_EQ(post("nonsense"), 400);
  EXPECT_EQ(client_.send("GET", "/_sandbox/state", {}, "").status, 200);
  const Answer log = client_.send("GET", "/_sandbox/log", {}, "");
  EXPECT_EQ(json::parse(log.body).as_array().back().as_object().at("path").as_string(), "/api/data/v9.2/contacts");
  EXPECT_EQ(client_.send("POST", "/_sandbox/reset", {}, "").status, 204);
}

TEST_F(FaultTest, TheTokenEndpointFailsToo) {
  server_.add_fault({.path = "oauth2", .status = 503});
  EXPECT_EQ(client_.token(client_.good_form()).status, 503);
  EXPECT_EQ(client_.token(client_.good_form()).status, 200);
}

}  // namespace
}  // namespace syncline::sandbox
