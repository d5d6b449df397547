// How the body of a write becomes a row: columns, lookups, nested parties and attachments.
#include <algorithm>
#include <array>
#include <limits>

#include "encode.hpp"
#include "odata_error.hpp"
#include "organization.hpp"

namespace syncline::sandbox {
namespace json = boost::json;
namespace {

constexpr std::string_view kBind = "@odata.bind";
constexpr std::int64_t kOwnerParty = 9;
constexpr std::int64_t kRegardingParty = 8;

std::set<std::int64_t> party_kinds(const std::string& activity) {
  if (activity == "email") return {1, 2, 3, 4};
  if (activity == "appointment") return {5, 6, 7};
  if (activity == "letter") return {1, 2, 4};
  return {1, 2};
}

[[noreturn]] void undeclared(const Table& table, std::string_view property) {
  throw ODataError(400, kUndeclared,
                   "Error identified in Payload provided by the user for Entity :'" + table.set + "': the property '" +
                       std::string(property) + "' does not exist on type 'Microsoft.Dynamics.CRM." + table.logical +
                       "'.");
}

[[noreturn]] void misfit(const Table& table, const Attribute& attribute) {
  throw ODataError(400, kUndeclared,
                   "Error identified in Payload provided by the user for Entity :'" + table.set + "': the value of '" +
                       attribute.name + "' cannot be converted to its type.");
}

}  // namespace

json::value fitting(const Table& table, const Attribute& attribute, const json::value& value) {
  if (value.is_null()) return nullptr;
  switch (attribute.type) {
    case Type::STRING:
    case Type::MEMO: {
      if (!value.is_string()) misfit(table, attribute);
      const std::size_t length = characters(std::string_view(value.as_string()));
      if (attribute.max_length > 0 && length > attribute.max_length)
        throw ODataError(400, "0x80044331",
                         "A validation error occurred.  The length of the '" + attribute.name + "' attribute of the '" +
                             table.logical + "' entity exceeded the maximum allowed length of '" +
                             std::to_string(attribute.max_length) + "'.");
      return value.as_string().empty() ? json::value(nullptr) : value;
    }
    case Type::INTEGER:
      if (!value.is_int64() && !value.is_uint64()) misfit(table, attribute);
      if (value.is_uint64() || value.as_int64() > std::numeric_limits<std::int32_t>::max() ||
          value.as_int64() < std::numeric_limits<std::int32_t>::min())
        misfit(table, attribute);
      return value;
    case Type::DOUBLE:
      if (!value.is_number()) misfit(table, attribute);
      return value;
    case Type::BOOLEAN:
      if (!value.is_bool()) misfit(table, attribute);
      return value;
    case Type::DATE_TIME:
    case Type::DATE: {
      const auto instant = value.is_string() ? date_time(std::string_view(value.as_string())) : std::nullopt;
      if (!instant) misfit(table, attribute);
      if (attribute.type == Type::DATE && value.as_string().size() != 10) misfit(table, attribute);
      return json::value(attribute.type == Type::DATE ? instant->substr(0, 10) : *instant);
    }
    case Type::GUID:
    case Type::LOOKUP: {
      const auto id = value.is_string() ? guid(std::string_view(value.as_string())) : std::nullopt;
      if (!id) misfit(table, attribute);
      return json::value(*id);
    }
  }
  misfit(table, attribute);
}

void Organization::bind(const Table& table, Row& row, const std::string& nav, const json::value& reference,
                        Change& change) {
  const Lookup* lookup = table.lookup(nav);
  // "ownerid" is taken for every table, whatever its navigation property is called.
  if (lookup == nullptr && nav == "ownerid" && table.attribute("ownerid") != nullptr)
    lookup = &*std::find_if(table.lookups.begin(), table.lookups.end(),
                            [](const Lookup& l) { return l.attribute == "ownerid"; });
  if (lookup == nullptr) undeclared(table, nav);
  if (table.attribute(lookup->attribute)->read_only) return;
  change.columns.insert(lookup->attribute);
  if (reference.is_null()) {
    row.values[lookup->attribute] = nullptr;
    row.targets.erase(lookup->attribute);
    return;
  }
  if (!reference.is_string()) undeclared(table, nav + std::string(kBind));
  const auto [target, id] = resolve(std::string(reference.as_string()));
  if (target->logical != lookup->target)
    throw ODataError(
        400, kUndeclared,
        "The navigation property '" + nav + "' takes a '" + lookup->target + "', not a '" + target->logical + "'.");
  row.values[lookup->attribute] = id;
  row.targets[lookup->attribute] = target->logical;
}

Organization::Change Organization::apply(const Table& table, Row& row, const json::object& body) {
  Change change;
  for (const auto& [raw, value] : body) {
    const std::string name(raw);
    if (name.ends_with(kBind)) {
      bind(table, row, name.substr(0, name.size() - kBind.size()), value, change);
    } else if (name.find('@') != std::string::npos || name == table.key) {
      continue;  // annotations; the key is dealt with by the caller
    } else if (const Collection* collection = table.collection(name)) {
      if (!value.is_array()) undeclared(table, name);
      change.children.emplace_back(collection, value.as_array());
      change.columns.insert(name);
    } else if (const Attribute* attribute = table.attribute(name);
               attribute != nullptr && attribute->type != Type::LOOKUP) {
      json::value fit = fitting(table, *attribute, value);
      if (attribute->read_only) continue;  // as in the real one: ignored without a word
      row.values[name] = std::move(fit);
      change.columns.insert(name);
    } else if (table.lookup(name) != nullptr && value.is_null()) {
      bind(table, row, name, value, change);
    } else if (table.queried(name) != nullptr) {
      throw ODataError(400, kUndeclared,
                       "CRM do not support direct update of Entity Reference properties, Use Navigation "
                       "properties instead: '" +
                           name + "'.");
    } else {
      undeclared(table, name);
    }
  }
  return change;
}

std::string Organization::create(const Table& table, const json::object& body, const std::optional<std::string>& id,
                                 const Actor& actor) {
  Transaction transaction(*this);
  if (!table.writable)
    throw ODataError(405, "0x80040800",
                     "The 'Create' method does not support entities of type '" + table.logical + "'.");
  Row row;
  if (id) {
    row.id = *id;
  } else if (const auto* own = body.if_contains(table.key); own != nullptr && !own->is_null()) {
    row.id = std::string(fitting(table, *table.attribute(table.key), *own).as_string());
  } else {
    row.id = new_guid();
  }
  if (find(table, row.id)) throw ODataError(412, kDuplicateKey, "A record with matching key values already exists.");
  const Change change = apply(table, row, body);
  complete_new(table, row, change, actor);
  if (table.logical == "activitymimeattachment") check_attachment(row);
  put(table, row);
  for (const auto& [collection, items] : change.children) {
    for (const auto& item : items) {
      if (!item.is_object()) undeclared(table, collection->nav);
      create_child(table, row, *collection, item.as_object(), actor);
    }
  }
  if (table.activity) {
    add_implied_parties(table, row);
    Row refreshed = *find(table, row.id);
    refresh_email(refreshed);
    put(table, std::move(refreshed));
  }
  touch_parent(table, row);
  transaction.keep();
  return row.id;
}

void Organization::complete_new(const Table& table, Row& row, const Change& change, const Actor& actor) {
  check_created_state(table, row, change.columns);
  const std::string now = now_utc();
  row.values["modifiedon"] = now;
  row.values["createdon"] = row.text("overriddencreatedon").empty() ? now : row.text("overriddencreatedon");
  const auto user = [&](const char* column, const std::string& id) {
    if (table.attribute(column) == nullptr || id.empty()) return;
    row.values[column] = id;
    row.targets[column] = "systemuser";
  };
  user("createdby", actor.user);
  user("modifiedby", actor.user);
  user("createdonbehalfby", actor.on_behalf);
  user("modifiedonbehalfby", actor.on_behalf);
  if (row.text("ownerid").empty()) user("ownerid", actor.user);
  if (table.attribute("fullname") != nullptr && table.attribute("lastname") != nullptr &&
      table.logical != "systemuser") {
    const std::string space = row.text("firstname").empty() || row.text("lastname").empty() ? "" : " ";
    row.values["fullname"] = row.text("firstname") + space + row.text("lastname");
  }
  if (table.activity) row.values["activitytypecode"] = table.logical;
  if (table.logical == "email") {
    if (!change.columns.contains("directioncode")) row.values["directioncode"] = true;
    if (!change.columns.contains("correlationmethod")) row.values["correlationmethod"] = 0;
  }
  if (table.logical == "appointment" && (row.text("scheduledstart").empty() || row.text("scheduledend").empty()))
    throw ODataError(400, "0x80040275", "An appointment needs a scheduledstart and a scheduledend.");
  if (table.logical == "queueitem") {
    for (const auto& [id, other] : rows(table))
      if (!row.text("objectid").empty() && other->text("objectid") == row.text("objectid") &&
          other->text("queueid") == row.text("queueid"))
        throw ODataError(412, kDuplicateKey, "The record is in this queue already.");
    row.values["enteredon"] = now;
    row.values["objecttypecode"] = row.targets.contains("objectid") ? row.targets.at("objectid") : "";
  }
}

void Organization::update(const Table& table, const std::string& id, const json::object& body, const Actor& actor) {
  Transaction transaction(*this);
  const RowPtr before = need(table, id);
  if (!table.writable)
    throw ODataError(405, "0x80040800",
                     "The 'Update' method does not support entities of type '" + table.logical + "'.");
  Row row = *before;
  const Change change = apply(table, row, body);
  check_changed_state(table, *before, row, change.columns);
  if (table.logical == "activitymimeattachment") check_attachment(row);
  row.values["modifiedon"] = now_utc();
  if (table.attribute("modifiedby") != nullptr && !actor.user.empty()) {
    row.values["modifiedby"] = actor.user;
    row.targets["modifiedby"] = "systemuser";
  }
  if (table.attribute("fullname") != nullptr &&
      (change.columns.contains("firstname") || change.columns.contains("lastname")) && table.logical != "systemuser") {
    const std::string space = row.text("firstname").empty() || row.text("lastname").empty() ? "" : " ";
    row.values["fullname"] = row.text("firstname") + space + row.text("lastname");
  }
  put(table, row);
  for (const auto& [collection, items] : change.children) replace_children(table, id, *collection, items, actor);
  if (table.activity && (change.columns.contains("ownerid") || change.columns.contains("regardingobjectid")))
    add_implied_parties(table, row);
  touch_parent(table, row);
  transaction.keep();
}

void Organization::replace_children(const Table& table, const std::string& id, const Collection& collection,
                                    const json::array& children_, const Actor& actor) {
  Transaction transaction(*this);
  const RowPtr row = need(table, id);
  if (collection.table != "activityparty")
    throw ODataError(400, kInvalidArgument, "Only parties can be replaced as a set, not '" + collection.nav + "'.");
  if (closed(table, *row))
    throw ODataError(400, kInvalidArgument,
                     "The " + table.logical + " with Id " + id + " is read-only: it is completed or canceled.");
  const Table& child_table = *table_of(collection.table);
  for (const auto& child : children(collection, id)) erase(child_table, child->id);
  for (const auto& item : children_) {
    if (!item.is_object()) undeclared(table, collection.nav);
    create_child(table, *row, collection, item.as_object(), actor);
  }
  add_implied_parties(table, *row);
  Row refreshed = *find(table, id);
  refreshed.values["modifiedon"] = now_utc();
  refreshed.values["torecipients"] = nullptr;
  refreshed.values["sender"] = nullptr;
  if (table.logical == "email") {
    refresh_email(refreshed);
  } else {
    refreshed.values.erase("torecipients");
    refreshed.values.erase("sender");
  }
  put(table, std::move(refreshed));
  transaction.keep();
}

void Organization::create_child(const Table& parent, const Row& owner, const Collection& collection,
                                const json::object& body, const Actor& actor) {
  const Table& table = *table_of(collection.table);
  Row row;
  row.id = new_guid();
  if (const auto* own = body.if_contains(table.key); own != nullptr && !own->is_null())
    row.id = std::string(fitting(table, *table.attribute(table.key), *own).as_string());
  if (find(table, row.id)) throw ODataError(412, kDuplicateKey, "A record with matching key values already exists.");
  const Change change = apply(table, row, body);
  row.values[collection.attribute] = owner.id;
  row.targets[collection.attribute] = parent.logical;
  if (table.logical == "activityparty") check_party(parent, table, row);
  if (table.logical == "activitymimeattachment") check_attachment(row);
  complete_new(table, row, change, actor);
  put(table, std::move(row));
}

std::string Organization::address_of(const Table& table, const Row& row) const {
  return table.address.empty() ? std::string() : row.text(table.address);
}

void Organization::check_party(const Table& activity, const Table& table, Row& row) const {
  const auto kind = row.integer("participationtypemask", 0);
  if (!party_kinds(activity.logical).contains(kind))
    throw ODataError(400, "0x80043506",
                     "The party type " + std::to_string(kind) + " is not allowed for " + activity.logical + ".");
  const std::string address = row.text("addressused");
  if (row.text("partyid").empty() && address.empty())
    throw ODataError(400, "0x80043504", "The party needs a partyid or an addressused.");
  if (!address.empty() && address.find('@') == std::string::npos)
    throw ODataError(400, "0x80043518", "The address of a party is not valid.");
  if (row.targets.contains("partyid") && address.empty()) {
    const Table& target = *table_of(row.targets.at("partyid"));
    if (const RowPtr person = find(target, row.text("partyid")))
      row.values["addressused"] = address_of(target, *person);
  }
  if (row.text("partyid").empty() && row.text("unresolvedpartyname").empty() && table.logical == "activityparty")
    row.values["unresolvedpartyname"] = address;
  row.values["ispartydeleted"] = false;
}

// The server keeps the owner and the regarding record as parties, too.
void Organization::add_implied_parties(const Table& table, const Row& row) {
  const Table& parties = *table_of("activityparty");
  const Collection& collection = table.collections.front();
  for (const auto& child : children(collection, row.id)) {
    const auto kind = child->integer("participationtypemask", 0);
    if (kind == kOwnerParty || kind == kRegardingParty) erase(parties, child->id);
  }
  for (const auto& [kind, column] :
       {std::pair{kOwnerParty, "ownerid"}, std::pair{kRegardingParty, "regardingobjectid"}}) {
    if (row.text(column).empty()) continue;
    Row party;
    party.id = new_guid();
    party.values = {{"activityid", row.id}, {"partyid", row.text(column)}, {"participationtypemask", kind}};
    party.targets = {{"activityid", table.logical}, {"partyid", row.targets.at(column)}};
    put(parties, std::move(party));
  }
}

void Organization::check_attachment(Row& row) const {
  const Table& emails = *table_of("email");
  const RowPtr email = row.text("objectid").empty() ? nullptr : find(emails, row.text("objectid"));
  if (!email) throw ODataError(400, "0x80050006", "The attachment does not belong to an e-mail.");
  if (closed(emails, *email))
    throw ODataError(
        400, kInvalidArgument,
        "The e-mail with Id " + email->id + " is read-only: attachments can be changed while it is a draft.");
  const std::string name = row.text("filename");
  if (name.empty() || name.find_first_of("\\/:*?\"<>|\r\n") != std::string::npos)
    throw ODataError(400, "0x80044A08", "The attachment's file name is not valid.");
  const auto bytes = from_base64(row.text("body"));
  if (!bytes) throw ODataError(400, kInvalidArgument, "The attachment's body is not base64.");
  if (bytes->size() > max_upload_)
    throw ODataError(400, "0x80043E09",
                     "The attachment is too large: " + std::to_string(bytes->size()) + " bytes; the limit is " +
                         std::to_string(max_upload_) + ".");
  static constexpr std::array<std::string_view, 6> kBlocked{".exe", ".bat", ".com", ".cmd", ".vbs", ".js"};
  const std::string small = lower(name);
  if (std::any_of(kBlocked.begin(), kBlocked.end(), [&](std::string_view end) { return small.ends_with(end); }))
    throw ODataError(400, "0x80043E09", "The attachment is blocked: files of this type are not allowed.");
  row.values["filesize"] = static_cast<std::int64_t>(bytes->size());
  row.values["objecttypecode"] = "email";
}

void Organization::touch_parent(const Table& table, const Row& row) {
  if (table.logical != "activitymimeattachment") return;
  const Table& emails = *table_of("email");
  const RowPtr email = find(emails, row.text("objectid"));
  if (!email) return;
  Row changed = *email;
  changed.values["modifiedon"] = now_utc();
  refresh_email(changed);
  put(emails, std::move(changed));
}

// What the server derives: the number of attachments, the sender and the recipients as text.
void Organization::refresh_email(Row& row) const {
  const Table& emails = *table_of("email");
  if (row.text("activitytypecode") != "email") return;
  row.values["attachmentcount"] =
      static_cast<std::int64_t>(children(*emails.collection("email_activity_mime_attachment"), row.id).size());
  std::string recipients;
  for (const auto& party : children(emails.collections.front(), row.id)) {
    const auto kind = party->integer("participationtypemask", 0);
    if (kind == 2) recipients += party->text("addressused") + ";";
    if (kind != 1) continue;
    if (row.text("sender").empty()) row.values["sender"] = party->text("addressused");
    if (!party->text("partyid").empty()) {
      row.values["emailsender"] = party->text("partyid");
      row.targets["emailsender"] = party->targets.at("partyid");
    }
  }
  if (row.text("torecipients").empty() && !recipients.empty() && characters(recipients) <= 500)
    row.values["torecipients"] = recipients;
}

}  // namespace syncline::sandbox
