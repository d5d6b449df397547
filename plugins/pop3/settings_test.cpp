#include "settings.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <sstream>

#include "pop3.hpp"
#include "reply.hpp"

namespace syncline::pop3 {
namespace {

std::string config_error(const std::function<void()>& call) {
  try {
    call();
  } catch (const Error& e) {
    EXPECT_EQ(e.code(), SY_CONFIG) << e.what();
    return e.what();
  }
  ADD_FAILURE() << "no error";
  return {};
}

TEST(Settings, Defaults) {
  const Settings s = read_settings(R"({"host": "pop.test"})");
  EXPECT_EQ(s.port, 995);
  EXPECT_EQ(s.tls, Tls::IMPLICIT);
  EXPECT_TRUE(s.verify);
  EXPECT_EQ(s.read_timeout.count(), 60'000);
  EXPECT_EQ(s.max_message_size, 100'000'000u);
  EXPECT_EQ(s.session_messages, 100u);
  EXPECT_EQ(s.session_bytes, 64u << 20u);
  EXPECT_EQ(s.session_time.count(), 60'000);
  EXPECT_EQ(s.certificate_name(), "pop.test");
  EXPECT_EQ(read_settings(R"({"host": "pop.test", "tls": "starttls"})").port, 110);
}

TEST(Settings, Values) {
  const Settings s = read_settings(
      R"({"host": "pop.test", "port": 1995, "server_name": "x.test", "read_timeout": 1500, "connect_timeout": "2s", "max_message_size": "5MiB"})");
  EXPECT_EQ(s.port, 1995);
  EXPECT_EQ(s.certificate_name(), "x.test");
  EXPECT_EQ(s.read_timeout.count(), 1500);
  EXPECT_EQ(s.connect_timeout.count(), 2000);
  EXPECT_EQ(s.max_message_size, 5u << 20u);
}

TEST(Settings, NoPasswordInClear) {
  EXPECT_NE(config_error([] {
              static_cast<void>(read_settings(R"({"host": "pop.test", "tls": "none"})"));
            }).find("allow_cleartext"),
            std::string::npos);
  config_error([] { static_cast<void>(read_settings(R"({"host": "127.0.0.1.test", "tls": "none"})")); });
  EXPECT_EQ(read_settings(R"({"host": "pop.test", "tls": "none", "allow_cleartext": true})").port, 110);
  for (const char* host : {"localhost", "127.0.0.1", "127.9.9.9", "::1"})
    EXPECT_EQ(read_settings(std::string(R"({"tls": "none", "host": ")") + host + "\"}").tls, Tls::NONE) << host;
}

TEST(Settings, ApopNeedsNoTls) {
  EXPECT_EQ(read_settings(R"({"host": "pop.test", "tls": "none", "auth": "apop"})").method, Method::APOP);
  config_error([] { static_cast<void>(read_settings(R"({"host": "pop.test", "tls": "none", "auth": "plain"})")); });
  config_error([] { static_cast<void>(read_settings(R"({"host": "pop.test", "tls": "none", "auth": "xoauth2"})")); });
}

TEST(Settings, OAuth) {
  EXPECT_TRUE(read_settings(R"({"host": "pop.test"})").oauth.client_id.empty());
  const Settings entra = read_settings(R"({"host": "a", "oauth": {"client_id": "app", "tenant": "contoso.test"}})");
  EXPECT_EQ(entra.oauth.token_url, "https://login.microsoftonline.com/contoso.test/oauth2/v2.0/token");
  EXPECT_EQ(entra.oauth.scope, "https://outlook.office365.com/.default");
  const Settings own =
      read_settings(R"({"host": "a", "oauth": {"client_id": "app", "token_url": "https://t.test/", "scope": "s"}})");
  EXPECT_EQ(own.oauth.token_url, "https://t.test/");
  EXPECT_EQ(own.oauth.scope, "s");
  config_error([] { static_cast<void>(read_settings(R"({"host": "a", "oauth": {"client_id": "app"}})")); });
  config_error([] { static_cast<void>(read_settings(R"({"host": "a", "oauth": {"tenant": "contoso.test"}})")); });
}

TEST(Settings, Mistakes) {
  for (const char* bad :
       {R"({})", R"({"host": "a", "port": 0})", R"({"host": "a", "port": 70000})", R"({"host": "a", "tls": "ssl"})",
        R"({"host": "a", "read_timeout": "soon"})", R"({"host": "a", "max_message_size": "99999999999TB"})",
        R"({"host": "a", "verify": "no"})", R"({"host": "a", "auth": "ntlm"})", R"({"host": "a\r\nb"})", "[]", "x"})
    EXPECT_FALSE(config_error([&] { static_cast<void>(read_settings(bad)); }).empty()) << bad;
  config_error([] { static_cast<void>(read_mailbox("{}")); });
  config_error([] { static_cast<void>(read_mailbox(R"({"username": "a\r\nDELE 1"})")); });
  EXPECT_EQ(read_mailbox(R"({"username": "support", "principal": {"kind": "queue"}})").username, "support");
}

TEST(Reply, Parsed) {
  const std::vector<std::string> secrets{"", "hunter2", "aHVudGVyMg=="};
  const Reply reply = Reply::parse("-ERR [sys/temp] try\tagain \x01 hunter2 aHVudGVyMg==", "pop.test:995", secrets);
  EXPECT_FALSE(reply.ok);
  EXPECT_EQ(reply.code, "SYS/TEMP");
  EXPECT_EQ(reply.text, "try again ? *** ***");
  EXPECT_EQ(Reply::parse("+OK 12 34", "x", std::vector<std::string>{"1"}).text, "12 34") << "data, not a text";
  EXPECT_TRUE(Reply::parse("+OK", "x").ok);
  EXPECT_THROW(static_cast<void>(Reply::parse("HTTP/1.1 400", "x")), Error);
  EXPECT_LE(one_line(std::string(5000, 'x')).size(), 163u);
}

std::string place(const sy_option& o) {
  if ((o.flags & SY_PER_ENDPOINT) == 0) return "connection";
  return (o.flags & SY_QUEUE_ONLY) == 0 ? "mailbox" : "mailbox, queues only";
}

/// A table row of the README as the option table has it.
std::string row(const sy_option& o) {
  static constexpr const char* kTypes[] = {"text",   "int",     "bool", "duration", "bytes", "choice",
                                           "secret", "instant", "list", "table",    "path",  "url"};
  std::string out = std::string("| `") + o.name + "` | " + kTypes[o.type] + " | ";
  if ((o.flags & SY_REQUIRED) != 0)
    out += "required";
  else
    out += o.fallback == nullptr ? "-" : "`" + std::string(o.fallback) + "`";
  std::string allowed = o.allowed == nullptr ? "-" : "`" + std::string(o.allowed) + "`";
  for (std::size_t at = allowed.find('|'); at != std::string::npos; at = allowed.find('|', at + 3))
    allowed.replace(at, 1, "`, `");
  return out + " | " + allowed + " | " + place(o) + " | " + o.doc + " |";
}

TEST(Readme, HasTheOptionTable) {
  std::ifstream in(std::string(SYNCLINE_SOURCE_DIR) + "/plugins/pop3/README.md");
  std::stringstream text;
  text << in.rdbuf();
  std::string expected;
  std::size_t rows = 0;
  for (const sy_option& o : Pop3::options) {
    EXPECT_NE(text.str().find(row(o) + "\n"), std::string::npos) << "README.md lacks this row:\n" << row(o);
    expected += row(o) + "\n";
  }
  std::string line;
  while (std::getline(text, line)) rows += line.rfind("| `", 0) == 0 ? 1 : 0;
  EXPECT_EQ(rows, Pop3::options.size()) << "the table should be:\n" << expected;
}

}  // namespace
}  // namespace syncline::pop3
