#include "tables.hpp"

#include <algorithm>
#include <array>

namespace syncline::sqlite {
namespace {

bool plain_name(std::string_view s) {
  return !s.empty() && s.size() <= 64 &&
         std::all_of(s.begin(), s.end(), [](char c) { return (c >= 'a' && c <= 'z') || c == '_'; });
}

std::string quoted(const std::string& name) { return '"' + name + '"'; }

std::string joined(const std::vector<std::string>& parts, std::size_t from, std::size_t n, std::string_view between,
                   std::string_view behind) {
  std::string out;
  for (std::size_t i = from; i < from + n; ++i) {
    if (i != from) out += between;
    out += quoted(parts[i]);
    out += behind;
  }
  return out;
}

std::string marks(std::size_t n) {
  std::string out;
  for (std::size_t i = 0; i < n; ++i) out += i == 0 ? "?" : ",?";
  return out;
}

std::string create_sql(const Table& t) {
  std::string sql = "CREATE TABLE " + quoted(t.name) + "(";
  const std::string rest = "doc TEXT NOT NULL, payload BLOB, rev INTEGER NOT NULL";
  if (t.parts.size() == 1) return sql + quoted(t.parts.front()) + " INTEGER PRIMARY KEY, " + rest + ")";
  const std::string keys = joined(t.parts, 0, t.parts.size(), ", ", "");
  sql += joined(t.parts, 0, t.parts.size(), ", ", " INTEGER NOT NULL") + ", " + rest;
  // A rowid table keeps long documents out of the index: five times faster than a long row inside it.
  return sql + (t.small ? ", PRIMARY KEY(" + keys + ")) WITHOUT ROWID" : ", UNIQUE(" + keys + "))");
}

}  // namespace

Table Table::from(const sy_table& t) {
  Table out;
  out.name = t.name == nullptr ? "" : t.name;
  out.small = (t.flags & SY_TABLE_SMALL) != 0;
  for (const char* part : t.parts) {
    if (part == nullptr) break;
    out.parts.emplace_back(part);
  }
  static constexpr std::array<std::string_view, 4> own{"doc", "payload", "rev", "rowid"};
  const bool columns = !out.parts.empty() && std::all_of(out.parts.begin(), out.parts.end(), [](const std::string& p) {
    return plain_name(p) && std::find(own.begin(), own.end(), p) == own.end();
  });
  if (!plain_name(out.name) || out.name == "lease" || out.name.starts_with("sqlite_") || !columns) {
    throw Error(SY_BROKEN, "storage-sqlite: a table cannot be called \"" + out.name + "\" or have such key columns");
  }
  const std::string name = quoted(out.name);
  const std::size_t n = out.parts.size();
  const std::string keys = joined(out.parts, 0, n, ",", "");
  const std::string where = " WHERE " + joined(out.parts, 0, n, " AND ", "=?");
  out.create = create_sql(out);
  out.get = "SELECT rev, doc, payload FROM " + name + where;
  out.insert =
      "INSERT INTO " + name + "(doc,payload,rev," + keys + ") VALUES(?,?,1," + marks(n) + ") ON CONFLICT DO NOTHING";
  out.put = "INSERT INTO " + name + "(doc,payload,rev," + keys + ") VALUES(?,?,1," + marks(n) + ") ON CONFLICT(" +
            keys + ") DO UPDATE SET doc=excluded.doc, payload=excluded.payload, rev=rev+1";
  out.update = "UPDATE " + name + " SET doc=?, payload=?, rev=rev+1" + where + " AND rev=?";
  out.remove = "DELETE FROM " + name + where;
  out.remove_revision = out.remove + " AND rev=?";
  return out;
}

std::string Table::scan(std::size_t prefix, std::size_t after) const {
  const std::string keys = joined(parts, 0, parts.size(), ",", "");
  std::string sql = "SELECT rev, doc, payload, " + keys + " FROM " + quoted(name);
  if (prefix != 0) sql += " WHERE " + joined(parts, 0, prefix, " AND ", "=?");
  if (after != 0) {
    sql += (prefix == 0 ? " WHERE (" : " AND (") + joined(parts, prefix, after, ",", "") + ") > (" + marks(after) + ")";
  }
  return sql + " ORDER BY " + keys + " LIMIT ?";
}

bool Table::exists(Database& db) const {
  return db.prepare("SELECT 1 FROM sqlite_schema WHERE type='table' AND name=?").bind(std::string_view(name)).step();
}

void Table::verify(Database& db) const {
  std::vector<std::string> columns;
  Statement s = db.prepare("SELECT name FROM pragma_table_info(?) ORDER BY cid");
  s.bind(std::string_view(name));
  while (s.step()) columns.emplace_back(s.bytes(0));
  std::vector<std::string> wanted = parts;
  for (const char* own : {"doc", "payload", "rev"}) wanted.emplace_back(own);
  if (columns != wanted) {
    throw Error(SY_CONFIG, "store " + db.path() + ": table " + name +
                               " has other columns than this version of Syncline expects; it was changed by hand or by "
                               "another version: restore a backup or use that version");
  }
}

Tables::Tables(std::span<const sy_table* const> tables) {
  for (const sy_table* t : tables) {
    Table made = Table::from(*t);
    std::string name = made.name;
    if (!tables_.emplace(std::move(name), std::move(made)).second) {
      throw Error(SY_BROKEN, "storage-sqlite: table " + std::string(t->name) + " was asked for twice");
    }
  }
}

void Tables::create_missing(Database& db) const {
  for (const auto& [name, table] : tables_) {
    if (!table.exists(db)) db.exec(table.create);
  }
}

void Tables::verify(Database& db) const {
  for (const auto& [name, table] : tables_) {
    if (table.exists(db)) table.verify(db);
  }
}

const Table& Tables::at(const sy_key& key, bool whole) const {
  const auto found = tables_.find(view(key.table));
  if (found == tables_.end()) throw Error(SY_BROKEN, "storage-sqlite: no table is called \"" + text(key.table) + "\"");
  const std::size_t n = found->second.parts.size();
  if (whole ? key.n != n : key.n > n) {
    throw Error(SY_BROKEN, "storage-sqlite: table " + found->first + " has a key of " + std::to_string(n) +
                               " integers, not " + std::to_string(key.n));
  }
  return found->second;
}

}  // namespace syncline::sqlite
