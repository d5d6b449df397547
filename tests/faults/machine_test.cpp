// The machine we run on: full disks, lost state, plugins that do not fit, two processes, zones and locales.
#include <csignal>

#include "faults.hpp"

namespace syncline::test {
namespace {

TEST_F(FaultsTest, a_full_disk_below_the_spool_is_said_and_lost_is_nothing) {
  auto h = house();
  EXPECT_EQ(sync(*h).code, 0);
  Letter big = letter("alice", "big@x.test");
  big.attachments = {{"big.bin", std::string(3u << 20, 'x')}};
  h->add("alice", big, "a2");
  const Ended end = sync(*h, {.file_limit = 2u << 20});
  EXPECT_EQ(end.code, 73) << end.output;
  const auto told = lines(end.output, "failed:");
  ASSERT_EQ(told.size(), 1u) << end.output;
  EXPECT_THAT(told.front(), ContainsRegex("alice@contoso.test.*(make room|free space)"));
  EXPECT_THAT(in_crm(*h), ::testing::UnorderedElementsAreArray(all));
  expect_settles(*h, {"<a@x.test>", "<b@x.test>", "<big@x.test>", "<s@x.test>"});
}

TEST_F(FaultsTest, a_full_disk_below_the_store_is_said_and_lost_is_nothing) {
  auto h = house();
  const Ended end = sync(*h, {.file_limit = 4096});
  EXPECT_THAT(end.code, ::testing::AnyOf(73, 74)) << end.output;
  EXPECT_EQ(h->crm().count("emails"), 0u) << "nothing is written that could not be remembered";
  expect_settles(*h, all);
}

TEST_F(FaultsTest, a_disk_that_fills_up_in_the_middle_doubles_nothing) {
  bool failed = false, lived = false;
  for (const rlim_t limit : {16u << 10, 48u << 10, 96u << 10, 160u << 10, 240u << 10, 4096u << 10}) {
    auto h = house();
    for (const std::string n : {"2", "3", "4"}) h->add("alice", letter("alice", "a" + n + "@x.test"), "a" + n);
    const Ended end = sync(*h, {.file_limit = limit});
    EXPECT_THAT(end.code, ::testing::AnyOf(0, 73, 74)) << limit << "\n" << end.output;
    (end.code == 0 ? lived : failed) = true;
    expect_settles(*h, {"<a@x.test>", "<a2@x.test>", "<a3@x.test>", "<a4@x.test>", "<b@x.test>", "<s@x.test>"});
  }
  EXPECT_TRUE(failed);
  EXPECT_TRUE(lived);
}

TEST_F(FaultsTest, a_deleted_state_file_creates_nothing_twice) {
  auto h = house();
  EXPECT_EQ(sync(*h).code, 0);
  const auto before = h->mails();
  for (const char* end : {"", "-wal", "-shm"}) fs::remove(h->store().string() + end);
  fs::remove_all(h->folder() / "spool");
  h->crm().clear_log();
  expect_settles(*h, all);
  EXPECT_EQ(h->mails(), before);
  EXPECT_EQ(h->writes(), "");
}

TEST_F(FaultsTest, yesterdays_state_file_creates_nothing_twice) {
  auto h = house();
  EXPECT_EQ(sync(*h).code, 0);
  const fs::path yesterday = h->folder() / "yesterday";
  fs::create_directories(yesterday);
  for (const std::string end : {"", "-wal", "-shm"})
    if (fs::exists(h->store().string() + end)) fs::copy_file(h->store().string() + end, yesterday / ("state.db" + end));
  h->add("alice", letter("alice", "a2@x.test"), "a2");
  h->add("bob", letter("bob", "b2@x.test"), "b2");
  EXPECT_EQ(sync(*h).code, 0);
  const auto before = h->mails();
  EXPECT_EQ(before.size(), 5u);
  for (const std::string end : {"", "-wal", "-shm"}) {
    fs::remove(h->store().string() + end);
    if (fs::exists(yesterday / ("state.db" + end)))
      fs::copy_file(yesterday / ("state.db" + end), h->store().string() + end);
  }
  h->crm().clear_log();
  const Ended end = sync(*h);
  EXPECT_EQ(end.code, 0) << end.output;
  EXPECT_EQ(h->writes(), "");
  EXPECT_EQ(h->mails(), before);
}

TEST_F(FaultsTest, a_plugin_of_another_abi_and_a_file_that_is_none_are_refused_by_name) {
  MailSetup s = quiet_setup();
  for (const auto& [plugin, said] : {std::pair{"oldabi", "ABI"}, std::pair{"newabi", "ABI"},
                                     std::pair{"stranger", "no Syncline plugin"}, std::pair{"broken", "refused"}}) {
    s.rest = "[connection.other]\nplugin = \"" + std::string(plugin) + "\"\n";
    auto h = house(s);
    const fs::path folder = h->folder() / "plugins";
    fs::create_directories(folder);
    std::ofstream(folder / "broken.so") << "this is no library";
    const Ended end = run(*h, {"--plugin-dir", folder.string(), "--plugin-dir",
                               SYNCLINE_BUILD_DIR "/tests/config/refused", "sync", "--yes"});
    EXPECT_EQ(end.code, 78) << plugin << "\n" << end.output;
    EXPECT_THAT(end.output, HasSubstr(std::string(plugin) + ".so"));
    EXPECT_THAT(end.output, HasSubstr(said));
    EXPECT_EQ(h->crm().count("emails"), 0u);
  }
}

TEST_F(FaultsTest, a_second_process_of_the_same_name_is_sent_away) {
  auto h = house();
  h->crm().set_behaviour({.latency = std::chrono::milliseconds(100)});
  const pid_t first = h->start({"sync", "--yes", "--workers", "1"}, {.program = "syncline"});
  for (int i = 0; i < 4000 && h->crm().log().empty(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  const pid_t second = h->start({"sync", "--yes"}, {.program = "syncline"});
  const Ended sent_away = h->finish(second);
  const Ended done = h->finish(first);
  EXPECT_EQ(sent_away.code, 75) << sent_away.output;
  EXPECT_EQ(done.code, 0) << done.output;
  h->crm().set_behaviour({});
  EXPECT_THAT(in_crm(*h), ::testing::UnorderedElementsAreArray(all));
  expect_settles(*h, all);
}

TEST_F(FaultsTest, a_signal_ends_a_run_and_the_next_one_goes_on) {
  for (const int signal : {SIGTERM, SIGINT, SIGKILL}) {
    auto h = house();
    h->crm().set_behaviour({.latency = std::chrono::milliseconds(30)});
    const pid_t child = h->start({"sync", "--yes", "--workers", "1"}, {.program = "syncline"});
    for (int i = 0; i < 4000 && h->writes().empty(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    ::kill(child, signal);
    const Ended end = h->finish(child);
    EXPECT_EQ(end.code, signal == SIGKILL ? 128 + SIGKILL : 75) << end.output;
    h->crm().set_behaviour({});
    expect_settles(*h, all);
  }
}

/// A locale as `localedef` makes it from its source, in a folder of the test's own; its name.
std::string made_locale(const fs::path& folder, const std::string& name) {
  const Ended made = run_program({"/usr/bin/localedef", "-i", name, "-f", "UTF-8", (folder / name).string()}, {},
                                 (folder / "log").string());
  EXPECT_TRUE(fs::exists(folder / name / "LC_CTYPE")) << "install the package locales\n" << made.output;
  return name;
}

TEST_F(FaultsTest, time_zone_and_locale_change_nothing) {
  std::string pattern = (fs::temp_directory_path() / "syncline-locales-XXXXXX").string();
  const fs::path locales = ::mkdtemp(pattern.data());
  std::vector<std::map<std::string, std::string>> ends;
  for (const auto& [zone, locale] : {std::pair<std::string, std::string>{"UTC", "C"},
                                     {"Asia/Kathmandu", made_locale(locales, "tr_TR")},
                                     {"America/St_Johns", made_locale(locales, "de_DE")},
                                     {"Pacific/Auckland", "C.utf8"},
                                     {"Pacific/Kiritimati", "POSIX"},
                                     {"", "C"}}) {
    auto h = house();
    h->add("alice",
           {"IRIS@customer.test",
            "I\xc4\xb1 \xc3\x84pfel",
            "I@X.test",
            "Sun, 29 Mar 2026 02:30:00 +0100",
            {"alice@contoso.test"}},
           "a2");
    h->set_environment("TZ", zone);
    h->set_environment("LOCPATH", locales.string());
    h->set_environment("LC_ALL", locale);
    EXPECT_EQ(sync(*h).code, 0);
    ends.push_back(h->mails());
    h->set_environment("TZ", "Pacific/Apia");
    h->set_environment("LC_ALL", "C");
    EXPECT_EQ(sync(*h).code, 0);
    EXPECT_EQ(sync(*h).code, 0);
    EXPECT_EQ(h->mails(), ends.back());
  }
  fs::remove_all(locales);
  for (const auto& end : ends) EXPECT_EQ(end, ends[0]);
  EXPECT_EQ(ends[0].size(), 4u);
}

TEST_F(FaultsTest, eight_pairs_on_one_crm_at_once) {
  MailSetup s = quiet_setup();
  s.order = {"alice", "bob", "u3", "u4", "u5", "u6", "u7", "u8"};
  MailHouse h(s);
  std::vector<std::string> keys{"<all@x.test>", "<again@x.test>"};
  Letter everybody = letter("alice", "all@x.test");
  for (const std::string& user : s.order) everybody.to.push_back(MailHouse::address(user));
  Letter again = everybody;
  again.message_id = "again@x.test";
  again.attachments = {{"a.bin", "attached"}};
  for (const std::string& user : s.order) {
    if (user.starts_with("u"))
      h.crm().add("systemusers", {{"fullname", user},
                                  {"internalemailaddress", MailHouse::address(user)},
                                  {"isdisabled", false},
                                  {"accessmode", 0},
                                  {"incomingemaildeliverymethod", 0},
                                  {"emailrouteraccessapproval", 1}});
    h.add(user, everybody);
    h.add(user, letter(user, user + "@x.test"));
    h.add(user, again);
    keys.push_back("<" + user + "@x.test>");
  }
  const Ended end = run(h, {"sync", "--yes", "--workers", "8"});
  EXPECT_EQ(end.code, 0) << end.output;
  EXPECT_THAT(in_crm(h), ::testing::UnorderedElementsAreArray(keys));
  expect_settles(h, keys);
}

}  // namespace
}  // namespace syncline::test
