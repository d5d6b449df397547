#include "delta.hpp"

#include "odata.hpp"

namespace syncline::crm {

bool is_deletion(const boost::json::object& row) {
  return row.contains("reason") || text_of(row, "@odata.context").ends_with("$deletedEntity") ||
         row.contains("@removed");
}

bool stale(const Refused& e) {
  return e.code() == SY_RESET || (e.status() >= 400 && e.status() < 500 && e.status() != 401 && e.status() != 403 &&
                                  e.status() != 408 && e.status() != 429);
}

void reset_feed(std::string_view why, std::string code) {
  throw Error(SY_RESET,
              "crm: the feed's cursor cannot be used any more (" + std::string(why) + "); a full listing follows", 0,
              std::move(code));
}

}  // namespace syncline::crm
