// mail_thread.hpp: an organization that has mail already, and mail that may answer it.
#pragma once

#include "rules_house.hpp"

namespace syncline::test {

/// Alice takes answers only, unless the configuration says otherwise.
class Thread {
 public:
  static constexpr const char* index = "AdqPuFzMqV1iRi0rQdOwOYcH1qJmPg==";  ///< 22 bytes: the conversation begins
  static constexpr const char* index_of_answer = "AdqPuFzMqV1iRi0rQdOwOYcH1qJmPgAAAAAB";  ///< and goes on
  RulesHouse house;

  explicit Thread(const std::string& defaults = {}) : house("email.method = 1\n" + defaults) {}

  void configure(const std::string& defaults) { house.configure("email.method = 1\n" + defaults); }

  /// An email that alice sent to carol from the CRM: NAME@crm.test.
  std::string known(const std::string& name, const std::string& subject = "Offer", json::object more = {}) {
    json::object row{{"subject", subject},
                     {"email_activity_parties",
                      {{{"addressused", "alice@contoso.test"}, {"participationtypemask", 1}},
                       {{"addressused", "carol@customer.test"}, {"participationtypemask", 2}}}}};
    for (auto& m : more) row[m.key()] = std::move(m.value());
    const std::string id = house.in_crm(name + "@crm.test", std::move(row));
    names_[id] = name;
    return id;
  }
  static json::object token(const std::string& t) { return {{"trackingtoken", t}}; }
  static json::object conversation() { return {{"conversationindex", index}}; }

  /// Delivers to alice and syncs; what became of the mail: "": it is not in the CRM; else how it was correlated, as
  /// "3 offer, parent offer" or "4 offer", and "0" if it was not.
  std::string arrives(const std::string& id, const std::string& subject, const std::string& parent = {},
                      const std::string& headers = {}, const std::string& from = "carol@customer.test") {
    Letter letter = plain(id + "@customer.test", from, subject);
    if (!parent.empty()) letter.in_reply_to = parent + "@crm.test";
    house.deliver("alice", headers + letter.text(), "u-" + id);
    house.settle();
    return outcome(id);
  }
  static std::string in_conversation() { return std::string("Thread-Index: ") + index_of_answer + "\r\n"; }

  std::string outcome(const std::string& id) {
    const auto row = house.mail(id + "@customer.test");
    if (!row) return {};
    std::string out = std::to_string(RulesHouse::number(*row, "correlationmethod"));
    if (const std::string to = RulesHouse::text(*row, "_correlatedactivityid_value"); !to.empty())
      out += " " + name(to);
    if (const std::string to = RulesHouse::text(*row, "_parentactivityid_value"); !to.empty())
      out += ", parent " + name(to);
    return out;
  }

 private:
  std::string name(const std::string& id) {
    if (const auto it = names_.find(id); it != names_.end()) return it->second;
    for (const json::object& row : house.crm().rows("emails"))
      if (RulesHouse::text(row, "activityid") == id) return RulesHouse::text(row, "messageid");
    return "?" + id;
  }
  std::map<std::string, std::string> names_;
};

}  // namespace syncline::test
