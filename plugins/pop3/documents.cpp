#include "documents.hpp"

#include <boost/json/serialize.hpp>
#include <memory>
#include <optional>
#include <syncline/blobs.hpp>
#include <syncline/formats/mime.hpp>
#include <vector>

#include "reply.hpp"

namespace syncline::pop3 {

namespace json = boost::json;

namespace {

/// The parts of one message on their way into the spool. Unless keep() is called, nothing of them stays.
class BlobParts final : public formats::PartSink {
 public:
  BlobParts(const Host& host, std::string_view item) : host_(host), item_(item) {}
  ~BlobParts() override {
    writer_.reset();
    for (const std::string& reference : references_) remove_blob(host_, reference);
  }
  void begin(std::string_view part) override {
    writer_.reset();
    writer_ = std::make_unique<BlobWriter>(host_, item_, part);
  }
  void append(std::string_view bytes) override { writer_->append(bytes); }
  std::string finish() override {
    references_.reserve(references_.size() + 1);
    std::string reference = writer_->finish();
    references_.push_back(reference);
    writer_.reset();
    return reference;
  }
  void keep() { references_.clear(); }

 private:
  const Host& host_;
  std::string item_;
  std::unique_ptr<BlobWriter> writer_;
  std::vector<std::string> references_;
};

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

bool put_whole(const Host& host, std::string_view id, const RawFile& raw, const ItemSink& put) {
  std::optional<Item> refused;
  try {
    BlobParts parts(host, id);
    const Item item = item_of(id, formats::read_whole(formats::MailFile{raw.path()}, incoming(raw.size()), parts), 0);
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
