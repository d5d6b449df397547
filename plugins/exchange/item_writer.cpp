#include "item_writer.hpp"

#include <array>
#include <boost/json.hpp>

namespace syncline::exchange {
namespace json = boost::json;
namespace {

json::object document_of(const Operation& op) {
  boost::system::error_code failed;
  json::value value = json::parse(op.doc.empty() ? std::string("{}") : op.doc, failed);
  if (failed || !value.is_object()) throw Error(SY_INVALID, "the document of the operation is not a JSON object");
  return std::move(value.get_object());
}

std::vector<std::string> fields_of(const Operation& op) {
  boost::system::error_code failed;
  const json::value value = json::parse(op.fields.empty() ? std::string("[]") : op.fields, failed);
  if (failed || !value.is_array()) throw Error(SY_INVALID, "the operation's list of fields is not a JSON array");
  std::vector<std::string> out;
  for (const json::value& field : value.get_array())
    if (field.is_string()) out.emplace_back(field.get_string());
  return out;
}

std::string list_of(const std::vector<std::string>& names) {
  return names.empty() ? std::string() : json::serialize(json::value_from(names));
}

}  // namespace

WriteContext ItemWriter::context(const Operation& op) const {
  WriteContext out;
  out.now_ms = session_.host().now_ms();
  // grommunio answers as an early Exchange 2013 and stores what it gets.
  out.derives_task_state = !session_.build().starts_with("15.0.847.");
  if (op.verb == SY_CREATE && !op.token.empty()) {
    ItemMark mark;
    mark.token = op.token;
    mark.mailbox = session_.account().address;
    out.mark = std::move(mark);
  }
  return out;
}

Done ItemWriter::read_back(const Call& call, std::string_view kind, const std::string& id,
                           const std::vector<std::string>& never) {
  const ItemRead now = items_.now(call, kind, id);
  const Item item = items_.item(kind, id, now);
  Done done;
  done.id = id;
  done.version = item.version;
  done.doc = item.doc;
  done.changed_ms = item.changed_ms;
  done.never = list_of(never);
  return done;
}

ItemRead ItemWriter::unmoved(const Call& call, const Operation& op) {
  ItemRead now = items_.now(call, op.kind, op.id);
  if (!op.if_version.empty() && now.change_key != op.if_version)
    throw Refused(SY_CONFLICT, Scope::ITEM, "exchange: the item was changed meanwhile; it is read again", 0, {});
  if (now.recurring)
    throw Refused(SY_INVALID, Scope::ITEM,
                  "exchange: a task that comes again cannot be written by us; change it in the mailbox", 0, {});
  return now;
}

Done ItemWriter::create(const Call& call, const Operation& op) {
  const auto names = folders_.of_kind(op.kind);
  if (names.empty()) throw Error(SY_UNSUPPORTED, "folders names none for items of the kind " + op.kind);
  const FolderId& folder = folders_.id_of(session_, call, names.front());
  const Created made = exchange::create(op.kind, document_of(op), context(op));
  const Query query = create_item(folder, {}, made.xml);
  const ItemId id = written(session_, query, session_.send(call, query));
  if (id.id.empty()) throw Error(SY_RETRY, "exchange: CreateItem: the answer does not say what was made");
  return read_back(call, op.kind, id.id, made.never);
}

Done ItemWriter::update(const Call& call, const Operation& op) {
  const ItemRead now = unmoved(call, op);
  const Updated changed = exchange::update(op.kind, document_of(op), fields_of(op), now, context(op));
  ItemId at{op.id, now.change_key};
  for (int step = 0; step < 2; ++step) {
    std::string xml;
    for (const Change& change : changed.changes)
      if (change.step == step) xml += change.xml;
    if (xml.empty()) continue;
    const Query query = update_item(at, xml);
    const ItemId answered = written(session_, query, session_.send(call, query));
    if (!answered.change_key.empty()) at.change_key = answered.change_key;
  }
  return read_back(call, op.kind, op.id, changed.never);
}

Done ItemWriter::remove(const Call& call, const Operation& op) {
  const ItemRead now = unmoved(call, op);
  const Query query = delete_item({op.id, now.change_key}, op.kind == "task");
  static_cast<void>(written(session_, query, session_.send(call, query)));
  Done done;
  done.id = op.id;
  return done;
}

Done ItemWriter::carry_out(const Call& call, const Operation& op) {
  try {
    switch (op.verb) {
      case SY_CREATE: return create(call, op);
      case SY_UPDATE: return update(call, op);
      case SY_DELETE: return remove(call, op);
      default: throw Error(SY_UNSUPPORTED, "there is no such operation");
    }
  } catch (const Refused& e) {
    if (e.scope() != Scope::ITEM) throw;
    return Done::failed(e);
  } catch (const Error& e) {
    if (e.code() != SY_INVALID && e.code() != SY_UNSUPPORTED) throw;
    return Done::failed(e);
  }
}

std::optional<Item> ItemWriter::find(const Call& call, const Operation& create) {
  std::vector<FolderId> where;
  for (const FolderName& name : folders_.of_kind(create.kind)) where.push_back(folders_.id_of(session_, call, name));
  const auto found = find_items(session_, call, where, listing_shape(), token_restriction(create.token));
  for (const ItemId& id : found) {  // the oldest is ours; a copy that a person made bears the token too (H-26)
    try {
      return items_.item(create.kind, id.id, items_.now(call, create.kind, id.id));
    } catch (const Refused& e) {
      if (e.code() != SY_GONE) throw;
    }
  }
  return std::nullopt;
}

}  // namespace syncline::exchange
