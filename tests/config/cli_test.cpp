// The program from outside: exit codes, outputs, and that no secret leaves it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <array>
#include <boost/json.hpp>
#include <cstdio>
#include <filesystem>
#include <fstream>

namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

struct Ran {
  int code = -1;
  std::string out, err;
};

class CliTest : public testing::Test {
 protected:
  CliTest() {
    std::string name = (fs::temp_directory_path() / "syncline-cli-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
  }
  ~CliTest() override {
    std::error_code ec;
    fs::remove_all(folder_, ec);
  }
  CliTest(const CliTest&) = delete;
  CliTest& operator=(const CliTest&) = delete;

  static std::string slurp(const fs::path& file) {
    std::ifstream in(file);
    std::string out(fs::file_size(file), '\0');
    in.read(out.data(), static_cast<std::streamsize>(out.size()));
    return out;
  }
  [[nodiscard]] Ran run(const std::string& arguments,
                        const std::string& plugins = SYNCLINE_BUILD_DIR "/tests/config/plugins") const {
    const std::string out = (folder_ / "out").string();
    const std::string err = (folder_ / "err").string();
    const int status = std::system(("cd " + folder_.string() + " && " SYNCLINE_BUILD_DIR "/bin/syncline --plugin-dir " +
                                    plugins + " " + arguments + " >" + out + " 2>" + err)
                                       .c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, slurp(out), slurp(err)};
  }
  [[nodiscard]] std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name) << text;
    fs::permissions(folder_ / name, fs::perms::owner_read | fs::perms::owner_write);
    return (folder_ / name).string();
  }
  fs::path folder_;
};

constexpr const char* config_with_secret =
    "[store]\nplugin = \"teststore\"\npath = \"state.db\"\n"
    "[connection.mail]\nplugin = \"testmail\"\nhost = \"h\"\nmaster_password = \"canary-hunter2\"\n";

TEST_F(CliTest, ExamplePassesCheck) {
  const Ran example = run("config example");
  ASSERT_EQ(example.code, 0) << example.err;
  const Ran check = run("config check " + write("syncline.toml", example.out));
  EXPECT_EQ(check.code, 0) << check.err;
  EXPECT_THAT(check.out, HasSubstr("ok"));
  EXPECT_EQ(run("config check").code, 0) << "./syncline.toml is found by itself";
}

TEST_F(CliTest, TheExampleOfTheRealPluginsPassesCheck) {
  const std::string plugins = SYNCLINE_BUILD_DIR "/plugins";
  const Ran example = run("config example", plugins);
  ASSERT_EQ(example.code, 0) << example.err;
  const Ran check = run("config check " + write("syncline.toml", example.out), plugins);
  EXPECT_EQ(check.code, 0) << check.err;
}

TEST_F(CliTest, CheckPrintsAllFaultsOnceAndEndsWith78) {
  const std::string file = write("x.toml", "takeover = \"now\"\n[store]\nplugin = \"teststore\"\n");
  const Ran r = run("config check " + file);
  EXPECT_EQ(r.code, 78);
  EXPECT_EQ(r.out, "");
  EXPECT_THAT(r.err, AllOf(HasSubstr(file + ":1:12: error[CFG015]"), HasSubstr("error[CFG011]"), HasSubstr("help: ")));
  const Ran as_json = run("config check --json " + file);
  EXPECT_EQ(as_json.code, 78);
  const json::value v = json::parse(as_json.out);
  EXPECT_FALSE(v.at("ok").as_bool());
  EXPECT_EQ(v.at("faults").as_array().size(), 2U);
  EXPECT_EQ(v.at("faults").at(0).at("line").as_int64(), 1);
}

TEST_F(CliTest, AConnectionsOwnFileIsCheckedWithPositions) {
  const std::string plugins = SYNCLINE_BUILD_DIR "/plugins";
  const std::string mapping =
      write("acme.json", "// a CRM of its own\n{\n  \"extends\": \"rest\",\n  \"bsae\": \"api\"\n}\n");
  const std::string file = write("x.toml",
                                 "[store]\nplugin = \"storage-sqlite\"\npath = \"state.db\"\n"
                                 "[connection.acme]\nplugin = \"crm-rest\"\nurl = \"https://crm.acme.test\"\n"
                                 "mapping = \"" +
                                     mapping + "\"\nauth = { method = \"none\" }\n");
  const Ran wrong = run("config check " + file, plugins);
  EXPECT_EQ(wrong.code, 78);
  EXPECT_THAT(wrong.err, AllOf(HasSubstr(file + ":4:13: error[CFG033]: connection acme: "),
                               HasSubstr(mapping + ":4:3: "), HasSubstr("did you mean \"base\"?")));
  const json::value told = json::parse(run("config check --json " + file, plugins).out);
  EXPECT_EQ(told.at("faults").at(0).at("code").as_string(), "CFG033");
  fs::copy_file(fs::path(SYNCLINE_SOURCE_DIR) / "examples/acme.json", mapping, fs::copy_options::overwrite_existing);
  const Ran right = run("config check " + file, plugins);
  EXPECT_EQ(right.code, 0) << right.err;
}

TEST_F(CliTest, NothingPrintsASecret) {
  const std::string file = write("x.toml", config_with_secret);
  for (const char* command : {"config show", "config show --json", "config check", "config check --json",
                              "config schema", "config example", "plugin list"}) {
    const Ran r = run("--config " + file + " " + command);
    EXPECT_EQ(r.code, 0) << command << r.err;
    EXPECT_THAT(r.out + r.err, Not(HasSubstr("canary"))) << command;
  }
  EXPECT_THAT(run("--config " + file + " config show").out, HasSubstr("master_password = \"***\""));
  fs::permissions(file, fs::perms::others_read, fs::perm_options::add);
  const Ran readable = run("--config " + file + " config show");
  EXPECT_EQ(readable.code, 78);
  EXPECT_THAT(readable.out + readable.err, AllOf(HasSubstr("CFG040"), Not(HasSubstr("canary"))));
}

TEST_F(CliTest, SchemaAndPage) {
  EXPECT_EQ(json::parse(run("config schema").out).at("type").as_string(), "object");
  EXPECT_THAT(run("config schema --page").out, HasSubstr("# Configuration reference"));
}

TEST_F(CliTest, Plugins) {
  EXPECT_THAT(run("plugin list").out, HasSubstr("testmail"));
  EXPECT_GE(json::parse(run("plugin list --json").out).as_array().size(), 5U);
  EXPECT_THAT(run("plugin info testmail").out, AllOf(HasSubstr("ABI 1.0"), HasSubstr("`host`")));
  EXPECT_EQ(json::parse(run("plugin info twins --json").out).at("classes").as_array().size(), 4U);
  const Ran misspelt = run("plugin info testmial");
  EXPECT_EQ(misspelt.code, 78);
  EXPECT_THAT(misspelt.err, HasSubstr("did you mean \"testmail\"?"));
}

TEST_F(CliTest, UsageAndVersion) {
  EXPECT_EQ(run("").code, 64);
  EXPECT_EQ(run("nonsense").code, 64);
  EXPECT_EQ(run("config check --nonsense").code, 64);
  const Ran help = run("--help");
  EXPECT_EQ(help.code, 0);
  EXPECT_THAT(help.out, HasSubstr("78  the configuration cannot work"));
  for (const char* command : {"config", "config check", "config schema", "config example", "config show", "plugin",
                              "plugin list", "plugin info", "version"})
    EXPECT_EQ(run(std::string(command) + " --help").code, 0) << command;
  EXPECT_THAT(run("version").out, HasSubstr("plugin ABI 1.0"));
  EXPECT_EQ(json::parse(run("version --json").out).at("abi").as_string(), "1.0");
  EXPECT_EQ(run("--config /nowhere.toml config show").code, 78);
}

}  // namespace
