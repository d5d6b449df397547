// A made-up CRM on 127.0.0.1 whose every capability can be switched off, for the profiles odata and rest. It keeps rows
// in memory, is thread-safe, and fails on request.
#pragma once
#include <boost/json.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace syncline::sandbox {

struct RestOptions {
  bool odata = false;  // set(id), $filter, $metadata, @odata.nextLink; else set/id and plain parameters
  enum class Etag { none, row, header } etag = Etag::none;
  enum class Delta { none, since, links } delta = Delta::none;
  enum class Paging { none, link, page, offset, cursor } paging = Paging::none;
  enum class Answer { row, bare_id, location, nothing } answer = Answer::row;  // to a POST
  bool filter = true;                                                          // false: query parameters are ignored
  bool many = false;                                                           // plain: ids=1,2
  bool client_id = false;  // a given id is used, a known one refused with 409
  bool patch = true;       // false: PUT of the whole row only
  bool relative_links = false;
  bool text_decimals = false;  // numbers come as text
  bool empty_is_404 = false;
  bool error_in_200 = false;  // refusals come as 200 with an error inside
  std::string wrap;           // "data.items": where a list stands; plain only
  std::string user, secret;   // both: Basic; secret alone: X-Api-Key or ?api_key=; "Bearer x" too
  std::size_t page = 3;
};

struct RestFault {
  enum class Action { answer, drop_before, drop_after, hang } action = Action::answer;
  std::string method;  // empty: any
  int status = 500, retry_after = -1, count = 1, skip = 0;
};

struct RestEntry {
  std::string method, target;
  int status = 0;
};

class RestCrm {
 public:
  explicit RestCrm(RestOptions options = {});
  ~RestCrm();
  RestCrm(const RestCrm&) = delete;
  RestCrm& operator=(const RestCrm&) = delete;

  std::string url() const;  // without a slash at the end; collections lie below /api
  std::string add(const std::string& set, const boost::json::object& row);
  void edit(const std::string& set, const std::string& id, const boost::json::object& changes);
  void remove(const std::string& set, const std::string& id);
  std::optional<boost::json::object> row(const std::string& set, const std::string& id) const;
  std::vector<boost::json::object> rows(const std::string& set) const;
  std::vector<RestEntry> log() const;
  std::size_t writes() const;  // that took effect
  void clear_log();
  void fail(const RestFault& fault);
  void forget_links();
  void refuse_credentials();
  void before_write(std::function<void()> act);  // somebody else, between our reading and our writing; once

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace syncline::sandbox
