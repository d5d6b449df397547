#include "faults.hpp"

#include <map>
#include <stdexcept>

#include "web_api.hpp"

namespace syncline::sandbox {
namespace json = boost::json;
namespace {

bool body_has(const Call& call, const char* name, const std::string& wanted) {
  boost::system::error_code error;
  const json::value body = json::parse(call.body, error);
  if (error || !body.is_object()) return false;
  const auto* value = body.as_object().if_contains(name);
  return value != nullptr && value->is_string() && value->as_string() == wanted;
}

bool matches(const Fault& fault, const Call& call, const std::string& path) {
  if (!fault.method.empty() && fault.method != call.method) return false;
  if (!path.starts_with(fault.path)) return false;
  if (!fault.subject.empty() && !body_has(call, "subject", fault.subject)) return false;
  return fault.message_id.empty() || body_has(call, "messageid", fault.message_id);
}

std::string text(const json::value& value, const std::string& name) {
  if (!value.is_string()) throw std::invalid_argument("\"" + name + "\" has to be a text");
  return std::string(value.as_string());
}

int number(const json::value& value, const std::string& name) {
  if (!value.is_int64() || value.as_int64() < -1 || value.as_int64() > 1000000)
    throw std::invalid_argument("\"" + name + "\" has to be a number from -1 to 1000000");
  return static_cast<int>(value.as_int64());
}

bool flag(const json::value& value, const std::string& name) {
  if (!value.is_bool()) throw std::invalid_argument("\"" + name + "\" has to be true or false");
  return value.as_bool();
}

Fault::Action action_from(const std::string& name) {
  static const std::map<std::string, Fault::Action> kActions{{"answer", Fault::Action::ANSWER},
                                                             {"drop_before", Fault::Action::DROP_BEFORE},
                                                             {"drop_after", Fault::Action::DROP_AFTER},
                                                             {"land_later", Fault::Action::LAND_LATER}};
  const auto found = kActions.find(name);
  if (found == kActions.end()) throw std::invalid_argument("there is no action \"" + name + "\"");
  return found->second;
}

}  // namespace

void Faults::add(Fault fault) { faults_.push_back(std::move(fault)); }

void Faults::clear() {
  faults_.clear();
  requests_ = 0;
  behaviour = {};
}

std::optional<Fault> Faults::meet(const Call& call, const std::string& path) {
  for (auto& fault : faults_) {
    if (fault.count == 0 || !matches(fault, call, path)) continue;
    if (fault.skip > 0) {
      --fault.skip;
      continue;
    }
    if (fault.count > 0) --fault.count;
    return fault;
  }
  return std::nullopt;
}

bool Faults::throttled() {
  ++requests_;
  return behaviour.throttle_every > 0 && requests_ % static_cast<std::uint64_t>(behaviour.throttle_every) == 0;
}

Fault fault_from(const json::object& object) {
  Fault fault;
  for (const auto& [key, value] : object) {
    const std::string name(key);
    if (name == "action") {
      fault.action = action_from(text(value, name));
    } else if (name == "method") {
      fault.method = text(value, name);
    } else if (name == "path") {
      fault.path = text(value, name);
    } else if (name == "subject") {
      fault.subject = text(value, name);
    } else if (name == "message_id") {
      fault.message_id = text(value, name);
    } else if (name == "code") {
      fault.code = text(value, name);
    } else if (name == "message") {
      fault.message = text(value, name);
    } else if (name == "skip") {
      fault.skip = number(value, name);
    } else if (name == "count") {
      fault.count = number(value, name);
    } else if (name == "status") {
      fault.status = number(value, name);
    } else if (name == "retry_after") {
      fault.retry_after = number(value, name);
    } else if (name == "land_after") {
      fault.land_after = number(value, name);
    } else {
      throw std::invalid_argument("a fault has no \"" + name + "\"");
    }
  }
  if (fault.status < 100 || fault.status > 599) throw std::invalid_argument("\"status\" has to be an HTTP status");
  return fault;
}

void change_behaviour(Behaviour& behaviour, const json::object& object) {
  for (const auto& [key, value] : object) {
    const std::string name(key);
    if (name == "latency_ms") {
      behaviour.latency = std::chrono::milliseconds(number(value, name));
    } else if (name == "throttle_every") {
      behaviour.throttle_every = number(value, name);
    } else if (name == "retry_after") {
      behaviour.retry_after = number(value, name);
    } else if (name == "empty_codes") {
      behaviour.empty_codes = flag(value, name);
    } else if (name == "refuse_nested_upsert") {
      behaviour.refuse_nested_upsert = flag(value, name);
    } else if (name == "duplicate_rule") {
      behaviour.duplicate_rule = flag(value, name);
    } else if (name == "server_owned_correlation") {
      behaviour.server_owned_correlation = flag(value, name);
    } else if (name == "missing_privileges") {
      behaviour.missing_privileges = json::value_to<std::vector<std::string>>(value);
    } else if (name == "secured") {
      behaviour.secured = json::value_to<std::vector<std::string>>(value);
    } else {
      throw std::invalid_argument("there is no behaviour \"" + name + "\"");
    }
  }
}

Reply fault_reply(int status, const std::string& code, const std::string& message, int retry_after) {
  Reply reply = json_reply(status, json::object{{"error", {{"code", code}, {"message", message}}}});
  if (retry_after >= 0) reply.headers.emplace_back("Retry-After", std::to_string(retry_after));
  reply.headers.emplace_back("OData-Version", "4.0");
  return reply;
}

}  // namespace syncline::sandbox
