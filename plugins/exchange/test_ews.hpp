// test_ews.hpp: an EWS for tests whose every answer is up to the test, and a mailbox that is opened on it.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "connection.hpp"
#include "sdk/net/test_server.hpp"
#include "syncline/conformance/test_host.hpp"

namespace syncline::exchange::test {

namespace json = boost::json;
using conformance::TestCall;
using conformance::TestHost;

inline constexpr int silence = -1;  ///< as a status: no answer at all

struct Reply {
  int status = 200;  ///< 0: the connection is closed
  std::string body, headers = "Content-Type: text/xml; charset=utf-8\r\n";
};

inline std::string soap(const std::string& content) {
  return "<?xml version=\"1.0\" encoding=\"utf-8\"?><s:Envelope xmlns:s=\"http://schemas.xmlsoap.org/soap/envelope/\""
         " xmlns:t=\"http://schemas.microsoft.com/exchange/services/2006/types\""
         " xmlns:m=\"http://schemas.microsoft.com/exchange/services/2006/messages\""
         " xmlns:e=\"http://schemas.microsoft.com/exchange/services/2006/errors\"><s:Header><t:ServerVersionInfo"
         " MajorVersion=\"15\" MinorVersion=\"2\" MajorBuildNumber=\"2562\" "
         "MinorBuildNumber=\"17\"/></s:Header><s:Body>" +
         content + "</s:Body></s:Envelope>";
}

inline std::string good(const std::string& op, const std::string& content) {
  return "<m:" + op + "ResponseMessage ResponseClass=\"Success\"><m:ResponseCode>NoError</m:ResponseCode>" + content +
         "</m:" + op + "ResponseMessage>";
}
inline std::string bad(const std::string& op, const std::string& code, const std::string& xml = {}) {
  return "<m:" + op +
         "ResponseMessage ResponseClass=\"Error\"><m:MessageText>Ann Ames is busy</m:MessageText><m:ResponseCode>" +
         code + "</m:ResponseCode>" + (xml.empty() ? xml : "<m:MessageXml>" + xml + "</m:MessageXml>") + "</m:" + op +
         "ResponseMessage>";
}
inline Reply answer(const std::string& op, const std::string& messages) {
  return {200, soap("<m:" + op + "Response><m:ResponseMessages>" + messages + "</m:ResponseMessages></m:" + op +
                    "Response>")};
}
inline Reply fault(const std::string& code, const std::string& xml = {}) {
  return {500, soap("<s:Fault><faultcode>a:" + code +
                    "</faultcode><faultstring>no</faultstring><detail><e:ResponseCode>" + code + "</e:ResponseCode>" +
                    (xml.empty() ? xml : "<t:MessageXml>" + xml + "</t:MessageXml>") + "</detail></s:Fault>")};
}
inline std::string back_off(const std::string& ms) {
  return "<t:Value Name=\"BackOffMilliseconds\">" + ms + "</t:Value>";
}
inline std::string item_id_xml(const std::string& id, const std::string& key) {
  return "<t:ItemId Id=\"" + id + "\" ChangeKey=\"" + key + "\"/>";
}
inline std::string contact(const std::string& id, const std::string& key, const std::string& name = "Ann") {
  return "<t:Contact>" + item_id_xml(id, key) +
         "<t:ParentFolderId Id=\"folder-contacts\"/><t:ItemClass>IPM.Contact</t:ItemClass><t:GivenName>" + name +
         "</t:GivenName></t:Contact>";
}
inline std::string items(const std::string& content) { return "<m:Items>" + content + "</m:Items>"; }

/// Answers each operation with what was put there for it, in turn; the last one again and again.
class Ews {
 public:
  using Handler = std::function<Reply(const net::test::Received&)>;
  Ews() : server_(net::test::each([this](net::test::Peer& peer, const net::test::Received& r) { serve(peer, r); })) {
    // Default folders bear their names as ids.
    on("GetFolder", [](const net::test::Received& r) {
      std::string all;
      for (std::size_t at = r.body.find("FolderId Id=\""); at != std::string::npos;
           at = r.body.find("FolderId Id=\"", at + 1)) {
        const std::size_t from = at + 13;
        const std::string id = r.body.substr(from, r.body.find('"', from) - from);
        all += good("GetFolder", "<m:Folders><t:Folder><t:FolderId Id=\"folder-" + id + "\"/></t:Folder></m:Folders>");
      }
      return answer("GetFolder", all);
    });
  }
  void on(const std::string& op, Handler handler) {
    const std::lock_guard lock(mutex_);
    handlers_[op].push_back(std::move(handler));
  }
  void on(const std::string& op, Reply reply) {
    on(op, [reply](const net::test::Received&) { return reply; });
  }
  /// Asked before the others; nothing: they answer.
  void intercept(std::function<std::optional<Reply>(const std::string& op, const net::test::Received&)> f) {
    const std::lock_guard lock(mutex_);
    intercept_ = std::move(f);
  }
  void forget(const std::string& op) {
    const std::lock_guard lock(mutex_);
    handlers_[op].clear();
  }
  [[nodiscard]] std::vector<net::test::Received> asked(const std::string& op = {}) const {
    const std::lock_guard lock(mutex_);
    std::vector<net::test::Received> out;
    for (const auto& [name, request] : asked_)
      if (op.empty() || name == op) out.push_back(request);
    return out;
  }
  [[nodiscard]] std::string url() const { return server_.url("/EWS/Exchange.asmx"); }

 private:
  static std::string operation(const std::string& body) {
    const std::size_t at = body.find("<soap:Body><m:");
    return at == std::string::npos ? std::string() : body.substr(at + 14, body.find_first_of(" >", at + 14) - at - 14);
  }
  void serve(net::test::Peer& peer, const net::test::Received& r) {
    Handler handler;
    std::function<std::optional<Reply>(const std::string&, const net::test::Received&)> intercept;
    const std::string op = operation(r.body);
    {
      const std::lock_guard lock(mutex_);
      intercept = intercept_;
      asked_.emplace_back(op, r);
      auto& list = handlers_[op];
      if (!list.empty()) handler = list.front();
      if (list.size() > 1) list.pop_front();
    }
    std::optional<Reply> reply = intercept ? intercept(op, r) : std::nullopt;
    if (!reply) reply = handler ? handler(r) : Reply{404, "no such operation"};
    if (reply->status == silence)
      static_cast<void>(peer.request());  // until the client goes
    else if (reply->status == 0)
      peer.close();
    else
      peer.answer(reply->status, reply->body, reply->headers);
  }
  mutable std::mutex mutex_;
  std::function<std::optional<Reply>(const std::string&, const net::test::Received&)> intercept_;
  std::map<std::string, std::deque<Handler>> handlers_;
  std::vector<std::pair<std::string, net::test::Received>> asked_;
  net::test::Server server_;
};

/// A connection to it, and a mailbox.
class EwsTest : public ::testing::Test {
 protected:
  EwsTest() {
    host.secret("auth.secret", "hunter2");
    config = {{"url", ews.url()}, {"auth", json::object{{"user", "service"}}}, {"impersonate", true}};
  }
  /// The mailbox, opened when it is first asked for.
  EndpointHandle& mailbox() {
    if (!connection) {
      connection.emplace(Instance(class_of<Exchange>, host.raw(), json::serialize(config)));
      endpoint = connection->open(host.raw(), json::serialize(settings));
    }
    return endpoint;
  }
  std::vector<Item> fetch(const std::vector<std::string>& ids, const std::string& kind = "contact",
                          int depth = SY_WHOLE) {
    std::vector<Item> out;
    mailbox().fetch(call, kind, ids, depth, [&](const Item& i) {
      out.push_back(i);
      return true;
    });
    return out;
  }
  /// What a fetch of one contact ends with.
  Error refused(std::int64_t patience_ms = 60'000) {
    try {
      call.remaining(patience_ms);
      static_cast<void>(fetch({"one"}));
      ADD_FAILURE() << "it must not succeed";
      return {SY_OK, ""};
    } catch (const Error& e) {
      EXPECT_EQ(std::string(e.what()).find("hunter2"), std::string::npos) << "no secret in a text";
      EXPECT_EQ(std::string(e.what()).find("Ann"), std::string::npos) << "no content in a text";
      return e;
    }
  }
  Done apply(const Operation& op) {
    Done done;
    mailbox().apply(call, std::vector<Operation>{op}, [&](std::size_t, const Done& d) { done = d; });
    return done;
  }

  Ews ews;
  TestHost host;
  TestCall call;
  json::object config, settings{{"address", "ann@contoso.test"}};
  std::optional<ConnectionHandle> connection;
  EndpointHandle endpoint;
};

}  // namespace syncline::exchange::test
