// Mail that somebody made to hurt: each leaves the others alone, is explained, and costs bounded memory and time.
#include "faults.hpp"

namespace syncline::test {
namespace {

struct Hostile {
  const char* name;
  std::string (*text)();
  bool carried;  ///< else: refused or put aside, with a reason
};

std::string head(const std::string& to = "alice@contoso.test") {
  return "From: carol@customer.test\r\nTo: " + to +
         "\r\nDate: Mon, 02 Mar 2026 09:00:00 +0100\r\nMessage-ID: <odd@x.test>\r\n";
}

std::string ten_thousand_recipients() {
  std::string to = "alice@contoso.test";
  for (int i = 0; i < 10'000; ++i) to += ",\r\n r" + std::to_string(i) + "@elsewhere.test";
  return head(to) + "Subject: many\r\n\r\nhi\r\n";
}

std::string two_thousand_multiparts() {
  constexpr int depth = 2000;
  std::string out = head() + "Subject: deep\r\nMIME-Version: 1.0\r\n";
  for (int i = 0; i < depth; ++i) {
    const std::string b = "b" + std::to_string(i);
    out += "Content-Type: multipart/mixed; boundary=" + b + "\r\n\r\n--" + b + "\r\n";
  }
  out += "Content-Type: text/plain\r\n\r\nat the bottom\r\n";
  for (int i = depth - 1; i >= 0; --i) out += "--b" + std::to_string(i) + "--\r\n";
  return out;
}

std::string header_of_a_megabyte() { return head() + "Subject: " + std::string(1 << 20, 'x') + "\r\n\r\nhi\r\n"; }

std::string twenty_thousand_headers() {
  std::string out = head() + "Subject: heads\r\n";
  for (int i = 0; i < 20'000; ++i) out += "X-Filler-" + std::to_string(i) + ": " + std::string(40, 'y') + "\r\n";
  return out + "\r\nhi\r\n";
}

std::string thousand_attachments() {
  std::string out = head() + "Subject: files\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=f\r\n\r\n";
  for (int i = 0; i < 300; ++i)
    out += "--f\r\nContent-Type: application/pdf; name=a" + std::to_string(i) +
           ".pdf\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERi0=\r\n";
  return out + "--f--\r\n";
}

class HostileMail : public FaultsTest, public ::testing::WithParamInterface<Hostile> {};

TEST_P(HostileMail, leaves_the_others_alone_and_is_explained) {
  MailSetup s = quiet_setup();
  s.order = {"alice"};
  MailHouse h(s);
  h.add("alice", letter("alice", "before@x.test"), "before");
  h.pop3().add("alice", GetParam().text(), "odd");
  h.add("alice", letter("alice", "after@x.test"), "after");
  rusage before{}, after{};
  ::getrusage(RUSAGE_CHILDREN, &before);
  const Ended end = sync(h);
  ::getrusage(RUSAGE_CHILDREN, &after);
  EXPECT_THAT(end.code, ::testing::AnyOf(0, 1)) << end.output.substr(0, 2000);
  const auto mails = h.mails();
  EXPECT_TRUE(mails.contains("<before@x.test>"));
  EXPECT_TRUE(mails.contains("<after@x.test>"));
  EXPECT_EQ(mails.contains("<odd@x.test>"), GetParam().carried);
  EXPECT_LT(after.ru_maxrss, 96 * 1024) << "KiB";
  const Ended explained = run(h, {"explain", "odd"});
  EXPECT_EQ(explained.code, 0);
  EXPECT_THAT(explained.output.substr(0, 2000),
              ::testing::AnyOf(HasSubstr("linked"), HasSubstr("refused"), HasSubstr("quarantined")));
  h.crm().clear_log();
  sync(h);
  EXPECT_EQ(h.writes(), "");
  EXPECT_EQ(h.leftovers(), "");
}

INSTANTIATE_TEST_SUITE_P(Faults, HostileMail,
                         ::testing::Values(Hostile{"ten_thousand_recipients", ten_thousand_recipients, true},
                                           Hostile{"two_thousand_multiparts", two_thousand_multiparts, true},
                                           Hostile{"header_of_a_megabyte", header_of_a_megabyte, true},
                                           Hostile{"twenty_thousand_headers", twenty_thousand_headers, true},
                                           Hostile{"hundreds_of_attachments", thousand_attachments, true}),
                         [](const auto& p) { return p.param.name; });

/// What nobody may find where it does not belong.
constexpr const char* subject_canary = "SUBJECT-CANARY-7319";
constexpr const char* body_canary = "BODY-CANARY-2846";
constexpr const char* file_canary = "FILE-CANARY-5523";

std::vector<std::string> secrets(const MailHouse& h) {
  std::vector<std::string> out{const_cast<MailHouse&>(h).setup().crm_options.client_secret};
  for (const char* who : {"alice", "bob", "support"}) out.push_back(MailHouse::password(who));
  return out;
}

std::string everything_written(const std::filesystem::path& folder) {
  std::string out;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file() || entry.path().extension() == ".toml") continue;
    std::ostringstream text;
    text << std::ifstream(entry.path(), std::ios::binary).rdbuf();
    out += text.str();
  }
  return out;
}

class Canaries : public FaultsTest {
 protected:
  Canaries() {
    MailSetup s;
    s.top = "[log]\nlevel = \"trace\"\n";
    house_ = std::make_unique<MailHouse>(s);
    Letter l = letter("alice", "a@x.test", std::string("Hello ") + subject_canary);
    l.body = std::string("Dear Alice,\r\n") + body_canary + "\r\n";
    l.attachments = {{std::string(file_canary) + ".pdf", std::string("content ") + body_canary}};
    house_->add("alice", l, "a1");
    l.message_id = "b@x.test";
    l.from = "nobody";  // fails, and is tried again
    house_->add("bob", l, "b1");
    house_->pop3().add("support", std::string("Subject: ") + subject_canary + "\r\n\r\n" + body_canary + "\r\n", "s1");
  }
  void expect_quiet(const std::string& text, const std::string& where) {
    for (const std::string& secret : secrets(*house_))
      EXPECT_EQ(text.find(secret), std::string::npos) << where << " shows a secret";
    for (const char* content : {subject_canary, body_canary, file_canary})
      EXPECT_EQ(text.find(content), std::string::npos) << where << " shows " << content;
  }
  std::unique_ptr<MailHouse> house_;
};

TEST_F(Canaries, nothing_that_the_program_says_holds_a_secret_or_what_a_mail_says) {
  for (const std::vector<std::string>& command : {std::vector<std::string>{"--log-level", "trace", "plan"},
                                                  {"--log-level", "trace", "sync", "--yes"},
                                                  {"--log-level", "trace", "sync"},
                                                  {"status"},
                                                  {"status", "--json"},
                                                  {"history", "--json"},
                                                  {"explain", "a1"},
                                                  {"explain", "b1", "--json"},
                                                  {"quarantine", "list"},
                                                  {"tracking", "a1"},
                                                  {"config", "show"},
                                                  {"config", "check"},
                                                  {"doctor"},
                                                  {"doctor", "--json"}}) {
    std::string shown;
    for (const std::string& word : command) shown += word + " ";
    expect_quiet(run(*house_, command).output, shown);
  }
}

TEST_F(Canaries, what_stays_on_the_disk_holds_neither) {
  ASSERT_EQ(run(*house_, {"sync", "--yes"}).code, 75);
  expect_quiet(everything_written(house_->folder()), "a file");
}

TEST_F(Canaries, nor_does_what_a_killed_process_says) {
  for (const long step : {3L, 12L, 25L}) {
    const Ended e = house_->sync({.die = step});
    expect_quiet(e.output, "a process killed at step " + std::to_string(step));
  }
}

TEST_F(Canaries, a_refused_sign_in_does_not_show_what_was_tried) {
  house_->set_environment("ALICE_PASSWORD", "WRONG-PASSWORD-CANARY");
  house_->set_environment("CRM_SECRET", "WRONG-SECRET-CANARY");
  const Ended e = run(*house_, {"--log-level", "trace", "sync", "--yes"});
  EXPECT_NE(e.code, 0);
  EXPECT_EQ(e.output.find("WRONG-"), std::string::npos) << e.output;
}

/// The machine's zone and language change nothing.
TEST(Machine, zone_and_locale_change_nothing) {
  std::map<std::string, std::string> wanted;
  for (const auto& [zone, locale] :
       {std::pair{"UTC", "C"}, std::pair{"Pacific/Auckland", "C.utf8"}, std::pair{"America/St_Johns", "de_DE.UTF-8"},
        std::pair{"Pacific/Kiritimati", "tr_TR.UTF-8"}, std::pair{"", "POSIX"}}) {
    SCOPED_TRACE(std::string(zone) + " " + locale);
    MailSetup s;
    s.top = quiet;
    MailHouse h(s);
    h.set_environment("TZ", zone);
    h.set_environment("LC_ALL", locale);
    h.set_environment("LANG", locale);
    h.add("alice", letter("alice", "a@x.test", "I\u0131\u0130i GR\u00dcSSE"), "a1");
    Letter at_the_turn = letter("bob", "b@x.test");
    at_the_turn.date = "Sun, 29 Mar 2026 02:30:00 +0100";  // a time that some zones do not have
    h.add("bob", at_the_turn, "b1");
    const Ended e = h.sync({.program = "syncline"});
    EXPECT_EQ(e.code, 0) << e.output;
    if (wanted.empty())
      wanted = h.mails();
    else
      EXPECT_EQ(h.mails(), wanted);
  }
  EXPECT_EQ(wanted.size(), 2u);
}

}  // namespace
}  // namespace syncline::test
