#include "documents.hpp"

#include <boost/json/serialize.hpp>
#include <optional>
#include <syncline/formats/mime.hpp>
#include <syncline/formats/spooled_parts.hpp>

#include "reply.hpp"

namespace syncline::pop3 {

namespace json = boost::json;

namespace {

Item item_of(std::string_view id, const json::object& document, std::uint32_t flags) {
  Item item;
  item.kind = kKind;
  item.id = id;
  item.version = kVersion;
  item.doc = json::serialize(document);
  item.flags = flags;
  return item;
}

/// A message that the reader refuses for ever must not hold up the others: it is handed over with the reason.
Item unreadable(std::string_view id, std::optional<std::uint64_t> size, const Error& why) {
  json::object document{{"direction", "incoming"}, {"unreadable", one_line(why.what(), 300)}};
  if (size) document["size"] = *size;
  return item_of(id, document, SY_ITEM_HEAD);
}

formats::MailOptions incoming(std::optional<std::uint64_t> size) {
  formats::MailOptions options;
  options.direction = "incoming";
  options.size = size;
  return options;
}

}  // namespace

Item absent(std::string_view id, std::uint32_t flag) {
  Item item;
  item.kind = kKind;
  item.id = id;
  item.flags = flag;
  return item;
}

Item head_item(std::string_view id, std::string_view head, std::optional<std::uint64_t> size, bool oversize) {
  try {
    json::object document = formats::read_head(formats::MailBytes{head}, incoming(size));
    if (oversize) document["oversize"] = true;
    return item_of(id, document, SY_ITEM_HEAD);
  } catch (const Error& e) {
    if (e.code() != SY_INVALID) throw;
    return unreadable(id, size, e);
  }
}

bool put_whole(const Host& host, std::string_view id, const formats::RawMessage& raw, const ItemSink& put) {
  std::optional<Item> refused;
  try {
    formats::SpooledParts parts(host, id);
    const Item item = item_of(id, formats::read_whole(raw.source(), incoming(raw.size()), parts), 0);
    const bool more = put(item);
    parts.keep();
    return more;
  } catch (const Error& e) {
    if (e.code() != SY_INVALID) throw;
    refused = unreadable(id, raw.size(), e);
  }
  return put(*refused);
}

}  // namespace syncline::pop3
