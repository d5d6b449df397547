// Rows, versions, tombstones and transactions; how a body becomes a row is in organization_write.cpp.
#include "organization.hpp"

#include <algorithm>

#include "encode.hpp"
#include "odata_error.hpp"
#include "request.hpp"

namespace syncline::sandbox {
namespace json = boost::json;

json::value Row::value(const std::string& column) const {
  const auto* found = values.if_contains(column);
  return found == nullptr ? json::value(nullptr) : *found;
}

std::string Row::text(const std::string& column) const {
  const auto* found = values.if_contains(column);
  return found == nullptr || !found->is_string() ? std::string() : std::string(found->as_string());
}

std::int64_t Row::integer(const std::string& column, std::int64_t otherwise) const {
  const auto* found = values.if_contains(column);
  return found == nullptr || !found->is_number() ? otherwise : found->to_number<std::int64_t>();
}

Organization::Organization(std::size_t max_upload, const std::string& name)
    : max_upload_(max_upload),
      application_user_(guid_of("application user")),
      organization_(guid_of("organization" + name)) {
  Transaction transaction(*this);
  Row user;
  user.id = application_user_;
  user.values = {
      {"fullname", "# Syncline sandbox"}, {"isdisabled", false}, {"accessmode", 4}, {"createdon", now_utc()}};
  put(*table_of("systemuser"), user);
  Row own;
  own.id = organization_;
  own.values = {{"name", "contoso"},
                {"maxuploadfilesize", static_cast<std::int64_t>(max_upload)},
                {"expirechangetrackingindays", 7},
                {"languagecode", 1033},
                {"createdon", now_utc()}};
  put(*table_of("organization"), own);
  transaction.keep();
}

RowPtr Organization::find(const Table& table, const std::string& id) const {
  const auto& all = rows(table);
  const auto at = all.find(id);
  return at == all.end() ? nullptr : at->second;
}

RowPtr Organization::need(const Table& table, const std::string& id) const {
  RowPtr found = find(table, id);
  if (!found) throw ODataError(404, kNotFound, table.logical + " With Id = " + id + " Does Not Exist");
  return found;
}

const std::map<std::string, RowPtr>& Organization::rows(const Table& table) const {
  static const std::map<std::string, RowPtr> kNone;
  const auto at = spaces_.find(table.logical);
  return at == spaces_.end() ? kNone : at->second.rows;
}

const std::vector<Tombstone>& Organization::tombstones(const Table& table) const {
  static const std::vector<Tombstone> kNone;
  const auto at = spaces_.find(table.logical);
  return at == spaces_.end() ? kNone : at->second.tombstones;
}

std::vector<RowPtr> Organization::children(const Collection& collection, const std::string& id) const {
  std::vector<RowPtr> out;
  for (const auto& [key, row] : rows(*table_of(collection.table))) {
    if (row->text(collection.attribute) == id) out.push_back(row);
  }
  // In the order they were made, which is the order of a deep insert.
  std::sort(out.begin(), out.end(), [](const RowPtr& a, const RowPtr& b) { return a->version < b->version; });
  return out;
}

std::pair<const Table*, std::string> Organization::resolve(const std::string& reference) const {
  Target target;
  try {
    std::string path = reference;
    if (path.starts_with("/") && !path.starts_with("/api/")) path.erase(0, 1);
    target = parse_target(path);
  } catch (const ODataError&) {
    throw ODataError(400, kUndeclared, "'" + reference + "' is no reference to a record.");
  }
  const Table* table = target.segments.size() == 1 ? table_of_set(target.segments[0].name) : nullptr;
  if (table == nullptr || !target.segments[0].key)
    throw ODataError(400, kUndeclared,
                     "'" + reference + "' is no reference to a record: \"/contacts(GUID)\" is the form.");
  const auto id = guid(*target.segments[0].key);
  if (!id)
    throw ODataError(400, "0x80060890",
                     "The key in '" + reference + "' is not valid for resource '" + table->set + "'.");
  need(*table, *id);
  return {table, *id};
}

void Organization::remove(const Table& table, const std::string& id) {
  Transaction transaction(*this);
  const RowPtr row = need(table, id);
  if (!table.writable)
    throw ODataError(405, "0x80040800",
                     "The 'Delete' method does not support entities of type '" + table.logical + "'.");
  if (table.logical == "activitymimeattachment") {
    const RowPtr email = find(*table_of("email"), row->text("objectid"));
    if (email && closed(*table_of("email"), *email))
      throw ODataError(400, kInvalidArgument, "The attachment belongs to an e-mail that is read-only.");
  }
  if (table.activity) {
    for (const auto& collection : table.collections) {
      for (const auto& child : children(collection, id)) erase(*table_of(collection.table), child->id);
    }
    for (const auto& item : children({"", "queueitem", "objectid"}, id)) erase(*table_of("queueitem"), item->id);
  } else {
    unlink(table, id);
  }
  erase(table, id);
  touch_parent(table, *row);
  transaction.keep();
}

// Lookups to a row that goes are cleared; a party keeps the address it was used with.
void Organization::unlink(const Table& gone, const std::string& id) {
  for (const Table& table : tables()) {
    for (const auto& lookup : table.lookups) {
      if (lookup.target != gone.logical) continue;
      for (const auto& child : children({"", table.logical, lookup.attribute}, id)) {
        Row changed = *child;
        if (changed.targets[lookup.attribute] != gone.logical) continue;
        changed.values[lookup.attribute] = nullptr;
        changed.targets.erase(lookup.attribute);
        if (table.logical == "activityparty") changed.values["ispartydeleted"] = true;
        put(table, std::move(changed));
      }
    }
  }
}

void Organization::put(const Table& table, Row row) {
  row.version = ++version_;
  row.values[table.key] = row.id;
  row.values["versionnumber"] = row.version;
  auto& slot = spaces_[table.logical].rows[row.id];
  undo_.push_back({table.logical, row.id, slot, false});
  slot = std::make_shared<const Row>(std::move(row));
}

void Organization::erase(const Table& table, const std::string& id) {
  Space& space = spaces_[table.logical];
  const auto at = space.rows.find(id);
  if (at == space.rows.end()) return;
  undo_.push_back({table.logical, id, at->second, true});
  space.rows.erase(at);
  space.tombstones.push_back({++version_, id});
}

Organization::Transaction::Transaction(Organization& organization)
    : organization_(organization), mark_(organization.undo_.size()) {
  ++organization_.transactions_;
}

Organization::Transaction::~Transaction() {
  auto& undo = organization_.undo_;
  while (!kept_ && undo.size() > mark_) {
    Undo& last = undo.back();
    Space& space = organization_.spaces_[last.table];
    if (last.before) {
      space.rows[last.id] = last.before;
    } else {
      space.rows.erase(last.id);
    }
    if (last.tombstone) space.tombstones.pop_back();
    undo.pop_back();
  }
  if (--organization_.transactions_ == 0) undo.clear();
}

}  // namespace syncline::sandbox
