// The daemon from outside: what it carries, how it ends, and what stands beside it.
#include "running.hpp"

namespace syncline::test {
namespace {

json::object status_of(MailHouse& house, const std::string& user) {
  const Ended e = house.run({"status", "--json"}, plain);
  const json::value v = json::parse(e.output);
  for (const auto& p : v.at("pairs").as_array())
    if (p.at("pair").as_string() == house.address(user)) return p.as_object();
  return {};
}

void replace_in_config(const MailHouse& house, const std::string& from, const std::string& to,
                       const std::string& name = "syncline.toml") {
  std::ostringstream text;
  text << std::ifstream(house.folder() / "syncline.toml").rdbuf();
  std::string s = text.str();
  const auto at = s.find(from);
  ASSERT_NE(at, std::string::npos) << from;
  s.replace(at, from.size(), to);
  std::ofstream(house.folder() / name) << s;
}

TEST(Daemon, CarriesMailStandsBesideStatusAndStopsCleanly) {
  MailHouse house(setup());
  house.add("alice", letter("one"));
  Running daemon(house);
  ASSERT_TRUE(carried(house, "one")) << daemon.output();
  house.add("alice", letter("two"));
  ASSERT_TRUE(carried(house, "two")) << daemon.output();
  json::object status;
  ASSERT_TRUE(comes([&] {
    status = status_of(house, "alice");
    return status.contains("next_pass") && status.at("totals").as_object().contains("created");
  })) << json::serialize(status);
  EXPECT_EQ(status.at("state").as_string(), "ok");
  EXPECT_EQ(status.at("instance").at("name").as_string(), "test");
  EXPECT_EQ(status.at("interval").to_number<std::int64_t>(), 1000);
  EXPECT_GT(status.at("next_pass").to_number<std::int64_t>(), status.at("last_pass").to_number<std::int64_t>());
  daemon.signal(SIGTERM);
  EXPECT_EQ(daemon.ended_within(std::chrono::seconds(10)), 0);
  EXPECT_EQ(times(daemon.last_words(), "1 created in"), 2U) << "idle passes are not logged:\n" << daemon.last_words();
  EXPECT_EQ(house.mails().size(), 2U);
}

TEST(Daemon, LeavesNoPictureOfItsMemory) {
  MailHouse house(setup());
  const Running daemon(house);
  const std::string proc = "/proc/" + std::to_string(daemon.pid());
  const auto said = [&] {
    std::ostringstream text;
    text << std::ifstream(proc + "/limits").rdbuf();
    return text.str();
  };
  ASSERT_TRUE(comes([&] {
    return said().find("Max core file size        0                    0") != std::string::npos;
  })) << said();
}

TEST(Daemon, StopsInTimeAlsoWhileAServerHangs) {
  MailHouse house(setup());
  house.add("alice", letter("one"));
  sandbox::Pop3Faults hang;
  hang.hang_on_retr = 1;
  house.pop3().set_faults(hang);
  Running daemon(house);
  ASSERT_TRUE(comes([&] {
    const auto log = house.pop3().log();
    return std::any_of(log.begin(), log.end(), [](const std::string& line) {
      return line.find("RETR") != std::string::npos || line.find("TOP") != std::string::npos;
    });
  }));
  daemon.signal(SIGINT);
  EXPECT_EQ(daemon.ended_within(std::chrono::seconds(10)), 0) << daemon.output();
  house.pop3().set_faults({});
  EXPECT_EQ(house.sync(plain).code, 0);
  EXPECT_EQ(house.mails().size(), 1U);
}

TEST(Daemon, AChangedConfigurationHoldsAsAWholeOrNotAtAll) {
  MailHouse house(setup({}, {"alice", "bob"}));
  house.setup().order = {"alice"};
  house.write_config();
  Running daemon(house);
  house.add("alice", letter("one"));
  ASSERT_TRUE(carried(house, "one")) << daemon.output();

  house.setup().order = {"alice", "bob"};
  house.setup().top = std::string(quick_lease) + "takeover = \"perhaps\"\n";
  house.write_config();
  daemon.signal(SIGHUP);
  ASSERT_TRUE(daemon.says("the old one stays")) << daemon.output();
  EXPECT_TRUE(daemon.says("syncline.toml:4:")) << daemon.output();
  house.add("alice", letter("two"));
  ASSERT_TRUE(carried(house, "two")) << daemon.output();

  house.add("bob", letter("three", "bob"));
  house.setup().top = quick_lease;
  house.write_config();
  daemon.signal(SIGHUP);
  ASSERT_TRUE(daemon.says("the changed configuration holds now")) << daemon.output();
  ASSERT_TRUE(carried(house, "three")) << daemon.output();
  daemon.signal(SIGTERM);
  EXPECT_EQ(daemon.ended_within(std::chrono::seconds(10)), 0);
}

TEST(Daemon, GoesOnWithoutAQuestionAfterAKill) {
  MailHouse house(setup());
  sandbox::Behaviour slow;
  slow.latency = std::chrono::milliseconds(200);
  house.crm().set_behaviour(slow);
  for (int i = 0; i < 5; ++i) house.add("alice", letter("mail" + std::to_string(i)));
  {
    Running daemon(house);
    ASSERT_TRUE(comes([&] { return house.crm().count("emails") != 0; })) << daemon.output();
    daemon.signal(SIGKILL);
    EXPECT_EQ(daemon.ended_within(std::chrono::seconds(10)), 128 + SIGKILL);
  }
  house.crm().set_behaviour({});
  Running again(house);
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(carried(house, "mail" + std::to_string(i))) << again.output();
  again.signal(SIGTERM);
  EXPECT_EQ(again.ended_within(std::chrono::seconds(10)), 0);
  EXPECT_EQ(house.mails().size(), 5U);
}

TEST(Daemon, ADeadCrmConcernsOnlyItsOwnPairsAndIsToldOnce) {
  sandbox::Dataverse other;
  MailSetup s = setup();
  s.rest +=
      "[connection.fabrikam]\nplugin = \"crm-rest\"\nurl = \"" + other.url() +
      "\"\n[connection.fabrikam.auth]\nclient_id = \"" + other.options().client_id + "\"\ntoken_url = \"" +
      other.token_url() + "\"\nscope = \"" + other.scope() +
      "\"\nsecret = { env = \"CRM_SECRET\" }\n[user.\"bob@contoso.test\"]\norganization = \"fabrikam\"\nmailbox = { "
      "connection = \"mail\", username = \"bob\", password = { env = \"BOB_PASSWORD\" } }\nentities = "
      "[\"email\"]\nemail = { method = 0 }\n";
  MailHouse house(s);
  house.pop3().add_mailbox("bob", "bobs-password");
  house.set_environment("BOB_PASSWORD", "bobs-password");
  sandbox::Fault dead;
  dead.status = 503;
  dead.count = -1;
  other.add_fault(dead);
  house.add("alice", letter("one"));
  house.add("bob", letter("two", "bob"));
  Running daemon(house);
  ASSERT_TRUE(daemon.says("is away")) << daemon.output();
  EXPECT_TRUE(carried(house, "one")) << daemon.output();
  const std::size_t asked = other.log().size();
  ASSERT_TRUE(comes([&] { return other.log().size() > asked + 4; })) << "it is tried again and again";
  other.clear_faults();
  ASSERT_TRUE(daemon.says("is back")) << daemon.output();
  EXPECT_TRUE(comes([&] { return other.count("emails") == 1; })) << daemon.output();
  daemon.signal(SIGTERM);
  EXPECT_EQ(daemon.ended_within(std::chrono::seconds(10)), 0);
  EXPECT_EQ(times(daemon.last_words(), "is away"), 1U) << daemon.last_words();
  EXPECT_EQ(times(daemon.last_words(), "is back"), 1U) << daemon.last_words();
  EXPECT_EQ(times(daemon.last_words(), "\"warn"), 1U) << daemon.last_words();
}

TEST(Daemon, ASecondInstanceTakesOnlyWhatIsFreeAndTakesOverFromADeadOne) {
  MailHouse house(setup());
  house.add("alice", letter("one"));
  Running first(house);
  ASSERT_TRUE(carried(house, "one")) << first.output();

  const Ended same_name = house.run({"run"}, plain);
  EXPECT_EQ(same_name.code, 75) << same_name.output;
  EXPECT_NE(same_name.output.find("another syncline with the instance name test"), std::string::npos);

  replace_in_config(house, "instance = \"test\"", "instance = \"second\"", "second.toml");
  Running second(house, "second.toml");
  ASSERT_TRUE(second.says("is being synchronized by instance test")) << second.output();
  house.add("alice", letter("two"));
  ASSERT_TRUE(carried(house, "two"));
  EXPECT_EQ(second.output().find("created"), std::string::npos) << second.output();

  first.signal(SIGKILL);
  EXPECT_EQ(first.ended_within(std::chrono::seconds(10)), 128 + SIGKILL);
  house.add("alice", letter("three"));
  EXPECT_TRUE(carried(house, "three")) << second.output();
  EXPECT_EQ(status_of(house, "alice").at("instance").at("name").as_string(), "second");
  second.signal(SIGTERM);
  EXPECT_EQ(second.ended_within(std::chrono::seconds(10)), 0);
  EXPECT_EQ(house.mails().size(), 3U);
}

TEST(Daemon, ARequestIsNoticedAlthoughNoPassIsDue) {
  MailSetup s = setup();
  s.rest = "[defaults.poll]\nbusy = \"1d\"\nnormal = \"1d\"\nidle = \"1d\"\n";
  MailHouse house(s);
  replace_in_config(house, "first_run = \"go\"", "first_run = \"ask\"");
  house.add("alice", letter("one"));
  Running daemon(house);
  ASSERT_TRUE(daemon.says("waits for a person")) << daemon.output();
  EXPECT_EQ(house.crm().count("emails"), 0U);
  EXPECT_EQ(house.run({"status"}, plain).code, 2);
  const Ended yes = house.run({"confirm", "alice@contoso.test"}, plain);
  EXPECT_EQ(yes.code, 0) << yes.output;
  EXPECT_TRUE(carried(house, "one")) << daemon.output();
}

}  // namespace
}  // namespace syncline::test
