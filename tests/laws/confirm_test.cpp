// Whether what a feed says is believed at the right moment: a created link's echo (repair 2), and a deletion that the
// server denies.
#include "house.hpp"
#include "kernel/feed_walk.hpp"

namespace syncline::test {
namespace {

json::object contact(std::string_view email) { return {{"lastname", "Lee"}, {"email1", email}}; }

Link unconfirmed_link(Engine& engine, std::int64_t walk) {
  Link l;
  l.id = engine.ledger().next_id();
  l.pair = engine.ledger().pairs().at(0).id;
  l.kind = "contact";
  l.confirm_walk = walk;
  l.side.mailbox.id = "m" + std::to_string(l.id);
  l.side.crm.id = "c" + std::to_string(l.id);
  return l;
}

/// One walk of the CRM's contacts; before it is committed, somebody else records a link.
Link walk_while_another_records(Engine& engine, const std::string& key) {
  std::optional<Link> recorded;
  WalkSettings w;
  w.side = Side::crm;
  w.key = key;
  w.org = key_hash("org-1");
  w.organization = "org-1";
  w.renew = [&] {
    if (recorded) return;
    recorded = unconfirmed_link(engine, engine.ledger().feed(key).walk);
    Batch b;
    b.put(*recorded, w.org);
    engine.ledger().commit(b, {});
  };
  const FeedsHandle feeds = engine.connection("crm").feeds();
  for (Feed& f : feeds.list(CallBudget(std::chrono::seconds(10))))
    if (f.kind == "contact")
      FeedWalk(feeds, std::move(f), std::move(w), engine.ledger(), system_clock(), [] { return false; }).run();
  return recorded.value();
}

TEST(Confirm, a_walk_under_way_confirms_no_link_that_was_recorded_meanwhile) {
  House h;
  h.world().add(SY_MAILBOX, alice, "contact", contact("a@x.test"));
  h.settle();
  auto engine = h.engine();
  Ledger& ledger = engine->ledger();
  for (const char* key : {"org:new/contact", "org:new/contact", "org:new/contact"}) {  // the first walk, and later ones
    const Link l = walk_while_another_records(*engine, key);
    EXPECT_LE(ledger.feed(key).complete_walk, l.confirm_walk);
    const Link next = walk_while_another_records(*engine, key);
    EXPECT_GT(ledger.feed(key).complete_walk, l.confirm_walk);
    EXPECT_LE(ledger.feed(key).complete_walk, next.confirm_walk);
  }
}

TEST(Confirm, an_idle_walk_writes_nothing) {
  House h;
  h.world().add(SY_MAILBOX, alice, "contact", contact("a@x.test"));
  h.settle();
  const std::string key = "org:org-1/contact";
  const std::int64_t before = h.engine()->ledger().feed(key).revision;
  ASSERT_NE(before, 0);
  h.settle();
  EXPECT_EQ(h.engine()->ledger().feed(key).revision, before);
}

TEST(Confirm, a_record_that_no_walk_has_shown_is_not_taken_for_confirmed) {
  House h({}, "tombstones = \"own\"\nlag = \"1h\"");
  h.world().add(SY_MAILBOX, alice, "contact", contact("a@x.test"));
  h.settle();  // made; the feed does not show it yet, a fetch does
  ASSERT_EQ(h.titles(SY_CRM, "contact", "email1").size(), 1u);
  h.world().remove(SY_CRM, h.id_of(SY_CRM, "contact", "email1", "a@x.test"));
  h.sync_later(std::chrono::hours(2));  // the feed never says so: it reports no deletion of what it did not show
  EXPECT_TRUE(h.titles(SY_MAILBOX, "contact", "email1").empty());
}

TEST(Confirm, what_a_walk_shows_after_a_while_is_confirmed_and_comes_to_rest) {
  House h({}, "tombstones = \"own\"\nlag = \"1h\"");
  h.world().add(SY_MAILBOX, alice, "contact", contact("a@x.test"));
  h.settle();
  EXPECT_TRUE(h.engine()->ledger().any_unconfirmed());
  h.sync_later(std::chrono::hours(2));
  EXPECT_FALSE(h.engine()->ledger().any_unconfirmed());
  h.expect_in_step("contact", "email1");
}

TEST(Confirm, an_item_that_the_feed_calls_gone_and_the_server_shows_waits_a_pass) {
  House h;
  h.world().add(SY_MAILBOX, alice, "contact", contact("a@x.test"));
  h.settle();
  const std::string id = h.id_of(SY_MAILBOX, "contact", "email1", "a@x.test");
  {
    auto engine = h.engine();
    Pending p;
    p.pair = engine->ledger().pairs().at(0).id;
    p.side = Side::mailbox;
    p.id = id;
    p.kind = "contact";
    p.gone = true;
    Batch b;
    b.put(p);
    engine->ledger().commit(b, {});
  }
  EXPECT_EQ(h.settle()[0].counts.looked_at, 2);  // once to find it there, once to believe it
  h.expect_in_step("contact", "email1");
  EXPECT_EQ(h.titles(SY_CRM, "contact", "email1").size(), 1u);
}

}  // namespace
}  // namespace syncline::test
