// The tables of the sandbox organization: columns, lookups, collections and states.
#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace syncline::sandbox {

enum class Type { STRING, MEMO, INTEGER, DOUBLE, BOOLEAN, DATE_TIME, DATE, GUID, LOOKUP };

struct Attribute {
  std::string name;
  Type type = Type::STRING;
  std::size_t max_length = 0;  // characters; 0: no limit
  bool read_only = false;      // what a client writes there is ignored
};

struct Lookup {
  std::string nav, attribute, target;  // navigation property, column, logical name of the table it leads to
};

struct Collection {
  std::string nav, table, attribute;  // navigation property, the other table's logical name, its lookup to this one
};

struct Table {
  std::string logical, schema_name, set, key, name;
  bool tracked = false;
  bool activity = false;
  bool writable = true;
  std::vector<Attribute> attributes;
  std::vector<Lookup> lookups;
  std::vector<Collection> collections;
  std::map<int, std::vector<int>> states;  // statecode -> its statuscodes, the default first
  std::string address;                     // column with the e-mail address, for parties

  const Attribute* attribute(std::string_view column) const;
  // The column that a query names: "subject", or "_ownerid_value" for the lookup "ownerid". Null: there is none.
  const Attribute* queried(std::string_view property) const;
  const Lookup* lookup(std::string_view nav) const;
  const Collection* collection(std::string_view nav) const;
};

const std::vector<Table>& tables();
const Table* table_of_set(std::string_view set);
const Table* table_of(std::string_view logical);
std::string query_name(const Attribute& attribute);  // "_ownerid_value" for a lookup

}  // namespace syncline::sandbox
