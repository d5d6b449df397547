// The daemon from outside: what it carries, how it ends, and what stands beside it.
#include <signal.h>

#include "tests/crash/mail_house.hpp"

namespace syncline::test {
namespace {

constexpr const char* quick_polls = "[defaults.poll]\nbusy = \"1s\"\nnormal = \"1s\"\nidle = \"1s\"\n";
constexpr const char* quick_retry = "[retry]\nfirst = \"1s\"\nmost = \"1s\"\n";
constexpr const char* quick_lease = "lease_ttl = \"10s\"\n";

const Child plain{0, {}, {}, "syncline"};

/// Waits for what must come; the limit is there for what never does.
bool comes(const std::function<bool()>& true_once, std::chrono::seconds limit = std::chrono::seconds(60)) {
  const auto until = std::chrono::steady_clock::now() + limit;
  while (!true_once()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return true;
}

std::size_t times(const std::string& text, std::string_view what) {
  std::size_t n = 0;
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++n;
  return n;
}

Letter letter(const std::string& id, const std::string& to = "alice") {
  return {"Carol <carol@fabrikam.test>",
          "Subject of " + id,
          id + "@fabrikam.test",
          "Mon, 02 Mar 2026 10:00:00 +0000",
          {to + "@contoso.test"}};
}

MailSetup setup(const std::string& top = {}, std::vector<std::string> order = {"alice"}) {
  MailSetup s;
  s.order = std::move(order);
  s.top = quick_lease + top;
  s.rest = std::string(quick_polls) + quick_retry + "[log]\nformat = \"json\"\n";
  return s;
}

/// A running daemon; killed at the end if the test has not ended it.
class Running {
 public:
  explicit Running(MailHouse& house, const std::string& config = "syncline.toml")
      : house_(house), pid_(house.start({"run"}, {0, {}, {}, "syncline", config})) {}
  ~Running() {
    if (pid_ == 0) return;
    ::kill(pid_, SIGKILL);
    house_.finish(pid_);
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;

  [[nodiscard]] std::string output() const { return house_.output_of(pid_); }
  [[nodiscard]] bool says(const std::string& what) const {
    return comes([&] { return output().find(what) != std::string::npos; });
  }
  void signal(int number) const { ::kill(pid_, number); }
  /// Whether it ends in the time that a service may take; its exit code.
  int ended_within(std::chrono::seconds limit) {
    siginfo_t info{};
    const bool ended = comes(
        [&] {
          info.si_pid = 0;
          return ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0;
        },
        limit);
    if (!ended) return -1;
    const Ended e = house_.finish(pid_);
    pid_ = 0;
    last_ = e.output;
    return e.code;
  }
  [[nodiscard]] const std::string& last_words() const { return last_; }

 private:
  MailHouse& house_;
  pid_t pid_;
  std::string last_;
};

bool carried(MailHouse& house, const std::string& id) {
  return comes([&] { return !house.crm_id(id + "@fabrikam.test").empty(); });
}

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
