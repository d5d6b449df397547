// records.hpp: single records of a mapped CRM: read, made, changed and deleted, each in the safest way that the
// server's capabilities allow.
#pragma once

#include <atomic>

#include "mapped/web.hpp"
#include "syncline/endpoint.hpp"

namespace syncline::crm {

/// One record as the server gives it, or how it is missing.
struct Found {
  std::optional<boost::json::value> row;
  std::uint32_t missing = 0;  ///< SY_ITEM_GONE or SY_ITEM_INVISIBLE
  std::string etag;           ///< of the answer's header
};

/// Any thread, but for what `host` is.
class Records {
 public:
  explicit Records(Web& web) : web_(&web) {}

  [[nodiscard]] const Mapping& mapping() const { return web_->mapping(); }
  [[nodiscard]] Web& web() const { return *web_; }
  [[nodiscard]] Caps caps(std::string_view kind) const;

  Found read(const Host& host, const Call& call, const RecordMap& record, std::string_view id);
  [[nodiscard]] Item item(const Host& host, const RecordMap& record, std::string id, const Found& found) const;
  void fetch(const Host& host, const Call& call, const RecordMap& record, std::span<const std::string_view> ids,
             const ItemSink& sink);
  std::optional<Item> find(const Host& host, const Call& call, const RecordMap& record, const Operation& op);
  /// `row`: what is written, but for token, key and constants.
  Done create(const Host& host, const Call& call, const RecordMap& record, const Operation& op,
              boost::json::object row);
  Done update(const Host& host, const Call& call, const RecordMap& record, const Operation& op);
  Done remove(const Host& host, const Call& call, const RecordMap& record, const Operation& op);

 private:
  struct Current {
    Found found;
    std::string if_match;
  };
  Current current(const Host& host, const Call& call, const RecordMap& record, const Operation& op);
  std::optional<boost::json::value> by_column(const Host& host, const Call& call, const RecordMap& record,
                                              const Path& column, const std::string& value, bool quoted,
                                              const std::function<bool(const boost::json::value&)>& fits);
  std::string made_id(const Host& host, const Call& call, const RecordMap& record, const Operation& op,
                      const Web::Answer& answer);
  Done done(const Host& host, const Call& call, const RecordMap& record, const std::string& id,
            const RequestMap& request, const Web::Answer& answer);
  [[nodiscard]] boost::json::object changed_row(const std::vector<Change>& changes,
                                                const std::optional<boost::json::value>& now) const;

  Web* web_;
  std::atomic<bool> ids_ignored_{false};  ///< the server gave another id than the one it was asked to use
};

}  // namespace syncline::crm
