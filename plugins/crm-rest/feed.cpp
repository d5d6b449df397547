#include "feed.hpp"

#include "delta.hpp"
#include "odata.hpp"

namespace syncline::crm {
namespace json = boost::json;
namespace {

/// A cursor is one letter and the server's link as it came: L a listing goes on, M changes go on, D changes begin.
struct Cursor {
  char step = 0;
  std::string link;

  static Cursor read(std::string_view text) {
    if (text.size() < 3 || text[1] != ' ' || std::string_view("LMD").find(text[0]) == std::string_view::npos)
      throw Error(SY_RESET, "crm: the feed's cursor is not one of ours; a full listing follows");
    return {text[0], std::string(text.substr(2))};
  }
  [[nodiscard]] std::string text() const { return std::string(1, step) + " " + link; }
};

std::string link_of(const json::object& page, std::string_view name) { return text_of(page, name); }

[[noreturn]] void enough() { throw Error(SY_CANCELED, "the receiver asked for no more"); }

}  // namespace

std::vector<Feed> OrganizationFeeds::list() {
  const EmailMap& email = client_->profile().email;
  std::vector<Feed> out = items_.list();
  if (email.feed.empty()) return out;
  const std::uint32_t flags = emails_untracked_
                                  ? SY_FEED_IDS_ONLY
                                  : SY_FEED_CURSOR | SY_FEED_TOMBSTONES | SY_FEED_FOREIGN_TOMBSTONES | SY_FEED_IDS_ONLY;
  out.push_back({email.feed, "email", flags});
  return out;
}

bool OrganizationFeeds::put(const json::object& row, const ItemSink& sink) const {
  const EmailMap& email = client_->profile().email;
  Item item;
  item.kind = "email";
  if (is_deletion(row)) {
    item.flags = SY_ITEM_GONE;
    item.id = guid_at_end(text_of(row, row.contains("id") ? "id" : "@odata.id")).value_or(std::string{});
  } else {
    item.id = lower(text_of(row, email.key));
    item.version = text_of(row, "@odata.etag");
  }
  if (item.id.empty())
    throw Error(SY_BROKEN, "crm: the feed " + email.feed + " shows a row without an id; check profile and api_version");
  return sink(item);
}

void OrganizationFeeds::untracked(std::string_view why) {
  if (emails_untracked_.exchange(true)) return;
  host_.log(
      SY_WARN, "",
      "crm: changes of " + client_->profile().email.set + " are not tracked (" + std::string(why) +
          "): it is listed in full each time, and deletions are not seen; switch on change tracking for this table");
}

PageEnd OrganizationFeeds::page(const Call& call, std::string_view feed, std::string_view cursor,
                                const ItemSink& sink) {
  if (const ItemKind* kind = items_.kind_of(feed)) return items_.page(call, *kind, cursor, sink);
  if (feed.empty() || feed != client_->profile().email.feed)
    throw Error(SY_UNSUPPORTED, "crm-rest has no feed " + std::string(feed));
  if (cursor.empty() && emails_untracked_) return listing(call, sink);
  return tracked(call, cursor, sink);
}

PageEnd OrganizationFeeds::tracked(const Call& call, std::string_view cursor, const ItemSink& sink) {
  const EmailMap& email = client_->profile().email;
  const std::string what = "GET " + email.set;
  const Cursor at =
      cursor.empty() ? Cursor{'L', Select{email.set, email.key, {}, {}, {}}.path()} : Cursor::read(cursor);
  if (!cursor.empty()) {
    bool ours = false;
    try {
      ours = client_->own(at.link);
    } catch (const Error&) {
      ours = false;
    }
    if (!ours) reset_feed("it belongs to another address of the organization");
  }
  json::object page;
  try {
    page = client_->get(host_, call, at.link, "odata.track-changes," + page_preference(client_->settings().page_size),
                        what);
  } catch (const Refused& e) {
    if (cursor.empty() && e.code() == SY_UNSUPPORTED) {
      untracked(e.server_code().empty() ? "HTTP " + std::to_string(e.status()) : e.server_code());
      return listing(call, sink);
    }
    if (!cursor.empty() && stale(e)) reset_feed("HTTP " + std::to_string(e.status()), e.server_code());
    throw;
  }
  const json::value* rows = page.if_contains("value");
  if (rows == nullptr || !rows->is_array())
    throw Error(SY_BROKEN, "crm: " + what + ": the answer holds no list; check profile and api_version");
  for (const json::value& row : rows->get_array())
    if (row.is_object() && !put(row.get_object(), sink)) enough();
  const bool listed = at.step == 'L';
  if (const std::string next = link_of(page, "@odata.nextLink"); !next.empty()) {
    if (next == at.link) throw Error(SY_BROKEN, "crm: " + what + ": a page names itself as the next one");
    return {SY_PAGE_MORE, Cursor{listed ? 'L' : 'M', next}.text()};
  }
  const std::string delta = link_of(page, "@odata.deltaLink");
  if (!delta.empty()) return {listed ? SY_PAGE_LISTING_COMPLETE : SY_PAGE_DELTA_COMPLETE, Cursor{'D', delta}.text()};
  if (!listed) reset_feed("the changes ended without a new link");
  untracked("no delta link came");  // the preference was ignored: these pages were a plain listing
  return {SY_PAGE_LISTING_COMPLETE, std::nullopt};
}

PageEnd OrganizationFeeds::listing(const Call& call, const ItemSink& sink) {
  const EmailMap& email = client_->profile().email;
  client_->rows(host_, call, Select{email.set, email.key, {}, email.key, {}}.path(),
                page_preference(client_->settings().page_size), "GET " + email.set, [&](const json::object& row) {
                  if (!put(row, sink)) enough();
                  return true;
                });
  return {SY_PAGE_LISTING_COMPLETE, std::nullopt};
}

}  // namespace syncline::crm
