// tables.hpp: the tables that the kernel asks for, and the SQL for each, written once.
#pragma once

#include <map>
#include <span>
#include <string>
#include <syncline/store.hpp>
#include <vector>

#include "database.hpp"

namespace syncline::sqlite {

struct Table {
  std::string name;
  std::vector<std::string> parts;
  bool small = false;
  std::string create, get, put, insert, update, remove, remove_revision;

  /// Throws SY_BROKEN for a name that may not stand in SQL or is the plugin's own.
  static Table from(const sy_table& t);
  /// Rows with the first `prefix` key columns given, beyond another `after` columns behind them.
  [[nodiscard]] std::string scan(std::size_t prefix, std::size_t after) const;
  [[nodiscard]] bool exists(Database& db) const;
  /// Throws SY_CONFIG when the file's table has another key than this program's.
  void verify(Database& db) const;
};

class Tables {
 public:
  Tables() = default;
  explicit Tables(std::span<const sy_table* const> tables);
  /// Makes what is missing, in the transaction that is open.
  void create_missing(Database& db) const;
  void verify(Database& db) const;
  /// Throws SY_BROKEN: not one of them, or another number of key columns (0: any up to the table's).
  [[nodiscard]] const Table& at(const sy_key& key, bool whole) const;
  [[nodiscard]] const std::map<std::string, Table, std::less<>>& all() const { return tables_; }

 private:
  std::map<std::string, Table, std::less<>> tables_;
};

}  // namespace syncline::sqlite
