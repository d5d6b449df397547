#include "mail_reader.hpp"

#include <algorithm>
#include <boost/json/serialize.hpp>

#include "syncline/formats/mime.hpp"
#include "syncline/formats/spooled_parts.hpp"

namespace syncline::exchange {
namespace json = boost::json;
namespace {

constexpr std::size_t kLongestTag = 4096;

/// "t:MimeContent" of "<t:MimeContent CharacterSet=…>"; empty for any other tag.
bool begins_mime(std::string_view tag) {
  std::string_view name = tag.substr(1, tag.find_first_of(" \t\r\n/>", 1) - 1);
  name = name.substr(name.rfind(':') + 1);  // npos + 1 is 0
  return name == "MimeContent" && !tag.ends_with("/>") && !tag.starts_with("</");
}

}  // namespace

void MimeFilter::begin() {
  raw_.clear();
  state_ = State::OUTSIDE;
  tag_.clear();
  decoder_ = {};
  found_ = complete_ = oversize_ = false;
}

void MimeFilter::content(std::string_view base64) {
  if (oversize_) return;
  std::string bytes;
  decoder_.append(base64, bytes);
  if (raw_.size() + bytes.size() > limit_)
    oversize_ = true;
  else
    raw_.append(bytes);
}

void MimeFilter::end_of_tag(std::string& rest) {
  rest += tag_;
  const bool mime = !found_ && begins_mime(tag_);
  tag_.clear();
  state_ = mime ? State::CONTENT : State::OUTSIDE;
  found_ = found_ || mime;
}

void MimeFilter::piece(std::string_view bytes, std::string& rest) {
  while (!bytes.empty()) {
    const std::string_view ends = state_ == State::OUTSIDE   ? "<"
                                  : state_ == State::TAG     ? ">"
                                  : state_ == State::CONTENT ? "<&"
                                                             : ";";
    const std::size_t end = std::min(bytes.find_first_of(ends), bytes.size());
    const std::string_view part = bytes.substr(0, end);
    if (state_ == State::OUTSIDE) rest += part;
    if (state_ == State::TAG) tag_ += part;
    if (state_ == State::CONTENT) content(part);  // of a reference ("&#xD;") nothing is content
    if (tag_.size() > kLongestTag) end_of_tag(rest);
    if (end == bytes.size()) return;
    const char mark = bytes[end];
    bytes.remove_prefix(end + 1);
    if (state_ == State::TAG) {
      tag_ += mark;
      end_of_tag(rest);
    } else if (state_ == State::REFERENCE) {
      state_ = State::CONTENT;
    } else if (mark == '&') {
      state_ = State::REFERENCE;
    } else if (mark == '<') {
      if (state_ == State::CONTENT) {
        std::string last;
        decoder_.finish(last);
        if (!oversize_) raw_.append(last);
        complete_ = true;
      }
      state_ = State::TAG;
      tag_ = "<";
    } else {
      rest += mark;  // the end of a tag that was too long to be ours
    }
  }
}

bool MailReader::whole(const Call& call, const std::string& id, const ItemRead& head, const ItemSink& put) {
  const json::value* direction = head.document.if_contains("direction");
  const std::string way = direction != nullptr ? std::string(direction->as_string()) : "incoming";
  formats::RawMessage raw;
  MimeFilter filter(raw, limit_);
  const std::vector<std::string> ids{id};
  const Query query = get_items(ids, shape("email", {.whole = false, .mime = true}));
  const Answer answer = session_.send(call, query, filter);
  std::optional<Item> refused;
  try {
    const ItemRead now = items_.read(call, "email", answer.messages().front(), query.name);
    Item item = items_.item("email", id, now);
    if (filter.oversize()) {  // the size that the head told was too small
      json::object document = now.document;
      document["oversize"] = true;
      item.doc = json::serialize(document);
      return put(item);
    }
    if (!filter.found() || !filter.complete()) throw Error(SY_INVALID, "the server gives no MIME text of it");
    formats::MailOptions options;
    options.direction = way;
    formats::SpooledParts parts(session_.host(), id);
    json::object document = formats::read_whole(raw.source(), options, parts);
    merge_head(document, now.document);
    item.doc = json::serialize(document);
    item.flags = 0;
    const bool more = put(item);
    parts.keep();
    return more;
  } catch (const Refused& e) {
    if (e.scope() != Scope::ITEM) throw;
    if (e.code() == SY_GONE) return put(absent("email", id, SY_ITEM_GONE));
    refused = ItemReader::unreadable(id, head.change_key, way, e.what());
  } catch (const Error& e) {
    if (e.code() != SY_INVALID) throw;
    refused = ItemReader::unreadable(id, head.change_key, way, e.what());
  }
  return put(*refused);
}

void MailReader::fetch(const Call& call, std::span<const std::string> ids, const ItemSink& put) {
  items_.fetch(call, "email", ids, [&](const std::string& id, const ItemRead* read, const Item& item) {
    if (read == nullptr) return put(item);
    const json::value* size = read->document.if_contains("size");
    boost::system::error_code failed;
    const auto bytes = size == nullptr ? 0 : size->to_number<std::uint64_t>(failed);
    if (bytes <= limit_) return whole(call, id, *read, put);
    Item marked = item;
    json::object document = read->document;
    document["oversize"] = true;
    marked.doc = json::serialize(document);
    return put(marked);
  });
}

}  // namespace syncline::exchange
