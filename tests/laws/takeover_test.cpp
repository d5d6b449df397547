// Two instances on one store: who works on a pair, and what becomes of the one whose lease was taken.
#include <sstream>

#include "house.hpp"

namespace syncline::test {
namespace {

json::object contact(int n) { return {{"lastname", "Lee"}, {"email1", "c" + std::to_string(n) + "@x.test"}}; }

/// Another instance's view of the house: the same store, another name.
class Rival {
 public:
  Rival(const House& house, const std::string& takeover) : file_(house.folder() / "rival.toml") {
    std::ifstream in(house.config());
    std::ostringstream all;
    all << in.rdbuf();
    std::string text = all.str();
    text.replace(text.find("instance = \"test\""), 17, "instance = \"rival\"\ntakeover = \"" + takeover + "\"");
    std::ofstream(file_) << text;
  }
  std::vector<PairReport> sync(std::chrono::milliseconds later = {}, SyncOptions options = {}) const {
    EngineOptions e;
    e.clock = [later, now = system_clock()] { return now() + later.count(); };
    options.workers = 1;
    return Engine(load_config(file_.string(), {{SYNCLINE_BUILD_DIR "/plugins"}, {}}), std::move(e)).sync(options);
  }

 private:
  fs::path file_;
};

/// A pass of the house's own instance that plans another one in an hour, so that its lease lives on.
void hold(const House& h, std::chrono::minutes for_long = std::chrono::minutes(60)) {
  auto engine = h.engine();
  SyncOptions o;
  o.next = [&](const PairReport&) {
    const auto ms = std::chrono::milliseconds(for_long).count();
    return NextPass{system_clock()() + ms, ms};
  };
  for (const PairConfig& p : engine->config().pairs) EXPECT_EQ(engine->pass(p, o).end, PairEnd::done);
}

TEST(Takeover, never_leaves_a_living_lease_alone_and_takes_an_expired_one) {
  House h;
  h.world().add(SY_MAILBOX, alice, "contact", contact(1));
  hold(h);
  h.world().add(SY_MAILBOX, alice, "contact", contact(2));
  const Rival rival(h, "never");
  const auto refused = rival.sync();
  ASSERT_EQ(refused.size(), 1u);
  EXPECT_EQ(refused[0].end, PairEnd::held_elsewhere);
  EXPECT_NE(refused[0].error.find("instance test"), std::string::npos) << refused[0].error;
  EXPECT_EQ(h.titles(SY_CRM, "contact", "email1").size(), 1u);
  EXPECT_EQ(rival.sync(std::chrono::hours(2))[0].end, PairEnd::done);
  EXPECT_EQ(h.titles(SY_CRM, "contact", "email1").size(), 2u);
}

TEST(Takeover, always_takes_it_and_the_other_is_the_one_that_waits) {
  House h;
  h.world().add(SY_MAILBOX, alice, "contact", contact(1));
  hold(h);
  h.world().add(SY_MAILBOX, alice, "contact", contact(2));
  SyncOptions o;
  o.next = [](const PairReport&) { return NextPass{system_clock()() + 3'600'000, 3'600'000}; };
  EXPECT_EQ(Rival(h, "always").sync({}, o)[0].end, PairEnd::done);
  EXPECT_EQ(h.titles(SY_CRM, "contact", "email1").size(), 2u);
  EXPECT_EQ(h.sync()[0].end, PairEnd::held_elsewhere);
}

TEST(Takeover, ask_asks_and_does_as_it_is_told) {
  House h;
  hold(h);
  for (const bool yes : {false, true}) {
    SyncOptions o;
    std::string asked;
    o.take_over = [&](const std::string&, const std::string& holder) {
      asked = holder;
      return yes;
    };
    EXPECT_EQ(Rival(h, "ask").sync({}, o)[0].end, yes ? PairEnd::done : PairEnd::held_elsewhere);
    EXPECT_EQ(asked, "test");
  }
}

TEST(Takeover, who_lost_the_lease_in_the_middle_of_a_pass_stops_and_doubles_nothing) {
  House h;
  constexpr int contacts = 40;
  for (int n = 0; n < contacts; ++n) h.world().add(SY_MAILBOX, alice, "contact", contact(n));
  const Rival rival(h, "always");
  const auto before = h.world().effects();
  bool taken = false;
  std::int64_t after = 0;
  EngineOptions e;
  e.canceled = [&] {  // asked again and again: here, between two writes of one batch
    if (!taken && h.world().effects() > before + 5) {
      taken = true;
      EXPECT_EQ(rival.sync()[0].end, PairEnd::done);
      after = h.world().effects();
    }
    return false;
  };
  auto engine = h.engine(std::move(e));
  const PairReport r = engine->pass(engine->config().pairs.front(), {});
  ASSERT_TRUE(taken);
  EXPECT_EQ(r.end, PairEnd::failed);
  EXPECT_EQ(r.code, SY_CONFLICT) << r.error;
  // What its batch had begun it may have ended, by tokens that the rival had used; no new batch was begun.
  EXPECT_LE(h.world().effects() - after, contacts);
  engine.reset();
  EXPECT_EQ(h.titles(SY_CRM, "contact", "email1").size(), static_cast<std::size_t>(contacts));  // and none twice
  h.settle();
  EXPECT_EQ(h.titles(SY_CRM, "contact", "email1").size(), static_cast<std::size_t>(contacts));
}

}  // namespace
}  // namespace syncline::test
