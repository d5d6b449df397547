#include "mapped/canonical.hpp"

#include <algorithm>

namespace syncline::crm {

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(separator), text.size());
    out.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

const std::vector<CanonicalField>& canonical_fields(std::string_view kind) {
  static const std::vector<CanonicalField> none;
  static const std::vector<CanonicalField> contact{{"firstname"},
                                                   {"middlename"},
                                                   {"lastname"},
                                                   {"suffix"},
                                                   {"salutation"},
                                                   {"company"},
                                                   {"jobtitle"},
                                                   {"department"},
                                                   {"email1"},
                                                   {"email2"},
                                                   {"email3"},
                                                   {"business_phone"},
                                                   {"business_phone2"},
                                                   {"home_phone"},
                                                   {"home_phone2"},
                                                   {"mobile_phone"},
                                                   {"other_phone"},
                                                   {"company_phone"},
                                                   {"callback_phone"},
                                                   {"pager"},
                                                   {"business_fax"},
                                                   {"assistant_name"},
                                                   {"assistant_phone"},
                                                   {"manager_name"},
                                                   {"nickname"},
                                                   {"spouse"},
                                                   {"children"},
                                                   {"government_id"},
                                                   {"ftp_site"},
                                                   {"web_page"},
                                                   {"yomi_firstname"},
                                                   {"yomi_lastname"},
                                                   {"notes"},
                                                   {"business_address.street"},
                                                   {"business_address.city"},
                                                   {"business_address.state"},
                                                   {"business_address.postal_code"},
                                                   {"business_address.country"},
                                                   {"home_address.street"},
                                                   {"home_address.city"},
                                                   {"home_address.state"},
                                                   {"home_address.postal_code"},
                                                   {"home_address.country"},
                                                   {"other_address.street"},
                                                   {"other_address.city"},
                                                   {"other_address.state"},
                                                   {"other_address.postal_code"},
                                                   {"other_address.country"},
                                                   {"birthday", Value::DATE},
                                                   {"anniversary", Value::DATE},
                                                   {"categories", Value::LIST}};
  static const std::vector<CanonicalField> task{
      {"subkind", Value::CHOICE, "task|phonecall|letter|fax"},
      {"subject"},
      {"start", Value::DATE},
      {"due", Value::DATE},
      {"completed", Value::DATE},
      {"percent", Value::INTEGER},
      {"status", Value::CHOICE, "not_started|in_progress|waiting|completed|canceled|deferred"},
      {"importance", Value::CHOICE, "low|normal|high"},
      {"notes"},
      {"categories", Value::LIST}};
  static const std::vector<CanonicalField> email{{"message_id"},
                                                 {"in_reply_to"},
                                                 {"direction", Value::CHOICE, "incoming|outgoing"},
                                                 {"subject"},
                                                 {"date", Value::INSTANT},
                                                 {"received", Value::INSTANT},
                                                 {"from"},
                                                 {"sender"},
                                                 {"to"},
                                                 {"cc"},
                                                 {"bcc"},
                                                 {"importance", Value::CHOICE, "low|normal|high"},
                                                 {"body"},
                                                 {"body.type", Value::CHOICE, "html|text"}};
  return kind == "contact" ? contact : kind == "task" ? task : kind == "email" ? email : none;
}

const CanonicalField* canonical_field(std::string_view kind, std::string_view name) {
  const auto& all = canonical_fields(kind);
  const auto at = std::find_if(all.begin(), all.end(), [&](const CanonicalField& f) { return f.name == name; });
  return at == all.end() ? nullptr : &*at;
}

}  // namespace syncline::crm
