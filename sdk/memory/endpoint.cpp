#include "endpoint.hpp"

#include <algorithm>
#include <chrono>
#include <thread>

#include "record.hpp"

namespace syncline::memory {
namespace {

bool known(std::string_view kind) { return kind == "contact" || kind == "task" || kind == "email"; }

json::object parse_doc(const std::string& doc) {
  boost::system::error_code failed;
  json::value v = json::parse(doc, failed);
  if (failed || !v.is_object()) throw Error(SY_INVALID, "the document is not a JSON object");
  return std::move(v.get_object());
}

std::vector<std::string> parse_fields(const std::string& fields) {
  std::vector<std::string> out;
  if (fields.empty()) return out;
  boost::system::error_code failed;
  const json::value v = json::parse(fields, failed);
  if (failed || !v.is_array()) throw Error(SY_INVALID, "the list of fields is not a JSON array");
  for (const json::value& f : v.get_array()) out.emplace_back(f.as_string());
  return out;
}

}  // namespace

void wait_for_end(const Call& call) {
  while (!call.canceled()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
}

Item item_of(const System& system, const Record& r) {
  Item out;
  out.kind = r.kind;
  out.id = r.id;
  out.version = r.version_text();
  out.changed_ms = r.changed_ms;
  if (r.gone) {
    out.flags = SY_ITEM_GONE;
    out.version.clear();
    return out;
  }
  if (r.hidden) {
    out.flags = SY_ITEM_INVISIBLE;
    return out;
  }
  json::object doc = system.features.shown(r.kind, r.doc);
  if (r.kind == "email") {
    for (const char* part : {"body", "attachments", "digest"}) doc.erase(part);
    out.flags |= SY_ITEM_HEAD;
  }
  out.doc = json::serialize(doc);
  json::object marks = r.marks;
  if (system.side == SY_CRM && !r.box.empty()) marks["owner"] = r.box;
  if (!r.token.empty()) marks["token"] = r.token;
  if (!marks.empty()) out.marks = json::serialize(marks);
  return out;
}

MemoryEndpoint::MemoryEndpoint(std::shared_ptr<const System> system, Host host, std::string address)
    : system_(std::move(system)), host_(host), address_(lower(address)) {
  if (system_->side == SY_MAILBOX)
    feeds_ = std::make_unique<MemoryFeeds>(system_, host_, address_);
  else
    directory_ = std::make_unique<MemoryDirectory>(system_, host_);
}

Caps MemoryEndpoint::caps(std::string_view kind) {
  if (!known(kind)) return {};
  const Features& f = system_->features;
  Caps out;
  out.max_batch = f.max_batch;
  out.settle_ms = f.settle_ms;
  out.fields = f.carried_json(std::string(kind));
  out.flags = SY_MARKS;
  if (f.states && system_->side == SY_MAILBOX) out.flags |= SY_STATES;
  if (kind == "email" && system_->side == SY_MAILBOX) {
    if (f.consumes) out.flags |= SY_CONSUMES | SY_CAN_DELETE;
    return out;
  }
  out.flags |= SY_CAN_CREATE | SY_CAN_UPDATE | SY_CAN_DELETE | (f.if_version ? std::uint32_t{SY_IF_VERSION} : 0u);
  if (f.keyed) out.flags |= SY_TOKEN_KEYED;
  if (f.find) out.flags |= SY_TOKEN_FIND;
  return out;
}

json::object MemoryEndpoint::with_blobs(const Record& r) const {
  json::object doc = system_->features.shown(r.kind, r.doc);
  const auto fill = [&](json::object& of, const std::string& part) {
    json::object source = of;  // what another person put there stands in the document itself
    if (const json::value* uploaded = r.parts.if_contains(part); uploaded != nullptr) source = uploaded->as_object();
    for (const char* inner : {"text", "base64"}) of.erase(inner);
    if (!source.contains("text") && !source.contains("base64")) return;
    const std::string bytes = bytes_of(source);
    BlobWriter w(host_, r.id, part);
    for (std::size_t at = 0; at < bytes.size(); at += 65536) w.append(std::string_view(bytes).substr(at, 65536));
    of["blob"] = w.finish();
    of["size"] = bytes.size();
  };
  if (json::value* body = doc.if_contains("body"); body != nullptr && body->is_object())
    fill(body->get_object(), "body");
  if (json::value* list = doc.if_contains("attachments"); list != nullptr && list->is_array())
    for (json::value& a : list->get_array())
      if (a.is_object()) fill(a.get_object(), text_at(a.get_object(), "key"));
  return doc;
}

void MemoryEndpoint::within_batch(std::size_t count) const {
  const std::uint32_t most = system_->features.max_batch;
  if (most != 0 && count > most)
    throw Error(SY_INVALID, std::to_string(count) + " in one call, and this system takes " + std::to_string(most));
}

void MemoryEndpoint::fetch(const Call& call, std::string_view kind, std::span<const std::string_view> ids, int depth,
                           const ItemSink& sink) {
  if (!known(kind)) throw Error(SY_UNSUPPORTED, "memory carries no " + std::string(kind));
  within_batch(ids.size());
  for (const std::string_view id : ids) {
    host_.count("requests");
    with_patience(call, [&] {
      system_->world->read({system_->side, "fetch", std::string(kind), std::string(id), false}, host_.now_ms());
    });
    const auto r = system_->world->record(system_->side, std::string(id));
    const bool there = r && !r->gone && r->kind == kind && (system_->side == SY_CRM || r->box == address_);
    Item item;
    if (there) {
      item = item_of(*system_, *r);
      if (kind == "email" && depth == SY_WHOLE) {
        item.doc = json::serialize(with_blobs(*r));
        item.flags &= ~std::uint32_t{SY_ITEM_HEAD};
      }
    } else {
      item.kind = kind;
      item.id = id;
      item.flags = system_->features.missing_invisible ? SY_ITEM_INVISIBLE : SY_ITEM_GONE;
    }
    if (!sink(item)) return;
  }
}

std::optional<Item> MemoryEndpoint::find(const Call& call, const Operation& create) {
  if (!known(create.kind) || !system_->features.find)
    throw Error(SY_UNSUPPORTED, "this system cannot find an item by its token");
  host_.count("requests");
  with_patience(
      call, [&] { system_->world->read({system_->side, "find", create.kind, create.token, false}, host_.now_ms()); });
  const auto r = system_->world->by_token(system_->side, create.token);
  if (!r || r->kind != create.kind || r->born_ms + system_->features.settle_ms > host_.now_ms()) return std::nullopt;
  Item out = item_of(*system_, *r);
  if (r->partial) out.flags |= SY_ITEM_PARTIAL;
  return out;
}

std::string MemoryEndpoint::box() const {
  if (system_->side == SY_MAILBOX) return address_;
  const json::value who = system_->world->identity(address_);
  return who.is_null() ? std::string() : text_at(who.at("principal").as_object(), "id");
}

Record MemoryEndpoint::send(const Call& call, const Write& w, std::string_view what) {
  return with_patience(call, [&] {
    const Effect effect(host_, what);
    host_.count("requests");
    return system_->world->write(w, host_.now_ms());
  });
}

void MemoryEndpoint::apply(const Call& call, std::span<const Operation> ops, const DoneSink& sink) {
  within_batch(ops.size());
  for (std::size_t i = 0; i < ops.size(); ++i) {
    call.check();
    try {
      sink(i, run(call, ops[i]));
    } catch (const Error& e) {
      if (e.code() == SY_AUTH || e.code() == SY_CANCELED) throw;  // the rest would fare no better
      sink(i, Done::failed(e));
    }
  }
}

Done MemoryEndpoint::mark(const Call& call, const Operation& op) {
  Write w;
  w.request = {system_->side, "mark", op.kind, op.id, true};
  if (system_->features.if_version) w.if_version = op.if_version;
  w.marks = parse_doc(op.marks);
  const Record r = send(call, w, "mark " + op.kind);
  Done done;
  done.id = r.id;
  done.version = r.version_text();
  done.changed_ms = r.changed_ms;
  return done;
}

Done MemoryEndpoint::run(const Call& call, const Operation& op) {
  const std::uint32_t needed = op.verb == SY_CREATE   ? SY_CAN_CREATE
                               : op.verb == SY_UPDATE ? SY_CAN_UPDATE
                               : op.verb == SY_MARK   ? SY_STATES
                                                      : SY_CAN_DELETE;
  if (op.verb < SY_CREATE || op.verb > SY_MARK || (caps(op.kind).flags & needed) == 0)
    throw Error(SY_UNSUPPORTED, "memory cannot do this to " + op.kind);
  if (op.verb == SY_MARK) return mark(call, op);
  if (op.kind == "email" && op.verb == SY_CREATE) return create_email(call, op);
  const Features& f = system_->features;
  const char* verb = op.verb == SY_CREATE ? "create" : op.verb == SY_UPDATE ? "update" : "delete";
  Features::Stored stored;
  if (op.verb != SY_DELETE) stored = f.stored(op.verb, op.kind, parse_doc(op.doc), parse_fields(op.fields));
  Write w;
  w.request = {system_->side, verb, op.kind, op.verb == SY_CREATE ? std::string() : op.id, true};
  w.box = op.verb == SY_CREATE ? box() : std::string();
  if (f.if_version) w.if_version = op.if_version;
  w.token = op.token;
  w.keyed = f.keyed;
  w.repeatable = !f.repeat_exists;
  w.keep_token = f.keyed || f.find;
  w.doc = std::move(stored.doc);
  w.fields = stored.fields;
  w.whole = stored.whole;
  if (f.states && op.verb == SY_CREATE && !op.marks.empty()) w.marks = parse_doc(op.marks);
  const Record r = send(call, w, std::string(verb) + " " + op.kind);
  Done done;
  done.id = r.id;
  if (op.verb == SY_DELETE) return done;
  done.version = r.version_text();
  done.changed_ms = r.changed_ms;
  if (f.answer_document) done.doc = item_of(*system_, r).doc;
  if (!stored.never.empty()) done.never = json::serialize(stored.never);
  if (!stored.later.empty()) done.later = json::serialize(stored.later);
  return done;
}

}  // namespace syncline::memory
