// The commands of an administrator beside a whole installation: init, doctor, history, quarantine.
#include <gmock/gmock.h>

#include <fstream>
#include <sstream>

#include "tests/crash/mail_house.hpp"

namespace syncline::test {
namespace {

const Child plain{0, {}, {}, "syncline"};

Letter letter(const std::string& id) {
  return {"Carol <carol@fabrikam.test>",
          "Subject of " + id,
          id + "@fabrikam.test",
          "Mon, 02 Mar 2026 10:00:00 +0000",
          {"alice@contoso.test"}};
}

MailSetup alone() {
  MailSetup s;
  s.order = {"alice"};
  return s;
}

/// The first finding of a check on a subject.
json::object finding(const json::value& v, std::string_view subject, std::string_view check) {
  for (const auto& f : v.at("findings").as_array())
    if (f.at("subject").as_string() == subject && f.at("check").as_string() == check) return f.as_object();
  return {};
}
std::string state(const json::object& f) { return f.empty() ? "absent" : std::string(f.at("state").as_string()); }

std::vector<std::string> init_args(MailHouse& house, const std::string& file) {
  return {"init",
          (house.folder() / file).string(),
          "--no-input",
          "--mailbox-plugin",
          "pop3",
          "--crm-plugin",
          "crm-rest",
          "--set",
          "store:path=" + (house.folder() / "made.db").string(),
          "--set",
          "mailbox:host=" + house.pop3().host(),
          "--set",
          "mailbox:port=" + std::to_string(house.pop3().port()),
          "--set",
          "mailbox:tls=none",
          "--set",
          "crm:url=" + house.crm().url(),
          "--set",
          "crm:auth.client_id=" + house.crm().options().client_id,
          "--set",
          "crm:auth.token_url=" + house.crm().token_url(),
          "--set",
          "crm:auth.scope=" + house.crm().scope(),
          "--secret",
          "crm:auth.secret=env:CRM_SECRET",
          "--user",
          "alice@contoso.test",
          "--set",
          "alice@contoso.test:username=alice",
          "--secret",
          "alice@contoso.test:password=env:ALICE_PASSWORD"};
}

TEST(Init, WritesACheckedConfigurationThatWorks) {
  MailHouse house(alone());
  const Ended made = house.run(init_args(house, "made.toml"), plain);
  ASSERT_EQ(made.code, 0) << made.output;
  Child with = plain;
  with.config = "made.toml";
  EXPECT_EQ(house.run({"config", "check"}, with).code, 0);
  const Ended doctor = house.run({"doctor"}, with);
  EXPECT_EQ(doctor.code, 0) << doctor.output;
  house.add("alice", letter("one"));
  const Ended plan = house.run({"plan"}, with);
  EXPECT_TRUE(plan.code == 0 || plan.code == 3) << plan.output;
  std::ostringstream text;
  text << std::ifstream(house.folder() / "made.toml").rdbuf();
  EXPECT_EQ(text.str().find(MailHouse::password("alice")), std::string::npos);
}

TEST(Init, OverwritesNothingAndLeavesNothingThatHasFaults) {
  MailHouse house(alone());
  const Ended there = house.run(init_args(house, "syncline.toml"), plain);
  EXPECT_EQ(there.code, 78);
  EXPECT_NE(there.output.find("nothing is overwritten"), std::string::npos) << there.output;

  auto args = init_args(house, "made.toml");
  args.emplace_back("--set");
  args.emplace_back("crm:max_concurrent=many");
  const Ended faulty = house.run(args, plain);
  EXPECT_EQ(faulty.code, 78) << faulty.output;

  args = init_args(house, "made.toml");
  args.back() = "alice@contoso.test:password=" + MailHouse::password("alice");
  const Ended told = house.run(args, plain);
  EXPECT_EQ(told.code, 78) << told.output;
  EXPECT_EQ(told.output.find(MailHouse::password("alice")), std::string::npos) << "a secret is never repeated";

  args = init_args(house, "made.toml");
  args.emplace_back("--set");
  args.emplace_back("crm:no_such=1");
  const Ended unknown = house.run(args, plain);
  EXPECT_EQ(unknown.code, 78) << unknown.output;
  EXPECT_NE(unknown.output.find("crm:no_such"), std::string::npos) << unknown.output;
  EXPECT_FALSE(fs::exists(house.folder() / "made.toml"));
  EXPECT_FALSE(fs::exists(house.folder() / "made.toml.new"));
}

TEST(Doctor, FindsNothingWrongWhereNothingIs) {
  MailHouse house(alone());
  house.add("alice", letter("one"));
  const Ended e = house.run({"doctor", "--json"}, plain);
  EXPECT_EQ(e.code, 0) << e.output;
  const json::value v = json::parse(e.output);
  for (const char* check : {"dns", "tcp", "tls", "greeting", "capabilities"})
    EXPECT_EQ(state(finding(v, "mail", check)), "ok") << check << "\n" << e.output;
  EXPECT_EQ(state(finding(v, "store", "integrity")), "ok");
  EXPECT_EQ(state(finding(v, "store", "disk")), "ok");
  EXPECT_EQ(state(finding(v, "spool", "disk")), "ok");
  const auto in = finding(v, "alice@contoso.test", "sign_in");
  EXPECT_EQ(state(in), "ok");
  EXPECT_NE(in.at("text").as_string().find("lists 1 items"), std::string::npos) << e.output;
  EXPECT_EQ(house.crm().count("emails"), 0U) << "it writes nothing";
}

TEST(Doctor, SaysOfEachThingThatIsWrongWhatToDo) {
  MailHouse house(alone());
  house.set_environment("CRM_SECRET", "another-secret");
  const Ended signed_out = house.run({"doctor", "--json"}, plain);
  EXPECT_EQ(signed_out.code, 77) << signed_out.output;
  EXPECT_EQ(signed_out.output.find("another-secret"), std::string::npos);
  house.set_environment("CRM_SECRET", house.crm().options().client_secret);

  house.set_environment("ALICE_PASSWORD", "wrong-password");
  const Ended e = house.run({"doctor", "--json"}, plain);
  EXPECT_EQ(e.code, 77) << e.output;
  const auto in = finding(json::parse(e.output), "alice@contoso.test", "sign_in");
  EXPECT_EQ(state(in), "error");
  EXPECT_FALSE(in.at("remedy").as_string().empty());

  house.setup().mail = "connect_timeout = \"500ms\"\n";
  house.write_config();
  std::ostringstream text;
  text << std::ifstream(house.folder() / "syncline.toml").rdbuf();
  std::string moved = text.str();
  const std::string port = "port = " + std::to_string(house.pop3().port());
  moved.replace(moved.find(port), port.size(), "port = 1");
  std::ofstream(house.folder() / "moved.toml") << moved;
  Child with = plain;
  with.config = "moved.toml";
  const Ended away = house.run({"doctor", "--json"}, with);
  EXPECT_NE(away.code, 0) << away.output;
  EXPECT_EQ(state(finding(json::parse(away.output), "mail", "tcp")), "error") << away.output;
}

TEST(Status, IsNoGoodNewsOfAPairWhoseCrmHasBeenDeadFromTheStart) {
  MailHouse house(alone());
  house.add("alice", letter("one"));
  std::ostringstream written;
  written << std::ifstream(house.folder() / "syncline.toml").rdbuf();
  std::string config = written.str();
  const std::string url = house.crm().url();
  for (auto at = config.find(url); at != std::string::npos; at = config.find(url))
    config.replace(at, url.size(), "http://127.0.0.1:1");
  std::ofstream(house.folder() / "dead.toml") << config;
  Child dead = plain;
  dead.config = "dead.toml";
  EXPECT_NE(house.run({"sync", "--yes"}, dead).code, 0);
  const Ended told = house.run({"status"}, dead);
  EXPECT_EQ(told.code, 1) << told.output;
  EXPECT_THAT(told.output, ::testing::HasSubstr("alice@contoso.test: never_run"));
  EXPECT_EQ(house.run({"sync", "--yes"}, plain).code, 0);  // the same state, and a CRM that lives
  const Ended well = house.run({"status"}, plain);
  EXPECT_EQ(well.code, 0) << well.output;
  EXPECT_THAT(well.output, ::testing::HasSubstr("so far 1 created"));
}

TEST(History, TellsOfEachPassWhatItMovedPER09) {
  MailHouse house(alone());
  house.add("alice", letter("one"));
  EXPECT_EQ(house.sync(plain).code, 0);
  sandbox::Fault down;
  down.status = 503;
  down.count = -1;
  house.crm().add_fault(down);
  house.add("alice", letter("two"));
  EXPECT_NE(house.sync(plain).code, 0);
  const Ended e = house.run({"history", "--json"}, plain);
  EXPECT_EQ(e.code, 0) << e.output;
  const json::value v = json::parse(e.output);
  const auto& passes = v.at("passes").as_array();
  ASSERT_GE(passes.size(), 2U);
  const auto& first = passes.front();
  EXPECT_EQ(first.at("inserted").to_number<int>(), 1);
  EXPECT_EQ(first.at("updated").to_number<int>(), 0);
  EXPECT_EQ(first.at("deleted").to_number<int>(), 0);
  EXPECT_EQ(first.at("result").to_number<int>(), 1);
  EXPECT_GT(first.at("bytes_in").to_number<std::int64_t>(), 0);
  EXPECT_GT(first.at("bytes_out").to_number<std::int64_t>(), 0);
  EXPECT_GT(first.at("start").to_number<std::int64_t>(), 0);
  EXPECT_GE(first.at("end").to_number<std::int64_t>(), first.at("start").to_number<std::int64_t>());
  EXPECT_EQ(passes.back().at("result").to_number<int>(), 0);
  EXPECT_TRUE(passes.back().as_object().contains("error_code"));
}

TEST(History, ShowsAsManyPassesAsAreAskedFor) {
  MailHouse house(alone());
  for (int i = 0; i < 4; ++i) EXPECT_EQ(house.sync(plain).code, 0);
  const Ended two = house.run({"history", "--json", "--limit", "2", "--pair", "alice@contoso.test"}, plain);
  EXPECT_EQ(json::parse(two.output).at("passes").as_array().size(), 2U);
}

TEST(Quarantine, IsShownAndCanBeGivenUpWithATrace) {
  MailHouse house(alone());
  sandbox::Fault refused;
  refused.message_id = "bad@fabrikam.test";
  refused.status = 400;
  refused.code = "0x80040203";
  refused.message = "Invalid argument.";
  refused.count = -1;
  house.crm().add_fault(refused);
  refused.message_id = "<bad@fabrikam.test>";
  house.crm().add_fault(refused);
  house.add("alice", letter("bad"), "uidl-of-bad");
  EXPECT_EQ(house.sync(plain).code, 1);
  const Ended shown = house.run({"quarantine", "show", "uidl-of-bad"}, plain);
  EXPECT_EQ(shown.code, 0) << shown.output;
  EXPECT_NE(shown.output.find("syncline quarantine drop uidl-of-bad"), std::string::npos) << shown.output;
  EXPECT_EQ(house.run({"quarantine", "show", "no-such-item"}, plain).code, 1);

  const Ended dropped = house.run({"quarantine", "drop", "uidl-of-bad"}, plain);
  EXPECT_EQ(dropped.code, 0) << dropped.output;
  EXPECT_EQ(house.sync(plain).code, 0);
  EXPECT_NE(house.run({"quarantine", "list"}, plain).output.find("nothing is in quarantine"), std::string::npos);
  house.crm().clear_faults();
  EXPECT_EQ(house.sync(plain).code, 0);
  EXPECT_EQ(house.crm().count("emails"), 0U) << "it is not tried again";
  const Ended history = house.run({"history", "uidl-of-bad"}, plain);
  EXPECT_EQ(history.code, 0) << history.output;
  EXPECT_NE(history.output.find("now dropped"), std::string::npos) << history.output;
  EXPECT_NE(history.output.find("gave it up"), std::string::npos) << history.output;
}

}  // namespace
}  // namespace syncline::test
