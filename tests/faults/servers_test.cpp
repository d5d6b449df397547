// Servers that refuse, hang, lie or get slow.
#include "faults.hpp"
#include "tests/servers/certificates.hpp"

namespace syncline::test {
namespace {

using sandbox::Fault;

TEST_F(FaultsTest, a_wrong_mailbox_password_stops_that_pair_only) {
  auto h = house();
  h->set_environment("BOB_PASSWORD", "not-the-password");
  const Ended end = sync(*h);
  EXPECT_EQ(end.code, 77) << end.output;
  const auto told = lines(end.output, "failed:");
  ASSERT_EQ(told.size(), 1u) << end.output;
  EXPECT_THAT(told.front(), HasSubstr("bob@contoso.test"));
  EXPECT_THAT(end.output, Not(HasSubstr("not-the-password")));
  EXPECT_THAT(in_crm(*h), ::testing::UnorderedElementsAre("<a@x.test>", "<s@x.test>"));
  const Ended status = run(*h, {"status"});
  EXPECT_EQ(status.code, 1);
  EXPECT_THAT(status.output, HasSubstr("bob@contoso.test: failing"));
  h->set_environment("BOB_PASSWORD", MailHouse::password("bob"));
  expect_settles(*h, all);
}

TEST_F(FaultsTest, a_wrong_crm_secret_loses_nothing) {
  auto h = house();
  h->set_environment("CRM_SECRET", "not-the-secret");
  const Ended end = sync(*h);
  EXPECT_EQ(end.code, 77) << end.output;
  EXPECT_EQ(lines(end.output, "failed:").size(), 3u) << end.output;
  EXPECT_THAT(end.output, Not(HasSubstr("not-the-secret")));
  EXPECT_EQ(h->crm().count("emails"), 0u);
  h->set_environment("CRM_SECRET", h->crm().options().client_secret);
  expect_settles(*h, all);
}

/// A mail server with a certificate that must not be accepted.
struct Bad {
  const char* name;
  sandbox::Certificate sandbox::Certificates::* which;
  const char* said;
};
class BadCertificate : public FaultsTest, public ::testing::WithParamInterface<Bad> {
 protected:
  BadCertificate()
      : folder_(fs::temp_directory_path() / ("syncline-certificates-" + std::to_string(::getpid()))),
        made_(sandbox::make_certificates(folder_)) {}
  ~BadCertificate() override {
    std::error_code ec;
    fs::remove_all(folder_, ec);
  }
  fs::path folder_;
  sandbox::Certificates made_;
};

TEST_P(BadCertificate, of_the_mail_server_is_refused_by_name) {
  MailSetup s = quiet_setup();
  s.pop3_options.tls = sandbox::Pop3Tls::IMPLICIT;
  s.pop3_options.certificate = (made_.*GetParam().which).certificate.string();
  s.pop3_options.key = (made_.*GetParam().which).key.string();
  s.mail = "tls = \"implicit\"\nca_file = \"" + made_.ca.string() + "\"\n";
  auto h = house(s);
  const Ended end = sync(*h);
  EXPECT_EQ(end.code, 78) << end.output;
  EXPECT_EQ(lines(end.output, "failed:").size(), 3u) << end.output;
  EXPECT_THAT(end.output, HasSubstr(GetParam().said));
  for (const std::string& line : h->pop3().log()) EXPECT_THAT(line, Not(HasSubstr("PASS")));
}

TEST_P(BadCertificate, of_the_crm_is_refused) {
  MailSetup s = quiet_setup();
  s.crm_options.certificate = (made_.*GetParam().which).certificate.string();
  s.crm_options.key = (made_.*GetParam().which).key.string();
  s.crm = "ca_file = \"" + made_.ca.string() + "\"\n";
  auto h = house(s);
  const Ended end = sync(*h);
  EXPECT_EQ(end.code, 78) << end.output;
  EXPECT_EQ(lines(end.output, "failed:").size(), 3u) << end.output;
  EXPECT_THAT(end.output, HasSubstr("certificate"));
  EXPECT_THAT(h->crm().log(), ::testing::IsEmpty()) << "nothing was said to a server that could be anybody";
}

INSTANTIATE_TEST_SUITE_P(Faults, BadCertificate,
                         ::testing::Values(Bad{"expired", &sandbox::Certificates::expired, "expired"},
                                           Bad{"wrong_host", &sandbox::Certificates::wrong_host, "another host"}),
                         [](const auto& p) { return p.param.name; });

TEST_F(FaultsTest, a_mail_server_that_hangs_is_given_up_and_tried_again_later) {
  MailSetup s = quiet_setup();
  s.mail = "read_timeout = \"300ms\"\nconnect_timeout = \"1s\"\n";
  s.order = {"alice"};
  MailHouse h(s);
  h.add("alice", letter("alice", "a@x.test"), "a1");
  h.pop3().set_faults({.hang_on_retr = 1});
  const Ended end = sync(h);
  EXPECT_EQ(end.code, 75) << end.output;
  EXPECT_EQ(lines(end.output, "failed:").size(), 1u) << end.output;
  h.pop3().set_faults({});
  expect_settles(h, {"<a@x.test>"});
}

TEST_F(FaultsTest, a_connection_that_ends_inside_a_message_carries_half_of_nothing) {
  for (const int count : {1, -1}) {
    auto h = house();
    h->pop3().set_faults({.close_in_message = 1, .count = count});
    const Ended end = sync(*h);
    if (count == 1) {
      EXPECT_EQ(end.code, 0) << end.output;  // it goes round again by itself
    } else {
      EXPECT_EQ(end.code, 75) << end.output;
      EXPECT_EQ(lines(end.output, "failed:").size(), 3u) << end.output;
      EXPECT_EQ(h->crm().count("emails"), 0u);
    }
    h->pop3().set_faults({});
    expect_settles(*h, all);
  }
}

TEST_F(FaultsTest, uidls_that_repeat_or_change_double_nothing) {
  MailSetup s = quiet_setup();
  s.order = {"alice"};
  MailHouse h(s);
  std::vector<std::string> keys;
  for (const std::string id : {"1@x.test", "2@x.test", "3@x.test"}) {
    h.add("alice", letter("alice", id, "Mail " + id));
    keys.push_back("<" + id + ">");
  }
  h.pop3().set_faults({.repeat_uidls = true});
  expect_settles(h, keys);
  h.pop3().set_faults({});
  expect_settles(h, keys);
  h.pop3().set_faults({.change_uidls = true});
  expect_settles(h, keys);
}

TEST_F(FaultsTest, a_mail_that_the_crm_refuses_stops_nobody_else) {
  auto h = house();
  h->add("alice", letter("alice", "a2@x.test"), "a2");
  Fault refusal;
  refusal.method = "POST";
  refusal.path = "emails";
  refusal.message_id = "<a@x.test>";
  refusal.count = -1;
  refusal.status = 400;
  refusal.code = "0x80040265";
  refusal.message = "A plug-in of this organization refuses the e-mail.";
  h->crm().add_fault(refusal);
  const Ended end = sync(*h);
  EXPECT_EQ(end.code, 1) << end.output;
  EXPECT_THAT(in_crm(*h), ::testing::UnorderedElementsAre("<a2@x.test>", "<b@x.test>", "<s@x.test>"));
  const Ended listed = run(*h, {"quarantine", "list"});
  ASSERT_EQ(lines(listed.output, "alice@contoso.test").size(), 1u) << listed.output;
  EXPECT_THAT(listed.output, HasSubstr("0x80040265"));
  const Ended explained = run(*h, {"explain", "a1"});
  EXPECT_EQ(explained.code, 0) << explained.output;
  EXPECT_THAT(explained.output, HasSubstr("quarantined"));
  h->crm().clear_log();
  sync(*h);
  EXPECT_EQ(h->writes(), "") << "it is not tried again before anybody has looked";
  h->crm().clear_faults();
  EXPECT_EQ(run(*h, {"quarantine", "retry"}).code, 0);
  expect_settles(*h, {"<a@x.test>", "<a2@x.test>", "<b@x.test>", "<s@x.test>"});
  EXPECT_THAT(run(*h, {"quarantine", "list"}).output, HasSubstr("nothing is in quarantine"));
}

TEST_F(FaultsTest, a_mail_whose_last_step_is_refused_is_finished_by_a_retry) {
  MailSetup s = quiet_setup();
  s.order = {"alice"};
  MailHouse h(s);
  Letter big = letter("alice", "a@x.test");
  big.attachments = {{"a.bin", "attached"}};
  h.add("alice", big, "a1");
  Fault refusal;
  refusal.method = "PATCH";
  refusal.path = "emails";
  refusal.count = -1;
  refusal.status = 403;
  refusal.code = "0x80040220";
  refusal.message = "The principal lacks a privilege.";
  h.crm().add_fault(refusal);
  const Ended end = sync(h);
  EXPECT_THAT(end.code, ::testing::AnyOf(1, 77)) << end.output;
  EXPECT_THAT(run(h, {"quarantine", "list"}).output, HasSubstr("0x80040220"));
  h.crm().clear_faults();
  EXPECT_EQ(run(h, {"quarantine", "retry"}).code, 0);
  expect_settles(h, {"<a@x.test>"});
  EXPECT_THAT(h.mails().at("<a@x.test>"), HasSubstr("attachment a.bin"));
}

TEST_F(FaultsTest, a_crm_that_throttles_is_waited_for) {
  auto h = house();
  Fault busy;
  busy.status = 429;
  busy.code = "0x80072322";
  busy.message = "Number of requests exceeded the limit.";
  busy.retry_after = 1;
  busy.count = 2;
  for (const char* method : {"GET", "POST", "PATCH"}) {
    busy.method = method;
    busy.path = "emails";
    h->crm().add_fault(busy);
  }
  const Ended end = sync(*h);
  EXPECT_EQ(end.code, 0) << end.output;
  EXPECT_THAT(in_crm(*h), ::testing::UnorderedElementsAreArray(all));
  const auto log = h->crm().log();
  EXPECT_EQ(std::count_if(log.begin(), log.end(), [](const auto& e) { return e.status == 429; }), 6);
  expect_settles(*h, all);
}

TEST_F(FaultsTest, a_token_that_ends_in_the_middle_of_a_run_is_renewed) {
  auto h = house();
  h->crm().set_behaviour({.latency = std::chrono::milliseconds(30)});
  const pid_t child = h->start({"sync", "--yes", "--workers", "1"}, {.program = "syncline"});
  const auto drafts = [&] {
    const auto log = h->crm().log();
    return std::count_if(log.begin(), log.end(),
                         [](const auto& e) { return e.method == "POST" && e.path.ends_with("/emails"); });
  };
  for (int i = 0; i < 4000 && drafts() == 0; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  h->crm().expire_tokens();
  const Ended end = h->finish(child);
  EXPECT_EQ(end.code, 0) << end.output;
  const auto log = h->crm().log();
  EXPECT_GE(std::count_if(log.begin(), log.end(), [](const auto& e) { return e.status == 401; }), 1);
  h->crm().set_behaviour({});
  expect_settles(*h, all);
}

TEST_F(FaultsTest, requests_and_answers_that_are_lost_double_nothing) {
  for (const auto action : {Fault::Action::DROP_BEFORE, Fault::Action::DROP_AFTER}) {
    auto h = house();
    for (const char* method : {"POST", "PATCH"}) {
      Fault lost;
      lost.action = action;
      lost.method = method;
      lost.path = "emails";
      h->crm().add_fault(lost);
    }
    const Ended end = sync(*h);
    EXPECT_THAT(end.code, ::testing::AnyOf(0, 75)) << end.output;
    expect_settles(*h, all);
  }
}

TEST_F(FaultsTest, requests_that_land_after_all_double_nothing) {
  for (const char* method : {"POST", "PATCH"}) {
    auto h = house();
    Fault late;
    late.action = Fault::Action::LAND_LATER;
    late.method = method;
    late.path = "emails";
    late.count = -1;
    h->crm().add_fault(late);
    sync(*h);
    h->crm().clear_faults();
    EXPECT_GT(h->crm().land(), 0u);
    expect_settles(*h, all);
  }
}

}  // namespace
}  // namespace syncline::test
