#include "secrets.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <syncline/plugin.hpp>

namespace syncline {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class SecretsTest : public testing::Test {
 protected:
  SecretsTest() {
    std::string name = (fs::temp_directory_path() / "syncline-secrets-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  ~SecretsTest() override {
    std::error_code ec;
    fs::remove_all(folder_, ec);
  }
  SecretsTest(const SecretsTest&) = delete;
  SecretsTest& operator=(const SecretsTest&) = delete;

  SecretRef file(const std::string& content, unsigned mode = 0600) const {
    const fs::path path = folder_ / "pw";
    std::ofstream(path, std::ios::binary) << content;
    fs::permissions(path, static_cast<fs::perms>(mode));
    SecretRef ref;
    ref.from = SecretRef::From::file;
    ref.name = path.string();
    ref.where = "x.toml:3:1";
    return ref;
  }
  static SecretRef command(std::vector<std::string> words) {
    SecretRef ref;
    ref.from = SecretRef::From::command;
    ref.command = std::move(words);
    return ref;
  }
  static Error failure(const SecretRef& ref, std::chrono::milliseconds patience = std::chrono::seconds(30)) {
    try {
      static_cast<void>(resolve(ref, patience));
    } catch (const Error& e) {
      return e;
    }
    return {SY_OK, "resolved"};
  }
  fs::path folder_;
};

TEST_F(SecretsTest, Inline) {
  SecretRef ref;
  ref.text = SecretText("abc");
  EXPECT_EQ(resolve(ref).reveal(), "abc");
  EXPECT_THAT(ref.describe(), Not(HasSubstr("abc")));
}

TEST_F(SecretsTest, FileLosesItsLastLineEndOnly) {
  EXPECT_EQ(resolve(file("s3cret")).reveal(), "s3cret");
  EXPECT_EQ(resolve(file("s3cret\n")).reveal(), "s3cret");
  EXPECT_EQ(resolve(file("s3cret\r\n")).reveal(), "s3cret");
  EXPECT_EQ(resolve(file(" a\nb \n\n")).reveal(), " a\nb \n");
}

TEST_F(SecretsTest, FilesThatCannotBe) {
  EXPECT_THAT(failure(file("s3cret", 0644)).what(),
              AllOf(HasSubstr("x.toml:3:1"), HasSubstr("chmod 600"), Not(HasSubstr("s3cret"))));
  EXPECT_EQ(failure(file("s3cret", 0604)).code(), SY_CONFIG);
  EXPECT_THAT(failure(file("")).what(), HasSubstr("empty"));
  EXPECT_THAT(failure(file("\n")).what(), HasSubstr("empty"));
  EXPECT_THAT(failure(file(std::string(70'000, 'x'))).what(), HasSubstr("64 KiB"));
  SecretRef none = file("x");
  none.name = (folder_ / "none").string();
  EXPECT_THAT(failure(none).what(), HasSubstr("No such file"));
  none.name = folder_.string();
  EXPECT_THAT(failure(none).what(), HasSubstr("not a regular file"));
}

TEST_F(SecretsTest, Environment) {
  SecretRef ref;
  ref.from = SecretRef::From::environment;
  ref.name = "SYNCLINE_TEST_SECRET";
  ::setenv("SYNCLINE_TEST_SECRET", "from-env", 1);
  EXPECT_EQ(resolve(ref).reveal(), "from-env");
  ::unsetenv("SYNCLINE_TEST_SECRET");
  EXPECT_THAT(failure(ref).what(), HasSubstr("SYNCLINE_TEST_SECRET"));
}

TEST_F(SecretsTest, CommandGivesItsFirstLine) {
  EXPECT_EQ(resolve(command({"printf", "one\\ntwo\\n"})).reveal(), "one");
  EXPECT_EQ(resolve(command({"printf", "no line end"})).reveal(), "no line end");
}

TEST_F(SecretsTest, CommandRunsWithoutAShell) {
  EXPECT_EQ(resolve(command({"printf", "%s", "$HOME; echo `id` | cat"})).reveal(), "$HOME; echo `id` | cat");
}

TEST_F(SecretsTest, CommandFailures) {
  const Error ended = failure(command({"sh", "-c", "echo s3cret; echo s3cret >&2; exit 3"}));
  EXPECT_EQ(ended.code(), SY_AUTH);
  EXPECT_THAT(ended.what(), AllOf(HasSubstr("ended with 3"), Not(HasSubstr("s3cret"))));
  EXPECT_THAT(failure(command({"/no/such/program"})).what(), HasSubstr("No such file"));
  EXPECT_EQ(failure(command({"true"})).code(), SY_AUTH);
  EXPECT_EQ(failure(command({"sh", "-c", "kill -9 $$"})).code(), SY_AUTH);
  EXPECT_THAT(failure(command({"sh", "-c", "head -c 100000 /dev/zero"})).what(), HasSubstr("64 KiB"));
}

TEST_F(SecretsTest, ACommandThatHangsIsEndedWithItsChildren) {
  const fs::path pid_file = folder_ / "pid";
  const Error late = failure(command({"sh", "-c", "sleep 1000 & echo $! > " + pid_file.string() + "; wait"}),
                             std::chrono::milliseconds(1500));
  EXPECT_EQ(late.code(), SY_RETRY);
  pid_t child = 0;
  std::ifstream(pid_file) >> child;
  ASSERT_GT(child, 0);
  // Ended, though perhaps not yet reaped by whoever inherited it; on a busy machine a signal takes a moment to act.
  char state = 'R';
  for (int i = 0; i < 1000 && state != 'X' && state != 'Z'; ++i) {
    state = 'X';
    std::string word;
    if (std::ifstream stat("/proc/" + std::to_string(child) + "/stat"); stat) stat >> word >> word >> state;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_THAT(std::string("XZ"), HasSubstr(std::string(1, state)));
}

TEST(SecretTextTest, WipesAndMoves) {
  SecretText a("a secret that is too long to be stored inside the string itself");
  SecretText b(std::move(a));
  EXPECT_TRUE(a.empty());  // NOLINT(bugprone-use-after-move): that is the promise
  EXPECT_FALSE(b.empty());
  b.wipe();
  EXPECT_TRUE(b.empty());
}

TEST(Redact, CutsOutWhatIsKnown) {
  const std::vector<SecretText> known{SecretText("hunter2"), SecretText("abc")};
  EXPECT_EQ(redact("GET /?p=hunter2&q=hunter2 abc", known), "GET /?p=***&q=*** abc");
  EXPECT_EQ(redact("nothing", {}), "nothing");
}

}  // namespace
}  // namespace syncline
