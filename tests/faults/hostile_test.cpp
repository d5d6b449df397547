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

std::string hundreds_of_attachments() {
  std::string out = head() + "Subject: files\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=f\r\n\r\n";
  for (int i = 0; i < 300; ++i)
    out += "--f\r\nContent-Type: application/pdf; name=a" + std::to_string(i) +
           ".pdf\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERi0=\r\n";
  return out + "--f--\r\n";
}

/// The most memory that a running program takes until it ends. Not from its rusage, which begins with that of whoever
/// started it.
std::int64_t peak_kib(pid_t program) {
  const std::string proc = "/proc/" + std::to_string(program) + "/";
  std::int64_t peak = 0;
  for (;;) {
    std::string name;
    std::getline(std::ifstream(proc + "comm") >> std::ws, name);
    std::ifstream status(proc + "status");
    std::int64_t now = -1;
    for (std::string line; std::getline(status, line);)
      if (line.starts_with("VmHWM:")) now = std::stoll(line.substr(6));
    if (now < 0) return peak;  // it has ended
    if (name == "syncline") peak = std::max(peak, now);
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}

class HostileMail : public FaultsTest, public ::testing::WithParamInterface<Hostile> {};

TEST_P(HostileMail, leaves_the_others_alone_and_is_explained) {
  MailSetup s = quiet_setup();
  s.order = {"alice"};
  MailHouse h(s);
  h.add("alice", letter("alice", "before@x.test"), "before");
  h.pop3().add("alice", GetParam().text(), "odd");
  h.add("alice", letter("alice", "after@x.test"), "after");
  const pid_t program = h.start({"sync", "--yes", "--workers", "1"}, {.program = "syncline"});
  const std::int64_t peak = peak_kib(program);
  const Ended end = h.finish(program);
  EXPECT_THAT(end.code, ::testing::AnyOf(0, 1)) << end.output.substr(0, 2000);
  const auto mails = h.mails();
  EXPECT_TRUE(mails.contains("<before@x.test>"));
  EXPECT_TRUE(mails.contains("<after@x.test>"));
  EXPECT_EQ(mails.contains("<odd@x.test>"), GetParam().carried);
  EXPECT_GT(peak, 1024) << "KiB: it was not measured";
  EXPECT_LT(peak, 96 * 1024) << "KiB";
  RecordProperty("peak_kib", static_cast<int>(peak));
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
                                           Hostile{"hundreds_of_attachments", hundreds_of_attachments, true}),
                         [](const auto& p) { return p.param.name; });

}  // namespace
}  // namespace syncline::test
