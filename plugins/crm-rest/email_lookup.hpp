// email_lookup.hpp: the emails that bear a key of directory.h: a Message-ID, a tracking token, a conversation, or words
// and addresses like these.
#pragma once

#include <functional>
#include <span>

#include "organization.hpp"

namespace syncline::crm {

class EmailLookup {
 public:
  EmailLookup(Client& client, Organization& organization, const Host& host)
      : client_(&client), organization_(&organization), host_(host) {}

  /// Per key a JSON array of records, the newest first.
  std::vector<std::string> records(const Call& call, std::span<const std::string_view> keys);

 private:
  using Found = std::map<std::string, boost::json::array, std::less<>>;
  using Keys = std::vector<std::string>;
  void by_message_id(const Call& call, const Keys& ids, Found& found);
  void by_token(const Call& call, const Keys& keys, Found& found);
  void by_conversation(const Call& call, const Keys& keys, Found& found);
  void by_words(const Call& call, const std::string& key, Found& found);
  /// Rows of a filter, each as the record that a rule sees.
  void rows(const Call& call, const std::string& filter, const std::string& more, const std::string& expand,
            const std::function<void(const boost::json::object& row, boost::json::object record)>& visit);
  [[nodiscard]] boost::json::object record(const boost::json::object& row) const;

  Client* client_;
  Organization* organization_;
  Host host_;
};

}  // namespace syncline::crm
