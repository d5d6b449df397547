// What nobody may find where it does not belong: secrets anywhere, and what mails say in whatever the program says.
#include "faults.hpp"

namespace syncline::test {
namespace {

constexpr std::array contents{"SUBJECT-CANARY-7319", "BODY-CANARY-2846", "FILE-CANARY-5523"};
constexpr const char* wrong = "WRONG-CANARY-4714";

class Canaries : public FaultsTest {
 protected:
  Canaries() {
    MailSetup s;
    s.top = "[log]\nlevel = \"trace\"\n";
    house_ = house(s);
    Letter told = letter("alice", "told@x.test", std::string("Hello ") + contents[0]);
    told.body = std::string("Dear Alice,\r\n") + contents[1] + "\r\n";
    told.attachments = {{std::string(contents[2]) + ".pdf", std::string("content ") + contents[1]}};
    house_->add("alice", told, "told");
    told.message_id = "refused@x.test";
    house_->add("alice", told, "refused");
    told.message_id = "failing@x.test";
    told.from = "nobody";  // fails, and is tried again
    house_->add("bob", told, "failing");
    sandbox::Fault refusal;  // by a CRM that repeats what it was given
    refusal.method = "POST";
    refusal.path = "emails";
    refusal.message_id = "<refused@x.test>";
    refusal.count = -1;
    refusal.status = 400;
    refusal.code = "0x80040265";
    refusal.message = std::string("The e-mail '") + contents[0] + "' of \"carol@customer.test\" is refused.";
    house_->crm().add_fault(refusal);
  }
  std::string says(const std::vector<std::string>& command) { return run(*house_, command).output; }

  void expect_no_secret(const std::string& text, const std::string& where) {
    std::vector<std::string> secrets{wrong, house_->crm().options().client_secret};
    for (const char* who : {"alice", "bob", "support"}) secrets.push_back(MailHouse::password(who));
    for (const std::string& secret : secrets) EXPECT_EQ(text.find(secret), std::string::npos) << where;
  }
  void expect_nothing(const std::string& text, const std::string& where) {
    expect_no_secret(text, where);
    for (const char* content : contents) EXPECT_EQ(text.find(content), std::string::npos) << where << ": " << content;
  }
  std::unique_ptr<MailHouse> house_;
};

TEST_F(Canaries, nothing_that_the_program_says_holds_a_secret_or_what_a_mail_says) {
  for (const std::vector<std::string>& command : {std::vector<std::string>{"plan"},
                                                  {"sync", "--yes"},
                                                  {"sync"},
                                                  {"status"},
                                                  {"status", "--json"},
                                                  {"history", "--json"},
                                                  {"explain", "told"},
                                                  {"explain", "refused"},
                                                  {"explain", "--json", "refused"},
                                                  {"explain", "failing", "--json"},
                                                  {"quarantine", "list"},
                                                  {"tracking", "told"},
                                                  {"config", "show"},
                                                  {"config", "check"},
                                                  {"doctor"},
                                                  {"doctor", "--json"}}) {
    std::string shown;
    for (const std::string& word : command) shown += word + " ";
    const std::string said = says(command);
    EXPECT_NE(said, "") << shown;
    expect_nothing(said, shown);
    if (shown == "sync --yes ") {
      EXPECT_THAT(said, HasSubstr("trace"));
    }
  }
  EXPECT_TRUE(house_->mails().contains("<told@x.test>"));
  EXPECT_FALSE(house_->mails().contains("<refused@x.test>"));
}

TEST_F(Canaries, what_stays_on_the_disk_holds_neither) {
  says({"sync", "--yes"});
  std::size_t files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(house_->folder())) {
    if (!entry.is_regular_file() || entry.path().extension() == ".toml") continue;
    std::ostringstream bytes;
    bytes << std::ifstream(entry.path(), std::ios::binary).rdbuf();
    expect_nothing(bytes.str(), entry.path());
    ++files;
  }
  EXPECT_GE(files, 1u);
}

TEST_F(Canaries, nor_does_what_a_killed_process_says) {
  for (const long step : {3L, 12L, 25L}) {
    const Ended e = house_->sync({.die = step});
    EXPECT_EQ(e.code, 99) << e.output;
    expect_nothing(e.output, "killed at step " + std::to_string(step));
  }
}

TEST_F(Canaries, a_refused_sign_in_does_not_show_what_was_tried) {
  house_->set_environment("BOB_PASSWORD", wrong);
  const Ended mailbox = sync(*house_);
  EXPECT_NE(mailbox.code, 0);
  expect_nothing(mailbox.output, "a wrong password");
  house_->set_environment("CRM_SECRET", wrong);
  const Ended crm = sync(*house_);
  EXPECT_NE(crm.code, 0);
  expect_nothing(crm.output, "a wrong secret");
}

}  // namespace
}  // namespace syncline::test
