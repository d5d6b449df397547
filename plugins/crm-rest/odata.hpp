// odata.hpp: the texts of OData queries: quoting, filters over many values in requests of bounded length, and reading
// rows.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace syncline::crm {

/// 'it''s' : quotes doubled; escaping for the URL comes later, once.
std::string literal(std::string_view text);

/// An or-chain over some of the values, and which those are (from `first`, `count` of them).
struct FilterPart {
  std::size_t first = 0, count = 0;
  std::string filter;
};

/// "c1 eq v or c2 eq v or …" over all columns and values, in as many parts as the limits ask for. `literals` as they
/// stand in the filter, quoted already.
std::vector<FilterPart> or_chains(std::span<const std::string> columns, std::span<const std::string> literals,
                                  std::size_t max_url, std::size_t max_conditions);

/// "set?$select=a,b&$filter=…&$orderby=…", escaped.
struct Select {
  std::string set, columns, filter, order, expand;
  [[nodiscard]] std::string path() const;
};

/// Names of columns as $select wants them; those that a profile does not have are left out.
std::string column_list(std::initializer_list<std::string> names);

/// A Message-ID as it stands in documents, from either form in which a CRM stores it.
std::string without_brackets(std::string_view message_id);

/// A GUID in lower case without braces; nothing if it is none.
std::optional<std::string> guid(std::string_view text);
/// The GUID of a plain id or of an address that ends with "(guid)".
std::optional<std::string> guid_at_end(std::string_view text);

/// An operation's document; throws SY_INVALID.
boost::json::object document_of(std::string_view text);

std::string text_of(const boost::json::object& row, std::string_view column);  ///< empty: absent or null
std::optional<std::int64_t> number_of(const boost::json::object& row, std::string_view column);
bool same(const boost::json::object& row, std::string_view column, const boost::json::value& value);

}  // namespace syncline::crm
