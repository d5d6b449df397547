// mapping.hpp: how an unknown CRM is spoken to, as values: its requests, its capabilities, and which of its columns is
// which canonical field. Read from the built-in profiles odata and rest and a person's file laid over one of them.
#pragma once

#include <map>
#include <memory>

#include "mapped/canonical.hpp"
#include "mapped/tree.hpp"
#include "syncline/plugin.hpp"

namespace syncline::crm {

using Path = std::vector<std::string>;  ///< "address.city", taken apart

/// One canonical field and where it stands in a remote row.
struct FieldMap {
  CanonicalField field;
  Path column;
  std::string format;  ///< of dates: iso, epoch, …; of numbers: number or text; of lists: array or text
  std::vector<std::pair<std::string, boost::json::value>> values;
  std::size_t max = 0;  ///< characters; 0: no limit
  bool written = true;

  [[nodiscard]] std::string top() const { return split(field.name, '.').front(); }
};

struct RecordMap {
  std::string kind, set, query;
  Path key, changed, created, token, owner;
  bool text_key = false, text_token = true;  ///< OData: the value stands in quotes
  std::vector<FieldMap> fields;
  boost::json::object constants;                    ///< written with every create
  std::vector<std::pair<std::string, Path>> links;  ///< email: type of party → the column that points to it
  bool creates = false, updates = false, deletes = false;
  std::int64_t settle_ms = 0;

  [[nodiscard]] const FieldMap* field(std::string_view canonical) const;
};

/// Rows that have addresses: who can be behind one, or own a mailbox.
struct PeopleMap {
  std::string type, set;
  Path key, name, active, owner;
  boost::json::value active_is;
  std::vector<Path> addresses;
};

enum class Etag { none, row, header };
enum class Delta { none, since, links };
enum class Paging { none, link, page, offset, cursor };

struct ListMap {
  Path rows, next, delta;
  Paging paging = Paging::none;
  bool next_in_header = false;
  std::string param, size;
  std::int64_t first = 1;
  int empty_status = 0;  ///< that stands for an empty list; 0: none
  std::vector<std::string> prefer;
};

struct QueryMap {
  bool odata = false, select = false;
  std::string equal, many, since, since_format, order;  ///< plain: with {column}, {value}, {values}, {instant}
};

struct RequestMap {
  std::string method, path;
  Path row;
  bool whole = false;      ///< update: all columns, read beforehand
  bool only_new = false;   ///< create: with If-None-Match: *
  bool wants_row = false;  ///< Prefer: return=representation
};

struct Mapping {
  std::string name, file, base;
  boost::json::object own;  ///< what the person's file says, but for the records: a draft keeps it
  bool odata = false;
  std::vector<std::pair<std::string, std::string>> headers;
  ListMap list;
  QueryMap query;
  RequestMap one, create, update, remove;
  std::vector<std::string> read_only;  ///< columns that a whole update leaves out; annotations anyway
  bool missing_is_gone = false;        ///< what a 404 for one record means
  bool clear_with_empty = false;       ///< a field is cleared by an empty text, not by null

  Etag etag = Etag::none;
  Path etag_column;
  Delta delta = Delta::none;
  std::int64_t overlap_ms = 0;
  bool many = false, client_id = false;

  Path error_code, error_message, error_inside;
  std::map<std::string, sy_code, std::less<>> by_status, by_code;

  std::string organization, organization_name;
  std::vector<PeopleMap> principals;  ///< type: user, queue
  std::vector<PeopleMap> people;
  std::vector<RecordMap> records;

  [[nodiscard]] const RecordMap* record(std::string_view kind) const;
  [[nodiscard]] bool can_query() const { return query.odata || !query.equal.empty(); }
  [[nodiscard]] sy_code classify(int status, std::string_view code) const;
};

/// All mistakes of a text; none: the mapping. `file` stands in the places.
std::shared_ptr<const Mapping> read_mapping(const std::string& file, std::string_view text, Mistakes& mistakes);
/// A profile that is built in, by name: odata or rest; with nothing mapped yet.
std::shared_ptr<const Mapping> shipped_mapping(std::string_view profile);
bool is_mapped_profile(std::string_view profile);
/// The file of a configuration. Mistakes go to the log, one line each, and end in SY_CONFIG.
std::shared_ptr<const Mapping> load_mapping(const std::string& path, const Host& host);

/// The value at a path; null: there is none.
const boost::json::value* at_path(const boost::json::value& root, const Path& path);
std::string path_text(const Path& path);

}  // namespace syncline::crm
