#include "mapped/mapped_probe.hpp"

#include <algorithm>

#include "syncline/formats/uuid.hpp"
#include "syncline/net/throttle.hpp"

namespace syncline::crm {
namespace json = boost::json;
namespace {

constexpr std::int64_t day_ms = std::int64_t{24} * 3600 * 1000;

const char* word(Etag e) { return e == Etag::row ? "row" : e == Etag::header ? "header" : "none"; }
const char* word(Delta d) { return d == Delta::links ? "links" : d == Delta::since ? "since" : "none"; }

}  // namespace

json::object MappedProbe::run() {
  const Mapping& m = records_->mapping();
  server();
  for (const RecordMap& r : m.records) collection(r);
  for (const PeopleMap& p : m.principals) people(p);
  for (const PeopleMap& p : m.people) people(p);
  consequences();
  return {{"profile", m.name},
          {"mapping", m.file},
          {"url", records_->web().settings().url},
          {"capabilities", capabilities()},
          {"findings", findings_.json()}};
}

void MappedProbe::server() {
  const Settings& s = records_->web().settings();
  findings_.tls(s.url, s.verify);
  try {
    net::Request request;
    request.path = records_->mapping().records.empty() ? std::string() : records_->mapping().records.front().set;
    const Web::Answer answer = records_->web().ask(host_, *call_, std::move(request));
    const int status = answer.response.status;
    findings_.ok("reachable", "the server answers (HTTP " + std::to_string(status) + ")");
    if (const auto date = net::parse_http_date(answer.response.headers.get("Date")))
      findings_.clock(*date, host_.now_ms());
    if (status == 401)
      findings_.error("sign-in", "the server refuses the credentials (HTTP 401)", "check auth.method and auth.secret");
    else
      findings_.ok("sign-in", "the credentials (" + s.method + ") are not refused");
  } catch (const Error& e) {
    if (e.code() == SY_CONFIG && std::string_view(e.what()).find("not JSON") != std::string_view::npos)
      findings_.ok("reachable", "the server answers");
    else
      findings_.failed("reachable", e);
  }
  if (records_->mapping().records.empty())
    findings_.error("mapping", "nothing is mapped, so nothing is carried",
                    "run syncline discover with --draft, correct the file and name it as mapping");
}

void MappedProbe::collection(const RecordMap& r) {
  try {
    const Page page =
        records_->web().page(host_, *call_, records_->web().begin(records_->web().listing(r)), "GET " + r.set);
    if (page.rows.empty()) {
      findings_.warning(r.kind, "the collection " + r.set + " is empty, so that its columns cannot be looked at",
                        "make one record in it and look again");
    } else {
      sample(r, page);
      one(r, page.rows.front());
    }
    queries(r, page);
    delta(r, page);
  } catch (const Error& e) {
    findings_.failed(r.kind, e);
  }
}

void MappedProbe::sample(const RecordMap& r, const Page& page) {
  std::string absent;
  std::size_t unreadable = 0;
  std::string why;
  for (const FieldMap& f : r.fields) {
    bool there = false;
    for (const json::value& row : page.rows) there = there || at_path(row, f.column) != nullptr;
    if (!there) absent += (absent.empty() ? "" : ", ") + path_text(f.column);
  }
  for (const json::value& row : page.rows) {
    if (id_of(row, r.key).empty()) {
      findings_.error(r.kind, "rows of " + r.set + " have no " + path_text(r.key),
                      "correct records." + r.kind + ".key");
      return;
    }
    try {
      static_cast<void>(document_of(r, row));
    } catch (const Unreadable& e) {
      ++unreadable;
      why = e.why;
    }
  }
  findings_.ok(r.kind, r.set + " can be read: " + std::to_string(page.rows.size()) + " rows on the first page");
  if (!absent.empty())
    findings_.warning(
        r.kind, "no row of " + r.set + " shows these columns: " + absent,
        "correct their names; where lists leave them out, ask for them with records." + r.kind + ".query");
  if (unreadable != 0)
    findings_.warning(r.kind, std::to_string(unreadable) + " rows of " + r.set + " are left alone: " + why,
                      "complete the field's values or correct its format");
}

void MappedProbe::one(const RecordMap& r, const json::value& row) {
  const Mapping& m = records_->mapping();
  const std::string id = id_of(row, r.key);
  if (id.empty()) return;
  const Found found = records_->read(host_, *call_, r, id);
  if (!found.row) {
    findings_.error(r.kind, "a row that " + r.set + " lists cannot be read by itself", "correct one.path");
    return;
  }
  const std::string listed = version_of(m, r, row), single = version_of(m, r, *found.row);
  if (listed != single)
    findings_.warning(r.kind, "a row of " + r.set + " reads otherwise in the list than by itself: each is read twice",
                      "let lists show all mapped columns, with records." + r.kind + ".query");
  if (m.etag == Etag::header && found.etag.empty())
    findings_.error("etag", "answers for " + r.set + " bear no ETag header, although the mapping promises one",
                    "set capabilities.etag to \"none\"");
  else if (m.etag == Etag::none && (!found.etag.empty() || at_path(row, m.etag_column) != nullptr))
    findings_.warning("etag", r.set + " bears ETags that the mapping does not use",
                      std::string("set capabilities.etag to \"") +
                          (at_path(row, m.etag_column) != nullptr ? "row" : "header") +
                          "\", if the server also honours If-Match");
}

/// True: the server applied a filter that nothing can meet.
bool MappedProbe::filtered(const std::string& path, const std::string& set) {
  return records_->web().page(host_, *call_, records_->web().begin(path), "GET " + set).rows.empty();
}

void MappedProbe::queries(const RecordMap& r, const Page& page) {
  const Mapping& m = records_->mapping();
  Web& web = records_->web();
  const std::string nobody = formats::to_string(formats::uuid_v4());
  const Path column = !r.token.empty()                   ? r.token
                      : r.field("message_id") != nullptr ? r.field("message_id")->column
                                                         : Path{};
  if (!column.empty() && m.can_query() && !page.rows.empty()) {
    if (filtered(web.equal(r.set, r.query, columns_of(r), column, nobody, r.text_token), r.set))
      findings_.ok("query", r.set + " can be asked by " + path_text(column));
    else
      findings_.warning("query",
                        r.set + " ignores a query by " + path_text(column) + ": a look-up reads the whole list",
                        "correct query.equal");
  }
  if (m.many && page.rows.size() > 1) {
    const std::string a = id_of(page.rows[0], r.key), b = id_of(page.rows[1], r.key);
    const std::vector<std::string> two{a, b};
    const Page got = web.page(host_, *call_, web.begin(web.many(r, two)), "GET " + r.set);
    if (got.rows.size() == 2)
      findings_.ok("many", r.set + " gives several records to one request");
    else
      findings_.warning("many",
                        r.set + " gave " + std::to_string(got.rows.size()) + " rows when two were asked for by id",
                        "correct query.many, or set capabilities.many to false");
  }
}

void MappedProbe::delta(const RecordMap& r, const Page& page) {
  const Mapping& m = records_->mapping();
  Web& web = records_->web();
  if (m.delta == Delta::since && !page.rows.empty()) {
    const std::int64_t tomorrow = page.date_ms.value_or(host_.now_ms()) + day_ms;
    if (filtered(web.since(r, tomorrow), r.set))
      findings_.ok("delta", r.set + " can be asked for what changed since a time");
    else
      findings_.warning("delta", r.set + " ignores the time in the query: every reading reads everything",
                        "correct query.since, or set capabilities.delta to \"none\"");
  }
  if (m.delta == Delta::links) {
    const Page tracked = web.page(host_, *call_, web.begin(web.listing(r)), "GET " + r.set, "odata.track-changes");
    if (!tracked.delta.empty())
      findings_.ok("delta", r.set + " gives links of later changes");
    else if (!tracked.next)
      findings_.error("delta", r.set + " gives no link of later changes",
                      "set capabilities.delta to \"since\" or \"none\"");
  }
}

void MappedProbe::people(const PeopleMap& p) {
  try {
    Web& web = records_->web();
    const std::vector<Path> columns{p.key};
    const std::string nobody = "syncline-probe@nobody.invalid";
    if (!records_->mapping().can_query())
      findings_.error(p.type, "people are mapped, but not how to look one up", "set query.equal");
    else if (filtered(web.equal(p.set, {}, columns, p.addresses.front(), nobody), p.set))
      findings_.ok(p.type, p.set + " can be asked by address");
    else
      findings_.warning(p.type, p.set + " ignores a query by address: each look-up reads the whole list",
                        "correct query.equal");
  } catch (const Error& e) {
    findings_.failed(p.type, e);
  }
}

json::object MappedProbe::capabilities() const {
  const Mapping& m = records_->mapping();
  json::object creates;
  for (const RecordMap& r : m.records) {
    const std::uint32_t flags = records_->caps(r.kind).flags;
    creates[r.kind] = (flags & SY_CAN_CREATE) == 0    ? "no"
                      : (flags & SY_TOKEN_KEYED) != 0 ? "keyed"
                      : (flags & SY_TOKEN_FIND) != 0  ? "found"
                                                      : "neither";
  }
  return {{"etag", word(m.etag)},
          {"delta", word(m.delta)},
          {"many", m.many},
          {"client_id", m.client_id},
          {"tombstones", m.delta == Delta::links},
          {"whole_update", m.update.whole},
          {"creates", std::move(creates)}};
}

/// What the missing capabilities mean; nothing here asks the server.
void MappedProbe::consequences() {
  const Mapping& m = records_->mapping();
  const bool changes =
      std::any_of(m.records.begin(), m.records.end(), [](const RecordMap& r) { return r.updates || r.deletes; });
  if (changes && m.etag == Etag::none)
    findings_.warning("etag",
                      "no ETags: before each change the record is read again and compared, and an edit in the instant "
                      "between is overwritten",
                      "if the CRM has ETags, set capabilities.etag");
  if (m.delta == Delta::none)
    findings_.warning("delta", "no changes can be asked for: each pass lists everything",
                      "if the CRM knows the time of the last change, set capabilities.delta to \"since\"");
  if (m.delta == Delta::since)
    findings_.ok("delta", "deletions are not reported: the sweep lists everything, and what is missing is asked for");
  if (!m.missing_is_gone)
    findings_.ok("missing",
                 "a record that is not found (404) counts as out of sight, and nothing is deleted for it; set "
                 "one.missing to \"gone\" if the CRM never hides records");
  for (const RecordMap& r : m.records) {
    const std::uint32_t flags = records_->caps(r.kind).flags;
    if ((flags & SY_CAN_CREATE) == 0) continue;
    if ((flags & SY_TOKEN_KEYED) != 0)
      findings_.ok(r.kind, "creates are keyed by an id of ours (declared; only a write would prove it)");
    else if ((flags & SY_TOKEN_FIND) != 0)
      findings_.ok(r.kind, "a create whose answer was lost is found again by a query");
    else
      findings_.warning(
          r.kind, "creates can neither be keyed nor found again: they are refused unless at_least_once = true",
          "name a column of " + r.set + " that takes a text of 36 characters as records." + r.kind + ".token");
  }
}

}  // namespace syncline::crm
