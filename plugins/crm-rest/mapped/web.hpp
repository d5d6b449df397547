// web.hpp: requests to a CRM that a mapping describes: JSON in and out, lists page by page whatever their style, and
// refusals classified by the mapping's tables.
#pragma once

#include <functional>
#include <span>

#include "mapped/row.hpp"
#include "refusal.hpp"
#include "settings.hpp"

namespace syncline::crm {

/// Where a list goes on: a link, or a path and a number.
struct Place {
  std::string link;
  std::int64_t n = 0;
  std::string last;  ///< what the page before showed: a server that ignores the parameter is noticed

  [[nodiscard]] boost::json::value json() const;
  static Place read(const boost::json::value& v);
};

struct Page {
  boost::json::array rows;
  std::optional<Place> next;
  std::string delta;                    ///< the link of later changes
  std::optional<std::int64_t> date_ms;  ///< the server's clock
};

/// Any thread.
class Web {
 public:
  Web(const Settings& settings, std::shared_ptr<const Mapping> mapping, const Host& host);

  [[nodiscard]] const Mapping& mapping() const { return *mapping_; }
  [[nodiscard]] const Settings& settings() const { return settings_; }

  struct Answer {
    net::Response response;
    boost::json::value body;
  };
  /// Any status is a value here.
  Answer ask(const Host& host, const Call& call, net::Request request);
  /// Throws Refused unless the answer is a success, inside too.
  Answer must(const Host& host, const Call& call, net::Request request, std::string_view what);
  /// A body that is no JSON.
  std::string text(const Host& host, const Call& call, const std::string& path);
  void require_success(const Answer& answer, std::string_view what) const;

  Page page(const Host& host, const Call& call, const Place& place, std::string_view what,
            std::string_view prefer = {});
  /// Until on_row returns false.
  void rows(const Host& host, const Call& call, const std::string& path, std::string_view what,
            const std::function<bool(const boost::json::value&)>& on_row);
  [[nodiscard]] Place begin(std::string path) const;
  [[nodiscard]] bool own(std::string_view link) const;

  // Paths.
  [[nodiscard]] std::string item(const RequestMap& request, const RecordMap& record, std::string_view id) const;
  [[nodiscard]] std::string listing(const RecordMap& record) const;
  [[nodiscard]] std::string since(const RecordMap& record, std::int64_t utc_ms) const;
  [[nodiscard]] std::string many(const RecordMap& record, std::span<const std::string> ids) const;
  [[nodiscard]] std::string equal(const std::string& set, const std::string& query, const std::vector<Path>& columns,
                                  const Path& column, const std::string& value, bool quoted = true) const;

 private:
  [[nodiscard]] std::string path(const std::string& set, const std::string& fixed, const std::vector<Path>& columns,
                                 const std::string& filter, const std::string& order) const;
  void next_page(const Place& place, const net::Response& response, const boost::json::value& body, Page& page) const;
  [[nodiscard]] std::string harmless_link(std::string link, const std::string& from) const;

  Settings settings_;
  std::shared_ptr<const Mapping> mapping_;
  net::HttpSession session_;
};

std::vector<Path> columns_of(const RecordMap& record);

}  // namespace syncline::crm
