#include "schema.hpp"

#include <algorithm>
#include <initializer_list>
#include <sstream>
#include <stdexcept>

namespace syncline::sandbox {
namespace {

Type type_of(char letter) {
  switch (letter) {
    case 's': return Type::STRING;
    case 'm': return Type::MEMO;
    case 'i': return Type::INTEGER;
    case 'f': return Type::DOUBLE;
    case 'b': return Type::BOOLEAN;
    case 't': return Type::DATE_TIME;
    case 'd': return Type::DATE;
    case 'g': return Type::GUID;
    case 'l': return Type::LOOKUP;
    default: throw std::logic_error("schema: unknown type letter");
  }
}

// "subject:s800 senton:t! ownerid:l": name, type letter, greatest length, "!" for read-only.
void columns(Table& table, const std::string& text) {
  std::istringstream words(text);
  for (std::string word; words >> word;) {
    const auto colon = word.find(':');
    Attribute made{word.substr(0, colon), type_of(word.at(colon + 1)), 0, word.back() == '!'};
    const auto digits = word.find_first_of("0123456789", colon);
    if (digits != std::string::npos) made.max_length = std::stoul(word.substr(digits));
    table.attributes.push_back(made);
  }
}

Table base(const std::string& logical, const std::string& schema_name, const std::string& set, const std::string& key,
           const std::string& name) {
  Table table;
  table.logical = logical;
  table.schema_name = schema_name;
  table.set = set;
  table.key = key;
  table.name = name;
  columns(table, key + ":g");
  return table;
}

void common(Table& table, const std::string& owner_nav) {
  columns(table,
          "createdon:t! modifiedon:t! overriddencreatedon:t createdby:l! modifiedby:l! createdonbehalfby:l! "
          "modifiedonbehalfby:l! ownerid:l versionnumber:i! statecode:i statuscode:i");
  table.lookups.push_back({owner_nav, "ownerid", "systemuser"});
  for (const char* by : {"createdby", "modifiedby"})
    table.lookups.push_back({table.activity ? std::string(by) + "_" + table.logical : by, by, "systemuser"});
}

void addresses(Table& table, int count) {
  for (int i = 1; i <= count; ++i) {
    const std::string prefix = "address" + std::to_string(i) + "_";
    for (const char* part : {"line1:s250", "line2:s250", "line3:s250", "city:s80", "stateorprovince:s50",
                             "postalcode:s20", "country:s80", "telephone1:s50"})
      columns(table, prefix + part);
  }
}

void activity(Table& table, const std::string& parties) {
  table.activity = true;
  table.tracked = true;
  common(table, "ownerid_" + table.logical);
  columns(table,
          "regardingobjectid:l scheduledstart:t scheduledend:t actualstart:t actualend:t "
          "prioritycode:i activitytypecode:s! isbilled:b category:s250 subcategory:s250");
  const bool long_texts = table.logical == "email" || table.logical == "appointment";
  columns(table, long_texts ? "subject:s800 description:m1048576" : "subject:s200 description:m2000");
  for (const char* target : {"account", "contact", "lead", "opportunity", "systemuser"})
    table.lookups.push_back(
        {std::string("regardingobjectid_") + target + "_" + table.logical, "regardingobjectid", target});
  if (!parties.empty()) table.collections.push_back({parties, "activityparty", "activityid"});
}

Table email() {
  Table table = base("email", "Email", "emails", "activityid", "subject");
  activity(table, "email_activity_parties");
  columns(table,
          "sender:s250 torecipients:s500 messageid:s320 mimetype:s256 trackingtoken:s50 conversationindex:s2048 "
          "inreplyto:s320 directioncode:b submittedby:s250 emailsender:l! senton:t! attachmentcount:i! "
          "correlationmethod:i notifications:i readreceiptrequested:b deliveryreceiptrequested:b parentactivityid:l "
          "correlatedactivityid:l acceptingentityid:l "
          "receivingmailboxid:l");
  table.lookups.push_back({"parentactivityid", "parentactivityid", "email"});
  table.lookups.push_back({"correlatedactivityid", "correlatedactivityid", "email"});
  table.lookups.push_back({"acceptingentityid_systemuser", "acceptingentityid", "systemuser"});
  table.lookups.push_back({"acceptingentityid_queue", "acceptingentityid", "queue"});
  table.lookups.push_back({"receivingmailboxid_email", "receivingmailboxid", "mailbox"});
  table.collections.push_back({"email_activity_mime_attachment", "activitymimeattachment", "objectid"});
  table.states = {{0, {1, 8}}, {1, {2, 3, 4, 6, 7}}, {2, {5}}};
  return table;
}

std::vector<Table> activities() {
  std::vector<Table> made{email()};
  Table task = base("task", "Task", "tasks", "activityid", "subject");
  activity(task, "task_activity_parties");
  columns(task, "percentcomplete:i actualdurationminutes:i");
  task.states = {{0, {2, 3, 4, 7}}, {1, {5}}, {2, {6}}};
  made.push_back(task);
  Table appointment = base("appointment", "Appointment", "appointments", "activityid", "subject");
  activity(appointment, "appointment_activity_parties");
  columns(appointment,
          "location:s200 isalldayevent:b globalobjectid:s300 outlookownerapptid:i ismapiprivate:b "
          "isdraft:b attachmenterrors:i instancetypecode:i! seriesid:g! originalstartdate:t!");
  appointment.states = {{0, {1, 2}}, {1, {3}}, {2, {4}}, {3, {5, 6}}};
  made.push_back(appointment);
  struct Plain {
    const char *logical, *schema_name, *set;
    std::map<int, std::vector<int>> states;
  };
  for (const Plain& plain : {Plain{"phonecall", "PhoneCall", "phonecalls", {{0, {1}}, {1, {2, 4}}, {2, {3}}}},
                             Plain{"letter", "Letter", "letters", {{0, {1, 2}}, {1, {3, 4}}, {2, {5}}}},
                             Plain{"fax", "Fax", "faxes", {{0, {1}}, {1, {2, 3, 4}}, {2, {5}}}}}) {
    Table table = base(plain.logical, plain.schema_name, plain.set, "activityid", "subject");
    activity(table, std::string(plain.logical) + "_activity_parties");
    columns(table, "directioncode:b phonenumber:s200 percentcomplete:i");
    table.states = plain.states;
    made.push_back(table);
  }
  return made;
}

std::vector<Table> people() {
  Table contact = base("contact", "Contact", "contacts", "contactid", "fullname");
  common(contact, "ownerid");
  contact.tracked = true;
  contact.address = "emailaddress1";
  columns(
      contact,
      "firstname:s50 middlename:s50 lastname:s50 suffix:s10 salutation:s100 fullname:s160! nickname:s100 jobtitle:s100 "
      "department:s100 emailaddress1:s100 emailaddress2:s100 emailaddress3:s100 telephone1:s50 telephone2:s50 "
      "telephone3:s50 business2:s50 home2:s50 mobilephone:s50 fax:s50 pager:s50 callback:s50 company:s50 birthdate:d "
      "anniversary:d description:m2000 websiteurl:s200 ftpsiteurl:s200 governmentid:s50 yomifirstname:s150 "
      "yomilastname:s150 managername:s100 assistantname:s100 "
      "assistantphone:s50 spousesname:s100 childrensnames:s255 gendercode:i parentcustomerid:l");
  addresses(contact, 3);
  contact.lookups.push_back({"parentcustomerid_account", "parentcustomerid", "account"});
  contact.lookups.push_back({"parentcustomerid_contact", "parentcustomerid", "contact"});
  Table account = base("account", "Account", "accounts", "accountid", "name");
  common(account, "ownerid");
  account.tracked = true;
  account.address = "emailaddress1";
  columns(account,
          "name:s160 accountnumber:s20 emailaddress1:s100 emailaddress2:s100 emailaddress3:s100 telephone1:s50 "
          "telephone2:s50 fax:s50 websiteurl:s200 description:m2000 primarycontactid:l");
  addresses(account, 2);
  account.lookups.push_back({"primarycontactid", "primarycontactid", "contact"});
  account.collections.push_back({"contact_customer_accounts", "contact", "parentcustomerid"});
  Table lead = base("lead", "Lead", "leads", "leadid", "fullname");
  common(lead, "ownerid");
  lead.tracked = true;
  lead.address = "emailaddress1";
  columns(lead,
          "subject:s300 firstname:s50 lastname:s50 fullname:s160! companyname:s100 jobtitle:s100 emailaddress1:s100 "
          "emailaddress3:s100 "
          "emailaddress2:s100 telephone1:s50 mobilephone:s50 description:m2000");
  Table opportunity = base("opportunity", "Opportunity", "opportunities", "opportunityid", "name");
  common(opportunity, "ownerid");
  columns(opportunity, "name:s300 description:m2000");
  opportunity.states = {{0, {1, 2}}, {1, {3}}, {2, {4, 5}}};
  for (Table* table : {&contact, &account}) table->states = {{0, {1}}, {1, {2}}};
  lead.states = {{0, {1, 2}}, {1, {3}}, {2, {4, 5, 6, 7}}};
  return {contact, account, lead, opportunity};
}

std::vector<Table> administration() {
  Table user = base("systemuser", "SystemUser", "systemusers", "systemuserid", "fullname");
  columns(user,
          "fullname:s200 firstname:s64 lastname:s64 internalemailaddress:s100 domainname:s1024 isdisabled:b "
          "azureactivedirectoryobjectid:g applicationid:g accessmode:i incomingemaildeliverymethod:i "
          "emailrouteraccessapproval:i "
          "createdon:t! modifiedon:t! versionnumber:i! queueid:l businessunitid:l");
  user.lookups.push_back({"queueid", "queueid", "queue"});
  user.address = "internalemailaddress";
  user.tracked = true;
  Table queue = base("queue", "Queue", "queues", "queueid", "name");
  common(queue, "ownerid");
  columns(queue,
          "name:s200 emailaddress:s100 incomingemaildeliverymethod:i incomingemailfilteringmethod:i "
          "outgoingemaildeliverymethod:i emailrouteraccessapproval:i queueviewtype:i description:m2000");
  queue.states = {{0, {1}}, {1, {2}}};
  queue.address = "emailaddress";
  queue.tracked = true;
  Table item = base("queueitem", "QueueItem", "queueitems", "queueitemid", "title");
  common(item, "ownerid");
  columns(item, "title:s300 queueid:l objectid:l enteredon:t! objecttypecode:s! workerid:l");
  item.lookups.push_back({"queueid", "queueid", "queue"});
  item.lookups.push_back({"workerid_systemuser", "workerid", "systemuser"});
  for (const char* target : {"email", "task", "appointment"})
    item.lookups.push_back({std::string("objectid_") + target, "objectid", target});
  item.states = {{0, {1}}, {1, {2}}};
  item.tracked = true;
  Table mailbox = base("mailbox", "Mailbox", "mailboxes", "mailboxid", "name");
  common(mailbox, "ownerid");
  columns(mailbox,
          "name:s160 emailaddress:s100 incomingemaildeliverymethod:i outgoingemaildeliverymethod:i "
          "actdeliverymethod:i emailrouteraccessapproval:i regardingobjectid:l");
  mailbox.lookups.push_back({"regardingobjectid_systemuser", "regardingobjectid", "systemuser"});
  mailbox.lookups.push_back({"regardingobjectid_queue", "regardingobjectid", "queue"});
  mailbox.states = {{0, {1}}, {1, {2}}};
  Table organization = base("organization", "Organization", "organizations", "organizationid", "name");
  columns(organization,
          "name:s160 maxuploadfilesize:i expirechangetrackingindays:i languagecode:i versionnumber:i! "
          "blockedattachments:m100000 createdon:t! modifiedon:t!");
  // A table of the organization's own, with an address.
  Table vendor = base("new_vendor", "new_Vendor", "new_vendors", "new_vendorid", "new_name");
  common(vendor, "ownerid");
  columns(vendor, "new_name:s200 new_email:s100");
  vendor.states = {{0, {1}}, {1, {2}}};
  vendor.address = "new_email";
  return {user, queue, item, mailbox, organization, vendor};
}

std::vector<Table> children() {
  Table party = base("activityparty", "ActivityParty", "activityparties", "activitypartyid", "addressused");
  columns(party,
          "activityid:l partyid:l participationtypemask:i addressused:s320 unresolvedpartyname:s320 effort:f "
          "exchangeentryid:s1024 ispartydeleted:b! versionnumber:i!");
  party.writable = false;
  for (const char* target : {"account", "contact", "lead", "systemuser", "queue", "new_vendor"})
    party.lookups.push_back({std::string("partyid_") + target, "partyid", target});
  Table file = base("activitymimeattachment", "ActivityMimeAttachment", "activitymimeattachments",
                    "activitymimeattachmentid", "filename");
  columns(file,
          "subject:s255 filename:s255 mimetype:s256 body:m filesize:i! attachmentnumber:i objectid:l "
          "objecttypecode:s64 attachmentcontentid:s250 isfollowed:b attachmentid:g! versionnumber:i!");
  file.lookups.push_back({"objectid_email", "objectid", "email"});
  file.tracked = true;
  for (const char* target : {"email", "task", "appointment", "phonecall", "letter", "fax"})
    party.lookups.push_back({std::string("activityid_") + target, "activityid", target});
  return {party, file};
}

}  // namespace

const Attribute* Table::attribute(std::string_view column) const {
  const auto at =
      std::find_if(attributes.begin(), attributes.end(), [&](const Attribute& a) { return a.name == column; });
  return at == attributes.end() ? nullptr : &*at;
}

const Attribute* Table::queried(std::string_view property) const {
  const auto at =
      std::find_if(attributes.begin(), attributes.end(), [&](const Attribute& a) { return query_name(a) == property; });
  return at == attributes.end() ? nullptr : &*at;
}

const Lookup* Table::lookup(std::string_view nav) const {
  const auto at = std::find_if(lookups.begin(), lookups.end(), [&](const Lookup& l) { return l.nav == nav; });
  return at == lookups.end() ? nullptr : &*at;
}

const Collection* Table::collection(std::string_view nav) const {
  const auto at =
      std::find_if(collections.begin(), collections.end(), [&](const Collection& c) { return c.nav == nav; });
  return at == collections.end() ? nullptr : &*at;
}

const std::vector<Table>& tables() {
  static const std::vector<Table> all = [] {
    std::vector<Table> made = activities();
    for (const auto& more : {people(), administration(), children()}) made.insert(made.end(), more.begin(), more.end());
    return made;
  }();
  return all;
}

const Table* table_of_set(std::string_view set) {
  const auto at = std::find_if(tables().begin(), tables().end(), [&](const Table& t) { return t.set == set; });
  return at == tables().end() ? nullptr : &*at;
}

const Table* table_of(std::string_view logical) {
  const auto at = std::find_if(tables().begin(), tables().end(), [&](const Table& t) { return t.logical == logical; });
  return at == tables().end() ? nullptr : &*at;
}

std::string query_name(const Attribute& attribute) {
  return attribute.type == Type::LOOKUP ? "_" + attribute.name + "_value" : attribute.name;
}

}  // namespace syncline::sandbox
