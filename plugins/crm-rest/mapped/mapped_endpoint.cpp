#include "mapped/mapped_endpoint.hpp"

#include <algorithm>

#include "mail.hpp"

namespace syncline::crm {
namespace json = boost::json;
namespace {

bool of_the_call(const Error& e) {
  if (const auto* refused = dynamic_cast<const Refused*>(&e)) return refused->of_the_call();
  return e.code() == SY_RETRY || e.code() == SY_AUTH || e.code() == SY_CANCELED || e.code() == SY_FULL;
}

std::string member(const json::object& o, std::string_view name) {
  const json::value* v = o.if_contains(name);
  return v != nullptr && v->is_string() ? std::string(v->get_string()) : std::string();
}

/// "ann@a.test, bob@b.test" of a list of parties; a single one is itself.
json::value addresses(const json::value& v) {
  std::string out;
  const auto add = [&](const json::value& p) {
    const json::object* party = p.if_object();
    if (const std::string a = party == nullptr ? std::string() : member(*party, "address"); !a.empty())
      out += (out.empty() ? "" : ", ") + a;
  };
  if (const json::array* list = v.if_array())
    for (const json::value& p : *list) add(p);
  else
    add(v);
  return json::value(out);
}

}  // namespace

Directory* MappedEndpoint::directory() {
  const Mapping& m = records_->mapping();
  return m.principals.empty() && m.people.empty() && m.record("email") == nullptr ? nullptr : &directory_;
}

const RecordMap& MappedEndpoint::record(std::string_view kind) const {
  if (const RecordMap* r = records_->mapping().record(kind)) return *r;
  throw Error(SY_UNSUPPORTED, "crm: the mapping carries no " + std::string(kind) + "; add it to \"records\"");
}

void MappedEndpoint::fetch(const Call& call, std::string_view kind, std::span<const std::string_view> ids, int,
                           const ItemSink& sink) {
  records_->fetch(host_, call, record(kind), ids, sink);
}

std::optional<Item> MappedEndpoint::find(const Call& call, const Operation& op) {
  return records_->find(host_, call, record(op.kind), op);
}

/// A mail's texts: the addresses, the body, and the columns that point to the people whom it concerns.
json::object MappedEndpoint::mail_row(const Call&, const RecordMap& r, const json::object& doc,
                                      std::vector<std::string>& never) {
  json::object flat = doc;
  for (const char* field : {"from", "sender", "to", "cc", "bcc"})
    if (const json::value* v = doc.if_contains(field)) flat[field] = addresses(*v);
  json::object row;
  for (Change& c : changes_of(records_->mapping(), r, flat, {}, never)) put_at(row, c.column, std::move(c.value));
  const json::value* body = doc.if_contains("body");
  const FieldMap *text = r.field("body"), *type = r.field("body.type");
  if (body != nullptr && body->is_object() && text != nullptr) {
    bool cut = false;
    std::string content;
    try {
      content = body_text(host_, member(body->get_object(), "blob"), text->max, cut);
    } catch (const Error& e) {
      if (e.code() != SY_GONE) throw;
      throw Error(SY_BROKEN, "the body of this mail is no longer in the spool; it must be read from the mailbox again",
                  0, "source_gone");
    }
    if (cut) never.emplace_back("body");
    put_at(row, text->column, json::value(content));
    if (type != nullptr) {
      const std::string word = member(body->get_object(), "type");
      json::value value(word);
      for (const auto& [name, remote] : type->values)
        if (name == word) value = remote;
      put_at(row, type->column, std::move(value));
    }
  }
  if (const json::value* files = doc.if_contains("attachments");
      files != nullptr && files->is_array() && !files->get_array().empty())
    never.emplace_back("attachments");
  const json::value* parties = doc.if_contains("parties");
  const json::value* regarding = doc.if_contains("regarding");
  for (const auto& [kind, column] : r.links) {
    std::string id;
    const auto take = [&, &type = kind](const json::value& v) {
      if (id.empty() && v.is_object() && member(v.get_object(), "type") == type) id = member(v.get_object(), "id");
    };
    if (regarding != nullptr) take(*regarding);
    if (parties != nullptr && parties->is_array())
      for (const json::value& p : parties->get_array()) take(p);
    if (!id.empty()) put_at(row, column, json::value(id));
  }
  return row;
}

Done MappedEndpoint::create(const Call& call, const RecordMap& r, const Operation& op) {
  boost::system::error_code failed;
  const json::value doc = json::parse(op.doc, failed);
  if (failed || !doc.is_object()) throw Error(SY_INVALID, "crm: the operation's document is not a JSON object");
  std::vector<std::string> never;
  json::object row;
  if (r.kind == "email") {
    if (r.token.empty() && !records_->mapping().client_id && member(doc.get_object(), "message_id").empty())
      throw Error(SY_INVALID,
                  "crm: this mail has no Message-ID and the mapping names no token column, so it could be "
                  "made twice; map a token column, then retry it");
    row = mail_row(call, r, doc.get_object(), never);
  } else {
    for (Change& c : changes_of(records_->mapping(), r, doc.get_object(), {}, never))
      put_at(row, c.column, std::move(c.value));
  }
  if (const std::string& owner = r.owner.empty() ? std::string() : directory_.owner(call); !owner.empty())
    put_at(row, r.owner, json::value(owner));
  Done out = records_->create(host_, call, r, op, std::move(row));
  if (!never.empty()) out.never = json::serialize(json::value_from(never));
  return out;
}

Done MappedEndpoint::one(const Call& call, const Operation& op) {
  const RecordMap& r = record(op.kind);
  const bool offered = op.verb == SY_CREATE ? r.creates : op.verb == SY_UPDATE ? r.updates : r.deletes;
  if (!offered)
    throw Error(SY_UNSUPPORTED, "crm: the mapping does not let records of " + r.set + " be " +
                                    (op.verb == SY_CREATE   ? "made"
                                     : op.verb == SY_UPDATE ? "changed"
                                                            : "deleted") +
                                    "; see records." + r.kind + ".write");
  if (op.verb == SY_CREATE) return create(call, r, op);
  return op.verb == SY_UPDATE ? records_->update(host_, call, r, op) : records_->remove(host_, call, r, op);
}

void MappedEndpoint::apply(const Call& call, std::span<const Operation> ops, const DoneSink& done) {
  for (std::size_t i = 0; i < ops.size(); ++i) {
    call.check();
    Done result;
    try {
      result = one(call, ops[i]);
    } catch (const Error& e) {
      if (of_the_call(e)) throw;
      result = Done::failed(e);
    }
    done(i, result);
  }
}

}  // namespace syncline::crm
