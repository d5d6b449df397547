// fetch.hpp: reads messages, in as many short sessions as it takes (S6).
#pragma once

#include <Poco/Net/Context.h>

#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "documents.hpp"
#include "roster.hpp"
#include "session.hpp"

namespace syncline::pop3 {

/// One mailbox with the means to log in to it.
struct Account {
  const Settings& settings;
  const Poco::Net::Context::Ptr& context;
  const Host& host;
  const std::string& username;
  bool& held;  ///< a session of ours had the mailbox last: a lock on it may still be that one's
};

/// A session that is logged in. A lock that may be our own is waited for, briefly; anybody else's is not.
[[nodiscard]] std::unique_ptr<Session> log_in(const Account& account, const Call& call);

class Fetch {
 public:
  Fetch(const Account& account, const Call& call, int depth, const ItemSink& put);
  /// Puts one item for each id. What was put before an error counts.
  void run(std::vector<std::string> ids);

 private:
  struct Job {
    std::string id;
    Want want;
    bool oversize = false;
    bool answered = false;
  };
  class Reader;

  /// What is there now, of `pending`; puts and drops what is not.
  std::vector<Job> locate(Session& session);
  std::vector<Job> first_batch(std::vector<Job> jobs) const;
  void read(Session& session, std::vector<Job>& batch);
  void refused(const std::string& id, const Reply& reply);
  void put_absent(const std::string& id, std::uint32_t flag);
  [[nodiscard]] bool whole(const Job& job) const { return depth_ == SY_WHOLE && !job.oversize; }

  const Account& account_;
  const Call& call_;
  const int depth_;
  const ItemSink& put_;
  std::vector<std::string> pending_;
  std::map<std::string, int> refusals_;  // ids that the listing named and the server would not give
  bool wanted_ = true;
};

}  // namespace syncline::pop3
