// Bad servers and a bad machine, met by the daemon: they concern only their own pairs, are told once however often they
// are met again, and what they held up comes by itself when they are well.
#include <gmock/gmock.h>
#include <sys/resource.h>

#include "relay.hpp"
#include "running.hpp"
#include "tests/servers/certificates.hpp"

namespace syncline::test {
namespace {

using ::testing::HasSubstr;

std::string pair_of(const std::string& user, const std::string& mailbox, const std::string& crm) {
  return "[user.\"" + user + "@contoso.test\"]\norganization = \"" + crm + "\"\nmailbox = { connection = \"" + mailbox +
         "\", username = \"" + user + "\", password = \"password-of-" + user +
         "\" }\nentities = [\"email\"]\nemail = { method = 0 }\n";
}

/// alice has a mailbox and a CRM that are well. bert and cora share a mail server, dora and emma a CRM behind a relay.
class DaemonFaults : public ::testing::Test {
 protected:
  DaemonFaults()
      : folder_(fs::temp_directory_path() / ("syncline-daemon-faults-" + std::to_string(::getpid()))),
        certificates_(sandbox::make_certificates(folder_)) {}
  ~DaemonFaults() override {
    std::error_code ec;
    fs::remove_all(folder_, ec);
  }
  sandbox::Pop3Options with(const sandbox::Certificate& c) const {
    sandbox::Pop3Options o;
    o.tls = sandbox::Pop3Tls::IMPLICIT;
    o.certificate = c.certificate.string();
    o.key = c.key.string();
    return o;
  }
  static void fill(sandbox::Pop3Server& server) {
    for (const std::string user : {"bert", "cora"}) {
      server.add_mailbox(user, "password-of-" + user);
      server.add(user, letter(user, user).text(), user + "1");
    }
  }
  static void people(sandbox::Dataverse& crm, std::initializer_list<const char*> users) {
    for (const std::string user : users)
      crm.add("systemusers", {{"fullname", user},
                              {"internalemailaddress", MailHouse::address(user)},
                              {"isdisabled", false},
                              {"accessmode", 0},
                              {"incomingemaildeliverymethod", 0},
                              {"emailrouteraccessapproval", 1}});
  }
  static std::string mail_connection(const Relay& relay, const std::string& more) {
    return "[connection.other]\nplugin = \"pop3\"\nhost = \"localhost\"\nport = " + std::to_string(relay.port()) +
           "\nconnect_timeout = \"1s\"\nread_timeout = \"1s\"\n" + more + "\n" + pair_of("bert", "other", "contoso") +
           pair_of("cora", "other", "contoso");
  }
  /// The daemon meets the fault again and again, tells of it at most `most` times, carries alice's mail meanwhile, and
  /// the others' once `heal` has been called.
  void expect_told_once_and_healed(MailHouse& house, const Relay& relay, std::size_t most,
                                   const std::function<void()>& heal, const std::function<bool()>& healed) {
    fs::permissions(house.folder() / "syncline.toml", fs::perms::owner_read | fs::perms::owner_write);
    house.add("alice", letter("one"));
    Running daemon(house);
    ASSERT_TRUE(daemon.says("\"level\":\"warn")) << daemon.output();
    const int met = relay.connections();
    ASSERT_TRUE(comes([&] { return relay.connections() >= met + 4; })) << daemon.output();
    ASSERT_TRUE(carried(house, "one")) << daemon.output();
    house.add("alice", letter("two"));
    ASSERT_TRUE(carried(house, "two")) << daemon.output();
    heal();
    EXPECT_TRUE(comes(healed)) << daemon.output();
    EXPECT_TRUE(comes([&] { return house.run({"status"}, plain).code == 0; })) << daemon.output();
    daemon.signal(SIGTERM);
    EXPECT_EQ(daemon.ended_within(std::chrono::seconds(10)), 0);
    const std::string said = daemon.last_words();
    EXPECT_GE(times(said, "\"level\":\"warn"), 1U) << said;
    EXPECT_LE(times(said, "\"level\":\"warn"), most) << said;
    EXPECT_EQ(times(said, "\"level\":\"error"), 0U) << said;
    EXPECT_THAT(said, ::testing::AnyOf(HasSubstr("is back"), HasSubstr("works again"))) << said;
    EXPECT_EQ(times(said, "password-of-"), 0U) << said;
  }

  fs::path folder_;
  sandbox::Certificates certificates_;
};

struct Sick {
  const char* name;
  Relay::Mode mode;
};
class SickServer : public DaemonFaults, public ::testing::WithParamInterface<Sick> {};

TEST_P(SickServer, OfMailIsToldOnceAndComesBackByItself) {
  sandbox::Pop3Server other;
  fill(other);
  Relay relay(other.port(), GetParam().mode);
  MailSetup s = setup();
  s.rest += mail_connection(relay, "tls = \"none\"");
  MailHouse house(s);
  people(house.crm(), {"bert", "cora"});
  expect_told_once_and_healed(
      house, relay, 1, [&] { relay.set(Relay::Mode::forward); },
      [&] { return !house.crm_id("bert@fabrikam.test").empty() && !house.crm_id("cora@fabrikam.test").empty(); });
  EXPECT_EQ(house.mails().size(), 4U);
}

TEST_P(SickServer, OfTheCrmIsToldOnceAndComesBackByItself) {
  if (GetParam().mode == Relay::Mode::silent) GTEST_SKIP() << "how long a CRM may be silent is not configured";
  sandbox::Dataverse other({.organization = "fabrikam"});
  people(other, {"dora", "emma"});
  const std::string own = ":" + std::to_string(other.port());
  Relay relay(other.port(), GetParam().mode);
  const auto through = [&](std::string url) {
    return url.replace(url.find(own), own.size(), ":" + std::to_string(relay.port()));
  };
  MailSetup s = setup();
  s.rest += "[connection.fabrikam]\nplugin = \"crm-rest\"\nurl = \"" + through(other.url()) +
            "\"\nauth = { client_id = \"" + other.options().client_id + "\", token_url = \"" +
            through(other.token_url()) + "\", scope = \"" + other.scope() +
            "\", secret = { env = \"CRM_SECRET\" } }\n" + pair_of("dora", "mail", "fabrikam") +
            pair_of("emma", "mail", "fabrikam");
  MailHouse house(s);
  for (const std::string user : {"dora", "emma"}) {
    house.pop3().add_mailbox(user, "password-of-" + user);
    house.add(user, letter(user, user));
  }
  expect_told_once_and_healed(
      house, relay, 1, [&] { relay.set(Relay::Mode::forward); }, [&] { return other.count("emails") == 2; });
}

INSTANTIATE_TEST_SUITE_P(Of, SickServer,
                         ::testing::Values(Sick{"Dead", Relay::Mode::dead}, Sick{"Silent", Relay::Mode::silent},
                                           Sick{"Garbage", Relay::Mode::garbage}),
                         [](const auto& p) { return p.param.name; });

TEST_F(DaemonFaults, AWrongCertificateIsToldOnceByEachOfItsPairs) {
  sandbox::Pop3Server stranger(with(certificates_.wrong_host)), right(with(certificates_.good));
  fill(right);
  Relay relay(stranger.port(), Relay::Mode::forward);
  MailSetup s = setup();
  s.rest += mail_connection(relay, "tls = \"implicit\"\nca_file = \"" + certificates_.ca.string() + "\"");
  MailHouse house(s);
  people(house.crm(), {"bert", "cora"});
  expect_told_once_and_healed(
      house, relay, 2, [&] { relay.lead_to(right.port()); },
      [&] { return !house.crm_id("bert@fabrikam.test").empty() && !house.crm_id("cora@fabrikam.test").empty(); });
  EXPECT_THAT(stranger.log(), ::testing::Each(::testing::Not(HasSubstr("PASS"))));
}

TEST_F(DaemonFaults, AWrongPasswordConcernsThatPairAndIsToldOnce) {
  sandbox::Pop3Server other;
  fill(other);
  other.add_mailbox("bert", "another one");
  Relay relay(other.port(), Relay::Mode::forward);
  MailSetup s = setup();
  s.rest += mail_connection(relay, "tls = \"none\"");
  MailHouse house(s);
  people(house.crm(), {"bert", "cora"});
  expect_told_once_and_healed(
      house, relay, 1, [&] { other.add_mailbox("bert", "password-of-bert"); },
      [&] { return !house.crm_id("bert@fabrikam.test").empty() && !house.crm_id("cora@fabrikam.test").empty(); });
}

TEST_F(DaemonFaults, AFullDiskIsToldOnceAndTheMailComesWhenThereIsRoom) {
  MailSetup s = setup();
  s.rest += "level = \"debug\"\n";
  MailHouse house(s);
  house.add("alice", letter("one"));
  const pid_t child = house.start({"run"}, {.file_limit = RLIM_INFINITY, .program = "syncline"});
  const auto said = [&] { return house.output_of(child); };
  EXPECT_TRUE(carried(house, "one")) << said();
  const rlimit full{256u << 10, RLIM_INFINITY}, room{RLIM_INFINITY, RLIM_INFINITY};
  EXPECT_EQ(::prlimit(child, RLIMIT_FSIZE, &full, nullptr), 0);
  Letter big = letter("two");
  big.attachments = {{"big.bin", std::string(1u << 20, 'x')}};
  house.add("alice", big);
  EXPECT_TRUE(comes([&] { return said().find("\"level\":\"warn") != std::string::npos; })) << said();
  const std::size_t tried = times(said(), "could not be noted");
  EXPECT_TRUE(comes([&] { return times(said(), "could not be noted") >= tried + 4; })) << "it is tried again and again";
  EXPECT_EQ(times(said(), "\"level\":\"warn"), 1U) << said();
  EXPECT_LE(times(said(), "\"level\":\"error"), 1U) << said();  // a pass that was ending as the disk filled
  EXPECT_EQ(::prlimit(child, RLIMIT_FSIZE, &room, nullptr), 0);
  EXPECT_TRUE(carried(house, "two")) << said();
  EXPECT_TRUE(comes([&] { return said().find("works again") != std::string::npos; })) << said();
  ::kill(child, SIGTERM);
  EXPECT_EQ(house.finish(child).code, 0);
  EXPECT_EQ(house.mails().size(), 2U);
  EXPECT_EQ(house.leftovers(), "");
}

TEST_F(DaemonFaults, ADamagedStoreIsRefusedInOneLineAndLeftAlone) {
  MailHouse house(setup());
  house.add("alice", letter("one"));
  EXPECT_EQ(house.sync(plain).code, 0);
  {
    std::fstream file(house.store(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(4096);
    const std::string noise(8192, '\x5a');
    file.write(noise.data(), static_cast<std::streamsize>(noise.size()));
  }
  std::ostringstream before, after;
  before << std::ifstream(house.store(), std::ios::binary).rdbuf();
  const Ended end = house.run({"run"}, plain);
  EXPECT_NE(end.code, 0);
  EXPECT_EQ(times(end.output, "\n"), 1U) << end.output;
  EXPECT_THAT(end.output, HasSubstr(house.store().string())) << end.output;
  after << std::ifstream(house.store(), std::ios::binary).rdbuf();
  EXPECT_EQ(before.str(), after.str());
  for (const char* part : {"", "-wal", "-shm"}) fs::remove(house.store().string() + part);
  EXPECT_EQ(house.sync(plain).code, 0) << "without it, it starts anew and makes nothing twice";
  EXPECT_EQ(house.mails().size(), 1U);
}

}  // namespace
}  // namespace syncline::test
