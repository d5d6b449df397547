#include "config.hpp"
#include "config_values.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "reference.hpp"
#include "settings.hpp"

namespace syncline {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

const std::string plugin_dir = SYNCLINE_BUILD_DIR "/tests/config/plugins";
const fs::path corpus = SYNCLINE_SOURCE_DIR "/tests/config";
constexpr const char* canary = "canary-hunter2";

std::string slurp(const fs::path& file) {
  std::ifstream in(file);
  std::stringstream out;
  out << in.rdbuf();
  return out.str();
}

ConfigOptions options() {
  return {{plugin_dir}, [](const std::string& name) -> std::optional<std::string> {
            if (name == "HOST") return "pop.example.org";
            if (name == "PORT") return "995";
            if (name == "PASSWORD") return canary;
            return std::nullopt;
          }};
}

/// A folder of its own, only ours to read, that goes with the test.
class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "syncline-config-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    std::error_code ec;
    fs::remove_all(path_, ec);
  }
  [[nodiscard]] fs::path write(const std::string& name, const std::string& text, bool readable = false) const {
    const fs::path file = path_ / name;
    fs::create_directories(file.parent_path());
    std::ofstream(file) << text;
    fs::permissions(
        file, fs::perms::owner_read | fs::perms::owner_write | (readable ? fs::perms::others_read : fs::perms::none));
    return file;
  }
  /// All files of a corpus folder, closed to others unless they say otherwise.
  void copy(const fs::path& from) const {
    for (const auto& e : fs::recursive_directory_iterator(from)) {
      if (!e.is_regular_file()) continue;
      const std::string text = slurp(e.path());
      static_cast<void>(
          write(fs::relative(e.path(), from).string(), text, text.find("\n# mode 644") != std::string::npos));
    }
  }
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

std::vector<fs::path> files_in(const fs::path& folder) {
  std::vector<fs::path> out;
  for (const auto& e : fs::directory_iterator(folder))
    if (e.path().extension() == ".toml") out.push_back(e.path());
  std::sort(out.begin(), out.end());
  return out;
}

struct Expected {
  std::string place, code, words;
};

/// The lines "# expect [FILE:]LINE:COLUMN CODE words" of a bad file.
std::vector<Expected> expectations(const std::string& text) {
  std::vector<Expected> out;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with("# expect ")) continue;
    std::istringstream words(line.substr(9));
    Expected e;
    words >> e.place >> e.code;
    std::getline(words >> std::ws, e.words);
    out.push_back(e);
  }
  return out;
}

TEST(BadFiles, EachMistakeIsNamedWithItsPlaceAndRemedy) {
  const Folder folder;
  folder.copy(corpus / "bad");
  const std::vector<fs::path> files = files_in(folder.path());
  ASSERT_GE(files.size(), 40U);
  std::set<std::string> known;
  for (const FaultCode& c : fault_codes()) known.emplace(c.code);
  std::set<std::string> met;
  for (const fs::path& file : files) {
    SCOPED_TRACE(file.filename().string());
    const std::vector<Expected> expected = expectations(slurp(file));
    EXPECT_FALSE(expected.empty());
    const LoadedConfig loaded = read_config(file.string(), options());
    const std::vector<Fault> faults = loaded.faults.sorted();
    ASSERT_EQ(faults.size(), expected.size()) << loaded.faults.print();
    for (std::size_t i = 0; i < faults.size(); ++i) {
      const std::string prefix =
          expected[i].place.find(".toml") == std::string::npos ? file.filename().string() + ":" : "";
      EXPECT_EQ(fs::relative(loaded.faults.place(faults[i].at), folder.path()).string(), prefix + expected[i].place);
      EXPECT_EQ(faults[i].code, expected[i].code);
      EXPECT_THAT(faults[i].text + " | " + faults[i].hint + " | " + faults[i].help, HasSubstr(expected[i].words));
      EXPECT_FALSE(faults[i].help.empty() && faults[i].hint.empty()) << "no remedy";
      EXPECT_TRUE(known.contains(faults[i].code));
      met.insert(faults[i].code);
    }
    EXPECT_THAT(loaded.faults.print(), Not(HasSubstr(canary)));
    EXPECT_THAT(loaded.faults.print(), Not(HasSubstr("98765432101")));
    EXPECT_THAT(loaded.faults.json(), Not(HasSubstr(canary)));
    EXPECT_THROW(static_cast<void>(load_config(file.string(), options())), ConfigError);
  }
  known.erase("CFG002");  // tested below
  known.erase("CFG031");
  known.erase("CFG033");  // what a connection says of its own files: tests/config/cli_test.cpp
  known.erase("CFG050");  // found by running a file's own tests: trial_test.cpp
  for (const std::string& code : known) EXPECT_TRUE(met.contains(code)) << code << " is met by no bad file";
}

TEST(BadFiles, PrintedFormHasExcerptCaretAndHelp) {
  const Folder folder;
  const fs::path file =
      folder.write("x.toml", "[store]\nplugin = \"teststore\"\npath = \"/s.db\"\n\n[spool]\nlimits = \"1GiB\"\n");
  EXPECT_EQ(read_config(file.string(), options()).faults.print(),
            file.string() +
                ":6:1: error[CFG012]: unknown option \"limits\" in [spool]\n"
                "    6 | limits = …\n"
                "      | ^^^^^^ did you mean \"limit\"?  (size 16MiB.., default \"2GiB\")\n"
                "   help: options here: limit, path\n");
}

TEST(BadFiles, AFileThatIsNotThereIsNamed) {
  const LoadedConfig loaded = read_config("/nowhere/syncline.toml", options());
  ASSERT_EQ(loaded.faults.sorted().size(), 1U);
  EXPECT_EQ(loaded.faults.sorted().front().code, "CFG002");
  EXPECT_THAT(loaded.faults.print(), HasSubstr("/nowhere/syncline.toml"));
}

TEST(BadFiles, ARefusedPluginIsAFault) {
  const Folder folder;
  const fs::path file = folder.write("x.toml", "[store]\nplugin = \"oldabi\"\npath = \"/s.db\"\n");
  ConfigOptions o = options();
  o.plugin_dirs.emplace_back(SYNCLINE_BUILD_DIR "/tests/config/refused");
  const std::vector<Fault> faults = read_config(file.string(), o).faults.sorted();
  ASSERT_EQ(faults.size(), 1U);
  EXPECT_EQ(faults.front().code, "CFG031");
  EXPECT_THAT(faults.front().text, HasSubstr("ABI 0"));
}

/// Everything that is read, also of deep or broken input, ends in faults or a configuration.
TEST(BadFiles, GarbageEndsInAFault) {
  const Folder folder;
  for (const std::string& text :
       {std::string("\0\1\2\xff\xfe", 5), std::string(100'000, '['), "x = " + std::string(100'000, '['),
        std::string("a = \"\"\"\nno end"), std::string("\xef\xbb\xbf[store")}) {
    const fs::path file = folder.write("x.toml", text);
    EXPECT_FALSE(read_config(file.string(), options()).faults.empty());
    EXPECT_FALSE(read_config(file.string(), options()).faults.print().empty());
  }
}

class GoodFiles : public testing::Test {
 protected:
  LoadedConfig load(const std::string& name) {
    folder_.copy(corpus / "good");
    try {
      return load_config((folder_.path() / name).string(), options());
    } catch (const ConfigError& e) {
      throw std::runtime_error(e.faults().print());
    }
  }
  Folder folder_;
};

TEST_F(GoodFiles, AllPass) {
  folder_.copy(corpus / "good");
  for (const fs::path& file : files_in(folder_.path()))
    EXPECT_EQ(read_config(file.string(), options()).faults.print(), "") << file;
}

TEST_F(GoodFiles, MinimalHasEveryDefault) {
  const Config c = load("minimal.toml").config;
  EXPECT_FALSE(c.instance.empty());
  EXPECT_EQ(c.store.json, "{\"path\":\"" + (folder_.path() / "state.db").string() + "\"}");
  EXPECT_EQ(c.spool_path, (folder_.path() / "spool").string());
  EXPECT_EQ(c.spool_limit, std::int64_t{2} << 30);
  EXPECT_EQ(c.lease_ttl_ms, 120'000);
  EXPECT_EQ(c.history_keep_ms, 90LL * 86'400'000);
  EXPECT_EQ(c.tombstone_keep_days, 180);
  EXPECT_EQ(c.gate.max_delete.count, 20);
  EXPECT_EQ(c.gate.max_delete.percent, 10);
  EXPECT_EQ(c.takeover, Takeover::ask);
  EXPECT_FALSE(c.first_run_goes);
  EXPECT_EQ(c.log.level, "info");
  EXPECT_TRUE(c.pairs.empty());
}

TEST_F(GoodFiles, WholeModel) {
  const LoadedConfig loaded = load("whole.toml");
  const Config& c = loaded.config;
  EXPECT_EQ(c.instance, "test-one");
  EXPECT_EQ(c.lease_ttl_ms, 90'000);
  EXPECT_EQ(c.spool_limit, 33'554'432);
  EXPECT_EQ(c.gate.max_create.count, 7);
  EXPECT_EQ(c.gate.max_create.percent, 20);
  EXPECT_TRUE(c.first_run_goes);
  const json::object mail = json::parse(c.connection("mail")->json).as_object();
  EXPECT_EQ(mail.at("port").as_int64(), 995);
  EXPECT_EQ(mail.at("interval").as_int64(), 90'000);
  EXPECT_EQ(mail.at("batch").as_int64(), 64 << 20);
  EXPECT_EQ(mail.at("since").as_int64(), 1'767'225'600'000);
  EXPECT_EQ(mail.at("tls").as_string(), "implicit");
  EXPECT_FALSE(mail.contains("master_password"));
  EXPECT_FALSE(mail.contains("plugin"));
  EXPECT_EQ(c.connection("mail")->secrets.at("master_password").text.reveal(), canary);
  const ConnectionConfig& crm = *c.connection("crm");
  EXPECT_EQ(json::parse(crm.json).at("auth").at("client_id").as_string(), "money$");
  EXPECT_EQ(crm.secrets.at("auth.secret").from, SecretRef::From::command);
  EXPECT_EQ(c.connection("twin")->class_name, "right");
  ASSERT_EQ(c.pairs.size(), 3U);

  const PairConfig& alice = c.pair("Alice@Example.org");
  EXPECT_EQ(alice.organization, "crm");
  EXPECT_THAT(alice.lookup, ElementsAre("partner"));
  EXPECT_THAT(alice.entities, ElementsAre("contact", "email"));
  EXPECT_EQ(number(alice.rules, "email.method"), 2);
  EXPECT_EQ(number(alice.rules, "email.max_size"), 5 << 20);
  EXPECT_EQ(alice.received_after_ms, 1'767'225'600'000);
  EXPECT_EQ(alice.conflict, Conflict::crm_wins);
  EXPECT_EQ(alice.left_filter, LeftFilter::unlink);
  EXPECT_EQ(alice.mailbox_json, "{\"username\":\"alice\"}");
  EXPECT_EQ(alice.mailbox_secrets.at("password").name, (folder_.path() / "alice.pw").string());
  EXPECT_EQ(mailbox_settings(alice),
            "{\"principal\":{\"address\":\"alice@example.org\",\"kind\":\"user\"},\"username\":\"alice\"}");

  const PairConfig& support = c.pair("support@example.org");
  EXPECT_EQ(support.kind, PairConfig::Kind::queue);
  EXPECT_THAT(support.entities, ElementsAre("email"));
  EXPECT_EQ(number(support.rules, "email.method"), 0);
  EXPECT_THROW(static_cast<void>(c.pair("suport@example.org")), Error);
}

std::vector<std::string> stage_names(const PairConfig& p) {
  std::vector<std::string> out;
  for (const auto& s : p.stages) out.push_back(s->name);
  return out;
}

TEST_F(GoodFiles, WhatHasNoEffectIsSaid) {
  EXPECT_THAT(load("whole.toml").notes, ElementsAre(HasSubstr("whole.toml:54:10: `lookup` has no effect")));
  EXPECT_TRUE(load("no_rules.toml").notes.empty());
}

TEST_F(GoodFiles, StagesAreConfiguredPlacedAndScoped) {
  const LoadedConfig loaded = load("whole.toml");
  EXPECT_THAT(stage_names(loaded.config.pair("alice@example.org")),
              ElementsAre("user-filters", "private-items", "returning", "tracking", "deletion", "received-after",
                          "size-limit", "protected", "duplicate", "internal", "sender", "recipients", "correlation",
                          "no-newsletters", "acceptance", "parties", "attachments", "mine"));
  EXPECT_THAT(stage_names(loaded.config.pair("support@example.org")),
              ElementsAre("user-filters", "private-items", "returning", "tracking", "deletion", "received-after",
                          "size-limit", "protected", "internal", "sender", "recipients", "correlation", "acceptance",
                          "parties", "attachments", "mine"));
  const auto& stages = loaded.config.pair("alice@example.org").stages;
  EXPECT_EQ(stages[6]->json, "{\"limit\":1048576}");
  EXPECT_THAT(stages[6]->entities, ElementsAre("email"));
  EXPECT_EQ(stages[0]->kind, StageConfig::Kind::filter);
  EXPECT_EQ(stages[6], loaded.config.pair("support@example.org").stages[6]) << "the same stage is shared";
  EXPECT_TRUE(load("no_rules.toml").config.pairs.front().stages.empty());
}

// --- fingerprint ---

class FingerprintTest : public GoodFiles {
 protected:
  std::string of(const std::vector<std::pair<std::string, std::string>>& changes,
                 const std::string& pair = "alice@example.org") {
    folder_.copy(corpus / "good");
    std::string text = slurp(folder_.path() / "whole.toml");
    for (const auto& [replace, with] : changes) {
      EXPECT_THAT(text, HasSubstr(replace));
      for (std::size_t i = text.find(replace); i != std::string::npos; i = text.find(replace, i + with.size()))
        text.replace(i, replace.size(), with);
    }
    const fs::path file = folder_.write("changed.toml", text);
    const LoadedConfig loaded = read_config(file.string(), options());
    EXPECT_EQ(loaded.faults.print(), "");
    return fingerprint(loaded.config.pair(pair));
  }
};

TEST_F(FingerprintTest, StandsStillWhenNothingChangesThatDecides) {
  const std::string before = of({});
  EXPECT_EQ(of({{"alice@example.org", "alicia@example.org"}, {"ALICE@example.org", "ALICIA@example.org"}},
               "alicia@example.org"),
            before);
  EXPECT_EQ(of({{"\"partner\"", "\"renamed\""}, {"[connection.partner]", "[connection.renamed]"}}), before);
  EXPECT_EQ(of({{"entities = [\"contact\", \"email\"]", "entities = [\"email\", \"contact\"]"}}), before);
  EXPECT_EQ(of({{"method = 2, max_size = \"5MiB\"", "max_size = \"5120KiB\", method = 2"}}), before);
  EXPECT_EQ(of({{"interval = \"90s\"", "interval = \"2m\""}}), before);
}

TEST_F(FingerprintTest, ChangesWithWhatDecides) {
  const std::string before = of({});
  EXPECT_NE(of({{"method = 2", "method = 3"}}), before);
  EXPECT_NE(of({{"limit = \"1MiB\"", "limit = \"2MiB\""}}), before);
  EXPECT_NE(of({{"2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"}}), before);
  EXPECT_NE(of({{"words = [\"offer\"]", "words = [\"bargain\"]"}}), before);
  EXPECT_NE(of({{"before = \"acceptance\"", "before = \"sender\""}}), before);
  EXPECT_NE(of({{"users = [\"support@example.org\"]", "users = [\"ALICE@example.org\"]"}}), before);
  EXPECT_NE(of({{"entities = [\"contact\", \"email\"]", "entities = [\"email\"]"}}), before);
}

// --- what is made of the tables ---

TEST_F(GoodFiles, NothingThatIsShownHoldsASecret) {
  const LoadedConfig loaded = load("whole.toml");
  const std::string toml = show_toml(loaded.effective);
  const std::string as_json = json::serialize(show_json(loaded.effective));
  for (const std::string& text : {toml, as_json}) {
    EXPECT_THAT(text, Not(HasSubstr(canary)));
    EXPECT_THAT(text, HasSubstr("***"));
    EXPECT_THAT(text, HasSubstr("alice.pw"));
  }
  for (const ConnectionConfig& c : loaded.config.connections) EXPECT_THAT(c.json, Not(HasSubstr(canary)));
  for (const PairConfig& p : loaded.config.pairs) EXPECT_THAT(mailbox_settings(p), Not(HasSubstr(canary)));
}

TEST_F(GoodFiles, WhatIsShownIsAConfigurationOfTheSameMeaning) {
  const LoadedConfig first = load("whole.toml");
  std::string shown = show_toml(first.effective);
  shown.erase(0, shown.find('\n') + 1);  // include: everything is in one file now
  const fs::path file = folder_.write("shown/again.toml", shown);
  const LoadedConfig second = read_config(file.string(), options());
  EXPECT_EQ(second.faults.print(), "") << shown;
  for (const PairConfig& p : first.config.pairs) EXPECT_EQ(fingerprint(p), fingerprint(second.config.pair(p.address)));
}

TEST(Reference, TheExampleIsAValidConfiguration) {
  PluginRegistry plugins({plugin_dir});
  const std::string example = example_config(known_classes(plugins));
  const Folder folder;
  const LoadedConfig loaded = read_config(folder.write("example.toml", example).string(), options());
  EXPECT_EQ(loaded.faults.print(), "") << example;
  EXPECT_EQ(loaded.config.pairs.size(), 1U);
  // What stands there as a comment may be taken in as well.
  std::string active;
  std::istringstream in(example);
  for (std::string line; std::getline(in, line);)
    if (line.starts_with("#") && !line.starts_with("# ") && line.find("include") == std::string::npos &&
        line.find("lookup") == std::string::npos && line.find("class = ") == std::string::npos &&
        line.find("plugin_dirs") == std::string::npos && line.find("[[") == std::string::npos &&
        line != "#name = \"size-limit\"" && line != "#enabled = false")
      active += line.substr(1) + "\n";
    else
      active += line + "\n";
  EXPECT_EQ(read_config(folder.write("active.toml", active).string(), options()).faults.print(), "") << active;
}

TEST(Reference, ThePageNamesEveryOption) {
  PluginRegistry plugins({plugin_dir});
  const std::string page = reference_page(known_classes(plugins));
  for (const Section& s : sections())
    for (const sy_option* o : s.options) EXPECT_THAT(page, HasSubstr("`" + std::string(o->name) + "`"));
  for (const FaultCode& f : fault_codes()) EXPECT_THAT(page, HasSubstr(f.code));
}

TEST(Settings, TheKernelsOwnTablesAreFit) {
  for (const Section& s : sections())
    for (const sy_option* o : s.options) EXPECT_EQ(judge_option(*o), "") << s.name;
}

}  // namespace
}  // namespace syncline
