// profile.hpp: what a CRM is called over HTTP: tables, keys, columns, states and error codes, read from a JSON file, so
// that another CRM of the same style, or an organization with changed choices, is a data file and not code.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "syncline/plugin.hpp"

namespace syncline::crm {

std::string lower(std::string_view text);

struct Column {
  std::string name;     ///< empty: this profile has none
  std::size_t max = 0;  ///< characters; 0: no limit
  std::map<std::string, boost::json::value, std::less<>> values;

  explicit operator bool() const { return !name.empty(); }
};

/// A column and the value that means yes.
struct Flag {
  std::string column;
  boost::json::value is;
};

/// A table whose rows have addresses: who can be behind one.
struct PartyType {
  std::string name, table, set, key, title, owner;
  std::vector<std::string> addresses;
  Flag active;
  bool optional = false;  ///< not every organization has this table
};

/// A table whose rows can own a mailbox.
struct PrincipalType {
  std::string kind, address, incoming, method_set, method;
  Flag approved;
};

struct OrganizationMap {
  std::string who, set, key, name, attachment_limit, blocked_types;
};

struct Instant {
  std::string column;
  std::map<std::string, std::vector<std::string>, std::less<>> sources;  ///< by direction: the first that is known
};

struct FinalState {
  std::int64_t state = 0, status = 0;
};

struct AttachmentMap {
  std::string set, key, parent_bind, parent_value, body;
  boost::json::object constants;
  Column name, title, type, content_id;
  std::uint64_t limit = 0;           ///< bytes, where the organization does not say
  std::vector<std::string> refused;  ///< codes or statuses that mean: not this file, but the mail is fine
};

struct PartyMap {
  std::string navigation, role, address, bind;  ///< bind: with {table}
  std::map<std::string, std::int64_t, std::less<>> roles;
};

/// What the profile knows of the columns that only some organizations let be written.
struct CorrelationMap {
  Column method;
  std::string record, parent, token, conversation, in_reply_to;  ///< columns
};
struct ReceivingMap {
  std::string column, table, set, key, owner_value;
};
struct QueueItemMap {
  std::string set, key, queue_bind, queue_set, queue_value, object_bind, object_value;
};
/// A table of which records are made, and nothing else: what a mail needs.
struct MadeMap {
  std::string kind, table, set, key;
  std::map<std::string, Column, std::less<>> columns;  ///< by canonical name
};

/// How a canonical field stands in a row.
enum class Form {
  TEXT,
  DAY,      ///< a column that holds a day
  INSTANT,  ///< a column that holds an instant; only its day is carried
  NUMBER,
  CHOICE,
  LINES,  ///< one text, a line in each column
  NAME    ///< a lookup: the other record's name, never written
};
struct ItemField {
  std::string field;  ///< "business_address.street"
  Form form = Form::TEXT;
  std::vector<std::string> columns;
  std::size_t max = 0;  ///< characters of each column; 0: no limit
  std::map<std::string, boost::json::value, std::less<>> values;
  std::size_t address = 0;  ///< which of a record's addresses; 0: none

  /// "business_address": what the document, and an operation's list of fields, call it.
  [[nodiscard]] std::string_view top() const { return std::string_view(field).substr(0, field.find('.')); }
};
/// One table whose rows are carried both ways.
struct ItemTable {
  std::string subkind, table, set, key, changed, owner, owner_bind, owner_table;
  std::vector<ItemField> fields;
  std::string begun;                  ///< the column of when somebody began with it: written with a create
  std::string state, status, active;  ///< columns; active: where there is no status in documents
  std::vector<std::pair<std::string, FinalState>> states;  ///< by canonical status; the first of a pair is its name
};
struct ItemKind {
  std::string kind, feed;
  std::size_t page = 0;           ///< rows a page, with their documents
  std::vector<ItemTable> tables;  ///< of a kind's ids none is in two of them
};

/// How the organization's own duplicate rules are switched on, and how they say no.
struct DuplicateMap {
  std::string header, value, code;
};

struct EmailMap {
  std::string table, set, key, changed, created, feed;
  std::vector<std::string> carried;
  Column subject, body, body_type, message_id, direction, importance, sender, submitted_by, recipients;
  std::vector<Instant> instants;
  std::string regarding_bind, regarding_value;  ///< bind: with {table}
  std::string state, status;
  std::int64_t open = 0;
  std::map<std::string, FinalState, std::less<>> finals;
  std::map<std::int64_t, std::string> status_names;
  PartyMap parties;
  AttachmentMap attachments;
  CorrelationMap correlation;
  std::string accepting;
  ReceivingMap receiving;
  QueueItemMap queue_items;
  std::string notifications;
  std::int64_t attachment_lost = 0, body_truncated = 0;
};

class Profile {
 public:
  /// Throws SY_CONFIG with the path of what is missing or of the wrong type.
  explicit Profile(std::string_view json_text);
  /// The shipped one of that name, or DIR/NAME.json where a directory is given.
  static std::shared_ptr<const Profile> load(std::string_view name, const std::string& dir);

  [[nodiscard]] const PartyType* type(std::string_view name) const;
  [[nodiscard]] const PartyType* type_of_table(std::string_view table) const;
  [[nodiscard]] const PrincipalType* principal(std::string_view kind) const;
  /// Status first, then the code, never the message.
  [[nodiscard]] sy_code classify(int status, std::string_view code) const;
  /// Whether the profile's table knows this code of the server's.
  [[nodiscard]] bool knows(std::string_view code) const { return by_code_.contains(lower(code)); }

  std::string name, api;
  std::size_t max_url = 0, max_conditions = 0, max_candidates = 0, directory_page = 0;
  OrganizationMap organization;
  std::vector<PrincipalType> principals;
  std::vector<PartyType> types;
  std::map<std::string, std::string, std::less<>> sets;  ///< table → entity set, of records that a mail can regard
  EmailMap email;
  std::vector<MadeMap> made;  ///< kinds of which records are only made
  DuplicateMap duplicates;
  std::vector<ItemKind> items;  ///< kinds that are carried both ways

  [[nodiscard]] const ItemKind* item(std::string_view kind) const;

 private:
  void read_identity(const boost::json::value& root);
  void read_types(const boost::json::value& root);
  void read_email(const boost::json::value& root);
  void read_made(const boost::json::value& root);
  void read_errors(const boost::json::value& root);
  static std::vector<ItemKind> read_items(const boost::json::value& root);
  std::map<std::string, sy_code, std::less<>> by_status_, by_code_;
  std::vector<int> final_status_;
};

/// The text of a profile that is compiled in; empty: there is none of that name.
std::string_view shipped_profile(std::string_view name);

std::string replaced(std::string_view pattern, std::string_view what, std::string_view with);

}  // namespace syncline::crm
