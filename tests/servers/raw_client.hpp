// Raw HTTP and POP3 for the tests of the servers.
#pragma once
#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/StreamSocket.h>

#include <array>
#include <boost/json.hpp>
#include <optional>
#include <sstream>
#include <string>

#include "dataverse.hpp"
#include "request.hpp"

namespace syncline::sandbox {

struct Answer {
  int status = 0;
  HeaderList headers;
  std::string body;

  std::string header(std::string_view name) const { return Reply{status, headers, {}}.header(name); }
  boost::json::object json() const { return boost::json::parse(body).as_object(); }
  boost::json::array value() const { return json().at("value").as_array(); }
  std::string code() const { return std::string(json().at("error").as_object().at("code").as_string()); }
  std::string link(const char* name) const {
    const boost::json::object object = json();
    const auto* found = object.if_contains(name);
    return found == nullptr ? std::string() : std::string(found->as_string());
  }
};

class RawClient {
 public:
  explicit RawClient(Dataverse& server) : server_(server), session_("127.0.0.1", server.port()) {
    session_.setKeepAlive(true);
    session_.setTimeout(Poco::Timespan(30, 0));
  }

  // No answer at all: status 0.
  Answer send(const std::string& method, const std::string& target, const HeaderList& headers,
              const std::string& body) {
    try {
      Poco::Net::HTTPRequest request(method, target, Poco::Net::HTTPMessage::HTTP_1_1);
      for (const auto& [name, value] : headers) request.set(name, value);
      if (!body.empty() || method != "GET") request.setContentLength(static_cast<std::streamsize>(body.size()));
      session_.sendRequest(request) << body;
      Poco::Net::HTTPResponse response;
      std::istream& in = session_.receiveResponse(response);
      std::ostringstream text;
      text << in.rdbuf();
      Answer answer{static_cast<int>(response.getStatus()), {}, text.str()};
      for (const auto& [name, value] : response) answer.headers.emplace_back(name, value);
      return answer;
    } catch (const Poco::Exception&) {
      session_.reset();
      return {};
    }
  }

  Answer token(const std::string& form) {
    return send("POST", "/" + server_.options().tenant + "/oauth2/v2.0/token",
                {{"Content-Type", "application/x-www-form-urlencoded"}}, form);
  }
  std::string good_form() const {
    return "grant_type=client_credentials&client_id=" + server_.options().client_id +
           "&client_secret=" + server_.options().client_secret + "&scope=https%3A%2F%2Forg.test%2F.default";
  }
  void log_in() { token_ = std::string(token(good_form()).json().at("access_token").as_string()); }

  // `path`: behind the API's root, or an absolute link that the server gave.
  Answer call(const std::string& method, const std::string& path, HeaderList headers = {},
              const std::string& body = {}) {
    if (token_.empty()) log_in();
    headers.emplace_back("Authorization", "Bearer " + token_);
    const std::string target =
        path.starts_with(server_.url()) ? path.substr(server_.url().size()) : "/api/data/v9.2/" + path;
    return send(method, target, headers, body);
  }
  Answer get(const std::string& path, HeaderList headers = {}) { return call("GET", path, std::move(headers)); }
  Answer write(const std::string& method, const std::string& path, const boost::json::value& body,
               HeaderList headers = {}) {
    headers.emplace_back("Content-Type", "application/json");
    return call(method, path, std::move(headers), boost::json::serialize(body));
  }
  std::string create(const std::string& set, const boost::json::value& body) {
    const std::string id = write("POST", set, body).header("OData-EntityId");
    return id.empty() ? id : id.substr(id.size() - 37, 36);
  }

 private:
  Dataverse& server_;
  Poco::Net::HTTPClientSession session_;
  std::string token_;
};

// A POP3 client that reads lines and whole listings; `closed` tells that the server ended the connection.
class RawPop3 {
 public:
  explicit RawPop3(const Poco::Net::StreamSocket& socket) : socket_(socket) {
    socket_.setReceiveTimeout(Poco::Timespan(30, 0));
    greeting = line();
  }
  void say(const std::string& command) {
    const std::string text = command + "\r\n";
    socket_.sendBytes(text.data(), static_cast<int>(text.size()));
  }
  std::string line() {
    while (true) {
      const auto end = input_.find("\r\n");
      if (end != std::string::npos) {
        std::string out = input_.substr(0, end);
        input_.erase(0, end + 2);
        return out;
      }
      std::array<char, 4096> piece{};
      int got = 0;
      try {
        got = socket_.receiveBytes(piece.data(), static_cast<int>(piece.size()));
      } catch (const Poco::Exception&) {
        got = 0;
      }
      if (got <= 0) {
        closed = true;
        return input_;
      }
      input_.append(piece.data(), static_cast<std::size_t>(got));
    }
  }
  std::string ask(const std::string& command) {
    say(command);
    return line();
  }
  // The lines behind a "+OK" up to ".", with the doubled dots undone.
  std::string text() {
    std::string out;
    while (true) {
      std::string one = line();
      if (one == "." || closed) return out;
      if (one.starts_with("..")) one.erase(0, 1);
      out += one + "\r\n";
    }
  }
  Poco::Net::StreamSocket& socket() { return socket_; }

  std::string greeting;
  bool closed = false;

 private:
  Poco::Net::StreamSocket socket_;
  std::string input_;
};

}  // namespace syncline::sandbox
