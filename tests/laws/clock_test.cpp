// A clock that is set back a day, and one that runs ahead by a year and is set right again: nothing stops for as long.
#include "house.hpp"

namespace syncline::test {
namespace {

using std::chrono::hours;

constexpr hours a_day{24}, a_year{24 * 365};

json::object contact(std::string_view email) { return {{"lastname", "Lee"}, {"email1", email}}; }

EngineOptions at(hours later) {
  EngineOptions e;
  e.clock = [later, now = system_clock()] { return now() + std::chrono::milliseconds(later).count(); };
  return e;
}

/// A pass after which a next one is planned, so that the instance keeps the pair's lease when it is gone.
PairReport pass_that_keeps_its_lease(const House& h, hours later) {
  const auto engine = h.engine(at(later));
  SyncOptions o;
  o.next = [&](const PairReport& r) { return NextPass{r.end_ms + 60'000, 60'000}; };
  return engine->pass(engine->config().pair(alice), o);
}

PairReport pass_of_another_instance(const House& h, hours later) {
  std::ostringstream text;
  text << std::ifstream(h.config()).rdbuf();
  std::string other = text.str();
  other.replace(other.find("\"test\""), 6, "\"second\"");
  const std::string file = (h.folder() / "second.toml").string();
  std::ofstream(file) << other;
  Engine engine(load_config(file, {{SYNCLINE_BUILD_DIR "/plugins"}, {}}), at(later));
  return engine.pass(engine.config().pair(alice), {});
}

void throttled_once(House& h) {
  memory::Fault busy;
  busy.mishap = memory::Mishap::throttle;
  busy.side = SY_CRM;
  busy.verb = "update";
  busy.retry_after_ms = 10 * 60'000;
  h.world().arm(busy);
}

std::int64_t waiting(const std::vector<PairReport>& reports) { return reports.at(0).counts.waiting; }

TEST(Clock, an_item_that_waits_for_its_next_attempt_does_not_wait_for_yesterday_to_pass) {
  for (const hours jump : {-a_day, -a_year, a_day, a_year}) {
    House h;
    h.world().add(SY_MAILBOX, alice, "contact", contact("a@x.test"));
    h.settle();
    throttled_once(h);
    h.world().edit(SY_MAILBOX, h.id_of(SY_MAILBOX, "contact", "email1", "a@x.test"), {{"jobtitle", "chief"}});
    EXPECT_EQ(waiting(h.sync()), 1) << "it was told to come back in ten minutes";
    EXPECT_EQ(waiting(h.sync()), 1) << "and does not come earlier";
    EXPECT_FALSE(h.documents(SY_CRM, "contact", "email1").at("a@x.test").contains("jobtitle"));
    EXPECT_EQ(waiting(h.sync_later(jump)), 0) << jump.count();
    EXPECT_TRUE(h.documents(SY_CRM, "contact", "email1").at("a@x.test").contains("jobtitle")) << jump.count();
    h.world().add(SY_MAILBOX, alice, "contact", contact("b@x.test"));
    h.settle();  // with the clock set right again
    h.expect_in_step("contact", "email1");
    EXPECT_EQ(h.documents(SY_CRM, "contact", "email1").size(), 2U);
  }
}

TEST(Clock, a_lease_of_a_dead_instance_does_not_last_a_day_longer) {
  House h;
  h.world().add(SY_MAILBOX, alice, "contact", contact("a@x.test"));
  ASSERT_EQ(pass_that_keeps_its_lease(h, hours(0)).end, PairEnd::done);
  EXPECT_EQ(pass_of_another_instance(h, hours(0)).end, PairEnd::held_elsewhere) << "as long as the clock is right";
  h.world().add(SY_MAILBOX, alice, "contact", contact("b@x.test"));
  const PairReport r = pass_of_another_instance(h, -a_day);
  EXPECT_EQ(r.end, PairEnd::done) << r.error;
  EXPECT_EQ(h.documents(SY_CRM, "contact", "email1").size(), 2U);
}

TEST(Clock, a_year_ahead_and_back_changes_and_stops_nothing) {
  House h;
  for (const char* email : {"a@x.test", "b@x.test"}) h.world().add(SY_MAILBOX, alice, "contact", contact(email));
  ASSERT_EQ(pass_that_keeps_its_lease(h, a_year).end, PairEnd::done);
  const auto before = h.documents(SY_CRM, "contact", "email1");
  EXPECT_EQ(pass_of_another_instance(h, hours(0)).end, PairEnd::done);
  h.world().add(SY_MAILBOX, alice, "contact", contact("c@x.test"));
  const PairReport r = pass_that_keeps_its_lease(h, -a_day);
  EXPECT_EQ(r.end, PairEnd::done) << r.error;
  h.expect_in_step("contact", "email1");
  auto after = h.documents(SY_CRM, "contact", "email1");
  EXPECT_EQ(after.size(), 3U);
  for (const auto& [email, doc] : before) EXPECT_EQ(after.at(email), doc);
  for (const PairReport& settled : h.settle()) EXPECT_FALSE(settled.counts.moved());
}

}  // namespace
}  // namespace syncline::test
