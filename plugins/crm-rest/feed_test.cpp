// The organization's feed of mail: pages, changes, deletions, and cursors that no longer hold.
#include "test_crm.hpp"

namespace syncline::crm {
namespace {

using sandbox::Fault;

class FeedTest : public CrmTest {
 protected:
  struct Walk {
    std::vector<Item> items;
    int end = -1, pages = 0;
    std::string cursor;
    [[nodiscard]] bool gone(const std::string& id) const {
      return std::any_of(items.begin(), items.end(), [&](const Item& i) { return i.id == id && i.gone(); });
    }
    [[nodiscard]] bool shown(const std::string& id) const {
      return std::any_of(items.begin(), items.end(), [&](const Item& i) { return i.id == id && !i.gone(); });
    }
  };
  Walk walk(std::string cursor) const {
    Walk out;
    for (;;) {
      const PageEnd p = connection.feeds().page(host.call(), "emails", cursor, [&](const Item& i) {
        out.items.push_back(i);
        return true;
      });
      ++out.pages;
      out.end = p.end;
      out.cursor = p.next.value_or("");
      if (p.end != SY_PAGE_MORE) return out;
      cursor = out.cursor;
    }
  }
  sy_code page_code(const std::string& cursor) const {
    return code_of([&] { connection.feeds().page(host.call(), "emails", cursor, [](const Item&) { return true; }); });
  }
  std::string add(const std::string& subject) { return server.add("emails", {{"subject", subject}}); }
  void fail(int status, const std::string& code, int count = 1) {
    Fault f;
    f.method = "GET";
    f.path = "emails";
    f.status = status;
    f.code = code;
    f.count = count;
    server.add_fault(f);
  }
};

TEST_F(FeedTest, IsDeclared) {
  const auto feeds = connection.feeds().list(host.call());
  ASSERT_EQ(feeds.size(), 3u);
  EXPECT_EQ(feeds[0].name, "contacts");
  EXPECT_EQ(feeds[0].kind, "contact");
  EXPECT_EQ(feeds[0].flags, std::uint32_t{SY_FEED_CURSOR | SY_FEED_TOMBSTONES | SY_FEED_FOREIGN_TOMBSTONES});
  EXPECT_EQ(feeds[1].name, "tasks");
  EXPECT_EQ(feeds[1].kind, "task");
  EXPECT_EQ(feeds[1].flags, feeds[0].flags);
  EXPECT_EQ(feeds[2].name, "emails");
  EXPECT_EQ(feeds[2].kind, "email");
  EXPECT_EQ(feeds[2].flags,
            std::uint32_t{SY_FEED_CURSOR | SY_FEED_TOMBSTONES | SY_FEED_FOREIGN_TOMBSTONES | SY_FEED_IDS_ONLY});
}

TEST_F(FeedTest, WalksPagesThenChanges) {
  std::vector<std::string> ids;
  for (int i = 0; i < 7; ++i) ids.push_back(add("m" + std::to_string(i)));
  const Walk first = walk("");
  EXPECT_EQ(first.end, SY_PAGE_LISTING_COMPLETE);
  EXPECT_EQ(first.pages, 3);
  EXPECT_EQ(first.items.size(), 7u);
  for (const std::string& id : ids) EXPECT_TRUE(first.shown(id));
  for (const Item& i : first.items) EXPECT_TRUE(i.doc.empty() && !i.version.empty());

  const Walk quiet = walk(first.cursor);
  EXPECT_EQ(quiet.end, SY_PAGE_DELTA_COMPLETE);
  EXPECT_TRUE(quiet.items.empty());

  server.edit("emails", ids[2], {{"subject", "changed"}});
  server.remove("emails", ids[4]);
  const std::string brief = add("made and deleted between two looks");
  server.remove("emails", brief);
  for (int i = 0; i < 5; ++i) add("n" + std::to_string(i));
  const Walk delta = walk(quiet.cursor);
  EXPECT_EQ(delta.end, SY_PAGE_DELTA_COMPLETE);
  EXPECT_GT(delta.pages, 1);
  EXPECT_TRUE(delta.shown(ids[2]));
  EXPECT_TRUE(delta.gone(ids[4]));
  EXPECT_TRUE(delta.gone(brief));
  EXPECT_FALSE(delta.shown(ids[0]));
  EXPECT_EQ(delta.items.size(), 8u);
}

TEST_F(FeedTest, ShowsOurOwnWriteAtTheVersionThatTheWriteReported) {
  const Walk before = walk("");
  const Done d = create(create_op(document()));
  const Walk after = walk(before.cursor);
  ASSERT_TRUE(after.shown(token));
  EXPECT_EQ(after.items.back().version, d.version);
}

TEST_F(FeedTest, AnExpiredLinkAsksForAFullListing) {
  add("m");
  const std::string cursor = walk("").cursor;
  server.expire_delta_tokens();
  EXPECT_EQ(page_code(cursor), SY_RESET);
  EXPECT_EQ(walk("").items.size(), 1u);
}

TEST_F(FeedTest, AnyRefusalOfALinkIsAReset) {
  const std::string cursor = walk("").cursor;
  for (const auto& [status, code, expected] :
       {std::tuple{400, "", SY_RESET}, std::tuple{404, "", SY_RESET}, std::tuple{410, "", SY_RESET},
        std::tuple{500, "0x80044352", SY_RESET}, std::tuple{500, "0x80040216", SY_RETRY},
        std::tuple{403, "0x80040220", SY_DENIED}}) {
    fail(status, code);
    EXPECT_EQ(page_code(cursor), expected) << status << code;
  }
  EXPECT_EQ(page_code(cursor), SY_OK);
}

TEST_F(FeedTest, AForeignCursorIsAReset) {
  EXPECT_EQ(page_code("garbage"), SY_RESET);
  EXPECT_EQ(page_code("D https://elsewhere.test/api/data/v9.2/emails?$deltatoken=1"), SY_RESET);
  EXPECT_EQ(page_code("D http://["), SY_RESET);
}

TEST_F(FeedTest, RefusedAtTheStartIsNoReset) {
  fail(403, "0x80040220");
  EXPECT_EQ(page_code(""), SY_DENIED);
  fail(400, "");
  EXPECT_EQ(page_code(""), SY_INVALID);
}

TEST_F(FeedTest, WithoutChangeTrackingItListsAndSaysSo) {
  for (int i = 0; i < 7; ++i) add("m" + std::to_string(i));
  fail(400, "0x80072491");
  const Walk listing = walk("");
  EXPECT_EQ(listing.end, SY_PAGE_LISTING_COMPLETE);
  EXPECT_EQ(listing.pages, 1);
  EXPECT_EQ(listing.items.size(), 7u);
  EXPECT_TRUE(listing.cursor.empty());
  EXPECT_EQ(connection.feeds().list(host.call())[2].flags, std::uint32_t{SY_FEED_IDS_ONLY});
  EXPECT_TRUE(host.logged("change tracking"));
  EXPECT_EQ(walk("").items.size(), 7u);
}

TEST_F(FeedTest, AnUnknownFeedIsUnsupported) {
  EXPECT_EQ(
      code_of([&] { connection.feeds().page(host.call(), "appointments", "", [](const Item&) { return true; }); }),
      SY_UNSUPPORTED);
}

}  // namespace
}  // namespace syncline::crm
