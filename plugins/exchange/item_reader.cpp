#include "item_reader.hpp"

#include <algorithm>
#include <array>
#include <boost/json/serialize.hpp>
#include <chrono>

#include "syncline/formats/ascii.hpp"

namespace syncline::exchange {
namespace json = boost::json;
namespace {

constexpr int kMostFruitless = 3;

std::size_t text_size(const pugi::xml_node& item) {
  std::size_t n = 0;
  for (const pugi::xml_node& part : item.children()) n += std::char_traits<char>::length(part.child_value());
  return n;
}

}  // namespace

/// Some ids on their way.
struct ItemReader::Batch {
  const Call& call;
  std::string_view kind;
  const Sink& put;
  std::vector<std::string> ids;
  bool wanted = true;
};

Item absent(std::string_view kind, std::string_view id, std::uint32_t flag) {
  Item item;
  item.kind = kind;
  item.id = id;
  item.flags = flag;
  return item;
}

Item ItemReader::unreadable(std::string_view id, std::string_view version, std::string_view direction,
                            std::string_view why) {
  Item item = absent("email", id, SY_ITEM_HEAD);
  item.version = version.empty() ? std::string_view("unreadable") : version;
  item.doc = json::serialize(json::object{{"direction", direction}, {"unreadable", why.substr(0, 300)}});
  return item;
}

Item ItemReader::item(std::string_view kind, std::string_view id, const ItemRead& read) const {
  Item out = absent(kind, id, kind == "email" ? std::uint32_t{SY_ITEM_HEAD} : 0u);
  out.version = read.change_key;
  out.doc = json::serialize(read.document);
  out.changed_ms = read.changed_ms;
  json::object marks = read.marks;
  // Named properties travel with copies into other mailboxes (C17): another mailbox's token says nothing here.
  if (!read.mark.mailbox.empty() && !formats::same_but_case(read.mark.mailbox, session_.account().address))
    for (const std::string_view name : {"token", "state", "record", "organization"}) marks.erase(name);
  if (!marks.empty()) out.marks = json::serialize(marks);
  return out;
}

ItemRead ItemReader::read(const Call& call, std::string_view kind, const ResponseMessage& message,
                          const std::string& query) {
  if (message.error) throw session_.refused(query, message);
  const pugi::xml_node node = item_of(message);
  ReadContext context;
  if (kind == "email" && folders_.outgoing(session_, call, attribute(child(node, "ParentFolderId"), "Id")))
    context.direction = "outgoing";
  ItemRead read = exchange::read(node, kind, context);
  if (read.unresolved.empty()) return read;
  for (const Unresolved& name : read.unresolved) addresses_.ask(session_, call, name.address);
  // An address that was pushed out of the book meanwhile stands as it is.
  context.resolve = [&](std::string_view name) { return addresses_.known(name).value_or(std::string()); };
  return exchange::read(node, kind, context);
}

ItemRead ItemReader::now(const Call& call, std::string_view kind, const std::string& id) {
  const std::array ids{id};
  const Query query = get_items(ids, shape(kind, {.crm_properties = crm_marks_}));
  const Answer answer = session_.send(call, query);
  ItemRead found = read(call, kind, answer.messages().front(), query.name);
  if (!found.parent_folder.empty() && found.parent_folder == folders_.deleted_items(session_, call))
    throw Refused(SY_GONE, Scope::ITEM, "exchange: the item is among the deleted ones", 0, "ErrorItemNotFound");
  return found;
}

Item ItemReader::refused(std::string_view kind, const std::string& id, const Error& why) {
  if (why.code() == SY_GONE) return absent(kind, id, SY_ITEM_GONE);
  session_.host().log(SY_WARN, id, why.what());
  // Not there for us, which is no proof that it is gone.
  const bool malformed = why.server_code().starts_with("ErrorInvalidId");
  if (kind == "email" && why.code() == SY_INVALID && !malformed) return unreadable(id, {}, "incoming", why.what());
  return absent(kind, id, SY_ITEM_INVISIBLE);
}

bool ItemReader::message(Batch& batch, const std::string& id, const ResponseMessage& m,
                         std::vector<std::string>& again) {
  if (m.error && meaning_of(m.code).scope != Scope::ITEM) {
    if (meaning_of(m.code).scope == Scope::MAILBOX) session_.wait(batch.call, "GetItem", m);
    if (meaning_of(m.code).what != SY_RETRY) throw session_.refused("GetItem", m);
    again.push_back(id);
    return true;
  }
  try {
    const ItemRead found = read(batch.call, batch.kind, m, "GetItem");
    if (!found.parent_folder.empty() && found.parent_folder == folders_.deleted_items(session_, batch.call))
      return batch.put(id, nullptr, absent(batch.kind, id, SY_ITEM_GONE));
    return batch.put(id, &found, item(batch.kind, id, found));
  } catch (const Refused& e) {
    if (e.scope() != Scope::ITEM) throw;
    return batch.put(id, nullptr, refused(batch.kind, id, e));
  } catch (const Error& e) {
    if (e.code() != SY_INVALID) throw;
    return batch.put(id, nullptr, refused(batch.kind, id, e));
  }
}

void ItemReader::run(Batch& batch, std::vector<std::string>& again) {
  const Query query =
      get_items(batch.ids, shape(batch.kind, {.whole = batch.kind != "email", .crm_properties = crm_marks_}));
  const auto begun = std::chrono::steady_clock::now();
  std::optional<Answer> answer;
  try {
    answer.emplace(session_.send(batch.call, query));
  } catch (const Refused& e) {
    if (e.scope() != Scope::SHRINK) throw;
    session_.state().shrink();
    again = batch.ids;
    return;
  } catch (const Error& e) {
    if (e.code() == SY_RETRY) session_.state().shrink();  // it may have been too much to answer in time
    throw;
  }
  const auto took = std::chrono::steady_clock::now() - begun;
  if (answer->messages().size() != batch.ids.size())
    throw Error(SY_RETRY, "exchange: GetItem: the server answered for another number of items than were asked for");
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < batch.ids.size() && batch.wanted; ++i) {
    bytes += text_size(item_of(answer->messages()[i]));
    batch.wanted = message(batch, batch.ids[i], answer->messages()[i], again);
  }
  if (again.empty())
    session_.state().grow(bytes, std::chrono::duration_cast<std::chrono::milliseconds>(took).count());
  else
    session_.state().shrink();
}

void ItemReader::fetch(const Call& call, std::string_view kind, std::span<const std::string> ids, const Sink& put) {
  Batch batch{call, kind, put, {}, true};
  std::vector<std::string> pending(ids.begin(), ids.end());
  for (int fruitless = 0; !pending.empty() && batch.wanted;) {
    call.check();
    const std::size_t n = std::min(session_.state().batch(), pending.size());
    const auto cut = pending.begin() + static_cast<std::ptrdiff_t>(n);
    batch.ids.assign(pending.begin(), cut);
    std::vector<std::string> again;
    run(batch, again);
    fruitless = again.size() == n ? fruitless + 1 : 0;
    if (fruitless > kMostFruitless && n == 1) {  // alone, and still too much: the others go on
      const Error why(SY_INVALID, "exchange: GetItem: the server cannot give this item, not even alone");
      batch.wanted = put(again.front(), nullptr, refused(kind, again.front(), why));
      again.clear();
      fruitless = 0;
    }
    again.insert(again.end(), cut, pending.end());
    pending = std::move(again);
  }
}

}  // namespace syncline::exchange
