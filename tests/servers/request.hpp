// A request and an answer of the Web API apart from the transport, and the parts of a URL.
#pragma once
#include <boost/json.hpp>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace syncline::sandbox {

using HeaderList = std::vector<std::pair<std::string, std::string>>;

struct Call {
  std::string method, target;  // target: path with query
  HeaderList headers;
  std::string body;

  std::string header(std::string_view name) const;      // without regard to case; empty: absent
  bool prefers(std::string_view preference) const;      // "return=representation"
  std::string preference(std::string_view name) const;  // the value of "name=value" in Prefer, without quotes
};

struct Reply {
  int status = 204;
  HeaderList headers;
  std::string body;
  // Instead of a body: sends pieces for as long as it likes; false: the client has gone.
  using Sink = std::function<bool(std::string_view)>;
  std::function<void(const Sink&)> stream{};

  std::string header(std::string_view name) const;
};

// "contacts(guid)/email_activity_parties": names, each with what stood in its parentheses.
struct Segment {
  std::string name;
  std::optional<std::string> key;
};

struct Target {
  std::string path;  // decoded, behind /api/data/v9.x/
  std::vector<Segment> segments;
  std::map<std::string, std::string> options;  // decoded; "$select", "@p1", …
  std::string raw_query;                       // as sent

  std::string option(const std::string& name) const;
};

// Throws ODataError: 404 if the path is not under /api/data/v9.0…v9.2/, 400 if it cannot be read. A path without a
// slash in front is taken relative to the API's root.
Target parse_target(std::string_view target);

std::vector<std::string> split_list(std::string_view text,
                                    char separator);  // not inside parentheses or quotes; trimmed
std::string trimmed(std::string_view text);

}  // namespace syncline::sandbox
