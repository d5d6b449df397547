#include "mapped/records.hpp"

#include <algorithm>

#include "syncline/net/url.hpp"

namespace syncline::crm {
namespace json = boost::json;
namespace {

constexpr std::size_t ids_per_request = 40;

std::vector<std::string> field_names(const Operation& op) {
  std::vector<std::string> out;
  boost::system::error_code failed;
  const json::value list = json::parse(op.fields.empty() ? "[]" : std::string_view(op.fields), failed);
  if (failed || !list.is_array()) throw Error(SY_INVALID, "crm: the operation's list of fields cannot be read");
  for (const json::value& f : list.get_array())
    if (f.is_string()) out.emplace_back(f.get_string());
  return out;
}

json::object document(const Operation& op) {
  boost::system::error_code failed;
  json::value doc = json::parse(op.doc, failed);
  if (failed || !doc.is_object()) throw Error(SY_INVALID, "crm: the operation's document is not a JSON object");
  return std::move(doc.get_object());
}

net::Request request_of(const std::string& method, std::string path, const json::object* row) {
  net::Request r;
  r.method = method;
  r.path = std::move(path);
  if (row != nullptr) r.body = json::serialize(*row);
  return r;
}

/// The row in an answer, which some servers put into a list of one.
const json::value* row_in(const json::value& body, const Path& path) {
  const json::value* row = at_path(body, path);
  if (row != nullptr && row->is_array()) row = row->get_array().size() == 1 ? &row->get_array()[0] : nullptr;
  return row;
}

bool holds_all(const RecordMap& record, const json::value& row) {
  return std::all_of(record.fields.begin(), record.fields.end(),
                     [&](const FieldMap& f) { return at_path(row, {f.column.front()}) != nullptr; });
}

/// The last step of an address: "…/contacts/42", "…/contacts(42)", "…/contacts('a''b')".
std::string id_in_address(std::string_view address) {
  address = address.substr(0, address.find_first_of("?#"));
  while (address.ends_with('/')) address.remove_suffix(1);
  if (address.ends_with(')')) {
    address.remove_suffix(1);
    address.remove_prefix(std::min(address.size(), address.rfind('(') + 1));
    if (address.size() >= 2 && address.front() == '\'' && address.back() == '\'') {
      std::string out = net::decode(address.substr(1, address.size() - 2));
      for (std::size_t at = out.find("''"); at != std::string::npos; at = out.find("''", at + 1)) out.erase(at, 1);
      return out;
    }
    return net::decode(address);
  }
  return net::decode(address.substr(address.rfind('/') + 1));
}

std::string joined(const std::vector<std::string>& names) {
  return names.empty() ? std::string() : json::serialize(json::value_from(names));
}

}  // namespace

Caps Records::caps(std::string_view kind) const {
  const RecordMap* r = mapping().record(kind);
  if (r == nullptr) return {};
  const bool keyed = mapping().client_id && !ids_ignored_;
  const bool by_token = !r->token.empty() && mapping().can_query();
  const bool by_message = kind == "email" && r->field("message_id") != nullptr && mapping().can_query();
  Caps out;
  out.max_batch = 50;
  if (r->creates) out.flags |= SY_CAN_CREATE;
  if (r->updates) out.flags |= SY_CAN_UPDATE;
  if (r->deletes) out.flags |= SY_CAN_DELETE;
  if (mapping().etag != Etag::none) out.flags |= SY_IF_VERSION;
  if (keyed) out.flags |= SY_TOKEN_KEYED;
  if (mapping().client_id || by_token || by_message) out.flags |= SY_TOKEN_FIND;
  out.settle_ms = r->settle_ms;
  json::array fields;
  for (const FieldMap& f : r->fields)
    if (std::find(fields.begin(), fields.end(), json::value(f.top())) == fields.end()) fields.emplace_back(f.top());
  out.fields = json::serialize(fields);
  return out;
}

Found Records::read(const Host& host, const Call& call, const RecordMap& record, std::string_view id) {
  const std::string what = "GET " + record.set;
  Web::Answer answer = web_->ask(host, call, request_of("GET", web_->item(mapping().one, record, id), nullptr));
  Found out;
  const int status = answer.response.status;
  if (status == 410 || status == 404 || status == 403) {
    out.missing = status == 410 || (status == 404 && mapping().missing_is_gone) ? SY_ITEM_GONE : SY_ITEM_INVISIBLE;
    return out;
  }
  try {
    web_->require_success(answer, what);
  } catch (const Refused& e) {
    if (e.code() != SY_GONE) throw;  // an error inside a success can say so too
    out.missing = mapping().missing_is_gone ? SY_ITEM_GONE : SY_ITEM_INVISIBLE;
    return out;
  }
  const json::value* row = row_in(answer.body, mapping().one.row);
  if (row == nullptr || !row->is_object()) {
    if (row == nullptr || !row->is_null())
      if (!answer.body.is_null() && at_path(answer.body, mapping().one.row) == nullptr)
        throw Error(SY_CONFIG, "crm: " + what + ": the answer holds no record; correct one.row in the mapping");
    out.missing = SY_ITEM_INVISIBLE;
    return out;
  }
  if (lower(id_of(*row, record.key)) != lower(id))
    throw Error(SY_CONFIG, "crm: " + what +
                               ": the answer is another record than the one that was asked for; correct "
                               "one.path and records." +
                               record.kind + ".key in the mapping");
  out.etag = answer.response.headers.get("ETag");
  out.row = *row;
  return out;
}

Item Records::item(const Host& host, const RecordMap& record, std::string id, const Found& found) const {
  Item out;
  out.kind = record.kind;
  out.id = std::move(id);
  if (!found.row) {
    out.flags = found.missing;
    return out;
  }
  out.version = version_of(mapping(), record, *found.row);
  out.changed_ms = instant_at(*found.row, record.changed).value_or(instant_at(*found.row, record.created).value_or(0));
  if (record.kind == "email") return out;
  try {
    out.doc = json::serialize(document_of(record, *found.row));
    out.marks = marks_of(record, *found.row);
  } catch (const Unreadable& e) {
    host.log(SY_WARN, out.id, "crm: " + record.set + ": " + e.why + "; the record is left alone until it does");
    out.flags = SY_ITEM_INVISIBLE;
  }
  return out;
}

void Records::fetch(const Host& host, const Call& call, const RecordMap& record, std::span<const std::string_view> ids,
                    const ItemSink& sink) {
  std::map<std::string, Found, std::less<>> got;
  for (std::size_t at = 0; mapping().many && ids.size() > 1 && at < ids.size(); at += ids_per_request) {
    std::vector<std::string> some;
    for (const std::string_view id : ids.subspan(at, std::min(ids_per_request, ids.size() - at))) some.emplace_back(id);
    web_->rows(host, call, web_->many(record, some), "GET " + record.set, [&](const json::value& row) {
      got.emplace(lower(id_of(row, record.key)), Found{row, 0, {}});
      return true;
    });
  }
  for (const std::string_view id : ids) {
    call.check();
    const auto known = got.find(lower(id));  // what the list lacks is asked for by itself: only that answer tells why
    const Item out =
        item(host, record, std::string(id), known != got.end() ? known->second : read(host, call, record, id));
    if (!sink(out)) throw Error(SY_CANCELED, "the receiver asked for no more");
  }
}

/// The first row whose column really holds the value: some servers ignore a filter that they do not know.
std::optional<json::value> Records::by_column(const Host& host, const Call& call, const RecordMap& record,
                                              const Path& column, const std::string& value, bool quoted,
                                              const std::function<bool(const json::value&)>& fits) {
  std::optional<json::value> out;
  web_->rows(host, call, web_->equal(record.set, record.query, columns_of(record), column, value, quoted),
             "GET " + record.set, [&](const json::value& row) {
               if (lower(text_at(row, column)) != lower(value) || !fits(row)) return true;
               if (!out || id_of(row, record.key) < id_of(*out, record.key)) out = row;
               return true;
             });
  return out;
}

std::optional<Item> Records::find(const Host& host, const Call& call, const RecordMap& record, const Operation& op) {
  const auto any = [](const json::value&) { return true; };
  Found found;
  if (mapping().client_id) {
    found = read(host, call, record, op.token);
    if (found.row) return item(host, record, id_of(*found.row, record.key), found);
  }
  if (!record.token.empty() && mapping().can_query()) {
    found.row = by_column(host, call, record, record.token, op.token, record.text_token, any);
  } else if (const FieldMap* by = record.field("message_id"); record.kind == "email" && by != nullptr) {
    const json::object doc = document(op);
    const std::string message = text_at(doc, {"message_id"}), direction = text_at(doc, {"direction"});
    const FieldMap* way = record.field("direction");
    std::vector<std::string> ignored;
    const auto same_way = [&](const json::value& row) {
      if (way == nullptr) return true;
      for (const auto& [word, value] : way->values)
        if (word == direction) {
          const json::value* there = at_path(row, way->column);
          return there != nullptr && same_value(*there, value);
        }
      return text_at(row, way->column) == direction;
    };
    if (!message.empty()) found.row = by_column(host, call, record, by->column, message, true, same_way);
  } else if (!mapping().client_id) {
    throw Error(SY_UNSUPPORTED, "crm: the mapping gives no way to find a record by its token");
  }
  if (!found.row) return std::nullopt;
  return item(host, record, id_of(*found.row, record.key), found);
}

std::string Records::made_id(const Host& host, const Call& call, const RecordMap& record, const Operation& op,
                             const Web::Answer& answer) {
  const json::value* row = row_in(answer.body, mapping().create.row);
  if (row == nullptr) row = &answer.body;
  std::string id;
  if (row->is_object()) {
    id = id_of(*row, record.key);
  } else if (row->is_number() || row->is_string()) {  // the bare id; a text may be mere politeness
    id = id_of(json::object{{"id", *row}}, {"id"});
    if (row->is_string() && !id.empty() && !read(host, call, record, id).row) id.clear();
  }
  for (const char* header : {"OData-EntityId", "Location"})
    if (id.empty()) id = id_in_address(answer.response.headers.get(header));
  if (id.empty() && mapping().client_id) id = op.token;
  if (id.empty())
    if (const auto found = find(host, call, record, op)) id = found->id;
  if (id.empty())
    throw Error(SY_INVALID, "crm: POST " + record.set +
                                ": the record was made, but neither the answer nor a query tells "
                                "its id; map a token column, so that it can be found");
  if (mapping().client_id && lower(id) != lower(op.token) && !ids_ignored_.exchange(true))
    host.log(SY_ERROR, "",
             "crm: " + record.set +
                 ": the server chose an id of its own although it was given one; set "
                 "capabilities.client_id to false in the mapping");
  return id;
}

Done Records::done(const Host& host, const Call& call, const RecordMap& record, const std::string& id,
                   const RequestMap& request, const Web::Answer& answer) {
  Found found;
  const json::value* row = request.wants_row ? row_in(answer.body, request.row) : nullptr;
  const bool complete = row != nullptr && row->is_object() && id_of(*row, record.key) == id &&
                        holds_all(record, *row) &&
                        (mapping().etag != Etag::row || !text_at(*row, mapping().etag_column).empty());
  if (complete)
    found.row = *row;
  else
    found = read(host, call, record, id);
  Done out;
  out.id = id;
  if (!found.row) return out;  // deleted in the same moment: the next reading tells
  const Item i = item(host, record, id, found);
  out.version = i.version;
  out.doc = i.doc;
  out.changed_ms = i.changed_ms;
  return out;
}

Done Records::create(const Host& host, const Call& call, const RecordMap& record, const Operation& op,
                     json::object row) {
  for (const auto& [name, value] : record.constants)
    if (!row.contains(name)) row[name] = value;
  if (!record.token.empty()) put_at(row, record.token, json::value(op.token));
  const bool keyed = mapping().client_id;
  if (keyed) put_at(row, record.key, json::value(op.token));
  net::Request request = request_of(mapping().create.method, web_->item(mapping().create, record, op.token), &row);
  if (mapping().create.only_new) request.headers.emplace_back("If-None-Match", "*");
  if (mapping().create.wants_row) request.headers.emplace_back("Prefer", "return=representation");
  const std::string what = mapping().create.method + " " + record.set;
  Web::Answer answer;
  try {
    answer = web_->must(host, call, std::move(request), what);
  } catch (const Refused& e) {
    if (e.code() == SY_GONE || e.status() == 404 || e.status() == 405)  // of the collection, not of a record
      throw Error(SY_CONFIG, std::string(e.what()) + "; check records." + record.kind + ".set and create.path", 0,
                  e.server_code());
    if (e.status() == 412 && keyed) throw Refused(e.status(), SY_EXISTS, e.what(), 0, e.server_code());
    if (e.code() == SY_EXISTS && !keyed && record.token.empty())
      throw Refused(e.status(), SY_INVALID, e.what(), 0, e.server_code());  // a twin by the server's own rules
    throw;
  }
  return done(host, call, record, made_id(host, call, record, op, answer), mapping().create, answer);
}

/// The record as it is now, checked against the version that the change rests on. Without an etag this is all the
/// protection there is.
Records::Current Records::current(const Host& host, const Call& call, const RecordMap& record, const Operation& op) {
  Current out;
  out.found = read(host, call, record, op.id);
  if (!out.found.row) throw Error(SY_GONE, "crm: this record of " + record.set + " is not there any more");
  if (!op.if_version.empty() && version_of(mapping(), record, *out.found.row) != op.if_version)
    throw Error(SY_CONFLICT, "crm: somebody changed this record of " + record.set + " meanwhile; it is read again");
  if (mapping().etag == Etag::row) out.if_match = text_at(*out.found.row, mapping().etag_column);
  if (mapping().etag == Etag::header) {
    out.if_match = out.found.etag;
    if (out.if_match.empty())
      throw Error(SY_CONFIG,
                  "crm: answers for " + record.set + " bear no ETag header; set capabilities.etag to \"none\"");
  }
  return out;
}

json::object Records::changed_row(const std::vector<Change>& changes, const std::optional<json::value>& now) const {
  json::object out;
  if (mapping().update.whole && now) {
    out = now->as_object();
    const std::vector<std::string>& drop = mapping().read_only;
    for (auto at = out.begin(); at != out.end();) {
      const bool note = at->key().find('@') != json::string_view::npos;
      const bool dropped = std::find(drop.begin(), drop.end(), std::string(at->key())) != drop.end();
      at = note || dropped ? out.erase(at) : at + 1;
    }
  }
  for (const Change& c : changes) {
    const std::string& top = c.column.front();
    if (c.column.size() > 1 && !out.contains(top) && now)  // the rest of a nested value stays as it is
      if (const json::value* there = at_path(*now, {top})) out[top] = *there;
    put_at(out, c.column, c.value);
  }
  return out;
}

Done Records::update(const Host& host, const Call& call, const RecordMap& record, const Operation& op) {
  std::vector<std::string> never;
  const std::vector<Change> changes = changes_of(mapping(), record, document(op), field_names(op), never);
  const bool nested = std::any_of(changes.begin(), changes.end(), [](const Change& c) { return c.column.size() > 1; });
  Current now;
  now.if_match = op.if_version;
  if (mapping().etag != Etag::row || mapping().update.whole || nested || op.if_version.empty())
    now = current(host, call, record, op);
  const json::object row = changed_row(changes, now.found.row);
  Web::Answer answer;
  if (!changes.empty()) {
    net::Request request = request_of(mapping().update.method, web_->item(mapping().update, record, op.id), &row);
    if (!now.if_match.empty() && mapping().etag != Etag::none) request.headers.emplace_back("If-Match", now.if_match);
    if (mapping().update.wants_row) request.headers.emplace_back("Prefer", "return=representation");
    try {
      answer = web_->must(host, call, std::move(request), mapping().update.method + " " + record.set);
    } catch (const Refused& e) {
      if (e.code() == SY_EXISTS) throw Refused(e.status(), SY_CONFLICT, e.what(), 0, e.server_code());
      throw;
    }
  }
  Done out = done(host, call, record, op.id, mapping().update, answer);
  out.never = joined(never);
  return out;
}

Done Records::remove(const Host& host, const Call& call, const RecordMap& record, const Operation& op) {
  std::string if_match = op.if_version;
  if (mapping().etag != Etag::row || if_match.empty()) if_match = current(host, call, record, op).if_match;
  net::Request request = request_of(mapping().remove.method, web_->item(mapping().remove, record, op.id), nullptr);
  if (!if_match.empty() && mapping().etag != Etag::none) request.headers.emplace_back("If-Match", if_match);
  web_->must(host, call, std::move(request), mapping().remove.method + " " + record.set);
  Done out;
  out.id = op.id;
  return out;
}

}  // namespace syncline::crm
