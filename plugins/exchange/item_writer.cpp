#include "item_writer.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <exception>
#include <set>

namespace syncline::exchange {
namespace json = boost::json;
namespace {

// What a server takes at once without a pause worth speaking of; a refusal of the whole then costs little.
constexpr std::size_t most_operations = 50;
constexpr std::size_t most_bytes = std::size_t{1} << 20;

json::object object_of(const std::string& text, const char* what) {
  boost::system::error_code failed;
  json::value value = json::parse(text.empty() ? std::string("{}") : text, failed);
  if (failed || !value.is_object())
    throw Error(SY_INVALID, std::string(what) + " of the operation is not a JSON object");
  return std::move(value.get_object());
}

json::object document_of(const Operation& op) { return object_of(op.doc, "the document"); }

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

std::string text_of(const json::object& o, std::string_view name) {
  const json::value* v = o.if_contains(name);
  return v != nullptr && v->is_string() ? std::string(v->get_string()) : std::string();
}

/// An error that speaks of one item; everything else is thrown on.
Done failure(const Error& e) {
  if (const auto* refused = dynamic_cast<const Refused*>(&e); refused != nullptr && refused->scope() != Scope::ITEM)
    throw;
  if (dynamic_cast<const Refused*>(&e) == nullptr && e.code() != SY_INVALID && e.code() != SY_UNSUPPORTED) throw;
  return Done::failed(e);
}

}  // namespace

/// Operations of one verb and kind on different items, and what has become of each.
struct ItemWriter::Group {
  const Call& call;
  std::span<const Operation> ops;
  std::vector<std::optional<ItemRead>> now;
  std::vector<ItemId> written;
  std::vector<std::vector<std::string>> never;
  std::vector<std::optional<Done>> done;

  Group(const Call& c, std::span<const Operation> o)
      : call(c), ops(o), now(o.size()), written(o.size()), never(o.size()), done(o.size()) {}

  [[nodiscard]] const std::string& kind() const { return ops.front().kind; }
  [[nodiscard]] std::vector<std::size_t> open() const {
    std::vector<std::size_t> out;
    for (std::size_t i = 0; i < ops.size(); ++i)
      if (!done[i]) out.push_back(i);
    return out;
  }
  /// What `f` throws about an item is that operation's failure.
  template <class F>
  void each_open(F f) {
    for (const std::size_t i : open()) {
      try {
        f(i);
      } catch (const Error& e) {
        done[i] = failure(e);
      }
    }
  }
};

WriteContext ItemWriter::context(const Operation& op, const ItemRead* now) const {
  WriteContext out;
  out.now_ms = session_.host().now_ms();
  // grommunio answers as an early Exchange 2013 and stores what it gets.
  out.derives_task_state = !session_.build().starts_with("15.0.847.");
  const bool marks = op.verb == SY_MARK || (op.verb == SY_CREATE && (!op.token.empty() || !op.marks.empty()));
  if (!marks) return out;
  const json::object wanted = object_of(op.marks, "the marks");
  ItemMark mark = now != nullptr ? now->mark : ItemMark{};
  if (op.verb == SY_CREATE) mark.token = op.token;
  mark.mailbox = session_.account().address;
  mark.item = op.id;
  mark.organization = text_of(wanted, "organization");
  mark.record = text_of(wanted, "record");
  if (const json::value* state = wanted.if_contains("state")) {
    mark.state = json::serialize(*state);
    if (crm_marks_) out.crm = CrmMark{mark.record, mark.organization, static_cast<int>(state->to_number<int>())};
  }
  out.mark = std::move(mark);
  return out;
}

void ItemWriter::send(Group& group, const Query& query, std::span<const std::size_t> which,
                      const std::function<void(std::size_t, const ResponseMessage&)>& took) {
  const Answer answer = session_.send(group.call, query);
  if (answer.messages().size() != which.size())
    throw Error(SY_RETRY,
                "exchange: " + query.name + ": the server answered for another number of items than were asked for");
  std::exception_ptr ends;
  for (std::size_t n = 0; n < which.size(); ++n) {
    const ResponseMessage& message = answer.messages()[n];
    try {
      if (message.error) throw session_.refused(query.name, message);
      took(which[n], message);
    } catch (const Refused& e) {
      if (e.scope() == Scope::ITEM)
        group.done[which[n]] = Done::failed(e);
      else if (!ends)
        ends = std::current_exception();
    }
  }
  if (!ends) return;
  for (const std::size_t i : which) {  // what was made is told, so that nobody has to search for it
    if (group.done[i] || group.written[i].id.empty() || group.ops[i].verb != SY_CREATE) continue;
    Done done;
    done.id = group.written[i].id;
    done.version = group.written[i].change_key;
    done.never = list_of(group.never[i]);
    group.done[i] = std::move(done);
  }
  std::rethrow_exception(ends);
}

void ItemWriter::read_unmoved(Group& group) {
  std::map<std::string, std::size_t> by_id;
  std::vector<std::string> ids;
  for (const std::size_t i : group.open()) {
    by_id.emplace(group.ops[i].id, i);
    ids.push_back(group.ops[i].id);
  }
  items_.fetch(group.call, group.kind(), ids, [&](const std::string& id, const ItemRead* read, const Item& item) {
    const auto at = by_id.find(id);
    if (at == by_id.end()) return true;
    const Operation& op = group.ops[at->second];
    std::optional<Done>& done = group.done[at->second];
    if (read == nullptr)
      done = Done::failed(item.gone() ? Error(SY_GONE, "exchange: the item is not in the mailbox any more")
                                      : Error(SY_RETRY, "exchange: the item cannot be read now, so it is not written"));
    else if (!op.if_version.empty() && read->change_key != op.if_version)
      done = Done::failed(Error(SY_CONFLICT, "exchange: the item was changed meanwhile; it is read again"));
    else if (read->recurring && op.verb != SY_MARK)
      done = Done::failed(
          Error(SY_INVALID, "exchange: a task that comes again cannot be written by us; change it in the mailbox"));
    else
      group.now[at->second] = *read;
    return true;
  });
}

void ItemWriter::read_back(Group& group) {
  std::map<std::string, std::size_t> by_id;
  std::vector<std::string> ids;
  for (const std::size_t i : group.open())
    if (!group.written[i].id.empty() && by_id.emplace(group.written[i].id, i).second)
      ids.push_back(group.written[i].id);
  items_.fetch(group.call, group.kind(), ids, [&](const std::string& id, const ItemRead* read, const Item& item) {
    const auto at = by_id.find(id);
    if (at == by_id.end()) return true;
    Done done;
    done.id = id;
    done.never = list_of(group.never[at->second]);
    if (read != nullptr) {
      done.version = item.version;
      done.doc = item.doc;
      done.changed_ms = item.changed_ms;
    } else {  // written, and taken away or out of sight since: what was sent is all that is known of it
      done.version = group.written[at->second].change_key;
    }
    group.done[at->second] = std::move(done);
    return true;
  });
}

void ItemWriter::create(Group& group) {
  const auto names = folders_.of_kind(group.kind());
  if (names.empty()) throw Error(SY_UNSUPPORTED, "folders names none for items of the kind " + group.kind());
  const FolderId& folder = folders_.id_of(session_, group.call, names.front());
  std::string xml;
  group.each_open([&](std::size_t i) {
    const Operation& op = group.ops[i];
    Created made = exchange::create(op.kind, document_of(op), context(op, nullptr));
    group.never[i] = std::move(made.never);
    xml += made.xml;
  });
  const std::vector<std::size_t> which = group.open();
  if (which.empty()) return;
  const auto took = [&](std::size_t i, const ResponseMessage& message) {
    group.written[i] = item_id(item_of(message));
    if (group.written[i].id.empty())
      throw Refused(SY_RETRY, Scope::ITEM, "exchange: CreateItem: the answer does not say what was made", 0, {});
  };
  send(group, create_items(folder, {}, xml), which, took);
  read_back(group);
}

void ItemWriter::change(Group& group) {
  read_unmoved(group);
  std::vector<std::vector<Change>> changes(group.ops.size());
  group.each_open([&](std::size_t i) {
    const Operation& op = group.ops[i];
    const ItemRead& now = *group.now[i];
    group.written[i] = {op.id, now.change_key};
    if (op.verb == SY_MARK) {
      changes[i] = mark_changes(op.kind, context(op, &now));
      return;
    }
    Updated updated = exchange::update(op.kind, document_of(op), fields_of(op), now, context(op, &now));
    changes[i] = std::move(updated.changes);
    group.never[i] = std::move(updated.never);
  });
  for (int step = 0; step < 2; ++step) {
    std::vector<std::size_t> which;
    std::vector<ItemUpdate> updates;
    for (const std::size_t i : group.open()) {
      std::string xml;
      for (const Change& c : changes[i])
        if (c.step == step) xml += c.xml;
      if (xml.empty()) continue;
      which.push_back(i);
      updates.push_back({group.written[i], std::move(xml)});
    }
    if (which.empty()) continue;
    send(group, update_items(updates), which, [&](std::size_t i, const ResponseMessage& message) {
      if (const ItemId answered = item_id(item_of(message)); !answered.change_key.empty())
        group.written[i].change_key = answered.change_key;
    });
  }
  if (group.ops.front().verb == SY_UPDATE) return read_back(group);
  for (const std::size_t i : group.open()) {
    Done done;
    done.id = group.ops[i].id;
    done.version = group.written[i].change_key;
    group.done[i] = std::move(done);
  }
}

void ItemWriter::remove(Group& group) {
  read_unmoved(group);
  const std::vector<std::size_t> which = group.open();
  if (which.empty()) return;
  std::vector<ItemId> ids;
  for (const std::size_t i : which) ids.push_back({group.ops[i].id, group.now[i]->change_key});
  send(group, delete_items(ids, group.kind() == "task"), which, [&](std::size_t i, const ResponseMessage&) {
    Done done;
    done.id = group.ops[i].id;
    group.done[i] = std::move(done);
  });
}

void ItemWriter::carry_out(const Call& call, std::span<const Operation> ops, const DoneSink& put) {
  for (std::size_t at = 0; at < ops.size();) {
    call.check();
    const Operation& first = ops[at];
    std::size_t n = 0, bytes = 0;
    std::set<std::string_view> ids;
    for (; at + n < ops.size() && n < most_operations; ++n) {
      const Operation& op = ops[at + n];
      bytes += op.doc.size();
      const bool alike = op.verb == first.verb && op.kind == first.kind;
      if (n != 0 && (!alike || bytes > most_bytes)) break;
      if (op.verb != SY_CREATE && !ids.insert(op.id).second) break;  // the second needs what the first leaves
    }
    Group group(call, ops.subspan(at, n));
    const auto answer = [&] {
      for (std::size_t i = 0; i < n; ++i)
        if (group.done[i]) put(at + i, *group.done[i]);
    };
    try {
      switch (first.verb) {
        case SY_CREATE: create(group); break;
        case SY_UPDATE:
        case SY_MARK: change(group); break;
        case SY_DELETE: remove(group); break;
        default: throw Error(SY_UNSUPPORTED, "there is no such operation");
      }
    } catch (const Error& e) {
      answer();
      if (e.code() != SY_INVALID && e.code() != SY_UNSUPPORTED) throw;
      if (dynamic_cast<const Refused*>(&e) != nullptr) throw;
      for (std::size_t i = 0; i < n; ++i)
        if (!group.done[i]) put(at + i, Done::failed(e));
      at += n;
      continue;
    }
    answer();
    at += n;
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
