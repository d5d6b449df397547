// test_endpoint.hpp: for the tests: the plugin's endpoint, opened as the kernel opens it.
#pragma once

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <functional>
#include <map>
#include <string>
#include <syncline/conformance/test_host.hpp>
#include <syncline/handles.hpp>
#include <vector>

#include "pop3.hpp"

namespace syncline::pop3 {

class EndpointTest : public testing::Test {
 protected:
  EndpointTest() { host.secret("password", "secret"); }

  EndpointHandle open(boost::json::object config, const std::string& user = "alice", bool deletes = false) {
    connection = ConnectionHandle(Instance(class_of<Pop3>, host, boost::json::serialize(config)));
    return connection.open(
        host, boost::json::serialize(boost::json::object{{"username", user}, {"delete_after_processing", deletes}}));
  }
  std::vector<Done> remove(const EndpointHandle& endpoint, const std::vector<std::string>& ids) {
    std::vector<Operation> ops;
    for (const std::string& id : ids) {
      Operation op;
      op.verb = SY_DELETE;
      op.kind = "email";
      op.id = id;
      op.if_version = "1";
      ops.push_back(op);
    }
    std::vector<Done> done;
    endpoint.apply(host.call(), ops, [&](std::size_t i, const Done& d) {
      EXPECT_EQ(i, done.size());
      done.push_back(d);
    });
    EXPECT_EQ(done.size(), ids.size());
    return done;
  }
  static std::vector<sy_code> codes(const std::vector<Done>& done) {
    std::vector<sy_code> out;
    for (const Done& d : done) out.push_back(d.code);
    return out;
  }
  std::vector<std::string> list(const EndpointHandle& endpoint) {
    std::vector<std::string> ids;
    const PageEnd end = endpoint.feeds().page(host.call(), "inbox", "", [&](const Item& i) {
      EXPECT_EQ(i.kind, "email");
      EXPECT_TRUE(i.doc.empty());
      ids.push_back(i.id);
      return true;
    });
    EXPECT_EQ(end.end, SY_PAGE_LISTING_COMPLETE);
    EXPECT_FALSE(end.next.has_value());
    return ids;
  }
  std::map<std::string, Item> fetch(const EndpointHandle& endpoint, const std::vector<std::string>& ids, int depth) {
    seen.clear();
    endpoint.fetch(host.call(), "email", ids, depth, [&](const Item& i) {
      EXPECT_EQ(seen.count(i.id), 0u) << i.id << " was put twice";
      seen[i.id] = i;
      return true;
    });
    EXPECT_EQ(seen.size(), ids.size());
    return seen;
  }
  static Error error_of(const std::function<void()>& call, const std::string& hidden = "secret") {
    try {
      call();
    } catch (const Error& e) {
      EXPECT_EQ(std::string(e.what()).find(hidden), std::string::npos) << e.what();
      return e;
    }
    ADD_FAILURE() << "no error";
    return {SY_OK, ""};
  }
  static bool says(const Error& e, const std::string& part) {
    return std::string(e.what()).find(part) != std::string::npos;
  }
  static boost::json::object doc(const Item& item) { return boost::json::parse(item.doc).as_object(); }
  static std::string mail(const std::string& name, const std::string& body = "text\r\n") {
    return "Message-ID: <" + name + "@test>\r\nFrom: ann@customer.test\r\nSubject: " + name + "\r\n\r\n" + body;
  }
  void TearDown() override { EXPECT_EQ(host.spool().open_handles(), 0u); }

  conformance::TestHost host;
  ConnectionHandle connection;
  std::map<std::string, Item> seen;  // by fetch(), also when it ended in an error
};

}  // namespace syncline::pop3
