// subject.hpp: what a plugin's tests tell the suites: the connection under test, and how to act as another person on
// its server. What a plugin does not do is said here by case name, with the reason, and shows as skipped.
#pragma once

#include <boost/json.hpp>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "syncline/conformance/test_host.hpp"

namespace syncline::conformance {

/// One connection and one mailbox or CRM behind it, made anew for every case.
class Subject {
 public:
  virtual ~Subject() = default;
  virtual TestHost& host() = 0;
  virtual ConnectionHandle& connection() = 0;
  /// For open(): the PER_ENDPOINT options and the principal.
  virtual std::string settings() = 0;

  // Another person, with another client.
  virtual std::string add(const std::string& kind, const boost::json::object& doc) = 0;
  virtual void edit(const std::string& kind, const std::string& id, const boost::json::object& merge_patch) = 0;
  virtual void remove(const std::string& kind, const std::string& id) = 0;

  /// The n-th document to write or to add, with few fields; each n another natural key.
  virtual boost::json::object sample(const std::string& kind, int n);
  /// A well-formed id that no item has.
  virtual std::string unknown_id(const std::string& kind) = 0;
  /// A text field that takes anything, for odd texts and edits.
  virtual std::string text_field(const std::string& kind);
  /// What an update may name: of a mail, which is not edited, only its regarding.
  virtual std::string update_field(const std::string& kind);
  /// The longest text that the field takes, in bytes.
  virtual std::size_t text_limit(const std::string&) { return 65536; }

  // Trouble on request; false: cannot be made here (the case is skipped).
  virtual bool throttle_next(std::int64_t /*retry_after_ms*/) { return false; }
  virtual bool refuse_credentials() { return false; }
  virtual bool hang_next() { return false; }
  virtual bool forget_cursors() { return false; }

  /// CRM: an address that the directory knows.
  virtual std::string known_address() { return {}; }

  /// Case name → why the plugin does not do it. Name a case as "endpoint.same_token_makes_one", or with a kind,
  /// "endpoint.same_token_makes_one/email".
  [[nodiscard]] virtual std::map<std::string, std::string> exceptions() const { return {}; }
};

using SubjectFactory = std::function<std::unique_ptr<Subject>()>;

struct Case {
  std::string name;
  bool per_kind = true;
  std::function<void(Subject&, const std::string& kind)> run;
};

std::vector<Case> connection_suite();
std::vector<Case> endpoint_suite();
std::vector<Case> feeds_suite();

/// Registers all of them with GoogleTest as NAME.case/kind. Call it from a static initialiser of the test program:
///   const bool registered = syncline::conformance::register_suites("pop3", {"email"}, make_subject);
bool register_suites(const std::string& name, const std::vector<std::string>& kinds, const SubjectFactory& factory);

}  // namespace syncline::conformance
