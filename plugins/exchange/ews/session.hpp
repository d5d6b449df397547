// session.hpp: requests to EWS for one mailbox: what each one bears, and what the server's answer as a whole means.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "envelope.hpp"
#include "mailbox_state.hpp"
#include "syncline/net/http.hpp"

namespace syncline::exchange {

/// The address of EWS and the way in, shared by all mailboxes that are opened with the same credentials.
struct Server {
  std::string url;
  std::shared_ptr<net::HttpSession> http;
};

/// Whose mailbox, and as whom.
struct Account {
  std::string address;
  bool impersonate = false;
  std::string anchor;  ///< X-AnchorMailbox; empty: not sent

  /// Whose default folders are meant, where impersonation does not say it.
  [[nodiscard]] std::string owner() const { return impersonate ? std::string() : address; }
};

/// Where a mailbox is served. Any thread.
class Locator {
 public:
  Locator() = default;
  Locator(const Locator&) = delete;
  Locator& operator=(const Locator&) = delete;
  virtual ~Locator() = default;
  virtual Server locate(const Host& host, const Call& call) = 0;
  /// What `locate` said does not hold any more. False: it cannot say anything else.
  virtual bool forget() = 0;
};

struct Query {
  std::string name;    ///< "GetItem", for texts
  std::string body;    ///< `<m:GetItem>…`
  bool reads = true;   ///< false: it changes something
  bool syncs = false;  ///< one of those of which a mailbox takes few at a time
};

/// Takes out of an answer on its way what is too large to be parsed.
class BodyFilter {
 public:
  BodyFilter() = default;
  BodyFilter(const BodyFilter&) = delete;
  BodyFilter& operator=(const BodyFilter&) = delete;
  virtual ~BodyFilter() = default;
  virtual void begin() = 0;  ///< of an answer; there is a new one when the request is sent again
  virtual void piece(std::string_view bytes, std::string& rest) = 0;
};

/// Used by one thread at a time.
class Session {
 public:
  Session(std::shared_ptr<Locator> locator, std::shared_ptr<MailboxState> state, Account account, Host host);

  /// An answer of which at least one message is not an error of the whole mailbox. Waits while the server is busy, as
  /// long as the call has time; lowers the schema version until the server takes it. Throws Refused, or Error: SY_RETRY
  /// (no answer, busy for longer, garbled), SY_AUTH, SY_DENIED, SY_CONFIG.
  Answer send(const Call& call, const Query& query);
  /// The same, but what EWS sends passes through `filter`, which gives back what of it is to be parsed.
  Answer send(const Call& call, const Query& query, BodyFilter& filter);

  /// One message of a batch said that the mailbox is busy: closes the gate. Throws SY_RETRY when that is for longer
  /// than the call may wait.
  void wait(const Call& call, const std::string& what, const ResponseMessage& message);
  /// The message's error, with the id of the request just sent.
  [[nodiscard]] Refused refused(const std::string& what, const ResponseMessage& message) const;

  [[nodiscard]] MailboxState& state() { return *state_; }
  [[nodiscard]] const Account& account() const { return account_; }
  [[nodiscard]] const Host& host() const { return host_; }
  /// Of the last answer: "15.2.2562.17".
  [[nodiscard]] const std::string& build() const { return build_; }

 private:
  struct Attempt;
  Answer run(const Call& call, const Query& query, BodyFilter* filter);
  net::Response post(const Call& call, Attempt& attempt, BodyFilter* filter, std::string& kept);
  /// nullopt: it is to be sent again.
  std::optional<Answer> judge(const Call& call, Attempt& attempt, const net::Response& response,
                              const std::string& body);
  std::optional<Answer> judge_answer(const Call& call, Attempt& attempt, Answer answer);
  void judge_error(const Call& call, Attempt& attempt, const ResponseMessage& message);
  void judge_status(const Call& call, Attempt& attempt, const net::Response& response);
  void judge_redirect(const Attempt& attempt, const net::Response& response);
  void unauthorized(const Call& call, Attempt& attempt, const net::Response& response);
  void pause(const Call& call, const std::string& what, const std::string& why, std::optional<std::int64_t> hint);
  [[nodiscard]] std::string about(const std::string& what) const;

  std::shared_ptr<Locator> locator_;
  std::shared_ptr<MailboxState> state_;
  Account account_;
  Host host_;
  std::string request_id_, build_;
};

}  // namespace syncline::exchange
