// An in-process Exchange server on 127.0.0.1 that speaks EWS, for tests and for the program syncline-sandbox. It keeps
// mailboxes in memory, is thread-safe, and fails on request in the ways real ones do.
#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace syncline::sandbox {

// Which server it is like.
struct ExchangeProfile {
  std::string name = "exchange2016";
  std::string build = "15.1.2507.27";    // as in ServerVersionInfo
  std::string schema = "V2017_07_11";    // Version there
  std::string highest = "Exchange2016";  // the newest version that a request may name
  bool checks_versions = true;           // of items; false: the ChangeKey and ConflictResolution are ignored
  bool knows_time_zones = true;          // GetServerTimeZones
};
ExchangeProfile exchange_profile(const std::string& name);  // exchange2016, exchangeSE, grommunio

struct ExchangeOptions {
  std::uint16_t port = 0;            // 0: any free one
  std::string certificate{}, key{};  // PEM files; both set: HTTPS
  ExchangeProfile profile{};
  std::string service = "svc-sync", service_password = "exchange-sandbox";  // may impersonate anybody
  std::string bearer{};                                                     // taken beside passwords; empty: none
  std::size_t max_request = std::size_t{512} * 1024 * 1024;
  std::chrono::milliseconds status_interval{45'000};  // of a stream of events
  std::size_t max_concurrent = 0;                     // requests of one mailbox; 0: any number
};

// What happens to the requests that match; the first match wins.
struct ExchangeFault {
  enum class Action {
    FAULT,        // SOAP fault `code`, with BackOffMilliseconds if set
    MESSAGE,      // each message of the answer is the error `code`; no effect
    ITEM,         // the message of item `item` alone (0: the first); the rest takes effect
    HTTP,         // `status` without a SOAP body
    DROP_BEFORE,  // closes the connection, no effect: a lost request
    DROP_AFTER,   // takes effect, then closes the connection: a lost answer
    LAND_LATER,   // closes the connection now, takes effect at land()
    CUT,          // half of the answer
    NOT_XML,      // something else with 200
    EMPTY,        // a response without messages
    SLOW,         // answers after `delay`
    REDIRECT,     // 302 to `location`
  };
  Action action = Action::FAULT;
  std::string operation{}, mailbox{};  // "GetItem"; an address; empty: any
  int skip = 0, count = 1;             // count -1: all
  std::string code = "ErrorServerBusy";
  int back_off_ms = 0;
  std::size_t item = 0;
  int status = 503;
  int retry_after = -1;
  std::string location{};
  std::chrono::milliseconds delay{0};
};

struct ExchangeRequest {
  std::uint64_t number = 0;
  std::string operation, mailbox;  // the mailbox that it concerns
  int status = 0;                  // 0: closed without an answer
  std::string code;                // of the first error; empty: none
  std::size_t items = 0;           // messages of the answer
  bool landed = false;
};

class Exchange {
 public:
  explicit Exchange(ExchangeOptions options = {});
  ~Exchange();
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  [[nodiscard]] const ExchangeOptions& options() const;
  [[nodiscard]] std::uint16_t port() const;
  [[nodiscard]] std::string host() const;  // "http://127.0.0.1:NNNN"
  [[nodiscard]] std::string url() const;   // host() + "/EWS/Exchange.asmx"

  void add_mailbox(const std::string& address, const std::string& password, const std::string& display_name = {});

  // Another program at work in the mailbox: the same rules as over EWS, no faults, no log entry. A folder is the name
  // of a default folder ("contacts") or the id of another. `xml`: "<t:Contact>…</t:Contact>"; `updates`:
  // "<t:SetItemField>…". A refusal throws std::runtime_error.
  std::string add(const std::string& mailbox, const std::string& folder, const std::string& xml);
  void edit(const std::string& mailbox, const std::string& id, const std::string& updates);
  void remove(const std::string& mailbox, const std::string& id);                                  // for good
  std::string move(const std::string& mailbox, const std::string& id, const std::string& folder);  // the new id
  std::string deliver(const std::string& mailbox, const std::string& mime, const std::string& folder = "inbox");
  void stamp(const std::string& mailbox, const std::string& id, const std::string& received);  // when it was delivered
  std::string add_folder(const std::string& mailbox, const std::string& parent, const std::string& name,
                         const std::string& item_class);

  // All of an item as EWS shows it, with these further properties ("<t:ExtendedFieldURI …/>"); empty: there is none.
  [[nodiscard]] std::string item(const std::string& mailbox, const std::string& id,
                                 const std::string& paths = {}) const;
  [[nodiscard]] std::vector<std::string> items(const std::string& mailbox, const std::string& folder) const;  // ids
  [[nodiscard]] std::size_t invitations() const;  // that were sent

  [[nodiscard]] std::vector<ExchangeRequest> log() const;
  void clear_log();
  void add_fault(ExchangeFault fault);
  void clear_faults();
  std::size_t land();                       // executes what LAND_LATER held back
  void forget_states();                     // every SyncState handed out so far
  void rehome(const std::string& mailbox);  // as a move to another server: new ids
  void drop_streams();                      // ends the streams of events; silently: see below
  void silence_streams(bool on);            // streams stay open and say nothing, as half-open connections do
  [[nodiscard]] std::size_t streams() const;
  // Each request and answer of EWS, for a schema's validation.
  void on_traffic(std::function<void(const std::string& operation, bool request, const std::string& xml)> f);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace syncline::sandbox
