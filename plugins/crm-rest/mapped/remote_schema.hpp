// remote_schema.hpp: what a CRM holds, by names and types: from $metadata, or from the shape of sample rows. No
// content.
#pragma once

#include "mapped/web.hpp"

namespace syncline::crm {

struct RemoteField {
  std::string name, type;  ///< type: text, number, true/false, date, list, or the server's own name of it
};

struct RemoteSet {
  std::string set, key, note;
  std::vector<RemoteField> fields;
  Path rows, next;    ///< samples: where an answer holds the rows and the next page's link
  bool bare = false;  ///< samples: the answer itself is the list

  [[nodiscard]] boost::json::object json() const;
  [[nodiscard]] const RemoteField* field(std::string_view name) const;
};

/// The entity sets of a $metadata document (CSDL 4.0). Throws SY_BROKEN where it is none.
std::vector<RemoteSet> read_metadata(std::string_view xml);
/// The columns that the rows of one answer have.
RemoteSet read_sample(const std::string& set, const boost::json::value& answer, const Path* rows);

/// `wanted` empty: all that can be found.
std::vector<RemoteSet> remote_sets(Web& web, const Host& host, const Call& call,
                                   std::span<const std::string_view> wanted);

}  // namespace syncline::crm
