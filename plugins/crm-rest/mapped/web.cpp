#include "mapped/web.hpp"

#include <algorithm>

#include "odata.hpp"
#include "syncline/formats/sha256.hpp"
#include "syncline/net/throttle.hpp"
#include "syncline/net/url.hpp"

namespace syncline::crm {
namespace json = boost::json;
namespace {

constexpr std::size_t longest_answer = std::size_t{16} * 1024 * 1024;

net::SessionOptions session_options(const Settings& s, const Mapping& m) {
  net::SessionOptions o;
  o.base_url = m.base.empty() ? s.url : s.url + "/" + m.base;
  o.ca_file = s.ca_file;
  o.verify = s.verify;
  o.connect_timeout = s.connect_timeout;
  o.read_timeout = s.read_timeout;
  o.max_connections = s.max_concurrent;
  o.max_body = longest_answer;
  return o;
}

std::string_view remedy(sy_code code) {
  switch (code) {
    case SY_AUTH: return "check auth.method and auth.secret, and that the account is enabled in the CRM";
    case SY_DENIED: return "give the account the right to do this";
    case SY_CONFIG: return "check url and the mapping's paths";
    case SY_RETRY: return "it is tried again";
    case SY_INVALID: return "the item waits in quarantine; correct it or the mapping, then retry it";
    default: return {};
  }
}

std::int64_t retry_after(const net::Response& r) {
  const std::string value = r.headers.get("Retry-After");
  if (value.empty()) return 0;
  return net::parse_retry_after(value, net::parse_http_date(r.headers.get("Date")).value_or(0)).value_or(0);
}

bool means_error(const json::value* v) {
  if (v == nullptr || v->is_null()) return false;
  if (const bool* b = v->if_bool()) return *b;
  if (const json::string* s = v->if_string()) return !s->empty();
  if (const json::array* a = v->if_array()) return !a->empty();
  return true;
}

/// The target of rel="next" in a Link header.
std::string next_in_header(const std::string& header) {
  for (const std::string& part : split(header, ',')) {
    const std::size_t open = part.find('<'), close = part.find('>');
    if (open == std::string::npos || close == std::string::npos || close < open) continue;
    if (part.find("rel=\"next\"", close) == std::string::npos && part.find("rel=next", close) == std::string::npos)
      continue;
    return part.substr(open + 1, close - open - 1);
  }
  return {};
}

std::string fingerprint(const json::array& rows) {
  return rows.empty() ? std::string() : formats::sha256_hex(json::serialize(rows)).substr(0, 16);
}

std::string with(std::string path, std::string_view name, const std::string& value) {
  path += path.find('?') == std::string::npos ? '?' : '&';
  return path + std::string(name) + "=" + net::encode(value);
}

std::string slashed(const Path& column) {
  std::string out;
  for (const std::string& step : column) out += (out.empty() ? "" : "/") + step;
  return out;
}

}  // namespace

json::value Place::json() const { return json::object{{"link", link}, {"n", n}, {"last", last}}; }

Place Place::read(const json::value& v) {
  const json::object& o = v.as_object();
  return {std::string(o.at("link").as_string()), o.at("n").to_number<std::int64_t>(),
          std::string(o.at("last").as_string())};
}

Web::Web(const Settings& settings, std::shared_ptr<const Mapping> mapping, const Host& host)
    : settings_(settings),
      mapping_(std::move(mapping)),
      session_(session_options(settings_, *mapping_), authenticator(settings_, host),
               std::make_shared<net::ThrottleGate>(settings_.max_concurrent)) {}

Web::Answer Web::ask(const Host& host, const Call& call, net::Request request) {
  request.headers.emplace_back("Accept", "application/json");
  for (const auto& [name, value] : mapping_->headers) request.headers.emplace_back(name, value);
  if (!request.body.empty()) request.headers.emplace_back("Content-Type", "application/json; charset=utf-8");
  Answer out;
  out.response = session_.send(host, call, request);
  std::string_view body = out.response.body;
  if (body.starts_with("\xEF\xBB\xBF")) body.remove_prefix(3);
  if (body.empty()) return out;
  boost::system::error_code failed;
  out.body = json::parse(body, failed);
  if (failed && out.response.ok())
    throw Error(SY_CONFIG, "crm: " + request.method + " " + net::harmless_path(request.path) +
                               ": the answer is not JSON; check url and the mapping's base and paths");
  if (failed) out.body = nullptr;
  return out;
}

std::string Web::text(const Host& host, const Call& call, const std::string& path) {
  net::Request request;
  request.path = path;
  request.headers.emplace_back("Accept", "application/xml, */*;q=0.5");
  Answer out{session_.send(host, call, request), nullptr};
  require_success(out, "GET " + path);
  return std::move(out.response.body);
}

void Web::require_success(const Answer& answer, std::string_view what) const {
  const Mapping& m = *mapping_;
  const net::Response& r = answer.response;
  const bool inside = !m.error_inside.empty() && means_error(at_path(answer.body, m.error_inside));
  if (r.ok() && !inside) return;
  const std::string code = text_at(answer.body, m.error_code);
  const sy_code kind = m.classify(r.status, code);
  std::string text = "crm: " + std::string(what) + ": HTTP " + std::to_string(r.status);
  if (r.ok()) text += " with an error inside";
  if (r.status != 401 && r.status != 403) {  // these may repeat the credential
    if (!code.empty()) text += " " + harmless(code);
    if (const std::string said = harmless(text_at(answer.body, m.error_message)); !said.empty())
      text += " (" + said + ")";
  }
  if (const std::string_view help = remedy(kind); !help.empty()) text += "; " + std::string(help);
  throw Refused(r.status, kind, std::move(text), retry_after(r), harmless(code));
}

Web::Answer Web::must(const Host& host, const Call& call, net::Request request, std::string_view what) {
  Answer out = ask(host, call, std::move(request));
  require_success(out, what);
  return out;
}

Page Web::page(const Host& host, const Call& call, const Place& place, std::string_view what, std::string_view prefer) {
  const ListMap& l = mapping_->list;
  net::Request request;
  request.path = place.link;
  if (l.paging == Paging::page || l.paging == Paging::offset)
    request.path = with(place.link, l.param, std::to_string(place.n));
  std::string preferences(prefer);
  for (const std::string& p : l.prefer)
    preferences += (preferences.empty() ? "" : ",") + replaced(p, "{size}", std::to_string(settings_.page_size));
  if (!preferences.empty()) request.headers.emplace_back("Prefer", preferences);
  const Answer answer = ask(host, call, std::move(request));
  Page out;
  out.date_ms = net::parse_http_date(answer.response.headers.get("Date"));
  if (l.empty_status != 0 && answer.response.status == l.empty_status) return out;
  require_success(answer, what);
  const json::value* rows = at_path(answer.body, l.rows);
  if (rows == nullptr || !rows->is_array())
    throw Error(SY_CONFIG, "crm: " + std::string(what) + ": the answer holds no list" +
                               (l.rows.empty() ? "" : " at \"" + path_text(l.rows) + "\"") +
                               "; correct list.rows in the mapping");
  out.rows = rows->get_array();
  next_page(place, answer.response, answer.body, out);
  return out;
}

void Web::next_page(const Place& place, const net::Response& response, const json::value& body, Page& page) const {
  const ListMap& l = mapping_->list;
  if (!l.delta.empty()) page.delta = harmless_link(text_at(body, l.delta), place.link);
  Place next;
  next.last = fingerprint(page.rows);
  switch (l.paging) {
    case Paging::none: return;
    case Paging::link: {
      const std::string link = l.next_in_header ? next_in_header(response.headers.get("Link")) : text_at(body, l.next);
      if (link.empty()) return;
      next.link = harmless_link(link, place.link);
      if (next.link == place.link)
        throw Error(SY_BROKEN, "crm: a page of " + net::harmless_path(place.link) + " names itself as the next one");
      break;
    }
    case Paging::cursor: {
      const std::string value = text_at(body, l.next);
      if (value.empty()) return;
      const std::size_t first = place.link.find(l.param + "=");
      next.link = with(first == std::string::npos ? place.link : place.link.substr(0, first - 1), l.param, value);
      break;
    }
    case Paging::page:
    case Paging::offset:  // the end is an empty page: a server may give fewer rows than it was asked for
      if (page.rows.empty()) return;
      if (next.last == place.last)
        throw Error(SY_CONFIG, "crm: " + net::harmless_path(place.link) + ": two pages are the same, so \"" + l.param +
                                   "\" is ignored; correct list.paging and list.param in the mapping");
      next.link = place.link;
      next.n = place.n + (l.paging == Paging::page ? 1 : static_cast<std::int64_t>(page.rows.size()));
      break;
  }
  page.next = std::move(next);
}

/// As it may be kept: without the API key that some servers repeat in their links, and below the path it came from.
std::string Web::harmless_link(std::string link, const std::string& from) const {
  if (link.empty()) return link;
  if (link.front() == '?') link = from.substr(0, from.find('?')) + link;
  if (settings_.key_parameter.empty()) return link;
  const std::size_t mark = link.find('?');
  if (mark == std::string::npos) return link;
  std::string out = link.substr(0, mark);
  char joint = '?';
  for (const std::string& pair : split(std::string_view(link).substr(mark + 1), '&')) {
    if (pair.substr(0, pair.find('=')) == settings_.key_parameter) continue;
    out += joint + pair;
    joint = '&';
  }
  return out;
}

void Web::rows(const Host& host, const Call& call, const std::string& path, std::string_view what,
               const std::function<bool(const json::value&)>& on_row) {
  std::optional<Place> place = begin(path);
  while (place) {
    Page got = page(host, call, *place, what);
    for (const json::value& row : got.rows)
      if (!on_row(row)) return;
    place = std::move(got.next);
  }
}

Place Web::begin(std::string path) const {
  return {std::move(path), mapping_->list.paging == Paging::page ? mapping_->list.first : 0, {}};
}

bool Web::own(std::string_view link) const {
  if (!net::is_absolute(link)) return true;
  return net::parse_url(link).origin == net::parse_url(settings_.url).origin;
}

std::string Web::item(const RequestMap& request, const RecordMap& record, std::string_view id) const {
  std::string key = net::encode(id);
  if (mapping_->query.odata && record.text_key) key = net::encode_except(literal(id), "'");
  return replaced(replaced(request.path, "{set}", record.set), "{id}", key);
}

std::vector<Path> columns_of(const RecordMap& record) {
  std::vector<Path> out{record.key, record.changed, record.created, record.token, record.owner};
  for (const FieldMap& f : record.fields) out.push_back(f.column);
  return out;
}

std::string Web::path(const std::string& set, const std::string& fixed, const std::vector<Path>& columns,
                      const std::string& filter, const std::string& order) const {
  const QueryMap& q = mapping_->query;
  std::string out = set;
  if (q.odata) {
    std::vector<std::string> names;
    for (const Path& c : columns)
      if (!c.empty() && !c.front().starts_with('@') && std::find(names.begin(), names.end(), c.front()) == names.end())
        names.push_back(c.front());
    std::string select;
    for (const std::string& n : names) select += (select.empty() ? "" : ",") + n;
    net::Query query;
    if (q.select && !select.empty()) query.add_odata("$select", select);
    if (!filter.empty()) query.add_odata("$filter", filter);
    if (!order.empty()) query.add_odata("$orderby", order);
    out += query.text();
  } else if (!filter.empty()) {
    out += (out.find('?') == std::string::npos ? "?" : "&") + filter;
  }
  for (const std::string& more : {fixed, q.odata ? std::string() : order})
    if (!more.empty()) out += (out.find('?') == std::string::npos ? "?" : "&") + more;
  if (!mapping_->list.size.empty()) out = with(out, mapping_->list.size, std::to_string(settings_.page_size));
  return out;
}

std::string Web::listing(const RecordMap& record) const {
  const QueryMap& q = mapping_->query;
  const bool tracked = mapping_->delta == Delta::links;  // tracking and ordering exclude each other
  return path(record.set, record.query, columns_of(record), {},
              q.odata ? (tracked ? "" : slashed(record.key)) : q.order);
}

std::string Web::since(const RecordMap& record, std::int64_t utc_ms) const {
  const QueryMap& q = mapping_->query;
  const json::value at = instant_as(utc_ms, q.since_format);
  const std::string text = at.is_string() ? std::string(at.get_string()) : json::serialize(at);
  if (!q.odata)
    return path(record.set, record.query, {},
                replaced(replaced(q.since, "{instant}", net::encode(text)), "{column}", path_text(record.changed)),
                q.order);
  std::string filter = slashed(record.changed) + " ge " + text;  // a row that was never changed has no time of change
  if (!record.created.empty()) filter += " or " + slashed(record.created) + " ge " + text;
  return path(record.set, record.query, columns_of(record), filter, slashed(record.changed) + " desc");
}

std::string Web::many(const RecordMap& record, std::span<const std::string> ids) const {
  const QueryMap& q = mapping_->query;
  std::string chain;
  for (const std::string& id : ids) {
    if (q.odata)
      chain += (chain.empty() ? "" : " or ") + slashed(record.key) + " eq " + (record.text_key ? literal(id) : id);
    else
      chain += (chain.empty() ? "" : ",") + net::encode(id);
  }
  if (!q.odata) chain = replaced(replaced(q.many, "{values}", chain), "{key}", path_text(record.key));
  return path(record.set, record.query, columns_of(record), chain, {});
}

std::string Web::equal(const std::string& set, const std::string& query, const std::vector<Path>& columns,
                       const Path& column, const std::string& value, bool quoted) const {
  const QueryMap& q = mapping_->query;
  const std::string filter =
      q.odata ? slashed(column) + " eq " + (quoted ? literal(value) : value)
              : replaced(replaced(q.equal, "{column}", path_text(column)), "{value}", net::encode(value));
  return path(set, query, columns, filter, {});
}

}  // namespace syncline::crm
