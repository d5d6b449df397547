// Rows of the acceptance matrix that the scheduler carries: which mailbox is looked at, how often, and what is written
// down of it. Each runs a whole installation; its name bears the row's id.
#include "kernel/daemon.hpp"
#include "tests/laws/house.hpp"

namespace syncline::test {
namespace {

json::object mail(const std::string& id) {
  return {{"direction", "incoming"},
          {"message_id", id},
          {"subject", "Subject of " + id},
          {"from", json::object{{"address", "carol@fabrikam.test"}}},
          {"to", json::array{json::object{{"address", alice}}}},
          {"date", "2026-03-02T10:00:00.000Z"},
          {"received", "2026-03-02T10:00:00.000Z"}};
}

/// A daemon on the house's configuration; `until` what must come has come.
class Service {
 public:
  explicit Service(const House& house)
      : daemon_(load_config(house.config(), {{SYNCLINE_BUILD_DIR "/plugins"}, {}}), 2), house_(house) {
    daemon_.start();
  }
  ~Service() { EXPECT_TRUE(daemon_.stop(std::chrono::seconds(60))); }
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  RunState until(const std::function<bool(const RunState&)>& has_come) {
    for (int i = 0; i < 3000; ++i) {
      const RunState s = run_state();
      if (s.passes != 0 && has_come(s)) return s;
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    ADD_FAILURE() << "what was waited for did not come";
    return {};
  }
  /// The next pass, at once.
  RunState pass_once_more() {
    const RunState before = run_state();
    daemon_.wake(before.pair);
    return until([&](const RunState& s) { return s.passes > before.passes; });
  }

 private:
  RunState run_state() {
    EngineOptions o;
    o.read_only = true;
    const auto engine = house_.engine(o);
    const auto pair = engine->find_pair(engine->config().pair(alice));
    return pair ? engine->ledger().run(pair->id) : RunState{};
  }
  Daemon daemon_;
  const House& house_;
};

House with(const std::string& defaults) { return House({}, {}, "[defaults]\n" + defaults, R"(["email"])"); }

void approve(House& h, bool approved) {
  h.world().principal({{"id", "u-alice"},
                       {"kind", "user"},
                       {"address", alice},
                       {"name", alice},
                       {"approved", approved},
                       {"enabled", true}});
}

constexpr const char* quick = "poll.busy = \"1s\"\npoll.normal = \"1s\"\npoll.idle = \"1s\"\n";

TEST(Schedule, CON_13) {
  House h = with(quick);
  h.settle();  // it was approved once
  approve(h, false);
  h.world().add(SY_MAILBOX, alice, "email", mail("m1@x.test"));
  Service service(h);
  const RunState s = service.until([](const RunState& r) { return !r.error_code.empty(); });
  EXPECT_EQ(s.error_code, "denied");
  EXPECT_NE(s.error_text.find("is not approved in the CRM"), std::string::npos) << s.error_text;
  EXPECT_TRUE(h.documents(SY_CRM, "email", "message_id").empty());
  EXPECT_EQ(h.documents(SY_MAILBOX, "email", "message_id").size(), 1U);
  approve(h, true);
  service.until([](const RunState& r) { return r.error_code.empty(); });
  EXPECT_EQ(h.documents(SY_CRM, "email", "message_id").count("m1@x.test"), 1U);
}

TEST(Schedule, CON_14) {
  House h = with(std::string(quick) + "approval.required = false\n");
  approve(h, false);
  h.world().add(SY_MAILBOX, alice, "email", mail("m1@x.test"));
  Service service(h);
  service.until([](const RunState& r) { return r.error_code.empty(); });
  EXPECT_EQ(h.documents(SY_CRM, "email", "message_id").count("m1@x.test"), 1U);
}

TEST(Schedule, CON_18) {
  constexpr std::int64_t minute = 60'000;
  House h = with("");
  h.world().add(SY_MAILBOX, alice, "email", mail("m1@x.test"));
  Service service(h);
  const auto pause = [](const RunState& s) {
    EXPECT_LE(s.next_ms - s.at_ms, s.interval_ms + 1000) << "never longer; beside what the pass itself took";
    EXPECT_GE(s.next_ms - s.at_ms, s.interval_ms * 9 / 10 - 1000);
    return s.interval_ms / minute;
  };
  EXPECT_EQ(pause(service.until([](const RunState&) { return true; })), 2) << "busy";
  for (int i = 0; i < 3; ++i) EXPECT_EQ(pause(service.pass_once_more()), 5) << "normal";
  for (int i = 0; i < 2; ++i) EXPECT_EQ(pause(service.pass_once_more()), 12) << "idle, and never longer";
  h.world().add(SY_MAILBOX, alice, "email", mail("m2@x.test"));
  EXPECT_EQ(pause(service.pass_once_more()), 2) << "busy again";
  EXPECT_EQ(h.documents(SY_CRM, "email", "message_id").size(), 2U);
}

TEST(Schedule, PER_09) {
  House h = with("");
  const std::int64_t before = system_clock()();
  h.world().add(SY_MAILBOX, alice, "email", mail("m1@x.test"));
  h.settle();
  approve(h, false);
  h.sync();
  const std::int64_t after = system_clock()();
  EngineOptions reading;
  reading.read_only = true;
  const auto engine = h.engine(reading);
  const auto log = engine->ledger().run_log(engine->find_pair(engine->config().pair(alice))->id);
  ASSERT_GE(log.size(), 2U);
  const RunEntry& good = log.front();
  EXPECT_TRUE(good.good);
  EXPECT_EQ(good.counts.at("created").to_number<int>(), 1);
  EXPECT_EQ(good.counts.at("deleted").to_number<int>(), 0);
  EXPECT_GE(good.start_ms, before);
  EXPECT_GE(good.end_ms, good.start_ms);
  EXPECT_LE(log.back().end_ms, after);
  EXPECT_FALSE(log.back().good);
  EXPECT_EQ(log.back().error_code, "denied");
  EXPECT_EQ(log.back().counts.at("created").to_number<int>(), 0);
}

}  // namespace
}  // namespace syncline::test
