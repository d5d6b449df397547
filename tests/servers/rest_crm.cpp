#include "rest_crm.hpp"

#include <Poco/Base64Encoder.h>
#include <Poco/DateTimeFormat.h>
#include <Poco/DateTimeFormatter.h>

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <sstream>

#include "encode.hpp"
#include "http_server.hpp"

namespace syncline::sandbox {
namespace json = boost::json;
namespace {

struct Stored {
  json::object row;
  std::int64_t version = 1, seq = 0;
  bool gone = false;
};

struct Asked {
  std::string set;
  std::optional<std::string> id;
  std::map<std::string, std::string> query;
  std::string raw_path;
};

Asked read_target(const std::string& target, bool odata) {
  Asked out;
  const std::size_t mark = std::min(target.find('?'), target.size());
  std::string path = target.substr(0, mark);
  out.raw_path = path;
  if (path.starts_with("/api/")) path = path.substr(5);
  const std::size_t cut = path.find(odata ? '(' : '/');
  out.set = percent_decoded(path.substr(0, cut));
  if (cut != std::string::npos) {
    std::string id = path.substr(cut + 1);
    if (odata && id.ends_with(')')) id.pop_back();
    id = percent_decoded(id);
    if (id.size() > 1 && id.front() == '\'') id = id.substr(1, id.size() - 2);
    out.id = id;
  }
  std::size_t at = mark + 1;
  while (at < target.size()) {
    const std::size_t end = std::min(target.find('&', at), target.size());
    const std::string pair = target.substr(at, end - at);
    const std::size_t equals = std::min(pair.find('='), pair.size());
    out.query[percent_decoded(pair.substr(0, equals))] =
        percent_decoded(pair.substr(std::min(equals + 1, pair.size())));
    at = end + 1;
  }
  return out;
}

std::string text_of(const json::value* v) {
  if (v == nullptr || v->is_null()) return {};
  return v->is_string() ? std::string(v->get_string()) : json::serialize(*v);
}

std::string column(const json::object& row, const std::string& path) {
  const json::value* here = nullptr;
  const json::object* object = &row;
  std::stringstream steps(path);
  for (std::string step; std::getline(steps, step, path.find('/') != std::string::npos ? '/' : '.');) {
    here = object == nullptr ? nullptr : object->if_contains(step);
    object = here == nullptr ? nullptr : here->if_object();
  }
  return text_of(here);
}

/// "a eq 'x' or b ge y": what the client may ask; anything else matches nothing.
bool matches(const json::object& row, const std::string& filter) {
  std::size_t at = 0;
  while (at < filter.size()) {
    const std::size_t name_end = filter.find(' ', at);
    if (name_end == std::string::npos) return false;
    const std::string name = filter.substr(at, name_end - at), op = filter.substr(name_end + 1, 2);
    std::size_t v = name_end + 4;
    std::string value;
    if (v < filter.size() && filter[v] == '\'') {
      for (++v; v < filter.size(); ++v) {
        if (filter[v] == '\'' && (v + 1 >= filter.size() || filter[v + 1] != '\'')) break;
        if (filter[v] == '\'') ++v;
        value += filter[v];
      }
      ++v;
    } else {
      while (v < filter.size() && filter[v] != ' ') value += filter[v++];
    }
    const std::string mine = column(row, name);
    if (op == "eq" ? lower(mine) == lower(value) : !mine.empty() && mine >= value) return true;
    if (filter.compare(v, 4, " or ") != 0) return false;
    at = v + 4;
  }
  return false;
}

Reply json_reply(int status, const json::value& body) {
  return {status, {{"Content-Type", "application/json"}}, json::serialize(body)};
}

std::string basic(const std::string& user, const std::string& secret) {
  std::ostringstream out;
  Poco::Base64Encoder encoder(out);
  encoder << user << ':' << secret;
  encoder.close();
  return "Basic " + out.str();
}

}  // namespace

struct RestCrm::Impl {
  explicit Impl(RestOptions o) : options(std::move(o)), server(HttpServer::Options{}) {}

  std::string url() const { return "http://127.0.0.1:" + std::to_string(server.port()); }

  std::optional<Reply> handle(const Call& call) {
    std::optional<RestFault> fault;
    std::function<void()> act;
    const bool writes = call.method != "GET";
    {
      const std::lock_guard lock(mutex);
      for (auto it = faults.begin(); it != faults.end() && !fault; ++it) {
        if (!it->method.empty() && it->method != call.method) continue;
        if (it->skip-- > 0) continue;
        fault = *it;
        if (--it->count == 0) faults.erase(it);
        break;
      }
      if (writes) act = std::exchange(between, {});
    }
    if (act) act();
    if (fault && fault->action == RestFault::Action::drop_before) return note(call, std::nullopt);
    if (fault && fault->action == RestFault::Action::hang) {
      std::unique_lock lock(mutex);
      wake.wait(lock, [&] { return stopping; });
      return std::nullopt;
    }
    if (fault && fault->action == RestFault::Action::answer) {
      Reply r = error(fault->status, "fault", "asked for by the test");
      if (fault->retry_after >= 0) r.headers.emplace_back("Retry-After", std::to_string(fault->retry_after));
      return note(call, r);
    }
    Reply reply;
    {
      const std::lock_guard lock(mutex);
      reply = allowed(call) ? answer(call) : error(401, "unauthorized", "who are you");
      if (writes && reply.status < 300 && !failed_inside) ++effects;
      failed_inside = false;
    }
    if (fault && fault->action == RestFault::Action::drop_after) return note(call, std::nullopt);
    return note(call, reply);
  }

  std::optional<Reply> note(const Call& call, std::optional<Reply> reply) {
    const std::lock_guard lock(mutex);
    entries.push_back({call.method, call.target, reply ? reply->status : 0});
    return reply;
  }

  Reply error(int status, const std::string& code, const std::string& message) {
    const json::value body = options.odata ? json::value{{"error", {{"code", code}, {"message", message}}}}
                                           : json::value{{"code", code}, {"message", message}};
    if (options.error_in_200 && status != 401 && status != 429 && status < 500) {
      failed_inside = true;
      return json_reply(200, json::object{{"error", {{"code", code}, {"message", message}}}});
    }
    return json_reply(status, body);
  }

  bool allowed(const Call& call) {
    if (refusing) return false;
    if (options.secret.empty()) return true;
    if (!options.user.empty()) return call.header("Authorization") == basic(options.user, options.secret);
    return call.header("X-Api-Key") == options.secret || call.header("Authorization") == "Bearer " + options.secret ||
           read_target(call.target, options.odata).query["api_key"] == options.secret;
  }

  Reply answer(const Call& call) {
    const Asked asked = read_target(call.target, options.odata);
    if (options.odata && asked.set == "$metadata") return metadata();
    if (!sets.contains(asked.set)) return error(404, "no_such_set", "there is no such collection");
    if (call.method == "GET" && !asked.id) return list(call, asked);
    if (call.method == "GET") return one(asked);
    if (call.method == "POST" && !asked.id) return create(call, asked);
    if ((call.method == "PATCH" && options.patch) || (call.method == "PUT" && !options.patch))
      return change(call, asked);
    if (call.method == "DELETE") return erase(call, asked);
    return error(405, "method", "not offered");
  }

  Stored* find(const std::string& set, const std::string& id) {
    for (Stored& s : sets[set])
      if (!s.gone && lower(text_of(s.row.if_contains("id"))) == lower(id)) return &s;
    return nullptr;
  }

  static std::string etag(const Stored& s) { return "W/\"" + std::to_string(s.version) + "\""; }

  json::object shown(const Stored& s) const {
    json::object out = s.row;
    if (options.etag == RestOptions::Etag::row) out["@odata.etag"] = etag(s);
    if (options.text_decimals)
      for (auto& member : out)
        if (member.key() != "id" && member.value().is_int64())
          member.value() = std::to_string(member.value().get_int64()) + ".00";
    return out;
  }

  void touch(Stored& s) {
    ++s.version;
    s.seq = ++sequence;
    now_ms += 1000;
    s.row["modified"] = Poco::DateTimeFormatter::format(Poco::Timestamp(now_ms * 1000), "%Y-%m-%dT%H:%M:%SZ");
  }

  std::string made(const std::string& set, json::object row) {
    Stored s;
    std::string id = text_of(row.if_contains("id"));
    if (id.empty() || !options.client_id) {
      ++numbers;
      if (options.odata || options.client_id) {
        const std::string digits = std::to_string(numbers);
        id = "00000000-0000-4000-9000-" + std::string(12 - digits.size(), '0') + digits;
        row["id"] = id;
      } else {
        row["id"] = numbers;
        id = std::to_string(numbers);
      }
    }
    s.row = std::move(row);
    touch(s);
    s.row["created"] = s.row["modified"];
    sets[set].push_back(std::move(s));
    return id;
  }

  Reply one(const Asked& asked) {
    const Stored* s = find(asked.set, *asked.id);
    if (s == nullptr) return error(404, "not_found", "there is no such record");
    Reply r = json_reply(200, shown(*s));
    if (options.etag == RestOptions::Etag::header) r.headers.emplace_back("ETag", etag(*s));
    return r;
  }

  bool moved(const Call& call, const Stored& s) const {
    const std::string wanted = call.header("If-Match");
    return options.etag != RestOptions::Etag::none && !wanted.empty() && wanted != "*" && wanted != etag(s);
  }

  static std::optional<json::object> body_of(const Call& call) {
    boost::system::error_code failed;
    json::value v = json::parse(call.body, failed);
    if (failed || !v.is_object()) return std::nullopt;
    return v.get_object();
  }

  Reply create(const Call& call, const Asked& asked) {
    const auto row = body_of(call);
    if (!row) return error(400, "bad", "no object");
    if (options.client_id && row->contains("id") && find(asked.set, text_of(row->if_contains("id"))) != nullptr)
      return error(409, "exists", "that id is taken");
    const std::string id = made(asked.set, *row);
    switch (options.answer) {
      case RestOptions::Answer::row: {
        Reply r = json_reply(201, shown(*find(asked.set, id)));
        return r;
      }
      case RestOptions::Answer::bare_id: return json_reply(200, find(asked.set, id)->row.at("id"));
      case RestOptions::Answer::location:
        return {201,
                {{"Location",
                  options.odata ? url() + "/api/" + asked.set + "(" + id + ")" : "/api/" + asked.set + "/" + id}},
                {}};
      case RestOptions::Answer::nothing: break;
    }
    return {201, {}, {}};
  }

  Reply change(const Call& call, const Asked& asked) {
    Stored* s = asked.id ? find(asked.set, *asked.id) : nullptr;
    const auto row = body_of(call);
    if (s == nullptr) return error(404, "not_found", "there is no such record");
    if (!row) return error(400, "bad", "no object");
    if (moved(call, *s)) return error(412, "changed", "somebody was faster");
    if (call.method == "PUT") {
      json::object whole{{"id", s->row.at("id")}, {"created", s->row.at("created")}};
      for (const auto& m : *row) whole[m.key()] = m.value();
      s->row = std::move(whole);
    } else {
      for (const auto& m : *row) s->row[m.key()] = m.value();
    }
    touch(*s);
    return {204, {}, {}};
  }

  Reply erase(const Call& call, const Asked& asked) {
    Stored* s = asked.id ? find(asked.set, *asked.id) : nullptr;
    if (s == nullptr) return error(404, "not_found", "there is no such record");
    if (moved(call, *s)) return error(412, "changed", "somebody was faster");
    s->gone = true;
    s->seq = ++sequence;
    return {204, {}, {}};
  }

  /// Which rows a list shows before it is cut into pages.
  std::vector<const Stored*> selected(const Asked& asked) const {
    std::vector<const Stored*> out;
    const auto asks = [&](const char* name) {
      const auto at = asked.query.find(name);
      return at == asked.query.end() ? std::string() : at->second;
    };
    static const std::set<std::string> own{"page",    "offset", "cursor", "$skip", "$select",     "$orderby", "$filter",
                                           "api_key", "since",  "ids",    "size",  "$deltatoken", "$tracked"};
    for (const Stored& s : sets.at(asked.set)) {
      bool fits = !s.gone;
      if (options.filter && fits) {
        if (const std::string f = asks("$filter"); !f.empty()) fits = options.odata && matches(s.row, f);
        if (const std::string t = asks("since"); !t.empty() && options.delta == RestOptions::Delta::since)
          fits = fits && text_of(s.row.if_contains("modified")) >= t.substr(0, 19);
        if (const std::string ids = asks("ids"); !ids.empty() && options.many)
          fits = fits && ("," + ids + ",").find("," + text_of(s.row.if_contains("id")) + ",") != std::string::npos;
        for (const auto& [name, value] : asked.query)
          if (!own.contains(name)) fits = fits && column(s.row, name) == value;
      }
      if (fits) out.push_back(&s);
    }
    return out;
  }

  Reply list(const Call& call, const Asked& asked) {
    const auto at = [&](const char* name) {
      const auto found = asked.query.find(name);
      return found == asked.query.end() ? std::string() : found->second;
    };
    json::array rows;
    const bool tracks =
        options.delta == RestOptions::Delta::links && call.header("Prefer").find("track-changes") != std::string::npos;
    if (const std::string token = at("$deltatoken"); !token.empty()) {
      if (std::stoll(token) < oldest_link) return error(410, "expired", "the link is too old");
      for (const Stored& s : sets[asked.set]) {
        if (s.seq <= std::stoll(token)) continue;
        if (s.gone)
          rows.push_back(json::object{{"@removed", {{"reason", "deleted"}}}, {"id", s.row.at("id")}});
        else
          rows.push_back(shown(s));
      }
      return json_reply(200, json::object{{"value", std::move(rows)}, {"@odata.deltaLink", delta_link(asked)}});
    }
    const auto all = selected(asked);
    std::size_t first = 0;
    const std::string skip = at("$skip") + at("offset") + at("cursor"), page = at("page");
    if (!skip.empty()) first = std::stoul(skip);
    if (!page.empty() && options.paging == RestOptions::Paging::page) first = (std::stoul(page) - 1) * options.page;
    const std::size_t most = options.paging == RestOptions::Paging::none ? all.size() : options.page;
    for (std::size_t i = first; i < all.size() && rows.size() < most; ++i) rows.push_back(shown(*all[i]));
    const bool more = first + rows.size() < all.size();
    if (rows.empty() && options.empty_is_404) return error_404_for_empty();
    json::object out;
    const std::size_t next = first + rows.size();
    if (options.odata || options.wrap.empty()) {
      if (!options.odata) return json_reply(200, std::move(rows));
      out["value"] = std::move(rows);
    } else {
      json::object* here = &out;
      std::stringstream steps(options.wrap);
      std::vector<std::string> names;
      for (std::string step; std::getline(steps, step, '.');) names.push_back(step);
      for (std::size_t i = 0; i + 1 < names.size(); ++i) here = &((*here)[names[i]] = json::object()).as_object();
      (*here)[names.back()] = std::move(rows);
    }
    if (more && options.paging == RestOptions::Paging::link) {
      std::string link = options.relative_links ? asked.set : url() + asked.raw_path;
      link += "?$skip=" + std::to_string(next);
      for (const auto& [name, value] : asked.query)
        if (name != "$skip") link += "&" + name + "=" + percent_encoded(value);
      if (tracks) link += at("$tracked").empty() ? "&$tracked=" + std::to_string(sequence) : "";
      out[options.odata ? "@odata.nextLink" : "next"] = link;
    }
    if (more && options.paging == RestOptions::Paging::cursor) out["next"] = std::to_string(next);
    if (!more && tracks) out["@odata.deltaLink"] = delta_link(asked);
    return json_reply(200, out);
  }

  Reply error_404_for_empty() const { return json_reply(404, json::object{{"message", "nothing found"}}); }

  std::string delta_link(const Asked& asked) const {
    const auto began = asked.query.find("$tracked");  // what changed while the pages were read comes again
    return url() + asked.raw_path +
           "?$deltatoken=" + (began == asked.query.end() ? std::to_string(sequence) : began->second);
  }

  static std::string percent_encoded(const std::string& text) {
    std::ostringstream out;
    for (const unsigned char c : text)
      if (std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.' || c == ',')
        out << c;
      else
        out << '%' << std::uppercase << std::hex << (c < 16 ? "0" : "") << static_cast<int>(c) << std::dec;
    return out.str();
  }

  Reply metadata() const {
    std::string xml =
        "<?xml version=\"1.0\"?><edmx:Edmx Version=\"4.0\" xmlns:edmx=\"http://docs.oasis-open.org/odata/ns/edmx\">"
        "<edmx:DataServices><Schema Namespace=\"Acme\" xmlns=\"http://docs.oasis-open.org/odata/ns/edm\">"
        "<EntityType Name=\"Contact\"><Key><PropertyRef Name=\"id\"/></Key>";
    for (const char* name : {"id", "first_name", "last_name", "email", "job_title", "notes", "externalId", "extra"})
      xml += "<Property Name=\"" + std::string(name) + "\" Type=\"Edm.String\"/>";
    xml +=
        "<Property Name=\"modified\" Type=\"Edm.DateTimeOffset\"/><Property Name=\"address\" "
        "Type=\"Acme.Address\"/></EntityType>"
        "<ComplexType Name=\"Address\"><Property Name=\"city\" Type=\"Edm.String\"/></ComplexType>"
        "<EntityContainer Name=\"Container\"><EntitySet Name=\"contacts\" "
        "EntityType=\"Acme.Contact\"/></EntityContainer>"
        "</Schema></edmx:DataServices></edmx:Edmx>";
    return {200, {{"Content-Type", "application/xml"}}, xml};
  }

  RestOptions options;
  HttpServer server;
  mutable std::mutex mutex;
  std::condition_variable wake;
  std::map<std::string, std::vector<Stored>> sets{{"contacts", {}}, {"tasks", {}}, {"notes", {}}, {"users", {}}};
  std::vector<RestFault> faults;
  std::vector<RestEntry> entries;
  std::function<void()> between;
  std::int64_t numbers = 0, sequence = 0, oldest_link = 0, now_ms = 1'767'225'600'000;
  std::size_t effects = 0;
  bool refusing = false, failed_inside = false, stopping = false;
};

RestCrm::RestCrm(RestOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {
  impl_->server.start([this](const Call& call) { return impl_->handle(call); });
}

RestCrm::~RestCrm() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->wake.notify_all();
  impl_->server.stop();
}

std::string RestCrm::url() const { return impl_->url(); }

std::string RestCrm::add(const std::string& set, const json::object& row) {
  const std::lock_guard lock(impl_->mutex);
  return impl_->made(set, row);
}

void RestCrm::edit(const std::string& set, const std::string& id, const json::object& changes) {
  const std::lock_guard lock(impl_->mutex);
  Stored* s = impl_->find(set, id);
  if (s == nullptr) throw std::runtime_error("there is no such row to edit");
  for (const auto& m : changes) s->row[m.key()] = m.value();
  impl_->touch(*s);
}

void RestCrm::remove(const std::string& set, const std::string& id) {
  const std::lock_guard lock(impl_->mutex);
  Stored* s = impl_->find(set, id);
  if (s == nullptr) throw std::runtime_error("there is no such row to remove");
  s->gone = true;
  s->seq = ++impl_->sequence;
}

std::optional<json::object> RestCrm::row(const std::string& set, const std::string& id) const {
  const std::lock_guard lock(impl_->mutex);
  const Stored* s = impl_->find(set, id);
  return s == nullptr ? std::nullopt : std::optional(s->row);
}

std::vector<json::object> RestCrm::rows(const std::string& set) const {
  const std::lock_guard lock(impl_->mutex);
  std::vector<json::object> out;
  for (const Stored& s : impl_->sets[set])
    if (!s.gone) out.push_back(s.row);
  return out;
}

std::vector<RestEntry> RestCrm::log() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->entries;
}

std::size_t RestCrm::writes() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->effects;
}

void RestCrm::clear_log() {
  const std::lock_guard lock(impl_->mutex);
  impl_->entries.clear();
}

void RestCrm::fail(const RestFault& fault) {
  const std::lock_guard lock(impl_->mutex);
  impl_->faults.push_back(fault);
}

void RestCrm::forget_links() {
  const std::lock_guard lock(impl_->mutex);
  impl_->oldest_link = ++impl_->sequence;
}

void RestCrm::refuse_credentials() {
  const std::lock_guard lock(impl_->mutex);
  impl_->refusing = true;
}

void RestCrm::before_write(std::function<void()> act) {
  const std::lock_guard lock(impl_->mutex);
  impl_->between = std::move(act);
}

}  // namespace syncline::sandbox
