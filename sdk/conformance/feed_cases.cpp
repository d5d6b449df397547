#include "cases.hpp"

namespace syncline::conformance {
namespace {

// A macro, because only the test itself can skip. NOLINTBEGIN(bugprone-macro-parentheses): `name` is a declaration
#define SYNCLINE_FEED(name, flag)                             \
  const EndpointHandle endpoint = open(s);                    \
  const FeedOf name = feed_of(s, endpoint, kind);             \
  if (!name) GTEST_SKIP() << "there is no feed of this kind"; \
  if ((name.feed.flags & (flag)) != (flag)) GTEST_SKIP() << "the feed's flags say that it does not offer this"
// NOLINTEND(bugprone-macro-parentheses)

std::vector<std::string> add_some(Subject& s, const std::string& kind, int n) {
  std::vector<std::string> ids;
  for (int i = 1; i <= n; ++i) ids.push_back(s.add(kind, s.sample(kind, i)));
  return ids;
}

void listing_reports_everything(Subject& s, const std::string& kind) {
  SYNCLINE_FEED(feed, 0u);
  const auto ids = add_some(s, kind, 12);
  const Walk w = walk(s, feed);
  EXPECT_EQ(w.end, SY_PAGE_LISTING_COMPLETE);
  for (const std::string& id : ids) {
    ASSERT_TRUE(w.last.contains(id)) << id;
    const Item& i = w.last.at(id);
    EXPECT_FALSE(i.gone());
    EXPECT_FALSE(i.version.empty());
    EXPECT_EQ(i.kind, kind);
    if ((feed.feed.flags & SY_FEED_IDS_ONLY) != 0) EXPECT_TRUE(i.doc.empty());
  }
}

void items_agree_with_fetch(Subject& s, const std::string& kind) {
  SYNCLINE_FEED(feed, 0u);
  const auto ids = add_some(s, kind, 3);
  const Walk w = walk(s, feed);
  for (const std::string& id : ids) {
    ASSERT_TRUE(w.last.contains(id));
    const Item fetched = fetch_one(s, endpoint, kind, id, SY_HEAD);
    EXPECT_EQ(w.last.at(id).version, fetched.version);
    if (!w.last.at(id).doc.empty()) EXPECT_EQ(parse(w.last.at(id).doc), parse(fetched.doc));
  }
}

void listing_without_cursor_omits_what_is_gone(Subject& s, const std::string& kind) {
  SYNCLINE_FEED(feed, 0u);
  const auto ids = add_some(s, kind, 3);
  walk(s, feed);
  s.remove(kind, ids[1]);
  const Walk again = walk(s, feed);
  EXPECT_EQ(again.end, SY_PAGE_LISTING_COMPLETE);
  EXPECT_TRUE(again.last.contains(ids[0]));
  EXPECT_TRUE(!again.last.contains(ids[1]) || again.last.at(ids[1]).gone());
}

void delta_reports_changes_once(Subject& s, const std::string& kind) {
  SYNCLINE_FEED(feed, SY_FEED_CURSOR);
  const auto ids = add_some(s, kind, 7);
  const Walk first = walk(s, feed);
  ASSERT_FALSE(first.cursor.empty());
  const Walk settled = walk(s, feed, first.cursor);
  EXPECT_EQ(settled.end, SY_PAGE_DELTA_COMPLETE);
  const std::string fresh = s.add(kind, s.sample(kind, 50));
  const Walk second = walk(s, feed, settled.cursor);
  EXPECT_EQ(second.end, SY_PAGE_DELTA_COMPLETE);
  EXPECT_TRUE(second.last.contains(fresh));
  EXPECT_EQ(second.last.size(), 1u) << "only what changed since the cursor";
  EXPECT_TRUE(walk(s, feed, second.cursor).last.empty()) << "nothing has changed since";
}

void delta_reports_edits(Subject& s, const std::string& kind) {
  SYNCLINE_FEED(feed, SY_FEED_CURSOR);
  const auto ids = add_some(s, kind, 3);
  const Walk first = walk(s, feed, walk(s, feed).cursor);
  s.edit(kind, ids[1], {{s.text_field(kind), "edited"}});
  const Walk second = walk(s, feed, first.cursor);
  ASSERT_TRUE(second.last.contains(ids[1]));
  EXPECT_EQ(second.last.at(ids[1]).version, fetch_one(s, endpoint, kind, ids[1], SY_HEAD).version);
}

void delta_reports_own_writes(Subject& s, const std::string& kind) {
  SYNCLINE_FEED(feed, SY_FEED_CURSOR);
  SYNCLINE_NEEDS(endpoint, kind, SY_CAN_CREATE);
  const Walk first = walk(s, feed);
  const Done d = apply_one(s, endpoint, create_op(s, kind, 1));
  ASSERT_EQ(d.code, SY_OK) << d.text;
  const Walk second = walk(s, feed, first.cursor);
  ASSERT_TRUE(second.last.contains(d.id));
  EXPECT_EQ(second.last.at(d.id).version, d.version) << "an echo is known by its version";
}

void cursor_can_be_used_again(Subject& s, const std::string& kind) {
  SYNCLINE_FEED(feed, SY_FEED_CURSOR);
  const Walk first = walk(s, feed);
  const auto ids = add_some(s, kind, 8);
  const Walk once = walk(s, feed, first.cursor);
  const Walk twice = walk(s, feed, first.cursor);
  for (const std::string& id : ids) {
    EXPECT_TRUE(once.last.contains(id));
    EXPECT_TRUE(twice.last.contains(id)) << "a page that was lost on the way is read again";
  }
}

void tombstones_are_reported(Subject& s, const std::string& kind) {
  SYNCLINE_FEED(feed, SY_FEED_CURSOR | SY_FEED_TOMBSTONES);
  const auto ids = add_some(s, kind, 3);
  const Walk first = walk(s, feed, walk(s, feed).cursor);
  s.remove(kind, ids[2]);
  const Walk second = walk(s, feed, first.cursor);
  ASSERT_TRUE(second.last.contains(ids[2]));
  EXPECT_TRUE(second.last.at(ids[2]).gone());
}

void foreign_tombstones_are_reported(Subject& s, const std::string& kind) {
  SYNCLINE_FEED(feed, SY_FEED_CURSOR | SY_FEED_TOMBSTONES | SY_FEED_FOREIGN_TOMBSTONES);
  const Walk first = walk(s, feed);
  const std::string id = s.add(kind, s.sample(kind, 1));
  s.remove(kind, id);
  const Walk second = walk(s, feed, first.cursor);
  ASSERT_TRUE(second.last.contains(id)) << "the deletion of an id that the feed never showed";
  EXPECT_TRUE(second.last.at(id).gone());
}

void deletion_during_a_walk_is_not_lost(Subject& s, const std::string& kind) {
  SYNCLINE_FEED(feed, SY_FEED_CURSOR | SY_FEED_TOMBSTONES);
  const auto ids = add_some(s, kind, 30);
  std::string cursor, victim;
  bool shown = false;
  std::optional<Item> said;  // of the victim, since it was removed: in this walk already, or in the next one
  PageEnd end{SY_PAGE_MORE, std::nullopt};
  while (end.end == SY_PAGE_MORE) {
    end = feed.handle.page(s.host().call(), feed.feed.name, cursor, [&](const Item& i) {
      if (victim.empty()) victim = i.id;
      if (shown && i.id == victim) said = i;
      return true;
    });
    cursor = end.next.value_or(cursor);
    if (!shown) s.remove(kind, victim);
    shown = true;
  }
  const Walk after = walk(s, feed, cursor);
  if (after.last.contains(victim)) said = after.last.at(victim);
  ASSERT_TRUE(said.has_value());
  EXPECT_TRUE(said->gone()) << "what is said last counts";
}

void unknown_cursor_is_reset(Subject& s, const std::string& kind) {
  SYNCLINE_FEED(feed, SY_FEED_CURSOR);
  for (const char* cursor : {"no cursor of ours", "D.", "\x01\xff"})
    EXPECT_EQ(code_of([&] { walk(s, feed, cursor); }), SY_RESET);
  add_some(s, kind, 1);
  EXPECT_EQ(walk(s, feed).last.size(), 1u) << "a walk from the start works after a reset";
}

void forgotten_cursor_is_reset(Subject& s, const std::string& kind) {
  SYNCLINE_FEED(feed, SY_FEED_CURSOR);
  const Walk first = walk(s, feed);
  if (!s.forget_cursors()) GTEST_SKIP() << "the server cannot be made to forget";
  EXPECT_EQ(code_of([&] { walk(s, feed, first.cursor); }), SY_RESET);
}

void unknown_feed_is_unsupported(Subject& s, const std::string& kind) {
  SYNCLINE_FEED(feed, 0u);
  FeedOf other = feed;
  other.feed.name = "no-such-feed";
  EXPECT_EQ(code_of([&] { walk(s, other); }), SY_UNSUPPORTED);
}

void receiver_may_stop(Subject& s, const std::string& kind) {
  SYNCLINE_FEED(feed, 0u);
  const auto ids = add_some(s, kind, 4);
  int put = 0;
  const sy_code code = code_of([&] {
    feed.handle.page(s.host().call(), feed.feed.name, {}, [&](const Item&) {
      ++put;
      return false;
    });
  });
  EXPECT_EQ(put, 1) << "nothing is put after the receiver wanted no more";
  EXPECT_TRUE(code == SY_OK || code == SY_CANCELED);
  EXPECT_EQ(walk(s, feed).last.size(), ids.size());
}

void page_can_be_canceled(Subject& s, const std::string& kind) {
  SYNCLINE_FEED(feed, 0u);
  TestCall call;
  call.cancel();
  EXPECT_EQ(code_of([&] { feed.handle.page(call, feed.feed.name, {}, [](const Item&) { return true; }); }),
            SY_CANCELED);
  TestCall late(-1);
  EXPECT_EQ(code_of([&] { feed.handle.page(late, feed.feed.name, {}, [](const Item&) { return true; }); }),
            SY_CANCELED);
}

}  // namespace

std::vector<Case> feeds_suite() {
  return {{"listing_reports_everything", true, listing_reports_everything},
          {"items_agree_with_fetch", true, items_agree_with_fetch},
          {"listing_without_cursor_omits_what_is_gone", true, listing_without_cursor_omits_what_is_gone},
          {"delta_reports_changes_once", true, delta_reports_changes_once},
          {"delta_reports_edits", true, delta_reports_edits},
          {"delta_reports_own_writes", true, delta_reports_own_writes},
          {"cursor_can_be_used_again", true, cursor_can_be_used_again},
          {"tombstones_are_reported", true, tombstones_are_reported},
          {"foreign_tombstones_are_reported", true, foreign_tombstones_are_reported},
          {"deletion_during_a_walk_is_not_lost", true, deletion_during_a_walk_is_not_lost},
          {"unknown_cursor_is_reset", true, unknown_cursor_is_reset},
          {"forgotten_cursor_is_reset", true, forgotten_cursor_is_reset},
          {"unknown_feed_is_unsupported", true, unknown_feed_is_unsupported},
          {"receiver_may_stop", true, receiver_may_stop},
          {"page_can_be_canceled", true, page_can_be_canceled}};
}

}  // namespace syncline::conformance
