// fetch.hpp: reads messages, in as many short sessions as it takes (S6).
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "account.hpp"
#include "documents.hpp"
#include "roster.hpp"

namespace syncline::pop3 {

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

  void run_some();
  /// Where each of `pending` is now.
  std::vector<Place> places(Session& session);
  /// By the last listing, when the mailbox still is what it was; empty: a new listing is needed.
  std::vector<Place> remembered(Session& session, std::size_t count) const;
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
  std::vector<std::string> pending_;     // of what was asked for, as much as one session may read
  std::size_t messages_ = 0;             // in the mailbox, in the session under way
  std::map<std::string, int> refusals_;  // ids that the listing named and the server would not give
  bool wanted_ = true;
};

}  // namespace syncline::pop3
