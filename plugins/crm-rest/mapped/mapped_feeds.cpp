#include "mapped/mapped_feeds.hpp"

#include <algorithm>

#include "syncline/formats/sha256.hpp"

namespace syncline::crm {
namespace json = boost::json;
namespace {

constexpr std::size_t most_remembered = 5000;

[[noreturn]] void reset(std::string_view why) {
  throw Error(SY_RESET, "crm: the feed's cursor cannot be used (" + std::string(why) + "); a full listing follows");
}

[[noreturn]] void enough() { throw Error(SY_CANCELED, "the receiver asked for no more"); }

/// Where a walk stands. A walk by time remembers what it showed at its edge, so that the overlap is not told twice.
struct Cursor {
  bool listing = true;
  std::optional<Place> next;  ///< in the middle of a walk
  std::int64_t from_ms = 0;   ///< what this walk asked for
  std::int64_t mark_ms = 0;   ///< what the next walk asks for, before the overlap
  std::string delta, of;      ///< of: what was asked; another mapping asks for something else
  json::object seen;          ///< id → version and time

  static Cursor read(std::string_view text) {
    boost::system::error_code failed;
    const json::value v = json::parse(text, failed);
    if (failed || !v.is_object()) reset("it is not one of ours");
    Cursor out;
    try {
      const json::object& o = v.get_object();
      out.listing = o.at("listing").as_bool();
      if (!o.at("next").is_null()) out.next = Place::read(o.at("next"));
      out.from_ms = o.at("from").to_number<std::int64_t>();
      out.mark_ms = o.at("mark").to_number<std::int64_t>();
      out.delta = std::string(o.at("delta").as_string());
      out.of = std::string(o.at("of").as_string());
      out.seen = o.at("seen").as_object();
    } catch (const std::exception&) {
      reset("it is not one of ours");
    }
    return out;
  }
  [[nodiscard]] std::string text() const {
    return json::serialize(json::object{{"listing", listing},
                                        {"next", next ? next->json() : json::value(nullptr)},
                                        {"from", from_ms},
                                        {"mark", mark_ms},
                                        {"delta", delta},
                                        {"of", of},
                                        {"seen", seen}});
  }
};

std::optional<std::int64_t> stamp(const RecordMap& r, const json::value& row) {
  const auto changed = instant_at(row, r.changed);
  return changed ? changed : instant_at(row, r.created);
}

/// What a walk's answers depend on.
std::string purpose(const Web& web, const RecordMap& r) {
  std::string all = web.settings().url + web.mapping().base + web.listing(r);
  for (const FieldMap& f : r.fields) all += "\n" + std::string(f.field.name) + path_text(f.column) + f.format;
  return formats::sha256_hex(all).substr(0, 16);
}

Cursor begin_at(const Web& web, const RecordMap& r, std::string_view text) {
  Cursor out = text.empty() ? Cursor{} : Cursor::read(text);
  const std::string of = purpose(web, r);
  if (!text.empty() && out.of != of) reset("the mapping has changed");
  out.of = of;
  return out;
}

bool deletion(const json::value& row) {
  const json::object* o = row.if_object();
  if (o == nullptr) return false;
  return o->contains("@removed") || o->contains("@odata.removed") || o->contains("reason") ||
         text_at(row, {"@odata.context"}).ends_with("$deletedEntity");
}

std::string deleted_id(const RecordMap& r, const json::value& row) {
  if (std::string id = id_of(row, r.key); !id.empty()) return id;
  std::string id = text_at(row, {"@odata.id"});
  if (id.empty()) id = text_at(row, {"@id"});
  if (id.empty()) id = text_at(row, {"id"});
  const std::size_t open = id.rfind('(');
  if (!id.ends_with(')') || open == std::string::npos) return id;
  id = id.substr(open + 1, id.size() - open - 2);
  return id.size() > 1 && id.front() == '\'' ? id.substr(1, id.size() - 2) : id;
}

}  // namespace

std::vector<Feed> MappedFeeds::list() {
  std::vector<Feed> out;
  for (const RecordMap& r : records_->mapping().records) {
    std::uint32_t flags = 0;
    if (r.kind == "email") flags |= SY_FEED_IDS_ONLY;
    if (records_->mapping().delta == Delta::since) flags |= SY_FEED_CURSOR;
    if (records_->mapping().delta == Delta::links) flags |= SY_FEED_CURSOR | SY_FEED_TOMBSTONES;
    out.push_back({r.kind, r.kind, flags});
  }
  return out;
}

PageEnd MappedFeeds::page(const Call& call, std::string_view feed, std::string_view cursor, const ItemSink& sink) {
  call.check();
  const RecordMap* r = records_->mapping().record(feed);
  if (r == nullptr) throw Error(SY_UNSUPPORTED, "crm: the mapping has no feed " + std::string(feed));
  switch (records_->mapping().delta) {
    case Delta::links: return linked(call, *r, cursor, sink);
    case Delta::since: return since(call, *r, cursor, sink);
    case Delta::none: break;
  }
  return whole(call, *r, sink);
}

Item MappedFeeds::put(const RecordMap& r, const json::value& row, const ItemSink& sink) {
  const std::string id = id_of(row, r.key);
  if (id.empty())
    throw Error(SY_CONFIG, "crm: a row of " + r.set + " has no " + path_text(r.key) + "; correct records." + r.kind +
                               ".key in the mapping");
  Item out = records_->item(host_, r, id, Found{row, 0, {}});
  if (!sink(out)) enough();
  return out;
}

PageEnd MappedFeeds::whole(const Call& call, const RecordMap& r, const ItemSink& sink) {
  records_->web().rows(host_, call, records_->web().listing(r), "GET " + r.set, [&](const json::value& row) {
    put(r, row, sink);
    return true;
  });
  return {SY_PAGE_LISTING_COMPLETE, std::nullopt};
}

/// The next walk asks from the newest change on the first page of this one: whatever changes while this one goes on is
/// newer than that. A time in the future would hide what comes before it, so the server's clock is a limit too.
PageEnd MappedFeeds::since(const Call& call, const RecordMap& r, std::string_view text, const ItemSink& sink) {
  Web& web = records_->web();
  const std::int64_t overlap = records_->mapping().overlap_ms;
  Cursor at = begin_at(web, r, text);
  const bool begins = !at.next;
  if (begins) {
    at.listing = text.empty();
    at.from_ms = at.listing ? 0 : std::max<std::int64_t>(at.mark_ms - overlap, 0);
    at.next = web.begin(at.listing ? web.listing(r) : web.since(r, at.from_ms));
  }
  if (!web.own(at.next->link)) reset("it belongs to another server");
  const Page page = web.page(host_, call, *at.next, "GET " + r.set);
  const std::int64_t now = page.date_ms.value_or(host_.now_ms());
  for (const json::value& row : page.rows) {
    const auto when = stamp(r, row);
    const std::string id = id_of(row, r.key);
    const json::value* before = at.seen.if_contains(id);
    const bool known =
        before != nullptr && !at.listing && text_at(*before, {"version"}) == version_of(records_->mapping(), r, row);
    if (!known) {
      const Item item = put(r, row, sink);
      at.seen[id] = json::object{{"version", item.version}, {"at", when.value_or(0)}};
    }
    if (begins && when) at.mark_ms = std::max(at.mark_ms, std::min(*when, now));
  }
  if (at.seen.size() > most_remembered) at.seen.clear();  // then some are told twice, which does no harm
  at.next = page.next;
  if (at.next) return {SY_PAGE_MORE, at.text()};
  const bool listed = at.listing;
  at.listing = false;
  for (auto it = at.seen.begin(); it != at.seen.end();)  // what the next walk cannot show again
    it = it->value().at("at").to_number<std::int64_t>() < at.mark_ms - overlap ? at.seen.erase(it) : it + 1;
  return {listed ? SY_PAGE_LISTING_COMPLETE : SY_PAGE_DELTA_COMPLETE, at.text()};
}

PageEnd MappedFeeds::linked(const Call& call, const RecordMap& r, std::string_view text, const ItemSink& sink) {
  Web& web = records_->web();
  Cursor at = begin_at(web, r, text);
  if (!at.next) {
    at.listing = text.empty();
    if (!at.listing && at.delta.empty()) reset("it holds no link");
    at.next = web.begin(at.listing ? web.listing(r) : at.delta);
  }
  if (!web.own(at.next->link)) reset("it belongs to another server");
  Page page;
  try {
    page = web.page(host_, call, *at.next, "GET " + r.set, "odata.track-changes");
  } catch (const Refused& e) {
    const bool refused =
        e.status() >= 400 && e.status() < 500 && !e.of_the_call() && e.code() != SY_DENIED && e.status() != 408;
    if (!text.empty() && refused) reset("HTTP " + std::to_string(e.status()));  // the link is too old
    throw;
  }
  for (const json::value& row : page.rows) {
    if (!deletion(row)) {
      put(r, row, sink);
      continue;
    }
    Item gone;
    gone.kind = r.kind;
    gone.flags = SY_ITEM_GONE;
    gone.id = deleted_id(r, row);
    if (!gone.id.empty() && !sink(gone)) enough();
  }
  at.next = page.next;
  if (at.next) return {SY_PAGE_MORE, at.text()};
  if (page.delta.empty())
    throw Error(SY_CONFIG, "crm: the last page of " + r.set + " bears no " + path_text(records_->mapping().list.delta) +
                               "; set capabilities.delta in the mapping to \"since\" or \"none\"");
  at.delta = page.delta;
  const bool listed = at.listing;
  at.listing = false;
  return {listed ? SY_PAGE_LISTING_COMPLETE : SY_PAGE_DELTA_COMPLETE, at.text()};
}

}  // namespace syncline::crm
