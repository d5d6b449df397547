// row.hpp: a remote row as a canonical document, and back. Pure.
#pragma once

#include <optional>

#include "mapped/mapping.hpp"

namespace syncline::crm {

/// A row holds something that the mapping does not explain: the record is left alone, never taken for empty.
struct Unreadable {
  std::string why;  ///< names the column and no content
};

std::string text_at(const boost::json::value& row, const Path& path);  ///< numbers as texts; empty: absent
std::string id_of(const boost::json::value& row, const Path& key);
bool same_value(const boost::json::value& a, const boost::json::value& b);  ///< 5 and "5" are the same
std::optional<std::int64_t> instant_at(const boost::json::value& row, const Path& path);

/// Throws Unreadable.
boost::json::object document_of(const RecordMap& record, const boost::json::value& row);
/// The etag where rows bear one; else a hash of all that the mapping sees. Throws SY_CONFIG where a promised etag is
/// missing.
std::string version_of(const Mapping& mapping, const RecordMap& record, const boost::json::value& row);
std::string marks_of(const RecordMap& record, const boost::json::value& row);

struct Change {
  Path column;
  boost::json::value value;
};
/// What a write of these fields puts into the row; `fields` empty: all that the document has. What is cut goes to
/// `never`.
std::vector<Change> changes_of(const Mapping& mapping, const RecordMap& record, const boost::json::object& doc,
                               const std::vector<std::string>& fields, std::vector<std::string>& never);
void put_at(boost::json::object& row, const Path& path, boost::json::value value);
std::string cut_text(std::string_view text, std::size_t max, bool* cut = nullptr);  ///< at whole characters

/// An instant as a column or a query wants it.
boost::json::value instant_as(std::int64_t utc_ms, std::string_view format);

}  // namespace syncline::crm
