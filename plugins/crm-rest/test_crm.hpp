// test_crm.hpp: a stand-in organization, a host and an open endpoint: what every test here begins with.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "connection.hpp"
#include "dataverse.hpp"
#include "odata.hpp"
#include "syncline/conformance/test_host.hpp"
#include "syncline/formats/uuid.hpp"

namespace syncline::crm {

namespace json = boost::json;

/// The code of the Error that `f` throws; SY_OK: none.
template <class F>
sy_code code_of(F&& f, std::string* text = nullptr) {
  try {
    f();
    return SY_OK;
  } catch (const Error& e) {
    if (text != nullptr) *text = e.what();
    return e.code();
  }
}

class CrmTest : public ::testing::Test {
 protected:
  explicit CrmTest(sandbox::DataverseOptions options = {}) : server(std::move(options)) {
    host.secret("auth.secret", server.options().client_secret);
    connect();
    contact =
        server.add("contacts", {{"firstname", "Ann"}, {"lastname", "Lee"}, {"emailaddress1", "ann@customer.test"}});
    for (const json::object& u : server.rows("systemusers"))
      if (text_of(u, "internalemailaddress") == "alice@contoso.test") alice = text_of(u, "systemuserid");
    server.clear_log();
  }

  json::object config() const {
    return {{"url", server.url()},
            {"page_size", 3},
            {"auth", {{"client_id", server.options().client_id}, {"token_url", server.token_url()}}}};
  }
  void connect() { connect(config(), "user", "alice@contoso.test"); }
  void connect(const json::object& with, const std::string& kind, const std::string& address) {
    endpoint = {};
    connection = ConnectionHandle(Instance(class_of<CrmRest>, host.raw(), json::serialize(with)));
    endpoint = connection.open(host.raw(),
                               json::serialize(json::object{{"principal", {{"kind", kind}, {"address", address}}}}));
  }

  json::object document(std::size_t attachments = 2) {
    json::array parts;
    for (std::size_t i = 0; i < attachments; ++i) {
      const std::string key = "2." + std::to_string(i + 1), data = payload(i);
      parts.push_back(json::object{{"key", key},
                                   {"name", "file" + std::to_string(i) + ".txt"},
                                   {"type", "text/plain"},
                                   {"size", data.size()},
                                   {"blob", host.put_blob("mail", key, data)}});
    }
    const std::string body = "<p>Gr\u00fc\u00dfe &amp; \"quotes\"</p>\r\n";
    return {{"message_id", "m1@customer.test"},
            {"direction", "incoming"},
            {"subject", "Offer"},
            {"date", "2026-01-02T03:04:05.000Z"},
            {"received", "2026-01-02T03:05:00.000Z"},
            {"importance", "high"},
            {"from", {{"address", "ann@customer.test"}}},
            {"parties",
             json::array{party("from", "ann@customer.test", "contact", contact),
                         party("to", "alice@contoso.test", "user", alice), party("cc", "who@else.test", "", "")}},
            {"body", {{"type", "html"}, {"size", body.size()}, {"blob", host.put_blob("mail", "body", body)}}},
            {"attachments", parts}};
  }
  static json::object party(const std::string& role, const std::string& address, const std::string& type,
                            const std::string& id) {
    json::object out{{"role", role}, {"address", address}};
    if (!type.empty()) {
      out["type"] = type;
      out["id"] = id;
    }
    return out;
  }
  /// Bytes that are no text, of a length that is no multiple of three.
  static std::string payload(std::size_t n) {
    std::string out;
    for (std::size_t i = 0; i < 40'001 + n; ++i) out += static_cast<char>((i * 7 + n) & 0xff);
    return out;
  }
  Operation create_op(const json::object& doc) const {
    Operation op;
    op.kind = "email";
    op.token = token;
    op.doc = json::serialize(doc);
    return op;
  }
  Done create(const Operation& op) const {
    Done out;
    const std::vector<Operation> ops{op};
    endpoint.apply(host.call(), ops, [&](std::size_t, const Done& d) { out = d; });
    return out;
  }
  std::string part_id(const std::string& key) const {
    return formats::to_string(formats::uuid_v5(*formats::parse_uuid(token), key));
  }
  json::object mail() const { return server.row("emails", token).value_or(json::object{}); }
  std::int64_t status() const { return number_of(mail(), "statuscode").value_or(-1); }

  /// "POST emails", "PATCH activitymimeattachments(…)": what reached the server, without query.
  std::vector<std::string> requests(bool writes_only = false) const {
    std::vector<std::string> out;
    for (const sandbox::RequestEntry& e : server.log()) {
      if (e.path.find("oauth2") != std::string::npos) continue;
      if (writes_only && e.method == "GET") continue;
      const std::size_t at = e.path.find("/v9.2/");
      std::string path = at == std::string::npos ? e.path : e.path.substr(at + 6);
      out.push_back(e.method + " " + path.substr(0, path.find('?')));
    }
    return out;
  }
  /// What a whole mail must be, whatever happened on the way.
  void expect_whole(std::size_t attachments = 2) const {
    EXPECT_EQ(server.count("emails"), 1u);
    EXPECT_EQ(server.count("activitymimeattachments"), attachments);
    EXPECT_EQ(status(), 4);
    EXPECT_EQ(text_of(mail(), "description"), "<p>Gr\u00fc\u00dfe &amp; \"quotes\"</p>\r\n");
    for (std::size_t i = 0; i < attachments; ++i)
      EXPECT_EQ(server.attachment(part_id("2." + std::to_string(i + 1))), payload(i));
  }

  sandbox::Dataverse server;
  conformance::TestHost host;
  ConnectionHandle connection;
  EndpointHandle endpoint;
  std::string contact, alice;
  std::string token = "6f1c6e0e-5b0a-5d7e-9d59-3f8f3a1c2b10";
};

}  // namespace syncline::crm
