// Change tracking: the first listing with its delta link, and what came after a delta link.
#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "encode.hpp"
#include "web_api.hpp"

namespace syncline::sandbox {
namespace json = boost::json;
namespace {

constexpr const char* kExpired = "0x80044352";

// Where a listing in pages stands: rows by version, then tombstones by version.
struct Cursor {
  std::int64_t since = 0;  // of the token that the listing began with
  std::int64_t until = 0;  // the version that the delta link at its end will stand for
  std::int64_t after = 0;  // last version handed out
  bool deletes = false;
};

json::value to_json(const Cursor& cursor) {
  return json::object{
      {"since", cursor.since}, {"until", cursor.until}, {"after", cursor.after}, {"deletes", cursor.deletes}};
}

Cursor cursor_from(const std::string& skiptoken) {
  const auto start = skiptoken.find("pagingcookie=\"");
  const auto end = start == std::string::npos ? start : skiptoken.find('"', start + 14);
  const auto text =
      end == std::string::npos ? std::nullopt : from_base64(skiptoken.substr(start + 14, end - start - 14));
  if (!text) throw ODataError(400, kBadQuery, "The $skiptoken is not one of this server.");
  const json::value value = json::parse(*text);
  const json::object& object = value.as_object();
  return {object.at("since").as_int64(), object.at("until").as_int64(), object.at("after").as_int64(),
          object.at("deletes").as_bool()};
}

}  // namespace

std::int64_t WebApi::delta_version(const std::string& token) const {
  // VERSION!GENERATION!date
  char* end = nullptr;
  errno = 0;
  const std::int64_t version = std::strtoll(token.c_str(), &end, 10);
  if (errno != 0 || end == token.c_str() || *end != '!')
    throw ODataError(400, kBadQuery, "The delta token is not one of this server.");
  const auto generation = std::strtol(end + 1, &end, 10);
  if (generation != settings_.delta_generation)
    throw ODataError(400, kExpired,
                     "Version stamp associated with the client has expired. Please perform a full sync.");
  return version;
}

std::string WebApi::delta_link(const Target& target, std::int64_t version) const {
  std::string query;
  if (const std::string select = target.option("$select"); !select.empty()) query = "$select=" + select + "&";
  const std::string token =
      std::to_string(version) + "!" + std::to_string(settings_.delta_generation) + "!" + now_utc();
  return root() + target.segments[0].name + "?" + query + "$deltatoken=" + percent_encoded(token);
}

Reply WebApi::changes(const Table& table, const Call& call, const Target& target) const {
  if (!table.tracked)
    throw ODataError(400, "0x80072491", "Change tracking is not enabled for the entity '" + table.logical + "'.");
  for (const char* option : {"$filter", "$orderby", "$expand", "$top"}) {
    if (target.options.contains(option))
      throw ODataError(
          400, kBadQuery,
          std::string("The \"") + option + "\" query parameter isn't supported when Change Tracking is enabled.");
  }
  const std::string token = target.option("$deltatoken");
  const bool first = token.empty();
  Cursor cursor{first ? 0 : delta_version(token), organization_.version(), 0, false};
  cursor.after = cursor.since;
  if (const std::string skip = target.option("$skiptoken"); !skip.empty()) cursor = cursor_from(skip);

  std::vector<RowPtr> rows;
  std::vector<Tombstone> stones;
  if (!cursor.deletes) {
    for (const auto& [id, row] : organization_.rows(table)) {
      if (row->version > cursor.after) rows.push_back(row);
    }
    std::sort(rows.begin(), rows.end(), [](const RowPtr& a, const RowPtr& b) { return a->version < b->version; });
  }
  if (!first) {
    for (const auto& stone : organization_.tombstones(table)) {
      const bool alive = organization_.find(table, stone.id) != nullptr;  // made again under the same id
      if (stone.version > (cursor.deletes ? cursor.after : cursor.since) && !alive) stones.push_back(stone);
    }
  }
  const View view = view_of(table, call, target);
  const std::size_t size = page_size(call);
  json::array values;
  for (std::size_t i = 0; i < rows.size() && values.size() < size; ++i) {
    values.push_back(show(table, *rows[i], view));
    cursor.after = rows[i]->version;
  }
  const bool rows_done = values.size() >= rows.size();
  std::size_t given = 0;
  for (; rows_done && given < stones.size() && values.size() < size; ++given) {
    values.push_back(json::object{{"@odata.context", root() + "$metadata#" + table.set + "/$deletedEntity"},
                                  {"id", stones[given].id},
                                  {"reason", "deleted"}});
    cursor.deletes = true;
    cursor.after = stones[given].version;
  }
  if (rows_done && given == 0 && !stones.empty()) {
    cursor.deletes = true;
    cursor.after = cursor.since;
  }
  json::object body{
      {"@odata.context", root() + "$metadata#" + table.set +
                             (target.option("$select").empty() ? "" : "(" + target.option("$select") + ")") +
                             (first ? "" : "/$delta")}};
  const bool more = !rows_done || given < stones.size();
  body["value"] = std::move(values);
  if (more) {
    body["@odata.nextLink"] = next_link(target, to_json(cursor));
  } else {
    body["@odata.deltaLink"] = delta_link(target, cursor.until);
  }
  Reply reply = json_reply(200, body);
  if (first) reply.headers.emplace_back("Preference-Applied", "odata.track-changes");
  return reply;
}

}  // namespace syncline::sandbox
