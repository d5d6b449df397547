// client.hpp: requests to one organization: the headers each one bears, JSON in and out, pages by their links.
#pragma once

#include <boost/json.hpp>
#include <functional>

#include "refusal.hpp"
#include "settings.hpp"
#include "syncline/net/throttle.hpp"

namespace syncline::crm {

/// Any thread. Answers are held whole: columns are always selected and pages bounded, so that one stays far below
/// `max_answer`; a longer one is refused.
class Client {
 public:
  static constexpr std::size_t max_answer = std::size_t{4} * 1024 * 1024;

  Client(const Settings& settings, std::shared_ptr<const Profile> profile, const Host& host);

  [[nodiscard]] const Profile& profile() const { return *profile_; }
  [[nodiscard]] const Settings& settings() const { return settings_; }

  /// Any status. The standing headers are added.
  net::Response send(const Host& host, const Call& call, net::Request request);
  /// A 2xx answer's object; anything else throws Refused. `what` stands in error texts.
  boost::json::object get(const Host& host, const Call& call, std::string path, std::string_view prefer,
                          std::string_view what);
  /// All rows of a query, page by page, until on_row returns false.
  void rows(const Host& host, const Call& call, const std::string& path, std::string_view prefer, std::string_view what,
            const std::function<bool(const boost::json::object&)>& on_row);

  /// The object in a successful answer; SY_CONFIG when it is none: something else answers at that address.
  [[nodiscard]] static boost::json::object object_of(const net::Response& response, std::string_view what);
  /// The organization refused for now inside an answer that itself was none (a part of a $batch): whoever talks to it
  /// waits as long as it asked, as after a refusal of the whole request.
  void pause(std::optional<std::int64_t> asked_ms) { gate_->refused(asked_ms); }
  /// True for links that a cursor may carry back: of the same server.
  [[nodiscard]] bool own(std::string_view link) const;

 private:
  Settings settings_;
  std::shared_ptr<const Profile> profile_;
  std::shared_ptr<net::ThrottleGate> gate_;
  net::HttpSession session_;
};

std::string page_preference(std::size_t rows);

}  // namespace syncline::crm
