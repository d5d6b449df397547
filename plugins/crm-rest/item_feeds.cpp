#include "item_feeds.hpp"

#include <algorithm>

#include "delta.hpp"
#include "odata.hpp"
#include "syncline/formats/sha256.hpp"

namespace syncline::crm {
namespace json = boost::json;

/// Where a walk over the tables stands. Each table has its own link; what is asked of it is in `of`, since a link goes
/// on with the columns that it began with.
struct ItemFeeds::Cursor {
  bool listing = true;
  std::size_t table = 0;           ///< the one that is read
  std::string next;                ///< its next page; empty: it begins
  std::vector<std::string> links;  ///< for each table: from where its changes go on; empty: it is listed
  std::string of;

  static Cursor read(std::string_view text, std::size_t tables) {
    boost::system::error_code failed;
    const json::value v = json::parse(text, failed);
    Cursor out;
    try {
      if (failed) throw std::invalid_argument("no JSON");
      const json::object& o = v.as_object();
      out.listing = o.at("listing").as_bool();
      out.table = o.at("table").to_number<std::size_t>();
      out.next = std::string(o.at("next").as_string());
      for (const json::value& l : o.at("links").as_array()) out.links.emplace_back(l.as_string());
      out.of = std::string(o.at("of").as_string());
    } catch (const std::exception&) {
      reset_feed("it is not one of ours");
    }
    if (out.table >= tables || out.links.size() != tables) reset_feed("the profile has other tables now");
    return out;
  }
  [[nodiscard]] std::string text() const {
    return json::serialize(json::object{
        {"listing", listing}, {"table", table}, {"next", next}, {"links", json::value_from(links)}, {"of", of}});
  }
};

std::vector<Feed> ItemFeeds::list() {
  std::vector<Feed> out;
  for (const ItemKind& k : client_->profile().items) {
    const bool tracked =
        std::none_of(k.tables.begin(), k.tables.end(), [&](const ItemTable& t) { return untracked(t); });
    out.push_back({k.feed, k.kind,
                   tracked ? SY_FEED_CURSOR | SY_FEED_TOMBSTONES | SY_FEED_FOREIGN_TOMBSTONES : std::uint32_t{0}});
  }
  return out;
}

const ItemKind* ItemFeeds::kind_of(std::string_view feed) const {
  const auto& all = client_->profile().items;
  const auto at = std::find_if(all.begin(), all.end(), [&](const ItemKind& k) { return k.feed == feed; });
  return at == all.end() ? nullptr : &*at;
}

bool ItemFeeds::untracked(const ItemTable& table) {
  const std::lock_guard lock(mutex_);
  return untracked_.contains(table.table);
}

void ItemFeeds::note_untracked(const ItemTable& table, std::string_view why) {
  {
    const std::lock_guard lock(mutex_);
    if (!untracked_.insert(table.table).second) return;
  }
  host_.log(SY_WARN, "",
            "crm: changes of " + table.set + " are not tracked (" + std::string(why) +
                "): it is listed in full each time; switch on change tracking for this table");
}

bool ItemFeeds::put(const ItemKind& kind, const ItemTable& table, const Scope& scope, const json::object& row,
                    const ItemSink& sink) const {
  Item item;
  if (is_deletion(row)) {
    item.kind = kind.kind;
    item.flags = SY_ITEM_GONE;
    item.id = guid_at_end(text_of(row, row.contains("id") ? "id" : "@odata.id")).value_or(std::string{});
  } else {
    item = item_of(kind, table, scope, row);
  }
  if (item.id.empty())
    throw Error(SY_BROKEN, "crm: the feed " + kind.feed + " shows a row without an id; check profile and api_version");
  return sink(item);
}

/// One page. A table that turns out not to be tracked is asked again without that wish.
json::object ItemFeeds::get(const Call& call, const ItemKind& kind, const ItemTable& table, Cursor& at,
                            const std::string& link) {
  const std::string what = "GET " + table.set;
  const std::string more = item_preference(table);
  const std::string wish =
      page_preference(std::min(client_->settings().page_size, kind.page)) + (more.empty() ? more : "," + more);
  const bool tracked = !untracked(table);
  try {
    return client_->get(host_, call, link, tracked ? "odata.track-changes," + wish : wish, what);
  } catch (const Refused& e) {
    const bool begins = at.next.empty() && at.links[at.table].empty();
    if (tracked && begins && e.code() == SY_UNSUPPORTED) {
      note_untracked(table, e.server_code().empty() ? "HTTP " + std::to_string(e.status()) : e.server_code());
      if (!at.listing) reset_feed("a table is not tracked any more");
      return client_->get(host_, call, link, wish, what);
    }
    if (!begins && stale(e)) reset_feed("HTTP " + std::to_string(e.status()), e.server_code());
    throw;
  }
}

PageEnd ItemFeeds::page(const Call& call, const ItemKind& kind, std::string_view cursor, const ItemSink& sink) {
  call.check();
  std::string asked;
  for (const ItemTable& t : kind.tables)
    asked += t.set + item_columns(t, scope_of(*client_, *organization_, host_, call, t));
  asked = formats::sha256_hex(asked).substr(0, 16);
  Cursor at;
  at.links.resize(kind.tables.size());
  at.of = asked;
  if (!cursor.empty()) at = Cursor::read(cursor, kind.tables.size());
  if (at.of != asked) reset_feed("other columns are asked for now");

  const ItemTable& table = kind.tables[at.table];
  const Scope scope = scope_of(*client_, *organization_, host_, call, table);
  std::string link = !at.next.empty() ? at.next : at.links[at.table];
  if (!link.empty()) {
    bool ours = false;
    try {
      ours = client_->own(link);
    } catch (const Error&) {
      ours = false;
    }
    if (!ours) reset_feed("it belongs to another address of the organization");
  }
  if (link.empty()) link = Select{table.set, item_columns(table, scope), {}, {}, {}}.path();
  const json::object page = get(call, kind, table, at, link);
  const json::value* rows = page.if_contains("value");
  if (rows == nullptr || !rows->is_array())
    throw Error(SY_BROKEN, "crm: GET " + table.set + ": the answer holds no list; check profile and api_version");
  for (const json::value& row : rows->get_array())
    if (row.is_object() && !put(kind, table, scope, row.get_object(), sink))
      throw Error(SY_CANCELED, "the receiver asked for no more");

  at.next = text_of(page, "@odata.nextLink");
  if (at.next == link) throw Error(SY_BROKEN, "crm: GET " + table.set + ": a page names itself as the next one");
  if (!at.next.empty()) return {SY_PAGE_MORE, at.text()};
  at.links[at.table] = text_of(page, "@odata.deltaLink");
  if (at.links[at.table].empty()) {
    if (!at.listing) reset_feed("the changes ended without a new link");
    note_untracked(table, "no delta link came");
  }
  if (++at.table < kind.tables.size()) return {SY_PAGE_MORE, at.text()};
  const bool listed = at.listing;
  at.table = 0;
  at.listing = false;
  const int end = listed ? SY_PAGE_LISTING_COMPLETE : SY_PAGE_DELTA_COMPLETE;
  if (std::any_of(at.links.begin(), at.links.end(), [](const std::string& l) { return l.empty(); }))
    return {end, std::nullopt};  // one table that has to be listed: all are, so that what is missing can be seen
  return {end, at.text()};
}

}  // namespace syncline::crm
