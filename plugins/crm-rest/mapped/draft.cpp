#include "mapped/draft.hpp"

#include <algorithm>
#include <set>

namespace syncline::crm {
namespace json = boost::json;
namespace {

/// Letters and digits, in lower case: "First_Name" and "firstName" are one.
std::string squashed(std::string_view name) {
  std::string out;
  for (const char c : name)
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
      out += c;
    else if (c >= 'A' && c <= 'Z')
      out += static_cast<char>(c - 'A' + 'a');
  return out;
}

/// What columns are called elsewhere. The canonical name itself counts too.
const std::map<std::string, std::vector<std::string>, std::less<>>& synonyms() {
  static const std::map<std::string, std::vector<std::string>, std::less<>> all{
      {"firstname", {"givenname", "forename", "namefirst", "first"}},
      {"lastname", {"surname", "familyname", "namelast", "last"}},
      {"middlename", {"middle", "additionalname"}},
      {"salutation", {"title", "honorificprefix", "prefix"}},
      {"suffix", {"honorificsuffix", "namesuffix"}},
      {"company", {"companyname", "organization", "organisation", "accountname", "employer", "org"}},
      {"jobtitle", {"position", "role", "function"}},
      {"email1",
       {"email", "emailaddress", "emailaddress1", "mail", "primaryemail", "emailprimary", "emails0value",
        "emails0address", "emails0email"}},
      {"email2", {"emailaddress2", "secondaryemail", "emailsecondary", "otheremail", "emails1value", "emails1address"}},
      {"email3", {"emailaddress3", "tertiaryemail", "emails2value"}},
      {"business_phone",
       {"phone", "telephone", "telephone1", "workphone", "phonework", "officephone", "phoneoffice", "businessphone1"}},
      {"business_phone2", {"telephone3", "phone2", "workphone2"}},
      {"home_phone", {"telephone2", "phonehome", "privatephone"}},
      {"mobile_phone", {"mobile", "mobilephone", "cell", "cellphone", "phonemobile"}},
      {"business_fax", {"fax", "faxnumber", "phonefax"}},
      {"web_page", {"website", "url", "homepage", "websiteurl", "web"}},
      {"nickname", {"nick", "alias"}},
      {"spouse", {"spousesname", "partner", "spousename"}},
      {"children", {"childrensnames", "childrennames"}},
      {"manager_name", {"manager", "managername"}},
      {"assistant_name", {"assistant", "assistantname"}},
      {"notes", {"description", "note", "comment", "comments", "remarks", "body", "details"}},
      {"birthday", {"birthdate", "dateofbirth", "dob"}},
      {"anniversary", {"weddinganniversary"}},
      {"business_address.street",
       {"street", "address1line1", "address1street", "streetaddress", "addressstreet", "primaryaddressstreet",
        "addressline1"}},
      {"business_address.city", {"city", "address1city", "town", "addresscity", "primaryaddresscity"}},
      {"business_address.state",
       {"state", "address1stateorprovince", "region", "province", "addressstate", "primaryaddressstate"}},
      {"business_address.postal_code",
       {"zip", "zipcode", "postcode", "postalcode", "address1postalcode", "addresszip", "addresspostalcode",
        "primaryaddresspostalcode"}},
      {"business_address.country", {"country", "address1country", "addresscountry", "primaryaddresscountry"}},
      {"categories", {"tags", "labels", "keywords"}},
      {"subject", {"title", "name", "summary", "topic"}},
      {"start", {"startdate", "scheduledstart", "datestart", "begin"}},
      {"due", {"duedate", "scheduledend", "datedue", "deadline", "enddate"}},
      {"completed", {"completedat", "datecompleted", "actualend", "completiondate", "completedon"}},
      {"percent", {"percentcomplete", "progress"}},
      {"message_id", {"messageid", "internetmessageid"}},
      {"in_reply_to", {"inreplyto"}},
      {"from", {"fromaddress", "fromaddr", "sendername"}},
      {"to", {"toaddresses", "toaddrs", "torecipients", "recipients"}},
      {"cc", {"ccaddresses", "ccaddrs"}},
      {"date", {"datesent", "senton", "sentat"}},
      {"received", {"receivedat", "receivedon", "createdon"}},
      {"body", {"description", "descriptionhtml", "content", "text", "bodyhtml", "note"}}};
  return all;
}

struct Guess {
  std::string column, how;
};

/// Exactly a known name: sure. A known name within: likely.
std::optional<Guess> guess(const RemoteSet& s, const std::vector<std::string>& names, std::set<std::string>& used) {
  for (const std::string& name : names)
    for (const RemoteField& f : s.fields)
      if (!used.contains(f.name) && squashed(f.name) == name) {
        used.insert(f.name);
        return Guess{f.name, name == names.front() ? "sure: the same name" : "likely: a usual name"};
      }
  for (const std::string& name : names) {
    if (name.size() < 6) continue;  // a short name is within too many
    for (const RemoteField& f : s.fields)
      if (!used.contains(f.name) && squashed(f.name).find(name) != std::string::npos) {
        used.insert(f.name);
        return Guess{f.name, "perhaps: only part of the name fits"};
      }
  }
  return std::nullopt;
}

const RemoteSet* set_for(std::string_view kind, const std::vector<RemoteSet>& sets) {
  static const std::map<std::string, std::vector<std::string>, std::less<>> names{
      {"contact", {"contacts", "contact", "people", "persons", "person"}},
      {"task", {"tasks", "task", "todos", "activities"}},
      {"email", {"emails", "email", "messages", "mails", "notes"}}};
  for (const std::string& name : names.find(kind)->second)
    for (const RemoteSet& s : sets)
      if (const std::string own = squashed(s.set.substr(s.set.rfind('/') + 1)); own == name && !s.fields.empty())
        return &s;
  return nullptr;
}

std::string quoted(std::string_view text) { return json::serialize(json::value(text)); }

/// One line of an object: the comma stands before the remark.
struct Line {
  std::string text, remark;
};

std::string object_text(const std::vector<Line>& lines, const std::string& indent) {
  std::string out = "{\n";
  for (std::size_t i = 0; i < lines.size(); ++i) {
    out += indent + "  " + lines[i].text + (i + 1 < lines.size() ? "," : "");
    if (!lines[i].remark.empty()) out += "  // " + lines[i].remark;
    out += "\n";
  }
  return out + indent + "}";
}

std::string member(std::string_view key, std::string_view value) { return quoted(key) + ": " + quoted(value); }

std::vector<std::string> names_of(std::string_view canonical) {
  std::vector<std::string> out{squashed(canonical)};
  if (const auto more = synonyms().find(canonical); more != synonyms().end())
    out.insert(out.end(), more->second.begin(), more->second.end());
  return out;
}

std::string record_text(std::string_view kind, const RemoteSet& s) {
  std::set<std::string> used{s.key};
  std::vector<Line> lines{{member("set", s.set), ""},
                          {member("key", s.key.empty() ? "id" : s.key), s.key.empty() ? "a guess" : ""}};
  const auto special = [&](const char* key, const std::vector<std::string>& names) {
    if (const auto g = guess(s, names, used)) lines.push_back({member(key, g->column), g->how});
  };
  special("changed", {"modifiedon", "updatedat", "modified", "updated", "datemodified", "modifiedat", "lastmodified",
                      "changedon"});
  special("created", {"createdon", "createdat", "created", "dateentered", "datecreated"});
  special("token", {"externalid", "externalkey", "syncid", "externalreference", "foreignid"});
  std::vector<Line> fields;
  for (const CanonicalField& f : canonical_fields(kind)) {
    const auto g = guess(s, names_of(f.name), used);
    if (!g) continue;
    if (f.value != Value::CHOICE) {
      fields.push_back({member(f.name, g->column), g->how});
      continue;
    }
    std::string values;
    for (const std::string& v : split(f.choices, '|')) values += (values.empty() ? "" : ", ") + member(v, v);
    fields.push_back({quoted(f.name) + ": {" + member("column", g->column) + ", \"values\": {" + values + "}}",
                      "write the CRM's own values on the right"});
  }
  if (kind == "email" &&
      std::none_of(fields.begin(), fields.end(), [](const Line& l) { return l.text.starts_with("\"message_id\""); }) &&
      std::none_of(lines.begin(), lines.end(), [](const Line& l) { return l.text.starts_with("\"token\""); }))
    lines.push_back({"\"write\": []", "nothing can be made here until message_id or token names a column"});
  lines.push_back({"\"fields\": " + object_text(fields, "      "), ""});
  return object_text(lines, "    ");
}

}  // namespace

std::string draft_mapping(const Mapping& mapping, const std::vector<RemoteSet>& sets) {
  std::vector<Line> lines;
  lines.push_back({member("extends", mapping.odata ? "odata" : "rest"), ""});
  for (const auto& own : mapping.own)
    if (own.key() != "extends") lines.push_back({quoted(own.key()) + ": " + json::serialize(own.value()), ""});
  if (!mapping.odata && !mapping.own.contains("list")) {
    const auto shown = std::find_if(sets.begin(), sets.end(), [](const RemoteSet& s) { return !s.fields.empty(); });
    if (shown != sets.end()) {
      std::string list = "\"list\": {" + member("rows", path_text(shown->rows));
      if (!shown->next.empty()) list += ", \"paging\": \"link\", " + member("next", path_text(shown->next));
      lines.push_back(
          {list + "}", shown->next.empty() ? "say how pages go on, if there are several" : "seen in an answer"});
    }
  }
  std::vector<Line> records;
  for (const std::string_view kind : {"contact", "task", "email"}) {
    if (const RemoteSet* s = set_for(kind, sets)) records.push_back({quoted(kind) + ": " + record_text(kind, *s), ""});
  }
  lines.push_back(
      {"\"records\": " + object_text(records, "  "), records.empty() ? "no collection has a usual name" : ""});
  const std::string out =
      "// Drafted by syncline discover from the names of columns. Read every line before it is used: what is wrong "
      "here is\n"
      "// carried into every record. docs/mapping.md explains each key.\n" +
      object_text(lines, "") + "\n";
  Mistakes mistakes;
  read_mapping("the draft", out, mistakes);
  if (!mistakes.empty()) throw Error(SY_BROKEN, "crm: the draft cannot be used: " + mistakes.front().line());
  return out;
}

}  // namespace syncline::crm
