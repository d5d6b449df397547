// States of records, and that closed activities are read-only.
#include <algorithm>

#include "odata_error.hpp"
#include "organization.hpp"

namespace syncline::sandbox {
namespace {

constexpr const char* kBadStatus = "0x80048408";

bool has_status(const Table& table, int state, std::int64_t status) {
  const auto known = table.states.find(state);
  return known != table.states.end() &&
         std::find(known->second.begin(), known->second.end(), status) != known->second.end();
}

[[noreturn]] void bad_status(const Table& table, const Row& row, std::int64_t state, std::int64_t status) {
  throw ODataError(400, kBadStatus,
                   std::to_string(status) + " is not a valid status code for state code " + std::to_string(state) +
                       " of " + table.logical + " with Id " + row.id + ".");
}

// What an e-mail's status may become. Draft may be closed in any way; what was received or sent is final, apart from
// being opened again; sending goes its own way.
bool email_may(std::int64_t from, std::int64_t to) {
  if (from == to) return true;
  switch (from) {
    case 1:
    case 8: return true;
    case 6: return to == 7 || to == 3 || to == 8 || to == 1;
    case 7: return to == 3 || to == 8;
    default: return to == 1;
  }
}

}  // namespace

bool closed(const Table& table, const Row& row) {
  if (!table.activity) return false;
  const auto state = row.integer("statecode", 0);
  return state == 1 || state == 2;
}

void check_created_state(const Table& table, Row& row, const std::set<std::string>& columns) {
  if (table.states.empty()) return;
  if (columns.contains("statecode") && row.integer("statecode", 0) != 0)
    throw ODataError(400, kInvalidArgument,
                     "The statecode of a new " + table.logical + " cannot be set: create it, then update its state.");
  const int initial = table.logical == "appointment" ? 3 : 0;
  const int fallback = table.logical == "appointment" ? 5 : table.states.at(0).front();
  const auto status = columns.contains("statuscode") ? row.integer("statuscode", fallback) : fallback;
  const int state = has_status(table, 0, status) ? 0 : initial;
  if (!has_status(table, state, status)) bad_status(table, row, state, status);
  row.values["statecode"] = state;
  row.values["statuscode"] = status;
}

void check_changed_state(const Table& table, const Row& before, Row& changed, const std::set<std::string>& columns) {
  if (table.states.empty()) return;
  const auto old_state = before.integer("statecode", 0);
  const auto old_status = before.integer("statuscode", 1);
  auto state = changed.integer("statecode", old_state);
  auto status = changed.integer("statuscode", old_status);
  if (columns.contains("statecode") && !columns.contains("statuscode") && state != old_state) {
    const auto known = table.states.find(static_cast<int>(state));
    if (known == table.states.end()) bad_status(table, before, state, status);
    status = known->second.front();
  }
  if (!has_status(table, static_cast<int>(state), status)) bad_status(table, before, state, status);
  if (table.logical == "email" && !email_may(old_status, status))
    throw ODataError(400, kBadStatus,
                     "The e-mail with Id " + before.id + " cannot go from status " + std::to_string(old_status) +
                         " to " + std::to_string(status) + ".");
  changed.values["statecode"] = state;
  changed.values["statuscode"] = status;

  const bool reopened = state == 0 && old_state != 0;
  const bool mail = table.logical == "email";  // what it is about may be set later; the mail itself is history
  const auto other = [mail](const std::string& column) {
    return column != "statecode" && column != "statuscode" && !(mail && column == "regardingobjectid");
  };
  if (closed(table, before) && !reopened && std::any_of(columns.begin(), columns.end(), other))
    throw ODataError(400, kInvalidArgument,
                     "The " + table.logical + " with Id " + before.id +
                         " is read-only: it is completed or canceled. Set it to open first.");
}

}  // namespace syncline::sandbox
