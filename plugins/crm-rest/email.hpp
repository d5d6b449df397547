// email.hpp: makes a mail in the CRM in several requests that can stop anywhere and go on later: the draft under the
// token's id, each attachment under an id derived from it, the final state last.
#pragma once

#include "mail.hpp"
#include "organization.hpp"
#include "syncline/endpoint.hpp"

namespace syncline::crm {

class EmailTarget {
 public:
  EmailTarget(Client& client, Organization& organization, const Host& host)
      : client_(&client), organization_(&organization), host_(host) {}

  /// The same create with the same token never makes a second mail, and goes on where an earlier one stopped.
  Done create(const Call& call, const Operation& op);
  /// Sets the regarding, adds queue items; nothing else of a mail is changed.
  Done update(const Call& call, const Operation& op);
  Done remove(const Call& call, const Operation& op);
  std::optional<Item> find(const Call& call, const Operation& op);
  void fetch(const Call& call, std::span<const std::string_view> ids, const ItemSink& sink);

 private:
  struct Stored {
    std::string version;
    std::int64_t changed_ms = 0;
    bool final = false;
    std::map<std::string, std::size_t> parties;  ///< by role
  };
  struct Work {
    const Call& call;
    Mail mail;
    std::string body;
    Losses losses;
  };
  std::optional<Stored> look(const Call& call, const std::string& token);
  std::vector<std::string> stored_parts(const Call& call, const std::string& token);
  void read_body(Work& work);
  std::optional<Stored> begin(Work& work);
  void add_parts(Work& work, bool resumed);
  void add_part(Work& work, const Part& part, const OrganizationFacts& limits);
  void make_final(Work& work);
  Stored finish(Work& work, bool resumed);
  std::string mailbox_of(const Call& call, const boost::json::object& doc);
  void add_queue_item(const Call& call, const std::string& email, const std::string& queue, Losses& losses);
  void note_missing_parts(Work& work);
  Done done(const Work& work, const Stored& stored) const;
  [[nodiscard]] std::string row(const std::string& token) const;

  std::map<std::string, std::string, std::less<>> mailboxes_;  ///< owner → row; empty: there is none
  Client* client_;
  Organization* organization_;
  Host host_;
};

}  // namespace syncline::crm
