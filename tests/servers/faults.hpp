// Which requests fail, and how; kept apart from the server so that members of a batch meet the same faults.
#pragma once
#include <boost/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "dataverse.hpp"
#include "request.hpp"

namespace syncline::sandbox {

class Faults {
 public:
  void add(Fault fault);
  void clear();
  // The fault that this request meets; counts down. `path`: behind the API's root, or "oauth2/…".
  std::optional<Fault> meet(const Call& call, const std::string& path);
  bool throttled();  // whether this API request is the k-th one
  Behaviour behaviour;

 private:
  std::vector<Fault> faults_;
  std::uint64_t requests_ = 0;
};

Fault fault_from(const boost::json::object& object);  // throws std::invalid_argument
void change_behaviour(Behaviour& behaviour, const boost::json::object& object);
Reply fault_reply(int status, const std::string& code, const std::string& message, int retry_after);

}  // namespace syncline::sandbox
