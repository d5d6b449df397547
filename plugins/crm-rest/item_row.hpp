// item_row.hpp: a row of contacts or tasks as a canonical document, and what a write puts into the row. Pure.
#pragma once

#include <optional>
#include <set>

#include "mail.hpp"
#include "syncline/endpoint.hpp"

namespace syncline::crm {

/// Which fields of a table are carried here: those of addresses beyond the chosen number, and those of columns under
/// field security, which read as empty whether they are or not, are not.
struct Scope {
  std::size_t addresses = 3;
  std::set<std::string, std::less<>> secured;  ///< columns

  [[nodiscard]] bool carries(const ItemTable& table, const ItemField& field) const;
  /// The top-level fields of documents.
  [[nodiscard]] std::set<std::string, std::less<>> fields(const ItemTable& table) const;
};

std::string item_columns(const ItemTable& table, const Scope& scope);  ///< for $select
/// The annotations that rows have to bear, as a preference; empty: none.
std::string item_preference(const ItemTable& table);

boost::json::object item_document(const ItemTable& table, const Scope& scope, const boost::json::object& row);
std::string item_marks(const ItemTable& table, const boost::json::object& row);
/// A whole item: id, version, document, marks, time of change.
Item item_of(const ItemKind& kind, const ItemTable& table, const Scope& scope, const boost::json::object& row);

/// The columns that a write of these top-level fields puts; `fields` null: all of the document. Status is not among
/// them.
boost::json::object item_columns_of(const ItemTable& table, const Scope& scope, const boost::json::object& doc,
                                    const std::set<std::string, std::less<>>* fields, Losses& losses);

/// The state of a canonical status; nothing: this table has none of that name.
std::optional<FinalState> state_of(const ItemTable& table, std::string_view status);
std::string status_of(const ItemTable& table, const boost::json::object& row);

}  // namespace syncline::crm
