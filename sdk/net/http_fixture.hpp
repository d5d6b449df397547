// http_fixture.hpp: what the tests of a session share.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "syncline/handles.hpp"
#include "syncline/net/http.hpp"
#include "test_server.hpp"

namespace syncline::net::test {

inline SessionOptions options(const Server& server) {
  SessionOptions out;
  out.base_url = server.url("/api");
  return out;
}

inline Error failure(const std::function<void()>& f) {
  try {
    f();
  } catch (const Error& e) {
    return e;
  }
  return {SY_OK, "nothing was thrown"};
}

inline Request get(std::string path) {
  Request r;
  r.path = std::move(path);
  return r;
}

inline Request post(std::string path, std::string body) {
  Request r;
  r.method = "POST";
  r.path = std::move(path);
  r.body = std::move(body);
  return r;
}

class Http : public testing::Test {
 protected:
  Response send(HttpSession& session, const Request& request) {
    const CallBudget budget(std::chrono::seconds(60));
    return session.send(host.host(), budget.call(), request);
  }
  Error refused(HttpSession& session, const Request& request,
                std::chrono::milliseconds budget_ms = std::chrono::seconds(60)) {
    const CallBudget budget(budget_ms);
    return failure([&] { static_cast<void>(session.send(host.host(), budget.call(), request)); });
  }
  TestHost host;
};

}  // namespace syncline::net::test
