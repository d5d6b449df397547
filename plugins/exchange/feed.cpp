#include "feed.hpp"

#include <algorithm>
#include <array>
#include <boost/json.hpp>

#include "syncline/formats/ascii.hpp"

namespace syncline::exchange {
namespace json = boost::json;
namespace {

constexpr int kCursorVersion = 1;

struct FeedName {
  const char *name, *kind;
};
constexpr std::array<FeedName, 3> feeds{{{"contacts", "contact"}, {"tasks", "task"}, {"mail", "email"}}};

std::string member(const json::object& from, std::string_view key) {
  const json::value* v = from.if_contains(key);
  return v != nullptr && v->is_string() ? std::string(v->get_string()) : std::string();
}

Error unusable() { return {SY_RESET, "exchange: the cursor is none of ours; a full listing follows"}; }

}  // namespace

std::string FeedCursor::text() const {
  json::object folders;
  for (const auto& [name, place] : places) folders[name] = json::object{{"id", place.folder}, {"state", place.state}};
  return json::serialize(
      json::object{{"v", kCursorVersion}, {"at", at}, {"listing", listing}, {"folders", std::move(folders)}});
}

FeedCursor FeedCursor::read(std::string_view text) {
  boost::system::error_code failed;
  const json::value value = json::parse(text, failed);
  const json::object* object = failed ? nullptr : value.if_object();
  const json::value* version = object == nullptr ? nullptr : object->if_contains("v");
  const json::value* folders = object == nullptr ? nullptr : object->if_contains("folders");
  if (version == nullptr || *version != kCursorVersion || folders == nullptr || !folders->is_object()) throw unusable();
  FeedCursor out;
  out.at = member(*object, "at");
  const json::value* listing = object->if_contains("listing");
  out.listing = listing != nullptr && listing->is_bool() && listing->get_bool();
  for (const auto& [name, place] : folders->get_object()) {
    if (!place.is_object()) throw unusable();
    out.places[std::string(name)] = {member(place.get_object(), "id"), member(place.get_object(), "state")};
  }
  return out;
}

std::vector<Feed> FolderFeeds::list() const {
  std::vector<Feed> out;
  for (const FeedName& f : feeds)
    if (!folders_.of_kind(f.kind).empty())
      out.push_back({f.name, f.kind, SY_FEED_CURSOR | SY_FEED_TOMBSTONES | SY_FEED_IDS_ONLY});
  return out;
}

SyncPage FolderFeeds::read(const Call& call, const FolderName& folder, FeedCursor::Place& place) {
  const auto checked = [&]() -> const FolderId& {
    const FolderId& id = folders_.id_of(session_, call, folder);
    if (!place.folder.empty() && place.folder != id.id)
      throw Error(SY_RESET, "exchange: folder \"" + folder.text() + "\" is another one by now; a full listing follows");
    return id;
  };
  const auto ask = [&] {
    const FolderId& id = checked();
    SyncPage page = sync_items(session_, call, id, place.state, listing_shape(), page_size_);
    place.folder = id.id;
    return page;
  };
  try {
    return ask();
  } catch (const Refused& e) {
    if (e.scope() != Scope::FOLDER || e.code() == SY_RESET) throw;
  }
  folders_.forget();  // it was made anew, or the mailbox was moved
  return ask();
}

void FolderFeeds::put_changes(std::string_view kind, const SyncPage& page, const ItemSink& put) {
  for (const ItemChange& change : page.changes) {
    Item item = absent(kind, change.id.id, change.gone ? std::uint32_t{SY_ITEM_GONE} : 0u);
    if (!change.gone) {
      const std::string item_class = child_text(change.item, "ItemClass");
      if (!item_class.empty() && !is_kind(kind, item_class)) {  // a distribution list among contacts (H-27)
        session_.host().log(SY_DEBUG, change.id.id,
                            "left out: an item of another class than the kind " + std::string(kind));
        continue;
      }
      item.version = change.id.change_key;
    }
    if (!put(item)) throw Error(SY_CANCELED, "the receiver of the page wanted no more");
  }
}

PageEnd FolderFeeds::page(const Call& call, std::string_view feed, std::string_view text, const ItemSink& put) {
  const auto* found = std::find_if(feeds.begin(), feeds.end(), [&](const FeedName& f) { return f.name == feed; });
  const auto names = found == feeds.end() ? std::vector<FolderName>() : folders_.of_kind(found->kind);
  if (names.empty()) throw Error(SY_UNSUPPORTED, "there is no feed called " + std::string(feed));
  call.check();
  FeedCursor cursor;
  if (text.empty())
    cursor.listing = true;
  else
    cursor = FeedCursor::read(text);
  if (cursor.at.empty() && !text.empty()) cursor.listing = false;  // the walk before ended: this is the next one
  // A new walk, or the folder was taken out of the configuration: from the first one.
  std::size_t at = 0;
  for (std::size_t i = 0; i < names.size(); ++i)
    if (names[i].text() == cursor.at) at = i;
  std::erase_if(cursor.places, [&](const auto& place) {
    return std::none_of(names.begin(), names.end(), [&](const FolderName& n) { return n.text() == place.first; });
  });

  FeedCursor::Place& place = cursor.places[names[at].text()];
  const SyncPage page = read(call, names[at], place);
  if (!page.last && page.changes.empty() && page.state == place.state)
    throw Error(SY_RETRY, "exchange: SyncFolderItems: the server says that there is more and does not go on");
  put_changes(found->kind, page, put);
  place.state = page.state;
  if (page.last) ++at;
  cursor.at = at == names.size() ? std::string() : names[at].text();
  const int end = !cursor.at.empty() ? SY_PAGE_MORE
                  : cursor.listing   ? SY_PAGE_LISTING_COMPLETE
                                     : SY_PAGE_DELTA_COMPLETE;
  return {end, cursor.text()};
}

}  // namespace syncline::exchange
