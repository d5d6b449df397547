// An in-process organization that speaks the Dataverse Web API (OData v4, JSON) on 127.0.0.1, for tests and for the
// program syncline-sandbox. It keeps all rows in memory, is thread-safe, and fails on request in the ways real ones do.
#pragma once
#include <boost/json.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace syncline::sandbox {

struct DataverseOptions {
  std::uint16_t port = 0;            // 0: any free one
  std::string certificate{}, key{};  // PEM files; both set: HTTPS
  std::string tenant = "contoso.test";
  std::string organization{};  // two that shall not be the same organization differ in this
  std::string client_id = "5a1c0e9e-0c05-4ad1-9d2f-2f6f43c1a001";
  std::string client_secret = "sandbox-secret";
  std::chrono::seconds token_lifetime{3600};
  std::size_t max_page = 5000;                 // rows a page
  std::size_t max_upload = 5 * 1024 * 1024;    // Organization.MaxUploadFileSize, in bytes of the decoded body
  std::size_t max_request = 64 * 1024 * 1024;  // bytes of a request's body
  bool seed_users = true;  // alice@contoso.test and bob@contoso.test (systemusers), support@contoso.test (queue)
};

// What happens to the requests that match. Faults are tried in the order they were added; the first match wins.
struct Fault {
  enum class Action {
    ANSWER,       // answer `status` and `code` without any effect
    DROP_BEFORE,  // close the connection, no effect: a lost request
    DROP_AFTER,   // take effect, then close the connection without an answer: a lost answer
    LAND_LATER,   // close the connection now, take effect later: at land() or after `land_after` further requests
  };
  Action action = Action::ANSWER;
  std::string method{};      // empty: any
  std::string path{};        // prefix of what is behind /api/data/v9.x/: "emails", "$batch"; or "oauth2"; empty: any
  std::string subject{};     // if set: only requests whose JSON body has this subject
  std::string message_id{};  // if set: only requests whose JSON body has this messageid
  int skip = 0;              // let this many matching requests pass first
  int count = 1;             // then act on this many; -1: on all
  int status = 500;
  std::string code = "0x80040216", message = "An unexpected error occurred.";
  int retry_after = -1;  // ANSWER: seconds of a Retry-After header; -1: none
  int land_after = 0;    // LAND_LATER: number of further requests; 0: only at land()
};

// Standing behaviour.
struct Behaviour {
  std::chrono::milliseconds latency{0};  // before each API answer
  int throttle_every = 0;                // k: each k-th API request gets 429; 0: never
  int retry_after = 1;                   // seconds, sent with those 429
  bool empty_codes = false;              // error bodies carry "code": ""
  bool refuse_nested_upsert = false;     // PATCH with If-None-Match: * and nested parties is refused (400)
  bool duplicate_rule = false;  // two contacts may not have one emailaddress1, where the request wants it checked
  bool server_owned_correlation =
      false;  // correlationmethod, conversationindex, inreplyto: what a client writes is ignored
  // "prvCreateContact": nobody has it; "prvCreateContact GUID": that user has it not.
  std::vector<std::string> missing_privileges{};
  std::vector<std::string> secured{};  // "contact.birthdate": under field security, read as null, not to be written
};

struct RequestEntry {
  std::uint64_t number = 0;
  std::string method, path;  // path with query; never a body
  int status = 0;            // 0: the connection was closed without an answer
  bool inner = false;        // a member of a $batch
  bool landed = false;       // executed later than it was sent
};

class Dataverse {
 public:
  explicit Dataverse(DataverseOptions options = {});
  ~Dataverse();
  Dataverse(const Dataverse&) = delete;
  Dataverse& operator=(const Dataverse&) = delete;

  const DataverseOptions& options() const;
  std::uint16_t port() const;
  std::string url() const;        // "http://127.0.0.1:NNNN", no slash at the end; https: "https://localhost:NNNN"
  std::string api() const;        // url() + "/api/data/v9.2"
  std::string token_url() const;  // url() + "/TENANT/oauth2/v2.0/token"
  std::string scope() const;      // url() + "/.default"

  // Another person at work in the organization: the same rules as over HTTP, no faults, no log entry. `fields` as in a
  // POST body (deep insert and @odata.bind included). A refusal throws std::runtime_error with code and message.
  std::string add(const std::string& set, const boost::json::object& fields);  // the new row's id
  void edit(const std::string& set, const std::string& id, const boost::json::object& changes);
  void remove(const std::string& set, const std::string& id);

  // A row as a GET with all columns shows it, `@odata.etag` and for activities the nested parties included.
  std::optional<boost::json::object> row(const std::string& set, const std::string& id) const;
  std::vector<boost::json::object> rows(const std::string& set) const;  // by primary key
  std::size_t count(const std::string& set) const;
  std::string attachment(const std::string& id) const;  // decoded bytes

  // {"emails":[…],…}: all rows; bodies of attachments as {"body_sha256", "body_size"}.
  boost::json::object state() const;
  std::vector<RequestEntry> log() const;
  void clear_log();

  void add_fault(Fault fault);
  void clear_faults();  // and the standing behaviour
  void set_behaviour(const Behaviour& behaviour);
  Behaviour behaviour() const;
  void expire_tokens();         // every bearer token handed out so far
  void expire_delta_tokens();   // every delta link handed out so far
  std::size_t land();           // executes what LAND_LATER held back; how many
  std::size_t pending() const;  // held back and not yet executed
  void reset();                 // rows, log, faults and tokens as after construction

  // The body of POST /_sandbox/faults: {"behaviour": {"latency_ms", "throttle_every", "retry_after", "empty_codes",
  // "refuse_nested_upsert", "duplicate_rule", "server_owned_correlation", "missing_privileges", "secured"}, "faults":
  // [{"action": "answer"|"drop_before"|"drop_after"|"land_later", "method", "path", "subject", "message_id", "skip",
  // "count", "status", "code", "message", "retry_after", "land_after"}], "clear": true, "expire_tokens": true,
  // "expire_delta_tokens": true, "land": true}. All optional; unknown names throw.
  void apply_faults(const boost::json::object& body);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace syncline::sandbox
